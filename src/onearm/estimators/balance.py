"""Love table: how far the treated and their similar patients differ in each covariate, before and after matching.

Standardised difference = (mean of the treated - mean of the similar) / SD, the SD pooled over both before matching
(Austin, Stat Med 2009;28:3083). Every set weighs one, its controls share it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onearm.cohort.analysis_set import AnalysisSet

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Difference:
    """One covariate; means of the known values on the index day, and standardised differences."""

    name: str
    treated: float | None  # of the matched treated; None: nobody's is known
    similar: float | None  # of their matched controls
    before: float | None  # all treated against all who were there that day
    after: float | None  # matched


@dataclass(frozen=True, slots=True)
class LoveTable:
    """Differences of all covariates, and what the matching left to compare with."""

    rows: tuple[Difference, ...]
    effective_n: float | None  # (sum w)^2 / sum w^2 over control persons; None without controls
    matched: int  # treated with a control

    @property
    def largest(self) -> float | None:
        """Largest absolute difference after matching; None when one of them is not known."""
        found = [r.after for r in self.rows]
        return None if not found or None in found else max(abs(d) for d in found if d is not None)


def love_table(before: AnalysisSet, after: AnalysisSet) -> LoveTable:
    """`before`: sets on the day alone; `after`: the matched sets of the same people."""
    rows = []
    for k, name in enumerate(after.covariates):
        (own, own_spread), (first, spread) = (_side(before, side, k) for side in ("treated", "control"))
        (mine, _), (last, _) = (_side(after, side, k) for side in ("treated", "control"))
        sd = float(np.sqrt((own_spread + spread) / 2))
        rows.append(Difference(name, mine, last, _standardised(own, first, sd), _standardised(mine, last, sd)))
    weight = person_weights(after)
    total = float(weight.sum())
    effective = total**2 / float((weight**2).sum()) if total > 0 else None
    return LoveTable(tuple(rows), effective, after.sets.drop_nulls("control")["set_id"].n_unique())


def pair_weights(data: AnalysisSet) -> Floats:
    """1 / m of each row of `sets` with a control, shape (pairs,)."""
    which = data.sets.drop_nulls("control")["set_id"].to_numpy().astype(np.int64)
    size = np.bincount(which) if len(which) else np.zeros(0)
    return np.asarray(1.0 / size[which], dtype=np.float64)


def person_weights(data: AnalysisSet) -> Floats:
    """Sum of the weights of each person as a control, shape (persons,)."""
    control = data.sets.drop_nulls("control")["control"].to_numpy().astype(np.int64)
    return np.asarray(np.bincount(control, weights=pair_weights(data), minlength=data.people.height), dtype=np.float64)


def _side(data: AnalysisSet, side: str, k: int) -> tuple[float | None, float]:
    """Weighted mean and variance of the known values of covariate k on the index day."""
    assert data.x is not None
    pairs = data.sets.drop_nulls("control")
    index = pairs["treated"].to_numpy().astype(np.int64)
    person = pairs[side].to_numpy().astype(np.int64)
    value = data.x[person, data.column("start_day")[index], k].astype(np.float64)
    weight = np.where(np.isnan(value), 0.0, pair_weights(data))
    total = float(weight.sum())
    if total == 0:
        return None, 0.0
    filled = np.where(np.isnan(value), 0.0, value)
    mean = float(weight @ filled) / total
    return mean, float(weight @ (filled - mean) ** 2) / total


def _standardised(mine: float | None, theirs: float | None, sd: float) -> float | None:
    if mine is None or theirs is None:
        return None
    apart = mine - theirs
    return 0.0 if abs(apart) < 1e-12 else None if sd == 0 else apart / sd
