from fractions import Fraction
from math import factorial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.estimators.power_prior import DISCOUNTS, power_prior, probability_below
from onearm.results.encoding import from_json, to_json
from onearm.results.status import Status


def beta(a, b):
    return Fraction(factorial(a - 1) * factorial(b - 1), factorial(a + b - 1))


def by_fractions(first, second):
    """Pr(X < Y) for Beta with whole numbers, as a finite sum."""
    (a, b), (c, d) = first, second
    return sum(beta(a + i, b + d) / ((d + i) * beta(1 + i, d) * beta(a, b)) for i in range(c))


def at(result, discount):
    return next(row for row in result.sweep if row.discount == discount)


@pytest.mark.parametrize(("deaths", "p"), [(2, 0.9620), (3, 0.8911), (4, 0.7649), (6, 0.4022)])
def test_half_of_the_placebo_arm_against_13(deaths, p):
    row = at(power_prior(47, 110, treated_events=deaths, treated_n=13), 0.5)
    assert row.mean == pytest.approx(0.429825, abs=5e-7) and row.effective_n == 57
    assert (row.lower, row.upper) == pytest.approx((0.305, 0.559), abs=5e-4)
    assert row.p_fewer == pytest.approx(p, abs=5e-5)


def test_the_sweep_is_always_whole_and_starts_without_the_cohort():
    result = power_prior(47, 110, treated_events=2, treated_n=13, prior=(1.0, 3.0))
    assert tuple(row.discount for row in result.sweep) == DISCOUNTS == (0, 0.1, 0.25, 0.5, 0.75, 1)
    assert at(result, 0).mean == 1 / 4 and at(result, 1).mean == 48 / 114
    assert result.estimate == at(result, 0.5).mean


def test_without_treated_patients_there_is_only_a_prior():
    assert all(row.p_fewer is None for row in power_prior(47, 110).sweep)
    assert all(row.p_fewer is None for row in power_prior(47, 110, treated_events=0, treated_n=0).sweep)


def test_two_uniforms_and_one_mean_by_hand():
    assert probability_below((1, 1), (1, 1)) == pytest.approx(1 / 2, abs=1e-12)
    assert probability_below((1, 1), (2, 1)) == pytest.approx(2 / 3, abs=1e-12)  # the mean of Y


whole = st.tuples(st.integers(1, 40), st.integers(1, 40))


@settings(deadline=None)
@given(whole, whole)
def test_the_quadrature_is_the_sum_of_exact_fractions(first, second):
    assert probability_below(first, second) == pytest.approx(float(by_fractions(first, second)), abs=1e-11)


halves = st.tuples(st.floats(0.1, 5000), st.floats(0.1, 5000))


@settings(deadline=None)
@given(halves, halves)
def test_the_probability_and_its_mirror_are_complements(first, second):
    p = probability_below(first, second)
    assert 0 <= p <= 1
    assert probability_below(second, first) == pytest.approx(1 - p, abs=1e-10)
    assert probability_below(first[::-1], second[::-1]) == pytest.approx(1 - p, abs=1e-10)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.integers(1, 12))
def test_more_treated_deaths_never_help_and_every_interval_holds_its_mean(cohort, deaths):
    better, worse = (power_prior(*cohort, treated_events=d, treated_n=13) for d in (deaths - 1, deaths))
    for one, other in zip(better.sweep, worse.sweep, strict=True):
        assert 0 <= other.p_fewer <= one.p_fewer + 1e-12 and one.p_fewer <= 1
        assert 0 <= one.lower < one.mean < one.upper <= 1


@pytest.mark.parametrize("discount", ["dynamic", "commensurate", "elastic", "empirical", "0.5"])
def test_the_discount_is_never_estimated_or_chosen(discount):
    result = power_prior(47, 110, treated_events=2, treated_n=13, discount=discount)
    assert result.status is Status.REFUSED and result.sweep == () and result.estimate is None
    assert discount in result.remedy and "cannot adapt without concurrent controls" in result.remedy
    assert from_json(to_json(result), type(result)) == result


def test_no_cohort_is_refused_and_results_survive_json():
    empty = power_prior(0, 0, treated_events=2, treated_n=13)
    assert empty.status is Status.NO_PATIENTS and empty.remedy and empty.estimate is None
    result = power_prior(47, 110, treated_events=2, treated_n=13)
    assert from_json(to_json(result), type(result)) == result and not result.remedy


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"events": 111, "n": 110}, "cohort: 111 events do not fit into 110"),
        ({"events": 47, "n": 110, "treated_events": 14, "treated_n": 13}, "treated: 14 events do not fit into 13"),
        ({"events": 47, "n": 110, "treated_events": 2}, "give both"),
        ({"events": 47, "n": 110, "prior": (0.0, 1.0)}, "above 0"),
    ],
)
def test_impossible_counts_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        power_prior(**arguments)
