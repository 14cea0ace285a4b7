"""Playing people: each act goes through `acting.perform` with every rule, at the time the story says."""

import heapq
import itertools
from collections import defaultdict
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from onearm.bedside.acting import NotReady, Request, perform
from onearm.bedside.acts.registry import ACTS
from onearm.bedside.field import as_text
from onearm.bedside.person import Person, person_of
from onearm.bedside.proof import Proof
from onearm.bedside.situation import Promise, about
from onearm.ledger.ledger import Ledger

Story = Generator[datetime, None, None]
_BETWEEN_ACTS = timedelta(seconds=20)


class Clock:
    """The time of the play."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


class Anybody:
    """Keys that fit: there is nobody to type a password. Who may sign is still judged."""

    def check_password(self, connection: object, proof: Proof, now: datetime) -> None:
        """Fits."""

    def use_code(self, connection: object, proof: Proof, now: datetime) -> None:
        """Fits."""


@dataclass
class Play:
    """The ledger being filled, its clock, and the bags that are free."""

    promise: Promise
    ledger: Ledger
    clock: Clock
    place: Path  # for files on their way
    stock: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))  # lot -> bags nobody has taken

    def run(self, stories: Iterable[Story], until: datetime) -> None:
        """Every story goes on when its time has come; at `until` all stop where they are."""
        count, waiting = itertools.count(), []
        for story in stories:
            self._go_on(story, waiting, count)
        while waiting and waiting[0][0] < until:
            at, _, story = heapq.heappop(waiting)
            self.clock.now = max(self.clock.now, at)
            self._go_on(story, waiting, count)

    def _go_on(self, story: Story, waiting: list[tuple[datetime, int, Story]], count: "itertools.count[int]") -> None:
        at = next(story, None)
        if at is not None:
            heapq.heappush(waiting, (at, next(count), story))

    @property
    def minute(self) -> datetime:
        """Now, as the bedside writes it."""
        return self.clock.now.replace(second=0, microsecond=0)

    def person(self, account: str) -> Person:
        """The account in its first role."""
        with self.ledger.reading() as view:
            held = view.rows("delegations", account_id=account)[0]
            found = person_of(view, account, held["role"], held["site_id"])
        assert found is not None, account
        return found

    def do(
        self, account: str, name: str, key: str = "", /, *, second: str = "", confirm: bool = False, **typed: Any
    ) -> dict[str, str]:
        """Perform an act; gives the key of the first row written in each table. Raises ValueError with every reason."""
        act = ACTS[name]
        if act.second_person:
            typed[act.second_person] = second
        proof = Proof(second or account, "", "") if act.meaning or act.second_person else None
        version = self._version(act.about, key) if act.changes else None
        asked = Request(key, {k: as_text(v) for k, v in typed.items()}, version, confirm, proof)
        try:
            done = perform(act, self.promise, self.ledger, self.person(account), asked, Anybody())
        except NotReady as open_:
            raise ValueError(f"{self.clock.now:%Y-%m-%d %H:%M} {account} {name} {key}: {_reasons(open_)}") from None
        self.clock.now += _BETWEEN_ACTS
        return {e.table_name: e.record_key for e in reversed(done.entries)}

    def _version(self, kind: str, key: str) -> int:
        with self.ledger.reading() as view:
            row = view.row(str(about(kind).table), *key.split("/"))
        assert row is not None, key
        return int(row["version"])


def _reasons(open_: NotReady) -> str:
    review = open_.review
    told = [f"{f.field}: {f.key} {f.values}" for f in review.faults] + ([review.refusal] if review.refusal else [])
    if review.judgement:
        told += [f"{f.severity} {f.rule} {f.sentence}" for f in (*review.judgement.blocks, *review.judgement.confirms)]
    return "; ".join(str(t) for t in told) or "a signature is missing"
