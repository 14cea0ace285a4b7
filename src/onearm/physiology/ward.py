"""The ward: courses set into hospitals and the calendar, as the tables of one virtual trial read them."""

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from onearm.physiology.circumstances import hospital_of
from onearm.physiology.courses import Courses, Persons, able_until, courses, decided, follow_up_days
from onearm.physiology.randomness import Floats, Key, Process, uniform
from onearm.physiology.settings import MultistateSettings
from onearm.physiology.supply import NO_BAG, reserve

Minutes = NDArray[np.int64]  # since 1970-01-01T00:00Z
NEVER = 2**40
HOUR, DAY = 60, 1440
INFUSION_MINUTES = 20


@dataclass(frozen=True, slots=True, eq=False)
class Ward:
    """All patients, times in minutes since 1970 (NEVER: it does not happen), uncut by the lock. Shape (persons,)."""

    key: Key
    settings: MultistateSettings
    lock: int  # last minute of the day of the data lock
    patient: NDArray[np.int64]
    subject_id: list[str]
    hospital: NDArray[np.int64]
    measured: Floats  # W
    zero: Minutes  # ventilation begins
    decided: Minutes  # decision about treating; NEVER when the first spell ended before it
    bag: NDArray[np.int64]  # reserved at the decision, else NO_BAG
    infused: Minutes
    spell_start: Minutes  # shape (persons, SPELLS)
    spell_end: Minutes
    died: Minutes
    left: Minutes

    def seen(self, at: Minutes) -> NDArray[np.bool_]:
        """Whether a time is known at the lock."""
        return at <= self.lock

    @property
    def given(self) -> NDArray[np.bool_]:
        """Whether an infusion had ended by the lock."""
        return self.seen(self.infused + INFUSION_MINUTES)

    @property
    def opened(self) -> int:
        """First minute of the first day on which somebody may enter."""
        s = self.settings
        if s.follow_up == "lock":
            return _minute_of(s.first_entry)
        return _minute_of(s.data_lock) - math.ceil(s.longest_wait_days + s.follow_up_most_days) * DAY

    @property
    def gone(self) -> Minutes:
        """Death or leaving hospital alive."""
        return np.minimum(self.died, self.left)


def admit(key: Key, settings: MultistateSettings, persons: Persons) -> tuple[Ward, Floats, Courses, Courses]:
    """The ward; days from ventilation to the infusion; courses as they happen and without any infusion."""
    chosen = decided(settings, persons)
    planned = chosen + settings.lag_days
    untreated = courses(settings, persons, np.full_like(chosen, np.inf))
    end = able_until(settings, untreated)
    lock = _minute_of(settings.data_lock) + DAY - 1
    zero = _entry(key, settings, persons, planned, lock)
    order = np.flatnonzero(chosen < end)
    at, freed = (_minutes(zero, days) for days in (chosen, end))
    bag = np.full(chosen.size, NO_BAG, dtype=np.int64)
    bag[order] = reserve(at[order], freed[order], (planned < end)[order], settings.containers)
    infused = np.where((bag != NO_BAG) & (planned < end), planned, np.inf)
    actual = courses(settings, persons, infused)
    hospital = hospital_of(settings, key, persons.patient)
    ward = Ward(
        key=key,
        settings=settings,
        lock=lock,
        patient=persons.patient,
        subject_id=[f"V{h:02}-{p + 1:03}" for h, p in zip(hospital.tolist(), persons.patient.tolist(), strict=True)],
        hospital=hospital,
        measured=persons.measured(settings.rho),
        zero=zero,
        decided=np.where(chosen < end, at, NEVER),
        bag=bag,
        infused=_minutes(zero, infused),
        spell_start=_minutes(zero[:, None], actual.spell_start),
        spell_end=_minutes(zero[:, None], actual.spell_end),
        died=_minutes(zero, actual.died),
        left=_minutes(zero, actual.left),
    )
    return ward, infused, actual, untreated


def _entry(key: Key, settings: MultistateSettings, persons: Persons, planned: Floats, lock: int) -> Minutes:
    """When ventilation begins."""
    return np.asarray(lock - entry_room(key, settings, persons, planned))


def entry_room(key: Key, settings: MultistateSettings, persons: Persons, planned: Floats) -> Minutes:
    """Whole minutes from the beginning of ventilation to the end of the day of the lock.

    `from_infusion`: everybody's records close the drawn follow-up after the infusion was given, or would have been:
    potential follow-up depends on nobody's outcome.
    """
    if settings.follow_up == "lock":
        share = uniform(key, Process.ENTRY, persons.patient)
        room = _minute_of(settings.data_lock) + DAY - 1 - _minute_of(settings.first_entry)
        return np.asarray(room - (share * settings.entry_days * DAY).astype(np.int64))
    days = follow_up_days(settings, persons)
    return np.asarray(((np.minimum(planned, settings.longest_wait_days) + days) * DAY).astype(np.int64))


def _minutes(zero: Minutes, days: Floats) -> Minutes:
    """Whole minutes, cut: the day number of the minute is the whole part of `days`."""
    happens = np.isfinite(days)
    return np.where(happens, zero + (np.where(happens, days, 0) * DAY).astype(np.int64), NEVER)


def _minute_of(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) // 60
