"""Deaths of the treated against controls weighted to their means by entropy balancing: one number, no interval."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from onearm.cohort.analysis_set import AnalysisSet
from onearm.estimators.entropy_balance import ASSUMPTIONS, EntropyBalance, entropy_balance
from onearm.estimators.follow_up import NO_TREATED, misaligned_remedy, set_pairs, treated_follow_up
from onearm.results.status import Status


@dataclass(frozen=True, slots=True)
class BalancedDifference:
    """Risk of death by Z+h, treated minus weighted controls; lost treated count as dead, lost controls as alive."""

    risk_difference: float | None = None
    risk_treated: float | None = None
    risk_controls: float | None = None  # weighted
    balance: EntropyBalance | None = None  # rows: control person-days of the sets
    n_treated: int = 0
    method: str = "entropy balancing of the control person-days of the sets to the means of the treated"
    assumptions: tuple[str, ...] = ASSUMPTIONS
    status: Status = Status.OK
    remedy: str = ""

    @property
    def estimate(self) -> float | None:
        """Risk difference; None exactly when status is not OK."""
        return self.risk_difference if self.status is Status.OK else None


def balanced_difference(
    data: AnalysisSet, *, x: NDArray[np.floating], names: tuple[str, ...] = ()
) -> BalancedDifference:
    """`x`: covariates by day, shape (persons, days, covariates), aligned with `data.people`, none missing on day Z."""
    treated = treated_follow_up(data)
    pairs = set_pairs(data, treated)
    n = len(treated.row)
    empty = BalancedDifference(n_treated=n)
    if not n:
        return replace(empty, status=Status.NO_PATIENTS, remedy=NO_TREATED)
    if pairs.misaligned:
        return replace(empty, status=Status.REFUSED, remedy=misaligned_remedy(pairs.misaligned))
    day = treated.start[pairs.which]
    found = entropy_balance(x[pairs.control, day], x[treated.row, treated.start].mean(axis=0), n_treated=n, names=names)
    if found.status is not Status.OK:
        return replace(empty, balance=found, status=found.status, remedy=found.remedy)
    end, event = (data.column(name)[pairs.control] for name in ("end_day", "event"))
    died = (event == 1) & (end <= (treated.start + treated.horizon)[pairs.which])
    own = float((treated.died | treated.lost).mean())
    theirs = float(np.array(found.weights) @ died)
    return replace(empty, risk_difference=own - theirs, risk_treated=own, risk_controls=theirs, balance=found)
