"""D2 by single changes: the count told with the infusion is that of the bag's life."""

from decimal import Decimal

import pytest
from product_world import bag_id, small_world

BAG = f"S01-001-I1/{bag_id(1)}"


def found(world):
    return [(f.rule, f.severity, f.key, f.value, f.limit) for f in world.findings()]


def test_the_same_count_in_both_places_is_no_finding():
    assert found(small_world()) == []


@pytest.mark.parametrize(
    ("change", "value"),
    [({"counted_m": Decimal(101)}, "101 M, 92 %"), ({"viability_percent": Decimal("91.5")}, "100 M, 91.5 %")],
)
def test_another_count_with_the_infusion_is_told(change, value):
    world = small_world()
    world.change("infusion_containers", BAG, **change)
    assert found(world) == [("D2", "inform", BAG, value, "100 M, 92 %")]


def test_a_life_without_its_count_tells_nothing():
    world = small_world()
    for name, row in list(world.rows["custody"].items()):
        if row["event"] == "counted":
            world.change("custody", name, counted_m=None, viability_percent=None)
    assert found(world) == []
