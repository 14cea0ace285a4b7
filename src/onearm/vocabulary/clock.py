"""The clock: UTC times, the precision they are known with, whole days since day zero."""

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import overload

import polars as pl

DAY = timedelta(hours=24)
FIRST_DAY_WITHOUT_DATES = date(2000, 1, 1)  # day 0 of a source that has days only


class Precision(StrEnum):
    """How well a time is known. Less than a minute is stored at 12:00:00Z, so date-only differences are whole days."""

    MINUTE = "minute"
    DAY = "day"  # 12:00:00Z of that calendar date
    MONTH = "month"  # 12:00:00Z of the 15th


def at_date(day: date) -> datetime:
    """A date alone as a time: 12:00:00Z. Local noon would lose an hour at the change to summer time."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def at_month(year: int, month: int) -> datetime:
    """A month alone as a time: 12:00:00Z of the 15th."""
    return datetime(year, month, 15, 12, tzinfo=UTC)


def at_day_count(day: int) -> datetime:
    """Day `day` of a source without dates: 2000-01-01T12:00Z + day x 24 h."""
    return at_date(FIRST_DAY_WITHOUT_DATES) + day * DAY


def as_utc(moment: datetime) -> datetime:
    """The same moment in UTC, cut to milliseconds. Raises ValueError for a time without a zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone; give one.")
    utc = moment.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def text_of(moment: datetime) -> str:
    """YYYY-MM-DDTHH:MM:SS.mmmZ."""
    return as_utc(moment).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@overload
def day_number(t: datetime, zero: datetime) -> int: ...
@overload
def day_number(t: pl.Expr, zero: pl.Expr) -> pl.Expr: ...
def day_number(t: datetime | pl.Expr, zero: datetime | pl.Expr) -> int | pl.Expr:
    """floor((t - zero) / 24 h): day 0 is the first 24 h; negative before zero."""
    if isinstance(t, pl.Expr) and isinstance(zero, pl.Expr):
        return (t - zero).dt.total_milliseconds().floordiv(86_400_000)
    if isinstance(t, datetime) and isinstance(zero, datetime):
        return (t - zero) // DAY
    raise TypeError("give two datetimes or two polars expressions")


@overload
def day_uncertain(a: str, b: str) -> bool: ...
@overload
def day_uncertain(a: pl.Expr, b: pl.Expr) -> pl.Expr: ...
def day_uncertain(a: str | pl.Expr, b: str | pl.Expr) -> bool | pl.Expr:
    """Whether a day number may be off: exactly one of two times is date-only, or either is known to the month."""
    if isinstance(a, pl.Expr) and isinstance(b, pl.Expr):
        left, right = a.cast(pl.String), b.cast(pl.String)
        return (left != right) | (left == Precision.MONTH.value) | (right == Precision.MONTH.value)
    return a != b or Precision.MONTH in (a, b)
