"""`source.toml` beside a mapping: who was collected, where, when, under which licence, and how it was read.

Keys are the columns of the record table `sources` that a person must state; `how_read`, `citation` and `note` are free.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

from onearm.results.problems import Problem
from onearm.sources.typed_file import build, read_toml
from onearm.vocabulary.clock import at_date

NOT_STATED = "not stated"

Kind = Literal["own_study", "concurrent_untreated", "individual_external", "virtual"]
TimeBasis = Literal["calendar", "shifted", "day_only"]
ClockStart = Literal["ventilation", "icu", "hospital", "severe_state", "listing", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDescription:
    """What a person states about a source of patients."""

    source_id: str = ""  # empty: that of the mapping
    title: str
    kind: Kind
    population: str
    setting: str
    country: str
    entry_rule: str
    time_zero_rule: str
    time_basis: TimeBasis
    clock_start: ClockStart
    licence: str
    retrieved_at: date | datetime
    first_date: date | None = None
    last_date: date | None = None
    how_read: str = ""
    citation: str = ""
    note: str = ""
    stated: bool = True  # false: no source.toml, all of it is a stand-in

    def retrieved(self) -> datetime:
        """Time of retrieval in UTC; a date alone is 12:00Z."""
        moment = self.retrieved_at
        if not isinstance(moment, datetime):
            return at_date(moment)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def read_source(path: Path, problems: list[Problem]) -> SourceDescription | None:
    """The description in a source.toml; problems and None when it is not one."""
    table = read_toml(path, path.name, problems)
    if table is None:
        return None
    given: dict[str, Any] = {k: v for k, v in table.items() if k != "stated"}
    known = {f.name for f in fields(SourceDescription)}
    for key in sorted(set(given) - known):
        problems.append(
            Problem(path.name, f"unknown key {key}.", "Known: " + ", ".join(sorted(known - {"stated"})) + ".")
        )
        del given[key]
    return build(SourceDescription, given, path, path.name, problems)


def not_stated(days_only: bool, now: datetime) -> SourceDescription:
    """The stand-in where no source.toml lies beside the mapping."""
    basis: TimeBasis = "day_only" if days_only else "calendar"
    return SourceDescription(
        title=NOT_STATED,
        kind="individual_external",
        population=NOT_STATED,
        setting=NOT_STATED,
        country=NOT_STATED,
        entry_rule=NOT_STATED,
        time_zero_rule=NOT_STATED,
        time_basis=basis,
        clock_start="other",
        licence=NOT_STATED,
        retrieved_at=now,
        stated=False,
    )


def source_row(
    source: SourceDescription, name: str, site: str, missing_fields: str, sha256: str
) -> Mapping[str, object]:
    """The row of `sources`."""
    own = {f.name: getattr(source, f.name) for f in fields(source)}
    left_out = ("how_read", "citation", "note", "stated", "source_id", "retrieved_at")
    return {k: v for k, v in own.items() if k not in left_out} | {
        "source_id": source.source_id or name,
        "retrieved_at": source.retrieved(),
        "file_sha256": sha256,
        "missing_fields": missing_fields,
        "site_id": site,
        "version": 1,
        "entered_at": source.retrieved(),
    }
