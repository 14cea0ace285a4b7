"""Multinomial logistic regression by Newton, with a ridge: what happens on a day, against nothing happening.

log P(outcome k) / P(nothing) = x'b_k. Penalised log-likelihood l(b) - 1/2 sum penalty_j b_jk^2 (le Cessie and van
Houwelingen 1992).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LARGEST_EXPONENT = 30.0  # beyond it a daily hazard is 1 to 13 digits
STEPS = 60
NEAR = 1e-9  # gradient, per row


@dataclass(frozen=True, slots=True, eq=False)
class MultinomialFit:
    """Coefficients, and the curvature around them."""

    coefficients: Floats  # (columns, outcomes)
    hessian: Floats  # of minus the penalised log-likelihood, (columns x outcomes) squared, outcome by outcome
    penalty: Floats  # (columns,)
    converged: bool

    def degrees(self, columns: NDArray[np.bool_], outcome: int) -> float:
        """Effective degrees of freedom of some columns in the equation of one outcome: a trace of H^-1 (H - P)."""
        q, k = self.coefficients.shape
        plain = self.hessian - np.diag(np.tile(self.penalty, k))
        share = np.linalg.solve(self.hessian, plain).diagonal()
        return float(share[outcome * q : (outcome + 1) * q][columns].sum())


def probabilities(design: Floats, coefficients: Floats) -> Floats:
    """P(outcome) of every row, shape (rows, outcomes)."""
    exponent = np.exp(np.clip(design @ coefficients, -LARGEST_EXPONENT, LARGEST_EXPONENT))
    return np.asarray(exponent / (1.0 + exponent.sum(axis=1, keepdims=True)))


def deviance(design: Floats, outcome: Floats, coefficients: Floats) -> float:
    """-2 log-likelihood; `outcome` (rows, outcomes) holds 0 and 1."""
    p = probabilities(design, coefficients)
    nothing = 1.0 - outcome.sum(axis=1)
    tiny = np.finfo(np.float64).tiny
    return float(-2 * ((outcome * np.log(p + tiny)).sum() + (nothing * np.log1p(-p.sum(axis=1) + tiny)).sum()))


def fit_multinomial(
    design: Floats, outcome: Floats, penalty: Floats, start: Floats | None = None, steps: int = STEPS
) -> MultinomialFit:
    """Newton with halved steps from `start` (columns, outcomes); `design` (rows, columns), `penalty` (columns,)."""
    rows, q = design.shape
    k = outcome.shape[1]
    b = _first_guess(outcome, q) if start is None else start.copy()
    transposed, totals = np.ascontiguousarray(design.T), design.T @ outcome
    value, p = _objective(transposed, totals, penalty, b)
    for _ in range(steps):
        gradient, hessian = _slope(transposed, totals, penalty, b, p)
        if np.abs(gradient).max() < NEAR * rows:
            return MultinomialFit(b, hessian, penalty, True)
        step = np.linalg.lstsq(hessian, gradient, rcond=1e-13)[0].reshape(k, q).T
        size = 1.0
        while size > 1e-6:
            tried = b + size * step
            new, p = _objective(transposed, totals, penalty, tried)
            if new <= value + 1e-10 * abs(value):
                break
            size /= 2
        b, value = tried, new
    return MultinomialFit(b, _slope(transposed, totals, penalty, b, p)[1], penalty, False)


def _first_guess(outcome: Floats, q: int) -> Floats:
    """Everybody at the mean: the first column is the intercept."""
    b = np.zeros((q, outcome.shape[1]))
    share = np.clip(outcome.mean(axis=0), 1e-9, None)
    b[0] = np.log(share / max(1.0 - share.sum(), 1e-9))
    return b


def _objective(transposed: Floats, totals: Floats, penalty: Floats, b: Floats) -> tuple[float, Floats]:
    """Half the penalised deviance, and P(outcome) of shape (outcomes, rows).

    `transposed` is the design, (columns, rows); `totals` = design' outcome: all the fit needs of what happened.
    """
    exponent = np.exp(np.clip(b.T @ transposed, -LARGEST_EXPONENT, LARGEST_EXPONENT))
    all_in = 1.0 + exponent.sum(axis=0)
    inner = np.log(all_in).sum() - (totals * b).sum()
    return float(inner + 0.5 * (penalty[:, None] * b**2).sum()), exponent / all_in


def _slope(transposed: Floats, totals: Floats, penalty: Floats, b: Floats, p: Floats) -> tuple[Floats, Floats]:
    """Gradient of the penalised log-likelihood (flat, outcome by outcome) and minus its Hessian."""
    q, k = b.shape
    gradient = totals - transposed @ p.T - penalty[:, None] * b
    hessian = np.empty((k * q, k * q))
    for i in range(k):
        for j in range(i, k):
            block = (transposed * (p[i] * ((i == j) - p[j]))) @ transposed.T
            hessian[i * q : (i + 1) * q, j * q : (j + 1) * q] = block
            hessian[j * q : (j + 1) * q, i * q : (i + 1) * q] = block
    hessian[np.diag_indices(k * q)] += np.tile(penalty, k)
    return gradient.T.ravel(), hessian
