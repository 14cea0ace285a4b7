"""The ward: what happens to every patient, in minutes of the calendar, and the conduct of the study around them.

Both generators end here; the tables are written from it and know of no hazard.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from onearm.physiology.randomness import Floats, Key
from onearm.physiology.tables.bag_contents import BagContents
from onearm.physiology.tables.measurement_policy import MeasurementPolicy
from onearm.physiology.tables.product_policy import ProductPolicy
from onearm.physiology.tables.supply import NO_BAG

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
    m_per_kg: float  # 1e6 viable cells per kg and dose
    containers: int | None  # bags made; None: as many as are needed
    measured_days: int  # markers from the day before ventilation to this day; -1: none
    # of the mechanistic hospitals alone
    offered: int = 0  # minute from which there is a product
    measurement: MeasurementPolicy = MeasurementPolicy()
    product: ProductPolicy = ProductPolicy.plain()


@dataclass(frozen=True, slots=True, eq=False)
class DrugCourse:
    """A drug beside the cells: who gets it, from when until when; NEVER: not at all. Shape (persons,)."""

    kind: str  # of an episode
    mark: str  # in the name of the episode
    start: Minutes
    end: Minutes


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
    bag: NDArray[
        np.int64
    ]  # of each dose, reserved at the decision, else NO_BAG; shape (persons, doses), as the next two
    planned: Minutes  # when a dose with a bag is wanted
    infused: Minutes
    contents: BagContents  # of each bag of `bag`
    spell_start: Minutes  # shape (persons, SPELLS)
    spell_end: Minutes
    died: Minutes
    left: Minutes
    lost: Minutes  # moved to another hospital; nothing is known after it
    refused: NDArray[np.bool_]  # no consent when treating was decided
    drugs: tuple[DrugCourse, ...]
    barred: Minutes  # found not eligible; NEVER: not so, or nobody looked
    lot_viability: Floats | None  # true share alive at release, by number of the lot; None: no lot differs

    @property
    def lock(self) -> int:
        """Last minute of the day of the data lock."""
        return self.conduct.lock

    def seen(self, at: Minutes) -> NDArray[np.bool_]:
        """Whether a time is known at the lock."""
        return at <= self.lock

    @property
    def given(self) -> NDArray[np.bool_]:
        """Whether an infusion had ended by the lock, shape (persons, doses)."""
        return self.seen(self.infused + INFUSION_MINUTES)

    @property
    def gone(self) -> Minutes:
        """Death, leaving hospital alive, or moving to another."""
        return np.minimum(np.minimum(self.died, self.left), self.lost)

    @property
    def treats(self) -> NDArray[np.bool_]:
        """Who was decided to be treated, had a bag and agreed."""
        return np.asarray(self.bag[:, 0] != NO_BAG)

    @property
    def first_end(self) -> Minutes:
        """The first spell of ventilation is over, or the patient is out of sight."""
        return np.minimum(self.spell_end[:, 0], self.lost)


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
