"""What goes wrong on a ward, and what the app makes of it."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import journey
import pytest
from journey import enrol, infuse, iso, make_lot, order, release, scans, specify, to_bedside, to_issue
from ward import sqlite_ward

from onearm.bedside.labels.symbol import data_matrix_picture
from onearm.product.container_state import state_of


@pytest.fixture
def ward(tmp_path):
    """On SQLite: these are rules, not databases."""
    one, _ = sqlite_ward(tmp_path)
    yield one
    one.ledger.close()


def stock(ward, bags=3):
    """A released lot; gives its bags."""
    specify(ward)
    found = make_lot(ward, bags=bags)
    journey.test_lot(ward)
    release(ward)
    return found


def state(ward, bag):
    with ward.ledger.reading() as view:
        return state_of(view.near(containers=[bag]), bag).state


def rows(ward, table, **equal):
    with ward.ledger.reading() as view:
        return view.rows(table, **equal)


def test_a_bag_for_another_patient_is_held_and_the_pharmacy_sees_it(ward):
    bag = stock(ward)[0]
    mine, other = enrol(ward), enrol(ward)
    to_issue(ward, order(ward, mine), bag)
    token = ward.csrf("IN1")
    client, form = ward.client("IN1"), {"csrf": token, "witness_id": "NU1", **scans(other, bag)}
    answer = client.post(f"/do/match-bag/{bag}", data=form)
    assert answer.status_code == 409 and "STOP" in answer.text and mine in answer.text and other in answer.text
    assert "<form" not in answer.text.split("<main")[1]  # no way to go on
    assert state(ward, bag) == "held"
    ward.csrf("PH1")
    assert bag in ward.client("PH1").get("/").text
    (event,) = rows(ward, "custody", container_id=bag, event="bedside_mismatched")
    assert other in event["remark"] and "OA1/" in event["scanned"]


def test_a_mismatch_of_a_bag_that_is_used_already_stops_as_red_and_writes_nothing(ward):
    bag = stock(ward)[0]
    mine, other = enrol(ward), enrol(ward)
    to_bedside(ward, order(ward, mine), bag, mine)
    infuse(ward, bag)
    before = len(rows(ward, "custody"))
    form = {"csrf": ward.csrf("IN1"), "witness_id": "NU1", **scans(other, bag)}
    answer = ward.client("IN1").post(f"/do/match-bag/{bag}", data=form)
    assert answer.status_code == 409 and "STOP" in answer.text and "nothing more was recorded" in answer.text
    twin = ward.do("IN1", "match-bag", bag, second="NU1", witness_id="NU1", **scans(other, bag))
    assert twin.status_code == 409 and state(ward, bag) == "infused" and len(rows(ward, "custody")) == before


def test_a_label_that_cannot_be_read_is_scanned_again_and_holds_nothing(ward):
    bag = stock(ward)[0]
    subject = enrol(ward)
    to_issue(ward, order(ward, subject), bag)
    codes = scans(subject, bag)
    wrong = {**codes, "bag": codes["bag"][:-1] + ("A" if codes["bag"][-1] != "A" else "B")}
    answer = ward.do("IN1", "match-bag", bag, second="NU1", witness_id="NU1", **wrong)
    assert answer.status_code == 409 and answer.json()["error"] == "refused"
    assert state(ward, bag) == "issued"
    ward.done("IN1", "match-bag", bag, second="NU1", witness_id="NU1", **codes)


def test_nobody_is_both_persons_at_the_bed_not_even_with_two_accounts(ward):
    bag = stock(ward)[0]
    subject = enrol(ward)
    to_issue(ward, order(ward, subject), bag)
    same = ward.do("NU1", "match-bag", bag, second="NU1", witness_id="NU1", **scans(subject, bag))
    assert same.status_code in (403, 409, 422) and state(ward, bag) == "issued"
    far = ward.do("IN1", "match-bag", bag, second="NU2", witness_id="NU2", **scans(subject, bag))
    assert far.status_code == 403 and state(ward, bag) == "issued"


def test_a_late_failure_recalls_the_lot_in_the_same_transaction(ward):
    bag, second, _ = stock(ward)
    subject = enrol(ward)
    to_bedside(ward, order(ward, subject), bag, subject)
    infuse(ward, bag)
    entered = ward.done(
        "QC1", "enter-test", "LOT-1", confirm=True, test="sterility", stage="final", method="validated", raw_unit="1",
        result_text="positive", sampled_at=iso(ward.clock.now - timedelta(days=1)), reported_at=iso(ward.clock.now),
    )  # fmt: skip
    written = ward.done("QC2", "verify-test", entered["entries"][0]["key"], sign=True, confirm=True)
    assert state(ward, second) == "recalled" and state(ward, bag) == "infused"
    assert {e["table"] for e in written["entries"]} == {"lot_tests", "release_decisions", "custody", "signatures"}
    assert rows(ward, "release_decisions", decision="recall")
    again = ward.do("PH1", "allocate-bag", "S01-001-O1", sign=True, container_id=second)
    assert again.status_code in (409, 422)


def test_a_lot_out_of_specification_waits_for_three_signatures(ward):
    specify(ward)
    bags = make_lot(ward)
    journey.test_lot(ward, instead={"viability": {"value": "61"}})
    refused = ward.do("QP1", "decide-lot", "LOT-1", sign=True, decision="release", reason="please")
    assert refused.status_code == 409 and "viability" in refused.text
    written = ward.done(
        "QP1", "decide-lot", "LOT-1", sign=True, confirm=True, decision="release_out_of_spec", reason="no other lot",
        risk_assessment="viability 61 %, dose rises",
    )  # fmt: skip
    decision = written["entries"][0]["key"]
    subject = enrol(ward)
    name = order(ward, subject)
    early = ward.do("PH1", "allocate-bag", name, sign=True, container_id=bags[0])
    assert early.status_code in (409, 422)
    ward.done("IN1", "consent-out-of-spec", decision, sign=True)
    assert ward.do("PH1", "allocate-bag", name, sign=True, container_id=bags[0]).status_code in (409, 422)
    ward.done("SP1", "consent-out-of-spec", decision, sign=True)
    ward.done("PH1", "allocate-bag", name, sign=True, confirm=True, container_id=bags[0])


def test_a_warm_bag_is_held_at_receipt_until_the_qualified_person_looked(ward):
    bag = stock(ward)[0]
    subject = enrol(ward)
    name = order(ward, subject)
    ward.done("PH1", "allocate-bag", name, sign=True, container_id=bag)
    ward.done("PT1", "pack-bag", bag, occurred_at=iso(ward.clock.now))
    ward.done("PT1", "ship-bag", bag, occurred_at=iso(ward.clock.now), to_place="S01")
    ward.done(
        "PH1",
        "receive-bag",
        bag,
        occurred_at=iso(ward.clock.now),
        min_c="-160",
        max_c="-110",
        seal="intact",
        look="good",
    )
    assert state(ward, bag) == "held"
    thaw = ward.do("PH1", "start-thaw", bag, second="PH1B", occurred_at=iso(ward.clock.now), witness_id="PH1B")
    assert thaw.status_code == 409
    ward.done("QP1", "clear-excursion", bag, sign=True, remark="two minutes, core stayed cold")
    assert state(ward, bag) == "received"


def test_own_results_and_own_orders_are_checked_by_others(ward):
    specify(ward)
    make_lot(ward)
    entered = ward.done(
        "QC1", "enter-test", "LOT-1", test="viability", stage="final", method="validated", raw_unit="%", value="93",
        sampled_at=iso(ward.clock.now - timedelta(days=1)), reported_at=iso(ward.clock.now),
    )  # fmt: skip
    own = ward.do("QC1", "verify-test", entered["entries"][0]["key"], sign=True)
    assert own.status_code in (409, 422)


def test_who_saves_a_form_read_before_a_change_is_shown_both_values(ward):
    subject = enrol(ward)
    written = ward.done("NU1", "weigh", subject, measured_at=iso(ward.clock.now), weight_kg="80", method="bed")
    key = written["entries"][0]["key"]
    told = {"measured_at": iso(ward.clock.now), "method": "bed", "reason": "misread", "read_version": "1"}
    first, second = ward.client("NU1"), ward.client("IN1")
    one = first.post(f"/do/correct-weights/{key}", data={**told, "csrf": ward.csrf("NU1"), "weight_kg": "81"})
    assert one.status_code == 303, one.text
    two = second.post(f"/do/correct-weights/{key}", data={**told, "csrf": ward.csrf("IN1"), "weight_kg": "79"})
    assert two.status_code == 409 and "81" in two.text and "79" in two.text
    assert rows(ward, "weights")[0]["weight_kg"] == 81


def test_eight_pharmacists_and_one_last_bag(ward):
    (bag,) = stock(ward, bags=1)
    names = []
    for _ in range(4):
        names.append(order(ward, enrol(ward)))
    ward.csrf("PH1"), ward.csrf("PH1B")
    jobs = [(("PH1", "PH1B")[i % 2], name, ward.code(("PH1", "PH1B")[i % 2])) for i, name in enumerate(names)]
    tokens = {a: ward.csrf(a) for a in ("PH1", "PH1B")}

    def take(job):
        account, name, code = job
        body = {"container_id": bag, "password": "a lung is no pump at all", "code": code}
        path = f"/api/do/allocate-bag/{name}"
        return ward.client(account).post(path, json=body, headers={"x-csrf-token": tokens[account]}).status_code

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(take, jobs))
    assert answers.count(201) <= 1
    assert len(rows(ward, "custody", container_id=bag, event="allocated")) == answers.count(201)


def test_while_a_data_lock_restricts_editing_sites_write_nothing(ward):
    subject = enrol(ward)
    ward.done("CO1", "propose-lock", sign=True, purpose="interim", restricts_editing=True)
    ward.done("NU1", "weigh", subject, measured_at=iso(ward.clock.now), weight_kg="80", method="bed")
    moved = ward.do("ST1", "sign-lock", "L1", sign=True)
    assert moved.status_code == 409  # somebody wrote meanwhile: propose anew
    ward.done("CO1", "propose-lock", sign=True, purpose="interim", restricts_editing=True)
    ward.done("ST1", "sign-lock", "L2", sign=True)
    refused = ward.do("NU1", "weigh", subject, measured_at=iso(ward.clock.now), weight_kg="81", method="bed")
    assert refused.status_code == 409 and "L2" in refused.text
    ward.done("CO1", "unlock", "L2", sign=True, reason="weight missing")
    ward.done("ST1", "unlock", "L2", sign=True, reason="agreed")
    ward.done("NU1", "weigh", subject, measured_at=iso(ward.clock.now), weight_kg="81", method="bed")


def test_a_dose_of_two_bags_is_one_infusion(ward):
    one, two, _ = stock(ward)
    subject = enrol(ward)
    name = order(ward, subject, planned="2")
    to_issue(ward, name, one, two)
    for bag in (one, two):
        ward.done("IN1", "match-bag", bag, second="NU1", witness_id="NU1", **scans(subject, bag))
    now = iso(ward.clock.now)
    written = ward.done("NU1", "start-infusion", one, started_at=now, route="central_venous", premedication="none")
    infusion = next(e["key"] for e in written["entries"] if e["table"] == "infusions")
    ward.done("NU1", "start-infusion", two, started_at=now, route="central_venous", premedication="none")
    ward.clock.now += timedelta(minutes=20)
    early = ward.do(
        "NU1", "stop-infusion", infusion, stopped_at=iso(ward.clock.now), status="completed", given_volume_ml="48",
        remainder="none",
    )  # fmt: skip
    assert early.status_code == 409
    ward.done("NU1", "stop-bag", one, last_drop_at=iso(ward.clock.now), given_volume_ml="48", remainder="destroyed")
    ward.done(
        "NU1", "stop-infusion", infusion, stopped_at=iso(ward.clock.now), status="completed", given_volume_ml="48",
        remainder="destroyed",
    )  # fmt: skip
    assert [b["container_id"] for b in rows(ward, "infusion_containers", infusion_id=infusion)] == sorted([one, two])


def photo(text):
    """A picture of a label, as a telephone takes it."""
    out = io.BytesIO()
    data_matrix_picture(text).convert("L").rotate(7, expand=True, fillcolor=255).save(out, "PNG")
    return out.getvalue()


def test_a_photo_of_wristband_and_bag_does_when_there_is_no_scanner(ward):
    bag = stock(ward)[0]
    subject = enrol(ward)
    to_issue(ward, order(ward, subject), bag)
    token, codes = ward.csrf("IN1"), scans(subject, bag)
    files = {f"{name}_photo": ("label.png", photo(text), "image/png") for name, text in codes.items()}
    form = {"csrf": token, "witness_id": "NU1", "wristband": "", "bag": ""}
    client = ward.client("IN1")
    review = client.post(f"/do/match-bag/{bag}", data=form, files=files)
    assert review.status_code == 200 and codes["bag"] in review.text and subject in review.text
    empty = client.post(f"/do/match-bag/{bag}", data=form, files={"bag_photo": ("x.png", b"no picture", "image/png")})
    assert empty.status_code == 422 and "photo" in empty.text and state(ward, bag) == "issued"


def test_a_form_sent_after_the_session_ended_is_kept_and_shown_again(ward):
    subject = enrol(ward)
    old = ward.csrf("NU1")
    client = ward.client("NU1")
    ward.clock.now += timedelta(minutes=20)
    told = {"csrf": old, "measured_at": "2020-04-01T10:20", "weight_kg": "81.5", "method": "bed"}
    kept = client.post(f"/do/weigh/{subject}", data=told)
    assert kept.status_code == 401 and 'value="81.5"' in kept.text and old not in kept.text
    ward.csrf("NU1")  # signs in anew
    again = ward.client("NU1").post(f"/do/weigh/{subject}", data={k: v for k, v in told.items() if k != "csrf"})
    assert again.status_code == 409 and 'value="81.5"' in again.text and rows(ward, "weights") == []
    foreign = ward.client("NU1").post(f"/do/weigh/{subject}", data=told, headers={"origin": "https://evil.example"})
    assert foreign.status_code == 403


def test_a_sample_that_somebody_else_recorded_is_named_with_its_value(ward):
    subject = enrol(ward)
    sample = {"marker": "crp", "collected_at": iso(ward.clock.now), "raw_unit": "mg/L", "specimen": "serum"}
    key = ward.done("NU1", "measure", subject, value="98", quality="ok", **sample)["entries"][0]["key"]
    again = ward.do("IN1", "measure", subject, value="89", quality="ok", **sample)
    assert again.status_code == 409 and f"{key}, 98 mg/L" in again.json()["sentence"]
    assert len(rows(ward, "measurements", subject_id=subject)) == 1
