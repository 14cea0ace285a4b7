"""Rules over several rows, held against the rows that stand: what is there once cannot be entered a second time.

The schemas say the same of a whole table at once; an act writes one row and sees the others only here.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from onearm.ledger.tables import STATE, record_key
from onearm.results.problems import Problem

ONCE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "containers": ("lot_id", "container_no"),
        "infusions": ("subject_id", "dose_no"),
        "measurements": ("subject_id", "marker", "collected_at", "specimen", "replicate"),
    }
)
"""Columns whose values together stand once per table."""

_MANY = 500  # values in one IN (...)


def doubled(connection: sa.Connection, table: str, rows: Sequence[Mapping[str, Any]]) -> tuple[Problem, ...]:
    """A problem for each of `rows` whose place another row of the table holds already."""
    if table not in ONCE:
        return ()
    written = {record_key(table, row) for row in rows}
    standing = {place: key for place, key in _standing(connection, table, rows) if key not in written}
    return tuple(_problem(table, row, standing[_place(table, row)]) for row in rows if _place(table, row) in standing)


def _place(table: str, row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[column] for column in ONCE[table])


def _standing(
    connection: sa.Connection, table: str, rows: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Place and key of the rows that may be in the way: exact for one row, a little wider for many."""
    sql, (first, *others) = STATE[table], ONCE[table]
    names = sorted({row[first] for row in rows})
    for start in range(0, len(names), _MANY):
        chosen = set(names[start : start + _MANY])
        some = [row for row in rows if row[first] in chosen]
        query = sa.select(sql).where(sql.c[first].in_(sorted(chosen)))
        for column in others:
            values = {row[column] for row in some}
            if None not in values and len(values) <= _MANY:
                query = query.where(sql.c[column].in_(values))
        for found in connection.execute(query).mappings():
            row = dict(found)
            yield _place(table, row), record_key(table, row)


def _problem(table: str, row: Mapping[str, Any], other: str) -> Problem:
    place = ", ".join(f"{column} {'?' if row[column] is None else row[column]}" for column in ONCE[table])
    told = f"{record_key(table, row)}: {other} stands already with {place}."
    return Problem(table, told, "Correct the row that stands, or give this one another place.")
