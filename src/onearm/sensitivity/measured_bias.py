"""How far a hidden cause could move a risk ratio, and how far the measured ones could (Ding and VanderWeele 2016).

UD is the largest ratio of the risk of death between levels of the cause, EU the largest ratio of its shares between
treated and similar; a risk ratio moves by at most their bias factor.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onearm.cohort.analysis_set import AnalysisSet
from onearm.estimators.balance import pair_weights
from onearm.sensitivity.e_value import bias_factor

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MeasuredBias:
    """One covariate, split at the median of the similar patients there that day."""

    name: str
    with_death: float  # UD, at least 1
    with_treatment: float  # EU, at least 1

    @property
    def factor(self) -> float:
        """B: how far a hidden cause just as strong could move the ratio."""
        return bias_factor(self.with_death, self.with_treatment)


def needed_with_treatment(factor: float, with_death: float) -> float | None:
    """EU at which a cause with UD = `with_death` reaches B = `factor`: a point of the nullifying curve.

    None where no EU does: with_death at or below the factor.
    """
    return None if with_death <= factor else factor * (with_death - 1) / (with_death - factor)


def measured_bias(data: AnalysisSet) -> tuple[MeasuredBias, ...]:
    """Every covariate of the sets on the day; those with one value, or known on one side only, are left out."""
    pairs = data.sets.drop_nulls("control")
    if data.x is None or pairs.is_empty():
        return ()
    treated, control = (pairs[side].to_numpy().astype(np.int64) for side in ("treated", "control"))
    day, weight = data.column("start_day")[treated], pair_weights(data)
    h = np.minimum(data.horizon, data.column("potential_days")[treated] - day)
    died = (data.column("event")[control] == 1) & (data.column("end_day")[control] <= day + h)
    found = []
    for k, name in enumerate(data.covariates):
        mine, theirs = (data.x[person, day, k].astype(np.float64) for person in (treated, control))
        one = _one(name, mine, theirs, weight, died)
        if one is not None:
            found.append(one)
    return tuple(found)


def _one(name: str, mine: Floats, theirs: Floats, weight: Floats, died: NDArray[np.bool_]) -> MeasuredBias | None:
    known = np.isfinite(mine) & np.isfinite(theirs)
    if not known.any() or np.ptp(theirs[known]) == 0:
        return None
    mine, theirs, weight, died = mine[known], theirs[known], weight[known], died[known]
    order = np.argsort(theirs)
    middle = theirs[order][np.searchsorted(np.cumsum(weight[order]), weight.sum() / 2)]
    high = theirs > middle if (theirs > middle).any() else theirs >= middle
    high_mine = mine > middle if (theirs > middle).any() else mine >= middle
    risk = [(float(weight @ (died & g)) + 0.5) / (float(weight @ g) + 1) for g in (high, ~high)]
    shares = [(float(weight @ g) + 0.5) / (float(weight.sum()) + 1) for g in (high_mine, high)]
    ratios = (shares[0] / shares[1], (1 - shares[0]) / (1 - shares[1]))
    return MeasuredBias(name, max(risk) / min(risk), max(max(r, 1 / r) for r in ratios))
