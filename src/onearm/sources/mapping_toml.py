"""The keys of a mapping file: known names, their types, and the line where each stands."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

import polars as pl

from onearm.results.problems import Problem

_RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")
_MOST = 10_000  # numbers a range may count
_DIRECTIVES = set("YymdjbBHIMSpf%")


@dataclass
class Place:
    """A spot in a mapping file that collects problems: the table it lies in, the keys on the way."""

    file: str
    lines: Sequence[str]
    problems: list[Problem] = field(default_factory=list)
    table: int = 0  # 0: the top; n: the n-th [[table]]
    keys: tuple[str, ...] = ()

    def at(self, *keys: str) -> "Place":
        """The spot further in, under these keys."""
        return Place(self.file, self.lines, self.problems, self.table, (*self.keys, *keys))

    def wrong(self, sentence: str, remedy: str) -> None:
        """Collect a problem of this spot, once."""
        where = f"[[table]] {self.table}" if self.table else "top"
        path = ".".join(self.keys)
        name = f"{where}: {path}" if path else where
        problem = Problem(self.file, f"{name}: {sentence}", remedy, self.line())
        if problem not in self.problems:
            self.problems.append(problem)

    def line(self) -> int | None:
        """Line of the innermost key found, searched from the heading of its table on."""
        heads = [i for i, text in enumerate(self.lines) if re.match(r"\s*\[\[\s*table\s*\]\]", text)]
        start = heads[self.table - 1] if 0 < self.table <= len(heads) else 0
        end = heads[self.table] if self.table < len(heads) else len(self.lines)
        found = start if self.table else None
        for key in self.keys:
            name = rf"[\"']?{re.escape(key)}[\"']?"
            hit = re.compile(rf"(^\s*\[+[^\]]*\b{name}\s*\]|(^|[\s{{,]){name}\s*=)")
            at = next((i for i in range(start, end) if hit.search(self.lines[i])), None)
            if at is not None:
                start = found = at
        return None if found is None else found + 1


def known_keys(given: Any, known: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """The keys of a TOML table that are known and of the right type; each of the others is a problem."""
    if not isinstance(given, Mapping):
        place.wrong(f"{given!r} is not a table.", 'Write { from = "COLUMN" }, or a table.')
        return {}
    kept = {}
    for key, value in given.items():
        kinds = known.get(key)
        if kinds is None:
            near = difflib.get_close_matches(key, known, n=1)
            place.at(key).wrong(
                "unknown key.", f"Did you mean {near[0]}?" if near else "Known here: " + ", ".join(known) + "."
            )
        elif not isinstance(value, kinds) or (isinstance(value, bool) and not _takes_bool(kinds)):
            names = " or ".join(_TYPE_NAMES[k] for k in (kinds if isinstance(kinds, tuple) else (kinds,)))
            place.at(key).wrong(f"{value!r} is not {names}.", "Correct the value.")
        else:
            kept[key] = value
    return kept


def _takes_bool(kinds: Any) -> bool:
    return bool in (kinds if isinstance(kinds, tuple) else (kinds,))


_TYPE_NAMES = {
    str: "text",
    list: "a list",
    dict: "a table",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
}


def one_or_many(value: Any, place: Place) -> tuple[str, ...]:
    """A text or a list of texts; `{0..3}` counts."""
    parts = value if isinstance(value, list) else [value]
    if not parts or not all(isinstance(p, str) for p in parts):
        place.wrong(f"{value!r} is not a text or a list of texts.", "Name the column or columns.")
        return ()
    return tuple(name for part in parts for name in counted(part, place))


def counted(text: str, place: Place) -> tuple[str, ...]:
    """`type{0..2}` is type0, type1, type2."""
    found = _RANGE.search(text)
    if not found:
        return (text,)
    first, last = int(found[1]), int(found[2])
    if last < first or last - first >= _MOST:
        place.wrong(f"{found[0]} does not count upwards.", "Write the smaller number first.")
        return ()
    return tuple(text[: found.start()] + str(i) + text[found.end() :] for i in range(first, last + 1))


def cell_text(value: Any) -> str:
    """A TOML value as a cell would hold it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)


def cell_texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {key: cell_text(value) for key, value in values.items()}


def pattern(text: str | None, place: Place, *, groups: int = 1) -> str | None:
    """A regular expression with that many groups, as polars will match it to the whole cell."""
    if text is None:
        return None
    try:
        found = re.compile(text).groups
        pl.Series([""]).str.contains(whole(text))
    except (re.error, pl.exceptions.ComputeError) as error:
        place.wrong(f"{text!r} is not a regular expression: {str(error).splitlines()[0]}.", "Correct it.")
        return None
    if groups and found != groups:
        place.wrong(f"{text!r} has {found} groups.", "Put exactly one part in ( ): it is the value.")
        return None
    return text


def whole(text: str) -> str:
    """The expression over a whole cell."""
    return f"^(?:{text})$"


def formats(value: Any, place: Place) -> tuple[str, ...]:
    """Date formats in strftime letters, or `excel` for serial days."""
    found = one_or_many(value, place) if value is not None else ()
    for text in found:
        letters = re.findall(r"%(.?)", text)
        bad = sorted({c for c in letters if c not in _DIRECTIVES})
        whole_date = "Y" in letters or "y" in letters
        whole_date = whole_date and ("j" in letters or bool({"m", "b", "B"} & set(letters)))
        if text != "excel" and (bad or not whole_date):
            why = f"%{bad[0]} is not known" if bad else "it names no year and month"
            place.wrong(f"{text!r}: {why}.", "Use %Y %m %d %b %B %y %j %H %I %M %S %p, or excel for serial days.")
    return found


def fraction(value: Any, place: Place) -> Fraction | None:
    """An exact number: 1000, 0.1 (as written), "1/12"."""
    if value is None:
        return None
    try:
        return Fraction(str(value).replace(" ", ""))
    except (ValueError, ZeroDivisionError):
        place.wrong(f"{value!r} is not a number.", 'Write 1000, 0.45359237 or "1/12".')
        return None
