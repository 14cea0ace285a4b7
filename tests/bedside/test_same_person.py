"""Who signs is trained and delegated on the day it happened, and nobody is both persons: not with two accounts."""

from datetime import timedelta

import journey
import pytest
from every_act import EVENT, an_image, correct, key_of
from journey import enrol, iso, make_lot, order, release, scans, specify, to_issue
from two_wards import TwoWards


class Staff(TwoWards):
    """The people of one ward, more of them as a test needs."""

    def __init__(self, folder):
        from ward import sqlite_ward

        self.ward, self.folder = sqlite_ward(folder)


@pytest.fixture(scope="module")
def staff(tmp_path_factory):
    one = Staff(tmp_path_factory.mktemp("people"))
    specify(one.ward)
    one.bags = iter(make_lot(one.ward, bags=6))
    journey.test_lot(one.ward)
    release(one.ward)
    yield one
    one.close()


def twin(staff, account, role, site, of):
    """Another account of the person behind `of`, in another role."""
    staff.person(account, role, site, person=of)
    return account


def refused(answer, status=(403, 409, 422)):
    return answer.status_code in status


DECIDES = {"sign": True, "decision": "treat", "product_available": True}


def decide(staff, account, subject, at):
    return staff.ward.do(account, "decide-treatment", subject, decided_at=iso(at), **DECIDES)


def days(staff, count):
    return (staff.ward.clock.now + timedelta(days=count)).date()


@pytest.mark.parametrize(
    "told",
    [
        {"training": False},
        {"product": "OTHER"},
        {"protocol": "1"},
        {"trained_on": +1},
        {"since": 0, "at": -1},
        {"until": -1, "at": -2, "signs_in": False},
    ],
    ids=["untrained", "trained for another product", "trained for another protocol", "trained tomorrow",
         "delegated today, acted yesterday", "delegation ended yesterday"],
)  # fmt: skip
def test_no_signature_without_training_and_delegation_on_the_day_it_happened(staff, told, request):
    ward, name = staff.ward, f"IN-{request.node.callspec.id.upper().replace(' ', '-').replace(',', '')}"
    subject, now = enrol(ward), ward.clock.now
    trained = days(staff, told.get("trained_on", -30))
    kept = [(told.get("product", "AT-MSC"), told.get("protocol", "2"), trained)]
    kept = [] if told.get("training") is False else kept
    since, until = days(staff, told.get("since", -60)), None if "until" not in told else days(staff, told["until"])
    staff.person(name, "IN", "S01", since=since.isoformat(), until=until, trainings=kept)
    at = now + timedelta(days=told.get("at", 0))
    if told.get("signs_in") is False:
        answer = ward.sign_in(name)
        assert answer.status_code == 403
    else:
        answer = decide(staff, name, subject, at)
        assert answer.status_code == 403 and answer.json()["error"].startswith("denied."), answer.text
    with ward.ledger.reading() as view:
        assert view.rows("treatment_decisions", subject_id=subject) == []
    assert decide(staff, "IN1", subject, now).status_code == 201


def test_a_second_person_at_the_bed_is_trained_as_well(staff):
    ward, bag = staff.ward, next(staff.bags)
    subject = enrol(ward)
    to_issue(ward, order(ward, subject), bag)
    staff.person("NU-NEW", "NU", "S01", training=False)
    two = {"second": "NU-NEW", "witness_id": "NU-NEW"}
    answer = ward.do("IN1", "match-bag", bag, **two, **scans(subject, bag))
    assert answer.status_code == 403 and answer.json()["error"] == "denied.training"
    twin(staff, "NU-IN1", "NU", "S01", "IN1")
    same = ward.do("IN1", "match-bag", bag, second="NU-IN1", witness_id="NU-IN1", **scans(subject, bag))
    assert same.status_code in (403, 422)
    ward.done("IN1", "match-bag", bag, second="NU1", witness_id="NU1", **scans(subject, bag))


def test_nobody_is_delegated_without_a_qualification(staff):
    today = staff.ward.clock.now.date().isoformat()
    told = {"role": "NU", "at_site": "S01", "valid_from": today, "trained_on": today}
    assert staff.ward.do("CO1", "delegate", "NU1", sign=True, **told).status_code == 422
    assert staff.ward.do("CO1", "delegate", "NU1", sign=True, qualification=" ", **told).status_code == 422


def test_who_is_named_as_the_doer_held_the_role_on_that_day(staff):
    ward = staff.ward
    subject, today = enrol(ward), days(staff, 0)
    staff.person("NU-TODAY", "NU", "S01", since=today.isoformat())
    told = {"kind": "proxy", "document_version": "1", "scope": ["data"]}
    yesterday = iso(ward.clock.now - timedelta(days=1))
    answer = ward.do("NU-TODAY", "record-consent", subject, given_at=yesterday, **told)
    assert answer.status_code == 403 and answer.json()["error"] == "denied.delegation"
    ward.done("NU-TODAY", "record-consent", subject, given_at=iso(ward.clock.now), **told)


def test_nobody_delegates_prolongs_or_trains_oneself(staff):
    ward, today = staff.ward, days(staff, 0).isoformat()
    twin(staff, "IN-CO1", "IN", "S01", "CO1")
    told = {"role": "IN", "at_site": "S01", "valid_from": today, "qualification": "x", "trained_on": today}
    assert refused(ward.do("CO1", "delegate", "IN-CO1", sign=True, **told), (409,))
    for account, held in (("CO1", "CO1-G1"), ("CO1", "IN-CO1-G1"), ("IN1", "IN1-G1")):
        training = {"product_code": "AT-MSC", "trained_on": today}
        assert refused(ward.do(account, "add-training", held, sign=True, **training), (409,)), held
        assert refused(ward.do(account, "end-delegation", held, sign=True, valid_to="2030-01-01"), (409,)), held
    twin(staff, "AD-CO1", "AD", "CENTRE", "CO1")
    assert refused(ward.do("AD-CO1", "close-account", "CO1", reason="x"), (409,))


def test_whoever_tested_or_corrected_a_result_does_not_verify_it(staff):
    ward = staff.ward
    make_lot(ward, "LOT-3", bags=1)
    sampled = iso(ward.clock.now - timedelta(days=1))
    entered = ward.done(
        "QC1", "enter-test", "LOT-3", test="viability", stage="final", method="validated", raw_unit="%", value="93",
        sampled_at=sampled, reported_at=sampled,
    )  # fmt: skip
    test = key_of(entered, "lot_tests")
    assert refused(ward.do("QC1", "verify-test", test, sign=True))
    assert refused(ward.do(twin(staff, "QC1B", "QC", "UNIT", "QC1"), "verify-test", test, sign=True))
    correct(ward, "QC2", "lot_tests", test, value="94", raw_value="94")
    assert refused(ward.do("QC2", "verify-test", test, sign=True))
    ward.done("QC1", "verify-test", test, sign=True)


def test_whoever_made_or_tested_a_lot_does_not_release_it(staff):
    ward = staff.ward
    make_lot(ward, "LOT-4", bags=1)
    journey.test_lot(ward, "LOT-4")
    for account, of in (("QP-PT1", "PT1"), ("QP-QC1", "QC1")):
        twin(staff, account, "QP", "UNIT", of)
        told = {"decision": "release", "reason": "all tests pass"}
        answer = ward.do(account, "decide-lot", "LOT-4", sign=True, confirm=True, **told)
        assert answer.status_code == 409 and "P4" in answer.text, answer.text
    release(ward, "LOT-4")


def test_whoever_ordered_a_dose_does_not_verify_it(staff):
    ward = staff.ward
    subject, now = enrol(ward), ward.clock.now
    decide(staff, "IN1", subject, now)
    weight = ward.done("NU1", "weigh", subject, measured_at=iso(now), weight_kg="80", method="bed")
    ordered = ward.done(
        "IN1", "order-dose", subject, sign=True, planned_m_per_kg="1", weight_basis="actual",
        weight_id=key_of(weight, "weights"), requested_for=iso(now + timedelta(hours=4)),
    )  # fmt: skip
    name = key_of(ordered, "dose_orders")
    assert refused(ward.do(twin(staff, "PH-IN1", "PH", "S01", "IN1"), "verify-order", name, sign=True))
    ward.done("PH1", "verify-order", name, sign=True)


def test_the_witness_of_a_thaw_is_another_person(staff):
    ward, bag = staff.ward, next(staff.bags)
    subject = enrol(ward)
    ward.done("PH1", "allocate-bag", order(ward, subject), sign=True, container_id=bag)
    for act, told in (("pack-bag", {}), ("ship-bag", {"to_place": "S01"})):
        ward.done("PT1", act, bag, occurred_at=iso(ward.clock.now), **told)
    logger = {"min_c": "-170", "max_c": "-150", "seal": "intact", "look": "good", "to_place": "pharmacy"}
    ward.done("PH1", "receive-bag", bag, occurred_at=iso(ward.clock.now), **logger)
    twin(staff, "PH1C", "PH", "S01", "PH1")
    for witness in ("PH1", "PH1C"):
        two = {"second": witness, "witness_id": witness}
        assert refused(ward.do("PH1", "start-thaw", bag, occurred_at=iso(ward.clock.now), **two), (403, 422)), witness


def test_whoever_reported_an_event_does_not_review_it(staff):
    ward = staff.ward
    subject = enrol(ward)
    event = key_of(ward.done("NU1", "report-event", subject, started_at=iso(ward.clock.now), **EVENT), "adverse_events")
    told = {"relation": "unlikely", "expected": True}
    twin(staff, "SP-NU1", "SP", "CENTRE", "NU1")
    assert refused(ward.do("SP-NU1", "review-event", event, sign=True, **told), (409,))
    ward.done("SP1", "review-event", event, sign=True, **told)


def test_whoever_entered_a_value_does_not_close_the_query_about_it(staff):
    ward = staff.ward
    subject = enrol(ward)
    query = key_of(
        ward.done("MO1", "ask-query", table_name="subjects", record_key=subject, question="measured?"), "queries"
    )
    ward.done("IN1", "answer-query", query, answer="yes")
    assert refused(ward.do(twin(staff, "MO-NU1", "MO", "CENTRE", "NU1"), "close-query", query, reason="x"), (409,))
    ward.done("MO1", "close-query", query, reason="clear")


def test_nobody_reads_an_image_twice(staff):
    ward = staff.ward
    image = an_image(ward, enrol(ward), "XSAMEPERSN")
    ward.done("RR1", "read-image", image, system="rale", score=12, change="same")
    again = {"system": "rale", "score": 20, "change": "same"}
    assert refused(ward.do(twin(staff, "RR1B", "RR", "CENTRE", "RR1"), "read-image", image, **again), (409,))
    ward.done("RR2", "read-image", image, **again)
    assert refused(ward.do("RR1B", "read-image", image, **again), (409,))  # nor decides between the two


def test_two_persons_erase_and_two_persons_lock_and_unlock(staff):
    ward = staff.ward
    subject = enrol(ward)
    correct(ward, "NU1", "subjects", subject, height_cm="171")
    with ward.ledger.reading() as view:
        seq = view.history("subjects", subject)[0].seq
    redaction = key_of(ward.done("CO1", "ask-redaction", sign=True, entry_seq=seq, why="a name"), "redactions")
    twin(staff, "IP-CO1", "IP", "CENTRE", "CO1")
    assert refused(ward.do("IP-CO1", "erase-entry", redaction, sign=True), (409,))
    ward.done("IP1", "erase-entry", redaction, sign=True)
    twin(staff, "ST-CO1", "ST", "CENTRE", "CO1")
    lock = key_of(ward.done("CO1", "propose-lock", sign=True, purpose="x", restricts_editing=False), "freezes")
    assert refused(ward.do("ST-CO1", "sign-lock", lock, sign=True), (409,))
    ward.done("ST1", "sign-lock", lock, sign=True)
    ward.done("CO1", "unlock", lock, sign=True, reason="a weight is missing")
    assert refused(ward.do("ST-CO1", "unlock", lock, sign=True, reason="x"), (409,))
    ward.done("ST1", "unlock", lock, sign=True, reason="agreed")
