"""Signatures: the exact bytes somebody put a name to, and whether they are still the bytes that stand."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from onearm.ledger.entry import GONE, Entry
from onearm.records.columns import canonical_json


class SignatureState(StrEnum):
    """What a signature is worth now."""

    VALID = "valid"
    SUPERSEDED = "superseded"  # a newer version stands; show both
    BROKEN = "broken"  # the bytes differ from those signed; never hidden


@dataclass(frozen=True, slots=True)
class Statement:
    """What a signature says, in the words and the language that were shown."""

    meaning: str
    text: str
    language: str


def signed_hash(table: str, key: str, version: int, values_json: str, statement: Statement) -> str:
    """SHA-256 of the canonical JSON of table, key, version, values, meaning and statement."""
    signed = {
        "table": table,
        "key": key,
        "version": version,
        "values": json.loads(values_json),
        "meaning": statement.meaning,
        "statement": statement.text,
    }
    return hashlib.sha256(canonical_json(signed).encode()).hexdigest()


def signature_of(entry: Entry, statement: Statement, *, factor: str = "totp") -> dict[str, Any]:
    """The row of `signatures` that signs the version `entry` wrote. Raises ValueError for erased values."""
    if entry.values_json is None:
        raise ValueError(f"The values of entry {entry.seq} are erased; nothing is left to sign.")
    table, key, version = entry.table_name, entry.record_key, entry.version
    return {
        "site_id": entry.site,
        "table_name": table,
        "record_key": key,
        "signed_version": version,
        "signed_sha256": signed_hash(table, key, version, entry.values_json, statement),
        "meaning": statement.meaning,
        "statement": statement.text,
        "language": statement.language,
        "factor": factor,
        "signed_at": entry.entered_at,
    }


def state_of(signature: Mapping[str, Any], versions: Mapping[int, str | None]) -> SignatureState:
    """State of a signature, given the values (JSON) of every version of its row by number."""
    version = signature["signed_version"]
    values = versions.get(version)
    newer = [v for v, text in versions.items() if v > version]
    if values is None and version in versions and newer:
        return SignatureState.SUPERSEDED  # erased by a redaction after it was superseded
    statement = Statement(signature["meaning"], signature["statement"], signature["language"])
    told = signature["table_name"], signature["record_key"], version
    if values is None or values == GONE or not _is_signed(signature["signed_sha256"], *told, values, statement):
        return SignatureState.BROKEN
    return SignatureState.SUPERSEDED if newer else SignatureState.VALID


def _is_signed(sha256: str, table: str, key: str, version: int, values_json: str, statement: Statement) -> bool:
    try:
        return signed_hash(table, key, version, values_json, statement) == sha256
    except ValueError:  # values that are no JSON any more
        return False
