"""D2: the times of an infusion and of its bags are those of custody, but for the tolerance of the rule book."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from product_world import DAY, HOUR, MINUTE, NOW, World, bag_id, small_world

from onearm.product.history import History
from onearm.product.infusion_times import infusion_times_are_those_of_custody
from onearm.protocol.rulebook import Line, default_rulebook, rulebook_of

INFUSION = "S01-001-I1"
BAG = f"{INFUSION}/{bag_id(1)}"
TIMES = {
    "infusions": ("started_at", "stopped_at", "identity_checked_at", "assessed_until_at"),
    "infusion_containers": ("thaw_started_at", "thaw_ended_at", "counted_at", "first_drop_at", "last_drop_at"),
}


def told(world, book=None):
    """Findings of this rule alone."""
    return list(infusion_times_are_those_of_custody(History(world.records(), book or default_rulebook())))


def keys(world, book=None):
    return [(f.rule, f.severity.value, f.key) for f in told(world, book)]


def moved(by, *tables):
    """The small world with all times of these forms moved, as when the day is miscoded."""
    world = small_world()
    for table in tables:
        for row in world.rows[table].values():
            row.update({time: row[time] + by for time in TIMES[table]})
    return world


def event(world, bag, name):
    """Row of one event of a bag."""
    return next(e for e in world.rows["custody"].values() if (e["container_id"], e["event"]) == (bag_id(bag), name))


def two_bags():
    """One infusion of two bags, the second started 30 min after the first; all times of both agree with custody."""
    world = World().lot().decide().patient().order().infuse(bag_id(1))
    world.take(bag_id(2), start=NOW + 30 * MINUTE).give(bag_id(2), start=NOW + 30 * MINUTE)
    return world.change("infusions", INFUSION, stopped_at=NOW + 50 * MINUTE)


@settings(max_examples=30, deadline=None)
@given(st.integers(-40, 40))
def test_whatever_the_delay_only_more_than_the_tolerance_is_told_and_each_row_once(minutes):
    found = keys(moved(minutes * MINUTE, *TIMES))
    off = [("D2", "confirm", INFUSION), ("D2", "confirm", BAG)]
    assert found == (off if abs(minutes) > 15 else [])


@pytest.mark.parametrize("by", [2 * DAY, -2 * DAY])
def test_a_day_miscoded_is_told_with_every_time_of_both_places(by):
    infusion, bag = told(moved(by, *TIMES))
    day = "2020-04-10" if by > 0 * DAY else "2020-04-06"
    assert infusion.sentence == (
        f"Infusion {INFUSION}: began {day} 12:00, by custody 2020-04-08 12:00; "
        f"ended {day} 12:20, by custody 2020-04-08 12:20."
    )
    assert infusion.limit == "2020-04-08 12:00, 2020-04-08 12:20, at most 15 min apart"
    assert bag.sentence.startswith(f"Bag {bag_id(1)}: thaw began {day} 10:55, by custody 2020-04-08 10:55; thaw ended")
    assert bag.sentence.count("by custody") == 4 and bag.sentence_es.count("según la custodia") == 4


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("thaw_started_at", "thaw began"),
        ("thaw_ended_at", "thaw ended"),
        ("first_drop_at", "first drop"),
        ("last_drop_at", "last drop"),
    ],
)
def test_one_time_of_a_bag_that_is_off_is_told_alone(column, words):
    world = small_world()
    by = (16 if column in ("thaw_ended_at", "last_drop_at") else -16) * MINUTE  # the row keeps its order
    world.change("infusion_containers", BAG, **{column: world.rows["infusion_containers"][BAG][column] + by})
    [finding] = told(world)
    assert finding.key == BAG and finding.sentence.count("by custody") == 1 and words in finding.sentence


def test_of_several_bags_the_first_start_and_the_last_stop_count():
    assert told(two_bags()) == []
    early = two_bags().change("infusions", INFUSION, stopped_at=NOW + 20 * MINUTE)  # of the first bag
    [finding] = told(early)
    assert finding.sentence == f"Infusion {INFUSION}: ended 2020-04-08 12:20, by custody 2020-04-08 12:50."
    late = two_bags().change("infusions", INFUSION, started_at=NOW + 30 * MINUTE)  # of the second
    assert told(late)[0].limit == "2020-04-08 12:00, at most 15 min apart"


def test_a_bag_started_for_the_order_and_not_yet_recorded_counts():
    """The first bag is forgotten in the form: D2 tells that, and the start is right all the same."""
    world = two_bags().drop("infusion_containers", BAG)
    assert told(world) == []


@pytest.mark.parametrize("name", ["thaw_started", "thaw_ended", "started", "stopped"])
def test_what_custody_does_not_tell_is_not_compared(name):
    world = moved(DAY, *TIMES)
    world.drop("custody", event(world, 1, name)["custody_id"])
    assert sum(f.sentence.count("by custody") for f in told(world)) == (5 if name.startswith("thaw") else 4)


def test_a_stop_that_one_bag_lacks_is_not_known_for_the_infusion():
    world = two_bags().change("infusions", INFUSION, stopped_at=NOW + 20 * MINUTE)
    world.drop("custody", event(world, 2, "stopped")["custody_id"])
    assert told(world) == []


def test_an_infusion_that_runs_has_no_end_to_compare():
    world = small_world().change("infusions", INFUSION, stopped_at=None, status="started", assessed_until_at=None)
    world.change("infusions", INFUSION, reaction_assessment="not_assessed", assessed_by=None)
    world.drop("infusion_containers").drop("custody", event(world, 1, "stopped")["custody_id"])
    assert told(world) == []
    world.change("infusions", INFUSION, started_at=NOW + HOUR)
    assert keys(world) == [("D2", "confirm", INFUSION)]


def test_a_bag_without_custody_is_not_compared():
    world = moved(DAY, *TIMES).drop("custody")
    assert told(world) == []


def test_the_tolerance_is_that_of_the_rule_book():
    book = rulebook_of({"times_differ_min": Line(Decimal(5), "min", "protocol 6", "read in source")})
    world = moved(6 * MINUTE, "infusion_containers")
    assert told(world) == [] and keys(world, book) == [("D2", "confirm", BAG)]
    assert told(world, book)[0].limit.endswith("at most 5 min apart")


def test_the_rule_is_one_of_all():
    assert [(f.rule, f.key) for f in small_world().findings()] == []
    assert ("D2", BAG) in [(f.rule, f.key) for f in moved(-20 * MINUTE, "infusion_containers").findings()]
