"""The rows in the database against those that the entries give: a row changed behind the ledger's back."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import polars as pl
import sqlalchemy as sa

from onearm.ledger.chain import Fault
from onearm.ledger.reading import View, as_frame
from onearm.ledger.tables import SCHEMAS, STATE

_UNREADABLE = (TypeError, ValueError, ArithmeticError, pl.exceptions.PolarsError)


def state_faults(
    view: View,
    frames: Mapping[str, pl.DataFrame],
    last_seq: Mapping[tuple[str, str], int],
    known: Collection[tuple[str, str]],
) -> Iterator[Fault]:
    """Each row that does not stand as its entries say; `known` are rows already told of."""
    for table, replay in frames.items():
        for name in _odd_rows(view, table, replay):
            if (table, name) not in known:
                yield Fault("state", last_seq.get((table, name)), f"{table} {name} does not stand as its entries say.")


def _odd_rows(view: View, table: str, replay: pl.DataFrame) -> list[str]:
    """Keys, parts joined by `/`."""
    key = SCHEMAS[table].primary_key()
    stands, unreadable = _standing(view.connection, table)
    stands = stands.sort(key)
    replay = replay.select(stands.columns)
    if not unreadable and stands.equals(replay):
        return []
    odd = pl.concat([stands, replay]).unique(keep="none").select(key).unique().sort(key)
    return sorted({*unreadable, *("/".join(str(part) for part in row) for row in odd.iter_rows())})


def _standing(connection: sa.Connection, table: str) -> tuple[pl.DataFrame, list[str]]:
    """The rows, and the keys of those that cannot be read at all."""
    try:
        return as_frame(table, connection.execute(sa.select(STATE[table])).fetchall()), []
    except _UNREADABLE:
        return _one_by_one(connection, table)


def _one_by_one(connection: sa.Connection, table: str) -> tuple[pl.DataFrame, list[str]]:
    sql, dialect = STATE[table], connection.dialect
    readers = {c.name: c.type.dialect_impl(dialect).result_processor(dialect, None) for c in sql.columns}
    columns: list[Any] = [sa.literal_column(c.name).label(c.name) for c in sql.columns]  # no type: as it lies there
    good, unreadable = [as_frame(table, [])], []
    for row in connection.execute(sa.select(*columns).select_from(sql)).mappings():
        try:
            cells = [row[name] if read is None else read(row[name]) for name, read in readers.items()]
            good.append(as_frame(table, [cells]))
        except _UNREADABLE:
            unreadable.append("/".join(str(row[k]) for k in SCHEMAS[table].primary_key()))
    return pl.concat(good), unreadable
