"""Observed against expected deaths: published limits, redraws against whole refits, refusals."""

from dataclasses import replace

import numpy as np
import pytest
from analysis_worlds import shuffled
from prognosis_worlds import severity_ward

from onearm.estimators.follow_up import in_person_order
from onearm.estimators.observed_expected import observed_expected, poisson_limits
from onearm.estimators.prognosis import fitted
from onearm.results.encoding import from_json, to_json
from onearm.results.status import Status


@pytest.mark.parametrize(
    ("expected", "ratio", "lower", "upper"),
    [(2.9, 0.690, 0.084, 2.491), (4.3, 0.465, 0.056, 1.680), (5.8, 0.345, 0.042, 1.246)],
)
def test_limits_of_the_design(expected, ratio, lower, upper):
    low, high = poisson_limits(2, np.array([expected]))
    assert (2 / expected, low[0], high[0]) == pytest.approx((ratio, lower, upper), abs=6e-4)


def test_no_death_has_a_lower_limit_of_0():
    low, high = poisson_limits(0, np.array([3.0]))
    assert low[0] == 0 and high[0] == pytest.approx(-np.log(0.025) / 3)


def test_expected_is_the_sum_of_scores_and_p_is_their_poisson_binomial():
    data = severity_ward(6)
    found = observed_expected(data)
    score, _ = fitted(in_person_order(data))
    rows = sorted(data.treated, key=lambda r: data.people["person"][int(r)])
    start = data.column("start_day")
    each = [float(score.risk(data.x[r, start[r]][None], start[[r]], np.array([28]))[0]) for r in rows]
    assert found.expected_each == pytest.approx(each) and found.expected == pytest.approx(sum(each))
    rng = np.random.default_rng(1)
    drawn = (rng.random((200_000, len(each))) < np.array(each)).sum(axis=1)
    assert found.p == pytest.approx((drawn <= found.observed).mean(), abs=0.005)


def test_the_interval_is_wider_than_that_of_a_score_known_for_certain_and_near_that_of_whole_refits():
    data = severity_ward(9)
    found = observed_expected(data)
    assert found.lower < found.poisson_lower and found.upper > found.poisson_upper
    rng = np.random.default_rng(4)
    ordered = in_person_order(data)
    untreated = np.flatnonzero(ordered.column("start_day") > 0)
    treated = ordered.treated
    x, start = ordered.x[treated, ordered.column("start_day")[treated]], ordered.column("start_day")[treated]
    expected = []
    for _ in range(150):
        rows = rng.choice(untreated, len(untreated))
        again = replace(ordered, people=ordered.people[rows.tolist()], states=ordered.states[rows], x=ordered.x[rows])
        score, _ = fitted(again, ridge=found.ridge)
        if score.coefficients:
            expected.append(score.risk(x, start, np.full(len(start), 28)).sum())
    low, _ = poisson_limits(found.observed, np.array(expected))
    _, high = poisson_limits(found.observed, np.array(expected))
    assert found.lower == pytest.approx(np.percentile(low, 2.5), rel=0.12)
    assert found.upper == pytest.approx(np.percentile(high, 97.5), rel=0.12)


def test_any_order_and_json_give_the_same():
    data = severity_ward(10, treated=9, untreated=90)
    order = np.random.default_rng(1).permutation(data.people.height)
    moved = shuffled(data, 1)  # the same permutation of people
    rng = np.random.default_rng(1)
    order = rng.permutation(data.people.height)
    moved = replace(moved, states=data.states[order], x=data.x[order], covariates=data.covariates)
    one, other = observed_expected(data), observed_expected(moved)
    assert one == other
    assert from_json(to_json(one), type(one)) == one


def test_a_treated_patient_beyond_the_untreated_is_named():
    data = severity_ward(11)
    x = data.x.copy()
    row = int(data.treated[0])
    x[row, int(data.column("start_day")[row]) :] = 40.0
    found = observed_expected(replace(data, x=x))
    assert found.status is Status.REFUSED and data.people["person"][row] in found.remedy and "40" in found.remedy


def test_refusals():
    assert observed_expected(severity_ward(1, treated=0, untreated=60)).status is Status.NO_PATIENTS
    few = observed_expected(severity_ward(1, treated=5, untreated=150))
    assert few.status is Status.TOO_FEW and few.ratio is not None and few.estimate is None
    none = severity_ward(1, treated=9, untreated=20)
    assert observed_expected(none).status is Status.TOO_FEW and observed_expected(none).ratio is None


def test_without_an_effect_the_interval_holds_1_and_with_one_the_ratio_falls():
    told = [observed_expected(severity_ward(seed), redraws=300) for seed in range(60)]
    told = [f for f in told if f.ratio is not None]  # a treated patient beyond the untreated is refused
    held = np.mean([f.lower <= 1 <= f.upper for f in told])
    assert len(told) > 45 and held >= 0.93 - 3 * (0.07 * 0.93 / len(told)) ** 0.5
    assert np.mean([f.ratio for f in told]) == pytest.approx(1, abs=0.15)
    helped = [observed_expected(severity_ward(s, effect=0.3), redraws=2).ratio for s in range(20)]
    assert np.mean([r for r in helped if r is not None]) < 0.6
