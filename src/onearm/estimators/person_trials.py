"""A trial on every day: who enters, in which arm, and for how long (Hernán and others 2008; Danaei and others 2013)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onearm.cohort.analysis_set import NEVER, AnalysisSet
from onearm.vocabulary.scales import DayState

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class PersonTrials:
    """One entry per person and trial they enter, all of shape (person-trials,), in order of person and day."""

    person: Ints  # row of `people`
    day: Ints  # m, the day on which the trial starts
    treated: Bools  # on day m; later treatment changes no arm
    last: Ints  # last day since the start on which the person may be seen to die
    died: Bools  # on that day
    lost: Bools  # followed for less than the trial without an event

    def days(self) -> tuple[Ints, Ints]:
        """One entry per person-trial and day: index of the person-trial, days since the start."""
        which = np.repeat(np.arange(len(self.person)), self.last + 1)
        first = np.cumsum(self.last + 1) - (self.last + 1)
        return which, np.arange(len(which)) - first[which]


def person_trials(data: AnalysisSet, horizon: int) -> PersonTrials:
    """Trials on days 0 .. last day of treatment, followed over days 0..h_m after their start.

    Enters the trial of day m: still followed on m, in state V at its start when `data.states` is given, untreated
    before m, and m + h_m within the data lock, h_m = min(horizon, lock of those treated on m). With
    `same_day="after"` who is not treated must still be followed on m + 1. Who left alive stays, event-free, to h_m.
    """
    start, end, event, room = (data.column(name) for name in ("start_day", "end_day", "event", "potential_days"))
    first = np.where(start < NEVER, start, -1)
    day = np.arange(int(first.max(initial=-1)) + 1)
    treated = start[:, None] == day
    there = (end[:, None] >= day) & (start[:, None] >= day) & in_clock_state(data, len(day))
    if data.same_day == "after":
        there &= treated | (end[:, None] > day)
    left = room[:, None] - day
    length = np.minimum(horizon, np.min(np.where(treated & there, left, horizon), axis=0, initial=horizon))
    person, m = np.nonzero(there & (left >= length))
    h = length[m]
    since = end[person] - m
    gone = event[person]
    died = (gone == 1) & (since <= h)
    last = np.where(gone == 2, h, np.minimum(since, h))
    lost = (gone == 0) & (since < h)
    return PersonTrials(person.astype(np.int64), m.astype(np.int64), treated[person, m], last, died, lost)


def in_clock_state(data: AnalysisSet, days: int) -> Bools:
    """State V at the start of days 0..days-1, shape (persons, days); without states everybody always is."""
    if data.states is None:
        return np.ones((data.people.height, days), dtype=np.bool_)
    known = data.states[:, :days] == DayState.V
    return np.pad(known, ((0, 0), (0, max(days - known.shape[1], 0))))
