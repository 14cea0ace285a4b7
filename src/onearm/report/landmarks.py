"""Deaths of similar cases from every landmark day, as a table: who was still there, and how they ended."""

import re
from dataclasses import dataclass

from onearm.report.printed import interval_text, value_text
from onearm.report.words import Words
from onearm.results.estimate import Estimate
from onearm.results.study_result import StudyResult

_LANDMARK = re.compile(r"^similar\.death\.(?:([a-z0-9_]+)\.)?landmark(\d+)\.day(\d+)$")


@dataclass(frozen=True, slots=True)
class LandmarkRow:
    """One landmark day: how many were still in the state, and their risk by each horizon."""

    day: str
    n: str
    risks: tuple[str, ...]  # value and interval, one per horizon


@dataclass(frozen=True, slots=True)
class LandmarkTable:
    """All landmark days of one source of similar cases."""

    name: str  # "" for the headline source
    horizons: tuple[str, ...]  # days
    rows: tuple[LandmarkRow, ...]


def landmark_ids(result: StudyResult) -> frozenset[str]:
    """Ids of estimates that the tables show."""
    return frozenset(e.id for e in result.estimates if _LANDMARK.match(e.id))


def landmark_tables(result: StudyResult, words: Words) -> tuple[LandmarkTable, ...]:
    """One table per source, days ascending; none without landmarks."""
    found: dict[str, dict[int, dict[int, Estimate]]] = {}
    for e in result.estimates:
        told = _LANDMARK.match(e.id)
        if told:
            found.setdefault(told[1] or "", {}).setdefault(int(told[2]), {})[int(told[3])] = e
    return tuple(_table(name, days, words) for name, days in found.items())


def _table(name: str, days: dict[int, dict[int, Estimate]], words: Words) -> LandmarkTable:
    horizons = sorted({h for by_horizon in days.values() for h in by_horizon})
    rows = []
    for day in sorted(days):
        by_horizon = days[day]
        n = next((e.n for e in by_horizon.values() if e.n is not None), None)
        risks = tuple(_risk(by_horizon.get(h), words) for h in horizons)
        rows.append(LandmarkRow(words.whole(day), "–" if n is None else words.whole(n), risks))
    return LandmarkTable(name, tuple(words.whole(h) for h in horizons), tuple(rows))


def _risk(estimate: Estimate | None, words: Words) -> str:
    if estimate is None or estimate.value is None:
        return "–"
    span = interval_text(estimate, words)
    return value_text(estimate, words) + (f" ({span})" if span else "")
