"""The list of all rules: a good world gives nothing, every finding speaks two languages, the shipped study is clean."""

import time
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from product_world import BOOK, DAY, HOUR, MINUTE, NOW, bag_id, small_world

from onearm.product.checks import RULES, check_product
from onearm.product.history import History
from onearm.records import check_records, read_records
from onearm.results.finding import Finding, Severity

VIRTUAL = Path(__file__).parents[2] / "examples" / "virtual-balmys" / "records"


def broken_world():
    """Nearly everything wrong that can be wrong at once."""
    world = small_world()
    world.change("dose_orders", "S01-001-O1", target_m=Decimal(160), planned_m_per_kg=Decimal(80), dose_no=4)
    world.change("weights", "S01-001-W1", weight_kg=Decimal(260), measured_at=NOW - 9 * DAY, method="guess")
    world.change("lots", "L1", expires_at=NOW - 2 * DAY, passage=9, containers_made=5)
    world.change("lot_tests", "L1-VIABILITY-1", value=Decimal(60))
    world.change("release_decisions", "L1-R1", decided_by="ANALYST1")
    world.test("L1", "sterility", 2, result_text="positive", verdict="fail", reported_at=NOW - HOUR)
    world.change("consents", "S01-001-K1", given_at=NOW)
    world.event(bag_id(1), "shipped", NOW + DAY)
    world.event(bag_id(2), "thaw_ended", NOW + DAY)
    world.change("infusion_containers", f"S01-001-I1/{bag_id(1)}", given_volume_ml=Decimal(9), last_drop_at=NOW + DAY)
    world.change("infusions", "S01-001-I1", stopped_at=NOW + DAY, assessed_until_at=NOW + DAY)
    world.change("infusions", "S01-001-I1", identity_checked_at=NOW - 3 * HOUR, interruptions="[{}]")
    world.change("specifications", "SPEC/1/viability/final", low=Decimal(50))
    world.change("lots", "L1", dmso_percent=Decimal(20))
    event = {"event_id": "S01-001-A1", "subject_id": "S01-001", "term": "fever", "grade": 3, "started_at": NOW - DAY}
    more = {"serious": True, "criteria": '["important"]', "relation": "not", "action": "none", "outcome": "resolved"}
    return world.lay("adverse_events", **event, **more, reported_at=NOW + DAY, narrative="n")


def test_a_world_in_which_every_rule_holds_gives_no_finding():
    world = small_world()
    assert world.findings(now=NOW) == []
    assert check_records(world.records()) == ()


def test_every_finding_names_its_row_and_speaks_two_languages():
    world = broken_world()
    records = world.records()
    found = check_product(records, BOOK, now=NOW + 30 * DAY)
    assert {f.rule for f in found} == {"P1", "P2", "P3", "P4", "P5", "D1", "D2", "D3", "B1", "S1", "A1"}
    for finding in found:
        assert all((finding.key, finding.value, finding.limit, finding.sentence, finding.sentence_es, finding.remedy))
        assert finding.sentence != finding.sentence_es
        assert finding.sentence[-1] in ".?" and finding.sentence_es[-1] in ".?"
        assert "None" not in finding.sentence + finding.sentence_es, finding
        assert finding.key.split("/")[0] in {k.split("/")[0] for k in world.rows[finding.table]}


def test_the_same_records_give_the_same_findings():
    records = broken_world().records()
    assert check_product(records, BOOK) == check_product(records, BOOK)


def test_the_shipped_virtual_study_breaks_no_rule():
    found = check_product(read_records(VIRTUAL, "virtual"), BOOK)
    assert {f.severity for f in found} <= {Severity.INFORM}


def test_records_without_a_product_are_judged_without_complaint():
    world = small_world()
    for table in ("lots", "containers", "custody", "lot_tests", "release_decisions", "specifications", "lot_materials"):
        del world.rows[table]
    del world.rows["infusions"], world.rows["infusion_containers"]
    assert world.findings() == []


def test_a_slice_around_one_patient_is_judged_in_milliseconds():
    records = small_world().records()
    check_product(records, BOOK)
    begun = time.perf_counter()
    for _ in range(10):
        check_product(records, BOOK)
    assert (time.perf_counter() - begun) / 10 < 0.1  # 4 ms here; the margin is for a busy machine


@pytest.mark.parametrize("left_out", broken_world().rows)
def test_no_rule_fails_over_rows_that_are_not_there(left_out):
    """A slice may lack any row that another names: K1 tells that."""
    world = broken_world()
    del world.rows[left_out]
    history = History(world.records(), BOOK)
    assert all(isinstance(f, Finding) for rule in RULES for f in rule(history))


def test_what_is_overdue_is_told_only_to_a_clock():
    world = small_world().drop("consents").consent("S01-001", "deferred", NOW - 2 * DAY)
    assert world.told("S1") == []
    assert world.told("S1", now=NOW + 2 * DAY) == [("confirm", "S01-001-K1")]
    assert world.told("S1", now=NOW - 2 * DAY + timedelta(hours=72)) == []
    assert world.told("S1", now=NOW - 2 * DAY + timedelta(hours=72) + MINUTE) == [("confirm", "S01-001-K1")]
