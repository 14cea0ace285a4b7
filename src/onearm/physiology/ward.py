"""The ward: what happens to every patient, in minutes of the calendar, and the conduct of the study around them.

Both generators end here; the tables are written from it and know of no hazard.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from onearm.physiology.randomness import Floats, Key

Minutes = NDArray[np.int64]  # since 1970-01-01T00:00Z
NEVER = 2**40
HOUR, DAY = 60, 1440
INFUSION_MINUTES = 20


@dataclass(frozen=True, slots=True)
class Conduct:
    """How the study is run, whatever the disease does."""

    generator: str  # in words
    settings_sha256: str
    source_id: str
    hospitals: int
    opened: int  # first minute of the first day on which somebody may enter
    lock: int  # last minute of the day of the data lock
    lag_days: float  # decision to infusion
    containers: int | None  # bags made; None: as many as are needed
    steroid_share: float  # given a corticosteroid, whatever the severity
    measured_days: int  # markers from the day before ventilation to this day; -1: none


@dataclass(frozen=True, slots=True, eq=False)
class Ward:
    """All patients, times in minutes since 1970 (NEVER: it does not happen), uncut by the lock. Shape (persons,)."""

    key: Key
    conduct: Conduct
    patient: NDArray[np.int64]
    subject_id: list[str]
    hospital: NDArray[np.int64]
    measured: Floats  # severity as it is measured, standard normal
    zero: Minutes  # ventilation begins
    decided: Minutes  # decision about treating; NEVER when the first spell ended before it
    bag: NDArray[np.int64]  # reserved at the decision, else NO_BAG
    infused: Minutes
    spell_start: Minutes  # shape (persons, SPELLS)
    spell_end: Minutes
    died: Minutes
    left: Minutes

    @property
    def lock(self) -> int:
        """Last minute of the day of the data lock."""
        return self.conduct.lock

    def seen(self, at: Minutes) -> NDArray[np.bool_]:
        """Whether a time is known at the lock."""
        return at <= self.lock

    @property
    def given(self) -> NDArray[np.bool_]:
        """Whether an infusion had ended by the lock."""
        return self.seen(self.infused + INFUSION_MINUTES)

    @property
    def gone(self) -> Minutes:
        """Death or leaving hospital alive."""
        return np.minimum(self.died, self.left)


def subject_ids(hospital: NDArray[np.int64], patient: NDArray[np.int64]) -> list[str]:
    """`V01-001` for patient 0 of hospital 1."""
    return [f"V{h:02}-{p + 1:03}" for h, p in zip(hospital.tolist(), patient.tolist(), strict=True)]


def minutes_of(zero: Minutes, days: Floats) -> Minutes:
    """Whole minutes, cut: the day number of the minute is the whole part of `days`; inf and nan are NEVER."""
    happens = np.isfinite(days)
    return np.where(happens, zero + (np.where(happens, days, 0) * DAY).astype(np.int64), NEVER)


def minute_of(day: date) -> int:
    """First minute of a day, UTC."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) // 60
