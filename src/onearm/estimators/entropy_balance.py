"""Entropy balancing (Hainmueller 2012): weights that meet target means and stay as close to equal as they can.

min sum w log w with sum w x = target and sum w = 1, so w is proportional to exp(lambda'x). Newton on the dual, after
a linear programme has shown that some positive weights exist. The same weights match patients to a published table
(Signorovitch 2010).
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from onearm.results.status import Status

Floats = NDArray[np.float64]
Weighted = Literal["controls", "treated"]

FEWEST_TREATED = 8
TREATED_PER_COVARIATE = 5
MOST_BELOW = ((20, 2), (40, 4))  # (treated below this, covariates at most)
MOST_TO_A_TABLE = 2  # covariates when the treated are weighted
SMALLEST_WEIGHT = 1e-7  # of an equal weight: below it the target lies on the edge
ROUNDING = 1e-12  # of the dual, which the last steps no longer lower
ASSUMPTIONS = (
    "alike in these means is alike in what decides the outcome",
    "weights as in the log-linear model of being treated",
)


@dataclass(frozen=True, slots=True)
class Balance:
    """One covariate before and after weighting. Differences are (mean - target) / SD of the unweighted rows."""

    name: str
    target: float
    mean_before: float
    mean_after: float
    difference_before: float
    difference_after: float
    multiplier: float  # lambda, per unit of the covariate


@dataclass(frozen=True, slots=True)
class EntropyBalance:
    """Weights of the rows, what they balance and what they cost."""

    weights: tuple[float, ...] = ()  # in the order of the rows, positive, summing to 1; empty when status is not OK
    covariates: tuple[Balance, ...] = ()  # in the order given
    effective_n: float | None = None  # 1 / sum of squared weights
    largest_weight: float | None = None
    n: int = 0  # rows weighted
    n_treated: int = 0
    weighted: Weighted = "controls"  # "treated": the treated are weighted to a published table
    method: str = "entropy balancing of means, Newton on the dual"
    assumptions: tuple[str, ...] = ASSUMPTIONS
    status: Status = Status.OK
    remedy: str = ""

    @property
    def estimate(self) -> float | None:
        """Effective number of rows; None exactly when status is not OK."""
        return self.effective_n if self.status is Status.OK else None


def entropy_balance(
    x: NDArray[Any],
    target: NDArray[Any],
    *,
    n_treated: int,
    weighted: Weighted = "controls",
    names: tuple[str, ...] = (),
) -> EntropyBalance:
    """Weights of the rows of `x` (n, covariates) with column means `target` (covariates,).

    A single covariate may be of shape (n,). `names` are for the refusals. Raises ValueError for shapes that do not
    fit, a missing value, or `n_treated` other than the rows of `x` when these are the treated.
    """
    rows, goal, names = _require(x, target, names, n_treated, weighted)
    empty = EntropyBalance(n=len(rows), n_treated=n_treated, weighted=weighted)
    status, remedy = _refusal(empty, len(goal))
    if status is not Status.OK:
        return replace(empty, status=status, remedy=remedy)
    # equal rows get equal weights, and sorted rows make every sum the same in any order
    unique, which, counts = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
    mean = counts @ unique / len(rows)
    sd = np.sqrt(counts @ (unique - mean) ** 2 / max(len(rows) - 1, 1))
    constant = np.ptp(unique, axis=0) == 0
    sd[constant] = 0.0
    scale = np.where(constant, 1.0, sd)
    z = (unique - goal) / scale
    z[:, constant & np.isclose(unique[0], goal, rtol=1e-12, atol=0)] = (
        0.0  # a mean of equal values may miss the last digit
    )
    blocked = _unreachable(z, counts)
    fit = None if blocked else _newton(z, counts)
    if fit is None:
        where = "lies outside what the patients cover, alone or together" if blocked else "is all but at their edge"
        remedy = (
            f"No positive weights reach the target of {', '.join(names[k] for k in blocked or range(len(names)))}: it "
            f"{where}. Drop the covariate or change who is eligible."
        )
        return replace(empty, status=Status.REFUSED, remedy=remedy)
    per_row, multipliers = fit
    after = goal + (counts * per_row) @ z * scale
    weights = per_row[which.reshape(-1)]
    before, left = (_standardised(m - goal, sd) for m in (mean, after))
    numbers = zip(goal, mean, after, before, left, multipliers / scale, strict=True)
    return replace(
        empty,
        weights=tuple(weights.tolist()),
        covariates=tuple(Balance(k, *map(float, row)) for k, row in zip(names, numbers, strict=True)),
        effective_n=float(1 / (counts @ per_row**2)),
        largest_weight=float(per_row.max()),
    )


def most_covariates(n_treated: int) -> int:
    """Means that may be balanced with so many treated: one per 5, at most 2 below 20 and 4 below 40, none below 8."""
    if n_treated < FEWEST_TREATED:
        return 0
    return min([n_treated // TREATED_PER_COVARIATE] + [most for below, most in MOST_BELOW if n_treated < below])


def _require(
    x: NDArray[Any], target: NDArray[Any], names: tuple[str, ...], n_treated: int, weighted: Weighted
) -> tuple[Floats, Floats, tuple[str, ...]]:
    goal = np.atleast_1d(np.asarray(target, dtype=np.float64))
    rows = np.asarray(x, dtype=np.float64)
    rows = rows[:, None] if rows.ndim == 1 else rows
    names = names or tuple(f"covariate {k + 1}" for k in range(len(goal)))
    if rows.ndim != 2 or goal.ndim != 1 or not len(goal) or not rows.shape[1] == len(goal) == len(names):
        raise ValueError(f"x {rows.shape}, target {goal.shape}, {len(names)} names: give one target per column of x")
    for name, column, aim in zip(names, rows.T, goal, strict=True):
        if not (np.isfinite(column).all() and np.isfinite(aim)):
            raise ValueError(f"{name} has a missing value: fill it, or drop the covariate or the patient")
    if weighted == "treated" and n_treated != len(rows):
        raise ValueError(f"{len(rows)} rows to weight and {n_treated} treated: give the rows of the treated")
    return rows, goal, names


def _refusal(asked: EntropyBalance, covariates: int) -> tuple[Status, str]:
    if not asked.n_treated:
        return Status.NO_PATIENTS, "Nobody was treated: there is nothing to balance."
    if not asked.n:
        return Status.ONE_ARM, "There is nobody to weight: add similar cases."
    if asked.weighted == "treated" and covariates > MOST_TO_A_TABLE:
        remedy = f"{covariates} covariates of a published table: weight the treated to {MOST_TO_A_TABLE} at most."
        return Status.REFUSED, remedy
    most = most_covariates(asked.n_treated)
    if not most:
        return Status.TOO_FEW, f"{asked.n_treated} treated: weighting needs {FEWEST_TREATED}."
    if covariates > most:
        return Status.TOO_FEW, f"{asked.n_treated} treated carry {most} covariates, not {covariates}: name fewer."
    return Status.OK, ""


def _standardised(difference: Floats, sd: Floats) -> Floats:
    return np.where(sd > 0, difference / np.where(sd > 0, sd, 1.0), 0.0)


def _unreachable(z: Floats, counts: NDArray[np.int64]) -> tuple[int, ...]:
    """Covariates whose target (0 in `z`) no positive weights reach: alone; else those that block the others."""
    spans = np.ptp(z, axis=0) > 0
    inside = np.where(spans, (z.min(axis=0) < 0) & (z.max(axis=0) > 0), z[0] == 0)
    if not inside.all():
        return tuple(int(k) for k in np.flatnonzero(~inside))
    columns = range(z.shape[1])
    if len(columns) == 1 or _smallest_weight(z, counts) > SMALLEST_WEIGHT:
        return ()
    without = (k for k in columns if _smallest_weight(np.delete(z, k, axis=1), counts) > SMALLEST_WEIGHT)
    return tuple(without) or tuple(columns)


def _smallest_weight(z: Floats, counts: NDArray[np.int64]) -> float:
    """Largest possible smallest weight of a row that meets all targets, times the rows; -1 when none meets them."""
    from scipy.optimize import linprog  # loaded on use

    n = counts.sum()
    share = counts / n
    means = np.vstack([(share[:, None] * z).T, share])  # weights are floor + rest, rest >= 0, in units of 1/n
    matrix = np.column_stack([means, means.sum(axis=1)])
    cost = np.append(np.zeros(len(z)), -1.0)
    found = linprog(cost, A_eq=matrix, b_eq=np.append(np.zeros(z.shape[1]), 1.0))
    return float(found.x[-1]) if found.status == 0 else -1.0


def _newton(z: Floats, counts: NDArray[np.int64]) -> tuple[Floats, Floats] | None:
    """Weight of a row of each kind and the multipliers, from the minimum of log sum c exp(lambda'z); None without."""
    multipliers = np.zeros(z.shape[1])
    value, share = _dual(z, counts, multipliers)
    for _ in range(200):
        gradient = share @ z
        if np.abs(gradient).max() < 1e-13:
            break
        curvature = (z * share[:, None]).T @ z - np.outer(gradient, gradient)
        step = np.linalg.lstsq(curvature, gradient, rcond=1e-12)[0]
        size = 1.0
        while size > 1e-10:
            tried = multipliers - size * step
            lower, moved = _dual(z, counts, tried)
            nearer = np.abs(moved @ z).max() < np.abs(gradient).max()
            if lower < value - ROUNDING or (nearer and lower <= value + ROUNDING):  # flat at the end: means decide
                break
            size /= 2
        else:
            break
        multipliers, value, share = tried, lower, moved
    met = np.abs(share @ z).max() < 1e-9 and (share > 0).all()
    return (np.asarray(share / counts), multipliers) if met else None


def _dual(z: Floats, counts: NDArray[np.int64], multipliers: Floats) -> tuple[float, Floats]:
    """log sum c exp(lambda'z), and the share of the weight on each kind of row."""
    exponent = z @ multipliers
    top = exponent.max()
    mass = counts * np.exp(exponent - top)
    total = mass.sum()
    return float(np.log(total) + top), np.asarray(mass / total)
