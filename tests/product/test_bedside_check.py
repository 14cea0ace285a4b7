"""B1: the right bag into the right patient, matched by two, in time; and the thaw clock."""

from decimal import Decimal

import pytest
from product_world import BOOK, DAY, HOUR, MINUTE, NOW, World, bag_id, before_the_dose, small_world

from onearm.product.bedside_check import match
from onearm.product.container_state import ContainerState, state_of
from onearm.product.thaw_clock import minutes_left, running_clocks, runs_out_at

BAG, INFUSION = bag_id(1), "S01-001-I1"
MATCHED, STARTED = f"{BAG}-8", f"{BAG}-9"


def at_the_bed():
    return before_the_dose().patient("S01-002").order("S01-002").take(BAG, upto="issued")


def ask(world, band="S01-001", bag=BAG, now=NOW - 10 * MINUTE):
    return match(band, bag, world.records(), BOOK, now)


def test_patient_and_bag_match():
    found = ask(at_the_bed())
    assert (found.is_match, found.subject_id, found.container_id, found.reasons) == (True, "S01-001", BAG, ())
    assert ask(at_the_bed(), "OA1/BALMYS-19/W/S01-001", f" oa1/balmys-19/c/{BAG} ").is_match


@pytest.mark.parametrize(
    ("band", "bag", "why"),
    [
        ("S01-002", BAG, f"bag {BAG} is for S01-001, not S01-002"),
        ("S01-001", bag_id(2), f"bag {bag_id(2)} is for nobody, not S01-001"),
        ("S09-009", BAG, "S09-009 is no wristband of a patient here"),
        ("S01-001", bag_id(9), f"{bag_id(9)} is no bag of this study"),
        (f"OA1/X/C/{BAG}", "OA1/X/W/S01-001", f"{BAG} is no wristband of a patient here"),
        ("OA1/X/D/S01-001", BAG, "S01-001 is no wristband of a patient here"),
    ],
)
def test_a_mismatch_says_why_and_shows_both_ids(band, bag, why):
    found = ask(at_the_bed(), band, bag)
    assert not found.is_match and found.reasons[0][0] == why
    assert found.subject_id in band and found.container_id in bag
    assert all(en != es for en, es in found.reasons)


def test_a_bag_not_issued_run_out_expired_or_recalled_does_not_match():
    world = before_the_dose().take(BAG, upto="counted")
    assert "thawed, not issued" in ask(world).reasons[0][0]
    late = ask(at_the_bed(), now=NOW + 126 * MINUTE)
    assert [en for en, _ in late.reasons] == ["its thaw clock ran out 2020-04-08 14:05"]
    assert ask(at_the_bed(), now=NOW + 125 * MINUTE).is_match
    expired = at_the_bed().change("lots", "L1", expires_at=NOW - HOUR)
    assert "expired" in ask(expired).reasons[0][0]
    recalled = at_the_bed().decide(decision="recall", at=NOW - HOUR)
    assert "recalled" in ask(recalled).reasons[0][0]


def test_an_order_taken_over_names_its_patient_where_the_allocation_does_not():
    world = at_the_bed()
    for name in [k for k in world.rows["custody"] if k.startswith(BAG)]:
        world.change("custody", name, subject_id=None)
    assert ask(world).is_match
    assert not ask(world, "S01-002").is_match


def test_a_start_within_30_minutes_of_the_match():
    world = small_world().change("custody", MATCHED, occurred_at=NOW - 30 * MINUTE)
    assert world.told("B1") == []
    world.change("custody", MATCHED, occurred_at=NOW - 31 * MINUTE)
    assert world.told("B1") == [("block", STARTED)]


def test_the_identity_check_of_the_infusion_is_as_fresh():
    world = small_world().change("infusions", INFUSION, identity_checked_at=NOW - 31 * MINUTE)
    assert world.told("B1") == [("block", INFUSION)]


@pytest.mark.parametrize("event", [MATCHED, STARTED])
def test_match_and_start_are_of_the_patient_and_order_the_bag_is_meant_for(event):
    world = small_world().patient("S01-002").order("S01-002")
    world.change("custody", event, subject_id="S01-002", dose_order_id="S01-002-O1")
    assert world.told("B1") == [("block", event), ("block", event)]


def test_a_bag_of_another_order_in_an_infusion_is_the_worst_that_can_happen():
    world = World().lot().decide().patient().order().patient("S01-002").order("S01-002")
    world.infuse(bag_id(1)).infuse(bag_id(2), subject="S01-002")
    assert world.told("B1") == []
    for old, new in ((1, "S01-002-I1"), (2, "S01-001-I1")):
        key = f"S01-00{old}-I1/{bag_id(old)}"
        row = {**world.rows["infusion_containers"][key], "infusion_id": new}
        world.drop("infusion_containers", key).lay("infusion_containers", **row)
    wrong = {f"S01-002-I1/{bag_id(1)}", f"S01-001-I1/{bag_id(2)}"}
    assert {(s, k) for s, k in world.told("B1")} == {("block", k) for k in wrong}


def test_a_start_after_the_thaw_clock_is_refused():
    world = small_world()
    for name, minutes in ((f"{BAG}-3", -200), (f"{BAG}-4", -181), (f"{BAG}-5", -180), (f"{BAG}-6", -179)):
        world.change("custody", name, occurred_at=NOW + minutes * MINUTE)
    assert [k for s, k in world.told("B1") if s == "block"] == [STARTED]


def test_the_two_of_the_match_are_the_two_of_the_infusion():
    world = small_world().change("infusions", INFUSION, checked_by_1="NURSE3")
    assert world.told("B1") == [("confirm", INFUSION)]
    assert small_world().change("infusions", INFUSION, checked_by_1="NURSE2", checked_by_2="NURSE1").told("B1") == []


def test_the_clock_counts_whole_minutes_and_goes_below_zero():
    stands = ContainerState("B", "thawed", thawed_at=NOW)
    assert runs_out_at(stands, BOOK) == NOW + 3 * HOUR
    for seconds, left in ((0, 180), (1, 179), (60, 179), (180 * 60, 0), (180 * 60 + 1, -1)):
        assert minutes_left(stands, BOOK, NOW + seconds * MINUTE / 60) == left
    assert minutes_left(ContainerState("B", "stock"), BOOK, NOW) is None


def test_running_clocks_are_those_of_bags_thawed_and_not_ended():
    world = World().lot(containers=3).decide().patient().order().infuse(bag_id(1))
    world.take(bag_id(2), upto="counted").take(bag_id(3), upto="allocated")
    [clock] = running_clocks(world.records(), BOOK, NOW + HOUR)
    assert (clock.container_id, clock.state, clock.minutes_left) == (bag_id(2), "thawed", 65)
    assert (clock.subject_id, clock.dose_order_id) == ("S01-001", "S01-001-O1")
    assert len(running_clocks(world.records(), BOOK, NOW - 5 * MINUTE)) == 2
    assert running_clocks(world.records(), BOOK, NOW - DAY) == ()
    world.event(bag_id(2), "destroyed", NOW + HOUR)
    assert running_clocks(world.records(), BOOK, NOW + HOUR) == ()
    assert state_of(world.records(), bag_id(3)).thawed_at is None
    assert Decimal(180) == BOOK.thaw_limit_min
