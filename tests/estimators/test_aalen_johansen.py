from fractions import Fraction
from math import sqrt

import numpy as np
import pytest
from analysis_worlds import patient, read_reference, shuffled, stanford, world
from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.estimators.aalen_johansen import aalen_johansen, complementary_log_log, incidence
from onearm.results.status import Status

END, EVENT = np.array([0, 2, 2, 3, 5, 5]), np.array([2, 1, 2, 0, 1, 0])


def test_six_patients_with_ties_as_fractions():
    curve = incidence(END, EVENT, horizon=5)
    assert curve.at_risk == (6, 5, 5, 3, 2, 2)
    stay = [Fraction(5, 6), Fraction(5, 6), Fraction(1, 2), Fraction(1, 2), Fraction(1, 2), Fraction(1, 4)]
    assert curve.remaining == pytest.approx([float(s) for s in stay], abs=1e-15)
    dead = Fraction(5, 6) * Fraction(1, 5) + Fraction(1, 2) * Fraction(1, 2)
    assert curve.risk == pytest.approx(float(dead), abs=1e-15)
    assert curve.left[-1] == pytest.approx(1 / 3, abs=1e-15)
    assert (curve.n, curve.deaths, curve.exits, curve.open, curve.defined_to) == (6, 2, 2, 1, 5)


def test_it_is_not_one_minus_kaplan_meier():
    assert 1 - (1 - Fraction(1, 5)) * (1 - Fraction(1, 2)) == Fraction(3, 5)  # the wrong one
    assert incidence(END, EVENT, horizon=5).risk < 0.6 - 0.18


def test_a_landmark_starts_with_those_still_there_on_its_first_day():
    curve = incidence(END, EVENT, from_day=3, horizon=2)
    assert curve.day == (3, 4, 5) and curve.at_risk == (3, 2, 2) and curve.risk == pytest.approx(0.5)


def test_without_censoring_it_is_the_share_and_its_binomial_error():
    end, event = np.array([4, 1, 1, 0, 6, 2, 9]), np.array([1, 1, 2, 1, 2, 1, 2])
    curve = incidence(end, event, horizon=9)
    assert curve.risk == pytest.approx(4 / 7) and curve.se[-1] == pytest.approx(sqrt(4 / 7 * 3 / 7 / 7))


REFERENCE = read_reference("survival_incidence_patients.csv")  # made by survival.R
PATIENTS = np.array([[int(r["end_day"]), int(r["event"])] for r in REFERENCE]).T


@pytest.mark.parametrize("weighted", [False, True])
def test_curves_and_errors_match_survfit(weighted):
    extra = {"weights": np.tile([0.5, 1, 2], 20)} if weighted else {}
    curve = incidence(*PATIENTS, horizon=15, **extra)
    rows = read_reference("survival_incidence_weighted.csv" if weighted else "survival_incidence.csv")
    for name, values in (("dead", curve.dead), ("left", curve.left), ("se", curve.se)):
        assert values == pytest.approx([float(r[name]) for r in rows], abs=2e-10), name


def test_jackknife_and_greenwood_agree_for_one_unweighted_group():
    jackknife = incidence(*PATIENTS, horizon=15, cluster=np.arange(60)).se
    assert jackknife == pytest.approx(incidence(*PATIENTS, horizon=15).se, abs=1e-12)


def test_nobody_at_risk_has_no_denominator():
    with pytest.raises(ValueError, match="nobody is at risk on day 7"):
        incidence(END, EVENT, from_day=7, horizon=2)


def ward(**options):
    return world(
        patient("D", end=6, event=1, start=2),
        patient("A", end=12, event=2, start=4),
        patient("C", end=4, event=1),
        patient("B", end=12, event=0),
        patient("E", end=9, event=1),
        horizon=5,
        **options,
    )


def test_every_set_weighs_one_and_its_controls_share_it():
    # D on day 2: controls A, B, C, E; death of C on day 2 + 2. A on day 4: B, C, E; C dies on day 0, E on day 5
    result = aalen_johansen(ward())
    assert result.treated.risk == 0.5 and result.controls.risk == pytest.approx((1 / 4 + 2 / 3) / 2)
    assert result.difference == pytest.approx(0.5 - 11 / 24)
    assert result.estimate == 0.5 and result.is_few


def test_the_error_of_the_difference_counts_a_reused_control_once_per_person():
    # no censoring before the horizon: influence of a person = sum over roles of weight x (dead - risk)
    risk = 11 / 24
    d, a = (1 - 0.5) / 2, (0 - 0.5) / 2
    as_control = {"A": (0, 4), "B": (0, 4), "C": (1, 4), "E": (0, 4)}, {"B": (0, 3), "C": (1, 3), "E": (1, 3)}
    influence = {"D": d, "A": a, "B": 0, "C": 0, "E": 0}
    for group in as_control:
        for person, (dead, m) in group.items():
            influence[person] -= (dead - risk) / m / 2
    expected = sqrt(sum(v**2 for v in influence.values()))
    assert aalen_johansen(ward()).difference_se == pytest.approx(expected, abs=1e-12)


def test_a_curve_that_nobody_reaches_is_not_read_at_the_horizon():
    result = aalen_johansen(world(patient("A", end=6, event=0, start=2), patient("B", end=4, event=1, start=1)))
    assert result.status is Status.TOO_FEW and "4 days" in result.remedy and result.treated is not None


def test_stanford_is_the_same_in_any_order():
    assert aalen_johansen(shuffled(stanford(), 4)) == aalen_johansen(stanford())


people = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2), st.integers(1, 4)), min_size=1, max_size=25)


@settings(deadline=None)
@given(people)
def test_curves_are_shares_that_add_to_one_and_intervals_hold_them(rows):
    end, event, weight = (np.array(c) for c in zip(*rows, strict=True))
    curve = incidence(end, event, horizon=8)
    total = np.array(curve.dead) + np.array(curve.left) + np.array(curve.remaining)
    assert total == pytest.approx(1, abs=1e-12) and np.all(np.diff(curve.dead) >= 0)
    for f, low, high in zip(curve.dead, curve.lower, curve.upper, strict=True):
        assert (low is None) == (high is None) and (low is None or 0 <= low <= f <= high <= 1)
    doubled = incidence(np.repeat(end, weight), np.repeat(event, weight), horizon=8)
    assert incidence(end, event, horizon=8, weights=weight * 1.0).dead == pytest.approx(doubled.dead, abs=1e-12)


@settings(deadline=None)
@given(people)
def test_swapping_death_and_leaving_swaps_the_curves(rows):
    end, event, _ = (np.array(c) for c in zip(*rows, strict=True))
    swapped = np.array([0, 2, 1])[event]
    assert incidence(end, swapped, horizon=8).dead == pytest.approx(incidence(end, event, horizon=8).left, abs=1e-12)


def test_the_interval_is_symmetric_on_its_scale():
    low, high = complementary_log_log(0.3, 0.1)
    middle = np.log(-np.log(0.7))
    assert np.log(-np.log(1 - high)) - middle == pytest.approx(middle - np.log(-np.log(1 - low)), abs=1e-12)
    assert complementary_log_log(0.0, 0.0) == (None, None)
