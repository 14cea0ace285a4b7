"""Daily cause-specific hazards of death and of leaving, from untreated person-days only (Holford 1980, per day).

A person gives the days before their own treatment: 0..Z-1, so nobody's treated days, and nobody's future, decide who
counts as untreated. Clock: days from day zero, the same for everyone.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from onearm.cohort.analysis_set import AnalysisSet
from onearm.estimators.follow_up import misaligned_remedy, treated_follow_up
from onearm.results.status import Status

Clock = Literal["day_zero", "index_day"]  # what day 0 of a hazard is

METHOD = "deaths per person at risk and day, untreated days 0..Z-1"
FEWEST_AT_RISK = 5  # a day with fewer borrows from its neighbours when a window is asked for
ASSUMPTIONS = (
    "treatment on a day does not depend on what would have happened next",
    "open patients have the future of those still followed",
    "one hazard per day for everybody: no covariates",
)


@dataclass(frozen=True, slots=True)
class UntreatedHazard:
    """Counts and hazards per day, entry k for day k, up to the last day with anybody untreated at risk."""

    at_risk: tuple[int, ...] = ()  # untreated at the start of the day, never 0
    deaths: tuple[int, ...] = ()
    exits: tuple[int, ...] = ()  # left alive
    death_hazard: tuple[float, ...] = ()  # deaths / at risk, of the window on a thin day
    exit_hazard: tuple[float, ...] = ()
    window: int | None = None  # days pooled around a day with fewer than FEWEST_AT_RISK; None: never pooled
    clock: Clock = "day_zero"  # "index_day": day 0 is the day of treatment, of no use for untreated days
    n: int = 0  # persons with at least one untreated day
    method: str = METHOD
    assumptions: tuple[str, ...] = ASSUMPTIONS
    status: Status = Status.OK
    remedy: str = ""

    @property
    def person_days(self) -> int:
        """Untreated days at risk."""
        return sum(self.at_risk)

    @property
    def last_day(self) -> int:
        """Last day with anybody at risk; -1 when there is none."""
        return len(self.at_risk) - 1

    @property
    def estimate(self) -> float | None:
        """Deaths per untreated person-day over all days; None exactly when status is not OK."""
        return sum(self.deaths) / self.person_days if self.status is Status.OK else None

    def death_weights(self, times: NDArray[np.int64]) -> NDArray[np.float64]:
        """What one death on each day adds to the sum of `times[d] * death_hazard[d]`; both of shape (days,)."""
        return _weights(np.array(self.at_risk, dtype=np.int64), times, self.window)


def untreated_hazard(data: AnalysisSet, *, window: int | None = None) -> UntreatedHazard:
    """Hazards of all untreated days; `window`: odd number of days pooled, centred, where fewer than 5 are at risk.

    Raises ValueError for a window that is even or below 3.
    """
    if window is not None and (window < 3 or window % 2 == 0):
        raise ValueError(f"window {window}: give an odd number of days, 3 or more, so that it has a middle")
    method = METHOD if window is None else f"{METHOD}; under {FEWEST_AT_RISK} at risk: {window} days pooled"
    empty = UntreatedHazard(window=window, method=method)
    if data.people.is_empty():
        return replace(empty, status=Status.NO_PATIENTS, remedy="Nobody is in the analysis set: check the eligibility.")
    misaligned = treated_follow_up(data).misaligned
    if misaligned:
        return replace(empty, status=Status.REFUSED, remedy=misaligned_remedy(misaligned))
    at_risk, deaths, exits = untreated_counts(data)
    if not len(at_risk):
        remedy = "Nobody has an untreated day: add similar cases, or the days before treatment."
        return replace(empty, status=Status.ONE_ARM, remedy=remedy)
    death_hazard, exit_hazard = (_hazard(at_risk, events, window) for events in (deaths, exits))
    return replace(
        empty,
        at_risk=tuple(at_risk.tolist()),
        deaths=tuple(deaths.tolist()),
        exits=tuple(exits.tolist()),
        death_hazard=tuple(death_hazard.tolist()),
        exit_hazard=tuple(exit_hazard.tolist()),
        n=int(at_risk[0]),
    )


def untreated_follow_up(data: AnalysisSet) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Last untreated day and event of everybody who has one, in row order: the treated are open from the day before.

    A source in which everybody was treated has none to give.
    """
    end, event, start = (data.column(name) for name in ("end_day", "event", "start_day"))
    cut = end >= start
    end, event = np.where(cut, start - 1, end), np.where(cut, 0, event)
    there = (end >= 0) & data.gives_untreated_days
    return end[there], event[there]


def untreated_counts(data: AnalysisSet) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """At risk, deaths and exits per day, each of shape (days,); the last day is the last with anybody at risk."""
    end, event = untreated_follow_up(data)
    days = int(end.max(initial=-1)) + 1
    at_risk = np.bincount(end, minlength=days)[::-1].cumsum()[::-1]
    deaths, exits = (np.bincount(end[event == e], minlength=days) for e in (1, 2))
    return at_risk.astype(np.int64), deaths.astype(np.int64), exits.astype(np.int64)


def _windows(at_risk: NDArray[np.int64], window: int | None) -> list[tuple[int, slice]]:
    """Thin days with the days they are pooled over, cut at both ends of the follow-up."""
    if window is None:
        return []
    half = window // 2
    thin = np.flatnonzero(at_risk < FEWEST_AT_RISK)
    return [(int(d), slice(max(int(d) - half, 0), int(d) + half + 1)) for d in thin]


def _hazard(at_risk: NDArray[np.int64], events: NDArray[np.int64], window: int | None) -> NDArray[np.float64]:
    hazard = np.asarray(events / at_risk, dtype=np.float64)
    for day, near in _windows(at_risk, window):
        hazard[day] = events[near].sum() / at_risk[near].sum()
    return hazard


def _weights(at_risk: NDArray[np.int64], times: NDArray[np.int64], window: int | None) -> NDArray[np.float64]:
    weights = np.asarray(times / at_risk, dtype=np.float64)
    pooled = _windows(at_risk, window)
    for day, _ in pooled:
        weights[day] = 0.0
    for day, near in pooled:
        weights[near] += times[day] / at_risk[near].sum()
    return weights
