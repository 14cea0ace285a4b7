"""Units of time and of the plain columns (years, cm, kg) that a foreign table may use, with exact factors."""

from fractions import Fraction
from types import MappingProxyType

from onearm.sources.mapping_toml import Place

DAY_MS = 86_400_000
# a month is the mean one of 365.25 / 12 days
TIME_UNITS = MappingProxyType(
    {"days": Fraction(1), "hours": Fraction(1, 24), "weeks": Fraction(7), "months": Fraction(487, 16)}
)
_PRECISION = MappingProxyType({"days": "day", "hours": "minute", "weeks": "day", "months": "month"})
_TO = MappingProxyType(
    {
        "years": {
            "years": Fraction(1),
            "months": Fraction(1, 12),
            "weeks": Fraction(28, 1461),
            "days": Fraction(4, 1461),
        },
        "cm": {"cm": Fraction(1), "mm": Fraction(1, 10), "m": Fraction(100), "in": Fraction(254, 100)},
        "kg": {"kg": Fraction(1), "g": Fraction(1, 1000), "lb": Fraction(45359237, 100_000_000)},
    }
)


def precision_of(time_unit: str) -> str:
    """How well a time counted in that unit is known: hours to the minute, days and weeks to the day."""
    return _PRECISION[time_unit]


def unit_factor(column: str, unit: str, place: Place) -> Fraction:
    """Exact factor from `unit` to the unit in the name of the column (`age_years` in "months": 1/12)."""
    known = _TO.get("years" if column.startswith("age_") else column.rsplit("_", 1)[-1])
    if known and unit in known:
        return known[unit]
    valid = "Use " + ", ".join(known) + "." if known else "Use `factor`, or map raw_unit for a measurement."
    place.wrong(f"{unit!r} is not a unit of {column}.", valid)
    return Fraction(1)
