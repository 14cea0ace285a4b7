"""Optimal matching with balance as a mixed integer programme (Zubizarreta, JASA 2012;107:1360), solved by HiGHS.

Choose `per_treated` controls for each treated patient, nobody twice, so that the sum of score distances is least and
the mean of every covariate differs from that of the treated by at most `balance` SD.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from onearm.cohort.analysis_set import AnalysisSet
from onearm.estimators.score_matching import ScorePairs, keep_pairs
from onearm.results.status import Status

Floats = NDArray[np.float64]

BALANCE = 0.1  # SD of the covariate over the pairs
SECONDS = 20.0
MOST_PAIRS = 20_000  # of more, the nearest of each treated patient


@dataclass(frozen=True, slots=True, eq=False)
class OptimalMatching:
    """The chosen pairs, or why there are none."""

    data: AnalysisSet | None  # None exactly when status is not OK
    per_treated: int
    distance: float | None = None  # sum over the pairs, logit m0
    proven: bool = False  # no other choice is better
    status: Status = Status.OK
    remedy: str = ""


def optimal_matching(
    data: AnalysisSet, pairs: ScorePairs, *, per_treated: int = 2, balance: float = BALANCE, limit: float | None = None
) -> OptimalMatching:
    """Least total distance under balance; `limit`: largest distance of one pair, in logit m0."""
    from scipy.optimize import Bounds, LinearConstraint, milp  # loaded on use
    from scipy.sparse import coo_array, vstack

    empty = OptimalMatching(None, per_treated)
    treated = np.unique(data.sets["treated"].to_numpy()).astype(np.int64)
    if not len(treated) or not len(pairs.treated):
        return replace(empty, status=Status.ONE_ARM, remedy="Nobody to choose from: add similar cases.")
    usable = np.flatnonzero(np.ones(len(pairs.treated)) if limit is None else pairs.distance <= limit)
    if len(usable) > MOST_PAIRS:
        place = np.empty(len(pairs.treated), dtype=np.int64)
        order = np.lexsort((pairs.control, pairs.distance, pairs.treated))
        place[order] = np.arange(len(order)) - np.searchsorted(pairs.treated[order], pairs.treated[order])
        usable = usable[place[usable] < MOST_PAIRS // len(treated)]
    control, which = np.unique(pairs.control[usable], return_inverse=True)
    place, columns = np.searchsorted(treated, pairs.treated[usable]), np.arange(len(usable))
    each = coo_array((np.ones(len(usable)), (place, columns)), shape=(len(treated), len(usable)))
    once = coo_array((np.ones(len(usable)), (which.reshape(-1), columns)), shape=(len(control), len(usable)))
    rows, low, high = _balance_rows(data, pairs, usable, len(treated) * per_treated, balance)
    matrix = vstack([each, once, coo_array(rows)])
    least = np.concatenate([np.full(len(treated), per_treated), np.zeros(len(control)), low])
    most = np.concatenate([np.full(len(treated), per_treated), np.ones(len(control)), high])
    found = milp(
        pairs.distance[usable],
        integrality=np.ones(len(usable)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(matrix, least, most),
        options={"time_limit": SECONDS, "mip_rel_gap": 1e-6},
    )
    if found.x is None:
        remedy = (
            f"No choice of {per_treated} controls each, nobody twice, has means within {balance:g} SD: "
            "ask for fewer controls, or add similar cases."
        )
        return replace(empty, status=Status.REFUSED, remedy=remedy)
    kept = np.zeros(len(pairs.treated), dtype=np.bool_)
    kept[usable[found.x > 0.5]] = True
    return replace(
        empty, data=keep_pairs(data, kept), distance=float(pairs.distance[kept].sum()), proven=found.status == 0
    )


def _balance_rows(
    data: AnalysisSet, pairs: ScorePairs, usable: NDArray[np.int64], chosen: int, balance: float
) -> tuple[Floats, Floats, Floats]:
    """One row per covariate: mean of the chosen controls, and its bounds around the mean of the treated."""
    assert data.x is not None
    theirs = data.x[pairs.control[usable], pairs.day[usable]].astype(np.float64)
    sets = data.sets.unique("set_id")["treated"].to_numpy()
    mine = data.x[sets, data.column("start_day")[sets]].astype(np.float64)
    with np.errstate(invalid="ignore"):
        mean = np.array([np.nanmean(c) if np.isfinite(c).any() else 0.0 for c in mine.T])
        sd = np.array([np.nanstd(c) if np.isfinite(c).any() else 0.0 for c in theirs.T])
    theirs = np.where(np.isnan(theirs), mean, theirs)
    varies = sd > 0
    width = balance * sd[varies]
    return theirs[:, varies].T / chosen, mean[varies] - width, mean[varies] + width
