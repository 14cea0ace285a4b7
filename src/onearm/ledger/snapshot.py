"""Records as known at a time, or up to an entry: the newest version of every row, validated again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
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

VALUES: Mapping[str, Any] = {
    "seq": pl.Int64,
    "table_name": pl.String,
    "record_key": pl.String,
    "values_json": pl.String,
}
"""What a replay needs of the entries, in order of seq."""

Broken = dict[int, tuple[str, str]]  # place of a row -> what is wrong with it, and what to do
_STRAY = ("the values are those of another row.", "Look at its versions.")
_UNREADABLE = ("the values cannot be read.", "Look at its versions.")
_ERASED = ("the values were erased by a redaction.", "Look at a newer version.")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was known: the records, up to which entry, and the rows that no longer hold (told, not dropped silently)."""

    records: Records
    seq: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Replay:
    """Rows that the entries give, by table in order of key, and a finding for each that does not hold its schema."""

    frames: Mapping[str, pl.DataFrame]
    findings: tuple[Finding, ...]


def snapshot(view: View, *, as_known_at: datetime | None = None, seq: int | None = None) -> Snapshot:
    """Records of all entries up to `as_known_at` or `seq`; of all entries without either.

    Time order is seq order, so what was known at a time is a prefix of the chain.
    """
    upto = view.head().seq if seq is None else seq
    if as_known_at is not None:
        known = sa.select(sa.func.max(ENTRIES.c.seq)).where(ENTRIES.c.entered_at <= as_known_at)
        upto = min(upto, view.connection.execute(known).scalar() or 0)
    found = replayed(values_upto(view, upto, tuple(TABLES)), tuple(TABLES))
    return Snapshot(Records(view.provenance, found.frames), upto, found.findings)


def values_upto(view: View, upto: int, tables: Sequence[str]) -> pl.DataFrame:
    """The values that the entries of these tables wrote, in order of seq."""
    query = sa.select(*(ENTRIES.c[name] for name in VALUES)).where(
        ENTRIES.c.seq <= upto, ENTRIES.c.table_name.in_(tables)
    )
    rows = [tuple(row) for row in view.connection.execute(query.order_by(ENTRIES.c.seq))]
    return pl.DataFrame(rows, schema=VALUES, orient="row")


def replayed(values: pl.DataFrame, tables: Sequence[str]) -> Replay:
    """The newest version of every row that stands."""
    last = values.unique(["table_name", "record_key"], keep="last", maintain_order=True)
    standing = last.filter(pl.col("values_json").ne_missing(GONE))
    frames, findings = {}, list[Finding]()
    for (name,), rows in standing.partition_by("table_name", as_dict=True, maintain_order=True).items():
        table = str(name)
        if table in tables:
            frames[table], found = _checked(table, rows["record_key"], rows["values_json"])
            findings += found
    return Replay(frames, tuple(findings))


def _checked(table: str, keys: pl.Series, texts: pl.Series) -> tuple[pl.DataFrame, list[Finding]]:
    """The rows that hold their schema, and a finding for each that does not."""
    frame, broken = _decoded(table, texts)
    named = pl.concat_str([pl.col(k).cast(pl.String) for k in SCHEMAS[table].primary_key()], separator="/")
    strays = (frame.select(named).to_series().ne_missing(keys)).arg_true()
    broken = dict.fromkeys(strays, _STRAY) | broken
    good, problems = _held(table, frame, broken)
    while problems:  # the rows beside them may hold now
        broken |= problems
        good, problems = _held(table, frame, broken)
    return good, [_finding(table, keys[row], *broken[row]) for row in sorted(broken)]


def _held(table: str, frame: pl.DataFrame, broken: Broken) -> tuple[pl.DataFrame, Broken]:
    """The rows but the broken ones; no rows, and what is wrong with each, when more of them break a rule."""
    kept = [row for row in range(frame.height) if row not in broken] if broken else None
    chosen = frame if kept is None else frame[kept]
    good, problems = check_rows(SCHEMAS[table], chosen, file=table, place=lambda row: (row, ""))
    found: Broken = {}
    for problem in problems:
        assert problem.line is not None
        row = problem.line if kept is None else kept[problem.line]
        said = (f"{found[row][0]} {problem.sentence}", found[row][1]) if row in found else None
        found[row] = said or (problem.sentence, problem.remedy)
    return good, found


def _decoded(table: str, texts: pl.Series) -> tuple[pl.DataFrame, Broken]:
    """Rows from their JSON: text cells still as text, to be read in their canonical form. A broken row is all null."""
    shape, broken = _shape(table), Broken()
    try:
        told = texts.str.json_decode(shape)
    except pl.exceptions.PolarsError:
        said = [_one(text, shape) for text in texts]
        broken = {row: _UNREADABLE for row, one in enumerate(said) if not one}
        told = pl.Series([one or {} for one in said], dtype=shape)
    return told.struct.unnest(), broken | dict.fromkeys(texts.is_null().arg_true(), _ERASED)


def _one(text: str | None, shape: pl.Struct) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] | None = pl.Series([text], dtype=pl.String).str.json_decode(shape)[0]
    except pl.exceptions.PolarsError:
        return None
    return found


@cache
def _shape(table: str) -> pl.Struct:
    return pl.Struct({name: _json_type(column) for name, column in SCHEMAS[table].columns().items()})


def _json_type(column: dy.Column) -> Any:
    match column:
        case dy.Int64():
            return pl.Int64
        case dy.Bool():
            return pl.Boolean
        case _:
            return pl.String


def _finding(table: str, key: str, sentence: str, remedy: str) -> Finding:
    english = f"{table} {key} does not hold its schema: {sentence}"
    spanish = f"La fila {key} de {table} ya no cumple su esquema: {sentence}"
    return Finding("E1", Severity.BLOCK, table, key, "", "", english, spanish, remedy)
