"""Linked Records to break, and how: other cells in some rows, a row more, and the one finding there must be."""

from datetime import timedelta

import polars as pl
from linked_records import Patient, external_world, own_world

from onearm.records import Provenance, Records, check_records
from onearm.results.finding import Finding, Severity

WORLD = own_world([Patient(2, True, False), Patient(1, False, True), Patient(0, False, False)]).records(seed=2)
EXTERNAL = external_world([Patient(0, True, True), Patient(0, False, False)]).records(seed=2)
VIRTUAL = own_world([Patient(1, False, False)], Provenance.VIRTUAL).records(seed=2)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def put(world: Records, table: str, frame: pl.DataFrame) -> Records:
    """`world` with another frame for one table."""
    checked = Records.of({table: frame}, provenance=world.provenance)
    return Records(world.provenance, {**world.tables, **checked.tables})


def expression(value: object) -> pl.Expr:
    return value if isinstance(value, pl.Expr) else pl.lit(value)


def change(world: Records, table: str, where: pl.Expr, **values: object) -> Records:
    """`world` with some cells of some rows changed."""
    frame = world[table]
    assert frame.filter(where).height, "the planted break hits no row"
    changed = [
        pl.when(where)
        .then(v if isinstance(v, pl.Expr) else pl.lit(v))
        .otherwise(pl.col(k))
        .cast(frame.schema[k])
        .alias(k)
        for k, v in values.items()
    ]
    return put(world, table, frame.with_columns(changed))


def add(world: Records, table: str, where: pl.Expr, **values: object) -> Records:
    """`world` with a copy of one row, some cells changed."""
    frame = world[table]
    row = frame.filter(where).head(1)
    row = row.with_columns(expression(v).cast(frame.schema[k]).alias(k) for k, v in values.items())
    return put(world, table, pl.concat([frame, row]))


def only(rule: str, severity: Severity, world: Records) -> Finding:
    """The one finding there must be."""
    found = check_records(world)
    assert [(f.rule, f.severity) for f in found] == [(rule, severity)], found
    return found[0]


def is_(column: str, value: str) -> pl.Expr:
    return pl.col(column).cast(pl.String) == value
