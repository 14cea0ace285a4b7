"""State at day 28 of an infusion, in words: never alive without a contact on or after that day.

Day = floor of 24 h since that infusion began. Contacts are what shows a patient alive: a sample, a visit, an episode's
start or end, an infusion, an outcome other than died and left_or_died.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from onearm.records import Records
from onearm.vocabulary.clock import day_number

HORIZON = 28
_CONTACTS = (
    ("measurements", "collected_at"),
    ("visits", "occurred_at"),
    ("episodes", "started_at"),
    ("episodes", "ended_at"),
    ("infusions", "started_at"),
    ("outcomes", "occurred_at"),
)


@dataclass(frozen=True, slots=True)
class Day28:
    """Days from the start of the infusion; None where there was no such event."""

    died: int | None
    left_alive: int | None
    last_seen: int | None

    @property
    def state(self) -> str:
        """dead, alive, left_alive (and not seen at day 28) or unknown."""
        if self.died is not None:
            return "dead" if self.died <= HORIZON else "alive"
        if self.last_seen is not None and self.last_seen >= HORIZON:
            return "alive"
        return "unknown" if self.left_alive is None else "left_alive"

    @property
    def unknown_after(self) -> int:
        """Last day the patient was seen."""
        return self.last_seen if self.last_seen is not None else self.left_alive or 0

    @property
    def en(self) -> str:
        """English words, those of the acceptance question."""
        told = {
            "dead": f"dead on day {self.died}",
            "alive": "alive",
            "left_alive": f"left alive on day {self.left_alive}, unknown after day {self.unknown_after}",
        }
        return told.get(self.state, f"unknown after day {self.unknown_after}")

    @property
    def es(self) -> str:
        """The same in Spanish."""
        told = {
            "dead": f"muerto el día {self.died}",
            "alive": "vivo",
            "left_alive": f"alta con vida el día {self.left_alive}, desconocido después del día {self.unknown_after}",
        }
        return told.get(self.state, f"desconocido después del día {self.unknown_after}")


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a patient, as recorded."""

    died_at: datetime | None
    left_alive_at: tuple[datetime, ...]
    last_seen_at: datetime | None

    def after(self, infusion_started_at: datetime) -> Day28:
        """Counted from one infusion."""
        left = [t for t in self.left_alive_at if t >= infusion_started_at]
        zero = infusion_started_at
        return Day28(
            None if self.died_at is None else day_number(self.died_at, zero),
            day_number(min(left), zero) if left else None,
            None if self.last_seen_at is None else day_number(self.last_seen_at, zero),
        )


def fates(records: Records, subjects: Collection[str]) -> Mapping[str, Fate]:
    """What became of these patients."""
    wanted = pl.col("subject_id").is_in(list(subjects))
    ended = records["outcomes"].filter(wanted, pl.col("kind").is_in(["died", "left_hospital_alive"]))
    died: dict[str, datetime] = {}
    left: dict[str, list[datetime]] = {}
    for subject, kind, at in ended.sort("occurred_at").select("subject_id", "kind", "occurred_at").iter_rows():
        if kind == "died":
            died.setdefault(subject, at)
        else:
            left.setdefault(subject, []).append(at)
    seen: dict[str, datetime] = {}
    for subject, at in _last_contacts(records, wanted):
        seen[subject] = max(at, seen.get(subject, at))
    return {s: Fate(died.get(s), tuple(left.get(s, ())), seen.get(s)) for s in subjects}


def _last_contacts(records: Records, wanted: pl.Expr) -> Iterator[tuple[str, datetime]]:
    for table, time in _CONTACTS:
        rows = records[table].filter(wanted, pl.col(time).is_not_null())
        if table == "outcomes":
            rows = rows.filter(~pl.col("kind").is_in(["died", "left_or_died"]))
        yield from rows.group_by("subject_id").agg(pl.col(time).max()).iter_rows()
