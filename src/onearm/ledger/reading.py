"""Reading the ledger in one transaction: rows as they stand, versions of one, the slice of records around a patient."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import polars as pl
import sqlalchemy as sa

from onearm.ledger.entry import FIRST_HASH, Entry
from onearm.ledger.tables import ENTRIES, SCHEMAS, STATE
from onearm.records import Provenance, Records
from onearm.records.tables import TABLES

_ENTRY_COLUMNS = tuple(ENTRIES.columns)
STREAMED = {"yield_per": 5000}
_MANY = 500  # names in one IN (...)
_BY_SUBJECT = tuple(name for name, schema in TABLES.items() if "subject_id" in schema.columns() and name != "custody")
_BY_LOT = ("lots", "lot_materials", "lot_tests", "release_decisions", "containers")


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry: what an anchor notes."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class View:
    """What a transaction sees. `virtual` stamps the Records it gives."""

    connection: sa.Connection
    virtual: bool = False

    def head(self) -> Head:
        """The last entry; seq 0 and 64 zeros in an empty ledger."""
        row = self._last()
        return Head(row.seq, row.hash) if row else Head(0, FIRST_HASH)

    def _last(self) -> Any:
        query = sa.select(ENTRIES.c.seq, ENTRIES.c.hash, ENTRIES.c.entered_at)
        return self.connection.execute(query.order_by(ENTRIES.c.seq.desc()).limit(1)).first()

    def row(self, table: str, *key: object) -> dict[str, Any] | None:
        """The row with this key as it stands now, or None."""
        sql = STATE[table]
        matches = [c == k for c, k in zip(sql.primary_key.columns, key, strict=True)]
        found = self.connection.execute(sa.select(sql).where(*matches)).mappings().first()
        return dict(found) if found else None

    def rows(self, table: str, **equal: object) -> list[dict[str, Any]]:
        """Rows as they stand now, in order of key; `equal` filters: a value, or a collection of allowed values."""
        sql = STATE[table]
        query = sa.select(sql).order_by(*sql.primary_key.columns)
        for column, wanted in equal.items():
            many = isinstance(wanted, Collection) and not isinstance(wanted, str)
            query = query.where(sql.c[column].in_(list(wanted)) if many else sql.c[column] == wanted)  # type: ignore[call-overload]
        return [dict(row) for row in self.connection.execute(query).mappings()]

    def history(self, table: str, key: str) -> tuple[Entry, ...]:
        """Every version of one row, first to last."""
        query = sa.select(*_ENTRY_COLUMNS).where(ENTRIES.c.table_name == table, ENTRIES.c.record_key == key)
        return tuple(Entry(*row) for row in self.connection.execute(query.order_by(ENTRIES.c.version)))

    def entries(self, *, after: int = 0, upto: int | None = None) -> Iterator[Entry]:
        """Entries in order, streamed."""
        query = sa.select(*_ENTRY_COLUMNS).where(ENTRIES.c.seq > after).order_by(ENTRIES.c.seq)
        if upto is not None:
            query = query.where(ENTRIES.c.seq <= upto)
        # for this statement alone: the connection keeps what it is told, and a stream takes no writes
        with self.connection.execute(query, execution_options=STREAMED) as found:
            for row in found:
                yield Entry(*row)

    def frame(self, table: str, **wanted: Collection[str]) -> pl.DataFrame:
        """Rows as they stand now in the types of the schema; each filter is a column and its allowed values."""
        sql = STATE[table]
        rows: list[Any] = list(self.connection.execute(sa.select(sql))) if not wanted else []
        for column, values in wanted.items():
            names = sorted(set(values))
            for start in range(0, len(names), _MANY):
                chosen = sql.c[column].in_(names[start : start + _MANY])
                rows += self.connection.execute(sa.select(sql).where(chosen)).fetchall()
        return as_frame(table, rows)

    def last(self, table: str, time: str, subjects: Collection[str]) -> pl.DataFrame:
        """Of each of these patients the row with the latest `time`; all such rows where several share it."""
        sql, rows = STATE[table], list[Any]()
        names = sorted(set(subjects))
        for start in range(0, len(names), _MANY):
            of_some = sql.c.subject_id.in_(names[start : start + _MANY])
            latest = sa.select(sql.c.subject_id, sa.func.max(sql.c[time]).label("latest")).where(of_some)
            newest = latest.group_by(sql.c.subject_id).subquery()
            same = sa.and_(sql.c.subject_id == newest.c.subject_id, sql.c[time] == newest.c.latest)
            rows += self.connection.execute(sa.select(sql).join(newest, same)).fetchall()
        return as_frame(table, rows)

    def near(
        self,
        *,
        subjects: Collection[str] = (),
        lots: Collection[str] = (),
        containers: Collection[str] = (),
        without: Collection[str] = (),
    ) -> Records:
        """All rows of these patients, lots and bags, and what they rest on: enough to judge an act by every rule.

        `without`: tables of patients that are not read.
        """
        wanted = [name for name in _BY_SUBJECT if name not in without]
        got: dict[str, pl.DataFrame] = {name: self.frame(name, subject_id=subjects) for name in wanted if subjects}
        infusions = list(got["infusions"]["infusion_id"]) if subjects else []
        got["infusion_containers"] = self.frame("infusion_containers", infusion_id=infusions, container_id=containers)
        bags = {*containers, *got["infusion_containers"]["container_id"]}
        if subjects:
            bags |= set(self.frame("custody", subject_id=subjects)["container_id"])
        named = self.frame("containers", container_id=bags)
        wanted_lots = {*lots, *named["lot_id"]}
        got |= {name: self.frame(name, lot_id=wanted_lots) for name in _BY_LOT if name != "containers"}
        whole = self.frame("containers", lot_id=lots)
        got["containers"] = pl.concat([named, whole]).unique(maintain_order=True)
        got["custody"] = self.frame("custody", container_id=[*bags, *whole["container_id"]])
        got["specifications"] = self.frame("specifications", specification_id=list(got["lots"]["specification_id"]))
        if subjects:
            got["sources"] = self.frame("sources", source_id=list(got["subjects"]["source_id"]))
        return Records(self.provenance, {name: sorted_frame(name, frame) for name, frame in got.items()})

    @property
    def provenance(self) -> Provenance:
        """Bedside, or virtual where nobody exists."""
        return Provenance.VIRTUAL if self.virtual else Provenance.BEDSIDE


def as_frame(table: str, rows: Collection[Any]) -> pl.DataFrame:
    """SQL rows in the types of the schema of `table`."""
    if not rows:
        return _empty(table)
    return pl.DataFrame([tuple(row) for row in rows], schema=_types(table), orient="row")


def sorted_frame(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """In order of key, each row once."""
    return frame.unique().sort(SCHEMAS[table].primary_key()) if frame.height > 1 else frame


@cache
def _types(table: str) -> dict[str, Any]:
    return {name: column.dtype for name, column in SCHEMAS[table].columns().items()}


@cache
def _empty(table: str) -> pl.DataFrame:
    return pl.DataFrame(schema=_types(table))
