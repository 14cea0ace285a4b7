"""`reporting.html`: the reporting tables of one run as a self-contained page beside the verdict."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from onearm.report.marks import failed, passed, unknown
from onearm.report.paper import fill
from onearm.report.words import Language, Words
from onearm.results.reporting import ReportingRow, RowStatus
from onearm.results.study_result import StudyResult

REPORTING = "reporting.html"
_STATUS: Mapping[RowStatus, str] = {
    RowStatus.FILLED: "reporting.filled",
    RowStatus.MISSING: "reporting.missing",
    RowStatus.NOT_APPLICABLE: "reporting.not_applicable",
}
_TITLES: Mapping[str, str] = {
    "target": "reporting.target",
    "e9": "reporting.e9",
    "harper": "reporting.harper",
    "msc": "reporting.msc",
    "robins": "reporting.robins",
}


@dataclass(frozen=True, slots=True)
class ReportingLine:
    """One line of a table; items that are not applicable for one reason share a line."""

    items: tuple[tuple[str, str], ...]  # id, what is asked
    value: str
    provenance: tuple[str, ...]
    status: str
    mark: str  # SVG


@dataclass(frozen=True, slots=True)
class ReportingTable:
    """One checklist with how many of its items are filled."""

    title: str
    counts: str
    lines: tuple[ReportingLine, ...]


def render_reporting(result: StudyResult, language: Language = "en") -> str:
    """The whole page; the same result gives the same text."""
    words = Words(language)
    stamp = words("page.virtual_word") if result.virtual else ""
    tables = reporting_tables(result.reporting, words)
    return fill("reporting.html.j2", r=result, w=words, stamp=stamp, tables=tables)


def reporting_tables(rows: Sequence[ReportingRow], words: Words) -> tuple[ReportingTable, ...]:
    """The rows by checklist, in order."""
    tables = []
    for checklist, group in groupby(rows, key=lambda r: r.checklist):
        found = tuple(group)
        title = words(_TITLES[checklist]) if checklist in _TITLES else checklist
        tables.append(ReportingTable(title, filled_text(found, words), tuple(_lines(found, words))))
    return tuple(tables)


def filled_text(rows: Sequence[ReportingRow], words: Words) -> str:
    """ "14 filled, 5 missing, 2 not applicable"."""
    counts = Counter(r.status for r in rows)
    return ", ".join(words(key, count=counts[status]) for status, key in _COUNTS.items() if counts[status])


_COUNTS: Mapping[RowStatus, str] = {
    RowStatus.FILLED: "reporting.count_filled",
    RowStatus.MISSING: "reporting.count_missing",
    RowStatus.NOT_APPLICABLE: "reporting.count_not_applicable",
}


def _lines(rows: Sequence[ReportingRow], words: Words) -> Iterator[ReportingLine]:
    """Neighbours that are not applicable for the same reason become one line."""

    def same(row: ReportingRow) -> tuple[str, ...]:
        return (row.value, *row.provenance) if row.status is RowStatus.NOT_APPLICABLE else (row.id,)

    marks = {RowStatus.FILLED: passed, RowStatus.MISSING: failed, RowStatus.NOT_APPLICABLE: unknown}
    for _, group in groupby(rows, key=same):
        found = tuple(group)
        first = found[0]
        status = words(_STATUS[first.status])
        yield ReportingLine(
            items=tuple((r.id, words.of(r, "text")) for r in found),
            value=words.of(first, "value"),
            provenance=first.provenance,
            status="" if first.status is RowStatus.FILLED else status,
            mark=marks[first.status](f"row-{first.id}", status),
        )
