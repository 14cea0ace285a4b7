"""Visits of a ward: which planned days were kept, which in part, and why not."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.physiology.hospital.host_markers import NUMBERS
from onearm.physiology.hospital.image_tables import image_is_missing, image_minutes, on_day
from onearm.physiology.randomness import Process, uniform
from onearm.physiology.tables.marker_tables import mornings, samples
from onearm.physiology.tables.table_columns import moment, of, site_ids, table
from onearm.physiology.tables.ward import NEVER, Minutes, Ward

Whole = NDArray[np.int64]
Truths = NDArray[np.bool_]


def visit_table(ward: Ward) -> pl.DataFrame:
    """`visits` whose day had come by the lock, one row per patient and planned day.

    A visit is the round in which the morning's sample is taken: `partly` when a value or an image that was due is
    missing, `missed` after discharge or when nobody came, `not_applicable` after death.
    """
    days = np.array(ward.conduct.measurement.visit_days, dtype=np.int64)
    at = on_day(ward, days, mornings(ward.key, ward.patient, ward.zero, days))
    dead, away = ward.died[:, None] <= at, ward.gone[:, None] <= at
    drawn = uniform(ward.key, Process.VISIT, ward.patient[:, None], day=days)
    nobody = drawn < ward.conduct.measurement.chance_missing(at)
    lacks = values_are_missing(ward, days) | _image_lacks(ward, days)
    states = [dead, away, nobody, lacks]
    status = np.select(states, ["not_applicable", "missed", "missed", "partly"], "done")
    reason = np.select(states, ["died", "no longer in hospital", "nobody came", "a value or image is missing"], "")
    row, column = np.nonzero(ward.seen(at))
    kept = ~(dead | away | nobody)[row, column]
    told = pl.Series(reason[row, column], dtype=pl.String)
    columns = {
        "subject_id": of(ward.subject_id, row.astype(np.int64)),
        "planned_day": days[column],
        "status": pl.Series(status[row, column], dtype=pl.String),
        "reason": told.set(told == "", None),
        "occurred_at": moment(np.where(kept, at[row, column], NEVER)),
    }
    return table(ward, of(site_ids(ward.hospital), row.astype(np.int64)), columns)


def values_are_missing(ward: Ward, days: Whole) -> Truths:
    """Whether a value of the sample of each of `days` is missing; none is where no sample is due. (persons, days)."""
    row, day, at, _ = samples(ward)
    planned = np.isin(day, days)
    row, day, at = row[planned], day[planned], at[planned]
    numbers = np.array(sorted(set(NUMBERS.values())))
    drawn = uniform(ward.key, Process.MISSING, ward.patient[row][:, None], day=day[:, None], draw=numbers)
    lacks = np.zeros((ward.patient.size, days.size), dtype=np.bool_)
    chance = ward.conduct.measurement.chance_missing(at)
    lacks[row, np.searchsorted(days, day)] = (drawn < chance[:, None]).any(axis=1)
    return lacks


def _image_lacks(ward: Ward, days: Whole) -> Truths:
    """Whether the image of each of `days` was due and is missing, shape (persons, days)."""
    at: Minutes = image_minutes(ward, days)
    due = np.isin(days, np.array(ward.conduct.measurement.image_days, dtype=np.int64))
    return np.asarray(due & (at < ward.gone[:, None]) & ward.seen(at) & image_is_missing(ward, days))
