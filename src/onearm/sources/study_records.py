"""`records/` of a study folder: tables, rules of rows and rules across tables, every problem with file and line."""

import csv
from collections.abc import Iterable
from pathlib import Path

from onearm.protocol.eligibility import in_toml
from onearm.records import TABLES, Records, check_records, read_records
from onearm.records.collection import Provenance
from onearm.results.finding import Finding, Severity
from onearm.results.problems import Problem, StudyProblems

RECORDS = "records"


def read_study_records(
    folder: Path, *, virtual: bool | None, place: str, problems: list[Problem], to_confirm: list[Problem]
) -> Records | None:
    """Records of `folder`/records; None after adding what is wrong. `place` is put before the file names.

    `virtual` is what study.toml says, None where it could not be read. `to_confirm` gets what is possible but rare.
    """
    where = folder / RECORDS
    try:
        records = read_records(where, Provenance.VIRTUAL if virtual else Provenance.FILE)
    except StudyProblems as found:
        problems.extend(Problem(place + p.file, p.sentence, p.remedy, p.line) for p in found.problems)
        return None
    if not records.tables:
        problems.append(Problem(place, "holds no row of any table.", "`onearm import` writes the tables."))
        return None
    records = _of_one_kind(records, virtual, where, place, problems)
    findings = check_records(records)
    blocking = [f for f in findings if f.severity is Severity.BLOCK]
    problems.extend(findings_in_files(blocking, where, place))
    to_confirm.extend(findings_in_files((f for f in findings if f.severity is Severity.CONFIRM), where, place))
    return None if blocking else records


def _of_one_kind(records: Records, virtual: bool | None, where: Path, place: str, problems: list[Problem]) -> Records:
    """The records as virtual or as real as all their sources: told once where study.toml differs, not per patient."""
    is_virtual = records["sources"]["kind"] == "virtual"
    if is_virtual.n_unique() != 1 or is_virtual[0] == (records.provenance is Provenance.VIRTUAL):
        return records
    if virtual is not None:
        told = (
            f"every source is {'virtual' if is_virtual[0] else 'real'}, study.toml says virtual = {in_toml(virtual)}."
        )
        remedy = "Correct study.toml, or keep virtual and real patients in different folders."
        problems.append(Problem(_file_of("sources", where, place), told, remedy))
    return Records(Provenance.VIRTUAL if is_virtual[0] else Provenance.FILE, records.tables)


def findings_in_files(findings: Iterable[Finding], where: Path, place: str) -> list[Problem]:
    """Findings as problems of the file and line their row stands on."""
    lines: dict[str, dict[str, int]] = {}
    told = []
    for f in findings:
        path = where / f"{f.table}.csv"
        if f.table not in lines:
            lines[f.table] = _lines_by_key(path, f.table) if path.exists() else {}
        told.append(Problem(_file_of(f.table, where, place), f.sentence, f.remedy, lines[f.table].get(f.key)))
    return told


def _file_of(table: str, where: Path, place: str) -> str:
    return f"{place}{table}.{'csv' if (where / f'{table}.csv').exists() else 'parquet'}"


def _lines_by_key(path: Path, table: str) -> dict[str, int]:
    """Line (1-based, the header counted) on which the row of each key begins."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        header = next(reader)
        places = [header.index(k) for k in TABLES[table].primary_key()]
        found, begins = {}, reader.line_num + 1
        for row in reader:
            if row:
                found["/".join(row[p] for p in places)] = begins
            begins = reader.line_num + 1
        return found
