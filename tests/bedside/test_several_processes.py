"""Several processes of the app on one ledger, and lists that read less: both give what one process reads in full."""

from datetime import timedelta

import pytest
from journey import enrol as new_patient
from journey import infuse, iso, make_lot, order, release, specify, test_lot, to_bedside

from onearm.bedside import acting
from onearm.bedside.app import create_app
from onearm.bedside.identity.keys import StoredKeys
from onearm.bedside.identity.second_factor import open_key
from onearm.bedside.overview import overview
from onearm.bedside.since import concerns
from onearm.product.day_28 import fates
from onearm.product.suggested_reactions import MARKERS_READ, suggested_reactions


def test_a_form_of_one_process_is_taken_by_another_one(ward):
    first, second = create_app(ward.running), create_app(ward.running)
    assert first.state.form_secret == second.state.form_secret


def test_the_secret_of_forms_follows_from_the_key_and_is_not_the_key(tmp_path):
    (tmp_path / "other").mkdir()
    one, same, other = (open_key(tmp_path / name / "k") for name in (".", ".", "other"))
    assert one.derived("forms") == same.derived("forms") != other.derived("forms")
    assert one.derived("forms") != one.derived("else")
    assert one.derived("forms") not in (tmp_path / "k").read_text()


def treated(ward):
    """A patient after an infusion with values before, around and after it."""
    specify(ward)
    bag = make_lot(ward)[0]
    test_lot(ward)
    release(ward)
    subject = new_patient(ward)
    to_bedside(ward, order(ward, subject), bag, subject)
    start = ward.clock.now
    infuse(ward, bag)
    for hours, fio2, peep in ((-2, "0.4", "8"), (2, "0.9", "16"), (5, "0.5", "9")):
        when = iso(start + timedelta(hours=hours))
        for marker, value, unit in (("fio2", fio2, "fraction"), ("peep", peep, "cmH2O"), ("crp", "50", "mg/L")):
            typed = {"marker": marker, "collected_at": when, "value": value, "raw_unit": unit, "quality": "ok"}
            ward.done("NU1", "measure", subject, **typed, confirm=True)
    return subject


def test_a_list_that_reads_few_measurements_tells_the_same(ward):
    subject, untreated = treated(ward), new_patient(ward)
    told = {"marker": "crp", "collected_at": iso(ward.clock.now), "value": "5", "raw_unit": "mg/L", "quality": "ok"}
    ward.done("NU1", "measure", untreated, **told)
    with ward.ledger.reading() as view:
        whole, less = view.near(subjects=[subject, untreated]), overview(view, [subject, untreated], MARKERS_READ)
        last = overview(view, [subject, untreated])
    assert fates(whole, [subject]) == fates(less, [subject]) == fates(last, [subject])
    book = ward.running.promise.rulebook
    assert suggested_reactions(less, book) == suggested_reactions(whole, book) != ()
    assert last["measurements"].height == 3  # of one minute; none of the untreated
    assert {name: less[name].height for name in whole.tables if name != "measurements"} == {
        name: whole[name].height for name in whole.tables if name != "measurements"
    }


def test_the_first_screen_asks_the_doctor_to_judge_what_the_values_suggest(ward):
    subject = treated(ward)
    waiting = ward.client("IN1").get("/api").json()["waiting"]
    assert [w["path"] for w in waiting if w["kind"] == "judge"] == [f"/patients/{subject}"]


@pytest.mark.parametrize(("whose", "times"), [("another", 1), ("own", 2)])
def test_an_act_is_judged_again_only_for_what_its_case_sees(ward, monkeypatch, whose, times):
    subject, other = new_patient(ward), new_patient(ward)
    told = {"weight_kg": "70", "method": "bed", "measured_at": iso(ward.clock.now)}
    judged, check, considered = [], StoredKeys.check_password, acting.consider

    def consider(*words):
        judged.append(words)
        return considered(*words)

    def meanwhile(keys, connection, proof, now):
        before = len(judged)
        ward.done("NU1", "weigh", subject if whose == "own" else other, **told)
        del judged[before:]
        check(keys, connection, proof, now)

    ward.csrf("NU1"), ward.csrf("IN1")
    monkeypatch.setattr(StoredKeys, "check_password", meanwhile)
    monkeypatch.setattr(acting, "consider", consider)
    typed = {"decision": "treat", "decided_at": iso(ward.clock.now), "product_available": True}
    ward.done("IN1", "decide-treatment", subject, sign=True, **typed)
    assert len(judged) == times


def test_what_was_withdrawn_and_what_is_no_course_concern_everybody(ward):
    subject, other = new_patient(ward), new_patient(ward)
    weight = {"weight_kg": "70", "method": "bed", "measured_at": iso(ward.clock.now)}

    def head():
        with ward.ledger.reading() as view:
            return view.head()

    def concerned(since, *subjects):
        with ward.ledger.reading() as view:
            return concerns(view, since, [view.near(subjects=subjects), None])

    start = head()
    assert not concerned(start, subject) and not concerned(start)
    name = ward.done("NU1", "weigh", other, **weight)["entries"][0]["key"]
    assert not concerned(start, subject)
    assert concerned(start, other) and concerned(start, subject, other) and concerned(start)
    ward.done("NU1", "withdraw-weights", name, reason="entered twice")
    assert concerned(start, subject)
    start = head()
    specify(ward)
    assert concerned(start, subject)
