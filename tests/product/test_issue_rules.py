"""P3: what may be allocated, issued and given, and to whom."""

from datetime import timedelta
from decimal import Decimal

import pytest
from product_world import BOOK, DAY, HOUR, MADE, MINUTE, NOW, World, bag_id, before_the_dose, small_world

from onearm.product.issue_rules import allocatable
from onearm.product.signed import Signed

BAG, OTHER = bag_id(1), bag_id(2)
ALLOCATED, ISSUED, STARTED = f"{BAG}-2", f"{BAG}-7", f"{BAG}-9"


def limits(world, **how):
    return {(f.severity.value, f.key, f.value) for f in world.findings("P3", **how)}


def keys(world, **how):
    return {(f.severity.value, f.key) for f in world.findings("P3", **how)}


def test_a_bag_of_a_lot_that_nobody_released_is_neither_allocated_nor_issued():
    world = small_world().drop("release_decisions")
    assert limits(world) == {("block", ALLOCATED, "quarantine"), ("block", ISSUED, "quarantine")}


def test_a_bag_released_in_a_first_step_may_be_given():
    assert small_world().change("release_decisions", "L1-R1", decision="release_first_step").told("P3") == []


def test_a_bag_out_of_specification_waits_for_its_signatures():
    world = small_world().change(
        "release_decisions", "L1-R1", decision="release_out_of_spec", risk_assessment="written"
    )
    assert world.told("P3") == []
    assert ("block", ISSUED, "out_of_spec_pending") in limits(world, signed=Signed.of([]))


def test_a_lot_may_be_given_until_the_moment_it_expires():
    issued = NOW - 40 * MINUTE
    assert small_world().change("lots", "L1", expires_at=NOW + MINUTE).told("P3") == []
    assert keys(small_world().change("lots", "L1", expires_at=issued)) == {("block", ISSUED)}
    assert keys(small_world().change("lots", "L1", expires_at=NOW - MINUTE)) == {("block", STARTED)}


def test_an_expiry_shortened_afterwards_is_confirmed_so_that_it_can_be_recorded():
    world = small_world()
    world.change("lots", "L1", expires_at=NOW - DAY, entered_at=world.rows["lots"]["L1"]["entered_at"] + DAY)
    assert keys(world) == {("confirm", ALLOCATED), ("confirm", ISSUED)}


def test_each_event_is_judged_at_its_own_time():
    """A recall after the dose says nothing of the dose; one between issue and start stops the start."""
    after = small_world().decide(decision="recall", at=NOW + DAY)
    assert after.told("P3") == []
    between = small_world().decide(decision="recall", at=NOW - 30 * MINUTE)
    assert limits(between) == {("block", STARTED, "recalled")}


@pytest.mark.parametrize(
    "order",
    [
        {"status": "ordered", "verified_at": None, "verified_by": None},
        {"verified_at": NOW - 30 * MINUTE},
        {"status": "cancelled", "cancelled_at": NOW - 11 * HOUR, "cancel_reason": "worse"},
    ],
)
def test_an_order_not_verified_or_cancelled_takes_no_bag(order):
    world = small_world().change("dose_orders", "S01-001-O1", **order)
    assert keys(world) == {("block", ALLOCATED), ("block", ISSUED)}


def test_a_bag_allocated_to_nobody_is_not_issued():
    world = before_the_dose()
    for event, hours in (("packed", 9), ("shipped", 8), ("received", 7), ("thaw_started", 2), ("thaw_ended", 1)):
        world.event(BAG, event, NOW - hours * HOUR)
    world.event(BAG, "issued", NOW)
    assert limits(world) == {("block", f"{BAG}-7", "none")}


def test_a_bag_is_issued_to_the_order_and_patient_it_is_allocated_to():
    world = small_world().patient("S01-002").order("S01-002")
    world.change("custody", ISSUED, dose_order_id="S01-002-O1", subject_id="S01-002")
    assert limits(world) == {("block", ISSUED, "S01-002-O1"), ("block", ISSUED, "S01-002")}


def test_one_order_per_bag_unless_the_first_was_cancelled():
    world = before_the_dose().patient("S01-002").order("S01-002")
    world.event(BAG, "allocated", NOW - 9 * HOUR, dose_order_id="S01-001-O1", subject_id="S01-001")
    for event, hours in (("packed", 8), ("shipped", 7), ("received", 6)):
        world.event(BAG, event, NOW - hours * HOUR)
    world.event(BAG, "allocated", NOW - HOUR, dose_order_id="S01-002-O1", subject_id="S01-002")
    assert limits(world) == {("block", f"{BAG}-6", "S01-002-O1")}
    gone = {"status": "cancelled", "cancelled_at": NOW - 2 * HOUR, "cancel_reason": "died"}
    assert world.change("dose_orders", "S01-001-O1", **gone).told("P3") == []


def test_a_bag_is_not_issued_after_its_thaw_clock_ran_out():
    limit = timedelta(minutes=180)
    world = small_world().change("custody", ISSUED, occurred_at=NOW - 55 * MINUTE + limit)
    world.drop("custody", f"{BAG}-8", STARTED, f"{BAG}-10")
    assert world.told("P3") == []
    world.change("custody", ISSUED, occurred_at=NOW - 55 * MINUTE + limit + MINUTE)
    assert keys(world) == {("block", ISSUED)}


def test_an_autologous_bag_goes_to_its_donor_alone():
    world = small_world().change("lots", "L1", donor_kind="autologous", donor_id="S01-001")
    assert world.told("P3") == []
    world.change("lots", "L1", donor_id="S01-002")
    assert keys(world) == {("block", ALLOCATED), ("block", ISSUED)}


def failed_later():
    """Sterility comes back positive an hour before the bag is issued; entered when it was reported."""
    world = (
        small_world()
        .drop("lot_tests", "L1-STERILITY-1")
        .change("release_decisions", "L1-R1", decision="release_first_step")
    )
    at = NOW - 2 * HOUR
    return world.test("L1", "sterility", result_text="positive", verdict="fail", reported_at=at, verifier_id=None)


def test_a_failed_test_holds_every_bag_of_the_lot_from_its_report_on():
    world = failed_later()
    assert limits(world) == {("block", ISSUED, "fail")}
    assert world.told("P5") == [("confirm", "L1-STERILITY-1")]


def test_a_failure_entered_after_the_issue_is_confirmed():
    world = failed_later()
    for name in (ALLOCATED, ISSUED):
        world.change("custody", name, entered_at=NOW)
    assert keys(world) == {("confirm", ISSUED)}


def test_bags_that_can_be_allocated_come_first_to_expire_first():
    world = World().lot("L1").lot("L2").decide("L1").decide("L2").patient().order().infuse(bag_id(1))
    world.change("lots", "L2", expires_at=NOW + 10 * DAY)
    now = NOW + DAY
    found = allocatable(world.records(), BOOK, now)
    assert [(b.lot_id, b.container_no) for b in found] == [("L2", 1), ("L2", 2), ("L1", 2)]
    assert (found[0].place, found[0].nominal_viable_m, found[0].expires_at) == ("tank 1", Decimal(100), NOW + 10 * DAY)
    assert [b.lot_id for b in allocatable(world.records(), BOOK, NOW + 10 * DAY)] == ["L1"]
    assert allocatable(world.records(), BOOK, MADE + DAY) == ()


def test_held_taken_and_recalled_bags_are_not_offered():
    world = before_the_dose()
    world.event(BAG, "excursion_opened", NOW - HOUR)
    world.event(OTHER, "allocated", NOW - HOUR, dose_order_id="S01-001-O1")
    assert allocatable(world.records(), BOOK, NOW) == ()
    world.event(BAG, "excursion_cleared", NOW - MINUTE)
    assert [b.container_id for b in allocatable(world.records(), BOOK, NOW)] == [BAG]
    assert allocatable(world.decide(decision="recall", at=NOW).records(), BOOK, NOW) == ()


def test_a_lot_with_an_open_failure_is_not_offered():
    world = failed_later()
    assert allocatable(world.records(), BOOK, NOW - 3 * HOUR) != ()
    assert allocatable(world.records(), BOOK, NOW) == ()


def test_autologous_bags_are_offered_to_their_donor_alone():
    world = before_the_dose().change("lots", "L1", donor_kind="autologous", donor_id="S01-001")
    assert allocatable(world.records(), BOOK, NOW) == ()
    assert allocatable(world.records(), BOOK, NOW, subject_id="S01-002") == ()
    assert len(allocatable(world.records(), BOOK, NOW, subject_id="S01-001")) == 2
