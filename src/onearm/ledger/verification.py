"""Replay of a whole ledger: chain, tail, versions, current state, signatures, who might act, and what rules say."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl
import sqlalchemy as sa

from onearm.ledger.chain import Chain, Fault, read_chain
from onearm.ledger.guards import missing_guards
from onearm.ledger.reading import Head, View, as_frame
from onearm.ledger.signing import SignatureState, state_of
from onearm.ledger.snapshot import replayed
from onearm.ledger.standing import state_faults
from onearm.ledger.system_tables import ROLES
from onearm.ledger.tables import SCHEMAS
from onearm.records import Records
from onearm.records.tables import TABLES
from onearm.results.finding import Finding, Severity

__all__ = ["Check", "Fault", "Verification", "verify"]

Check = Callable[[View, Records], Iterable[Finding]]
Frames = Mapping[str, pl.DataFrame]
Row = Mapping[str, Any]
_SHOWN = 20  # faults of the file itself


@dataclass(frozen=True, slots=True)
class Verification:
    """What a replay found. `entries` were read; `head` is the last of them."""

    entries: int
    head: Head
    faults: tuple[Fault, ...]

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found."""
        return not self.faults


def verify(
    view: View,
    *,
    anchors: Sequence[Head] = (),
    checks: Sequence[Check] = (),
    progress: Callable[[int], None] = lambda done: None,
) -> Verification:
    """Everything that can be proved of a ledger from its own bytes and the heads noted elsewhere (`anchors`).

    `checks` are rules of the product, handed in by the caller. `progress` gets the number of entries read. A database
    that cannot be read to its end is a fault, not an error.
    """
    if view.connection.dialect.name != "sqlite":
        return _verified(view, anchors, checks, progress)
    try:
        return _verified(view, anchors, checks, progress, raises=True)
    except sa.exc.DatabaseError:  # once more, with what cannot be read told instead of raised
        with _any_bytes(view.connection):
            return _verified(view, anchors, checks, progress)


def _verified(
    view: View,
    anchors: Sequence[Head],
    checks: Sequence[Check],
    progress: Callable[[int], None],
    raises: bool = False,
) -> Verification:
    chain, faults = Chain(), list[Fault]()
    try:
        faults += _database_faults(view.connection)
        read_chain(view, chain, progress)
        faults += _replay_faults(view, chain, anchors, checks)
    except sa.exc.DatabaseError as error:
        if raises:
            raise
        seen = chain.head.seq
        told = f"The database cannot be read after entry {seen}: {error.orig}"
        faults.append(Fault("database", seen or None, told))
    return Verification(chain.count, chain.head, (*chain.faults, *faults))


def _replay_faults(view: View, chain: Chain, anchors: Sequence[Head], checks: Sequence[Check]) -> Iterator[Fault]:
    values = chain.values
    replay = replayed(values, tuple(SCHEMAS))
    frames: Frames = {name: replay.frames.get(name, as_frame(name, [])) for name in SCHEMAS}
    noted = [Head(row["head_seq"], row["head_hash"]) for row in frames["anchors"].iter_rows(named=True)]
    yield from chain.tail_faults(dict.fromkeys([*anchors, *noted]))
    yield from chain.erased_unnamed()
    broken = {(finding.table, finding.key) for finding in replay.findings}
    for finding in replay.findings:
        yield Fault("state", chain.last_seq.get((finding.table, finding.key)), finding.sentence)
    yield from state_faults(view, frames, chain.last_seq, broken)
    yield from _signature_faults(frames["signatures"], values, chain)
    yield from _delegation_faults(frames, chain)
    records = Records(view.provenance, {name: frames[name] for name in TABLES})
    for check in checks:
        for finding in check(view, records):
            if finding.severity is Severity.BLOCK:
                seq = chain.last_seq.get((finding.table, finding.key))
                yield Fault("rule", seq, f"{finding.rule}: {finding.sentence}")


@contextmanager
def _any_bytes(connection: sa.Connection) -> Iterator[None]:
    """Text that is no UTF-8 is read, not raised: SQLite keeps whatever bytes somebody put there."""
    driver: Any = connection.connection.driver_connection
    before, driver.text_factory = driver.text_factory, lambda data: data.decode(errors="surrogateescape")
    try:
        yield
    finally:
        driver.text_factory = before


def _database_faults(connection: sa.Connection) -> Iterator[Fault]:
    if connection.dialect.name == "sqlite":
        for (told,) in connection.exec_driver_sql(f"PRAGMA integrity_check({_SHOWN})"):
            if told != "ok":
                yield Fault("database", None, f"The file is damaged: {told}.")
    for name in missing_guards(connection):
        yield Fault(
            "guard", None, f"{name} is gone or switched off: entries could be changed and nothing would refuse."
        )


def _signature_faults(signatures: pl.DataFrame, values: pl.DataFrame, chain: Chain) -> Iterator[Fault]:
    """Signed rows are looked up by table and key; only their versions are kept."""
    signed = signatures.select("table_name", "record_key").unique()
    versions: dict[tuple[str, str], dict[int, str | None]] = defaultdict(dict)
    for table, key, version, text in (
        values.join(signed, on=["table_name", "record_key"], how="semi")
        .select("table_name", "record_key", "version", "values_json")
        .iter_rows()
    ):
        versions[table, key][version] = text
    for signature in signatures.iter_rows(named=True):
        row = (signature["table_name"], signature["record_key"])
        if state_of(signature, versions.get(row, {})) is SignatureState.BROKEN:
            told = f"Signature {signature['signature_id']} by {signature['signer']} on {row[0]} {row[1]}"
            seq = chain.last_seq.get(row, chain.last_seq.get(("signatures", signature["signature_id"])))
            yield Fault("signature", seq, f"{told} is broken: the bytes are not those signed.")


def _delegation_faults(frames: Frames, chain: Chain) -> Iterator[Fault]:
    """Everybody who wrote or signed held that role there, on the day it was entered, by the clock of the site."""
    held: dict[tuple[str, str, str], list[tuple[date, date | None]]] = defaultdict(list)
    for d in frames["delegations"].iter_rows(named=True):
        held[d["account_id"], d["role"], d["site_id"]].append((d["valid_from"], d["valid_to"]))
    zones = {site["site_id"]: _zone(site["timezone"]) for site in frames["sites"].iter_rows(named=True)}

    def missing(account: str, role: str, site: str, at: datetime) -> bool:
        day = at.astimezone(zones.get(site, UTC)).date()
        return not any(
            first <= day and (last is None or day <= last) for first, last in held.get((account, role, site), ())
        )

    faults = []
    for (account, role, site), acts in chain.acted.items():
        if role not in ROLES:  # set-up by the command line
            continue
        for at, seq in acts:
            if missing(account, role, site, at):
                told = f"{account} wrote entry {seq} as {role} at {site} without a delegation that day."
                faults.append(Fault("delegation", seq, told))
    for s in frames["signatures"].iter_rows(named=True):
        if missing(s["signer"], s["role"], s["site_id"], s["signed_at"]):
            told = f"{s['signer']} signed {s['signature_id']} as {s['role']} at {s['site_id']} without a delegation"
            written = chain.last_seq.get(("signatures", s["signature_id"]))
            faults.append(Fault("delegation", written, f"{told} that day."))
    yield from sorted(faults, key=lambda fault: fault.seq or 0)


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
