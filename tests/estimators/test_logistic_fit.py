from math import log

import numpy as np
import pytest
from analysis_worlds import read_reference
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from onearm.estimators.logistic_fit import (
    NoLogisticMaximum,
    cluster_covariance,
    cluster_scores,
    expit,
    logistic_fit,
)

TWO_GROUPS = np.array([[1.0, 1.0], [1.0, 0.0]])
rows = st.lists(
    st.tuples(st.integers(-3, 3), st.integers(0, 1), st.booleans(), st.integers(1, 4)), min_size=12, max_size=30
)


def test_two_groups_have_their_own_odds():
    fit = logistic_fit(TWO_GROUPS, np.array([3.0, 4.0]), np.array([10.0, 6.0]))
    assert fit.beta == pytest.approx([log(4 / 2), log(3 / 7 / (4 / 2))])
    assert fit.chance == pytest.approx([3 / 10, 4 / 6])
    assert np.linalg.inv(fit.information)[1, 1] == pytest.approx(1 / 3 + 1 / 7 + 1 / 4 + 1 / 2)


def test_firth_adds_half_a_patient_to_every_cell():
    fit = logistic_fit(TWO_GROUPS, np.array([0.0, 50.0]), np.array([13.0, 300.0]), firth=True)
    assert fit.beta[1] == pytest.approx(-1.694351, abs=5e-7)
    assert fit.beta[1] == pytest.approx(log(0.5 / 13.5) - log(50.5 / 250.5), abs=1e-9)


@pytest.mark.parametrize(
    ("x", "cases"),
    [([[1, 1], [1, 0]], [0, 4]), ([[1, 0], [1, 1], [1, 2], [1, 3]], [0, 0, 1, 1])],
    ids=["no events", "separated"],
)
def test_without_a_penalty_there_is_no_maximum_and_with_one_there_is(x, cases):
    x, cases = np.array(x, dtype=float), np.array(cases, dtype=float)
    trials = np.full(len(x), 8.0) if len(x) == 2 else None
    with pytest.raises(NoLogisticMaximum, match=r"runs off to infinity|no information"):
        logistic_fit(x, cases, trials)
    assert np.isfinite(logistic_fit(x, cases, trials, firth=True).beta).all()
    assert np.isfinite(logistic_fit(x, cases, trials, ridge=np.array([0.0, 0.5])).beta).all()


def test_a_covariate_without_information_is_said():
    with pytest.raises(NoLogisticMaximum, match="no information"):
        logistic_fit(np.array([[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]]), np.array([1.0, 0.0, 1.0]))


def test_a_ridge_pulls_to_the_mean_and_not_the_constant():
    x = np.array([[1.0, -1.0], [1.0, 1.0]])
    free, tied = (
        logistic_fit(x, np.array([3.0, 7.0]), np.array([10.0, 10.0]), ridge=np.array([0, r])) for r in (0, 1e9)
    )
    assert free.beta == pytest.approx([0, log(7 / 3)]) and tied.beta == pytest.approx([0, 0], abs=1e-7)


def fitted(rows, **more):
    a, b, y, w = (np.array(c, dtype=float) for c in zip(*rows, strict=True))
    x = np.column_stack([np.ones(len(a)), a, b])
    try:
        return x, y, w, logistic_fit(x, y * w, w, **more)
    except NoLogisticMaximum:
        assume(False)


@settings(deadline=None, max_examples=60)
@given(rows, st.sampled_from([0.0, 0.3]), st.booleans())
def test_nothing_near_the_fit_is_likelier(rows, penalty, firth):
    ridge = np.array([0.0, penalty, penalty])
    x, y, w, fit = fitted(rows, ridge=ridge, firth=firth)
    assert x.T @ fit.residual - ridge * fit.beta == pytest.approx(np.zeros(3), abs=1e-6)

    def value(beta):
        p = expit(x @ beta)
        plain = float(w @ (y * np.log(p) + (1 - y) * np.log(1 - p)) - ridge @ beta**2 / 2)
        return plain + firth * np.linalg.slogdet((x * (w * p * (1 - p))[:, None]).T @ x)[1] / 2

    best = value(fit.beta)
    assert fit.log_likelihood == pytest.approx(best, abs=1e-8)
    for step in (*np.eye(3), *-np.eye(3)):
        assert value(fit.beta + 1e-3 * step) <= best + 1e-12


@settings(deadline=None, max_examples=40)
@given(rows)
def test_weights_are_repeated_rows_and_order_changes_nothing(rows):
    x, y, w, fit = fitted(rows)
    often = np.repeat(np.arange(len(y)), w.astype(int))
    again = logistic_fit(x[often][::-1], y[often][::-1])
    assert again.beta == pytest.approx(fit.beta, abs=1e-7)
    cluster = np.arange(len(y)) % 5
    one = cluster_scores(x, fit.residual, cluster, 5)
    back = logistic_fit(x[often], y[often])
    other = cluster_scores(x[often], back.residual, cluster[often], 5)
    by_row = cluster_scores(x, back.residual, cluster[often], 5, often)
    assert one == pytest.approx(other, abs=1e-6) and by_row == pytest.approx(other, abs=1e-12)


def test_clustered_variance_of_two_groups_by_hand():
    # one row per person: sum of squared residuals of each group, G/(G-1) with 10 persons
    y = np.array([1, 0, 0, 1, 1, 0, 1, 0, 0, 1.0])
    x = np.column_stack([np.ones(10), [1] * 4 + [0] * 6])
    fit = logistic_fit(x, y)
    variance = cluster_covariance(fit.information, cluster_scores(x, fit.residual, np.arange(10), 10))
    assert variance[1, 1] == pytest.approx((1 / (4 * 1 / 4) + 1 / (6 * 1 / 4)) * 10 / 9)


def test_everybody_doubled_in_their_cluster_changes_no_error():
    y = np.array([1, 0, 0, 1, 1, 0, 1, 0, 0, 1.0])
    x = np.column_stack([np.ones(10), [1] * 4 + [0] * 6])
    once, twice = (
        cluster_covariance(f.information, cluster_scores(a, f.residual, np.tile(np.arange(10), k), 10))
        for k in (1, 2)
        for a in [np.tile(x, (k, 1))]
        for f in [logistic_fit(a, np.tile(y, k))]
    )
    assert once == pytest.approx(twice)


def test_the_reference_file_holds_what_the_estimators_are_checked_against():
    cases = {r["case"] for r in read_reference("trials_and_weights.csv")}  # made by trials_and_weights.R
    assert cases == {"trials", "trials_covariates", "overlap", "clones_by_day", "clones_logistic"}
