"""One entry of the ledger, the exact bytes it stands for, and its link to the entry before."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from onearm.records.columns import canonical_json
from onearm.vocabulary.clock import text_of

FIRST_HASH = "0" * 64
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
GONE = "null"  # values of a row that was entered in error: it stands no more, its versions stay


class Action(StrEnum):
    """What an entry records."""

    OPEN = "open"
    CREATE = "create"
    CORRECT = "correct"
    SIGN = "sign"
    IMPORT = "import"
    QUERY = "query"
    FREEZE = "freeze"
    UNLOCK = "unlock"
    REDACT = "redact"
    ANCHOR = "anchor"
    ACCOUNT = "account"
    DENIED = "denied"
    EXPORT = "export"
    READ_IDENTIFIED = "read_identified"


WITHOUT_REASON = frozenset({Action.OPEN, Action.CREATE, Action.SIGN, Action.IMPORT})
"""Every other action says why."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, in which role, where."""

    account: str
    role: str
    site: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the chain. `values_json` and `salt` are null after a redaction; the chain still verifies."""

    seq: int
    entered_at: datetime
    occurred_at: datetime
    actor: str
    role: str
    site: str
    action: str
    table_name: str
    record_key: str
    version: int
    values_json: str | None
    salt: bytes | None
    values_sha256: str
    reason: str
    prev_hash: str
    hash: str

    def expected_hash(self) -> str:
        """SHA-256 of the canonical JSON of everything but values, salt and the hash itself."""
        return chain_hash(
            seq=self.seq,
            entered_at=text_of(self.entered_at),
            occurred_at=text_of(self.occurred_at),
            actor=self.actor,
            role=self.role,
            site=self.site,
            action=self.action,
            table_name=self.table_name,
            record_key=self.record_key,
            version=self.version,
            reason=self.reason,
            values_sha256=self.values_sha256,
            prev_hash=self.prev_hash,
        )

    def values_agree(self) -> bool:
        """Whether values and salt are those that were hashed; true after a redaction, when both are gone."""
        if self.values_json is None and self.salt is None:
            return True
        if self.values_json is None or self.salt is None:
            return False
        return values_hash(self.salt, self.values_json) == self.values_sha256


def chain_hash(**parts: str | int) -> str:
    """SHA-256 (hex) of the canonical JSON of `parts`: the hash of an entry. Every byte of its texts counts."""
    return hashlib.sha256(_CANONICAL.encode(parts).encode()).hexdigest()


def values_hash(salt: bytes, values_json: str) -> str:
    """SHA-256 (hex) of salt and values: with the salt gone nobody can guess the values back."""
    return hashlib.sha256(salt + values_json.encode()).hexdigest()


def values_text(values: Mapping[str, object]) -> str:
    """A row as canonical JSON: decimals and times as text, no float."""
    return canonical_json({name: plain(value) for name, value in values.items()})


def number_text(value: Decimal) -> str:
    """A decimal in its one form: no exponent, no trailing zeros, every digit kept."""
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def plain(value: object) -> str | int | bool | None:
    """A cell as it stands in JSON. Raises TypeError for a float or anything else a record cannot hold."""
    match value:
        case None | bool() | int() | str():
            return value
        case Decimal():
            return number_text(value)
        case datetime():
            return text_of(value)
        case date():
            return value.isoformat()
    raise TypeError(f"{value!r} has no place in a record: {type(value).__name__}")
