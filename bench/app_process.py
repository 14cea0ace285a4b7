"""The app as its own process over HTTP, on a clock that a bench moves, and what its people sign with."""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from mmap import mmap
from pathlib import Path
from typing import Any

from bench.measure import MeasureFailed, Reading
from bench.process import ROOT

_STEP_S = 30  # of a one-time code
_READY_S = 60
_DELTA = struct.Struct("<q")


def use_tests() -> None:
    """The ward, the journey and the PostgreSQL server of the tests are those of the benches as well."""
    for folder in (ROOT / "tests" / "bedside", ROOT / "tests"):
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))


class SharedClock:
    """The time of the machine plus what was added to it, read by every process that holds its file."""

    def __init__(self, path: Path, start: datetime | None = None) -> None:
        self.path = path
        if start is not None:
            path.write_bytes(_DELTA.pack(round(start.timestamp() * 1000) - time.time_ns() // 1_000_000))
        with path.open("r+b") as file:
            self._bytes = mmap(file.fileno(), _DELTA.size)
        self._turn = threading.Lock()

    def milliseconds(self) -> int:
        """Since 1970, UTC."""
        return time.time_ns() // 1_000_000 + int(_DELTA.unpack_from(self._bytes)[0])

    def __call__(self) -> datetime:
        return datetime.fromtimestamp(self.milliseconds() / 1000, UTC)

    def to_step(self, step: int) -> None:
        """Go on to this step of the one-time codes, if it is not there yet."""
        with self._turn:
            behind = step * _STEP_S * 1000 - self.milliseconds()
            if behind > 0:
                _DELTA.pack_into(self._bytes, 0, int(_DELTA.unpack_from(self._bytes)[0]) + behind)

    def advance(self, by: timedelta) -> None:
        """Go on by so much."""
        with self._turn:
            more = round(by.total_seconds() * 1000)
            _DELTA.pack_into(self._bytes, 0, int(_DELTA.unpack_from(self._bytes)[0]) + more)


@dataclass
class Codes:
    """One-time codes, each once; the clock goes on where an account has none left."""

    secrets: dict[str, str]
    clock: SharedClock
    locks: dict[str, threading.RLock] = field(default_factory=dict)  # held by whoever signs with an account
    _last: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.locks |= {name: threading.RLock() for name in self.secrets}

    def next(self, account: str) -> str:
        """A code that was not used: of this step, or of the next, which is taken as well."""
        import pyotp

        now = self.clock.milliseconds() // 1000 // _STEP_S
        step = self._last[account] = max(self._last.get(account, 0) + 1, now)
        self.clock.to_step(step - 1)
        return pyotp.TOTP(self.secrets[account]).generate_otp(step)


@dataclass(frozen=True)
class Place:
    """Where the app keeps what: study folder, database, clock, listening sockets."""

    folder: Path
    url: str
    clock: SharedClock
    sockets: tuple[socket.socket, ...]  # of one port; where there are several the kernel spreads the browsers
    cheap: bool  # passwords at the price of a test

    @property
    def address(self) -> str:
        """Where a browser goes."""
        return f"http://localhost:{self.sockets[0].getsockname()[1]}"

    def close(self) -> None:
        """Nobody is there any more."""
        for one in self.sockets:
            one.close()


class AppProcess:
    """One process of the app. It loads all it needs and waits; `go` lets it open the ledger and answer."""

    def __init__(self, place: Place, door: int = 0) -> None:
        door = place.sockets[door].fileno()
        told = {
            "folder": str(place.folder),
            "url": place.url,
            "clock": str(place.clock.path),
            "socket": door,
            "cheap": place.cheap,
        }
        self.log = place.folder / "app.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bench.app_process", json.dumps(told)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                pass_fds=[door],
            )

    def loaded(self) -> None:
        """Wait until it has loaded."""
        assert self.process.stdout is not None
        if self.process.stdout.readline() != b"loaded\n":
            raise MeasureFailed(f"the app did not start:\n{self.log.read_text(errors='replace')[-2000:]}")

    def go(self) -> None:
        """Let it serve."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"go\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        """kill -9."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for end in (self.process.stdin, self.process.stdout):
            if end is not None:
                end.close()


def listening(doors: int) -> tuple[socket.socket, ...]:
    """Sockets on one free port of localhost. They outlive the app: a browser waits then."""
    made: list[socket.socket] = []
    for _ in range(doors):
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        one.bind(("127.0.0.1", made[0].getsockname()[1] if made else 0))
        one.listen(256)
        made.append(one)
    return tuple(made)


@dataclass(frozen=True)
class Base:
    """A study on one database: the ward of the tests before its app is served."""

    ward: Any
    folder: Path
    url: str
    server: Any = None  # the PostgreSQL server, where there is one

    def place(self, *, cheap: bool, doors: int = 1) -> Place:
        """Where it can be served: the clock goes on from that of the ward."""
        self.ward.ledger.close()
        clock = SharedClock(self.folder / "clock", self.ward.clock.now + timedelta(minutes=2))
        return Place(self.folder, self.url, clock, listening(doors), cheap)


@contextmanager
def base_on(kind: str, *, cheap: bool = True, people: Mapping[str, tuple[str, str]] | None = None) -> Iterator[Base]:
    """A study with people and nothing else, on "sqlite" or "postgresql"; `people`: more than the ward has.

    Raises MeasureFailed without a server.
    """
    use_tests()
    import postgresql
    import ward
    from moving_clock import Clock

    from onearm.bedside.identity.passwords import Cost
    from onearm.ledger.migration import grant_app, migrate
    from onearm.ledger.store import open_engine

    ward.PEOPLE |= people or {}
    cost = ward.CHEAP if cheap else Cost()
    with tempfile.TemporaryDirectory(prefix="onearm-bench-") as place:
        folder = Path(place) / "study"
        if kind == "sqlite":
            folder.mkdir()
            url = ward.sqlite_url(folder / ward.FILE)
            engine = open_engine(url)
            migrate(engine)
            engine.dispose()
            yield Base(_ward(ward, url, Clock(), folder, cost), folder, url)
            return
        if postgresql.programs() is None:
            raise MeasureFailed("PostgreSQL is not installed: apt-get install postgresql")
        with postgresql.server() as server:
            server.run("CREATE DATABASE ward")
            owner = open_engine(server.url("ward"))
            migrate(owner)
            grant_app(owner, postgresql.APP)
            owner.dispose()
            url = server.url("ward", postgresql.APP)
            yield Base(_ward(ward, url, Clock(), folder, cost), folder, url, server)


def _ward(ward: Any, url: str, clock: Any, folder: Path, cost: Any) -> Any:
    made = ward.ward_at(url, clock, folder)
    if cost != ward.CHEAP:  # everybody at today's price
        import sqlalchemy as sa

        from onearm.bedside.identity.tables import CREDENTIALS
        from onearm.ledger.store import write_transaction

        hashed = ward.hash_password(ward.PASSWORD, cost)
        with write_transaction(made.ledger.engine) as connection:
            connection.execute(sa.update(CREDENTIALS).values(password_hash=hashed))
        keys = replace(made.running.keys, cost=cost)
        made.running = replace(made.running, keys=keys)
    return made


def told_by(module: str, *arguments: str) -> Reading:
    """The reading that `python -m module arguments` prints as JSON; what it says meanwhile is seen.

    Raises MeasureFailed.
    """
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise MeasureFailed(f"{' '.join(command[1:])} ended with {done.returncode}; it said why above")
    return Reading(**json.loads(done.stdout))


def progress(text: str) -> None:
    """A line about how far it is, over the spinner of `make bench`."""
    clear = "\r\x1b[2K" if sys.stderr.isatty() else ""
    print(f"{clear}{text}", file=sys.stderr, flush=True)


def bar(done: int, total: int) -> str:
    """How far it is, 20 characters wide."""
    full = 20 * done // max(total, 1)
    return f"[{'#' * full}{'.' * (20 - full)}] {done:,} of {total:,}"


def serve(told: dict[str, Any]) -> None:
    """One process of the app: load, wait for the word, serve until killed."""
    import uvicorn

    from onearm.bedside.app import create_app
    from onearm.bedside.context import Running
    from onearm.bedside.identity.keys import StoredKeys
    from onearm.bedside.identity.passwords import Cost
    from onearm.bedside.identity.second_factor import open_key
    from onearm.bedside.serving import KEY_FILE, promise_of, running_on
    from onearm.ledger.ledger import Ledger
    from onearm.ledger.store import open_engine

    folder, clock = Path(told["folder"]), SharedClock(Path(told["clock"]))
    cost = Cost(time_cost=1, memory_kib=64, parallelism=1) if told["cheap"] else Cost()
    promise = promise_of(folder)
    keys = StoredKeys(open_key(folder / KEY_FILE), cost)
    app = create_app(Running(promise, Ledger(open_engine(told["url"]), promise.virtual, clock), keys))
    config = uvicorn.Config(app, log_level="warning", server_header=False)
    config.load()
    print("loaded", flush=True)
    os.dup2(2, 1)  # nobody reads what it says from now on
    sys.stdin.readline()
    started = running_on(folder, None if told["url"].startswith("sqlite") else told["url"])
    app.state.running = replace(started, ledger=replace(started.ledger, clock=clock), keys=keys)
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=told["socket"])])


if __name__ == "__main__":
    serve(json.loads(sys.argv[1]))
