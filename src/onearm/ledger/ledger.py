"""The ledger of one study: opened by URL, written act by act, read in one consistent view."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from onearm.ledger.entry import Actor
from onearm.ledger.reading import View
from onearm.ledger.store import open_engine, read_transaction, write_transaction
from onearm.ledger.writing import Writing


def clock_now() -> datetime:
    """The time of the machine, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Ledger:
    """Entries and current state behind one engine. `virtual`: nobody in it exists; stamped on every Records."""

    engine: sa.Engine
    virtual: bool = False
    clock: Callable[[], datetime] = clock_now

    @classmethod
    def at(cls, url: str, *, virtual: bool = False, clock: Callable[[], datetime] = clock_now) -> "Ledger":
        """The ledger behind a URL, whose tables `migrate` has made."""
        return cls(open_engine(url), virtual, clock)

    @contextmanager
    def writing(self, actor: Actor) -> Iterator[Writing]:
        """One act in one transaction: nobody else writes while it is open, so what it reads still holds when it writes.

        An exception leaves nothing behind.
        """
        with write_transaction(self.engine) as connection:
            yield Writing(View(connection, self.virtual), actor, self.clock)

    @contextmanager
    def reading(self) -> Iterator[View]:
        """One consistent view."""
        with read_transaction(self.engine) as connection:
            yield View(connection, self.virtual)

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()
