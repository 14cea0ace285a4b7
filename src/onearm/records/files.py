"""Records as files: one CSV or Parquet per table, read with every problem at once, written in one canonical form."""

import csv
import io
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import polars as pl

from onearm.records.collection import Provenance, Records
from onearm.records.tables import TABLES
from onearm.records.validation import Place, check_frame
from onearm.results.problems import Problem, StudyProblems

Form = Literal["csv", "parquet"]
FORMS: tuple[Form, ...] = ("csv", "parquet")
REFUSED = "nothing was read"


def write_records(records: Records, folder: Path, form: Form = "csv") -> None:
    """Write every table with rows as `<table>.csv` (canonical form) or `<table>.parquet` into `folder`.

    Raises StudyProblems when the folder holds a table that would not be overwritten: it would be read back with these.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mine = {f"{table}.{form}" for table in records.tables}
    stale = [p.name for p in _table_files(folder) if p.name not in mine]
    if stale:
        told = "stands in the folder already and is not part of these records."
        raise StudyProblems(Problem(name, told, "Move it away, or write to another folder.") for name in sorted(stale))
    for table, frame in records.tables.items():
        path = folder / f"{table}.{form}"
        if form == "csv":
            path.write_bytes(records.csv(table))
        else:
            frame.write_parquet(path)


def read_records(folder: Path, provenance: Provenance | str) -> Records:
    """Read `<table>.csv` and `<table>.parquet` of a folder. Raises StudyProblems with all problems of all files."""
    problems: list[Problem] = []
    frames: dict[str, pl.DataFrame] = {}
    if not folder.is_dir():
        raise StudyProblems(
            [Problem(folder.name, "the folder is not there.", "Give a folder of record tables.")], REFUSED
        )
    for path in _table_files(folder):
        table, file = path.stem, path.name
        if table not in TABLES:
            problems.append(Problem(file, "is no record table.", f"Tables are: {', '.join(TABLES)}."))
        elif table in frames:
            problems.append(Problem(file, f"{table} stands here twice.", "Keep the CSV or the Parquet file."))
        else:
            frames[table], found = _read_csv(path) if path.suffix == ".csv" else _read_parquet(path)
            problems += found
    if problems:
        raise StudyProblems(problems, REFUSED)
    return Records(Provenance(provenance), frames)


def _table_files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.suffix.removeprefix(".") in FORMS)


def _read_parquet(path: Path) -> tuple[pl.DataFrame, tuple[Problem, ...]]:
    try:
        frame = pl.read_parquet(path)
    except pl.exceptions.PolarsError as error:
        return pl.DataFrame(), (Problem(path.name, f"is no Parquet file: {error}", "Write it again."),)
    return check_frame(path.stem, frame, file=path.name)


def _read_csv(path: Path) -> tuple[pl.DataFrame, tuple[Problem, ...]]:
    file, data = path.name, path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        told = f"byte {data[error.start]:#04x} is not UTF-8."
        return pl.DataFrame(), (Problem(file, told, "Save the file as UTF-8.", line),)
    header = next(csv.reader(io.StringIO(text)), [])
    problems = tuple(_shape_problems(file, header, text))
    if problems:
        return pl.DataFrame(), problems
    frame = pl.read_csv(data, infer_schema=False)
    frame = frame.with_columns(pl.when(pl.all() != "").then(pl.all()))  # "" and nothing are both null
    return check_frame(path.stem, frame, file=file, place=_lines(frame))


def _shape_problems(file: str, header: list[str], text: str) -> Iterator[Problem]:
    """A header that is missing or names a column twice; rows with another number of cells than the header."""
    if not header:
        yield Problem(file, "the file is empty.", "Begin it with a line of column names.", 1)
        return
    for name in sorted({n for n in header if header.count(n) > 1}):
        yield Problem(file, f"column {name} stands in the header twice.", "Keep one.", 1)
    if _rows_are_even(text, len(header)):
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    start = 1
    try:
        for row in reader:
            if len(row) != len(header):
                told = f"{len(row)} cells, the header has {len(header)}."
                yield Problem(file, told, "Give every column, empty where nothing is known; quote a comma.", start)
            start = reader.line_num + 1
    except csv.Error as error:
        yield Problem(file, f"is no CSV: {error}.", "Close the quotes.", start)


def _rows_are_even(text: str, width: int) -> bool:
    """Quick and sure for a file without quotes; false sends the caller to the slow reading."""
    if '"' in text:
        return False
    lines = pl.Series(text.removesuffix("\n").split("\n"))
    return bool((lines.str.count_matches(",", literal=True) == width - 1).all())


def _lines(frame: pl.DataFrame) -> Place:
    """Line of a row, 1-based, the header counted; a text over two lines moves those below it. Computed when asked."""
    found: list[int] = []

    def place(row: int) -> tuple[int, str]:
        if not found:
            breaks = frame.select(pl.sum_horizontal(pl.all().str.count_matches("\n", literal=True).fill_null(0)))
            found.extend(itertools.accumulate(breaks.to_series(), initial=0))
        return row + 2 + found[row], ""

    return place
