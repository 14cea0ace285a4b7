"""Versions of a row as the ledger keeps them: their values as text, and what changed from one to the next."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from onearm.ledger.entry import GONE

_OWN = ("version", "entered_at")  # told beside the values: they change with every version


@dataclass(frozen=True, slots=True)
class Change:
    """One field before and after; both are None where values are not for the reader's eyes."""

    column: str
    old: str | None
    new: str | None


def values_of(values_json: str | None) -> dict[str, str | None]:
    """Columns and their values as text, in order; empty for a row that was withdrawn or erased."""
    if values_json is None or values_json == GONE:
        return {}
    return {k: _text(v) for k, v in json.loads(values_json).items() if k not in _OWN}


def changes(before: Mapping[str, str | None], after: Mapping[str, str | None]) -> tuple[Change, ...]:
    """Every field that differs; of a first version each that holds something."""
    columns = dict.fromkeys((*before, *after))
    found = (Change(c, before.get(c), after.get(c)) for c in columns)
    return tuple(change for change in found if change.old != change.new)


def site_of(values_json: str | None) -> str | None:
    """The site a row belongs to; None where the values do not say."""
    return values_of(values_json).get("site_id")


def _text(value: object) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case _:
            return json.dumps(value, ensure_ascii=False)
