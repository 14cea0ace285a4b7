"""Replay of a whole ledger: chain, tail, versions, current state, signatures, who might act, and what rules say."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import polars as pl

from onearm.ledger.entry import FIRST_HASH, Entry
from onearm.ledger.reading import Head, View, as_frame
from onearm.ledger.signing import SignatureState, state_of
from onearm.ledger.snapshot import decoded, newest_rows, snapshot
from onearm.ledger.system_tables import ROLES
from onearm.ledger.tables import SCHEMAS, STATE
from onearm.records import Records
from onearm.records.validation import check_rows
from onearm.results.finding import Finding, Severity

Check = Callable[[View, Records], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is not as it must be; `seq` says where in the chain."""

    kind: str  # chain, gap, tail, values, time, version, state, signature, delegation, rule
    seq: int | None
    sentence: str


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

    `checks` are rules of the product, handed in by the caller. `progress` gets the number of entries read.
    """
    faults: list[Fault] = []
    hashes: dict[int, str] = {}
    versions: dict[tuple[str, str], dict[int, str | None]] = defaultdict(dict)
    last_seq: dict[tuple[str, str], int] = {}
    before: Entry | None = None
    count = 0
    noted = {row["head_seq"]: row["head_hash"] for row in view.rows("anchors")}
    for entry in view.entries():
        faults += _link_faults(entry, before)
        hashes[entry.seq] = entry.hash
        row = (entry.table_name, entry.record_key)
        if entry.version != len(versions[row]) + 1:
            told = f"{entry.table_name} {entry.record_key}: version {entry.version} follows {len(versions[row])}."
            faults.append(Fault("version", entry.seq, told))
        versions[row][entry.version], last_seq[row] = entry.values_json, entry.seq
        before, count = entry, count + 1
        if count % 1000 == 0:
            progress(count)
    progress(count)
    head = Head(before.seq, before.hash) if before else Head(0, FIRST_HASH)
    faults += _tail_faults(hashes, [*anchors, *(Head(s, h) for s, h in noted.items())])
    faults += _state_faults(view, head.seq, last_seq)
    faults += _signature_faults(view, versions, last_seq)
    faults += _delegation_faults(view)
    known = snapshot(view)
    findings = [*known.findings, *(finding for check in checks for finding in check(view, known.records))]
    faults += [
        Fault("rule", last_seq.get((f.table, f.key)), f"{f.rule}: {f.sentence}")
        for f in findings
        if f.severity is Severity.BLOCK
    ]
    return Verification(count, head, tuple(faults))


def _link_faults(entry: Entry, before: Entry | None) -> Iterable[Fault]:
    seq, wanted = entry.seq, (before.seq if before else 0) + 1
    if seq != wanted:
        yield Fault("gap", seq, f"Entry {seq} follows {wanted - 1}: entries between are missing.")
    if entry.prev_hash != (before.hash if before else FIRST_HASH):
        yield Fault("chain", seq, f"Entry {seq} does not continue the entry before it: one of the two was changed.")
    if entry.hash != entry.expected_hash():
        yield Fault("chain", seq, f"Entry {seq} was changed: its hash is not that of its content.")
    if not entry.values_agree():
        yield Fault("values", seq, f"Entry {seq}: the values are not those that were hashed.")
    if before and entry.entered_at < before.entered_at:
        yield Fault("time", seq, f"Entry {seq} was entered before entry {before.seq}.")
    if not before and entry.action != "open":
        yield Fault("chain", seq, "The first entry does not open a study: entries before it are missing.")


def _tail_faults(hashes: dict[int, str], anchors: Iterable[Head]) -> Iterable[Fault]:
    for anchor in anchors:
        found = hashes.get(anchor.seq)
        if found is None:
            last = max(hashes, default=0)
            yield Fault("tail", last, f"Entry {anchor.seq} was noted elsewhere; the ledger ends at {last}: it was cut.")
        elif found != anchor.hash:
            yield Fault("tail", anchor.seq, f"Entry {anchor.seq} is not the one noted elsewhere: it was replaced.")


def _state_faults(view: View, upto: int, last_seq: dict[tuple[str, str], int]) -> Iterable[Fault]:
    """Rows as they stand against the newest values of their entries."""
    newest = newest_rows(view, upto, tuple(SCHEMAS))
    for table, schema in SCHEMAS.items():
        key = schema.primary_key()
        texts = newest.get(table)
        replayed: pl.DataFrame = schema.create_empty()
        if texts is not None:
            replayed, problems = check_rows(schema, decoded(table, texts), file=table)
            for problem in problems:
                yield Fault("state", None, f"{table}: {problem.sentence}")
            if problems:
                continue
        stands = as_frame(table, view.connection.execute(STATE[table].select()).fetchall()).sort(key)
        if stands.equals(replayed.select(stands.columns)):
            continue
        odd = pl.concat([stands, replayed.select(stands.columns)]).unique(keep="none").select(key).unique()
        for row in odd.sort(key).iter_rows():
            name = "/".join(str(part) for part in row)
            yield Fault("state", last_seq.get((table, name)), f"{table} {name} does not stand as its entries say.")


def _signature_faults(
    view: View, versions: dict[tuple[str, str], dict[int, str | None]], last_seq: dict[tuple[str, str], int]
) -> Iterable[Fault]:
    for signature in view.rows("signatures"):
        row = (signature["table_name"], signature["record_key"])
        if state_of(signature, versions.get(row, {})) is SignatureState.BROKEN:
            told = f"Signature {signature['signature_id']} by {signature['signer']} on {row[0]} {row[1]}"
            yield Fault("signature", last_seq.get(row), f"{told} is broken: the bytes are not those signed.")


def _delegation_faults(view: View) -> Iterable[Fault]:
    """Everybody who wrote or signed held that role there, on the day it was entered."""
    held: dict[tuple[str, str, str], list[tuple[date, date | None]]] = defaultdict(list)
    for d in view.rows("delegations"):
        held[d["account_id"], d["role"], d["site_id"]].append((d["valid_from"], d["valid_to"]))
    zones = {site["site_id"]: ZoneInfo(site["timezone"]) for site in view.rows("sites")}
    for entry in view.entries():
        if entry.role not in ROLES or entry.action == "denied":  # set-up by the command line; what was not done
            continue
        day = entry.entered_at.astimezone(zones.get(entry.site)).date()
        if not _covers(held.get((entry.actor, entry.role, entry.site), ()), day):
            told = (
                f"{entry.actor} wrote entry {entry.seq} as {entry.role} at {entry.site} without a delegation that day."
            )
            yield Fault("delegation", entry.seq, told)


def _covers(intervals: Iterable[tuple[date, date | None]], day: date) -> bool:
    return any(first <= day and (last is None or day <= last) for first, last in intervals)
