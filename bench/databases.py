"""Databases for the benches of the ledger: SQLite in a folder of its own, PostgreSQL with a server of its own."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.process import ROOT

for _folder in ("tests", "tests/ledger"):  # the server, the small study, the writers and the tamperer of the tests
    sys.path.insert(0, str(ROOT / _folder))

KINDS = ("sqlite", "postgresql")


@contextmanager
def databases() -> Iterator[dict[str, str]]:
    """URL of an empty, migrated database of each kind, with the rights of its owner."""
    with servers() as fresh:
        yield {kind: fresh(kind) for kind in KINDS}


@contextmanager
def servers() -> Iterator["Fresh"]:
    """A maker of empty, migrated databases. Raises MeasureFailed where PostgreSQL is not installed."""
    import postgresql

    from bench.measure import MeasureFailed

    if postgresql.programs() is None:
        raise MeasureFailed("PostgreSQL is not installed: apt-get install postgresql")
    with tempfile.TemporaryDirectory(prefix="onearm-bench-") as folder, postgresql.server() as server:
        yield Fresh(Path(folder), server)


class Fresh:
    """Makes databases: `fresh("sqlite")`."""

    def __init__(self, folder: Path, server) -> None:  # type: ignore[no-untyped-def]
        self.folder, self.server, self.count = folder, server, 0

    def __call__(self, kind: str) -> str:
        from onearm.ledger.migration import migrate
        from onearm.ledger.store import open_engine, sqlite_url

        self.count += 1
        if kind == "sqlite":
            url = sqlite_url(self.folder / f"ledger-{self.count}.sqlite")
        else:
            self.server.run(f"CREATE DATABASE bench_{self.count}")
            url = self.server.url(f"bench_{self.count}")
        engine = open_engine(url)
        migrate(engine)
        engine.dispose()
        return url
