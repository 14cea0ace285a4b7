"""What an import did: counts that add up, every refusal, and how complete the source is."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass

from onearm.results.problems import Problem, StudyProblems

_SHOWN = 20  # refusals printed; all of them stand in refused.csv and in the report


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason why a row of a file was not stored."""

    file: str
    line: int
    subject: str  # empty where it could not be read
    column: str  # of the file
    value: str
    rule: str
    remedy: str

    def sentence(self) -> str:
        """Who, the value, the rule."""
        who = f"{self.subject}: " if self.subject else ""
        if not self.column:
            return f"{who}the row {self.rule}."
        if self.rule.startswith(("belongs to", "no row of")):
            return f"{who}{self.rule}."
        return f'{who}{self.column} "{self.value}" {self.rule}.' if self.value else f"{who}{self.column}: {self.rule}."


@dataclass(frozen=True, slots=True)
class Share:
    """How many subjects of the source have something an analysis needs."""

    what: str
    n: int
    of: int


@dataclass(frozen=True, slots=True)
class ImportReport:
    """rows_in = rows_stored + rows_refused, counted in rows of the files; the other counts stand beside."""

    source: str
    rows_in: int
    rows_stored: int
    rows_refused: int
    left_out_by_where: int  # rows that no table took; not in rows_in
    blank_lines: int
    folded: int  # rows of tables equal to another row
    distinct: int  # the same, where the mapping says `distinct`
    filled: int  # cells that took the value above
    tables: Mapping[str, int]  # rows made by this import
    new: Mapping[str, int]  # of these, not yet in the folder
    unmapped: tuple[tuple[str, str, int], ...]  # column, value, times: `unmapped = "list"`
    missing_fields: tuple[str, ...]  # yes/no/unknown columns that the source does not have
    completeness: tuple[Share, ...]
    refusals: tuple[Refusal, ...]
    files: tuple[tuple[str, str], ...]  # name, sha256
    mapping: tuple[str, str]
    notes: tuple[str, ...]
    written: bool
    partial: bool  # refused rows were left behind on request

    @property
    def complete(self) -> bool:
        return not self.refusals

    def problems(self) -> StudyProblems:
        """The refusals in the form of the errors page."""
        if self.partial and self.written:
            done = f"the other {self.rows_stored:,} rows were stored"
        else:
            done = "nothing was imported"
        return StudyProblems((Problem(r.file, r.sentence(), r.remedy, r.line) for r in self.refusals[:_SHOWN]), done)

    def refused_csv(self) -> str:
        """`refused.csv`: file, line, column, value, rule, remedy. A cell that a spreadsheet would run is quoted."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("file", "line", "column", "value", "rule", "remedy"))
        for r in self.refusals:
            writer.writerow((r.file, r.line, *(_inert(t) for t in (r.column, r.value, r.rule, r.remedy))))
        return out.getvalue()

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def _inert(text: str) -> str:
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _lines(report: ImportReport) -> list[str]:
    lines = [f"note: {note}" for note in report.notes]
    if report.refusals:
        lines.append(str(report.problems()))
        if len(report.refusals) > _SHOWN:
            lines.append(f"  and {len(report.refusals) - _SHOWN:,} more; all of them stand in the report.")
    told = f"{report.rows_in:,} rows in = {report.rows_stored:,} stored + {report.rows_refused:,} refused"
    if not report.written:
        told = f"{report.rows_in:,} rows in, {report.rows_refused:,} refused; nothing was stored"
    lines.append(f"{report.source}: {told}.")
    beside = {
        "left out by where": report.left_out_by_where,
        "blank lines": report.blank_lines,
        "folded as equal": report.folded,
        "folded by distinct": report.distinct,
        "cells filled from above": report.filled,
    }
    told = ", ".join(f"{count:,} {what}" for what, count in beside.items() if count)
    if told:
        lines.append(f"  beside: {told}")
    if report.written:
        lines += [f"  {table}: {count:,} rows, {report.new[table]:,} new" for table, count in report.tables.items()]
    lines += [f"  unmapped {column} {value!r}: {times:,}" for column, value, times in report.unmapped]
    if report.missing_fields:
        lines.append("  not in the source (unknown): " + ", ".join(report.missing_fields))
    lines += [f"  {share.what}: {share.n:,} of {share.of:,} subjects" for share in report.completeness]
    return lines
