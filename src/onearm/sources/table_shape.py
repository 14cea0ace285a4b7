"""What an import must know of a record table: kinds of its columns, what is required, what is allowed, its key."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import dataframely as dy

from onearm.records import TABLES

PATIENT_TABLES = (
    "subjects", "consents", "eligibility_checks", "treatment_decisions", "weights", "dose_orders", "infusions",
    "infusion_containers", "measurements", "visits", "episodes", "image_reads", "adverse_events", "outcomes",
)  # fmt: skip
MADE = frozenset({"site_id", "version", "entered_at", "source_id", "import_id"})  # the import writes them itself
_DEFAULTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {"measurements": MappingProxyType({"comparator": "=", "origin": "file", "replicate": "1", "quality": "ok"})}
)
_KINDS: tuple[tuple[type, str], ...] = (
    (dy.Datetime, "at"),
    (dy.Date, "date"),
    (dy.Decimal, "dec"),
    (dy.Int64, "int"),
    (dy.Bool, "bool"),
)


@dataclass(frozen=True, slots=True)
class ColumnShape:
    """One column of a record table."""

    kind: str  # text, int, dec, at, date, bool
    required: bool
    allowed: tuple[str, ...]  # empty: any
    default: str | None  # what stands where nothing is mapped

    @property
    def may_be_unknown(self) -> bool:
        return self.required and "unknown" in self.allowed


@dataclass(frozen=True, slots=True)
class TableShape:
    """One record table."""

    name: str
    columns: Mapping[str, ColumnShape]
    key: tuple[str, ...]

    @property
    def made_key(self) -> str | None:
        """The id that an import may make: the single key column that is no foreign one."""
        return self.key[0] if len(self.key) == 1 and self.key[0] != "subject_id" else None

    @property
    def time(self) -> str | None:
        """The first required time: rows are numbered in its order."""
        return next((n for n, c in self.columns.items() if c.kind == "at" and c.required and n not in MADE), None)

    def precision_of(self, column: str) -> str | None:
        """The companion column that says how well a time is known."""
        name = f"{column}_precision"
        return name if name in self.columns else None


def table_names() -> tuple[str, ...]:
    """Tables an import can fill."""
    return tuple(name for name in PATIENT_TABLES if name in TABLES)


@cache
def shape(table: str) -> TableShape:
    """The shape of one table."""
    schema = TABLES[table]
    defaults = _DEFAULTS.get(table, {})
    columns = {
        name: ColumnShape(_kind(column), not column.nullable, _allowed(column), defaults.get(name))
        for name, column in schema.columns().items()
    }
    return TableShape(table, MappingProxyType(columns), tuple(schema.primary_key()))


def _kind(column: dy.Column) -> str:
    return next((kind for cls, kind in _KINDS if isinstance(column, cls)), "text")


def _allowed(column: dy.Column) -> tuple[str, ...]:
    return tuple(column.categories) if isinstance(column, dy.Enum) else ()
