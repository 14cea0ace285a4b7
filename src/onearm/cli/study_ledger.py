"""A study folder that keeps its records in a ledger: opened for a command, and written out as files to analyse."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from onearm import __version__
from onearm.ledger.entry import Action, Actor
from onearm.ledger.freezing import frozen_records
from onearm.ledger.ledger import Ledger
from onearm.ledger.migration import migrate, owns_entries, require_current
from onearm.ledger.plan_locks import plan_locks
from onearm.ledger.problems import LedgerRefusal
from onearm.ledger.reading import View
from onearm.ledger.snapshot import snapshot
from onearm.ledger.store import FILE, open_engine, sqlite_url
from onearm.protocol.locks import Act
from onearm.records import Records, write_records
from onearm.results.problems import Problem, StudyProblems
from onearm.sources.locks import NAME as LOCKS
from onearm.sources.locks import append_lock
from onearm.sources.protocol_file import read_protocol
from onearm.vocabulary.clock import text_of

RECORDS = "records"
COMMAND = Actor("COMMAND-LINE", "COMMAND", "COMMAND")
_ACTS = {Act.FREEZE: Action.FREEZE, Act.OPEN_OUTCOMES: Action.EXPORT}


def has_ledger(folder: Path, db: str | None) -> bool:
    """Whether the records of this study are in a ledger."""
    return db is not None or (folder / FILE).exists()


def open_ledger(folder: Path, db: str | None) -> Ledger:
    """The ledger of a study: SQLite in its folder, or `db`.

    Raises StudyProblems when there is none, and for a PostgreSQL login that could take the guards away.
    """
    problems: list[Problem] = []
    protocol = read_protocol(folder, problems)
    if problems or protocol is None:
        raise StudyProblems(problems)
    if db is None and not (folder / FILE).exists():
        told = "there is no ledger here."
        raise StudyProblems([Problem(f"{folder}/{FILE}", told, "`onearm serve` makes one; or name it with --db.")])
    engine = open_engine(db or sqlite_url(folder / FILE))
    try:
        if db is None:
            migrate(engine)
        require_current(engine)
        if owns_entries(engine):
            told = "this login owns the ledger and could change its entries."
            raise StudyProblems([Problem("--db", told, "Give the login named to `onearm prepare --app`.")])
    except LedgerRefusal as refused:
        raise StudyProblems([Problem("--db", str(refused), "See docs/how-to/serve.md.")]) from None
    return Ledger(engine, protocol.study.virtual)


@contextmanager
def as_files(folder: Path, db: str | None) -> Iterator[Path]:
    """The study folder itself, or a copy whose records/ and locks.jsonl are those of its ledger."""
    if not has_ledger(folder, db):
        yield folder
        return
    ledger = open_ledger(folder, db)
    try:
        with tempfile.TemporaryDirectory() as place:
            copy = Path(place) / folder.resolve().name
            write_study(ledger, folder, copy)
            yield copy
    finally:
        ledger.close()


def write_study(ledger: Ledger, folder: Path, out: Path, lock: str | None = None) -> tuple[Records, str]:
    """A study folder of plain files: everything of `folder`, the records of a data lock (else as known now).

    Gives the records and, in words, which they are. Raises StudyProblems for a lock that is not there or not signed.
    """
    with ledger.reading() as view:
        records, which = _records(view, lock)
        locks = plan_locks(view)
    if out.exists() and any(out.iterdir()):
        raise StudyProblems(
            [Problem(str(out), "the folder is not empty.", "Give a new folder.")], "nothing was written"
        )
    kept = ("ledger.*", "images", "imports", "onearm.key", RECORDS, LOCKS)
    shutil.copytree(folder, out, ignore=shutil.ignore_patterns(*kept), dirs_exist_ok=True)
    write_records(records, out / RECORDS)
    for action, entered_at, values in locks:
        append_lock(out, Act.FREEZE if action == Action.FREEZE else Act.OPEN_OUTCOMES, values, now=entered_at)
    return records, which


def _records(view: View, lock: str | None) -> tuple[Records, str]:
    frozen = [row for row in view.rows("freezes") if row["state"] != "proposed"]
    if lock is not None:
        frozen = [row for row in frozen if row["freeze_id"] == lock]
        if not frozen:
            raise StudyProblems([Problem(lock, "is no signed data lock.", "The app lists them under Data locks.")])
    if frozen:
        last = max(frozen, key=lambda row: row["head_seq"])
        return frozen_records(
            view, last
        ), f"data lock {last['freeze_id']}, known until {last['as_known_at']:%Y-%m-%d %H:%M}Z"
    known = snapshot(view)
    return known.records, f"as known now (entry {known.seq}); no data lock"


def note(ledger: Ledger, act: Act, values: Mapping[str, str]) -> str:
    """Write down in the ledger that the plan was locked, or that outcomes were read; gives when."""
    reason = {Act.FREEZE: "plan locked", Act.OPEN_OUTCOMES: "outcomes read for analysis"}[act]
    with ledger.writing(COMMAND) as writing:
        entry = writing.note(_ACTS[act], {**values, "onearm": __version__, "plan": act.value}, reason=reason)
        return text_of(entry.entered_at)
