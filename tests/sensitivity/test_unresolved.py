from fractions import Fraction
from math import comb, log

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from onearm.sensitivity.unresolved import drift_margin, e_value, p_at_most, tipping_number, tolerated_risk

COHORTS = {  # dead / n, never the rounded percent
    "similar": 0.2412,
    "recovery2021_dexamethasone": 95 / 324,
    "libassi2021": 588 / 1587,
    "penuelas2021": 356 / 868,
    "recovery2021_usual_care": 283 / 683,
    "bowdish_control": 47 / 110,
}
groups = st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n - 1), st.just(n)))
risks = st.floats(0.01, 0.99)


def exactly(deaths, n, risk):
    return sum(comb(n, k) * risk**k * (1 - risk) ** (n - k) for k in range(deaths + 1))


@pytest.mark.parametrize("risk", [Fraction(1, 4), Fraction(41, 100), Fraction(7, 10)])
@pytest.mark.parametrize(("deaths", "n"), [(0, 1), (1, 3), (2, 13), (6, 13), (13, 13), (1, 0)])
def test_p_at_most_is_the_binomial_sum(deaths, n, risk):
    expected = 1 if deaths >= n else exactly(deaths, n, risk)
    assert p_at_most(deaths, n, float(risk)) == pytest.approx(float(expected), rel=1e-12)


@pytest.mark.parametrize(
    ("risk", "two", "four", "six"),
    [
        (0.85, 5.0e-8, 1.5e-5, 0.0013),
        (0.70, 7.3e-5, 0.0040, 0.062),
        (0.41, 0.050, 0.33, 0.75),
        (0.37, 0.088, 0.44, 0.83),
        (0.25, 0.33, 0.79, 0.98),
    ],
)
def test_few_deaths_of_13_at_published_risks(risk, two, four, six):
    for deaths, p in ((2, two), (4, four), (6, six)):
        assert p_at_most(deaths, 13, risk) == pytest.approx(p, rel=0.04)  # two digits


def test_a_sure_and_an_impossible_death():
    assert p_at_most(2, 13, 0.0) == 1 and p_at_most(2, 13, 1.0) == 0 and p_at_most(13, 13, 1.0) == 1


@pytest.mark.parametrize("risk", [15.4, -0.01, float("nan")])
def test_a_percent_is_no_risk(risk):
    with pytest.raises(ValueError, match="risk must lie from 0 to 1"):
        p_at_most(2, 13, risk)


@pytest.mark.parametrize(
    ("risk", "number"),
    [
        *((COHORTS[name], 0) for name in ("similar", "recovery2021_dexamethasone", "libassi2021")),
        *((COHORTS[name], 1) for name in ("penuelas2021", "recovery2021_usual_care", "bowdish_control")),
        (0.32, 0),
        (0.41, 0),
        (0.45, 1),
        (0.70, 4),
        (0.80, None),
    ],
)
def test_tipping_number_of_two_dead_and_four_open_of_13(risk, number):
    assert tipping_number(2, 4, 13, risk) == number


def test_the_rounded_percent_would_tip_earlier_than_the_counts():
    assert p_at_most(2, 13, 356 / 868) == pytest.approx(0.04997, abs=5e-6)
    assert p_at_most(2, 13, 0.41) > 0.05


def test_nobody_open_tips_at_once_or_never():
    assert tipping_number(2, 0, 13, 0.25) == 0 and tipping_number(2, 0, 13, 0.7) is None


@pytest.mark.parametrize(("deaths", "theta"), [(2, 0.410), (6, 0.713)])
def test_tolerated_risk_of_13(deaths, theta):
    assert tolerated_risk(deaths, 13) == pytest.approx(theta, abs=5e-4)


@pytest.mark.parametrize("n", [1, 13, 40])
def test_tolerated_risk_has_closed_forms(n):
    assert tolerated_risk(0, n) == pytest.approx(1 - 0.05 ** (1 / n), rel=1e-12)
    assert tolerated_risk(n - 1, n) == pytest.approx(0.95 ** (1 / n), rel=1e-12)
    assert tolerated_risk(n, n) == 1


@pytest.mark.parametrize(
    ("name", "delta", "within"),
    [
        ("similar", -0.78, 0.005),
        ("recovery2021_dexamethasone", -0.52, 0.005),
        ("libassi2021", -0.17, 0.005),
        ("penuelas2021", 0.0002, 5e-5),
        ("recovery2021_usual_care", 0.02, 0.005),
        ("bowdish_control", 0.07, 0.005),
    ],
)
def test_drift_margin_beside_every_cohort(name, delta, within):
    assert drift_margin(COHORTS[name], 2, 13) == pytest.approx(delta, abs=within)


@pytest.mark.parametrize(("risk", "deaths"), [(0.0, 2), (1.0, 2), (0.4, 13)])
def test_drift_has_no_value_where_a_logit_has_none(risk, deaths):
    with pytest.raises(ValueError, match="0 < risk < 1 and deaths < n"):
        drift_margin(risk, deaths, 13)


@pytest.mark.parametrize(("limit", "value"), [(0.5, 3.4142), (2.0, 3.4142), (10.73, 20.948), (8.02, 15.523), (1, 1)])
def test_e_value_of_the_limit_nearest_one(limit, value):
    assert e_value(limit) == pytest.approx(value, abs=5e-4)


@pytest.mark.parametrize("limit", [0, -0.5])
def test_a_risk_ratio_is_above_zero(limit):
    with pytest.raises(ValueError, match="above 0"):
        e_value(limit)


@given(groups, risks, risks)
def test_fewer_deaths_and_a_higher_risk_are_less_likely(group, a, b):
    deaths, n = group
    low, high = sorted((a, b))
    assert p_at_most(deaths, n, high) <= p_at_most(deaths, n, low) + 1e-12
    assert p_at_most(deaths, n, a) <= p_at_most(deaths + 1, n, a)


@given(groups, st.integers(0, 10), risks, risks)
def test_more_of_the_open_must_die_the_higher_the_risk(group, still, a, b):
    dead, n = group
    assume(dead + still <= n)
    found = [tipping_number(dead, still, n, risk) for risk in sorted((a, b))]
    ranks = [still + 1 if u is None else u for u in found]
    assert ranks == sorted(ranks)


@given(groups)
def test_tolerated_risk_is_the_root(group):
    deaths, n = group
    assert p_at_most(deaths, n, tolerated_risk(deaths, n)) == pytest.approx(0.05, rel=1e-9)


@settings(deadline=None)
@given(groups, risks)
def test_drift_is_negative_exactly_where_the_count_is_usual_and_lands_on_the_root(group, risk):
    deaths, n = group
    delta = drift_margin(risk, deaths, n)
    assume(abs(delta) > 1e-9)
    assert (delta < 0) == (p_at_most(deaths, n, risk) > 0.05)
    theta = tolerated_risk(deaths, n)
    assert log(risk / (1 - risk)) - delta == pytest.approx(log(theta / (1 - theta)), abs=1e-9)


@given(st.floats(1e-6, 1e6))
def test_an_e_value_is_the_same_for_a_ratio_and_its_inverse(limit):
    assert e_value(limit) == pytest.approx(e_value(1 / limit), rel=1e-6) and e_value(limit) >= 1
