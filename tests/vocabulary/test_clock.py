from datetime import UTC, date, datetime, timedelta, timezone

import polars as pl
import pytest

from onearm.vocabulary.clock import as_utc, at_date, at_day_count, at_month, day_number, day_uncertain, text_of

ZERO = datetime(2020, 4, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "day"), [(0, 0), (23.99, 0), (24, 1), (7 * 24 + 2, 7), (-0.1, -1), (-24, -1), (-24.1, -2)]
)
def test_day_is_the_floor_of_24_hours(hours, day):
    t = ZERO + timedelta(hours=hours)
    assert day_number(t, ZERO) == day
    frame = pl.DataFrame({"t": [t], "zero": [ZERO]}).cast(pl.Datetime("ms", "UTC"))
    assert frame.select(day_number(pl.col("t"), pl.col("zero"))).item() == day


def test_change_to_summer_time_loses_no_day():
    assert day_number(at_date(date(2020, 3, 30)), at_date(date(2020, 3, 28))) == 2


def test_source_without_dates_begins_in_2000():
    assert at_day_count(3) == datetime(2000, 1, 4, 12, tzinfo=UTC)
    assert at_month(2020, 4) == datetime(2020, 4, 15, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("a", "b", "uncertain"),
    [
        ("day", "minute", True),
        ("minute", "day", True),
        ("day", "day", False),
        ("minute", "minute", False),
        ("month", "month", True),
    ],
)
def test_day_is_uncertain_when_one_time_alone_is_a_date(a, b, uncertain):
    assert day_uncertain(a, b) is uncertain
    frame = pl.DataFrame({"a": [a], "b": [b]}, schema_overrides={"a": pl.Enum(["minute", "day", "month"])})
    assert frame.select(day_uncertain(pl.col("a"), pl.col("b"))).item() is uncertain


def test_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="no time zone"):
        as_utc(datetime(2020, 4, 1))


def test_time_is_written_in_utc_with_milliseconds():
    assert text_of(datetime(2020, 4, 11, 11, 0, 0, 1999, timezone(timedelta(hours=2)))) == "2020-04-11T09:00:00.001Z"


def test_scalar_and_column_do_not_mix():
    with pytest.raises(TypeError):
        day_number(ZERO, pl.col("zero"))
