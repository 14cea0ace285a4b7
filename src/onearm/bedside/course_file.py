"""A site's daily course by file: what would be stored and what not is seen first, then it is written as a whole.

The same reading makes preview and writing; a row that stands already is never written again.
"""

import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from onearm.bedside.judging import signed_in
from onearm.bedside.naming import used_numbers
from onearm.bedside.person import Person
from onearm.bedside.situation import Promise
from onearm.ledger.entry import Action
from onearm.ledger.reading import View
from onearm.ledger.writing import Writing
from onearm.product.checks import check_product
from onearm.records import Records, check_records
from onearm.records.tables import TABLES
from onearm.results.finding import Finding, Severity
from onearm.results.problems import Problem, StudyProblems
from onearm.sources.import_files import import_rows
from onearm.sources.import_report import Refusal
from onearm.sources.mapping import ImportMapping
from onearm.sources.mapping_file import read_mapping

COURSE = ("measurements", "visits", "episodes", "outcomes")  # what a file of a daily course may fill
_NAME = re.compile(r"[^\w .()-]")
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class CourseFile:
    """One file as it was handed in, and the mapping it is read by."""

    path: Path
    name: str
    sha256: str
    mapping: Path


@dataclass(frozen=True, slots=True)
class Staged:
    """What a file would do. rows_in = new + already stored + refused, in rows of the file."""

    file: CourseFile
    mapping_sha256: str
    rows_in: int
    rows_new: int
    rows_already: int
    left_out: int  # rows that the mapping leaves out, and blank lines
    refusals: tuple[Refusal, ...]
    asks: tuple[Finding, ...]  # to be confirmed
    fresh: Mapping[str, pl.DataFrame]

    @property
    def rows_refused(self) -> int:
        """Rows of the file that would not be stored."""
        return self.rows_in - self.rows_new - self.rows_already


def file_name(given: str | None) -> str:
    """The name of an upload without a path and odd characters."""
    last = (given or "").replace("\\", "/").rsplit("/", 1)[-1]
    return _NAME.sub("", last).strip(" .")[:_LONGEST_NAME] or "upload.csv"


def mappings_of(folder: Path, site: str) -> tuple[tuple[Path, ...], tuple[Problem, ...]]:
    """Mapping files of a site for a daily course, and what is wrong with those that cannot be read."""
    fit, problems = [], list[Problem]()
    for path in sorted((folder / "mappings").glob("*.toml")):
        if path.name == "source.toml":
            continue
        try:
            mapped = read_mapping(path)
        except StudyProblems as unread:
            problems += unread.problems
            continue
        if not misfits(mapped, site):
            fit.append(path)
    return tuple(fit), tuple(problems)


def misfits(mapped: ImportMapping, site: str) -> list[Problem]:
    """Why a mapping is not one for the daily course of this site."""
    problems = []
    for table in mapped.tables:
        if table.site != site:
            told = f"[[table]] {table.number} is of site {table.site}, not of {site}."
            problems.append(Problem(mapped.file, told, "Choose the mapping of the own site."))
        if table.to not in COURSE:
            told = f"[[table]] {table.number} fills {table.to}; a daily course fills {', '.join(COURSE)}."
            problems.append(Problem(mapped.file, told, "Enter the others in the app."))
    return problems


def stage(promise: Promise, view: View, file: CourseFile, site: str) -> Staged:
    """Read a file against what stands. Raises StudyProblems when it cannot be read as a whole."""
    mapped = read_mapping(file.mapping)
    if problems := misfits(mapped, site):
        raise StudyProblems(problems, "nothing was imported")
    own = [row["subject_id"] for row in view.rows("subjects", site_id=site)]
    around, signed = view.near(subjects=own), signed_in(view)

    def found(records: Records) -> list[Finding]:
        ours = Records(view.provenance, records.tables)
        return [*check_records(ours), *check_product(ours, promise.rulebook, signed)]

    stood = {_mark(f) for f in found(around)}

    def rules(records: Records) -> Iterable[Finding]:
        return (f for f in found(records) if _mark(f) not in stood)

    with tempfile.TemporaryDirectory() as place:
        named = Path(place) / file.name
        shutil.copyfile(file.path, named)
        done = import_rows([named], mapped, around.tables, rules, accept_partial=True)
    report = done.report
    return Staged(
        file,
        mapped.sha256,
        report.rows_in,
        done.lines_stored,
        report.rows_in - report.rows_refused - done.lines_stored,
        report.left_out_by_where + report.blank_lines,
        report.refusals,
        tuple(f for f in rules(done.records) if f.severity is Severity.CONFIRM),
        {table: done.fresh[table] for table in COURSE if table in done.fresh and done.fresh[table].height},
    )


def _mark(finding: Finding) -> tuple[str, str, str, str]:
    return finding.rule, finding.table, finding.key, finding.sentence


def store(act: Writing, staged: Staged, person: Person) -> str:
    """Write the rows and the row of `imports`, in one act; gives its name."""
    stem = f"IMP-{staged.file.sha256[:12].upper()}-"
    name = f"{stem}{1 + max(used_numbers(act.view, 'imports', stem), default=0)}"
    for table, frame in staged.fresh.items():
        rows = list(_rows(act.view, table, frame, name))
        act.add_all(table, rows, action=Action.IMPORT, reason=f"import {name}")
    told = {
        "site_id": person.site_id,
        "import_id": name,
        "file_name": staged.file.name,
        "file_sha256": staged.file.sha256,
        "mapping_sha256": staged.mapping_sha256,
        "rows_in": staged.rows_in,
        "rows_stored": staged.rows_new,
        "rows_refused": staged.rows_refused,
        "imported_by": person.account_id,
    }
    act.add("imports", told, action=Action.IMPORT)
    return name


def _rows(view: View, table: str, frame: pl.DataFrame, import_id: str) -> Iterator[dict[str, Any]]:
    """Rows as they are written; names that the import made go on after every name the table ever had."""
    key = TABLES[table].primary_key()
    names = _names(view, table, frame.to_dicts()) if len(key) == 1 else {}
    for number, row in enumerate(frame.iter_rows(named=True)):
        told = {c: v for c, v in row.items() if c not in ("version", "entered_at")}
        told |= {key[0]: names[number]} if number in names else {}
        yield told | ({"import_id": import_id} if "import_id" in told else {})


def _names(view: View, table: str, rows: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """`<subject>-<letter><n>` by place of the row."""
    letter, names, last = table[0].upper(), dict[int, str](), dict[str, int]()
    (key,) = TABLES[table].primary_key()
    for place, row in enumerate(rows):
        stem = f"{row['subject_id']}-{letter}"
        if not re.fullmatch(rf"{re.escape(stem)}\d+", row[key]):
            continue  # named by the file
        if stem not in last:
            last[stem] = max(used_numbers(view, table, stem), default=0)
        last[stem] += 1
        names[place] = f"{stem}{last[stem]}"
    return names
