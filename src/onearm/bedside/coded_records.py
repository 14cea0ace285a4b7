"""Records without dates and sites: 13 patients are known by the two, so an export carries neither unless it must.

All dates of a patient are moved by one secret number of days, so that days between them stay as they are. Sites,
patients and persons get codes; free text is withheld.
"""

import hmac
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import dataframely as dy
import polars as pl

from onearm.bedside.judging import PERSONS
from onearm.records import Records
from onearm.records.columns import canonical_json
from onearm.records.tables import TABLES
from onearm.vocabulary.clock import Precision, text_of

_FARTHEST = 364  # days a patient is moved, either way
_WITHHELD = "withheld"
_FREE_TEXT = frozenset(
    {
        "remark", "reason", "risk_assessment", "stop_reason", "end_reason", "narrative", "destination", "region",
        "from_place", "to_place", "scanned",
    }
)  # fmt: skip
_EMPTIED = frozenset({"calendar_month", "donation_code", "first_date", "last_date"})
_PRODUCT = ""  # what belongs to no patient is moved together

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Codes:
    """The secret, and what it makes of names and days."""

    secret: bytes
    subjects: Mapping[str, str]
    sites: Mapping[str, str]
    persons: Mapping[str, str]

    def shift(self, subject: str) -> timedelta:
        """Whole days, never none."""
        days = _number(self.secret, f"days {subject}") % (2 * _FARTHEST) - _FARTHEST
        return timedelta(days=days if days < 0 else days + 1)

    def named(self, text: str) -> str:
        """A name that may begin with a patient's (`S01-004-W1`), in codes."""
        for end in (len(text), *(i for i, mark in enumerate(text) if mark == "-")):
            if text[:end] in self.subjects:
                return self.subjects[text[:end]] + text[end:]
        return text


def coded(records: Records, secret: bytes) -> dict[str, pl.DataFrame]:
    """Every table in codes, its rows in the types of their schema. The same records and secret give the same tables."""
    codes = Codes(
        secret,
        _codes(secret, "E", records["subjects"]["subject_id"]),
        _codes(secret, "SITE", _all(records, ("site_id",))),
        _codes(secret, "P", _all(records, PERSONS)),
    )
    owner = _owners(records)
    return {name: _table(name, frame, codes, owner) for name, frame in records.tables.items()}


def _number(secret: bytes, text: str) -> int:
    return int.from_bytes(hmac.digest(secret, text.encode(), "sha256")[:8], "big")


def _codes(secret: bytes, letter: str, names: Iterable[str]) -> dict[str, str]:
    """Numbered in an order that only the secret knows."""
    drawn = sorted(set(names), key=lambda name: (_number(secret, f"{letter} {name}"), name))
    return {name: f"{letter}-{number:04d}" for number, name in enumerate(drawn, 1)}


def _all(records: Records, columns: Iterable[str]) -> set[str]:
    return {
        str(name)
        for frame in records.tables.values()
        for column in columns
        if column in frame.columns
        for name in frame[column].drop_nulls()
    }


def _owners(records: Records) -> Callable[[Row], str]:
    """The patient whose days a row follows: its own, that of its infusion, the last its bag was meant for."""
    infusions = dict(records["infusions"].select("infusion_id", "subject_id").iter_rows())
    meant = records["custody"].filter(pl.col("subject_id").is_not_null()).sort("occurred_at", "entered_at")
    bags = dict(meant.select("container_id", "subject_id").iter_rows())

    def owner(row: Row) -> str:
        if row.get("container_id") in bags:
            return str(bags[row["container_id"]])
        return str(row.get("subject_id") or infusions.get(str(row.get("infusion_id"))) or _PRODUCT)

    return owner


def _table(name: str, frame: pl.DataFrame, codes: Codes, owner: Callable[[Row], str]) -> pl.DataFrame:
    columns = TABLES[name].columns()
    rows = []
    for row in frame.iter_rows(named=True):
        shift = codes.shift(owner(row))
        rows.append({c: _cell(c, columns[c], value, row, shift, codes) for c, value in row.items()})
    return pl.DataFrame(rows, schema=frame.schema, orient="row")


def _cell(name: str, column: dy.Column, value: Any, row: Row, shift: timedelta, codes: Codes) -> Any:
    if value is None or name in _EMPTIED:
        return None
    if isinstance(column, dy.Datetime):
        return _moved(value, row.get(f"{name}_precision"), shift)
    if isinstance(column, dy.Date):
        return value + shift
    if not isinstance(column, dy.String):
        return value
    if name in _FREE_TEXT:
        return _WITHHELD
    if name == "interruptions":
        return _pauses(value, shift)
    if name == "site_id":
        return codes.sites[value]
    if name in PERSONS:
        return codes.persons[value]
    return codes.named(value) if column.regex or name == "study_uid" else value


def _moved(moment: datetime, precision: str | None, shift: timedelta) -> datetime:
    """A time known to the month stays in the middle of one."""
    moved = moment + shift
    return moved.replace(day=15) if precision == Precision.MONTH.value else moved


def _pauses(text: str, shift: timedelta) -> str:
    pauses = json.loads(text)
    for pause in pauses:
        for end in ("from", "to"):
            pause[end] = text_of(datetime.fromisoformat(pause[end]) + shift)
        pause["reason"] = _WITHHELD
    return canonical_json(pauses)
