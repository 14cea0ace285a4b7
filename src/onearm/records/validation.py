"""A frame against the schema of its table: every problem with its row, in words."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from types import new_class
from typing import Any, cast

import dataframely as dy
import polars as pl

from onearm.records.cells import form_of, parsed
from onearm.records.tables import TABLES
from onearm.results.problems import Problem

ROW = "row_of_file"  # 0-based, while a frame is checked
Place = Callable[[int], tuple[int | None, str]]  # row -> (line of a file, what to say before the sentence)


def in_frame(row: int) -> tuple[int | None, str]:
    """Place of a row that comes from no file."""
    return None, f"row {row + 1}: "


def check_frame(
    table: str, frame: pl.DataFrame, *, file: str, place: Place = in_frame
) -> tuple[pl.DataFrame, tuple[Problem, ...]]:
    """`frame` with the columns and types of `table`, sorted by key, and its problems.

    Absent optional columns are filled with null, text is read in its canonical form, other types are cast. The
    frame is empty when there is a problem.
    """
    return check_rows(TABLES[table], frame, file=file, place=place)


def check_rows(
    schema: type[dy.Schema], frame: pl.DataFrame, *, file: str, place: Place = in_frame
) -> tuple[pl.DataFrame, tuple[Problem, ...]]:
    """The same for the schema of any table, record table or not."""
    problems = list(_column_problems(schema, frame, file))
    if problems:
        return schema.create_empty(), tuple(problems)
    typed, broken = _typed(schema, frame)
    if not broken and holds_every_rule(schema, typed):
        return typed.drop(ROW).sort(schema.primary_key()), ()
    problems = [_unreadable(schema, typed, name, row, text, file, place) for name, row, text in broken]
    good, failed = _with_row(schema).filter(typed)
    if len(failed):
        unread: dict[int, set[str]] = {}
        for name, row, _ in broken:
            unread.setdefault(row, set()).add(name)
        problems += _failed_rows(schema, typed, failed.details(), unread, file, place)
    if problems:
        return schema.create_empty(), tuple(problems)
    return good.drop(ROW).sort(schema.primary_key()), ()


@cache
def _columns(schema: type[dy.Schema]) -> Mapping[str, dy.Column]:
    """The columns of a schema, which asks all of its fields each time."""
    return schema.columns()


def holds_every_rule(schema: type[dy.Schema], typed: pl.DataFrame) -> bool:
    """Whether `Schema.filter` would keep every row; five times quicker for one row, which is what an act writes."""
    return all(typed.select(_truths(schema)).row(0))


@cache
def _truths(schema: type[dy.Schema]) -> tuple[pl.Expr, ...]:
    """Each rule as one truth over all rows; a rule that gives null holds. Built once: they are the larger cost."""
    rules = schema._validation_rules(with_cast=False)
    return tuple(rule.expr.fill_null(True).all().alias(name) for name, rule in rules.items())


@cache
def _with_row(schema: type[dy.Schema]) -> type[dy.Schema]:
    """The schema with one more column, so that a failed row can say where it stands."""

    def add_row(names: dict[str, Any]) -> None:
        names[ROW] = dy.UInt32(nullable=False)

    return cast(type[dy.Schema], new_class(f"Numbered{schema.__name__}", (schema,), exec_body=add_row))


def _column_problems(schema: type[dy.Schema], frame: pl.DataFrame, file: str) -> Iterable[Problem]:
    for name in frame.columns:
        if name not in _columns(schema):
            yield Problem(file, f"column {name} is unknown.", f"Columns are: {', '.join(schema.column_names())}.")
    for name, column in _columns(schema).items():
        if name not in frame.columns and not column.nullable:
            yield Problem(file, f"column {name} is missing.", f"Give: {column.description}.")


def _typed(schema: type[dy.Schema], frame: pl.DataFrame) -> tuple[pl.DataFrame, list[tuple[str, int, str]]]:
    """The frame in the types of the schema with ROW, and the cells that could not be read: column, row, text."""
    exprs = []
    for name, column in _columns(schema).items():
        if name not in frame.columns:
            exprs.append(pl.lit(None, dtype=column.dtype).alias(name))
        elif frame.schema[name] == pl.String:
            exprs.append(parsed(name, column))
        else:
            exprs.append(pl.col(name).cast(column.dtype, strict=False))
    typed = frame.select(*exprs, pl.int_range(pl.len(), dtype=pl.UInt32).alias(ROW))
    broken = []
    before, after = frame.null_count().row(0, named=True), typed.null_count().row(0, named=True)
    for name in _columns(schema):
        if name in before and after[name] > before[name]:
            rows = (typed[name].is_null() & frame[name].is_not_null()).arg_true()
            texts = frame[name].gather(rows).cast(pl.String, strict=False)
            broken += [(name, row, text) for row, text in zip(rows, texts, strict=True)]
    return typed, broken


def _unreadable(
    schema: type[dy.Schema], typed: pl.DataFrame, name: str, row: int, text: str, file: str, place: Place
) -> Problem:
    line, head = place(row)
    fault, remedy = form_of(schema.columns()[name])
    return Problem(file, f'{head}{name} "{text}"{_whose(schema, typed.row(row, named=True))} {fault}.', remedy, line)


def _failed_rows(
    schema: type[dy.Schema],
    typed: pl.DataFrame,
    details: pl.DataFrame,
    unread: Mapping[int, set[str]],
    file: str,
    place: Place,
) -> list[Problem]:
    """One problem per row and broken rule; a cell that could not be read is not told twice."""
    problems = []
    rules = [name for name in details.columns if name not in typed.columns]
    first_rows = _first_rows(schema, typed) if "primary_key" in rules else {}
    for values in details.iter_rows(named=True):
        row = values[ROW]
        line, head = place(row)
        for rule in (r for r in rules if values[r] == "invalid"):
            name, _, check = rule.partition("|")
            if (name in unread.get(row, ())) if check else (row in unread):
                continue
            if rule == "primary_key":
                problems += _double(schema, values, row, first_rows, file, place)
                continue
            sentence, remedy = (
                _broken_column(schema, name, check, values) if check else _broken_row(schema, rule, values)
            )
            problems.append(Problem(file, head + sentence, remedy, line))
    return problems


def _first_rows(schema: type[dy.Schema], typed: pl.DataFrame) -> dict[tuple[Any, ...], int]:
    key = schema.primary_key()
    doubled = typed.filter(pl.struct(key).is_duplicated()).group_by(key).agg(pl.col(ROW).min())
    return {row[:-1]: row[-1] for row in doubled.iter_rows()}


def _double(
    schema: type[dy.Schema],
    values: Mapping[str, Any],
    row: int,
    first_rows: Mapping[tuple[Any, ...], int],
    file: str,
    place: Place,
) -> list[Problem]:
    first = first_rows[tuple(values[k] for k in schema.primary_key())]
    if first == row:
        return []
    line, head = place(row)
    first_line, first_head = place(first)
    other = f"line {first_line}" if first_line else first_head.removesuffix(": ")
    key = ", ".join(f"{k} {_shown(values[k])}" for k in schema.primary_key())
    return [Problem(file, f"{head}{key} stands already in {other}.", "Keep one row per key.", line)]


def _broken_column(schema: type[dy.Schema], name: str, check: str, values: Mapping[str, Any]) -> tuple[str, str]:
    column, value = schema.columns()[name], values[name]
    whose = _whose(schema, values, but=name)
    if check == "nullability":
        return f"{name}{whose} is missing.", f"Give: {column.description}."
    limits = {"min": "at least", "max": "at most", "min_exclusive": "more than", "max_exclusive": "less than"}
    if check in limits:
        limit = getattr(column, check)
        return (
            f"{name} {_shown(value)}{whose}: {limits[check]} {_shown(limit)} is allowed.",
            f"Check: {column.description}.",
        )
    told = check.removeprefix("check__").removeprefix("check_").replace("_", " ")
    if check == "regex":
        told = f"of the form {getattr(column, 'regex', '')}"
    return f'{name} "{_shown(value)}"{whose} is not {told.removeprefix("is ")}.', _REMEDIES.get(
        told, f"Give: {column.description}."
    )


_REMEDIES = {
    "trimmed": "Take the spaces at its ends away.",
    "without personal data": "Take the phone, national id or e-mail out of the text.",
    "not empty": "Leave the cell empty or give a text.",
}


def _broken_row(schema: type[dy.Schema], rule: str, values: Mapping[str, Any]) -> tuple[str, str]:
    return f"{_key(schema, values)}: this must hold: {rule.replace('_', ' ')}.", "Correct the row."


def _whose(schema: type[dy.Schema], values: Mapping[str, Any], but: str = "") -> str:
    """Whose value it is: " of subject S01-001", else of the key."""
    subject = values.get("subject_id")
    if subject is not None and but != "subject_id":
        return f" of subject {subject}"
    return f" of {_key(schema, values)}" if but not in schema.primary_key() else ""


def _key(schema: type[dy.Schema], values: Mapping[str, Any]) -> str:
    key: Sequence[str] = schema.primary_key()
    return " ".join(f"{k.removesuffix('_id')} {_shown(values[k])}" for k in key)


def _shown(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, datetime):
        return value.isoformat(timespec="minutes").replace("+00:00", "Z")
    return "?" if value is None else str(value)
