"""Markers: one canonical unit each, accepted units with exact factors, usual and hard limits (`markers.toml`)."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from enum import StrEnum
from fractions import Fraction
from importlib.resources import files
from types import MappingProxyType
from typing import Any

SIGNIFICANT_DIGITS = 10
_ROUND_ONCE = Context(prec=SIGNIFICANT_DIGITS, rounding=ROUND_HALF_EVEN)


class UnitError(ValueError):
    """A unit the marker does not accept, or one that needs a weight. The text lists what would be valid."""


class Standing(StrEnum):
    """Where a canonical value lies."""

    USUAL = "usual"
    UNUSUAL = "unusual"  # between usual and hard limits: asked twice
    REFUSED = "refused"  # outside the hard limits, or not whole where the marker is a score


@dataclass(frozen=True, slots=True)
class Conversion:
    """canonical = (value + add_first) x factor, divided by the weight in kg when `per_kg`."""

    factor: Fraction
    text: str  # the factor as the dictionary writes it
    add_first: Fraction = Fraction(0)
    per_kg: bool = False


@dataclass(frozen=True, slots=True)
class Marker:
    """One analyte, vital sign or score."""

    name: str
    title_en: str
    title_es: str
    unit: str  # canonical
    units: Mapping[str, Conversion]  # accepted units as written in the dictionary, the canonical one first
    usual: tuple[Decimal, Decimal]  # canonical unit, both ends included
    hard: tuple[Decimal, Decimal]
    loinc: str  # "" when none is known
    loinc_status: str  # seen, field, to find, none
    limits_from: str  # ours, ricu
    integer: bool  # a score: whole numbers only

    def standing(self, value: Decimal) -> Standing:
        """Whether a value in the canonical unit is usual, unusual or refused."""
        low, high = self.hard
        if not low <= value <= high or (self.integer and value != value.to_integral_value()):
            return Standing.REFUSED
        low, high = self.usual
        return Standing.USUAL if low <= value <= high else Standing.UNUSUAL

    def conversion(self, unit: str) -> Conversion:
        """The exact conversion from `unit`. Raises UnitError naming the accepted units."""
        wanted = _plain(unit)
        found = next((how for name, how in self.units.items() if _plain(name) == wanted), None)
        if found is None:
            accepted = ", ".join(name for name in self.units if name)
            got = f"does not accept the unit {unit!r}" if unit.strip() else "has no unit"
            raise UnitError(f"{self.name} {got}; give one of: {accepted}.")
        return found


def convert(marker: str, value: Decimal, unit: str, *, weight_kg: Decimal | None = None) -> Decimal:
    """`value` in `unit` as the canonical unit of `marker`, exact and rounded once, half-even, to 10 significant digits.

    Raises KeyError for an unknown marker, UnitError for a unit it does not accept or one that needs `weight_kg`,
    ValueError for a value that is not finite or a weight that is not above 0.
    """
    how = MARKERS[marker].conversion(unit)
    if not value.is_finite():
        raise ValueError(f"{marker} {value} is not a number.")
    exact = (Fraction(value) + how.add_first) * how.factor
    if how.per_kg:
        if weight_kg is None:
            raise UnitError(f"{marker} in {unit} needs a weight; give it, or {MARKERS[marker].unit}.")
        if not weight_kg > 0:
            raise ValueError(f"weight {weight_kg} kg: above 0 is required.")
        exact /= Fraction(weight_kg)
    return round_once(exact)


def round_once(exact: Fraction) -> Decimal:
    """Half-even to 10 significant digits, without exponent or trailing zeros."""
    rounded = _ROUND_ONCE.divide(Decimal(exact.numerator), Decimal(exact.denominator))
    return Decimal(format(rounded.normalize(_ROUND_ONCE), "f"))


def _plain(unit: str) -> str:
    """Spelling without the harmless differences: case, spaces, micro signs, ×, ^, superscripts, annotation braces."""
    text = unicodedata.normalize("NFKC", unit).replace("µ", "u").replace("μ", "u").lower()
    text = re.sub(r"[\s{}\[\]()]", "", text).replace("×", "x").replace("**", "^")
    text = re.sub(r"^x?10[*e^]?(\d{1,2})(?=/)", r"10^\1", text)
    return text.replace("mcg", "ug").replace("º", "°")


def _exact(text: str) -> Fraction:
    top, _, bottom = text.partition("/")
    return Fraction(top) / Fraction(bottom or "1")


def _conversion(given: str | Mapping[str, Any]) -> Conversion:
    if isinstance(given, str):
        return Conversion(_exact(given), given)
    factor = given["factor"]
    return Conversion(_exact(factor), factor, _exact(given.get("add_first", "0")), given.get("per_kg", False))


def _marker(name: str, row: Mapping[str, Any]) -> Marker:
    units = {row["unit"]: Conversion(Fraction(1), "1")} | {u: _conversion(how) for u, how in row["units"].items()}
    (usual_low, usual_high), (low, high) = row["usual"], row["hard"]
    return Marker(
        name=name,
        title_en=row["title_en"],
        title_es=row["title_es"],
        unit=row["unit"],
        units=MappingProxyType(units),
        usual=(Decimal(usual_low), Decimal(usual_high)),
        hard=(Decimal(low), Decimal(high)),
        loinc=row["loinc"],
        loinc_status=row["loinc_status"],
        limits_from=row["limits_from"],
        integer=row.get("integer", False),
    )


def _dictionary() -> Mapping[str, Marker]:
    table = tomllib.loads((files("onearm.vocabulary") / "markers.toml").read_text("utf-8"))
    return MappingProxyType({name: _marker(name, row) for name, row in table.items()})


MARKERS: Mapping[str, Marker] = _dictionary()
