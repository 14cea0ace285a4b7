"""Risk sets by hand: who was still there, untreated and alike on the same day."""

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_ward import Ward, cohort, on, protocol, rule, stay, studies

from onearm.cohort.analysis_set import NEVER
from onearm.cohort.build import build
from onearm.cohort.day_states import in_state_on
from onearm.cohort.risk_sets import OFF_STATE, alike, risk_sets


def found_in(plan, *wards, **options):
    groups = cohort(plan, *wards).groups
    return groups, risk_sets(groups, plan.population.rules, plan.matching, plan.horizon_days, **options)


def sets_of(plan, *wards, **options):
    """Names of the controls of each treated patient."""
    groups, found = found_in(plan, *wards, **options)
    names = [name for g in groups for name in g.course.people["person"]]
    sets = {names[t]: "" for t in found.pairs["treated"].unique()}
    for t, c in found.pairs.select("treated", "control").sort("control").iter_rows():
        sets[names[t]] += "" if c is None else names[c]
    return sets


def ward_of(names, **options):
    ward = Ward(**options)
    for name in names:
        stay(ward, name)
    return ward


def test_whoever_is_treated_later_is_a_control_until_then():
    ward = ward_of("ABCD").infusion("A", 3).infusion("B", 5).infusion("C", 5.5)
    assert sets_of(protocol(), ward) == {"A": "BCD", "B": "D", "C": "D"}  # B and C on the same day: neither's control


def test_the_form_that_conditions_on_the_future_takes_the_never_treated_alone():
    ward = ward_of("ABCD").infusion("A", 3).infusion("B", 5)
    assert sets_of(protocol(), ward, never_treated_only=True) == {"A": "CD", "B": "CD"}


@pytest.mark.parametrize(
    ("until", "seen", "kind", "is_control"),
    [
        (5.5, 9, "left_hospital_alive", True),  # extubated on the index day
        (4.5, 9, "left_hospital_alive", False),  # extubated the day before
        (20, 5.5, "died", True),  # dies on the index day
        (20, 4.5, "died", False),
        (20, 5.5, "seen_alive", True),  # lost on the index day
        (20, 4.5, "lost", False),
    ],
)
def test_a_control_is_ventilated_and_followed_at_the_start_of_the_day(until, seen, kind, is_control):
    ward = ward_of("A").infusion("A", 5)
    ward.person("B", until=min(until, seen)).outcome("B", kind, seen)
    assert sets_of(protocol(), ward) == {"A": "B" if is_control else ""}


def test_a_reintubated_patient_is_a_control_again():
    ward = ward_of("A").infusion("A", 5)
    stay(ward, "B", until=2, seen=12).episode("B", "invasive_ventilation", 4, 12)
    stay(ward, "C", until=2, seen=12).episode("C", "invasive_ventilation", 5.1, 12)
    assert sets_of(protocol(), ward) == {"A": "B"}


def test_a_treated_patient_off_the_ventilator_has_no_set():
    ward = ward_of("BC").infusion("B", 5)
    stay(ward, "A", until=2, seen=12).infusion("A", 5)
    _, found = found_in(protocol(), ward)
    assert found.left_out == (("A", OFF_STATE),) and found.pairs["set_id"].unique().to_list() == [0]


def test_the_first_rule_broken_on_the_index_day_is_the_reason():
    ward = ward_of("B").infusion("B", 5)
    stay(ward, "A", age=10).infusion("A", 5).episode("A", "ecmo", 2)
    plan = protocol(rule("I1"), rule("E1", "ecmo", "==", True))
    assert found_in(plan, ward)[1].left_out == (("A", "I1"),)
    stay(ward, "C").infusion("C", 5).episode("C", "ecmo", 2)
    assert found_in(plan, ward)[1].left_out == (("A", "I1"), ("C", "E1"))


def test_a_control_fulfils_the_rules_on_the_day_not_before_or_after():
    ward = ward_of("ABCD").infusion("A", 5)
    ward.episode("B", "ecmo", 2).episode("C", "ecmo", 2, 3).episode("D", "ecmo", 6)
    assert sets_of(protocol(rule("E1", "ecmo", "==", True)), ward) == {"A": "CD"}


def test_nobody_alike_leaves_a_set_without_controls():
    _, found = found_in(protocol(), ward_of("A").infusion("A", 5))
    assert found.unmatched == ("A",) and found.pairs.rows() == [(0, 0, None)]


def test_nobody_treated_makes_no_set():
    _, found = found_in(protocol(), ward_of("AB"))
    assert found.pairs.is_empty() and found.left_out == found.unmatched == ()


def test_sets_are_numbered_in_order_of_person():
    _, found = found_in(protocol(), ward_of("CBA").infusion("C", 1).infusion("A", 9))
    treated = found.pairs.unique("set_id").sort("set_id")["treated"].to_list()
    assert treated == [0, 2]  # A, then C; B is nobody's treated


# room until the lock


def test_a_control_has_room_for_the_whole_horizon_or_as_much_as_its_treated():
    ward = ward_of("A").infusion("A", 5)
    for name, day in (("B", 0), ("C", 3), ("D", -3)):
        ward.person(name, ventilated=day, until=40).outcome(name, "seen_alive", 40)
    # horizon 10: A has 20 - 5 = 15 days, B 15, C 12, D 18; lock 5 days earlier: A 10, B 10, C 7, D 13
    assert sets_of(protocol(lock=on(20)), ward) == {"A": "BCD"}
    assert sets_of(protocol(lock=on(15)), ward) == {"A": "BD"}
    # 5 days for A itself: B has 5, C 2
    assert sets_of(protocol(lock=on(10)), ward) == {"A": "BD"}


def test_without_a_lock_everybody_has_room():
    ward = ward_of("A").infusion("A", 5)
    ward.person("B", ventilated=25, until=35).outcome("B", "seen_alive", 35)
    assert sets_of(protocol(), ward) == {"A": "B"}


# calipers


@pytest.mark.parametrize(
    ("same", "columns", "controls"),
    [
        (("sex",), {"sex": "female"}, "B"),
        (("diabetes",), {"diabetes": "yes"}, "B"),
        (("sex", "diabetes"), {"sex": "female", "diabetes": "yes"}, "B"),
        (("region",), {"region": "north"}, "B"),
        (("site",), {}, "BCD"),
    ],
)
def test_same_words_match_and_the_unknown_matches_nobody(same, columns, controls):
    ward = Ward()
    stay(ward, "A", **columns).infusion("A", 5)
    stay(ward, "B", **columns)
    stay(ward, "C", **{k: {"female": "male", "yes": "no"}.get(v, "south") for k, v in columns.items()})
    stay(ward, "D")  # not known
    assert sets_of(protocol(same=same), ward) == {"A": controls}


def test_an_unknown_of_the_treated_matches_nobody():
    ward = ward_of("AB").infusion("A", 5)
    assert sets_of(protocol(same=("sex",)), ward) == {"A": ""}


def test_the_same_drug_is_going_on_in_both_or_in_neither():
    ward = ward_of("ABCD").infusion("A", 5).infusion("C", 8)
    for name, start in (("A", 2), ("B", 4), ("D", 6)):
        ward.episode(name, "corticosteroid", start)
    assert sets_of(protocol(same=("corticosteroid",)), ward) == {"A": "B", "C": ""}  # by day 8 all others have it


def test_ages_lie_within_their_caliper_bands_by_their_middle():
    ward = Ward()
    stay(ward, "A", age=60).infusion("A", 5)
    for name, age in (("B", {"age": 50}), ("C", {"age": 49.9}), ("D", {"age_low": 65, "age_high": 75})):
        stay(ward, name, **age)
    stay(ward, "E", age_low=90)  # no middle
    assert sets_of(protocol(age_years=10), ward) == {"A": "BD"}


def test_calendar_days_apart_are_of_the_same_day_of_the_clock():
    ward = ward_of("A").infusion("A", 5)
    for name, day in (("B", 28), ("C", 29), ("D", -28)):
        ward.person(name, ventilated=day, until=day + 20).outcome(name, "died", day + 20)
    assert sets_of(protocol(calendar_days=28), ward) == {"A": "BD"}


def test_markers_lie_within_their_caliper_on_the_day():
    ward = ward_of("ABCD").infusion("A", 5)
    for name, value in (("A", 150), ("B", 200), ("C", 201)):
        ward.sample(name, "pf_ratio", value, 4.5)
    ward.sample("B", "pf_ratio", 400, 5.5)  # later: not looked at
    assert sets_of(protocol(markers={"pf_ratio": 50.0}), ward) == {"A": "B"}  # D has no value


def test_every_caliper_must_hold():
    ward = Ward()
    for name, age, sex in (("A", 60, "male"), ("B", 61, "male"), ("C", 61, "female"), ("D", 90, "male")):
        stay(ward, name, age=min(age, 89), sex=sex)
    assert sets_of(protocol(same=("sex",), age_years=5), ward.infusion("A", 5)) == {"A": "B"}


# two sources


def similar(names="PQ", **options):
    return ward_of(names, kind="individual_external", source="ELSEWHERE", **options)


def test_patients_of_another_source_are_controls_too():
    assert sets_of(protocol(), ward_of("AB").infusion("A", 5), similar()) == {"A": "BPQ"}


def test_a_source_keeps_its_own_clock():
    other = Ward("individual_external", source="ELSEWHERE", clock="severe_state")
    other.person("P", ventilated=None).episode("P", "severe_state", 0, 30).outcome("P", "died", 30)
    assert sets_of(protocol(), ward_of("A").infusion("A", 5), other) == {"A": "P"}


def test_who_was_treated_elsewhere_is_a_control_until_then_and_no_treated_patient_of_the_study():
    plan = protocol(treat="tocilizumab")
    own = ward_of("ABC").episode("A", "tocilizumab", 5).episode("B", "tocilizumab", 8)
    other = similar().episode("P", "tocilizumab", 7)
    assert sets_of(plan, own, other) == {"A": "BCPQ", "B": "CQ"}


def test_a_source_in_which_everybody_was_treated_gives_no_controls():
    plan = protocol(treat="tocilizumab")
    own = ward_of("AB").episode("A", "tocilizumab", 5).episode("B", "tocilizumab", 8)
    assert sets_of(plan, own, similar()) == {"A": "PQ", "B": "PQ"}
    both = similar().episode("P", "tocilizumab", 7).episode("Q", "tocilizumab", 9)
    assert sets_of(plan, own, both) == {"A": "", "B": ""}
    data = build(plan, cohort(plan, own, both)).data
    assert data.people["person"].sort().to_list() == ["A", "B"]  # nobody's untreated days count


def test_of_a_source_without_dates_nobody_is_within_calendar_days():
    ward = ward_of("AB").infusion("A", 5)
    assert sets_of(protocol(calendar_days=1000), ward, similar(basis="day_only")) == {"A": "B"}


def test_equal_names_in_two_sources_are_two_persons():
    found = found_in(protocol(), ward_of("AB").infusion("A", 5), similar("AB"))[1]
    assert found.pairs.select("treated", "control").rows() == [(0, 1), (0, 2), (0, 3)]


# for every ward


@settings(deadline=None, max_examples=40)
@given(studies())
def test_what_holds_of_every_risk_set(drawn):
    plan, own, other = drawn
    groups, found = found_in(plan, own, other)
    people = pl.concat([g.course.people for g in groups])
    start = people["start_day"].to_list()
    for treated, control in found.pairs.select("treated", "control").iter_rows():
        day = start[treated]
        assert treated < groups[0].course.people.height and 0 <= day < NEVER
        for who in (treated, control):
            if who is not None:
                group = groups[who >= groups[1].offset]
                assert in_state_on(group.course, day)[who - group.offset]
        assert control != treated and (control is None or start[control] > day)
        if control is not None:
            near = groups[control >= groups[1].offset]
            assert alike(groups[0], treated, near, day, plan.matching)[control - near.offset]
    counted = found.pairs["treated"].n_unique() + len(found.left_out)
    assert counted == sum(s < NEVER for s in groups[0].course.people["start_day"])
    assert not found.pairs.is_duplicated().any()


@settings(deadline=None, max_examples=20)
@given(studies(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(drawn, random):
    plan, own, other = drawn
    before = sets_of(plan, own, other)
    for ward in (own, other):
        for rows in ward.rows.values():
            random.shuffle(rows)
    assert sets_of(plan, own, other) == before


@settings(deadline=None, max_examples=20)
@given(studies())
def test_a_narrower_caliper_never_adds_a_control(drawn):
    plan, own, other = drawn
    wide = sets_of(replace(plan, matching=replace(plan.matching, age_years=None)), own, other)
    narrow = sets_of(replace(plan, matching=replace(plan.matching, age_years=10.0)), own, other)
    assert all(set(narrow[name]) <= set(wide[name]) for name in narrow)
