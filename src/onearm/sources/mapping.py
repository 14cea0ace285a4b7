"""What a mapping file says (schema "onearm.mapping/1"): foreign columns to record tables, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import Literal

SCHEMA = "onearm.mapping/1"
PATH_TABLES = ("episodes", "outcomes")

Patterns = tuple[tuple[str, str], ...]  # (regular expression over the whole cell, value)


def _no_values() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Reading:
    """How the cells of a file are written."""

    files: tuple[str, ...] = ("*",)  # file names or globs
    encoding: str = "utf-8"
    delimiter: str = ","
    decimal: str = "."
    thousands: str = ""
    missing: frozenset[str] = frozenset({"", "NA"})
    timezone: str | None = None
    fold: Literal["first", "second"] | None = None  # which of two equal local hours; None refuses them


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Where the value of one column comes from."""

    sources: tuple[str, ...] = ()  # cells joined with one space
    pattern: str | None = None  # must match the whole cell; its one group is the value
    prefix: str = ""
    formats: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=_no_values)
    match: Patterns = ()
    unmapped: Literal["refuse", "list"] = "refuse"
    fill: bool = False
    comparator: bool = False
    factor: Fraction | None = None  # value x factor
    day: Fraction | None = None  # a fixed time: days (or hours) after 2000-01-01T12:00Z, for sources without dates
    exact: bool = False  # the fixed time was given in hours: known to the minute
    time_unit: str | None = None  # the cell is a length of time after `after`
    after: "ColumnMapping | None" = None


@dataclass(frozen=True, slots=True)
class WideMarker:
    """One column of a wide table of measurements."""

    source: str
    marker: str
    unit: str | None
    unit_from: str | None = None
    match: Patterns = ()  # unit by the look of the value


@dataclass(frozen=True, slots=True)
class PathMapping:
    """States over time of one subject. Exactly one of the three forms is given."""

    form: Literal["wide", "moves", "daily"]
    start: ColumnMapping | None  # None: the first date of a subject
    times_are: Literal["in_previous_state", "since_start"]
    time_unit: str
    states: tuple[str, ...] = ()  # wide
    times: tuple[str, ...] = ()  # wide, one fewer
    pad: frozenset[str] = frozenset()
    until: ColumnMapping | None = None
    move_from: str = ""
    state: str = ""  # moves: the column entered; daily: the column of the state
    at: str = ""
    formats: tuple[str, ...] = ()  # of `at`, where it is a date
    censored: str | None = None
    fill: bool = False  # daily: a day without a row keeps the state
    codes: frozenset[str] | None = None
    kinds: Mapping[str, str] = field(default_factory=_no_values)  # `map`
    take: Literal["each", "last"] = "each"
    open: str | None = None


@dataclass(frozen=True, slots=True)
class TableMapping:
    """One `[[table]]`."""

    to: str
    number: int  # 1-based place in the file
    reading: Reading
    site: str
    source: str
    columns: Mapping[str, ColumnMapping]
    constants: Mapping[str, str]
    where: Mapping[str, tuple[str, ...] | bool]  # allowed cells; true: present, false: missing
    distinct: bool = False
    wide: tuple[WideMarker, ...] = ()
    path: PathMapping | None = None

    def named_columns(self) -> tuple[str, ...]:
        """Every column of the file that this table needs, each once."""
        names: list[str] = list(self.where)
        for column in self.columns.values():
            names += _sources(column)
        for marker in self.wide:
            names += [marker.source] + ([marker.unit_from] if marker.unit_from else [])
        if self.path:
            p = self.path
            names += [*p.states, *p.times, *(n for n in (p.move_from, p.state, p.at) if n)]
            names += _sources(p.start) + _sources(p.until)
        return tuple(dict.fromkeys(names))


def _sources(column: ColumnMapping | None) -> list[str]:
    return [] if column is None else [*column.sources, *_sources(column.after)]


@dataclass(frozen=True, slots=True)
class ImportMapping:
    """A whole mapping file."""

    file: str
    sha256: str
    source: str
    tables: tuple[TableMapping, ...]
