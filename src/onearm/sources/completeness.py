"""The completeness gate of a source: how many of its subjects have what an analysis needs."""

from collections.abc import Mapping

import polars as pl

from onearm.sources.import_report import Share

_CLOCK_COLUMN = {"icu": "icu_at", "hospital": "hospital_at", "listing": "listed_at", "ventilation": "ventilated_at"}
_CLOCK_EPISODE = {"ventilation": "invasive_ventilation", "severe_state": "severe_state"}


def completeness(tables: Mapping[str, pl.DataFrame], clock_start: str) -> tuple[Share, ...]:
    """Shares of subjects; empty where the import has no subjects."""
    subjects = tables.get("subjects")
    if subjects is None or not subjects.height:
        return ()
    subjects = subjects.unique("subject_id")

    def share(what: str, who: pl.Series) -> Share:
        known = subjects.join(who.to_frame("subject_id"), on="subject_id", how="semi")
        return Share(what, known.height, subjects.height)

    def known(condition: pl.Expr) -> pl.Series:
        return subjects.filter(condition)["subject_id"]

    age = pl.any_horizontal(pl.col("age_years", "age_low", "age_high").is_not_null())
    return (
        share(f"day zero ({clock_start})", _day_zero(tables, subjects, clock_start)),
        share("age or band", known(age)),
        share("sex", known(pl.col("sex").cast(pl.String) != "unknown")),
        share("P/F ratio", _measured(tables, ("pf_ratio",))),
        share("SOFA or parts", _measured(tables, None)),
        share("calendar month", known(pl.col("calendar_month").is_not_null())),
        share("end state or last alive", _subjects_of(tables, "outcomes")),
    )


def _subjects_of(tables: Mapping[str, pl.DataFrame], table: str, condition: pl.Expr | None = None) -> pl.Series:
    rows = tables.get(table)
    if rows is None:
        return pl.Series("subject_id", [], dtype=pl.String)
    return (rows if condition is None else rows.filter(condition))["subject_id"]


def _measured(tables: Mapping[str, pl.DataFrame], markers: tuple[str, ...] | None) -> pl.Series:
    marker = pl.col("marker").cast(pl.String)
    return _subjects_of(tables, "measurements", marker.is_in(markers) if markers else marker.str.starts_with("sofa_"))


def _day_zero(tables: Mapping[str, pl.DataFrame], subjects: pl.DataFrame, clock_start: str) -> pl.Series:
    found = [pl.Series("subject_id", [], dtype=pl.String)]
    if clock_start in _CLOCK_EPISODE:
        found.append(_subjects_of(tables, "episodes", pl.col("kind").cast(pl.String) == _CLOCK_EPISODE[clock_start]))
    if clock_start in _CLOCK_COLUMN:
        found.append(subjects.filter(pl.col(_CLOCK_COLUMN[clock_start]).is_not_null())["subject_id"])
    return pl.concat(found)
