"""`records/` of a study folder: tables, rules of rows and rules across tables, every problem with file and line."""

import csv
from collections.abc import Iterable
from pathlib import Path

from onearm.records import TABLES, Records, check_records, read_records
from onearm.records.collection import Provenance
from onearm.results.finding import Finding, Severity
from onearm.results.problems import Problem, StudyProblems

RECORDS = "records"


def read_study_records(
    folder: Path, *, virtual: bool, place: str, problems: list[Problem], to_confirm: list[Problem]
) -> Records | None:
    """Records of `folder`/records; None after adding what is wrong. `place` is put before the file names.

    `to_confirm` gets what is possible but rare, and what is only worth knowing.
    """
    where = folder / RECORDS
    provenance = Provenance.VIRTUAL if virtual else Provenance.FILE
    try:
        records = read_records(where, provenance)
    except StudyProblems as found:
        problems.extend(Problem(place + p.file, p.sentence, p.remedy, p.line) for p in found.problems)
        return None
    findings = check_records(records)
    blocking = [f for f in findings if f.severity is Severity.BLOCK]
    problems.extend(findings_in_files(blocking, where, place))
    to_confirm.extend(findings_in_files((f for f in findings if f.severity is Severity.CONFIRM), where, place))
    return None if blocking else records


def findings_in_files(findings: Iterable[Finding], where: Path, place: str) -> list[Problem]:
    """Findings as problems of the file and line their row stands on."""
    lines: dict[str, dict[str, int]] = {}
    told = []
    for f in findings:
        path = where / f"{f.table}.csv"
        if f.table not in lines:
            lines[f.table] = _lines_by_key(path, f.table) if path.exists() else {}
        name = place + (path.name if path.exists() else f"{f.table}.parquet")
        told.append(Problem(name, f.sentence, f.remedy, lines[f.table].get(f.key)))
    return told


def _lines_by_key(path: Path, table: str) -> dict[str, int]:
    """Line (1-based, the header counted) on which each key ends."""
    key = TABLES[table].primary_key()
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        return {"/".join(row[k] for k in key): reader.line_num for row in reader}
