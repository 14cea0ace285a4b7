"""What a rule may ask, before any patient is judged."""

from datetime import date

import pytest

from onearm.protocol.eligibility import FIXED, SAME, Asked, asked, asked_name, bounds, check_rule, in_toml, is_exclusion
from onearm.protocol.study import Rule

LIST_OF_NAMES = "docs/how-to/study-folder.md lists what a rule may ask."


def rule(what="age", op=">=", value=18, *, id="I1", **more):
    return Rule(id, what, op, value, **more)


GOOD = [
    rule(),
    rule(unit="years"),
    rule(value=18.5),
    rule(op="between", value=[18, 80]),
    rule(op="between", value=[18, 18]),
    rule(op="in", value=[18, 19]),
    rule(op="!=", value=18),
    rule("pf_ratio", "<", 200, unit="mmHg"),
    rule("pf_ratio", "<", 26.7, unit="kPa", window_days=0),
    rule("fio2", ">=", 50, unit="%"),
    rule("gcs", "<", 9),
    rule("gcs", "<", 9, unit="1"),
    rule("organ_failures", ">", 3, id="E3"),
    rule("apache2", "<=", 25),
    rule("day", "<=", 14),
    rule("sex", "==", "female"),
    rule("diabetes", "in", ["yes", "no"], id="E12"),
    rule("site", "not_in", ["S01", "S02"]),
    rule("region", "!=", "anything goes"),
    rule("calendar", ">=", date(2020, 3, 8)),
    rule("calendar", "between", [date(2020, 3, 8), date(2020, 4, 30)]),
    rule("ecmo", "==", True, id="E4"),
    rule("corticosteroid", "!=", False),
]


@pytest.mark.parametrize("good", GOOD, ids=lambda r: f"{r.marker_or_state} {r.op}")
def test_a_rule_that_makes_sense_passes(good):
    assert check_rule(good) == ()
    if asked(good) in (Asked.NUMBER, Asked.DATE):
        assert bounds(good)


@pytest.mark.parametrize(
    ("wrong", "sentence", "remedy"),
    [
        (rule(id="X1"), "rule 'X1': the id says what it does.", "Name inclusions I1, I2, ..., exclusions E1, ..."),
        (rule(id="I"), "rule 'I': the id says what it does.", "Name inclusions I1, I2, ..., exclusions E1, ..."),
        (rule("ferritine"), "rule I1: 'ferritine' is nothing a rule may ask.", "Did you mean ferritin?"),
        (rule("vasopressin"), "rule I1: 'vasopressin' is nothing a rule may ask.", "Did you mean other_vasopressor?"),
        (rule("zzz"), "rule I1: 'zzz' is nothing a rule may ask.", LIST_OF_NAMES),
        (rule("sex", ">=", "female"), 'rule I1: sex >= "female": words have no order.', "Use ==, !=, in or not_in."),
        (
            rule("diabetes", "between", ["no", "yes"]),
            'rule I1: diabetes between ["no", "yes"]: words have no order.',
            "Use ==, !=, in or not_in.",
        ),
        (rule("ecmo", ">", True), "rule I1: ecmo > true: it is going on or not.", "Use == true or == false."),
        (rule("ecmo", "in", [1]), "rule I1: ecmo in [1]: it is going on or not.", "Use == true or == false."),
        (rule(op="in", value=18), "rule I1: age in 18.", "Give a list."),
        (rule(op="not_in", value=[]), "rule I1: age not_in [].", "Give a list."),
        (rule(op="between", value=18), "rule I1: age between 18.", "Give a list."),
        (rule(value=[18]), "rule I1: age >= [18].", "Give one value, or use in."),
        (
            rule(op="between", value=[18, 40, 80]),
            "rule I1: age between [18, 40, 80].",
            "Give two values, the lower first.",
        ),
        (rule(op="between", value=[80, 18]), "rule I1: age between [80, 18].", "Give two values, the lower first."),
        (rule(value="18"), 'rule I1: age >= "18": "18" is no number.', "Give a number, such as 18."),
        (rule(value=True), "rule I1: age >= true: true is no number.", "Give a number, such as 18."),
        (rule(value=float("nan")), "rule I1: age >= nan: nan is no number.", "Give a number, such as 18."),
        (rule(value=float("inf")), "rule I1: age >= inf: inf is no number.", "Give a number, such as 18."),
        (
            rule(value=date(2020, 3, 8)),
            "rule I1: age >= 2020-03-08: 2020-03-08 is no number.",
            "Give a number, such as 18.",
        ),
        (rule("sex", "==", 1), "rule I1: sex == 1: 1 is no word.", 'Give a word, such as "female".'),
        (rule("diabetes", "==", True), "rule I1: diabetes == true: true is no word.", 'Give a word, such as "female".'),
        (
            rule("calendar", ">=", "2020-03-08"),
            'rule I1: calendar >= "2020-03-08": "2020-03-08" is no date.',
            "Give a date, such as 2020-03-08.",
        ),
        (
            rule("calendar", "between", ["2020-03-08", "2020-04-30"]),
            'rule I1: calendar between ["2020-03-08", "2020-04-30"]: "2020-03-08" is no date.',
            "Give a date, such as 2020-03-08.",
        ),
        (rule("ecmo", "==", "yes"), 'rule I1: ecmo == "yes": "yes" is no state.', "Give a state, such as true."),
        (rule("sex", "==", "woman"), 'rule I1: sex == "woman": "woman" is never recorded.', "Words are: female, male."),
        (
            rule("diabetes", "in", ["yes", "unknown"]),
            'rule I1: diabetes in ["yes", "unknown"]: "unknown" is never recorded.',
            "Words are: yes, no.",
        ),
        (rule(unit="months"), "rule I1: age in months; it counts in years.", 'Write unit = "years".'),
        (rule("day", unit="days"), "rule I1: day has no unit 'days'.", "Leave the unit out."),
        (rule("pf_ratio"), "rule I1: pf_ratio without a unit.", 'Write unit = "mmHg".'),
        (
            rule("ferritin", unit="mg/dl/h"),
            "rule I1: ferritin does not accept the unit 'mg/dl/h'; give one of: ug/L, ng/mL.",
            "Correct the unit.",
        ),
        (
            rule("gcs", unit="%"),
            "rule I1: gcs does not accept the unit '%'; give one of: 1, points.",
            "Correct the unit.",
        ),
        (
            rule("noradrenaline_rate", unit="ug/min"),
            "rule I1: noradrenaline_rate in ug/min needs a weight; give it, or ug/kg/min.",
            "Correct the unit.",
        ),
        (rule(window_days=-1), "rule I1: window_days = -1.", "Give 0 or more days to look back."),
    ],
)
def test_a_rule_that_makes_no_sense_says_so_and_what_to_write(wrong, sentence, remedy):
    assert check_rule(wrong) == ((sentence, remedy),)


def test_the_problems_of_one_rule_come_together():
    told = [sentence for sentence, _ in check_rule(rule("pf_ratio", "in", 200, window_days=-1))]
    assert told == ["rule I1: pf_ratio in 200.", "rule I1: pf_ratio without a unit.", "rule I1: window_days = -1."]


def test_bounds_are_canonical_and_dates_ordinals():
    assert bounds(rule("crp", ">", 12, unit="mg/dL")) == (120.0,)
    assert bounds(rule("calendar", "between", [date(1, 1, 1), date(1, 1, 2)])) == (1.0, 2.0)


def test_exclusions_begin_with_e():
    assert is_exclusion(rule(id="E1")) and not is_exclusion(rule())


def test_what_may_be_matched_on_is_fixed_or_going_on():
    assert {"sex", "site", "diabetes", "corticosteroid"} <= SAME and not {"age", "apache2", "crp", "day"} & SAME
    assert "age" in FIXED and "day" not in FIXED


def test_a_name_nobody_knows_asks_nothing():
    assert asked_name("frailty") is None and asked_name("ecmo") is Asked.STATE
    with pytest.raises(KeyError):
        asked(rule("frailty"))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (1.5, "1.5"),
        ("a", '"a"'),
        (date(2020, 3, 8), "2020-03-08"),
        ([1, "a"], '[1, "a"]'),
        ({"a": False}, "{a = false}"),
    ],
)
def test_a_value_is_shown_as_toml_writes_it(value, text):
    assert in_toml(value) == text
