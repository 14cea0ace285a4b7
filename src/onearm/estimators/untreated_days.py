"""Person-days without treatment, as rows: where each person was, what happened that day, and what was known."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onearm.cohort.analysis_set import AnalysisSet
from onearm.vocabulary.scales import DayState

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class UntreatedDays:
    """One row per person-day in the state of the clock, and counts of the days off it.

    The treated give days 0..Z-1, if their source also holds untreated patients. An open person is at risk on the last
    day.
    """

    person: Ints  # row of `people`
    day: Ints
    died: NDArray[np.bool_]
    off: NDArray[np.bool_]  # left the state alive: extubated, or left hospital
    off_days: int  # person-days off the ventilator in hospital
    off_died: int  # of them, ended by death
    off_home: int  # by leaving hospital alive
    off_back: int  # by going back to the state of the clock
    straight_home: int  # of `off`, those who left hospital on the same day


def untreated_days(data: AnalysisSet) -> UntreatedDays:
    """Rows in order of person and day."""
    states = states_of(data)
    end, start = data.column("end_day"), data.column("start_day")
    last = np.minimum(end, start - 1)
    days = states.shape[1] - 1
    now, then = states[:, :days], states[:, 1:]
    untreated = (np.arange(days)[None, :] <= last[:, None]) & data.gives_untreated_days[:, None]
    here = untreated & (now == DayState.V)
    person, day = np.nonzero(here)
    became = then[person, day]
    gone = untreated & (now == DayState.E)
    off = (became == DayState.E) | (became == DayState.H)
    return UntreatedDays(
        person=person.astype(np.int64),
        day=day.astype(np.int64),
        died=np.asarray(became == DayState.D),
        off=np.asarray(off),
        off_days=int(gone.sum()),
        off_died=int((gone & (then == DayState.D)).sum()),
        off_home=int((gone & (then == DayState.H)).sum()),
        off_back=int((gone & (then == DayState.V)).sum()),
        straight_home=int((became == DayState.H).sum()),
    )


def states_of(data: AnalysisSet) -> NDArray[np.int8]:
    """`data.states`; without them everybody stays in the state of the clock until the last day."""
    if data.states is not None:
        return data.states
    end, event = data.column("end_day"), data.column("event")
    days = int(end.max(initial=0)) + 2
    states = np.full((len(end), days), DayState.V, dtype=np.int8)
    after = np.arange(days)[None, :] > end[:, None]
    for code, state in ((1, DayState.D), (2, DayState.H), (0, DayState.U)):
        states[after & (event == code)[:, None]] = state
    return states
