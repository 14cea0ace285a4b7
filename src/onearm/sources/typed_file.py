"""TOML tables and CSV rows into frozen types: every problem with its line, nothing guessed."""

import csv
import io
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeVar

from onearm.results.problems import Problem
from onearm.sources.value_faults import Keys, faults, near, where

T = TypeVar("T")
_HEADING = re.compile(r"^\s*\[{1,2}\s*([\w.\"' -]+?)\s*\]{1,2}\s*(#.*)?$")


def read_text(path: Path, name: str, problems: list[Problem]) -> str | None:
    """Text of a UTF-8 file (a byte-order mark is dropped); a problem and None when it cannot be read."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        problems.append(Problem(name, "the file is not there.", "`onearm new STUDY` writes one to start from."))
        return None
    except OSError as error:
        problems.append(Problem(name, f"cannot be read: {error.strerror}.", "It must be a file you may read."))
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, byte = data[: error.start].count(b"\n") + 1, data[error.start]
        problems.append(Problem(name, f"byte {byte:#04x} is not UTF-8.", "Save the file as UTF-8.", line))
    return None


def read_toml(path: Path, name: str, problems: list[Problem]) -> dict[str, Any] | None:
    """A TOML file as plain tables; a problem with its line when it is not TOML."""
    text = read_text(path, name, problems)
    if text is None:
        return None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"line (\d+)", str(error))
        line = int(at.group(1)) if at else text.count("\n") + 1
        remedy = "Correct the line, or the one before it; texts stand in quotes, nothing stands twice."
        told = re.sub(r" \(at .*\)$", "", str(error))
        problems.append(Problem(name, f"not valid TOML: {told}.", remedy, line))
        return None


def line_of(path: Path, keys: Keys) -> int | None:
    """Line (1-based) where a key of a TOML file stands; of the last of `keys` that is there, None without any.

    A number is the place in a list: of a [[table]] by its headings, of a list of inline tables by their lines.
    """
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    headings = {k: h.group(1).replace('"', "") for k, text in enumerate(lines) if (h := _HEADING.match(text))}
    found, scope, name = None, range(next(iter(headings), len(lines))), ""
    for key, after in zip(keys, (*keys[1:], None), strict=False):
        if isinstance(key, int):
            items = [k for k in scope if lines[k].lstrip().startswith("{")]
            if found not in headings and key < len(items):
                found, scope = items[key], range(items[key], items[key] + 1)
            continue
        name = f"{name}.{key}" if name else key
        titled = [k for k, title in headings.items() if title == name]
        begun = [k for k in scope if re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", lines[k])]
        inline = found is not None and re.search(rf"\b{re.escape(key)}\s*=", lines[found])
        if titled:
            found = titled[after if isinstance(after, int) and after < len(titled) else 0]
            scope = range(found + 1, next((k for k in headings if k > found), len(lines)))
        elif begun:
            found, scope = begun[0], range(begun[0], scope.stop)
        elif not inline and not any(title.startswith(f"{name}.") for title in headings.values()):
            break
    return None if found is None else found + 1


def build(
    kind: type[T], table: Mapping[str, Any], path: Path, name: str, problems: list[Problem], at: Keys = ()
) -> T | None:
    """A frozen `kind` from a TOML table; one problem per wrong, missing or unknown key. `at` leads to the table."""
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(kind).validate_python(dict(table))
    except ValidationError as error:
        head = f"{where(at)}: " if at else ""
        problems.extend(
            Problem(name, head + f.sentence, f.remedy, line_of(path, (*at, *f.keys))) for f in faults(kind, error)
        )
        return None


def read_rows(
    path: Path, name: str, kind: type[T], key: str, problems: list[Problem]
) -> Iterator[tuple[int, T, Mapping[str, str]]]:
    """Rows of a CSV file as (line, frozen `kind`, raw cells). An empty cell is None (text: ""), never zero."""
    from pydantic import TypeAdapter, ValidationError

    text = read_text(path, name, problems)
    if text is None:
        return
    rows = _numbered(text, name, problems)
    _, header = next(rows, (1, []))
    found = list(_header_problems(header, kind, name))
    problems.extend(found)
    if found:
        return
    adapter, seen = TypeAdapter(kind), dict[str, int]()
    wanted = [f for f in fields(kind) if f.name in header]  # type: ignore[arg-type]  # a frozen dataclass
    for line, raw in rows:
        if len(raw) < len(header) or any(raw[len(header) :]):
            told = f"{len(raw)} cells, the header has {len(header)}."
            problems.append(Problem(name, told, "Quote texts with commas; leave empty what was not reported.", line))
            continue
        cells = dict(zip(header, raw, strict=False))
        who = cells[key]
        if not who or who in seen:
            told = f"{key} {who} stands on line {seen[who]} too." if who else f"{key} is empty."
            problems.append(Problem(name, told, "Every row needs a name of its own.", line))
            continue
        seen[who] = line
        try:
            values = {f.name: cells[f.name] or (cells[f.name] if f.type in (str, "str") else None) for f in wanted}
            yield line, adapter.validate_python(values), cells
        except ValidationError as error:
            problems.extend(Problem(name, f"{who}: {f.sentence}", f.remedy, line) for f in faults(kind, error))


def _numbered(text: str, name: str, problems: list[Problem]) -> Iterator[tuple[int, list[str]]]:
    """(line it starts on, trimmed cells) of every row that is not blank; a problem where the text is no CSV."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)
    start = 1
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield start, cells
            start = reader.line_num + 1
    except csv.Error as error:
        remedy = "Close every quote; between it and the next comma stands nothing."
        problems.append(Problem(name, f"is no CSV: {error}.", remedy, start))


def _header_problems(header: Sequence[str], kind: type, name: str) -> Iterator[Problem]:
    """Columns that are missing, misspelt or named twice."""
    known = [f.name for f in fields(kind)]
    if not header:
        yield Problem(name, "the file is empty.", f"Begin it with a line of column names: {','.join(known)}", 1)
        return
    separator = next((s for s in (";", "\t", "|") if s in header[0]), None)
    if len(header) == 1 and separator:
        shown = "a tab" if separator == "\t" else separator
        yield Problem(name, f"the cells are separated by {shown}.", "Save it with commas.", 1)
        return
    for column in sorted({c for c in header if c and header.count(c) > 1}):
        yield Problem(name, f"column {column} stands in the header twice.", "Keep one.", 1)
    others = [c for c in header if c and c not in known]
    for f in (f for f in fields(kind) if f.name not in header):
        if f.default is MISSING:
            close = near(f.name, others, 0.75)
            yield Problem(
                name, f"column {f.name} is missing.", f"Is {close} meant? Rename it." if close else "Add it.", 1
            )
        elif close := near(f.name, others, 0.85):
            yield Problem(name, f"column {close} is not known.", f"Did you mean {f.name}?", 1)
