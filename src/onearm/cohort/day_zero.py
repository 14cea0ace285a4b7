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
    """Whole days from `zero` to `time`; an hour lost because one of the two is a date alone never makes day -1."""
    day = day_number(pl.col(time), pl.col("zero"))
    same_date = pl.col(time).dt.date() == pl.col("zero").dt.date()
    by_date = (precision != Precision.MINUTE.value) | (pl.col("zero_precision") != Precision.MINUTE.value)
    return pl.when((day == -1) & same_date & by_date).then(0).otherwise(day)
