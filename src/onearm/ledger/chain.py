"""The chain of entries as it lies in the database, read entry by entry whatever somebody did to it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product
from typing import Any

import polars as pl
import sqlalchemy as sa

from onearm.ledger.columns import time_from
from onearm.ledger.entry import FIRST_HASH, Action, Entry
from onearm.ledger.guards import REDACTED
from onearm.ledger.reading import STREAMED, Head, View
from onearm.ledger.snapshot import VALUES
from onearm.ledger.tables import ENTRIES

_TIMES = ("entered_at", "occurred_at")
_KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(Entry.__slots__, (str,)),
    **dict.fromkeys(("seq", "version"), (int,)),
    **dict.fromkeys(_TIMES, (str, datetime)),
    "values_json": (str, type(None)),
    "salt": (bytes, type(None)),
}
_SHAPES = frozenset(product(*_KINDS.values()))
_EVERY = 1000  # entries from one sign of progress to the next


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is not as it must be; `seq` says where in the chain."""

    kind: str  # database, guard, chain, gap, tail, values, time, version, state, signature, delegation, rule
    seq: int | None
    sentence: str


@dataclass(slots=True)
class Chain:
    """What is kept of the entries that have passed, and what was wrong with them."""

    count: int = 0
    head: Head = Head(0, FIRST_HASH)  # as read last, sound or not
    faults: list[Fault] = field(default_factory=list)
    hashes: dict[int, str] = field(default_factory=dict)
    last_seq: dict[tuple[str, str], int] = field(default_factory=dict)  # of each row, by table and key
    acted: dict[tuple[str, str, str], list[tuple[datetime, int]]] = field(default_factory=lambda: defaultdict(list))
    _values: list[tuple[int, str, str, int, str | None]] = field(default_factory=list)
    _versions: dict[tuple[str, str], int] = field(default_factory=dict)
    _entered_at: datetime | None = None
    _erased: set[int] = field(default_factory=set)
    _named: set[str] = field(default_factory=set)  # seq that redact entries name

    @property
    def values(self) -> pl.DataFrame:
        """What the entries wrote, version by version."""
        seq, *others = VALUES.items()
        shape = dict([seq, *others[:2], ("version", pl.Int64), *others[2:]])
        return pl.DataFrame(self._values, schema=shape, orient="row")

    def take(self, row: Any) -> None:
        """The next entry as the database gives it."""
        self.count += 1
        try:
            entry = _entry(row)
            self._link(entry, entry.expected_hash(), entry.values_agree())
        except (TypeError, ValueError) as error:
            seq = row.seq if type(row.seq) is int else self.head.seq + 1
            self.faults.append(Fault("chain", seq, f"Entry {seq} was changed: it cannot be read ({error})."))
            self.head = Head(seq, str(row.hash))
            return
        self._keep(entry)

    def _link(self, entry: Entry, expected: str, values_agree: bool) -> None:
        seq, wanted = entry.seq, self.head.seq + 1
        if seq != wanted:
            self._fault("gap", seq, f"Entry {seq} follows {wanted - 1}: entries between are missing.")
        if entry.prev_hash != self.head.hash:
            told = f"Entry {seq} does not continue the entry before it: one of the two was changed."
            self._fault("chain", seq, told)
        if entry.hash != expected:
            self._fault("chain", seq, f"Entry {seq} was changed: its hash is not that of its content.")
        if not values_agree:
            self._fault("values", seq, f"Entry {seq}: the values are not those that were hashed.")
        if self._entered_at and entry.entered_at < self._entered_at:
            self._fault("time", seq, f"Entry {seq} was entered before the entry before it.")
        if self.count == 1 and entry.action != Action.OPEN:
            self._fault("chain", seq, "The first entry does not open a study: entries before it are missing.")
        was = self._versions.get((entry.table_name, entry.record_key), 0)
        if entry.version != was + 1:
            told = f"{entry.table_name} {entry.record_key}: version {entry.version} follows {was}."
            self._fault("version", seq, told)

    def _keep(self, entry: Entry) -> None:
        row, seq = (entry.table_name, entry.record_key), entry.seq
        self.head, self.hashes[seq], self._entered_at = Head(seq, entry.hash), entry.hash, entry.entered_at
        self._versions[row], self.last_seq[row] = entry.version, seq
        self._values.append((seq, *row, entry.version, entry.values_json))
        if entry.action != Action.DENIED:  # what was not done
            self.acted[entry.actor, entry.role, entry.site].append((entry.entered_at, seq))
        if entry.values_json is None:
            self._erased.add(seq)
        if entry.action == Action.REDACT and entry.table_name == REDACTED:
            self._named.add(entry.record_key)

    def _fault(self, kind: str, seq: int, sentence: str) -> None:
        self.faults.append(Fault(kind, seq, sentence))

    def erased_unnamed(self) -> Iterator[Fault]:
        """Values that are gone though no entry says who erased them and why."""
        for seq in sorted(self._erased):
            if str(seq) not in self._named:
                yield Fault("values", seq, f"Entry {seq}: the values were erased, and no entry says by whom and why.")

    def tail_faults(self, anchors: Iterable[Head]) -> Iterator[Fault]:
        """Heads noted elsewhere that are no longer in the chain."""
        for anchor in anchors:
            found = self.hashes.get(anchor.seq)
            if found is None and anchor.seq > self.head.seq:
                told = f"Entry {anchor.seq} was noted elsewhere; the ledger ends at {self.head.seq}: it was cut."
                yield Fault("tail", self.head.seq, told)
            elif found != anchor.hash:
                told = f"Entry {anchor.seq} is not the one noted elsewhere: it was replaced."
                yield Fault("tail", anchor.seq, told)


def read_chain(view: View, chain: Chain, progress: Callable[[int], None]) -> None:
    """Every entry, in order of seq, into `chain`."""
    columns: list[Any] = [sa.literal_column(name) for name in Entry.__slots__]  # no type: as it lies there
    query = sa.select(*columns).select_from(ENTRIES).order_by(sa.literal_column("seq"))
    for row in view.connection.execute(query, execution_options=STREAMED):
        chain.take(row)
        if chain.count % _EVERY == 0:
            progress(chain.count)
    progress(chain.count)


def _entry(row: Any) -> Entry:
    """Raises TypeError and ValueError for a cell that is not of its kind."""
    if tuple(map(type, row)) not in _SHAPES:
        odd = next(n for value, (n, kinds) in zip(row, _KINDS.items(), strict=True) if type(value) not in kinds)
        raise TypeError(f"{odd} is no {_KINDS[odd][0].__name__}")
    seq, entered_at, occurred_at, *others = row
    return Entry(seq, time_from(entered_at), time_from(occurred_at), *others)
