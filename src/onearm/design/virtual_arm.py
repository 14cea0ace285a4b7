"""Patients of one set of settings in many trials, told as whole days: the ward of `physiology` without its tables."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from onearm.design.scenarios import Recording
from onearm.design.treated_share import treated_share
from onearm.physiology.randomness import Floats, Key, Process, exponential, uniform
from onearm.physiology.simple.admission import entry_room
from onearm.physiology.simple.courses import (
    Persons,
    able_until,
    courses,
    decided,
    draw_trials,
    moribund,
)
from onearm.physiology.simple.improvement import improves
from onearm.physiology.simple.settings import MultistateSettings
from onearm.physiology.tables.ward import DAY, INFUSION_MINUTES

Days = NDArray[np.int16]
Minutes = NDArray[np.int64]
NEVER_DAY = 32_000  # later than any day
_NEVER = NEVER_DAY * DAY


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """One row per trial, one column per person; the fields of `Batch`."""

    patient: NDArray[np.int64]
    start: Days
    spell: Days
    end: Days
    event: NDArray[np.int8]
    potential: Days
    moribund: Days
    improved: Days
    measured: Floats
    severity: Floats
    died: Days
    untreated_died: Days

    @classmethod
    def joined(cls, arms: Sequence["Arm"]) -> "Arm":
        """The arms side by side."""
        if len(arms) == 1:
            return arms[0]
        return cls(*(np.concatenate([getattr(a, f.name) for a in arms], axis=1) for f in fields(cls)))

    def columns(self, place: NDArray[np.int64]) -> "Arm":
        """Persons at `place` of each row, shape (trials, persons)."""
        return Arm(*(np.take_along_axis(getattr(self, f.name), place, axis=1) for f in fields(Arm)))


def draw_arm(settings: MultistateSettings, recording: Recording, key: Key, numbers: NDArray[np.int64]) -> Arm:
    """Persons `numbers`, shape (persons,), of every trial of `key`.

    Raises ValueError for settings that only records can tell: reintubation, a limited number of bags.
    """
    if settings.reintubation_per_day or settings.containers is not None:
        raise ValueError("reintubation_per_day and containers have no fast path: draw records instead")
    offered = np.isfinite(settings.wait_days)
    persons = draw_trials(key, numbers, measured=settings.rho < 1, offered=bool(offered))
    planned = decided(settings, persons) + settings.lag_days
    lost = _lost(recording, persons)
    untreated = courses(settings, persons, np.full_like(planned, np.inf))
    infused = np.where(planned < np.minimum(able_until(settings, untreated), lost), planned, np.inf)
    actual = untreated if settings.death_ratio == 1 else courses(settings, persons, infused)
    room = entry_room(key, settings, persons, planned)
    seen_until = np.minimum(room, _minutes(lost))
    died, left, spell = (_minutes(x) for x in (actual.died, actual.left, actual.first_end))
    event = np.where(died <= seen_until, 1, np.where(left <= seen_until, 2, 0)).astype(np.int8)
    end = _days(np.where(event == 1, died, np.where(event == 2, left, seen_until)))
    able = _days(np.where(spell <= seen_until, spell, _NEVER))
    start = _minutes(infused)
    start = np.where(start + INFUSION_MINUTES <= seen_until, start, _NEVER)
    shape, improvement = persons.severity.shape, improves(settings, key, numbers)
    return Arm(
        patient=np.broadcast_to(persons.patient, shape),
        start=_miscoded(recording, persons, _days(start), np.minimum(able, end)),
        spell=able,
        end=end,
        event=event,
        potential=_over(room, start),
        moribund=_days(_minutes(moribund(settings, untreated))) if settings.moribund_days else _never(shape),
        improved=_never(shape) if improvement is None else _days(_minutes(improvement)),
        measured=persons.measured(settings.rho),
        severity=persons.severity,
        died=_days(died),
        untreated_died=_days(_minutes(untreated.died)),
    )


def first_infused(settings: MultistateSettings, recording: Recording, key: Key, count: int) -> Arm:
    """The first `count` persons, by number, to whom an infusion was given, in every trial of `key`.

    So many persons are drawn that two trials in a hundred lack some; those are drawn again with more.
    """
    share = treated_share(settings)
    if share <= 0:
        raise ValueError("nobody is treated under these settings")
    persons = int((count + 2 * np.sqrt(count * (1 - share))) / share) + 4
    return _first_infused(settings, recording, key, count, persons)


def _first_infused(settings: MultistateSettings, recording: Recording, key: Key, count: int, persons: int) -> Arm:
    arm = draw_arm(settings, recording, key, np.arange(persons))
    given = arm.start < NEVER_DAY
    place = np.argsort(~given, axis=1, kind="stable")[:, :count]
    found = arm.columns(place)
    short = np.flatnonzero(given.sum(axis=1) < count)
    if len(short):
        rows = Key(key.seed, np.atleast_2d(np.asarray(key.trial))[short])
        again = _first_infused(settings, recording, rows, count, 2 * persons)
        for field in fields(Arm):
            getattr(found, field.name)[short] = getattr(again, field.name)
    return found


def _lost(recording: Recording, persons: Persons) -> Floats:
    """Days from ventilation to being lost; inf where nobody is."""
    if not recording.lost_per_day:
        return np.full(persons.severity.shape, np.inf)
    rate = recording.lost_per_day * np.exp(recording.lost_slope * persons.severity)
    return np.asarray(exponential(persons.key, Process.LOSS, persons.patient) / rate)


def _miscoded(recording: Recording, persons: Persons, start: Days, latest: Days) -> Days:
    """The recorded index day: off by up to `miscoded_days`, kept between day 0 and the last ventilated day."""
    most = recording.miscoded_days
    if not most:
        return start
    draw = uniform(persons.key, Process.MISCODING, persons.patient)
    moved = np.clip(start + np.floor(draw * (2 * most + 1)).astype(np.int16) - most, 0, latest)
    return np.where(start < NEVER_DAY, moved, start).astype(np.int16)


def _minutes(days: Floats) -> Minutes:
    """Whole minutes, cut, as the records have them."""
    return np.minimum(days * DAY, _NEVER).astype(np.int64)


def _days(minutes: Minutes) -> Days:
    """Whole days; NEVER_DAY at most."""
    return np.minimum(minutes // DAY, NEVER_DAY).astype(np.int16)


def _over(room: Minutes, start: Minutes) -> Days:
    """Last day over by the lock, the minute `room`; of who is treated later than that, the day of treatment."""
    over = (room + 1) // DAY - 1
    return np.maximum(over, np.where(start < _NEVER, start // DAY, -1)).astype(np.int16)


def _never(shape: tuple[int, ...]) -> Days:
    return np.full(shape, NEVER_DAY, dtype=np.int16)
