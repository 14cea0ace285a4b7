"""Landmark analysis at one fixed day (Anderson, Cain and Gelber 1983): groups by what had happened by then.

Landmark s: persons still there at the start of s+1 whose first spell is longer than s; treated = Z <= s; events on
s+1..s+h. Later treatment changes no group, which pulls the contrast towards none.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from onearm.cohort.analysis_set import NEVER, AnalysisSet
from onearm.estimators.aalen_johansen import CumulativeIncidence, incidence
from onearm.estimators.follow_up import NO_TREATED, misaligned_remedy, treated_follow_up
from onearm.estimators.time_dependent_cox import HazardRatio, fitted_ratio
from onearm.results.status import Status

FEWEST_BY_LANDMARK = 5
ASSUMPTIONS = (
    "treatment by the landmark depends on nothing that predicts death",
    "open patients have the future of those still followed",
)


@dataclass(frozen=True, slots=True)
class Landmark:
    """Risk of death after the landmark, treated by then against not."""

    day: int = 0  # s
    horizon: int = 0  # h: events on s+1..s+h
    risk_difference: float | None = None  # treated - not yet treated; below 0 fewer deaths
    se: float | None = None  # of two separate groups
    lower: float | None = None  # two-sided, normal; None without an error
    upper: float | None = None
    treated: CumulativeIncidence | None = None  # by s
    untreated: CumulativeIncidence | None = None  # not by s
    hazard_ratio: HazardRatio | None = None  # whole follow-up after s, Efron
    n: int = 0  # still there
    n_treated: int = 0  # by s and still there
    treated_lost: int = 0  # ever treated, but later than s or no longer there
    level: float = 0.95
    method: str = ""
    assumptions: tuple[str, ...] = ASSUMPTIONS
    status: Status = Status.OK
    remedy: str = ""

    @property
    def estimate(self) -> float | None:
        """Risk difference; None exactly when status is not OK."""
        return self.risk_difference if self.status is Status.OK else None


def landmark(
    data: AnalysisSet,
    *,
    day: int = 7,
    horizon: int | None = None,
    spell: bool = True,
    from_day: int | None = None,
    level: float = 0.95,
) -> Landmark:
    """Groups at the landmark `day`; `horizon` defaults to H.

    `spell=False` keeps those whose first spell has ended. `from_day` is the first day that counts, `day + 1` unless
    given: `from_day=day` also keeps those whose last day is the landmark itself, who never enter a later risk set.
    """
    h, first = (data.horizon if horizon is None else horizon), (day + 1 if from_day is None else from_day)
    if first > day + h:
        raise ValueError(f"horizon {h} leaves no day after landmark {day}: give 1 or more")
    who = treated_follow_up(data)
    empty = Landmark(day=day, horizon=h, level=level, method=f"landmark {day}: events on {first}..{day + h}")
    if not len(who.row):
        return replace(empty, status=Status.NO_PATIENTS, remedy=NO_TREATED)
    if who.misaligned:
        return replace(empty, status=Status.REFUSED, remedy=misaligned_remedy(who.misaligned))
    there, by_then = landmark_groups(data, day=day, spell=spell, from_day=first)
    n_treated = int(np.sum(there & by_then))
    counted = replace(empty, n=int(there.sum()), n_treated=n_treated, treated_lost=len(who.row) - n_treated)
    if n_treated < FEWEST_BY_LANDMARK:
        remedy = f"{n_treated} treated by day {day} and still there: choose a later landmark with {FEWEST_BY_LANDMARK}."
        return replace(counted, status=Status.TOO_FEW, remedy=remedy)
    if n_treated == counted.n:
        remedy = f"Everyone still there had been treated by day {day}: choose an earlier landmark or add similar cases."
        return replace(counted, status=Status.ONE_ARM, remedy=remedy)
    return _contrasted(data, counted, there, by_then, first)


def _contrasted(
    data: AnalysisSet, counted: Landmark, there: NDArray[np.bool_], by_then: NDArray[np.bool_], first: int
) -> Landmark:
    from scipy.special import ndtri  # loaded on use

    end, event = data.column("end_day"), data.column("event")
    span = counted.day + counted.horizon - first
    treated, untreated = (
        incidence(end[g], event[g], from_day=first, horizon=span, level=counted.level)
        for g in (there & by_then, there & ~by_then)
    )
    difference = treated.risk - untreated.risk
    se = float(np.hypot(treated.se[-1], untreated.se[-1]))
    half = float(ndtri((1 + counted.level) / 2)) * se
    ratio = HazardRatio(n=counted.n, n_treated=counted.n_treated, level=counted.level, method="Cox after the landmark")
    died = there & (event == 1)
    ratio = replace(ratio, deaths_treated=int(np.sum(died & by_then)), deaths_untreated=int(np.sum(died & ~by_then)))
    start, stop = np.full(counted.n, float(first)), np.asarray(end[there] + 1, dtype=np.float64)
    group = np.asarray(by_then[there, None], dtype=np.float64)
    stops = min(treated.defined_to, untreated.defined_to)
    is_whole = stops >= first + span
    return replace(
        counted,
        risk_difference=difference,
        se=se,
        lower=max(-1.0, difference - half) if se > 0 else None,
        upper=min(1.0, difference + half) if se > 0 else None,
        treated=treated,
        untreated=untreated,
        hazard_ratio=fitted_ratio(ratio, start, stop, died[there], group, ("treated by the landmark",)),
        status=Status.OK if is_whole else Status.TOO_FEW,
        remedy="" if is_whole else f"Nobody of one group is followed beyond day {stops}: shorten the horizon.",
    )


def landmark_groups(
    data: AnalysisSet, *, day: int, spell: bool = True, from_day: int | None = None
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Still there after `day`, and treated by it; both of shape (persons,)."""
    first = day + 1 if from_day is None else from_day
    there = data.column("end_day") >= first
    if spell:
        there &= data.column("spell_days") > day
    start = data.column("start_day")
    return there, (start <= day) & (start < NEVER)


def landmark_sweep(
    data: AnalysisSet, *, days: tuple[int, ...], horizon: int | None = None, spell: bool = True, level: float = 0.95
) -> tuple[Landmark, ...]:
    """The landmark analysis at each of `days`, refusals included: read `treated_lost` beside every difference."""
    return tuple(landmark(data, day=s, horizon=horizon, spell=spell, level=level) for s in days)
