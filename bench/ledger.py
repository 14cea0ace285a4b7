"""Is the ledger as tight as it says: who wins a race, what is found of a tampering, what comes back; and how fast?"""

import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from bench import big_ledger, databases
from bench.measure import Measure, MeasureFailed, Reading
from bench.output import shown
from bench.process import answer

_TAMPERINGS, _PATIENTS = 1000, 3
_APPENDS = 1000
_LARGE = big_ledger.ENTRIES
_RESTORED = 50_000


def child(part: str) -> Reading:
    """A reading taken in a process of its own."""
    return Reading(**answer("bench.ledger", part))


def races() -> Reading:
    """Races run by a module of their own, whose writers are processes."""
    return Reading(**answer("bench.ledger_races"))


def _track(items: Any, told: str, total: int | None = None) -> Any:
    from rich.console import Console
    from rich.progress import track

    return track(items, told, total, console=Console(stderr=True))


def _of_both(take: Callable[[str, Any], float], worst: Callable[..., float], unit: str) -> dict[str, Any]:
    """`take(kind, ledger)` on a large ledger of each kind; the worse one counts."""
    values = {}
    with databases.databases() as urls:
        for kind, url in _track(urls.items(), f"{_LARGE:,} entries into each database and back", len(urls)):
            ledger = big_ledger.filled(url)
            values[kind] = take(kind, ledger)
            ledger.close()
    note = f"{_LARGE:,} entries; " + ", ".join(f"{kind} {shown(value)} {unit}" for kind, value in values.items())
    value = worst(values.values())
    return {"value": value, "lowest": min(values.values()), "highest": max(values.values()), "repeats": 1, "note": note}


# what is found
def tamperings() -> dict[str, Any]:
    """How many of 1,000 random tamperings are found and located, in each database; the worse one counts."""
    from small_study import small_study
    from tampering import tamper

    from onearm.ledger.ledger import Ledger

    found, located, missed = dict[str, int](), dict[str, int](), list[str]()
    with databases.databases() as urls:
        for kind, url in urls.items():
            ledger = Ledger.at(url)
            small_study(ledger, _PATIENTS)
            found[kind] = located[kind] = 0
            for seed in _track(range(_TAMPERINGS), f"tamperings, {kind}"):
                done, faults = tamper(ledger.engine, seed)
                found[kind] += bool(faults)
                located[kind] += done.is_located_by(faults)
                if not done.is_located_by(faults):
                    missed.append(f"{kind} seed {seed}: {done.kind}")
            ledger.close()
    if missed:
        raise MeasureFailed(f"{len(missed)} not located: {'; '.join(missed[:5])}")
    note = "; ".join(f"{kind} {found[kind]:,} found, {located[kind]:,} located" for kind in found)
    value = min(located.values())
    return {"value": value, "lowest": value, "highest": max(located.values()), "repeats": 1, "note": note}


# what comes back
def restored() -> dict[str, Any]:
    """Seconds from backup to a verified ledger in the other kind of database; the slower way counts."""
    values = {}
    with databases.servers() as fresh, tempfile.TemporaryDirectory(prefix="onearm-bench-") as folder:
        for kind, other in _track([("sqlite", "postgresql"), ("postgresql", "sqlite")], "backup, wipe, restore"):
            values[f"{kind} to {other}"] = _there_and_back(fresh(kind), fresh(other), Path(folder) / f"{kind}.age")
    note = f"{_RESTORED:,} entries, same head and same lock manifest; "
    note += ", ".join(f"{way} {value:,.1f} s" for way, value in values.items())
    slower, quicker = max(values.values()), min(values.values())
    return {"value": slower, "lowest": quicker, "highest": slower, "repeats": 1, "note": note}


def _there_and_back(url: str, other: str, path: Path) -> float:
    import pyrage

    from onearm.ledger.backup import restore, write_archive
    from onearm.ledger.freezing import manifest_of
    from onearm.ledger.ledger import Ledger
    from onearm.ledger.snapshot import snapshot

    keys = [pyrage.x25519.Identity.generate() for _ in range(2)]
    ledger, back = big_ledger.filled(url, _RESTORED), Ledger.at(other)
    with ledger.reading() as view:
        promised = manifest_of(snapshot(view).records).text
    begun = time.perf_counter()
    head = write_archive(ledger, path, [str(key.to_public()) for key in keys])
    ledger.close()
    found = restore(path, back.engine, str(keys[1]), anchors=[head])
    seconds = time.perf_counter() - begun
    with back.reading() as view:
        kept = manifest_of(snapshot(view).records).text
    back.close()
    if found.head != head or kept != promised:
        raise MeasureFailed(f"what came back is not what was archived: head {found.head}, was {head}")
    return seconds


# how fast
def snapshots() -> dict[str, Any]:
    """Seconds of a snapshot of 250,000 entries: the slower database, the median of three."""

    def take(kind: str, ledger: Any) -> float:
        from onearm.ledger.snapshot import snapshot

        with ledger.reading() as view:
            seconds = sorted(_seconds(lambda: snapshot(view)) for _ in range(3))
            if snapshot(view).findings:
                raise MeasureFailed(f"{kind}: rows do not hold")
        return seconds[1]

    return _of_both(take, max, "s")


def verifications() -> dict[str, Any]:
    """Entries a second that `verify` replays, signatures, state and delegations included: the slower database."""

    def take(kind: str, ledger: Any) -> float:
        from onearm.ledger.verification import verify

        with ledger.reading() as view:
            begun = time.perf_counter()
            found = verify(view)
            seconds = time.perf_counter() - begun
        if not found.is_sound or found.entries != _LARGE:
            raise MeasureFailed(f"{kind}: {found.entries:,} entries, {found.faults[:1]}")
        return _LARGE / seconds

    return _of_both(take, min, "entries/s")


def _seconds(act: Callable[[], object]) -> float:
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def appends(kind: str) -> dict[str, Any]:
    """Acts of one row a second, each checked, chained and committed; the peer inserts the same bytes and commits."""
    from small_study import NURSE, open_study, subject, weight

    from onearm.ledger.ledger import Ledger

    with databases.databases() as urls:
        ledger = Ledger.at(urls[kind])
        open_study(ledger)
        with ledger.writing(NURSE) as act:
            act.add("subjects", subject(1))
        begun = time.perf_counter()
        for n in _track(range(_APPENDS), f"appends, {kind}"):
            with ledger.writing(NURSE) as act:
                act.add("weights", weight(f"W{n}"))
        ours = _APPENDS / (time.perf_counter() - begun)
        with ledger.reading() as view:
            rows = [tuple(str(getattr(e, name)) for name in e.__slots__) for e in view.entries()][-_APPENDS:]
        ledger.close()
        peer = _plain_inserts(urls[kind], rows)
    note = f"{_APPENDS:,} acts"
    return {"value": ours, "lowest": ours, "highest": ours, "repeats": 1, "peer_value": peer, "note": note}


def _plain_inserts(url: str, rows: list[tuple[str, ...]]) -> float:
    """Rows a second by the driver alone: INSERT, COMMIT, as safe on the disk."""
    columns = ", ".join(f"c{k}" for k in range(len(rows[0])))
    with ExitStack() as stack:
        connection: Any
        if url.startswith("sqlite"):
            connection, mark = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None), "?"
            connection.execute("PRAGMA synchronous=FULL")
            stack.callback(connection.close)
        else:
            import psycopg

            connection, mark = psycopg.connect(url.replace("+psycopg", ""), autocommit=True), "%s"
            stack.enter_context(connection)
        connection.execute(f"CREATE TABLE plain ({', '.join(f'c{k} text' for k in range(len(rows[0])))})")
        statement = f"INSERT INTO plain ({columns}) VALUES ({', '.join([mark] * len(rows[0]))})"
        begun = time.perf_counter()
        for row in rows:
            connection.execute(statement, row)  # each its own transaction
        return len(rows) / (time.perf_counter() - begun)


_CHILDREN: dict[str, Callable[[], dict[str, Any]]] = {
    "tamper": tamperings,
    "restore": restored,
    "snapshot": snapshots,
    "verify": verifications,
    **{f"append.{kind}": partial(appends, kind) for kind in databases.KINDS},
}

MEASURES = (
    Measure(
        "ledger.race",
        "8 processes edit one field, or take the last bag, 1,000 rounds each on both databases",
        "rounds/s",
        races,
        target="1 winner, 0 lost, 0 gaps",
    ),
    Measure(
        "ledger.tamper",
        "random tamperings found and located by a replay, both databases",
        "located/1,000",
        partial(child, "tamper"),
        target="1,000",
    ),
    Measure(
        "ledger.restore",
        "backup, wipe, restore into the other kind of database, same manifest",
        "s",
        partial(child, "restore"),
        target="<= 3,600",
    ),
    Measure("ledger.snapshot", "Records of 250,000 entries", "s", partial(child, "snapshot"), target="< 5"),
    Measure("ledger.verify", "replay of 250,000 entries", "entries/s", partial(child, "verify")),
    *(
        Measure(
            f"ledger.append.{kind}",
            f"acts of one row, checked, chained, committed, {kind}",
            "acts/s",
            partial(child, f"append.{kind}"),
            peer="plain INSERT and COMMIT of the same bytes",
        )
        for kind in databases.KINDS
    ),
)


if __name__ == "__main__":
    print(json.dumps(_CHILDREN[sys.argv[1]]()))
