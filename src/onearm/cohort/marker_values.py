"""Markers of the treated before and after the index day: last value before, last value within a week after."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from onearm.cohort.analysis_set import NEVER
from onearm.cohort.day_zero import days_since_zero
from onearm.cohort.follow_up import FollowUp
from onearm.records import Records

AFTER_DAYS = 7
COURSE_MARKERS = (
    "crp",
    "ferritin",
    "d_dimer_feu",
    "d_dimer_ddu",
    "ldh",
    "il6",
    "lymphocytes",
    "pf_ratio",
    "sofa_total",
)


@dataclass(frozen=True, slots=True)
class BeforeAfter:
    """Values of one marker, canonical unit; only who is alive and still measured has an after."""

    marker: str
    before: tuple[float, ...]
    after: tuple[float, ...]
    paired: tuple[float, ...]  # after - before of those with both


def before_and_after(records: Records, course: FollowUp) -> tuple[BeforeAfter, ...]:
    """One entry per marker that was measured in a treated patient, in the order of COURSE_MARKERS."""
    treated = course.people.filter(pl.col("start_day") < NEVER)
    base = treated.select("zero", "zero_precision", "start_day", subject_id="person")
    found = []
    for marker in COURSE_MARKERS:
        rows = records["measurements"].filter((pl.col("marker") == marker) & pl.col("value").is_not_null())
        rows = rows.join(base, on="subject_id").sort("collected_at", "replicate", "measurement_id")
        if rows.is_empty():
            continue
        day = days_since_zero("collected_at", pl.col("collected_at_precision").cast(pl.String))
        rows = rows.with_columns(since=day - pl.col("start_day"), number=pl.col("value").cast(pl.Float64))
        before = _last(rows.filter(pl.col("since") < 0))
        after = _last(rows.filter((pl.col("since") > 0) & (pl.col("since") <= AFTER_DAYS)))
        both = before.join(after, on="subject_id", suffix="_after")
        change = (both["number_after"] - both["number"]).to_list()
        found.append(BeforeAfter(marker, tuple(before["number"]), tuple(after["number"]), tuple(change)))
    return tuple(found)


def _last(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.unique("subject_id", keep="last", maintain_order=True).select("subject_id", "number")


def direction(change: tuple[float, ...]) -> str:
    """fell or rose by the median change of those with both values; no_change at 0 or without anybody."""
    middle = float(np.median(change)) if change else 0.0
    return "fell" if middle < 0 else "rose" if middle > 0 else "no_change"
