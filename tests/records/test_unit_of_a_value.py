"""S5: a lone value about ten times off both its neighbours is asked about."""

from datetime import timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted_breaks import WORLD, add, change, is_, only

from onearm.records import check_records
from onearm.results.finding import Severity

CRP = is_("measurement_id", "S01-003-M3")


def course_of(values, *, hours=24.0, **same):
    """WORLD with a course of one marker of S01-003, its samples `hours` apart, named C0, C1, ..."""
    world = WORLD
    for number, value in enumerate(values):
        at = {"collected_at": pl.col("collected_at") + timedelta(hours=hours * (number + 1))}
        told = {"measurement_id": f"C{number}", "value": Decimal(str(value)), "quality": "ok", "specimen": "serum"}
        world = add(world, "measurements", CRP, **at, **told, raw_value=str(value), **same)
    return world


def other_units(world):
    """Keys of values told to be in another unit."""
    found = check_records(world)
    assert {(f.rule, f.severity) for f in found} <= {("S5", Severity.CONFIRM)}
    return [f.key for f in found]


def test_a_value_ten_times_below_both_its_neighbours_is_asked():
    finding = only("S5", Severity.CONFIRM, course_of([120, 13, "140.5"], marker="crp", raw_unit="mg/L"))
    assert (finding.key, finding.value, finding.limit) == ("C1", "13 mg/L", "120 to 140.5 mg/L")
    assert finding.sentence == (
        "crp 13 mg/L of S01-003 at 2020-04-05 10:00 is about ten times off 120 before and 140.5 after it: "
        "is mg/L its unit?"
    )


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([100, 1000, 100], ["C1"]),
        ([100, 625, 100], ["C1"]),
        ([100, 624, 100], []),
        ([40, 640, 40], ["C1"]),
        ([40, 641, 40], []),
        ([100, 16, 100], ["C1"]),
        ([100, 16.1, 100], []),
        ([100, 10, 120], ["C1"]),
        ([75, 7.5, 120], ["C1"]),  # the neighbours are exactly 1.6 apart, and 120 is 16 times it
        ([75, 7.4, 120], []),
        ([64, 8, 96], ["C1"]),
        ([100, 10, 161], []),
        ([100, 10, 9], []),  # a true fall
        ([10, 100], []),  # the last of a course has one neighbour
        ([100, 0, 100], []),
        ([100, 10, 100, 10, 100], ["C1", "C2", "C3"]),  # which of them are wrong, nobody can tell
    ],
)
def test_only_a_lone_value_about_ten_times_off_is_told(values, told):
    assert other_units(course_of(values, marker="crp")) == told


def test_neighbours_further_than_three_days_say_nothing():
    assert other_units(course_of([100, 10, 100], hours=72, marker="crp")) == ["C1"]
    assert other_units(course_of([100, 10, 100], hours=72.1, marker="crp")) == []


@pytest.mark.parametrize("marker", ["il6", "ferritin", "platelets"])
def test_a_marker_whose_units_are_one_number_may_rise_tenfold(marker):
    assert other_units(course_of([100, 1000, 100], marker=marker)) == []


@pytest.mark.parametrize("changed", [{"quality": "confirmed_extreme"}, {"quality": "doubtful"}, {"comparator": "<"}])
def test_what_somebody_judged_or_the_assay_cut_off_is_not_asked_again(changed):
    world = course_of([100, 10, 100], marker="crp")
    assert other_units(change(world, "measurements", is_("measurement_id", "C1"), **changed)) == []


@pytest.mark.parametrize("column", ["subject_id", "specimen", "marker"])
def test_a_neighbour_is_of_the_same_patient_specimen_and_marker(column):
    other = {"subject_id": "S01-002", "specimen": "urine", "marker": "creatinine"}[column]
    world = course_of([100, 10, 100], marker="crp")
    assert other_units(change(world, "measurements", is_("measurement_id", "C1"), **{column: other})) == []


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_of_a_course_without_leaps_the_value_in_another_unit_is_told_and_no_other(data):
    """Each value is at most 1.12 times the one before: the two beside a lone value agree, and it is 10 x 1.12 off."""
    steps = data.draw(st.lists(st.floats(1 / 1.12, 1.12), min_size=3, max_size=8))
    values = [50.0]
    for step in steps:
        values.append(round(values[-1] * step, 4))
    assert other_units(course_of(values, marker="crp")) == []
    wrong = data.draw(st.integers(1, len(values) - 2))
    factor = data.draw(st.sampled_from([10, 0.1]))
    values[wrong] = round(values[wrong] * factor, 5)
    assert other_units(course_of(values, marker="crp")) == [f"C{wrong}"]
