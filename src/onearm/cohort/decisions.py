"""The screening log: who was decided on, how long from decision to treatment, who was approved and never treated."""

from dataclasses import dataclass
from statistics import median

import polars as pl

from onearm.records import Records


@dataclass(frozen=True, slots=True)
class ScreeningLog:
    """Counts from `treatment_decisions`; None where the study kept none."""

    subjects: int  # patients of the study's own sources
    decided: int  # of these, with at least one decision
    approved_not_treated: int  # a decision to treat, and no infusion
    lag_hours_median: float | None  # from the first decision to treat to the first infusion
    lag_hours_longest: float | None
    without_lag: tuple[str, ...]  # infused patients without a decision to treat before it

    @property
    def share(self) -> float | None:
        """Of the patients, how many were decided on."""
        return self.decided / self.subjects if self.subjects else None


def screening_log(records: Records) -> ScreeningLog | None:
    """The log of the study's own patients; external ones have none. None when nobody wrote a decision."""
    decisions = records["treatment_decisions"]
    if decisions.is_empty():
        return None
    own = records["subjects"].filter(pl.col("cohort") != "individual_external").select("subject_id")
    treat = decisions.filter(pl.col("decision") == "treat").group_by("subject_id").agg(pl.col("decided_at").min())
    first = records["infusions"].group_by("subject_id").agg(pl.col("started_at").min())
    both = first.join(treat, on="subject_id", how="left").sort("subject_id")
    hours = (pl.col("started_at") - pl.col("decided_at")).dt.total_minutes() / 60
    lags = both.with_columns(lag=hours)
    known = lags.filter(pl.col("lag") >= 0)["lag"].to_list()  # a negative one is an error of the records
    return ScreeningLog(
        subjects=own.height,
        decided=own.join(decisions, on="subject_id", how="semi").height,
        approved_not_treated=treat.join(first, on="subject_id", how="anti").height,
        lag_hours_median=median(known) if known else None,
        lag_hours_longest=max(known, default=None),
        without_lag=tuple(lags.filter(pl.col("lag").is_null() | (pl.col("lag") < 0))["subject_id"]),
    )


def without_product(records: Records) -> frozenset[str]:
    """Patients turned down or put off for want of a released bag, and never infused.

    Nobody chose them for their prognosis: the best controls that a single unit has.
    """
    refused = (pl.col("reason") == "no_product") & (pl.col("decision") != "treat")
    wanted = records["treatment_decisions"].filter(refused)
    never = wanted.join(records["infusions"], on="subject_id", how="anti")
    return frozenset(never["subject_id"].to_list())
