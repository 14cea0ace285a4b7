"""Counts and slopes of several hospitals add up to those of all: a pooled answer needs no pooled patients."""

import numpy as np
import polars as pl
import pytest
from prognosis_worlds import severity_ward

from onearm.estimators.multinomial_fit import _objective, _slope, fit_multinomial
from onearm.estimators.prognosis import fitted
from onearm.estimators.risk_set_test import risk_set_counts, risk_set_test, risk_set_test_of_counts
from onearm.estimators.score_matching import keep_pairs
from onearm.estimators.untreated_hazard import untreated_counts


@pytest.fixture(scope="module")
def ward():
    return severity_ward(12, treated=13, untreated=300)


def test_untreated_days_deaths_and_exits_add_over_hospitals(ward):
    hospital = np.arange(ward.people.height) % 3
    parts = [
        untreated_counts(type(ward)(ward.people.filter(pl.Series(hospital == h)), ward.sets.clear(), 28, "index", ""))
        for h in range(3)
    ]
    pooled = untreated_counts(ward)
    for k in range(3):
        total = np.zeros(len(pooled[k]), dtype=np.int64)
        for part in parts:
            total[: len(part[k])] += part[k]
        assert total.tolist() == pooled[k].tolist()


def test_the_exact_test_of_added_counts_is_that_of_all_bit_by_bit(ward):
    control = ward.sets.drop_nulls("control")["control"].to_numpy()
    parts = [risk_set_counts(keep_pairs(ward, control % 3 == h)) for h in range(3)]
    pooled = risk_set_counts(ward)
    where = [{name: k for k, name in enumerate(part.person)} for part in parts]
    controls, deaths = [], []
    for name, died in zip(pooled.person, pooled.treated_died, strict=True):
        here = [(part, at[name]) for part, at in zip(parts, where, strict=True) if name in at]
        controls.append(sum(part.controls[k] for part, k in here))
        deaths.append(died + sum(part.deaths[k] - died for part, k in here))
    assert (tuple(controls), tuple(deaths)) == (pooled.controls, pooled.deaths)
    assert risk_set_test_of_counts(pooled) == risk_set_test(ward)


def test_newton_on_added_slopes_is_newton_on_all(ward):
    _, frame = fitted(ward, ridge=1.0)
    penalty = np.array([0.0, 0.0, 0.0, 1.0])
    pooled = fit_multinomial(frame.design, frame.outcome, penalty).coefficients
    b = np.zeros_like(pooled)
    nothing = np.zeros_like(penalty)
    for _ in range(30):
        gradient, hessian = -np.tile(penalty, 2) * b.T.ravel(), np.diag(np.tile(penalty, 2))
        for h in range(3):
            here = frame.person % 3 == h
            design, totals = frame.design[here].T, frame.design[here].T @ frame.outcome[here]
            _, p = _objective(design, totals, nothing, b)
            one, curve = _slope(design, totals, nothing, b, p)
            gradient, hessian = gradient + one, hessian + curve
        b = b + np.linalg.solve(hessian, gradient).reshape(2, 4).T
    assert np.abs(b - pooled).max() < 1e-8
    value = _objective(frame.design.T, frame.design.T @ frame.outcome, penalty, b)[0]
    assert value == pytest.approx(
        _objective(frame.design.T, frame.design.T @ frame.outcome, penalty, pooled)[0], rel=1e-10
    )
