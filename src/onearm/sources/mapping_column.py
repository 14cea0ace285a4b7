"""One column of a mapping file: `{ from = "SEXO", map = { V = "male", M = "female" } }`."""

from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from onearm.sources.mapping import ColumnMapping, Patterns
from onearm.sources.mapping_toml import (
    Place,
    cell_text,
    cell_texts,
    formats,
    fraction,
    known_keys,
    one_or_many,
    pattern,
)
from onearm.sources.time_units import TIME_UNITS, unit_factor

_TEXTS = (str, list)
_NUMBER = (int, float, str)
_COLUMN: dict[str, Any] = {
    "from": _TEXTS,
    "pattern": str,
    "prefix": str,
    "format": _TEXTS,
    "map": dict,
    "match": dict,
    "unmapped": str,
    "fill": str,
    "comparator": bool,
    "unit": str,
    "factor": _NUMBER,
    "day": (int, float),
    "hour": (int, float),
    "time_unit": str,
    "after": dict,
}


def column_mapping(given: Any, place: Place) -> ColumnMapping:
    """The column a table of the file describes; its problems go to `place`."""
    g = known_keys(given, _COLUMN, place)
    if not {"from", "day", "hour"} & set(g):
        place.wrong("no `from`.", 'Write { from = "COLUMN" }, or { day = 0 } for a fixed time.')
    if g.get("unmapped", "refuse") not in ("refuse", "list"):
        place.at("unmapped").wrong(f"{g['unmapped']!r} is neither refuse nor list.", 'Write unmapped = "refuse".')
    if g.get("fill", "forward") != "forward":
        place.at("fill").wrong(f"{g['fill']!r} is not forward.", 'Write fill = "forward", or leave it out.')
    time_unit = g.get("time_unit")
    if time_unit is not None and time_unit not in TIME_UNITS:
        place.at("time_unit").wrong(f"{time_unit!r} is not a unit of time.", "Use " + ", ".join(TIME_UNITS) + ".")
        time_unit = None
    if "after" in g and time_unit is None:
        place.at("after").wrong("`after` without `time_unit`.", 'Say in what the cell counts: time_unit = "hours".')
    factor = fraction(g.get("factor"), place.at("factor"))
    if "unit" in g:
        factor = (factor or Fraction(1)) * unit_factor(place.keys[-1], g["unit"], place.at("unit"))
    return ColumnMapping(
        sources=one_or_many(g["from"], place.at("from")) if "from" in g else (),
        pattern=pattern(g.get("pattern"), place.at("pattern")),
        prefix=g.get("prefix", ""),
        formats=formats(g.get("format"), place.at("format")),
        values=MappingProxyType(cell_texts(g.get("map", {}))),
        match=patterns(g.get("match", {}), place.at("match")),
        unmapped=g.get("unmapped", "refuse"),
        fill="fill" in g,
        comparator=g.get("comparator", False),
        factor=factor,
        day=Fraction(str(g["hour"])) / 24 if "hour" in g else Fraction(str(g["day"])) if "day" in g else None,
        exact="hour" in g,
        time_unit=time_unit,
        after=column_mapping(g["after"], place.at("after")) if "after" in g else None,
    )


def patterns(given: Mapping[str, Any], place: Place) -> Patterns:
    """A table of expressions and the value each stands for, in the order written."""
    return tuple((k, cell_text(v)) for k, v in given.items() if pattern(k, place.at(k), groups=0) is not None)
