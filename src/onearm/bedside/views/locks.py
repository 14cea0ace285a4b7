"""Data locks: what each holds and who signed it; what a new one would hold now."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from onearm.bedside.policy import policies
from onearm.bedside.screen import Asking, Offer, Screen, offers, offers_of_rows
from onearm.ledger.freezing import propose
from onearm.ledger.signing import state_of


@dataclass(frozen=True, slots=True)
class LockedTable:
    """One table as a data lock holds it."""

    table: str
    rows: int
    columns: int
    sha256: str


@dataclass(frozen=True, slots=True)
class LockSignature:
    """One signature on a data lock, by version."""

    signer: str
    role: str
    signed_at: datetime
    state: str


@dataclass(frozen=True, slots=True)
class Lock:
    """One data lock."""

    freeze_id: str
    purpose: str
    state: str
    as_known_at: datetime
    head_seq: int
    head_hash: str
    records_sha256: str
    protocol_sha256: str
    onearm_version: str
    restricts_editing: bool
    made_by: str
    tables: tuple[LockedTable, ...]
    open_queries: tuple[str, ...]
    signatures: tuple[LockSignature, ...]
    offers: tuple[Offer, ...]
    may_be_exported: bool


@dataclass(frozen=True, slots=True)
class WouldHold:
    """A data lock that nobody has proposed yet."""

    head_seq: int
    head_hash: str
    records_sha256: str
    tables: tuple[LockedTable, ...]
    open_queries: tuple[str, ...]
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Locks:
    """All of them, newest first; `now` when the address asks what a new one would hold (`?now=1`)."""

    locks: tuple[Lock, ...]
    now: WouldHold | None
    offers: tuple[Offer, ...]


def read_locks(asking: Asking) -> Locks:
    """The data locks of the study."""
    rows = sorted(asking.view.rows("freezes"), key=lambda f: (f["entered_at"], f["freeze_id"]), reverse=True)
    on = offers_of_rows(asking, "freeze", [f["freeze_id"] for f in rows])
    study = tuple(o for o in offers(asking.situation("study", "")) if o.act == "propose-lock")
    now = _now(asking) if asking.query.get("now") == "1" else None
    return Locks(tuple(_lock(asking, f, on[f["freeze_id"]]) for f in rows), now, study)


def _lock(asking: Asking, freeze: dict[str, Any], on: tuple[Offer, ...]) -> Lock:
    told = ("freeze_id", "purpose", "state", "as_known_at", "head_seq", "head_hash", "records_sha256")
    more = ("protocol_sha256", "onearm_version", "restricts_editing", "made_by")
    may = asking.person.role in policies()["export"].scopes
    return Lock(
        **{column: freeze[column] for column in (*told, *more)},
        tables=_tables(json.loads(freeze["manifest"])),
        open_queries=tuple(json.loads(freeze["open_queries"])),
        signatures=_signatures(asking, freeze["freeze_id"]),
        offers=on,
        may_be_exported=may and freeze["state"] != "proposed",
    )


def _tables(manifest: dict[str, Any]) -> tuple[LockedTable, ...]:
    return tuple(LockedTable(n, t["rows"], len(t["columns"]), t["sha256"]) for n, t in sorted(manifest.items()))


def _signatures(asking: Asking, freeze_id: str) -> tuple[LockSignature, ...]:
    versions = {e.version: e.values_json for e in asking.view.history("freezes", freeze_id)}
    rows = asking.view.rows("signatures", table_name="freezes", record_key=freeze_id)
    return tuple(
        LockSignature(s["signer"], s["role"], s["signed_at"], state_of(s, versions).value)
        for s in sorted(rows, key=lambda s: s["signed_at"])
    )


def _now(asking: Asking) -> WouldHold:
    found = propose(asking.view, asking.now)
    spanish = asking.person.language == "es"
    return WouldHold(
        found.head.seq,
        found.head.hash,
        found.manifest.records_sha256,
        _tables({name: dict(table) for name, table in found.manifest.tables.items()}),
        found.open_queries,
        tuple(f.sentence_es if spanish else f.sentence for f in found.snapshot.findings),
    )


SCREENS = (Screen("/locks", "export", "locks.html", Locks, read_locks),)
