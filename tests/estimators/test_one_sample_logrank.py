from dataclasses import replace
from fractions import Fraction
from math import comb, exp, sqrt

import numpy as np
import polars as pl
import pytest
from analysis_worlds import patient, shuffled, stanford, world
from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.cohort.analysis_set import NEVER, PEOPLE, SETS, AnalysisSet
from onearm.estimators.exact_interval import clopper_pearson
from onearm.estimators.one_sample_logrank import (
    OneSampleLogrank,
    at_most_p,
    mortality_ratio,
    one_sample_logrank,
    probability_of_fewer,
    ratio_limits,
)
from onearm.estimators.untreated_hazard import untreated_hazard
from onearm.results.encoding import from_json, to_json
from onearm.results.status import Status

# untreated: at risk 6, 5, 3, 3, 1 and deaths 0, 1, 0, 2, 0 on days 0..4
SMALL = (
    patient("B", end=3, event=1),
    patient("T2", end=3, event=1, start=2),
    patient("A", end=1, event=1),
    patient("C", end=3, event=1),
    patient("T1", end=4, event=0, start=1),
    patient("D", end=4, event=2),
)


@pytest.mark.parametrize(
    ("expected", "ratio", "lower", "upper"),
    [(2.9, 0.690, 0.084, 2.491), (4.3, 0.465, 0.056, 1.680), (5.8, 0.345, 0.042, 1.246)],
)
def test_the_worked_ratios(expected, ratio, lower, upper):
    result = mortality_ratio(2, expected)
    assert (result.ratio, result.lower, result.upper) == pytest.approx((ratio, lower, upper), abs=5e-4)
    assert result.estimate == result.ratio and "exact Poisson" in result.method


def test_the_worked_p():
    result = mortality_ratio(2, 4.3)
    assert (result.p, result.mid_p) == pytest.approx((0.1974, 0.1346), abs=5e-5)


def test_no_death_has_the_closed_forms():
    result = mortality_ratio(0, 3.0)
    assert (result.p, result.mid_p) == pytest.approx((exp(-3), exp(-3) / 2))
    assert result.lower == 0 and result.upper == pytest.approx(-np.log(0.025) / 3)


def test_expected_is_the_sum_over_the_treated_days_by_hand():
    result = one_sample_logrank(world(*SMALL))
    first, second = Fraction(1, 5), Fraction(2, 3)
    assert untreated_hazard(world(*SMALL)).at_risk == (6, 5, 3, 3, 1)
    assert result.observed == 1 and result.treated_days == 4 + 2
    assert result.expected == pytest.approx(float(first + 2 * second), abs=1e-15)
    assert result.variance_added == pytest.approx(float(Fraction(1, 25) + 2 * Fraction(2, 3) ** 2), abs=1e-15)
    assert result.untreated_deaths == 3 and "variance" in result.method
    assert result.status is Status.TOO_FEW and result.ratio == result.observed / result.expected


def test_the_day_after_charges_no_hazard_on_the_index_day():
    result = one_sample_logrank(world(*SMALL, same_day="after"))
    assert result.expected == pytest.approx(4 / 3, abs=1e-15) and result.observed == 1 and result.same_day == "after"


def test_days_end_at_the_horizon_and_at_the_lock():
    assert one_sample_logrank(world(*SMALL, horizon=0)).treated_days == 2
    early = [patient("T1", end=4, event=0, start=1, potential=2), *(p for p in SMALL if p["person"] != "T1")]
    assert one_sample_logrank(world(*early)).treated_days == 2 + 2


def test_a_death_after_the_horizon_does_not_count():
    late = [patient("T2", end=3, event=1, start=1), *(p for p in SMALL if p["person"] != "T2")]
    assert one_sample_logrank(world(*late, horizon=1)).observed == 0


def test_stanford_by_a_plain_loop():
    data = stanford()
    rows = data.people.to_dicts()
    total, deaths = Fraction(0), 0
    for i in (r for r in rows if r["start_day"] < NEVER):
        last = min(i["end_day"], i["start_day"] + 28)
        deaths += i["event"] == 1 and i["end_day"] == last
        for d in range(i["start_day"], last + 1):
            there = [r for r in rows if r["end_day"] >= d and r["start_day"] > d]
            total += Fraction(sum(r["end_day"] == d and r["event"] == 1 for r in there), len(there))
    result = one_sample_logrank(data)
    assert result.expected == pytest.approx(float(total), abs=1e-12) and result.observed == deaths == 10
    assert result.estimate == result.ratio


# the variance of the hazards


@pytest.mark.parametrize(("observed", "deaths"), [(0, 5), (2, 7), (6, 3), (9, 1)])
def test_one_day_is_the_exact_conditional_test_of_two_poisson_rates(observed, deaths):
    treated, untreated = 13, 60
    weight = treated / untreated
    result = mortality_ratio(observed, deaths * weight, variance=deaths * weight**2, largest_weight=weight)
    n, share = observed + deaths, Fraction(treated, treated + untreated)
    exact = sum(comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(observed + 1))
    assert result.p == pytest.approx(float(exact), rel=1e-12)
    low, high = clopper_pearson(observed, n)
    limits = low / (1 - low) / weight, high / (1 - high) / weight
    assert (result.lower, result.upper) == pytest.approx(limits, rel=1e-9)


def test_a_variance_that_vanishes_is_poisson():
    small = mortality_ratio(2, 4.3, variance=1e-7, largest_weight=1e-7)
    poisson = mortality_ratio(2, 4.3)
    for name in ("p", "mid_p", "lower", "upper"):
        assert getattr(small, name) == pytest.approx(getattr(poisson, name), rel=1e-5)


def test_the_limits_are_where_the_tails_reach_their_share():
    low, high = ratio_limits(2, 4.3, variance=1.5, level=0.9)
    assert at_most_p(2, 4.3 * high, 1.5 * high**2) == pytest.approx(0.05, rel=1e-9)
    assert 1 - at_most_p(1, 4.3 * low, 1.5 * low**2) == pytest.approx(0.05, rel=1e-9)


@given(st.integers(0, 30), st.floats(0.1, 50), st.floats(0.01, 3))
@settings(max_examples=80, deadline=None)
def test_unsure_hazards_widen_the_interval(observed, expected, spread):
    unsure = mortality_ratio(observed, expected, variance=(spread * min(expected, 1)) ** 2, largest_weight=spread)
    sure = mortality_ratio(observed, expected)
    assert unsure.lower <= sure.lower + 1e-12 and unsure.upper >= sure.upper - 1e-12
    assert unsure.mid_p <= unsure.p


def test_from_100_untreated_deaths_the_hazards_count_as_known():
    data = stanford()
    known, unsure = one_sample_logrank(data, enough_deaths=30), one_sample_logrank(data, enough_deaths=31)
    assert known.untreated_deaths == 30
    assert known.variance_added == 0 and "known" in known.method and unsure.variance_added > 0
    assert known.p == pytest.approx(at_most_p(known.observed, known.expected))
    assert one_sample_logrank(data) == unsure


# external-control bias


def test_the_bias_pulls_towards_no_benefit():
    from scipy.special import ndtr

    centre = np.log(2.5 / 4.8) + 0.14
    assert mortality_ratio(2, 4.3).p_fewer == pytest.approx(float(ndtr(-centre / sqrt(1 / 2.5 + 0.09))), rel=1e-12)
    assert probability_of_fewer(2, 4.3) < probability_of_fewer(2, 4.3, bias=(0, 0))
    assert probability_of_fewer(4, 4, bias=(0, 0.3)) == 0.5


def test_the_posterior_is_that_of_a_grid():
    log_hr, bias = np.linspace(-6, 6, 2401)[:, None], np.linspace(-2, 2.28, 801)
    centre, v = np.log(2.5 / 4.8), 1 / 2.5
    seen = np.exp(-((centre - (log_hr - bias)) ** 2) / (2 * v) - (bias - 0.14) ** 2 / (2 * 0.09))
    mass = seen.sum(axis=1) / seen.sum()
    assert mass[log_hr[:, 0] < 0].sum() + mass[1200] / 2 == pytest.approx(probability_of_fewer(2, 4.3), abs=1e-4)


# refusals


def test_a_hazard_on_another_clock_is_refused():
    data = stanford()
    result = one_sample_logrank(data, hazard=replace(untreated_hazard(data), clock="index_day"))
    assert result.status is Status.REFUSED and "day zero" in result.remedy and result.estimate is None


def test_days_with_nobody_untreated_are_refused():
    result = one_sample_logrank(world(*SMALL[:4], patient("T1", end=9, event=0, start=1)))
    assert result.status is Status.REFUSED and "after day 3" in result.remedy and "to day 9" in result.remedy
    assert result.expected is None and result.p is None


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (world(), Status.NO_PATIENTS),
        (world(patient("A", end=4, event=1)), Status.NO_PATIENTS),
        (world(patient("A", end=4, event=1, start=0)), Status.ONE_ARM),
        (world(patient("A", end=4, event=1, start=1), patient("B", end=8, event=2)), Status.NO_EVENTS),
        (world(patient("A", end=4, event=1, start=6), pairs=[]), Status.REFUSED),
    ],
)
def test_it_refuses_in_words(data, status):
    result = one_sample_logrank(data)
    assert result.status is status and result.remedy and result.estimate is None
    assert from_json(to_json(result), OneSampleLogrank) == result


def test_counts_that_cannot_be_are_an_error():
    for wrong in ({"observed": -1, "expected": 1.0}, {"observed": 1, "expected": -1.0}):
        with pytest.raises(ValueError, match="cannot be"):
            mortality_ratio(**wrong)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2), st.one_of(st.just(NEVER), st.integers(0, 9)))),
    st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
def test_row_order_never_matters_and_it_survives_json(rows, seed):
    people = [
        patient(f"P{k:02d}", end=end, event=event, start=start if start <= end else NEVER)
        for k, (end, event, start) in enumerate(rows)
    ]
    data = world(*people, patient("Z", end=10, event=1), pairs=[])
    result = one_sample_logrank(data)
    assert result == one_sample_logrank(shuffled(data, seed))
    assert from_json(to_json(result), OneSampleLogrank) == result
    assert (result.estimate is None) == (result.status is not Status.OK) == bool(result.remedy)


# nothing put in, nothing found


def null_world(rng, *, n=90, rate=0.03, treatable=40):
    """Exponential deaths, treatment late and without effect for whoever lives to it; leaving alive competes."""
    death, leaving = (np.floor(rng.exponential(1 / r, n)).astype(int) for r in (rate, 0.02))
    end = np.minimum(np.minimum(death, leaving), 60)
    event = np.where(end == 60, 0, np.where(death <= leaving, 1, 2))
    planned = np.where(np.arange(n) < treatable, rng.integers(3, 16, n), NEVER)
    start = np.where(planned <= end, planned, NEVER)
    columns = {"start_day": start, "spell_days": end, "end_day": end, "event": event}
    table = pl.DataFrame({"person": [f"P{k:03d}" for k in range(n)], "source": ["w"] * n, "centre": ["A"] * n})
    table = table.with_columns(pl.Series(k, v) for k, v in columns.items())
    table = table.with_columns(zero_date=pl.lit(None), potential_days=pl.lit(NEVER)).select(*PEOPLE).cast(PEOPLE)
    return AnalysisSet(table, pl.DataFrame(schema=SETS), 14, "index", "0" * 64)


def test_a_late_treatment_without_effect_is_rarely_called_a_benefit():
    runs, rng = 1200, np.random.default_rng(20)
    results = [one_sample_logrank(null_world(rng)) for _ in range(runs)]
    assert all(r.status is Status.OK for r in results)
    share = np.mean([r.p <= 0.05 for r in results])
    assert share <= 0.05 + 3 * sqrt(0.05 * 0.95 / runs)
    excess = np.array([r.observed - r.expected for r in results])
    assert abs(excess.mean()) < 3 * excess.std() / sqrt(runs)
    covered = np.mean([r.lower <= 1 <= r.upper for r in results])
    assert covered >= 0.95 - 3 * sqrt(0.05 * 0.95 / runs)


def test_without_the_variance_of_few_deaths_chance_is_called_a_benefit_too_often():
    runs, rng = 1200, np.random.default_rng(21)
    worlds = [null_world(rng, n=60) for _ in range(runs)]
    added, known = (
        np.array([r.p for r in (one_sample_logrank(w, enough_deaths=k) for w in worlds) if r.status is Status.OK])
        for k in (100, 0)
    )
    bound = 0.05 + 3 * sqrt(0.05 * 0.95 / runs)
    assert np.mean(added <= 0.05) <= bound < np.mean(known <= 0.05)
