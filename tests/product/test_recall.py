"""P5: a failed test on a released lot, and what a recall reaches and writes."""

import pytest
from product_world import BOOK, DAY, HOUR, MINUTE, NOW, World, bag_id, before_the_dose, frame, small_world

from onearm.product.recall import recall_of, recall_rows
from onearm.records import TABLES

WHO = {"now": NOW + DAY, "actor_id": "QP1", "site_id": "UNIT", "reason": "sterility positive"}


def with_failure(**test):
    told = {"result_text": "positive", "verdict": "fail", "reported_at": NOW + HOUR, **test}
    return small_world().test("L1", "sterility", 2, **told)


def test_a_verified_failure_on_a_released_lot_asks_for_its_recall():
    [finding] = with_failure().findings("P5")
    assert (finding.severity, finding.table, finding.key) == ("block", "lot_tests", "L1-STERILITY-2")
    [unverified] = with_failure(verifier_id=None).findings("P5")
    assert (unverified.severity, unverified.key) == ("confirm", "L1-STERILITY-2")
    assert unverified.sentence != finding.sentence  # so that a gate sees the second as new


@pytest.mark.parametrize("decision", ["reject", None])
def test_a_failure_of_a_lot_that_was_never_released_needs_no_recall(decision):
    world = World().lot()
    if decision:
        world.decide(decision=decision)
    world.test("L1", "sterility", 2, result_text="positive", verdict="fail", reported_at=NOW)
    assert world.told("P5") == []
    assert recall_rows(world.records(), "L1", **WHO) == ()


def test_a_failure_known_when_it_was_released_out_of_specification_needs_no_recall():
    world = before_the_dose().test("L1", "viability", verdict="fail", value=None, result_text="65")
    world.change("release_decisions", "L1-R1", decision="release_out_of_spec", risk_assessment="written")
    assert world.told("P5") == []
    world.test("L1", "sterility", 2, result_text="positive", verdict="fail", reported_at=NOW)
    assert world.told("P5") == [("block", "L1-STERILITY-2")]


def test_a_failure_for_information_needs_no_recall():
    world = small_world().specify("karyotype", unit="1", required_for="information")
    world.test("L1", "karyotype", result_text="odd", verdict="fail", reported_at=NOW + HOUR)
    assert world.told("P5") == []


def test_the_rows_of_a_recall_answer_the_finding_in_one_transaction():
    world = with_failure()
    rows = recall_rows(world.records(), "L1", **WHO)
    assert [t for t, _ in rows] == ["release_decisions", "custody"]  # one bag was infused, one is in stock
    for table, values in rows:
        assert set(values) <= set(TABLES[table].column_names()) - {"version", "entered_at"}
        world.lay(table, **values)
    assert (rows[0][1]["decision_id"], rows[1][1]["custody_id"]) == ("L1-R2", f"{bag_id(2)}-2")
    assert world.findings("P1", "P2", "P3", "P4", "P5") == []
    assert recall_rows(world.records(), "L1", **WHO) == ()


def test_a_recall_that_forgets_a_bag_is_found():
    world = small_world().decide(decision="recall", at=NOW + DAY)
    assert world.told("P5") == [("block", bag_id(2))]
    [decision, bag] = recall_rows(world.records(), "L1", **WHO)  # what was left is recalled too
    assert (decision[1]["decision_id"], bag[1]["container_id"]) == ("L1-R3", bag_id(2))


def test_returned_bags_are_recalled_and_lost_ones_cannot_be():
    world = World().lot(containers=3).decide().patient().order()
    world.event(bag_id(1), "returned", NOW)
    world.event(bag_id(2), "lost", NOW)
    rows = recall_rows(world.records(), "L1", **WHO)
    assert [values["container_id"] for _, values in rows[1:]] == [bag_id(1), bag_id(3)]


def test_a_bag_running_into_a_patient_is_named_and_stopped_at_the_bed():
    world = before_the_dose().take(bag_id(1), upto="started")
    told = {"status": "started", "stopped_at": None, "reaction_assessment": "not_assessed"}
    world.infuse(**told, assessed_until_at=None, assessed_by=None)
    found = recall_of(world.records(), "L1", BOOK)
    assert [b.container_id for b in found.running] == [bag_id(1)]
    assert [b.container_id for b in found.to_hold] == [bag_id(2)]
    assert [(p.recipient.subject_id, p.recipient.given_ml) for p in found.patients] == [("S01-001", None)]
    assert [v["container_id"] for _, v in recall_rows(world.records(), "L1", **WHO)[1:]] == [bag_id(2)]


def test_a_recall_names_recipients_doses_and_doctors():
    world = World().lot(containers=3).decide().patient().order().patient("S01-002").order("S01-002")
    world.infuse(bag_id(1)).infuse(bag_id(2), subject="S01-002", start=NOW + HOUR)
    world.change("dose_orders", "S01-002-O1", ordered_by="DOC2")
    found = recall_of(world.records(), "L1", BOOK)
    assert [p.recipient.subject_id for p in found.patients] == ["S01-001", "S01-002"]
    assert [p.doctors for p in found.patients] == [("DOC1",), ("DOC1", "DOC2")]
    assert found.doctors == ("DOC1", "DOC2")
    assert {p.dose.delivered_basis for p in found.patients} == {"bedside_count"}
    assert {p.recipient.day_28.en for p in found.patients} == {"unknown after day 0"}
    assert [b.place for b in found.to_hold] == ["tank 1"]
    with pytest.raises(KeyError):
        recall_of(world.records(), "L9", BOOK)


def test_custody_rows_of_a_recall_are_rows_of_their_table():
    rows = recall_rows(small_world().records(), "L1", **WHO)
    values = [{**v, "version": 1, "entered_at": NOW + DAY + MINUTE} for t, v in rows if t == "custody"]
    assert frame("custody", values).height == 1
