"""TOML tables and CSV rows into frozen types: every problem with its line, nothing guessed."""

import csv
import difflib
import io
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from onearm.results.problems import Problem

T = TypeVar("T")


def read_text(path: Path, name: str, problems: list[Problem]) -> str | None:
    """Text of a UTF-8 file (a byte-order mark is dropped); a problem and None when it cannot be read."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        problems.append(Problem(name, "the file is not there.", "`onearm new STUDY` writes one to start from."))
    except UnicodeDecodeError as error:
        problems.append(
            Problem(name, f"byte {error.start} ({error.object[error.start]:#04x}) is not UTF-8.", "Save it as UTF-8.")
        )
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
        problems.append(
            Problem(name, f"not valid TOML: {error}.", "Correct the line.", int(at.group(1)) if at else None)
        )
        return None


def line_of(path: Path, keys: tuple[str | int, ...]) -> int | None:
    """Line (1-based) where a key of a TOML file stands: the last of `keys` found after its table heading."""
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    start, found = 0, None
    for key in (k for k in keys if isinstance(k, str)):
        pattern = re.compile(rf"^\s*(\[+{re.escape(key)}\b|\[+[\w.]*\.{re.escape(key)}\]|{re.escape(key)}\s*=)")
        inline = re.compile(rf"\b{re.escape(key)}\s*=")
        hit = next((i for i in range(start, len(lines)) if pattern.search(lines[i])), None)
        if hit is None and found is not None and inline.search(lines[found]):
            hit = found
        if hit is None:
            break
        start = found = hit
    return None if found is None else found + 1


def build(kind: type[T], table: Mapping[str, Any], path: Path, name: str, problems: list[Problem]) -> T | None:
    """A frozen `kind` from a TOML table; one problem per wrong, missing or unknown key."""
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(kind).validate_python(dict(table))
    except ValidationError as error:
        for one in error.errors(include_url=False):
            keys = tuple(k for k in one["loc"] if not (isinstance(k, str) and ("[" in k or k in _UNION_MEMBERS)))
            where = ".".join(str(k) for k in keys)
            value = "" if one["type"] == "missing" else f" = {one['input']!r}"
            problem = Problem(name, f"{where}{value}: {one['msg'].lower()}.", _advice(kind, one), line_of(path, keys))
            if problem not in problems:
                problems.append(problem)
        return None


_UNION_MEMBERS = {"bool", "int", "float", "str", "date", "constrained-str"}


def _advice(kind: type, error: Any) -> str:
    if error["type"] != "unexpected_keyword_argument" and error["type"] != "extra_forbidden":
        return "Give it." if error["type"] == "missing" else "Correct the value."
    known = [f.name for f in fields(kind)]
    near = difflib.get_close_matches(str(error["loc"][-1]), known, n=1)
    return (
        f"Did you mean {near[0]}?" if near else "Remove it; the keys known there stand in docs/how-to/study-folder.md."
    )


def read_rows(
    path: Path, name: str, kind: type[T], key: str, problems: list[Problem]
) -> Iterator[tuple[int, T, Mapping[str, str]]]:
    """Rows of a CSV file as (line, frozen `kind`, raw cells). An empty cell is None (text: ""), never zero."""
    from pydantic import TypeAdapter, ValidationError

    text = read_text(path, name, problems)
    if text is None:
        return
    reader = csv.DictReader(io.StringIO(text), restkey="", skipinitialspace=False)
    header = [h.strip() for h in reader.fieldnames or ()]
    reader.fieldnames = header
    wanted = list(fields(kind))  # type: ignore[arg-type]
    required = [f.name for f in wanted if f.default.__class__.__name__ == "_MISSING_TYPE"]
    absent = [c for c in required if c not in header]
    for column in absent:
        near = difflib.get_close_matches(column, header, n=1)
        problems.append(
            Problem(name, f"column {column} is missing.", f"Is {near[0]} meant? Rename it." if near else "Add it.", 1)
        )
    if absent:
        return
    adapter, seen = TypeAdapter(kind), dict[str, int]()
    texts = {f.name for f in wanted if f.type in (str, "str")}
    for raw in reader:
        line = reader.line_num
        if None in raw.values() or "" in raw:
            problems.append(Problem(name, f"the row has not {len(header)} cells.", "Quote texts with commas.", line))
            continue
        cells = {k: v.strip() for k, v in raw.items() if k is not None}
        values = {f.name: _cell(cells[f.name], f.name in texts) for f in wanted if f.name in cells}
        who = cells.get(key, "")
        if not who or who in seen:
            told = f"{key} {who!r} stands on line {seen[who]} too." if who else f"{key} is empty."
            problems.append(Problem(name, told, "Every row needs a name of its own.", line))
            continue
        seen[who] = line
        try:
            yield line, adapter.validate_python(values), cells
        except ValidationError as error:
            for one in error.errors(include_url=False):
                at = ".".join(str(k) for k in one["loc"])
                problems.append(
                    Problem(name, f"{who}: {at} = {one['input']!r}: {one['msg'].lower()}.", "Correct the cell.", line)
                )


def _cell(text: str, is_text: bool) -> str | None:
    return text if text or is_text else None
