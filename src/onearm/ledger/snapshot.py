"""Records as known at a time, or up to an entry: the newest version of every row, validated again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import dataframely as dy
import polars as pl
import sqlalchemy as sa

from onearm.ledger.entry import GONE
from onearm.ledger.reading import View
from onearm.ledger.tables import ENTRIES, SCHEMAS
from onearm.records import Records
from onearm.records.tables import TABLES
from onearm.records.validation import check_rows
from onearm.results.finding import Finding, Severity

_COLUMNS = ("seq", "table_name", "record_key", "version", "values_json")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was known: the records, up to which entry, and the rows that no longer hold (told, not dropped silently)."""

    records: Records
    seq: int
    findings: tuple[Finding, ...]


def snapshot(view: View, *, as_known_at: datetime | None = None, seq: int | None = None) -> Snapshot:
    """Records of all entries up to `as_known_at` or `seq`; of all entries without either.

    Time order is seq order, so what was known at a time is a prefix of the chain.
    """
    upto = view.head().seq if seq is None else seq
    if as_known_at is not None:
        known = sa.select(sa.func.max(ENTRIES.c.seq)).where(ENTRIES.c.entered_at <= as_known_at)
        upto = min(upto, view.connection.execute(known).scalar() or 0)
    newest = newest_rows(view, upto, tuple(TABLES))
    frames, findings = {}, list[Finding]()
    for table, texts in newest.items():
        frames[table], found = _checked(table, decoded(table, texts))
        findings += found
    return Snapshot(Records(view.provenance, frames), upto, tuple(findings))


def newest_rows(view: View, upto: int, tables: tuple[str, ...]) -> dict[str, pl.Series]:
    """Values (JSON) of the newest version of every row that stands, by table."""
    query = sa.select(*(ENTRIES.c[name] for name in _COLUMNS)).where(
        ENTRIES.c.seq <= upto, ENTRIES.c.table_name.in_(tables)
    )
    rows = view.connection.execute(query).fetchall()
    schema = dict(zip(_COLUMNS, (pl.Int64, pl.String, pl.String, pl.Int64, pl.String), strict=True))
    entries = pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row").sort("seq")
    last = entries.unique(["table_name", "record_key"], keep="last", maintain_order=True)
    standing = last.filter(pl.col("values_json") != GONE)
    return {
        str(name): frame["values_json"]
        for (name,), frame in standing.partition_by("table_name", as_dict=True, maintain_order=True).items()
    }


def decoded(table: str, texts: pl.Series) -> pl.DataFrame:
    """Rows from their JSON: text cells still as text, to be read in their canonical form."""
    shape = pl.Struct({name: _json_type(column) for name, column in SCHEMAS[table].columns().items()})
    return texts.str.json_decode(shape).struct.unnest()


def _json_type(column: dy.Column) -> Any:
    match column:
        case dy.Int64():
            return pl.Int64
        case dy.Bool():
            return pl.Boolean
        case _:
            return pl.String


def _checked(table: str, frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Finding]]:
    """The rows that hold their schema, and a finding for each that does not."""
    schema = SCHEMAS[table]
    good, problems = check_rows(schema, frame, file=table)
    if not problems:
        return good, []
    keep, findings = [], []
    for row in range(frame.height):
        one, told = check_rows(schema, frame[row : row + 1], file=table)
        if told:
            findings += [_finding(table, frame.row(row, named=True), p.sentence, p.remedy) for p in told]
        else:
            keep.append(one)
    return (pl.concat(keep).sort(schema.primary_key()) if keep else schema.create_empty()), findings


def _finding(table: str, values: Mapping[str, Any], sentence: str, remedy: str) -> Finding:
    key = "/".join(str(values[k]) for k in SCHEMAS[table].primary_key())
    spanish = f"La fila {key} de {table} ya no cumple su esquema: {sentence}"
    return Finding("E1", Severity.BLOCK, table, key, "", "", sentence, spanish, remedy)
