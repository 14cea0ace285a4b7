from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from onearm.bedside.identity.tables import ACCESS, milliseconds


def test_times_are_whole_milliseconds_on_both_databases():
    times = [c for table in ACCESS.tables.values() for c in table.c if c.name == "at" or c.name.endswith("_at")]
    assert len(times) == 8 and all(isinstance(c.type, sa.BigInteger) for c in times)
    made = "".join(str(CreateTable(t).compile(dialect=postgresql.dialect())) for t in ACCESS.sorted_tables)
    assert made.count("BIGINT") == 9 and "BYTEA" in made


def test_milliseconds_of_a_moment():
    moment = datetime(2020, 4, 11, 11, 0, 0, 123_999, tzinfo=timezone(timedelta(hours=2)))
    assert milliseconds(moment) == 1_586_595_600_123
    assert milliseconds(datetime(1970, 1, 1, tzinfo=UTC)) == 0
    with pytest.raises(ValueError, match="zone"):
        milliseconds(datetime(2020, 4, 11))
