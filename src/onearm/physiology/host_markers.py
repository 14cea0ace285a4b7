"""Measured markers of hosts: the true course at the time of the sample, seen through noise that remembers yesterday.

The noise of a patient and marker is an autoregressive term by day plus that of the assay. Spreads are assumed but for
C-reactive protein, whose total of 0.45 is that of Li 2018 (see `parameters.toml`, k_c).
"""

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.physiology.marker_tables import PF_RANGE, Measured, gases, mornings, samples, values_table
from onearm.physiology.patient import Courses
from onearm.physiology.randomness import Floats, Key, Process, normal
from onearm.physiology.table_columns import rounded
from onearm.physiology.ward import DAY, Minutes, Ward
from onearm.vocabulary.markers import MARKERS

STEPS_PER_DAY = 6  # of the true course that is kept
_MEMORY = 0.7  # correlation of the patient's term with that of the day before
_ASSAY = 0.05  # SD of the log
_ORGANS = (1.0, 9.0, 0.8)  # SOFA without respiration: at no damage, more at full damage, SD


@dataclass(frozen=True, slots=True)
class Assay:
    """How a marker of the model is written: SD of the log of patient and assay together."""

    marker: str  # of the model
    noise: float
    places: int
    unit: str
    specimen: str
    number: int  # of the draw, never changed
    factor: float = 1.0  # from the unit of the model


ASSAYS = MappingProxyType(
    {
        "crp": Assay("crp", 0.45, 0, "mg/L", "serum", 20),
        "ferritin": Assay("ferritin", 0.20, 0, "ug/L", "serum", 21),
        "d_dimer_feu": Assay("d_dimer", 0.35, 0, "ug/L FEU", "plasma", 22),
        "ldh": Assay("ldh", 0.15, 0, "U/L", "serum", 23),
        "il6": Assay("il6", 0.35, 1, "ng/L", "serum", 24),
        "t_cd3": Assay("t_cd3", 0.20, 0, "cells/uL", "venous", 25),
        "b_cd19": Assay("b_cd19", 0.25, 0, "cells/uL", "venous", 26),
        "pf_ratio": Assay("pf", 0.15, 0, "mmHg", "arterial", 27),
    }
)
_LYMPHOCYTES = 0.88  # share of T and B cells among them
_SOFA_NUMBER = 28
_FIRST_DAY = -1


def noise(key: Key, patient: NDArray[np.int64], days: int, number: int, spread: float) -> Floats:
    """Log noise of days -1 to `days`, shape (patients, days + 2); it remembers the day before."""
    day = np.arange(_FIRST_DAY, days + 1)
    own = normal(key, Process.HOST_MARKER, patient[:, None], day=day, draw=number)
    kept = np.empty_like(own)
    kept[:, 0] = own[:, 0]
    for place in range(1, day.size):
        kept[:, place] = _MEMORY * kept[:, place - 1] + np.sqrt(1 - _MEMORY**2) * own[:, place]
    assay = normal(key, Process.HOST_ASSAY, patient[:, None], day=day, draw=number)
    return np.asarray(np.sqrt(max(spread**2 - _ASSAY**2, 0)) * kept + _ASSAY * assay)


def measured_pf(courses: Courses, key: Key, zero: Minutes, days: int) -> tuple[Floats, Minutes]:
    """P/F as it is read on the mornings of days 0..days, mmHg, and when; shape (patients, days + 1), nan when dead."""
    assay, patient = ASSAYS["pf_ratio"], courses.draws.patients
    at = mornings(key, patient, zero, np.arange(days + 1))
    true = np.take_along_axis(courses.marker("pf"), kept_place(at - zero[:, None], courses), axis=1)
    return np.asarray(true * np.exp(noise(key, patient, days, assay.number, assay.noise)[:, 1:])), at


def kept_place(minutes: Minutes, courses: Courses) -> NDArray[np.int64]:
    """Place in the kept course so many minutes after ventilation began."""
    place = np.rint(minutes / DAY * STEPS_PER_DAY).astype(np.int64)
    return np.clip(place, 0, courses.days.size - 1)


def host_measurement_table(ward: Ward, courses: Courses) -> pl.DataFrame:
    """`measurements` of the ward: daily on the ventilator, every third day off it, in hospital, known at the lock."""
    row, day, at, _ = samples(ward)
    last = np.isfinite(courses.marker("crp")).sum(axis=1) - 1  # of the kept course: a death between two steps
    place = np.minimum(kept_place(at - ward.zero[row], courses), last[row])
    values: dict[str, Measured] = {}
    cells: list[Floats] = []
    for name, assay in ASSAYS.items():
        log = noise(ward.key, ward.patient, ward.conduct.measured_days, assay.number, assay.noise)[row, day + 1]
        read = courses.marker(assay.marker)[row, place] * assay.factor * np.exp(log)
        if name == "pf_ratio":
            values |= gases(np.clip(read, *PF_RANGE))
            continue
        if name in ("t_cd3", "b_cd19"):
            cells.append(read)
        values[name] = (_cut(name, read, assay.places), assay.places, assay.unit, assay.specimen, assay.number)
    lymphocytes = np.sum(cells, axis=0) / _LYMPHOCYTES / 1000
    values["lymphocytes"] = (_cut("lymphocytes", lymphocytes, 2), 2, "10^9/L", "venous", ASSAYS["t_cd3"].number)
    values["sofa_total"] = (_sofa(ward, courses, row, day, place), 0, "1", "none", _SOFA_NUMBER)
    return values_table(ward, values, row, day, at)


def _cut(name: str, read: Floats, places: int) -> NDArray[np.int64]:
    """Whole parts within the hard limits of the marker."""
    low, high = (float(x) for x in MARKERS[name].hard)
    return rounded(np.clip(read, low, high), places)


def _sofa(
    ward: Ward, courses: Courses, row: NDArray[np.int64], day: NDArray[np.int64], place: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Points of respiration from the true P/F, of the other organs from the damage."""
    pf, damage = courses.marker("pf")[row, place], courses.of("D")[row, place]
    breathing = np.searchsorted((100, 200, 300, 400), pf, side="right")
    base, more, spread = _ORGANS
    log = noise(ward.key, ward.patient, ward.conduct.measured_days, _SOFA_NUMBER, spread)[row, day + 1]
    d = damage / (damage + courses.draws.of("D50")[row])
    return np.clip(4 - breathing + np.rint(base + more * d + log), 0, 24).astype(np.int64)
