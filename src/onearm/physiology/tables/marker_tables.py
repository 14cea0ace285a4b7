"""Measurements of a ward: morning samples that follow measured severity, the day and ventilation, not the treatment.

Every number is assumed. A sample of day k is drawn for that patient and day, so it is the same in every world in which
the patient is there and on (or off) the ventilator.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.physiology.randomness import Floats, Key, Process, normal, uniform
from onearm.physiology.tables.table_columns import decimal_text, of, rounded, site_ids, table, timed
from onearm.physiology.tables.ward import DAY, HOUR, Minutes, Ward
from onearm.vocabulary.markers import MARKERS

_MORNING = 7 * HOUR  # UTC; up to two hours earlier
MISSING = 0.05  # share of values
_EVERY_OFF = 3  # days between samples off the ventilator
PF_RANGE = (50.0, 450.0)  # mmHg
_PF_FULL_SUPPORT = 75.0  # fio2 = this / pf, cut to 0.25..1


#: whole numbers of 10^-places, places, unit, specimen, number of the draw
Measured = tuple[NDArray[np.int64], int, str, str, int]


@dataclass(frozen=True, slots=True)
class Level:
    """Log of the median at severity 0 on day 0, and what moves it; noise is the SD of the log."""

    median: float
    severity: float
    per_day: float
    off_ventilator: float
    noise: float
    places: int  # digits after the point
    unit: str
    specimen: str
    number: int  # of the draw, never changed


LEVELS = MappingProxyType(
    {
        "crp": Level(130, 0.35, -0.04, -0.9, 0.45, 0, "mg/L", "serum", 0),
        "ferritin": Level(1100, 0.30, -0.02, -0.3, 0.30, 0, "ug/L", "serum", 1),
        "d_dimer_feu": Level(1500, 0.30, 0.01, -0.3, 0.40, 0, "ug/L FEU", "plasma", 2),
        "ldh": Level(420, 0.20, -0.01, -0.2, 0.20, 0, "U/L", "serum", 3),
        "lymphocytes": Level(0.7, -0.25, 0.02, 0.3, 0.25, 2, "10^9/L", "venous", 4),
        "pf_ratio": Level(130, -0.20, 0.015, 0.5, 0.20, 0, "mmHg", "arterial", 5),
    }
)
_SOFA = (9.0, 2.0, -0.05, -4.0, 1.0)  # points: at severity 0 on day 0, per unit of severity, per day, off, SD
_SOFA_NUMBER = 6


def measurement_table(ward: Ward) -> pl.DataFrame | None:
    """Values taken by the lock: daily on the ventilator and the morning before it, every third day off it, in hospital.

    PaO2, FiO2 and P/F are of one sample; 5 % of values are missing at random. Values are cut at the hard limits of
    the marker.
    """
    if ward.conduct.measured_days < 0:
        return None
    row, day, at, ventilated = samples(ward)
    values: dict[str, Measured] = {}
    for name, level in LEVELS.items():
        median = np.log(level.median) + level.severity * ward.measured[row] + level.per_day * np.maximum(day, 0)
        noise = normal(ward.key, Process.MARKER, ward.patient[row], day=day, draw=level.number)
        drawn = np.exp(median + np.where(ventilated, 0, level.off_ventilator) + level.noise * noise)
        if name == "pf_ratio":
            values |= gases(np.clip(drawn, *PF_RANGE))
        else:
            low, high = (float(x) for x in MARKERS[name].hard)
            parts = rounded(np.clip(drawn, low, high), level.places)
            values[name] = (parts, level.places, level.unit, level.specimen, level.number)
    values["sofa_total"] = (_sofa(ward, row, day, ventilated), 0, "1", "none", _SOFA_NUMBER)
    return values_table(ward, values, row, day, at)


def values_table(
    ward: Ward, values: dict[str, Measured], row: NDArray[np.int64], day: NDArray[np.int64], at: Minutes
) -> pl.DataFrame:
    """`measurements` of the samples at `row`, `day`, `at`; a share of the values is missing at random."""
    frames = []
    for name, (parts, places, unit, specimen, number) in values.items():
        there = uniform(ward.key, Process.MISSING, ward.patient[row], day=day, draw=number) >= MISSING
        text = decimal_text(parts[there], places)
        frames.append(rows(ward, name, text, unit, specimen, row[there], day[there], at[there]))
    return pl.concat(frames)


def mornings(key: Key, patient: NDArray[np.int64], zero: Minutes, days: NDArray[np.int64]) -> Minutes:
    """When the samples of `days` since ventilation are taken, shape (patients, days): day 0 on the first morning."""
    first = (zero - _MORNING) // DAY * DAY + _MORNING + DAY
    earlier = uniform(key, Process.SAMPLE, patient[:, None], day=days) * 2 * HOUR
    return np.asarray(first[:, None] + days * DAY - earlier.astype(np.int64))


def samples(ward: Ward) -> tuple[NDArray[np.int64], NDArray[np.int64], Minutes, NDArray[np.bool_]]:
    """Row of the patient, day, time and whether ventilated (or about to be) of each sample."""
    days = np.arange(-1, ward.conduct.measured_days + 1, dtype=np.int64)
    at = mornings(ward.key, ward.patient, ward.zero, days)
    spells = (at[:, :, None] >= ward.spell_start[:, None, :]) & (at[:, :, None] < ward.spell_end[:, None, :])
    ventilated = spells.any(axis=2) | (at < ward.zero[:, None])
    taken = (at < ward.gone[:, None]) & ward.seen(at) & (ventilated | (days % _EVERY_OFF == 0))
    row, column = np.nonzero(taken)
    return row.astype(np.int64), days[column], at[row, column], ventilated[row, column]


def gases(pf: Floats) -> dict[str, Measured]:
    """PaO2 and FiO2 as read, and the ratio of the two as read."""
    number = LEVELS["pf_ratio"].number
    fio2 = rounded(np.clip(_PF_FULL_SUPPORT / pf, 0.25, 1.0), 2)
    pao2 = rounded(pf * fio2 / 100, 0)
    ratio = rounded(100 * pao2 / fio2, 0)
    return {
        "pao2": (pao2, 0, "mmHg", "arterial", number),
        "fio2": (fio2, 2, "fraction", "none", number),
        "pf_ratio": (ratio, 0, "mmHg", "arterial", number),
    }


def _sofa(ward: Ward, row: NDArray[np.int64], day: NDArray[np.int64], on: NDArray[np.bool_]) -> NDArray[np.int64]:
    base, severity, per_day, off, sd = _SOFA
    noise = normal(ward.key, Process.MARKER, ward.patient[row], day=day, draw=_SOFA_NUMBER)
    mean = base + severity * ward.measured[row] + per_day * np.maximum(day, 0) + np.where(on, 0, off)
    return np.clip(np.rint(mean + sd * noise), 0, 24).astype(np.int64)


def rows(
    ward: Ward,
    marker: str,
    text: pl.Series,
    unit: str,
    specimen: str,
    row: NDArray[np.int64],
    day: NDArray[np.int64],
    at: Minutes,
) -> pl.DataFrame:
    """Rows of `measurements` of one marker."""
    subject = of(ward.subject_id, row)
    mark = marker.upper().replace("_", "-")
    columns: dict[str, Any] = {
        "measurement_id": subject + "-" + pl.Series(day + 1).cast(pl.String).str.zfill(2) + f"-{mark}",
        "subject_id": subject,
        "marker": marker,
        **timed("collected_at", at),
        "raw_value": text,
        "comparator": "=",
        "raw_unit": unit,
        "value": text,
        "specimen": specimen,
        "origin": "file",
        "replicate": 1,
        "quality": "ok",
    }
    return table(ward, of(site_ids(ward.hospital), row), columns)
