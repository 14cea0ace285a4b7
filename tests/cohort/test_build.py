"""From protocol and records to the set an estimator sees."""

from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from small_ward import Ward, cohort, on, protocol, rule, stay, studies

from onearm.cohort.analysis_set import NEVER, PEOPLE, SETS
from onearm.cohort.build import build, build_cohort, clock_of, is_dated
from onearm.estimators.follow_up import set_pairs, treated_follow_up
from onearm.estimators.risk_set_test import risk_set_test
from onearm.sources.study_folder import read_study

EXAMPLES = Path(__file__).parents[2] / "examples"
ADULTS = rule("I1", "age", ">=", 18)


def built(plan, *wards, **options):
    return build(plan, cohort(plan, *wards), **options)


def person(data, name):
    return data.people.filter(pl.col("person") == name).row(0, named=True)


def pairs_of(data):
    """Names of every treated patient and control."""
    names = data.people["person"]
    return {(names[t], None if c is None else names[c]) for t, c in data.sets.select("treated", "control").iter_rows()}


def test_an_analysis_set_has_its_columns_its_horizon_and_the_hash_of_its_protocol():
    plan = replace(protocol(horizon=14), sha256="f" * 64)
    data = built(plan, stay(stay(Ward(), "A").infusion("A", 5), "B"), same_day="after").data
    assert dict(data.people.schema) == PEOPLE and dict(data.sets.schema) == SETS
    assert (data.horizon, data.same_day, data.protocol_sha256) == (14, "after", "f" * 64)
    assert pairs_of(data) == {("A", "B")}


def test_blinded_it_holds_no_outcome():
    data = built(protocol(), stay(stay(Ward(), "A").infusion("A", 5), "B")).data.blinded()
    assert not {"end_day", "event"} & set(data.people.columns) and pairs_of(data) == {("A", "B")}


def test_a_treated_patient_who_breaks_a_rule_stays_a_control_until_the_day_before():
    ward = stay(Ward(), "A").infusion("A", 5)
    stay(ward, "B", until=12, kind="died").infusion("B", 8).episode("B", "ecmo", 7)
    stay(ward, "C", until=3)
    found = built(protocol(rule("E1", "ecmo", "==", True)), ward)
    b = person(found.data, "B")
    assert (b["end_day"], b["event"], b["start_day"]) == (7, 0, NEVER)  # open, untreated, until the day before day 8
    assert found.sets.left_out == (("B", "E1"),) and pairs_of(found.data) == {("A", "B")}


def test_a_death_on_the_day_of_a_treatment_that_does_not_count_is_no_untreated_death():
    ward = stay(Ward(), "A").infusion("A", 5)
    stay(ward, "B", until=8.5, kind="died").infusion("B", 8).episode("B", "ecmo", 7)
    stay(ward, "C")
    b = person(built(protocol(rule("E1", "ecmo", "==", True)), ward).data, "B")
    assert (b["end_day"], b["event"], b["start_day"]) == (7, 0, NEVER)


def test_who_was_infused_after_leaving_keeps_the_day_of_leaving():
    ward = stay(stay(stay(Ward(), "A").infusion("A", 5), "B", until=6).infusion("B", 8), "C")
    b = person(built(protocol(), ward).data, "B")
    assert (b["end_day"], b["event"], b["start_day"]) == (6, 2, NEVER)


def test_who_breaks_a_rule_and_was_treated_on_day_0_leaves_without_moving_the_others():
    ward = stay(Ward(), "A", age=10).infusion("A", 0.5)
    stay(stay(ward, "B").infusion("B", 5), "C")
    data = built(protocol(ADULTS), ward).data
    assert data.people["person"].to_list() == ["B", "C"] and pairs_of(data) == {("B", "C")}


def test_a_later_treated_control_keeps_the_outcome_as_it_happened():
    ward = stay(Ward(), "A").infusion("A", 5)
    stay(ward, "B", until=12, kind="died").infusion("B", 8)
    b = person(built(protocol(), ward).data, "B")
    assert (b["end_day"], b["event"], b["start_day"]) == (12, 1, 8)


def test_who_was_treated_elsewhere_is_untreated_until_the_day_before():
    plan = protocol(treat="tocilizumab")
    own = stay(stay(Ward(), "A").episode("A", "tocilizumab", 5), "B")
    other = Ward("individual_external", source="ELSEWHERE")
    stay(other, "A", until=12, kind="died").episode("A", "tocilizumab", 8)  # the same name in another source
    stay(other, "B")
    data = built(plan, own, other).data
    theirs = data.people.filter((pl.col("source") == "ELSEWHERE") & (pl.col("person") == "A")).row(0, named=True)
    assert (theirs["end_day"], theirs["event"], theirs["start_day"]) == (7, 0, NEVER)
    assert person(data, "A")["start_day"] == 5 and len(data.treated) == 1


def test_without_the_calendar_rule_everybody_has_room():
    ward = stay(Ward(), "A", until=12).infusion("A", 5)
    ward.person("B", ventilated=3, until=12).outcome("B", "seen_alive", 12)
    plan = protocol(lock=on(12))
    assert pairs_of(built(plan, ward).data) == {("A", None)}
    free = built(plan, ward, calendar_rule=False).data
    assert pairs_of(free) == {("A", "B")} and (free.people["potential_days"] == NEVER).all()


# attrition


def steps(plan, *wards):
    return [(r.rule, r.n_before, r.n_after) for r in built(plan, *wards).data.attrition]


def test_attrition_leads_from_every_subject_to_the_sets():
    ward = Ward().person("Z", ventilated=None)  # never ventilated
    stay(ward, "Y", until=20)  # never treated
    ward.person("A", until=2).outcome("A", "left_hospital_alive", 9).infusion("A", 5)  # off the ventilator
    stay(ward, "B", until=20, age=10).infusion("B", 5)
    stay(ward, "C", until=20).infusion("C", 5).episode("C", "ecmo", 3)
    stay(ward, "D", until=20).infusion("D", 5)
    stay(ward, "E", until=30).infusion("E", 25)  # nobody else is there
    assert steps(protocol(ADULTS, rule("E1", "ecmo", "==", True)), ward) == [
        ("clock", 7, 6),
        ("treated", 6, 5),
        ("state", 5, 4),
        ("I1", 4, 3),
        ("E1", 3, 2),
        ("set", 2, 1),
    ]


def test_a_patient_treated_without_a_day_zero_is_told():
    ward = stay(stay(Ward(), "A").infusion("A", 5), "B").person("Z", ventilated=None).infusion("Z", 5)
    first = built(protocol(), ward).data.attrition[0]
    assert first.reason == "day zero is recorded (1 treated without it)"
    assert first.reason_es == "consta el día cero (1 tratados sin él)"


def test_patients_of_another_source_are_no_part_of_the_attrition():
    ward = stay(stay(Ward(), "A").infusion("A", 5), "B")
    other = stay(Ward("individual_external", source="ELSEWHERE"), "P").episode("P", "tocilizumab", 3)
    assert steps(protocol(), ward, other) == [("clock", 2, 2), ("treated", 2, 1), ("state", 1, 1), ("set", 1, 1)]


@settings(deadline=None, max_examples=25)
@given(studies())
def test_attrition_adds_up_and_the_days_of_a_set_fit_each_other(drawn):
    plan, own, other = drawn
    found = built(plan, own, other)
    rows = found.data.attrition
    assert all(a.n_after == b.n_before for a, b in pairwise(rows)) and all(r.n_after <= r.n_before for r in rows)
    treated = treated_follow_up(found.data)
    assert len(treated.person) == rows[-2].n_after == rows[-1].n_after + len(found.sets.unmatched)
    assert set_pairs(found.data, treated).misaligned == ()
    assert (found.data.people["end_day"] >= 0).all()
    controls = found.data.sets["control"].drop_nulls()
    assert len(controls) == len(found.sets.pairs["control"].drop_nulls())


# clocks and dates


def test_a_source_that_names_no_clock_takes_that_of_the_study():
    assert clock_of(Ward(clock="other").records(), "icu") == "icu"
    assert clock_of(Ward(clock="severe_state").records(), "icu") == "severe_state"


@pytest.mark.parametrize(("basis", "dated"), [("calendar", True), ("shifted", False), ("day_only", False)])
def test_only_true_calendar_dates_are_dates(basis, dated):
    assert is_dated(Ward(basis=basis).records()) is dated


def test_the_lock_is_that_of_the_study_and_not_of_similar_cases():
    own, other = stay(Ward(), "A", until=12), stay(Ward("individual_external"), "P", until=12)
    groups = cohort(protocol(lock=on(6)), own, other).groups
    assert [int(g.course.people["potential_days"][0]) for g in groups] == [5, NEVER]  # day 6 is cut by the lock
    assert [int(g.course.people["end_day"][0]) for g in groups] == [6, 12]


def test_patients_treated_before_their_day_zero_are_named():
    ward = Ward().person("B", ventilated=5).infusion("B", 2).person("A", ventilated=5).infusion("A", 4.9)
    assert cohort(protocol(), ward).early == ("A", "B")


# the classic


@cache
def stanford():
    inputs = read_study(EXAMPLES / "stanford-heart")
    return inputs.protocol, build_cohort(inputs.protocol, inputs.records)


@pytest.mark.parametrize(
    ("options", "lost", "expected", "p", "mid_p"),
    [
        ({"calendar_rule": False}, "alive", 10.4300, 0.524821, 0.457460),
        ({}, "dead", 10.5900, 0.503053, 0.436230),
        ({"same_day": "after"}, "dead", 10.0390, 0.578084, None),
        ({"calendar_rule": False, "never_treated_only": True}, "alive", 24.4205, 0.000061, None),
    ],
    ids=["i: all followed", "ii: calendar rule", "ii, same day after", "iii: never transplanted"],
)
def test_stanford_risk_sets_from_the_folder(options, lost, expected, p, mid_p):
    found = build(*stanford(), **options)
    test = risk_set_test(found.data, treated_lost=lost)
    assert (test.observed, test.n_matched) == (10, 69)
    assert test.expected == pytest.approx(expected, abs=5e-5) and test.p == pytest.approx(p, abs=5e-7)
    assert mid_p is None or test.mid_p == pytest.approx(mid_p, abs=5e-7)


def test_stanford_sets_hold_3_to_101_controls():
    sizes = build(*stanford(), calendar_rule=False).data.sets.group_by("set_id").len()["len"]
    assert (sizes.min(), sizes.max()) == (3, 101)


def test_stanford_attrition_loses_nobody_but_the_untransplanted():
    assert [(r.rule, r.n_before, r.n_after) for r in build(*stanford()).data.attrition] == [
        ("clock", 103, 103),
        ("treated", 103, 69),
        ("state", 69, 69),
        ("set", 69, 69),
    ]
    assert (stanford()[1].own.people["event"] == 1).sum() == 75
