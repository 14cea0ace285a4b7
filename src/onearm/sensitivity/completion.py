"""Unresolved patients completed: how many of the treated will have died once everybody is followed to the horizon.

Each open path goes on from the day after its last contact with the daily hazards of all untreated person-days, leaving
alive competing, and the hazard of death times a ratio: 1 if the treatment did nothing. No draws: with hazards given,
the number of deaths to come is Poisson-binomial.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from onearm.cohort.analysis_set import AnalysisSet
from onearm.estimators.follow_up import NO_TREATED, treated_follow_up
from onearm.estimators.risk_set_test import poisson_binomial
from onearm.estimators.untreated_hazard import UntreatedHazard, untreated_hazard
from onearm.results.status import Status

HAZARD_RATIOS = (1.0, 0.5, 0.65, 0.8, 1.25)
ASSUMPTIONS = (
    "the open have the hazards of untreated patients of the same day, times the ratio",
    "these hazards count as known",
)


@dataclass(frozen=True, slots=True)
class Completed:
    """Final deaths under one hazard ratio."""

    hazard_ratio: float
    mass: tuple[float, ...]  # probability of deaths_so_far + 0, 1, ... deaths
    expected: float  # deaths in the end
    lower: int  # central interval: at most (1-level)/2 beyond each end
    upper: int


@dataclass(frozen=True, slots=True)
class Completion:
    """Deaths in the end, for every hazard ratio, in the order given."""

    deaths_so_far: int = 0
    unresolved: int = 0  # treated open before the end of their horizon
    n_treated: int = 0
    completed: tuple[Completed, ...] = ()
    level: float = 0.90
    method: str = "Poisson-binomial of the open, untreated daily hazards from the day after last contact"
    assumptions: tuple[str, ...] = ASSUMPTIONS
    status: Status = Status.OK
    remedy: str = ""


def completion(
    data: AnalysisSet, *, hazard_ratios: tuple[float, ...] = HAZARD_RATIOS, level: float = 0.90
) -> Completion:
    """Final deaths of the treated of `data`; refused where nobody untreated was followed as long as needed."""
    treated = treated_follow_up(data)
    end_of_horizon = treated.start + data.horizon  # not cut at the data lock: who is open there is to be completed
    open_ones = np.flatnonzero((treated.event == 0) & (treated.end < end_of_horizon))
    so_far = int(((treated.event == 1) & (treated.end <= end_of_horizon)).sum())
    empty = Completion(so_far, len(open_ones), len(treated.row), level=level)
    if not len(treated.row):
        return replace(empty, status=Status.NO_PATIENTS, remedy=NO_TREATED)
    hazard = untreated_hazard(data)
    if hazard.status is not Status.OK:
        return replace(empty, status=hazard.status, remedy=hazard.remedy)
    first, last = treated.end[open_ones] + 1, end_of_horizon[open_ones]
    if last.max(initial=-1) > hazard.last_day:
        remedy = (
            f"Nobody untreated is at risk after day {hazard.last_day}, and the open are to be completed to day "
            f"{int(last.max())}. Shorten the horizon or add similar cases; until then read the worst case."
        )
        return replace(empty, status=Status.REFUSED, remedy=remedy)
    completed = tuple(
        _completed(so_far, ratio, np.sort(deaths_to_come(hazard, first, last, ratio)), level) for ratio in hazard_ratios
    )
    return replace(empty, completed=completed)


def deaths_to_come(
    hazard: UntreatedHazard, first: NDArray[np.int64], last: NDArray[np.int64], ratio: float
) -> NDArray[np.float64]:
    """Probability of death on days `first`..`last` of each open patient, shape (open,)."""
    died, there = np.zeros(len(first)), np.ones(len(first))
    for day in range(int(first.min(initial=0)), int(last.max(initial=-1)) + 1):
        inside = (first <= day) & (day <= last)
        dies = min(ratio * hazard.death_hazard[day], 1.0)
        leaves = min(hazard.exit_hazard[day], 1.0 - dies)
        died += np.where(inside, there * dies, 0.0)
        there *= np.where(inside, 1.0 - dies - leaves, 1.0)
    return died


def _completed(so_far: int, ratio: float, chances: NDArray[np.float64], level: float) -> Completed:
    mass = poisson_binomial(chances) if len(chances) else np.ones(1)
    at_most = np.cumsum(mass)
    tail = (1 - level) / 2
    lower = int(np.searchsorted(at_most, tail, side="right"))  # fewer than this: at most the tail
    upper = int(np.searchsorted(at_most, 1 - tail - 1e-12))
    return Completed(
        ratio, tuple(mass.tolist()), so_far + float(chances.sum()), so_far + lower, so_far + min(upper, len(chances))
    )
