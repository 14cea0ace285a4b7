"""Markers of the treated: the last value before the index day and the last one within a week after it."""

import pytest
from small_ward import Ward, course, on

from onearm.cohort.marker_values import BeforeAfter, before_and_after, direction


def values(ward, **options):
    return before_and_after(ward.records(), course(ward, **options))


def treated(name="A", *, ward=None, ventilated=0, given=5):
    return (ward or Ward()).person(name, ventilated=ventilated).infusion(name, given)


def test_the_last_value_before_and_the_last_within_a_week_after():
    ward = treated()
    for day, value in ((2, 300), (4.9, 200), (6, 90), (12.9, 80), (13, 10)):
        ward.sample("A", "crp", value, day)
    assert values(ward) == (BeforeAfter("crp", (200.0,), (80.0,), (-120.0,)),)


def test_a_value_of_the_index_day_is_neither():
    assert values(treated().sample("A", "crp", 200, 5.5)) == (BeforeAfter("crp", (), (), ()),)


def test_a_date_alone_on_the_index_day_is_neither_whatever_the_hour():
    for zero in (0, on(0)):
        ward = treated(ventilated=zero, given=5.1).sample("A", "crp", 200, on(5)).sample("A", "crp", 100, on(6))
        assert values(ward) == (BeforeAfter("crp", (), (100.0,), ()),)


def test_only_who_has_both_is_paired_and_the_untreated_are_left_out():
    ward = treated("A").sample("A", "ldh", 400, 4).sample("A", "ldh", 300, 7)
    treated("B", ward=ward).sample("B", "ldh", 500, 4)
    ward.person("C").sample("C", "ldh", 900, 4)
    assert values(ward) == (BeforeAfter("ldh", (400.0, 500.0), (300.0,), (-100.0,)),)


def test_markers_come_in_a_fixed_order_and_without_those_never_measured():
    ward = treated().sample("A", "ldh", 400, 4).sample("A", "crp", 20, 4)
    assert [m.marker for m in values(ward)] == ["crp", "ldh"]


def test_of_one_sample_the_last_repeat_counts_and_an_empty_value_never():
    ward = treated().sample("A", "crp", 200, 4).sample("A", "crp", 210, 4, replicate=2)
    assert values(ward.sample("A", "crp", None, 4.5))[0].before == (210.0,)


@pytest.mark.parametrize(
    ("change", "told"),
    [((-3.0, -1.0, 5.0), "fell"), ((1.0,), "rose"), ((), "no_change"), ((-1.0, 1.0), "no_change")],
)
def test_the_direction_is_that_of_the_median_change(change, told):
    assert direction(change) == told
