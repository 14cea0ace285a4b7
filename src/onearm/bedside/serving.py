"""Starting the app: the study it serves, its ledger, its keys, and where it listens."""

import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
import uvicorn

from onearm import __version__
from onearm.bedside.app import create_app
from onearm.bedside.context import Running
from onearm.bedside.demo_people import enrol_all
from onearm.bedside.identity.keys import StoredKeys
from onearm.bedside.identity.passwords import Cost
from onearm.bedside.identity.second_factor import KeyFileError, open_key
from onearm.bedside.situation import Promise
from onearm.ledger.archive import load
from onearm.ledger.ledger import Ledger, clock_now
from onearm.ledger.migration import migrate, owns_entries, require_current
from onearm.ledger.opening import StudyFacts, open_study
from onearm.ledger.problems import LedgerRefusal
from onearm.ledger.store import FILE, open_engine, sqlite_url, write_transaction
from onearm.ledger.tables import ENTRIES
from onearm.results.problems import Problem, StudyProblems
from onearm.sources.protocol_file import read_protocol
from onearm.sources.rulebook_file import read_rulebook

KEY_FILE = "onearm.key"
SHIPPED = "ledger.jsonl"  # entries a virtual study comes with, to play with
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_DEMO_COST = Cost(time_cost=1, memory_kib=8192, parallelism=1)  # passwords of a demonstration are printed on its page


def promise_of(folder: Path) -> Promise:
    """What the study folder promises. Raises StudyProblems with every problem of protocol and rule book."""
    problems: list[Problem] = []
    protocol = read_protocol(folder, problems)
    rulebook = read_rulebook(folder, problems)
    if problems or protocol is None or rulebook is None:
        raise StudyProblems(problems)
    return Promise(folder, protocol, rulebook, protocol.study.virtual)


def running_on(
    folder: Path, db: str | None, *, demo: bool = False, clock: Callable[[], datetime] = clock_now
) -> Running:
    """The app over the ledger of a study, which is made where there is none. Raises StudyProblems."""
    promise = promise_of(folder)
    engine = open_engine(db or sqlite_url(folder / FILE))
    try:
        if db is None:
            (folder / FILE).chmod(0o600)  # of a file that was made before, or copied
            migrate(engine)
        require_current(engine)
        if owns_entries(engine):
            raise LedgerRefusal("This login owns the ledger and could change its entries; give that of the app.")
        ledger = Ledger(engine, promise.virtual, clock)
        open_study(ledger, facts_of(promise), CENTRE, source_of(promise))
        key = open_key(folder / KEY_FILE)
    except (LedgerRefusal, KeyFileError) as refused:
        raise StudyProblems([Problem(str(folder), str(refused), "See docs/how-to/serve.md.")]) from None
    return Running(promise, ledger, StoredKeys(key, _DEMO_COST if demo else Cost()), demo)


CENTRE = {
    "site_id": "CENTRE",
    "title": "Coordinating centre",
    "kind": "coordination",
    "country": "ZZ",  # not told yet: people.toml names it
    "timezone": "UTC",
}


def facts_of(promise: Promise) -> StudyFacts:
    """What the first entry says of the study."""
    study = promise.protocol.study
    hashes = (promise.protocol.sha256, promise.rulebook.sha256)
    return StudyFacts(promise.study_id, *hashes, study.version, promise.virtual, __version__)


def source_of(promise: Promise) -> dict[str, object]:
    """Row of `sources` of the study's own patients."""
    protocol = promise.protocol
    return {
        "source_id": promise.study_id,
        "title": protocol.study.title,
        "kind": "virtual" if promise.virtual else "own_study",
        "population": protocol.population.description or protocol.study.title,
        "setting": "hospitals of the study",
        "country": "see sites",
        "entry_rule": "every patient screened",
        "time_zero_rule": f"start of {protocol.clock.starts}",
        "time_basis": "calendar",
        "clock_start": protocol.clock.starts,
        "licence": "own records",
        "file_sha256": protocol.sha256,
        "missing_fields": "[]",
    }


def run(folder: Path, *, db: str | None, host: str, port: int, behind_tls: bool, demo: bool) -> None:
    """Serve until stopped. Raises StudyProblems for an address that would send passwords in the clear."""
    if host not in _LOOPBACK and not behind_tls:
        told = f"{host} is no loopback address: passwords would cross the network unencrypted."
        raise StudyProblems([Problem("--host", told, "Put a proxy that speaks TLS in front and say --behind-tls.")])
    if demo:
        _demonstrate(folder, host, port)
        return
    _serve(running_on(folder, db), host, port, behind_tls)


def _demonstrate(folder: Path, host: str, port: int) -> None:
    """A copy of a virtual study, so that whatever is tried leaves the shipped one as it is."""
    with tempfile.TemporaryDirectory() as place:
        running = demonstration(folder, Path(place) / folder.resolve().name)
        print("VIRTUAL: nobody here exists, and nothing is kept when you stop (Ctrl-C).")
        _serve(running, host, port, behind_tls=False)


def demonstration(folder: Path, copy: Path) -> Running:
    """A virtual study copied to `copy`, everybody enrolled. Raises StudyProblems for a real one.

    Where it comes with entries, its clock goes on from the last of them, so that bags thawed then are thawed now.
    """
    if not promise_of(folder).virtual:
        told = "is a real study; --demo prints passwords and codes on the sign-in page."
        raise StudyProblems([Problem(str(folder), told, "Serve it without --demo.")])
    shipped = (folder / SHIPPED).exists()
    left = shutil.ignore_patterns(f"{FILE}*", KEY_FILE) if shipped else None
    shutil.copytree(folder, copy, ignore=left)
    clock = _clock_from(_load_shipped(copy)) if shipped else clock_now
    running = running_on(copy, None, demo=True, clock=clock)
    enrol_all(running)
    return running


def _load_shipped(copy: Path) -> datetime:
    """The shipped entries in a fresh ledger; when the last was entered. Raises StudyProblems when they are damaged."""
    engine = open_engine(sqlite_url(copy / FILE))
    try:
        migrate(engine)
        with write_transaction(engine) as connection, (copy / SHIPPED).open("rb") as lines:
            head = load(connection, lines)
            last = connection.execute(sa.select(ENTRIES.c.entered_at).where(ENTRIES.c.seq == head.seq)).scalar_one()
    except LedgerRefusal as refused:
        raise StudyProblems([Problem(SHIPPED, str(refused), "Install onearm again.")]) from None
    finally:
        engine.dispose()
    assert isinstance(last, datetime)
    return last


def _clock_from(start: datetime) -> Callable[[], datetime]:
    """A clock that says `start` now, and goes."""
    began = time.monotonic()
    return lambda: start + timedelta(seconds=time.monotonic() - began)


def _serve(running: Running, host: str, port: int, behind_tls: bool) -> None:
    print(f"http://{host}:{port}  (research use, not a medical device; doses need an independent check)", flush=True)
    uvicorn.run(
        create_app(running), host=host, port=port, log_level="warning", proxy_headers=behind_tls, server_header=False
    )
