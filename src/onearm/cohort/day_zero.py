"""Day zero of each patient: the event that starts the clock, and whole days since it."""

import polars as pl

from onearm.records import Records
from onearm.vocabulary.clock import Precision, day_number

#: clock -> kind of the episode whose first start is day zero
EPISODE_CLOCKS = {"ventilation": "invasive_ventilation", "severe_state": "severe_state"}
#: clock -> time of the subject that is day zero
ARRIVAL_CLOCKS = {"icu": "icu_at", "hospital": "hospital_at", "listing": "listed_at"}


def day_zero(records: Records, clock: str) -> pl.DataFrame:
    """subject_id, zero, zero_precision of the patients for whom the event was recorded.

    Raises KeyError for a clock that no record can start.
    """
    if clock in EPISODE_CLOCKS:
        starts = records["episodes"].filter(pl.col("kind") == EPISODE_CLOCKS[clock]).sort("started_at", "episode_id")
        found = starts.unique("subject_id", keep="first")
        return found.select(
            "subject_id", zero="started_at", zero_precision=pl.col("started_at_precision").cast(pl.String)
        )
    at = ARRIVAL_CLOCKS[clock]
    there = records["subjects"].filter(pl.col(at).is_not_null())
    return there.select("subject_id", zero=at, zero_precision=pl.col(f"{at}_precision").cast(pl.String))


def days_since_zero(time: str, precision: pl.Expr) -> pl.Expr:
    """Whole days from `zero` to `time`; the difference of dates where one of the two is a date alone.

    A date alone may be any hour of its day. By dates an end is never told before a treatment of the same date, and
    nothing dated so is known on the day itself.
    """
    by_date = is_by_date(precision)
    dates = (pl.col(time).dt.date() - pl.col("zero").dt.date()).dt.total_days()
    return pl.when(by_date).then(dates).otherwise(day_number(pl.col(time), pl.col("zero")))


def is_by_date(precision: pl.Expr) -> pl.Expr:
    """Whether a time of that precision, or its `zero`, is a date alone."""
    return (precision != Precision.MINUTE.value) | (pl.col("zero_precision") != Precision.MINUTE.value)
