"""Where each patient is at the start of each day: int8 codes of `DayState`, one pass over the spells."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.cohort.follow_up import FollowUp
from onearm.vocabulary.scales import DayState

_LETTERS = {DayState.V: "V", DayState.E: "E", DayState.H: "H", DayState.D: "D", DayState.U: "?"}


def day_states(course: FollowUp, days: int) -> NDArray[np.int8]:
    """States at the start of days 0..days-1, shape (persons, days).

    An event on day d changes the state between the starts of d and d + 1: a spell from day a to day b holds at the
    starts of a+1..b, and of day 0 when it starts the clock. A clock without spells (a waiting list) has one state, V.
    """
    people = course.people
    states = np.full((people.height, days), DayState.E, dtype=np.int8)
    if course.spells.is_empty():
        states[:] = DayState.V
    else:
        states[in_state(course, days)] = DayState.V
    end, event = (people[c].to_numpy().astype(np.int64) for c in ("end_day", "event"))
    after = np.arange(days)[None, :] > end[:, None]
    for code, state in ((1, DayState.D), (2, DayState.H), (0, DayState.U)):
        states[after & (event == code)[:, None]] = state
    return states


def in_state(course: FollowUp, days: int) -> NDArray[np.bool_]:
    """Whether a spell of the clock's state holds at the start of each day, shape (persons, days)."""
    change = np.zeros((course.people.height, days + 1), dtype=np.int8)
    person, start, end = (course.spells[c].to_numpy() for c in ("person", "start", "end"))
    begins = np.where(start <= 0, 0, start + 1)
    stops = np.minimum(end, days - 1) + 1
    used = (begins < days) & (stops > begins)
    np.add.at(change, (person[used], begins[used]), 1)
    np.add.at(change, (person[used], stops[used]), -1)
    held: NDArray[np.bool_] = np.cumsum(change[:, :days], axis=1, dtype=np.int8) > 0
    return held


def in_state_on(course: FollowUp, day: int) -> NDArray[np.bool_]:
    """Persons in the state of the clock at the start of `day` and still followed then, shape (persons,)."""
    followed = (course.people["end_day"].to_numpy() >= day) & (day >= 0)
    if course.spells.is_empty():
        return np.asarray(followed)
    held = np.zeros(course.people.height, dtype=np.bool_)
    now = course.spells.filter(
        ((pl.col("start") < day) | ((pl.col("start") <= 0) & (day == 0))) & (pl.col("end") >= day)
    )
    held[now["person"].to_numpy()] = True
    return held & followed


def letters(states: NDArray[np.int8]) -> str:
    """One letter a day: V, E, H, D, or ? for not known."""
    return "".join(_LETTERS[DayState(int(s))] for s in states)
