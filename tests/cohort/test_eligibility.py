"""Eligibility by day, by hand: true, false or not known, from what was known at the start of that day."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_ward import START, Ward, facts, on, rule

from onearm.cohort.eligibility import FALSE, TRUE, UNKNOWN, eligible_on_day, in_words, judge, keeps
from onearm.vocabulary.scales import SOFA_PARTS

PF = {"unit": "mmHg"}


def answer(ward, asked, day=5, **options):
    """The answer for the one patient of a ward."""
    return int(judge(asked, facts(ward, **options), day)[0])


def pf(value, when, **more):
    return Ward().person("A").sample("A", "pf_ratio", value, when, **more)


# numbers, bands and limits


@pytest.mark.parametrize(
    ("op", "value", "told"),
    [
        (">=", 60, TRUE),
        (">=", 61, FALSE),
        (">", 60, FALSE),
        (">", 59, TRUE),
        ("<=", 60, TRUE),
        ("<=", 59, FALSE),
        ("<", 60, FALSE),
        ("<", 61, TRUE),
        ("==", 60, TRUE),
        ("==", 61, FALSE),
        ("!=", 60, FALSE),
        ("!=", 61, TRUE),
        ("between", [60, 70], TRUE),
        ("between", [50, 60], TRUE),
        ("between", [61, 70], FALSE),
        ("in", [18, 60], TRUE),
        ("in", [18, 61], FALSE),
        ("not_in", [18, 60], FALSE),
        ("not_in", [18, 61], TRUE),
    ],
)
def test_every_operator_on_an_exact_number(op, value, told):
    assert answer(Ward().person("A", age=60), rule(op=op, value=value)) == told


@pytest.mark.parametrize(
    ("op", "value", "told"),
    [
        (">=", 60, TRUE),
        (">=", 62, UNKNOWN),
        (">=", 65, FALSE),
        (">", 64, UNKNOWN),
        ("<", 65, TRUE),
        ("<=", 64, UNKNOWN),
        ("<", 60, FALSE),
        ("==", 62, UNKNOWN),
        ("==", 65, FALSE),
        ("!=", 62, UNKNOWN),
        ("!=", 65, TRUE),
        ("between", [60, 65], TRUE),
        ("between", [62, 80], UNKNOWN),
        ("between", [65, 80], FALSE),
        ("in", [62, 80], UNKNOWN),
        ("not_in", [70, 80], TRUE),
    ],
)
def test_an_age_band_of_60_to_65_is_known_only_outside_the_band(op, value, told):
    ward = Ward().person("A", age_low=60, age_high=65)
    assert answer(ward, rule(op=op, value=value)) == told


@pytest.mark.parametrize(("op", "value", "told"), [(">=", 18, TRUE), ("<", 90, FALSE), (">", 95, UNKNOWN)])
def test_age_90_or_more_has_no_upper_end(op, value, told):
    assert answer(Ward().person("A", age_low=90), rule(op=op, value=value)) == told


@pytest.mark.parametrize(
    ("sign", "op", "value", "told"),
    [
        ("<", "<", 5, TRUE),
        ("<", ">=", 5, FALSE),
        ("<", ">", 4, UNKNOWN),
        ("<=", ">=", 5, UNKNOWN),
        (">", ">", 5, TRUE),
        (">", "<=", 5, FALSE),
        (">", ">=", 6, UNKNOWN),
        (">=", "<=", 5, UNKNOWN),
        ("=", ">=", 5, TRUE),
    ],
)
def test_a_value_beyond_an_assay_limit_is_known_only_on_its_side(sign, op, value, told):
    ward = Ward().person("A").sample("A", "crp", 5, 4.5, sign=sign)
    assert answer(ward, rule(what="crp", op=op, value=value, unit="mg/L")) == told


def test_a_limit_in_another_unit_is_converted():
    ward = Ward().person("A").sample("A", "crp", 120, 4.5)
    assert answer(ward, rule(what="crp", op=">", value=12, unit="mg/dL")) == FALSE
    assert answer(ward, rule(what="crp", op=">", value=11.9, unit="mg/dL")) == TRUE


@pytest.mark.parametrize(("failing", "told"), [(4, TRUE), (3, FALSE)])
def test_organ_failures_are_sofa_parts_of_3_or_4(failing, told):
    ward = Ward().person("A")
    for k, part in enumerate(SOFA_PARTS):
        ward.sample("A", part, 3 if k < failing else 2, 4.5)
    assert answer(ward, rule("E3", "organ_failures", ">", 3)) == told


def test_organ_failures_are_not_known_unless_all_six_parts_are():
    ward = Ward().person("A")
    for part in SOFA_PARTS[:5]:
        ward.sample("A", part, 4, 4.5)
    assert answer(ward, rule("E3", "organ_failures", ">", 3)) == UNKNOWN


def test_apache_and_the_day_of_the_clock_are_numbers_too():
    ward = Ward().person("A", apache2=21)
    assert answer(ward, rule(what="apache2", op=">", value=20)) == TRUE
    assert answer(Ward().person("A"), rule(what="apache2", op=">", value=20)) == UNKNOWN
    assert [answer(ward, rule(what="day", op="<=", value=5), day) for day in (5, 6)] == [TRUE, FALSE]


# dates


@pytest.mark.parametrize(
    ("op", "value", "told"),
    [
        (">=", on(5), TRUE),
        (">", on(5), FALSE),
        ("between", [on(0), on(5)], TRUE),
        ("in", [on(4), on(6)], FALSE),
    ],
)
def test_the_calendar_is_the_date_of_the_day_judged(op, value, told):
    assert answer(Ward().person("A"), rule(what="calendar", op=op, value=value)) == told


@pytest.mark.parametrize("basis", ["day_only", "shifted"])
def test_of_dates_that_mean_nothing_the_month_of_arrival_is_known(basis):
    ward = Ward(basis=basis).person("A", calendar_month="2021-03", hospital_at=on(-2))  # day zero 2 days after arrival
    inside = [date(2021, 3, 8), date(2021, 4, 7)]  # the judged day 5 lies 7 days after a day of March
    assert answer(ward, rule(what="calendar", op="between", value=inside)) == TRUE
    assert answer(ward, rule(what="calendar", op=">=", value=date(2021, 3, 9))) == UNKNOWN
    assert answer(ward, rule(what="calendar", op=">", value=date(2021, 4, 7))) == FALSE
    assert answer(Ward(basis=basis).person("A"), rule(what="calendar", op=">=", value=date(2020, 1, 1))) == UNKNOWN


def test_shifted_dates_that_agree_with_the_month_of_arrival_are_taken_as_they_are():
    arrived = on(-2)
    ward = Ward(basis="shifted").person("A", calendar_month=f"{arrived:%Y-%m}", hospital_at=arrived)
    assert answer(ward, rule(what="calendar", op="==", value=on(5))) == TRUE


# words and states


@pytest.mark.parametrize(
    ("op", "value", "told"),
    [("==", "male", FALSE), ("!=", "male", TRUE), ("in", ["male", "female"], TRUE), ("not_in", ["female"], FALSE)],
)
def test_words_are_equal_or_not(op, value, told):
    assert answer(Ward().person("A", sex="female"), rule(what="sex", op=op, value=value)) == told


@pytest.mark.parametrize("what", ["sex", "diabetes", "region"])
def test_an_unknown_word_answers_nothing(what):
    assert answer(Ward().person("A"), rule(what=what, op="==", value="yes")) == UNKNOWN
    assert answer(Ward().person("A"), rule(what=what, op="not_in", value=["yes"])) == UNKNOWN


def test_the_site_of_a_patient_is_a_word():
    assert answer(Ward().person("A"), rule(what="site", op="==", value="S01")) == TRUE


@pytest.mark.parametrize(
    ("start", "end", "window", "told"),
    [
        (2, 3, 1, FALSE),
        (2, 4.5, 1, TRUE),
        (2, 4.5, 0, FALSE),
        (2, 5.5, 0, TRUE),
        (2, None, 1, TRUE),
        (4.9, 4.95, 1, TRUE),
        (5.1, 8, 1, FALSE),
        (5.0, 8, 1, FALSE),
        (2, 2.1, 3, TRUE),
        (2, 2.1, 2, FALSE),
        (on(4), on(4), 1, TRUE),
        (on(5), on(6), 1, FALSE),
    ],
)
def test_an_episode_counts_when_it_touched_the_window_before_the_start_of_the_day(start, end, window, told):
    ward = Ward().person("A").episode("A", "ecmo", start, end)
    assert answer(ward, rule("E4", "ecmo", "==", True, window_days=window)) == told


@pytest.mark.parametrize(("start", "told"), [(4.2, TRUE), (2, UNKNOWN), (5.5, FALSE)])
def test_an_episode_whose_end_is_not_known_counts_for_sure_only_where_it_began(start, told):
    ward = Ward().person("A").episode("A", "corticosteroid", start, ongoing=False)
    assert answer(ward, rule("E1", "corticosteroid", "==", True)) == told
    assert answer(ward, rule("E1", "corticosteroid", "!=", True)) == (told if told == UNKNOWN else 1 - told)


def test_another_episode_that_surely_goes_on_settles_it():
    ward = Ward().person("A").episode("A", "corticosteroid", 2, ongoing=False).episode("A", "corticosteroid", 3)
    assert answer(ward, rule("E1", "corticosteroid", "==", True)) == TRUE


def test_on_day_0_what_began_by_then_is_going_on():
    for start in (-1, 0, on(0)):
        assert answer(Ward().person("A").episode("A", "ecmo", start), rule("E4", "ecmo", "==", True), 0) == TRUE
    for start in (0.1, on(1)):
        assert answer(Ward().person("A").episode("A", "ecmo", start), rule("E4", "ecmo", "==", True), 0) == FALSE


def test_a_source_of_ours_records_every_kind_and_another_only_what_occurs_in_it():
    asked = rule("E4", "ecmo", "==", True)
    assert answer(Ward().person("A"), asked) == FALSE
    foreign = Ward("individual_external").person("A")
    assert answer(foreign, asked) == UNKNOWN
    assert answer(foreign.person("B").episode("B", "ecmo", 1, 2), asked) == FALSE


# when a value counts


@pytest.mark.parametrize(
    ("when", "told"),
    [(4.5, TRUE), (5.0, TRUE), (5.01, UNKNOWN), (4.0, TRUE), (3.99, UNKNOWN), (on(4), TRUE), (on(5), UNKNOWN)],
)
def test_a_value_counts_from_its_hour_and_one_day_back_and_a_date_from_the_next_day(when, told):
    assert answer(pf(150, when), rule(what="pf_ratio", op="<", value=200, **PF)) == told


@pytest.mark.parametrize(("window", "told"), [(0, UNKNOWN), (1, UNKNOWN), (2, TRUE), (3, TRUE)])
def test_the_window_says_how_old_a_value_may_be(window, told):
    assert answer(pf(150, 3.0), rule(what="pf_ratio", op="<", value=200, window_days=window, **PF)) == told


def test_a_value_of_the_date_of_day_zero_counts_on_day_0():
    for when in (-0.5, 0.0, on(0)):
        assert answer(pf(150, when), rule(what="pf_ratio", op="<", value=200, **PF), 0) == TRUE
    assert answer(pf(150, 0.1), rule(what="pf_ratio", op="<", value=200, **PF), 0) == UNKNOWN


def test_a_value_known_to_the_month_says_nothing_of_a_day():
    ward = pf(150, 4.5)
    ward.rows["measurements"][0] |= {"collected_at_precision": "month", "collected_at": START.replace(day=15, hour=12)}
    assert answer(ward, rule(what="pf_ratio", op="<", value=200, window_days=30, **PF), 20) == UNKNOWN


def test_the_latest_value_counts_and_of_one_sample_the_last_repeat():
    ward = pf(300, 4.8).sample("A", "pf_ratio", 150, 4.9).sample("A", "pf_ratio", 250, 4.2)
    assert answer(ward, rule(what="pf_ratio", op="<", value=200, **PF)) == TRUE
    assert (
        answer(ward.sample("A", "pf_ratio", 210, 4.9, replicate=2), rule(what="pf_ratio", op="<", value=200, **PF)) == 0
    )


def test_a_sample_without_a_number_hides_no_older_value():
    assert (
        answer(pf(150, 4.2).sample("A", "pf_ratio", None, 4.8), rule(what="pf_ratio", op="<", value=200, **PF)) == TRUE
    )


# who stays


@pytest.mark.parametrize(
    ("id", "missing", "stays"),
    [
        ("I1", "exclude", [True, False, False]),
        ("I1", "include_flag", [True, False, True]),
        ("E1", "exclude", [False, True, False]),
        ("E1", "include_flag", [False, True, True]),
    ],
)
def test_inclusions_keep_the_true_exclusions_drop_them_the_unknown_as_the_rule_says(id, missing, stays):
    told = np.array([TRUE, FALSE, UNKNOWN], dtype=np.int8)
    assert keeps(rule(id, missing=missing), told).tolist() == stays


def three_ages():
    return Ward().person("A", age=70).person("B", age=10).person("C", age_low=10, age_high=20)


def test_attrition_goes_rule_by_rule_and_the_kept_unknown_are_told():
    rules = [rule("I1", missing="include_flag"), rule("E1", "age", ">", 65, text="older than 65")]
    judged = eligible_on_day(rules, facts(three_ages()), 0)
    assert judged.eligible.tolist() == [False, False, True]
    assert [(r.rule, r.n_before, r.n_after, r.reason) for r in judged.attrition] == [
        ("I1", 3, 2, "age >= 18"),
        ("E1", 2, 1, "older than 65"),
    ]
    assert judged.unknown == (("I1", 1),)


def test_only_those_asked_about_are_counted():
    judged = eligible_on_day([rule()], facts(three_ages()), 0, np.array([True, False, False]))
    assert judged.eligible.tolist() == [True, False, False]
    assert (judged.attrition[0].n_before, judged.attrition[0].n_after) == (1, 1)


def test_without_rules_everybody_may_enter():
    judged = eligible_on_day([], facts(three_ages()), 3)
    assert judged.eligible.all() and judged.attrition == ()


def test_a_rule_reads_as_it_stands_in_the_protocol():
    assert in_words(rule(what="pf_ratio", op="<", value=200, **PF)) == "pf_ratio < 200 mmHg"
    assert in_words(rule(what="sex", op="in", value=["female", "male"])) == "sex in female, male"


# nothing after the start of the day is looked at

ASKED = [
    rule("I1", "pf_ratio", "<", 200, window_days=3, **PF),
    rule("I2", "crp", ">=", 50, unit="mg/L"),
    rule("E1", "ecmo", "==", True, window_days=2),
    rule("E2", "corticosteroid", "!=", True),
    rule("E3", "organ_failures", ">", 3),
]
MARKERS = ("pf_ratio", "crp", *SOFA_PARTS)
DRUGS = ("ecmo", "corticosteroid")


def lay(ward, draw, names, first, last, first_date=None):
    """Rows after the hour `first` of the clock, or on `first_date` or later, the same ones for all `names`."""
    first_date = first if first_date is None else first_date
    for _ in range(draw(st.integers(0, 4))):
        exact, ongoing = draw(st.booleans()), draw(st.booleans())
        when = (
            first + draw(st.integers(1, 8 * (last - first))) / 8 if exact else on(draw(st.integers(first_date, last)))
        )
        marker, drug = draw(st.sampled_from(MARKERS)), draw(st.sampled_from(DRUGS))
        value, sign = (
            draw(st.integers(0, 4) if "sofa" in marker else st.integers(15, 400)),
            draw(st.sampled_from("=<>")),
        )
        end, is_sample = None if ongoing else draw(st.none() | st.just(on(60))), draw(st.booleans())
        for name in names:
            if is_sample:
                ward.sample(name, marker, value, when, sign=sign)
            else:
                ward.episode(name, drug, when, end, ongoing=ongoing)


@st.composite
def twins(draw):
    """A day, and a ward of two patients who are alike but for what happens to B later than the start of that day."""
    day, zero = draw(st.integers(0, 12)), draw(st.sampled_from([0, on(0)]))
    ward = Ward(draw(st.sampled_from(["own_study", "individual_external"])), quick=True)
    for name in "ABC":
        ward.person(name, ventilated=zero)
    for drug in DRUGS:  # every kind occurs in the source: whether it is recorded there is no question of a patient
        ward.episode("C", drug, on(0), on(0))
    lay(ward, draw, "AB", -2, 12)
    # what has the date of day zero and no hour counts on day 0; so does all of that day when day zero has no hour
    lay(ward, draw, "B", max(day, int(zero != 0)), 20, first_date=max(day, 1))
    return day, ward


@settings(deadline=None, max_examples=80)
@given(twins())
def test_what_comes_later_than_the_day_never_changes_an_answer(drawn):
    day, ward = drawn
    known = facts(ward)
    for asked in ASKED:
        a, b, _ = judge(asked, known, day)
        assert a == b, asked.id
