"""The laboratory of each virtual hospital: the unit in which it writes a marker, and what its assay cannot tell.

Which hospital writes in which unit, and which assay it bought, is drawn for that hospital and marker. The limits are
assumed, of the order of those of common assays; no package insert was read for them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.physiology.randomness import Floats, Key, Process, uniform
from onearm.physiology.tables.measurement_policy import MeasurementPolicy
from onearm.physiology.tables.table_columns import decimal_text, rounded
from onearm.vocabulary.markers import MARKERS, convert

Whole = NDArray[np.int64]

BELOW, EQUAL, ABOVE = range(3)  # places in SIGNS
SIGNS = ("<", "=", ">")
_SHIFTS = 6  # powers of ten by which an exact factor becomes a whole number


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as written, and its resolution."""

    name: str
    places: int  # digits after the point


@dataclass(frozen=True, slots=True)
class Written:
    """How a marker may be written; limits are the lower and the upper of each assay, in the canonical unit."""

    number: int  # of the draws, never changed
    units: tuple[Unit, ...]  # the canonical one first
    limits: tuple[tuple[str, str], ...] = ()


WRITTEN: Mapping[str, Written] = MappingProxyType(
    {
        "crp": Written(0, (Unit("mg/L", 0), Unit("mg/dL", 1)), (("1", "500"), ("5", "350"))),
        "ferritin": Written(1, (Unit("ug/L", 0), Unit("ng/mL", 0)), (("5", "40000"), ("8", "16500"))),
        "d_dimer_feu": Written(
            2,
            (Unit("ug/L FEU", 0), Unit("ng/mL FEU", 0), Unit("mg/L FEU", 2)),
            (("190", "35200"), ("270", "20000")),
        ),
        "ldh": Written(3, (Unit("U/L", 0), Unit("ukat/L", 2)), (("12", "6000"), ("30", "3000"))),
        "il6": Written(4, (Unit("ng/L", 1), Unit("pg/mL", 1)), (("1.5", "5000"), ("7", "1000"))),
        "t_cd3": Written(5, (Unit("cells/uL", 0), Unit("10^9/L", 3)), (("5", "5000"), ("20", "3500"))),
        "b_cd19": Written(6, (Unit("cells/uL", 0), Unit("10^9/L", 3)), (("5", "2000"), ("20", "2000"))),
        "lymphocytes": Written(
            7,
            (Unit("10^9/L", 2), Unit("10^3/uL", 2), Unit("cells/uL", 0)),
            (("0.01", "100"), ("0.05", "100")),
        ),
        "pao2": Written(8, (Unit("mmHg", 0), Unit("kPa", 1))),
        "fio2": Written(9, (Unit("fraction", 2), Unit("%", 0))),
        "sofa_total": Written(10, (Unit("1", 0),)),
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class Reported:
    """Values of one marker in one unit, as the hospitals that use it write them. Shape (values,) each."""

    unit: Unit
    place: Whole  # among the values that were read
    parts: Whole  # whole numbers of 10^-places of the unit
    sign: Whole  # BELOW or ABOVE the limit that `parts` then holds, or EQUAL; place in SIGNS


def reported(policy: MeasurementPolicy, key: Key, marker: str, hospital: Whole, read: Floats) -> Iterator[Reported]:
    """What stands on paper of values `read` in the canonical unit, at `hospital` (from 1), unit by unit."""
    how = WRITTEN[marker]
    if hospital.size == 0:
        return
    chosen = unit_of(policy, key, marker, int(hospital.max()))[hospital - 1]
    for place, unit in enumerate(how.units):
        at = np.flatnonzero(chosen == place)
        if at.size == 0:
            continue
        parts = rounded(read[at] / _factor(marker, unit), unit.places)
        sign = np.full(at.size, EQUAL, dtype=np.int64)
        if policy.limits and how.limits:
            low, high = _limits(key, marker, unit, hospital[at])
            sign = np.where(parts < low, BELOW, np.where(parts > high, ABOVE, EQUAL))
            parts = np.clip(parts, low, high)
        yield Reported(unit, at, parts, sign)


def unit_of(policy: MeasurementPolicy, key: Key, marker: str, hospitals: int) -> Whole:
    """Place of the unit in `WRITTEN` in which each of the hospitals 1.. writes a marker, shape (hospitals,)."""
    how, number = WRITTEN[marker], np.arange(1, hospitals + 1)
    if not policy.hospital_units:
        return np.zeros(hospitals, dtype=np.int64)
    drawn = uniform(key, Process.HOSPITAL_UNIT, number, draw=how.number)
    return np.asarray((drawn * len(how.units)).astype(np.int64))


def canonical_text(marker: str, unit: Unit, parts: Whole) -> pl.Series:
    """Values in the canonical unit as text, as `vocabulary.markers.convert` gives them, exact and rounded once."""
    factor = MARKERS[marker].conversion(unit.name).factor
    for shift in range(_SHIFTS):
        if 10**shift % factor.denominator == 0:
            by = factor.numerator * (10**shift // factor.denominator)
            return decimal_text(parts * by, unit.places + shift)
    known, back = np.unique(parts, return_inverse=True)
    raw = decimal_text(known, unit.places)
    values = [format(convert(marker, Decimal(text), unit.name), "f") for text in raw]
    return pl.Series(values, dtype=pl.String).gather(back.astype(np.int64))


def _limits(key: Key, marker: str, unit: Unit, hospital: Whole) -> tuple[Whole, Whole]:
    """Lower and upper limit of each hospital's assay in parts of the unit, shape as `hospital`."""
    how = WRITTEN[marker]
    drawn = uniform(key, Process.HOSPITAL_LIMIT, np.arange(1, int(hospital.max()) + 1), draw=how.number)
    assay = (drawn * len(how.limits)).astype(np.int64)[hospital - 1]
    both = rounded(np.array(how.limits, dtype=np.float64) / _factor(marker, unit), unit.places)
    return both[assay, 0], both[assay, 1]


def _factor(marker: str, unit: Unit) -> float:
    return float(MARKERS[marker].conversion(unit.name).factor)
