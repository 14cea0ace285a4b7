import pytest

from onearm.report import numbers
from onearm.report.printed import counts_text, interval_text, level_text, value_text
from onearm.report.words import Words
from onearm.results.estimate import Estimate
from onearm.verdict.level import of_100

EN, ES = Words("en"), Words("es")


@pytest.mark.parametrize(
    ("p", "english"),
    [
        (0.154, "0.154"),
        (0.36, "0.360"),
        (0.0386, "0.0386"),
        (0.04997, "0.0500"),
        (0.00166, "0.00166"),
        (0.0, "0"),
        (1.0, ">\u00a00.999"),
    ],
)
def test_probabilities_keep_three_digits(p, english):
    assert EN.probability(p) == english
    assert ES.probability(p) == english.replace(".", ",")


def test_a_tiny_probability_is_a_power_of_ten():
    assert EN.probability(5.9e-7) == "5.9×10⁻⁷"
    assert ES.probability(7.3e-5) == "7,3×10⁻⁵"


def test_percent_has_a_space_that_does_not_break_and_the_sign_of_the_language():
    assert EN.percent(2 / 13) == "15.4\u00a0%"
    assert ES.percent(2 / 13) == "15,4\u00a0%"


@pytest.mark.parametrize(("share", "x"), [(0.0049, None), (0.005, 1), (0.286, 29), (0.284, 28), (0.36, 36), (1.0, 100)])
def test_x_of_100_is_rounded_half_up(share, x):
    assert numbers.of_100(share) == x


def test_the_page_rounds_as_the_verdict_does():
    assert [EN.of_100(k / 1000) for k in range(1001)] == [of_100(k / 1000) for k in range(1001)]


def test_thousands_are_set_apart_only_from_ten_thousand_on():
    assert EN.whole(1727) == "1727"
    assert EN.whole(57420) == "57,420"
    assert ES.whole(57420) == "57\u00a0420"


def test_a_negative_number_has_a_real_minus_and_no_negative_zero():
    assert EN.fixed(-5.23, 1) == "−5.2"
    assert EN.fixed(-0.01, 1) == "0.0"


def estimate(id, value, lower=None, upper=None, **more):
    return Estimate(id, "l", "l", value, lower, upper, **more)


@pytest.mark.parametrize(
    ("id", "value", "printed"),
    [
        ("treated.death.so_far", 2 / 13, "15.4\u00a0%"),
        ("treated.infusion_reaction.per_infusion", 0.0, "0.0\u00a0%"),
        ("null_predictive.p", 0.2874, "0.287"),
        ("primary.exact.p", 0.165329, "0.165"),
        ("primary.exact.p.same_day_after", 0.183, "0.183"),
        ("comparator.x.p_at_most_observed", 0.0386, "0.0386"),
        ("time_dependent.hazard_ratio", 1.136, "1.14"),
        ("trial.bowdish2023.risk_difference", -0.0523, "−5.2 points"),
        ("trial.bowdish2023.control.death", 47 / 110, "42.7\u00a0%"),
        ("trial.bowdish2023.fisher.p", 0.4938, "0.494"),
        ("primary.exact.expected", 10.43, "10.43"),
        ("primary.exact.observed", 10.0, "10"),
        ("treated.start_day.median", 7.0, "7"),
        ("drift.theta0", 0.41, "41.0\u00a0%"),
    ],
)
def test_a_value_is_printed_as_what_it_is(id, value, printed):
    assert value_text(estimate(id, value), EN) == printed


def test_a_one_sided_bound_says_so():
    bound = estimate("treated.infusion_reaction", 0.0, None, 0.2058, level=0.95, sides=1)
    assert interval_text(bound, EN) == "at most 20.6\u00a0%"
    assert level_text(bound, EN) == "95\u00a0%, one-sided"


def test_counts_are_a_fraction_only_where_the_value_is_that_fraction():
    assert counts_text(estimate("treated.death.so_far", 2 / 13, events=2, n=13), EN) == "2/13"
    assert counts_text(estimate("similar.death.landmark7.day16", 0.241, events=49, n=211), EN) == "n 211"


def test_a_refused_estimate_is_not_reported():
    assert value_text(estimate("treated.death.so_far", None), EN) == "not reported"
