"""The acceptance question, with the rows of the design: bag, minutes from thaw, cells per kg, patient, day 28."""

from datetime import UTC, datetime
from decimal import Decimal

from product_world import BOOK, bag_id, small_world

from onearm.product.given_bags import given_bags


def outcome(world, number, kind, at):
    """One outcome of the patient."""
    told = {"outcome_id": f"X{number}", "subject_id": "S01-001", "kind": kind, "occurred_at": at}
    return world.lay("outcomes", **told, occurred_at_precision="minute")


def test_one_row_names_the_bag_the_minutes_the_cells_the_patient_and_day_28():
    world = small_world()
    outcome(world, 1, "seen_alive", datetime(2020, 4, 24, 9, tzinfo=UTC))
    (bag,) = given_bags(world.records(), BOOK)
    assert (bag.container_id, bag.lot_id, bag.subject_id, bag.dose_no) == (bag_id(1), "L1", "S01-001", 1)
    assert (bag.ventilation_day, bag.thaw_to_last_drop_min) == (7, 75)
    assert bag.delivered_viable_per_kg == Decimal("0.978426") and bag.delivered_basis == "bedside_count"
    assert bag.day_28.en == "unknown after day 15"


def test_who_left_alive_is_never_counted_alive_at_day_28_without_a_later_contact():
    world = small_world()
    outcome(world, 1, "left_hospital_alive", datetime(2020, 4, 20, 13, tzinfo=UTC))
    (bag,) = given_bags(world.records(), BOOK)
    assert bag.day_28.en == "left alive on day 12, unknown after day 12"


def test_a_death_on_day_28_itself_is_a_death_and_one_later_was_alive():
    for day, words in ((6, "dead on day 28"), (10, "alive")):
        world = small_world()
        outcome(world, 1, "died", datetime(2020, 5, day, 13, tzinfo=UTC))
        (bag,) = given_bags(world.records(), BOOK)
        assert bag.day_28.en == words
