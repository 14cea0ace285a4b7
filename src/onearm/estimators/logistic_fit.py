"""Logistic regression on grouped or weighted rows, in plain arrays: Newton, ridge, Firth, variance by cluster.

Firth (Biometrika 1993;80:27) adds 1/2 log|I|, with score sum (y - p + h(1/2 - p)) x (Heinze and Schemper, Stat Med
2002;21:2409); a ridge subtracts 1/2 sum ridge beta^2 (le Cessie and van Houwelingen 1992). Cluster variance: Liang and
Zeger (Biometrika 1986;73:13) with G/(G - 1).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STEPS = 100
FARTHEST = 25.0  # logits of a row: beyond it a chance is 0 or 1 to 11 digits
NEAR = 1e-10  # of a Newton step, in logits


class NoLogisticMaximum(ValueError):
    """The likelihood has no finite maximum: a covariate separates the outcomes, or carries no information."""


@dataclass(frozen=True, slots=True)
class LogOdds:
    """One coefficient of a logistic model."""

    name: str
    value: float  # log odds ratio per unit
    se: float | None  # None: no error could be computed


@dataclass(frozen=True, slots=True, eq=False)
class LogisticFit:
    """Maximum of the (penalised) likelihood."""

    beta: Floats  # (columns,)
    information: Floats  # minus the Hessian, ridge included, (columns, columns)
    chance: Floats  # fitted probability of each row, (rows,)
    residual: Floats  # what each row adds to the score, before its x: cases - trials p, with Firth's term, (rows,)
    log_likelihood: float  # with the penalty


def logistic_fit(
    x: Floats,
    cases: Floats,
    trials: Floats | None = None,
    *,
    ridge: Floats | None = None,
    firth: bool = False,
    start: Floats | None = None,
) -> LogisticFit:
    """Fit of `cases` out of `trials` (rows,; may be weights, default 1 each) on `x` (rows, columns), constant included.

    `ridge` (columns,) penalises the squares, 0 for none; `start` (columns,) is a first guess. Raises NoLogisticMaximum.
    """
    total = np.ones(len(x)) if trials is None else trials
    penalty = np.zeros(x.shape[1]) if ridge is None else ridge
    beta = _first_guess(x, cases, total) if start is None else start.copy()
    value = _objective(x, cases, total, penalty, firth, beta)
    for _ in range(STEPS):
        chance, residual, information = _slope(x, cases, total, penalty, firth, beta)
        step = _solve(information, x.T @ residual - penalty * beta)
        reach = float(np.abs(x @ step).max())
        if not np.isfinite(reach):
            raise NoLogisticMaximum("no information on a covariate")
        step *= min(1.0, 5 / max(reach, 1e-300))
        while True:
            tried = beta + step
            new = _objective(x, cases, total, penalty, firth, tried)
            if new >= value - 1e-12 * (1 + abs(value)) or np.abs(step).max() < 1e-14:
                break
            step = step / 2
        beta, value = tried, new
        if np.abs(x @ beta).max() > FARTHEST:
            raise NoLogisticMaximum("a log odds ratio runs off to infinity")
        if reach < NEAR:
            break
    else:
        raise NoLogisticMaximum("the fit did not settle")
    chance, residual, information = _slope(x, cases, total, penalty, firth, beta)
    _require_information(information)
    return LogisticFit(beta, information, chance, residual, value)


def cluster_scores(x: Floats, residual: Floats, cluster: Ints, clusters: int, row: Ints | None = None) -> Floats:
    """Score of each cluster, shape (clusters, columns).

    `residual` (what an entry adds to the score before its x) and `cluster` (0..) have one entry per row of `x`, or,
    with `row`, per use of a row.
    """
    columns = (column if row is None else column[row] for column in x.T)
    return np.column_stack([np.bincount(cluster, residual * column, clusters) for column in columns])


def cluster_covariance(information: Floats, scores: Floats) -> Floats:
    """I^-1 (sum of s s') I^-1 G/(G - 1) over the G clusters of `scores` (G, columns); G counts those with a row."""
    bread = np.linalg.inv(information)
    g = len(scores)
    return np.asarray(bread @ (scores.T @ scores) @ bread * g / max(g - 1, 1))


def expit(linear: Floats) -> Floats:
    """1 / (1 + exp(-linear)), without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * linear)))


def _first_guess(x: Floats, cases: Floats, trials: Floats) -> Floats:
    """Everybody at the mean, when a first column of ones can hold it."""
    beta = np.zeros(x.shape[1])
    if x.shape[1] and np.all(x[:, 0] == 1):
        share = np.clip(cases.sum() / trials.sum(), 1e-6, 1 - 1e-6)
        beta[0] = np.log(share / (1 - share))
    return beta


def _objective(x: Floats, cases: Floats, trials: Floats, penalty: Floats, firth: bool, beta: Floats) -> float:
    linear = x @ beta
    log_one_more = np.maximum(linear, 0) + np.log1p(np.exp(-np.abs(linear)))  # log(1 + exp(linear))
    value = float(cases @ linear - trials @ log_one_more - 0.5 * penalty @ beta**2)
    if firth:
        p = expit(linear)
        sign, log_det = np.linalg.slogdet((x * (trials * p * (1 - p))[:, None]).T @ x)
        value = value + 0.5 * float(log_det) if sign > 0 else -np.inf
    return value


def _slope(
    x: Floats, cases: Floats, trials: Floats, penalty: Floats, firth: bool, beta: Floats
) -> tuple[Floats, Floats, Floats]:
    """Fitted chances, score of each row before its x, and minus the Hessian."""
    p = expit(x @ beta)
    weight = trials * p * (1 - p)
    information = (x * weight[:, None]).T @ x
    residual = cases - trials * p
    if firth:
        leverage = weight * np.einsum("rj,rj->r", x, _solve(information, x.T).T)
        residual = residual + leverage * (0.5 - p)
    return p, residual, information + np.diag(penalty)


def _solve(information: Floats, right: Floats) -> Floats:
    try:
        return np.asarray(np.linalg.solve(information, right))
    except np.linalg.LinAlgError as error:
        raise NoLogisticMaximum("no information on a covariate") from error


def _require_information(information: Floats) -> None:
    scale = np.sqrt(np.diag(information))
    if not (scale > 0).all() or np.linalg.cond(information / np.outer(scale, scale)) > 1e12:
        raise NoLogisticMaximum("no information on a covariate")
