"""The data lock: what was known, counted and hashed; it holds once coordinator and statistician have both signed."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from onearm.ledger.reading import Head, View
from onearm.ledger.snapshot import Snapshot, snapshot
from onearm.records import Records
from onearm.records.columns import canonical_json
from onearm.records.tables import TABLES

SIGNERS = ("CO", "ST")


@dataclass(frozen=True, slots=True)
class Manifest:
    """Per table rows, columns and SHA-256 of the canonical CSV; one hash over all."""

    tables: Mapping[str, Mapping[str, Any]]
    records_sha256: str

    @property
    def text(self) -> str:
        """As canonical JSON."""
        return canonical_json(self.tables)


def manifest_of(records: Records) -> Manifest:
    """What a data lock promises of these records. Equal records have equal manifests."""
    tables = {
        name: {
            "rows": frame.height,
            "columns": TABLES[name].column_names(),
            "sha256": hashlib.sha256(records.csv(name)).hexdigest(),
        }
        for name, frame in records.tables.items()
    }
    return Manifest(tables, records.sha256())


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a data lock would hold, shown before anybody signs it."""

    snapshot: Snapshot
    manifest: Manifest
    head: Head
    as_known_at: datetime
    open_queries: tuple[str, ...]


def propose(view: View, as_known_at: datetime) -> Proposal:
    """A data lock of everything known now."""
    known = snapshot(view)
    asked = tuple(q["query_id"] for q in view.rows("queries") if q["state"] != "closed")
    return Proposal(known, manifest_of(known.records), view.head(), as_known_at, asked)


def freeze_row(proposal: Proposal, **told: object) -> dict[str, object]:
    """Row of `freezes` for a proposal; `told` gives site, name, purpose, hashes, version and who made it."""
    return {
        "as_known_at": proposal.as_known_at,
        "head_seq": proposal.head.seq,
        "head_hash": proposal.head.hash,
        "manifest": proposal.manifest.text,
        "records_sha256": proposal.manifest.records_sha256,
        "open_queries": canonical_json(list(proposal.open_queries)),
        "state": "proposed",
        **told,
    }


def is_signed_by_all(signatures: Sequence[Mapping[str, Any]], freeze_id: str, version: int) -> bool:
    """Whether every role that must sign this version of a data lock has signed it, each another person."""
    signed = {
        s["role"]: s["signer"]
        for s in signatures
        if s["table_name"] == "freezes" and s["record_key"] == freeze_id and s["signed_version"] == version
    }
    return all(role in signed for role in SIGNERS) and len(set(signed.values())) == len(signed)


def frozen_records(view: View, freeze: Mapping[str, Any]) -> Records:
    """The records a data lock holds. Raises ValueError when they are no longer those it was signed for."""
    known = snapshot(view, seq=freeze["head_seq"])
    if manifest_of(known.records).records_sha256 != freeze["records_sha256"]:
        raise ValueError(f"The records of data lock {freeze['freeze_id']} are not those that were signed.")
    return known.records
