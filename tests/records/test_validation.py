"""The quick look at a whole frame says what dataframely says row by row."""

import random

import polars as pl
import pytest
from linked_records import Patient, own_world

from onearm.ledger.tables import SCHEMAS
from onearm.records.validation import holds_every_rule

WORLD = own_world([Patient(2, True, False), Patient(1, False, True)]).records(seed=1)


def broken_in_turn(frame, schema, rng):
    """The frame, each column in turn emptied in one row or given another row's cell, and a row that stands twice."""
    yield frame
    yield pl.concat([frame, frame[:1]])
    for name in schema.column_names():
        yield frame.with_columns(
            pl.when(pl.int_range(pl.len()) != rng.randrange(frame.height)).then(pl.col(name)).alias(name)
        )
        yield frame.with_columns(pl.col(name).shift(1))
        yield frame.with_columns(pl.col(name).reverse())


@pytest.mark.parametrize("table", SCHEMAS)
def test_a_frame_holds_every_rule_exactly_when_no_row_of_it_fails(table):
    from dataframely.random import Generator

    schema = SCHEMAS[table]
    frame = pl.DataFrame(WORLD[table] if table in WORLD.tables else schema.sample(6, generator=Generator(7)))
    seen = set()
    for one in broken_in_turn(frame, schema, random.Random(table)):
        _, failed = schema.filter(one)
        assert holds_every_rule(schema, one) == (len(failed) == 0)
        seen.add(len(failed) == 0)
    assert seen == {True, False} and holds_every_rule(schema, frame[:0])
