"""Rows of the reporting tables and the design of a study, filled from a run: ids, words and values are our own."""

from dataclasses import dataclass
from enum import StrEnum


class RowStatus(StrEnum):
    """Whether a reporting item could be filled from what was read."""

    FILLED = "filled"
    MISSING = "missing"  # it should be there and is not; the value says what is not known or what to write
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True)
class ReportingRow:
    """One item of one checklist with where its value comes from."""

    id: str  # target.6a, e9.intercurrent.death, harper.time0, msc.passage, robins.b2, ...
    checklist: str  # target, e9, harper, msc or robins
    text: str  # what is asked, in our words
    text_es: str
    value: str
    value_es: str
    #: ids of estimates, gates (G1) and flags (F1); `study.toml [table]`, `reported.toml [table]`, `locks.jsonl`;
    #: `records/table`; `results.json field`
    provenance: tuple[str, ...]
    status: RowStatus


@dataclass(frozen=True, slots=True)
class DesignWindow:
    """One window of the design, in days from the index day (0). None: as far as the records go."""

    kind: str  # entry, lookback, index, follow_up
    label: str
    label_es: str
    first: int | None
    last: int | None


@dataclass(frozen=True, slots=True)
class StudyDesign:
    """Time zero, look-back windows, index day and follow-up, as the protocol sets and the data show them."""

    clock: str  # event of day zero of the clock
    index: str
    horizon: int  # days from the index day
    start_first: int | None  # index day, counted from day zero of the clock: earliest, median, latest of the treated
    start_median: float | None
    start_last: int | None
    followed_median: float | None  # days from the index day
    windows: tuple[DesignWindow, ...]
