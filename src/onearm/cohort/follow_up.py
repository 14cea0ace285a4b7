"""Follow-up (T, e) of each patient on whole days: death, leaving alive, or open at the last day known alive."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.cohort.analysis_set import NEVER, PEOPLE
from onearm.cohort.day_zero import EPISODE_CLOCKS, day_zero, days_since_zero, is_by_date
from onearm.protocol.study import Strategies
from onearm.records import Records
from onearm.records.broken_rows import surely_after
from onearm.vocabulary.clock import Precision, at_date

INPATIENT = ("hospital", "icu", "invasive_ventilation", "noninvasive_ventilation", "high_flow_oxygen", "severe_state")
_SPELLS = {"start": pl.Int64, "end": pl.Int64, "person": pl.Int64}
_MINUTE = pl.lit(Precision.MINUTE.value)


@dataclass(frozen=True, slots=True, eq=False)
class FollowUp:
    """One source on the clock. `people` has a row per patient with a day zero by the lock."""

    people: pl.DataFrame  # the columns PEOPLE, `zero` (UTC) and `zero_precision`
    spells: pl.DataFrame  # row of `people` (person), first day and last day in the state of the clock; empty: no state
    first_treatment: pl.DataFrame  # subject_id, day of the index treatment: negative before day zero, null without one
    without_zero: int  # patients for whom the event of the clock was not recorded by the lock
    clock: str


def follow_up(records: Records, *, clock: str, treat: Strategies, lock: date | None, calendar: bool) -> FollowUp:
    """All patients of `records` on the clock.

    A patient who left alive and did not come back is an end (e = 2), whatever happened at home later than that day.
    What is after the date of the `lock` is not known: whoever is seen on that date or later is open at the lock.
    `calendar` false: no calendar date and no room until the lock is told.
    """
    lock = lock if calendar else None
    zero = _by_lock(day_zero(records, clock), "zero", lock)
    subjects = records["subjects"].select("subject_id", "source_id", "site_id")
    base = subjects.join(zero, on="subject_id").sort("subject_id")
    treated = _by_lock(first_treatment(records, treat), "at", lock).join(zero, on="subject_id", how="left")
    treated = treated.select("subject_id", day=days_since_zero("at", pl.col("precision")))
    died, left, contact, stay_end = (_last_day(t, base) for t in _ends(records, lock))
    spells, spell_days = _spells(records, base, clock)
    z = _aligned(base, treated, "day", NEVER)
    end, event = _end(died, left, contact, stay_end)
    potential = _potential(base, lock, z)
    spell_days = np.where(spell_days > _lock_day(base, lock), NEVER, spell_days)
    dates = base["zero"].dt.date() if calendar else pl.Series([None] * base.height, dtype=pl.Date)
    people = pl.DataFrame(
        {
            "person": base["subject_id"],
            "source": base["source_id"],
            "centre": base["site_id"],
            "zero_date": dates,
            "start_day": z,
            "spell_days": spell_days,
            "end_day": end,
            "event": event,
            "potential_days": potential,
        },
        schema=PEOPLE,
    ).with_columns(base["zero"], base["zero_precision"])
    return FollowUp(people, spells, treated, subjects.height - base.height, clock)


def first_treatment(records: Records, treat: Strategies) -> pl.DataFrame:
    """subject_id, at, precision of the first infusion, or of the first episode of that kind and agent."""
    if treat.kind == "infusions":
        rows = records["infusions"].select("subject_id", at="started_at", precision=_MINUTE)
    else:
        episodes = records["episodes"].filter(pl.col("kind") == treat.kind)
        if treat.agent is not None:
            episodes = episodes.filter(pl.col("agent") == treat.agent)
        rows = episodes.select("subject_id", at="started_at", precision=pl.col("started_at_precision").cast(pl.String))
    return rows.sort("at").unique("subject_id", keep="first")


def _by_lock(rows: pl.DataFrame, at: str, lock: date | None) -> pl.DataFrame:
    """The rows of the date of the lock or before."""
    return rows if lock is None else rows.filter(pl.col(at).dt.date() <= lock)


def _ends(records: Records, lock: date | None) -> tuple[pl.DataFrame, ...]:
    """subject_id, at, precision of: death; final leaving alive; contacts; an end of stay of unknown kind."""
    outcomes = records["outcomes"].select(
        "subject_id",
        kind=pl.col("kind").cast(pl.String),
        at="occurred_at",
        precision=pl.col("occurred_at_precision").cast(pl.String),
    )

    def of(kind: str) -> pl.DataFrame:
        return _by_lock(outcomes.filter(pl.col("kind") == kind).drop("kind").sort("at"), "at", lock)

    died = of("died").unique("subject_id", keep="first")
    leaving = of("left_hospital_alive").unique("subject_id", keep="last")
    stays = _by_lock(records["episodes"].filter(pl.col("kind").is_in(INPATIENT)), "started_at", lock)
    back = stays.select("subject_id", "started_at", "started_at_precision").join(leaving, on="subject_id")
    later = surely_after(
        pl.col("started_at"), pl.col("started_at_precision").cast(pl.String), pl.col("at"), pl.col("precision")
    )
    left = leaving.join(back.filter(later), on="subject_id", how="anti")
    return died, left, _contacts(records, outcomes, lock), of("left_or_died")


def _contacts(records: Records, outcomes: pl.DataFrame, lock: date | None) -> pl.DataFrame:
    """Times known alive: a sample, a visit, a bound of an episode, an infusion, an outcome other than an end.

    Whatever is dated on the lock or later, be it a death, is a contact on the day of the lock.
    """

    def seen(table: str, at: str, rows: pl.DataFrame | None = None) -> pl.DataFrame:
        frame = records[table] if rows is None else rows
        known = f"{at}_precision"
        precision = pl.col(known).cast(pl.String) if known in frame.columns else _MINUTE
        return frame.filter(pl.col(at).is_not_null()).select("subject_id", at=at, precision=precision)

    visits = records["visits"].filter(pl.col("status").is_in(["done", "partly"]))
    is_end = pl.col("kind").is_in(["died", "left_or_died"])
    alive = outcomes.filter(~is_end if lock is None else ~is_end | (pl.col("at").dt.date() > lock)).drop("kind")
    found = [
        seen("measurements", "collected_at"),
        seen("visits", "occurred_at", visits),
        seen("episodes", "started_at"),
        seen("episodes", "ended_at"),
        seen("infusions", "started_at"),
        seen("infusions", "stopped_at"),
        alive,
    ]
    contacts = pl.concat(found)
    if lock is None:
        return contacts
    late = pl.col("at").dt.date() >= lock
    return contacts.with_columns(
        at=pl.when(late).then(pl.lit(at_date(lock), dtype=contacts.schema["at"])).otherwise("at"),
        precision=pl.when(late).then(pl.lit(Precision.DAY.value)).otherwise("precision"),
    )


def _last_day(times: pl.DataFrame, base: pl.DataFrame) -> NDArray[np.int64]:
    """Last day of each person of `base`, NEVER where there is none; shape (persons,)."""
    joined = times.join(base.select("subject_id", "zero", "zero_precision"), on="subject_id")
    days = joined.select("subject_id", day=days_since_zero("at", pl.col("precision")))
    return _aligned(base, days.group_by("subject_id").agg(pl.col("day").max()), "day", NEVER)


def _aligned(base: pl.DataFrame, days: pl.DataFrame, column: str, missing: int) -> NDArray[np.int64]:
    joined = base.select("subject_id").join(days, on="subject_id", how="left", maintain_order="left")
    return joined[column].fill_null(missing).to_numpy().astype(np.int64)


def _end(
    died: NDArray[np.int64], left: NDArray[np.int64], contact: NDArray[np.int64], stay_end: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """T and e. Of leaving for good and dying on one day death is last; nobody is open before day 0."""
    seen, ended = (np.where(at < NEVER, at, 0) for at in (contact, stay_end))
    open_at = np.maximum(seen, ended)
    gone = (left < NEVER) & (left < died)
    dead = ~gone & (died < NEVER)
    end = np.where(gone, left, np.where(dead, died, open_at))
    return np.maximum(end, 0), np.where(gone, 2, np.where(dead, 1, 0))


def _lock_day(base: pl.DataFrame, lock: date | None) -> NDArray[np.int64]:
    """Day of the lock by dates; NEVER without one."""
    if lock is None:
        return np.full(base.height, NEVER, dtype=np.int64)
    days = base.select((pl.lit(lock) - pl.col("zero").dt.date()).dt.total_days())
    return days.to_series().to_numpy().astype(np.int64)


def _potential(base: pl.DataFrame, lock: date | None, start: NDArray[np.int64]) -> NDArray[np.int64]:
    """Last day that was over by the end of the day of the lock; NEVER without one.

    A day that begins at the hour of day zero and is cut by the lock does not count: of the treated only a part of it
    was seen, of controls who came earlier the whole. Who is treated on it, on day `start`, keeps that day.
    """
    by_date = _lock_day(base, lock)
    if lock is None:
        return by_date
    end = datetime(lock.year, lock.month, lock.day, tzinfo=UTC) + timedelta(days=1)
    by_hour = base.select((pl.lit(end) - pl.col("zero")).dt.total_days() - 1).to_series().to_numpy().astype(np.int64)
    dated = base.select(is_by_date(pl.col("zero_precision").cast(pl.String))).to_series().to_numpy()
    return np.maximum(np.where(dated, by_date, by_hour), np.where(start < NEVER, start, -1))


def _spells(records: Records, base: pl.DataFrame, clock: str) -> tuple[pl.DataFrame, NDArray[np.int64]]:
    """Spells in the state of the clock by row of `base`, and the last day of the first. A spell ends when it ends:
    off and on again is two, also on one day.
    """
    first = np.full(base.height, NEVER, dtype=np.int64)
    if clock not in EPISODE_CLOCKS:
        return pl.DataFrame(schema=_SPELLS), first
    rows = base.select("subject_id", "zero", "zero_precision").with_row_index("person")
    stays = records["episodes"].filter(pl.col("kind") == EPISODE_CLOCKS[clock]).join(rows, on="subject_id")
    stays = _with_known_ends(records, stays, clock)
    ended = pl.when(pl.col("ended_at").is_null()).then(NEVER)
    stays = stays.sort("person", "started_at", "episode_id").select(
        start=days_since_zero("started_at", pl.col("started_at_precision").cast(pl.String)).cast(pl.Int64),
        end=ended.otherwise(days_since_zero("ended_at", pl.col("ended_at_precision").cast(pl.String))).cast(pl.Int64),
        person=pl.col("person").cast(pl.Int64),
    )
    begun = stays.unique("person", keep="first", maintain_order=True)
    first[begun["person"].to_numpy()] = begun["end"].to_numpy()
    return stays, first


def _with_known_ends(records: Records, stays: pl.DataFrame, clock: str) -> pl.DataFrame:
    """Ventilation whose end was not recorded ends with the first extubation after it began."""
    if clock != "ventilation":
        return stays
    off = records["outcomes"].filter(pl.col("kind") == "extubated")
    off = off.select("subject_id", off_at="occurred_at", off_precision="occurred_at_precision")
    open_ones = stays.filter(pl.col("ended_at").is_null() & ~pl.col("ongoing")).select(
        "episode_id", "subject_id", "started_at"
    )
    later = open_ones.join(off, on="subject_id").filter(pl.col("off_at") >= pl.col("started_at")).sort("off_at")
    first = later.unique("episode_id", keep="first").select("episode_id", "off_at", "off_precision")
    return (
        stays.join(first, on="episode_id", how="left", maintain_order="left")
        .with_columns(
            ended_at=pl.coalesce("ended_at", "off_at"),
            ended_at_precision=pl.coalesce("ended_at_precision", "off_precision"),
        )
        .drop("off_at", "off_precision")
    )
