"""Suggested reactions: they fire at the limit, within the window, when something is new or raised."""

from dataclasses import replace
from decimal import Decimal as D

import pytest
from product_world import BOOK, DAY, HOUR, MINUTE, NOW, small_world

from onearm.product.suggested_reactions import suggested_reactions


def measured(world, marker, value, minutes):
    number = len(world.rows.get("measurements", ())) + 1
    told = {"measurement_id": f"S01-001-M{number}", "subject_id": "S01-001", "marker": marker, "value": D(value)}
    more = {
        "raw_value": value,
        "comparator": "=",
        "raw_unit": "1",
        "origin": "typed",
        "replicate": number,
        "quality": "ok",
    }
    at = {"collected_at": NOW + minutes * MINUTE, "collected_at_precision": "minute"}
    return world.lay("measurements", **told, **more, **at)


def given(world, kind, minutes, until=None, agent=None, dose=None, unit=None):
    number = len(world.rows.get("episodes", ())) + 1
    told = {"episode_id": f"S01-001-E{number}", "subject_id": "S01-001", "kind": kind, "agent": agent}
    ended = None if until is None else NOW + until * MINUTE
    more = {"ended_at": ended, "ended_at_precision": None if until is None else "minute", "ongoing": until is None}
    rate = {"dose": None if dose is None else D(dose), "dose_unit": unit}
    at = {"started_at": NOW + minutes * MINUTE, "started_at_precision": "minute"}
    return world.lay("episodes", **told, **more, **rate, **at)


def fired(world, book=BOOK):
    return [s.rule for s in suggested_reactions(world.records(), book)]


def test_a_quiet_course_suggests_nothing():
    world = measured(measured(small_world(), "fio2", "0.5", -30), "fio2", "0.5", 60)
    assert fired(given(world, "noradrenaline", -600, 900, dose="12", unit="ug/min")) == []


@pytest.mark.parametrize(("rate", "expected"), [("0.125", ["noradrenaline"]), ("0.124", [])])
def test_noradrenaline_from_10_ug_per_min_at_80_kg(rate, expected):
    assert fired(measured(small_world(), "noradrenaline_rate", rate, 60)) == expected


@pytest.mark.parametrize(
    ("minutes", "expected"), [(0, []), (1, ["noradrenaline"]), (360, ["noradrenaline"]), (361, [])]
)
def test_the_window_is_six_hours_from_the_start(minutes, expected):
    assert fired(measured(small_world(), "noradrenaline_rate", "0.2", minutes)) == expected


def test_a_rate_that_was_there_before_must_be_raised():
    assert (
        fired(measured(measured(small_world(), "noradrenaline_rate", "0.2", -60), "noradrenaline_rate", "0.2", 60))
        == []
    )
    up = measured(measured(small_world(), "noradrenaline_rate", "0.2", -60), "noradrenaline_rate", "0.21", 60)
    [found] = suggested_reactions(up.records(), BOOK)
    assert found.seen == "noradrenaline 16.00 before, 16.80 ug/min on 2020-04-08 13:00"
    assert (found.suggestion_id, found.first_at, found.event_id) == ("S01-001-I1-NORADRENALINE", NOW + HOUR, None)
    long_ago = measured(measured(small_world(), "noradrenaline_rate", "0.2", -25 * 60), "noradrenaline_rate", "0.2", 60)
    assert fired(long_ago) == ["noradrenaline"]


@pytest.mark.parametrize(
    ("agent", "dose", "unit", "expected"),
    [
        ("Phenylephrine", "100", "ug/min", ["phenylephrine"]),
        ("fenilefrina", "6", "mg/h", ["phenylephrine"]),
        ("phenylephrine", "99", "mcg/min", []),
        ("dopamine", "10", "ug/kg/min", ["dopamine"]),
        ("dopamina", "9.9", "ug/kg/min", []),
        ("adrenaline", "0.1", "ug/kg/min", ["adrenaline"]),
        ("epinephrine", "100", "ng/kg/min", ["adrenaline"]),
        ("norepinephrine", "0.125", "ug/kg/min", ["noradrenaline"]),
        ("adrenaline", "0.1", "vials", []),
        ("vasopressin", "0.04", "U/min", []),
    ],
)
def test_each_pressor_has_its_own_limit_and_unit(agent, dose, unit, expected):
    assert fired(given(small_world(), "other_vasopressor", 30, agent=agent, dose=dose, unit=unit)) == expected


def test_a_third_pressor_at_once():
    world = given(small_world(), "noradrenaline", -300)
    given(world, "other_vasopressor", 20, agent="vasopressin")
    assert fired(world) == []
    given(world, "other_vasopressor", 40, agent="terlipressin")
    assert fired(world) == ["third_pressor"]
    ended = given(small_world(), "noradrenaline", -300, 30)
    given(ended, "other_vasopressor", 20, agent="vasopressin")
    assert fired(given(ended, "other_vasopressor", 40, agent="terlipressin")) == []


def breathing(fio2, peep):
    world = small_world()
    for marker, before, after in (("fio2", "0.5", fio2), ("peep", "10", peep)):
        measured(measured(world, marker, before, -60), marker, after, 90)
    return measured(world, "spo2", "90", 90)


@pytest.mark.parametrize(
    ("fio2", "peep", "expected"),
    [("0.7", "15", ["fio2_and_peep"]), ("0.69", "15", []), ("0.7", "14.9", []), ("1", "10", [])],
)
def test_fio2_and_peep_rise_together(fio2, peep, expected):
    assert fired(breathing(fio2, peep)) == expected


def test_what_was_seen_is_told():
    [found] = suggested_reactions(breathing("0.8", "16").records(), BOOK)
    assert found.seen == "FiO2 0.5 -> 0.8, PEEP 10 -> 16 cmH2O, SpO2 90 %"


def test_cardioversion_within_the_window():
    assert fired(given(small_world(), "other_treatment", 50, 50, agent="electrical cardioversion")) == ["cardioversion"]
    assert fired(given(small_world(), "other_treatment", -50, -50, agent="cardioversión")) == []


def test_a_confirmed_suggestion_names_its_event():
    world = measured(small_world(), "noradrenaline_rate", "0.2", 60)
    event = {"event_id": "S01-001-A1", "subject_id": "S01-001", "term": "shock", "grade": 3, "relation": "possible"}
    more = {"serious": False, "criteria": "[]", "action": "none", "outcome": "resolved", "narrative": "n"}
    world.lay(
        "adverse_events",
        **event,
        **more,
        suggested_by_rule="noradrenaline",
        started_at=NOW + HOUR,
        reported_at=NOW + DAY,
    )
    assert [s.event_id for s in suggested_reactions(world.records(), BOOK)] == ["S01-001-A1"]
    world.change("adverse_events", "S01-001-A1", suggested_by_rule="dopamine")
    assert [s.event_id for s in suggested_reactions(world.records(), BOOK)] == [None]


def test_limits_come_from_the_rule_book():
    world = measured(small_world(), "noradrenaline_rate", "0.2", 60)
    assert fired(world, replace(BOOK, reaction_noradrenaline_ug_per_min=D(20))) == []
