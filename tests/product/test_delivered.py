"""What an infusion delivered, and D2: it agrees with what was ordered, or says why not."""

from dataclasses import replace
from decimal import Decimal as D

import pytest
from product_world import BOOK, HOUR, MINUTE, NOW, World, bag_id, small_world

from onearm.product.delivered import delivered

BAG = bag_id(1)
ROW, INFUSION = f"S01-001-I1/{BAG}", "S01-001-I1"


def bag(world=None, **changes):
    return (world or small_world()).change("infusion_containers", ROW, **changes)


def dose(world):
    return delivered(world.records(), BOOK)[0]


def test_the_infusion_of_the_design():
    found = dose(small_world())
    assert (found.delivered_m, found.target_m) == (D("78.274085"), D(80))
    assert (found.delivered_viable_per_kg, found.deviation) == (D("0.978426"), D("-0.021574"))
    assert (found.delivered_basis, found.decay, found.thaw_to_last_drop_min) == ("bedside_count", "known", 75)
    assert (found.dmso_g_per_kg, found.endotoxin_sign, found.endotoxin_eu_per_kg) == (D("0.0264"), "<", D("0.12"))
    assert found.delivered_upper_per_kg == D("1.104")  # 100 x 0.92 x 48/50 / 80


def test_without_a_known_loss_only_the_upper_bound_is_given():
    world = bag(diluent="saline")
    found = dose(world)
    assert (found.delivered_m, found.delivered_viable_per_kg, found.deviation) == (None, None, None)
    assert (found.decay, found.delivered_upper_per_kg) == ("unknown", D("1.104"))
    [finding] = world.findings("D2")
    assert finding.severity == "inform" and "at most 1.104 M/kg" in finding.sentence


def test_a_loss_known_as_a_bound_says_so():
    found = dose(bag(diluent="pbs_albumin"))
    assert (found.decay, found.delivered_m) == ("bound", D("87.769721"))  # 88.32 exp(-0.00625)


def test_bases_in_their_order():
    world = bag(counted_m=None, counted_at=None)
    assert dose(world).delivered_basis == "label"
    assert [f.severity for f in world.findings("D2")] == ["inform"]
    world.test("L1", "count", stage="after_thaw", value=D(90), raw_unit="10^6")
    assert dose(world).delivered_basis == "label"  # a count without viability is no dose
    world.test("L1", "viability", 2, stage="after_thaw", value=D(80))
    found = dose(world)
    assert (found.delivered_basis, found.delivered_upper_per_kg) == ("lot_after_thaw_test", D("0.864"))
    world.test("L1", "count", stage="after_thaw", value=D("4.5"), raw_unit="x10^6/mL")
    assert dose(world).delivered_upper_per_kg == D("0.864")  # 4.5 a mL in 20 mL
    assert dose(bag(world, counted_m=D(100), counted_at=NOW)).delivered_basis == "bedside_count"


def test_the_time_from_thaw_counts_where_nobody_counted_at_the_bed():
    world = bag(counted_m=None, counted_at=None, thaw_ended_at=None, thaw_started_at=None)
    assert round(dose(world).bags[0].hours * 60, 9) == 55 + 10  # from the custody of the bag
    world.drop("custody")
    assert (dose(world).bags[0].hours, dose(world).decay) == (None, "unknown")


def test_an_infusion_of_several_bags_is_their_sum_and_its_basis_the_worst():
    world = World().lot(containers=2).decide().patient().order().infuse(bag_id(1), bag_id(2))
    assert dose(world).delivered_m == D("156.548170")
    world.change("infusion_containers", f"{INFUSION}/{bag_id(2)}", viability_percent=None, counted_m=None)
    assert dose(world).delivered_basis == "label"


def test_safety_figures_rest_on_actual_weight_and_cells_on_the_dosing_weight():
    world = small_world().change("dose_orders", "S01-001-O1", weight_basis="predicted", dosing_weight_kg=D(40))
    found = dose(world)
    assert (found.dmso_g_per_kg, found.delivered_viable_per_kg) == (D("0.0264"), D("1.956852"))
    world.change("dose_orders", "S01-001-O1", weight_id=None).drop("weights")
    assert dose(world).dmso_g_per_kg is None


def test_a_deviation_beyond_the_tolerance_needs_its_reason():
    assert bag(given_volume_ml=D("44.16")).told("D2") == []  # -9.988 %
    world = bag(given_volume_ml=D(44))
    [finding] = world.findings("D2")
    assert (finding.severity, finding.key, finding.value) == ("block", INFUSION, "-10.3 %")
    assert world.change("infusions", INFUSION, stop_reason="line blocked").told("D2") == []
    world = bag(given_volume_ml=D(44))
    assert world.change("custody", f"{BAG}-10", remark="line blocked").told("D2") == []


def test_a_count_corrected_after_the_infusion_is_confirmed_so_that_it_can_be_recorded():
    world = bag(counted_m=D(80))
    world.change("infusion_containers", ROW, entered_at=world.rows["infusions"][INFUSION]["entered_at"] + HOUR)
    assert world.told("D2") == [("inform", ROW), ("confirm", INFUSION)]


def test_a_dose_known_at_most_is_off_only_when_even_that_is_too_little():
    assert [f.severity for f in bag(diluent="saline", given_volume_ml=D(48)).findings("D2")] == ["inform"]
    found = bag(diluent="saline", given_volume_ml=D(30)).findings("D2")
    assert [f.severity for f in found] == ["block", "inform"]


def test_a_running_infusion_is_not_judged():
    world = small_world().drop("infusion_containers").change("infusions", INFUSION, status="started", stopped_at=None)
    assert world.told("D2") == []


def test_a_count_after_the_drops_is_refused():
    world = bag(counted_at=NOW + 11 * MINUTE)
    [finding] = [f for f in world.findings("D2") if f.severity == "block"]
    assert (finding.table, finding.key) == ("infusion_containers", ROW)
    assert dose(world).delivered_m is None


def test_thousands_for_millions_are_asked_about():
    world = bag(counted_m=D(100_000))
    assert ("confirm", ROW) in world.told("D2")
    assert ("confirm", ROW) in bag(counted_m=D("0.1")).told("D2")
    assert bag(counted_m=D(110)).told("D2") == [("inform", ROW)]  # another count than that of its life


def test_a_bag_that_was_started_and_not_recorded_is_asked_for():
    world = World().lot(containers=2).decide().patient().order().infuse(bag_id(1), bag_id(2))
    world.change("infusions", INFUSION, stop_reason="two bags")
    assert world.told("D2") == []
    world.drop("infusion_containers", f"{INFUSION}/{bag_id(2)}")
    [finding] = world.findings("D2")
    assert (finding.severity, finding.value) == ("confirm", bag_id(2))
    world.drop("infusion_containers")
    assert [f.value for f in world.findings("D2")] == [f"{bag_id(1)}, {bag_id(2)}"]


@pytest.mark.parametrize(
    ("pauses", "told"),
    [
        ('[{"from":"2020-04-08T12:05:00.000Z","reason":"line change","to":"2020-04-08T12:07:00.000Z"}]', []),
        ('[{"from":"2020-04-08T12:05:00+00:00","reason":"line change","to":"2020-04-08T12:07:00+00:00"}]', []),
        ('[{"from":"2020-04-08T12:05:00.000Z","reason":" ","to":"2020-04-08T12:07:00.000Z"}]', ["no reason is given"]),
        ('[{"from":"2020-04-08T12:05:00.000Z","to":"2020-04-08T12:07:00.000Z"}]', ["no reason is given"]),
        ('[{"from":"2020-04-08T12:07:00Z","reason":"x","to":"2020-04-08T12:05:00Z"}]', ["missing or reversed"]),
        ('[{"reason":"x"}]', ["missing or reversed"]),
        ('[{"from":"2020-04-08T11:59:00Z","reason":"x","to":"2020-04-08T12:05:00Z"}]', ["outside the infusion"]),
        ('[{"from":"2020-04-08T12:19:00Z","reason":"x","to":"2020-04-08T12:21:00Z"}]', ["outside the infusion"]),
        ('["line change",3]', ["no reason is given", "no reason is given"]),
        ('{"a":1}', ["no reason is given"]),
    ],
)
def test_an_interruption_says_when_and_why(pauses, told):
    found = small_world().change("infusions", INFUSION, interruptions=pauses).findings("D2")
    assert [f.severity for f in found] == ["block"] * len(told)
    assert all(words in f.sentence for words, f in zip(told, found, strict=True))


@pytest.mark.parametrize(("minutes", "told"), [(9, 1), (10, 0), (60, 0), (61, 1)])
def test_an_unusual_length_is_told(minutes, told):
    world = small_world().change("infusions", INFUSION, stopped_at=NOW + minutes * MINUTE)
    world.change("infusion_containers", ROW, last_drop_at=NOW + minutes * MINUTE)
    world.change("custody", f"{bag_id(1)}-10", occurred_at=NOW + minutes * MINUTE)
    assert [f.severity for f in world.findings("D2")] == ["inform"] * told


@pytest.mark.parametrize(("minutes", "told"), [(125, []), (126, [("confirm", ROW)])])
def test_a_last_drop_after_the_limit_is_confirmed_for_it_has_fallen(minutes, told):
    world = small_world().change("infusions", INFUSION, stopped_at=NOW + minutes * MINUTE)
    assert bag(world, last_drop_at=NOW + minutes * MINUTE).told("B1") == told  # thaw ended 55 min before the start
    assert bag(world).told("B1", book=replace(BOOK, thaw_limit_min=D(500))) == []
