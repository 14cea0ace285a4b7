"""Writing the ledger: one act = one transaction = its entries and the rows they give, or nothing."""

import secrets
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from onearm.ledger.entry import (
    FIRST_HASH,
    GONE,
    WITHOUT_REASON,
    Action,
    Actor,
    Entry,
    chain_hash,
    values_hash,
    values_text,
)
from onearm.ledger.guards import REDACTED
from onearm.ledger.once import doubled
from onearm.ledger.problems import Conflict, EditingRestricted, InvalidRow, LedgerRefusal, ReasonMissing
from onearm.ledger.reading import View
from onearm.ledger.tables import ENTRIES, SCHEMAS, STATE, record_key
from onearm.records.tables import TABLES
from onearm.records.validation import check_rows
from onearm.results.problems import Problem
from onearm.vocabulary.clock import as_utc, text_of
from onearm.vocabulary.identifiers import personal_data

ANYWHERE = "ledger"  # table name of acts that leave no row: denied, export, read_identified


@dataclass(slots=True)
class Writing:
    """The open transaction of one act. Everything it adds stands together or not at all."""

    view: View
    actor: Actor
    clock: Callable[[], datetime]
    written: list[Entry] = field(default_factory=list)
    _head: tuple[int, str, datetime] | None = None
    _restricted: str | None = None
    _looked: bool = False

    def add(
        self,
        table: str,
        values: Mapping[str, object],
        *,
        occurred_at: datetime | None = None,
        reason: str = "",
        action: Action = Action.CREATE,
    ) -> Entry:
        """A new row. Raises Conflict when its key stands already, InvalidRow when it breaks a rule of its table."""
        return self.add_all(table, [values], occurred_at=occurred_at, reason=reason, action=action)[0]

    def add_all(
        self,
        table: str,
        rows: Sequence[Mapping[str, object]],
        *,
        occurred_at: datetime | None = None,
        reason: str = "",
        action: Action = Action.CREATE,
    ) -> tuple[Entry, ...]:
        """New rows of one table, checked together; entries in order of key. Raises as `add` does."""
        if not rows:
            return ()
        self._refuse_when_restricted(table)
        for row in rows:
            key = record_key(table, row)
            if self._last_version(table, key):
                raise Conflict(table, key, None, self._stands(table, key))
        full = self._checked(table, [{**row, "version": 1, "entered_at": self.moment()} for row in rows])
        entries = tuple(
            self._append(action, table, record_key(table, row), 1, values_text(row), occurred_at, reason)
            for row in full
        )
        self.view.connection.execute(sa.insert(STATE[table]), full)
        return entries

    def correct(
        self,
        table: str,
        values: Mapping[str, object],
        *,
        read_version: int,
        reason: str,
        occurred_at: datetime | None = None,
        action: Action = Action.CORRECT,
    ) -> Entry:
        """A new version of a row. Raises Conflict unless `read_version` is the one that stands."""
        key = record_key(table, values)
        if self._last_version(table, key) != read_version:
            raise Conflict(table, key, read_version, self._stands(table, key))
        self._refuse_when_restricted(table)
        version = read_version + 1
        (row,) = self._checked(table, [{**values, "version": version, "entered_at": self.moment()}])
        entry = self._append(action, table, key, version, values_text(row), occurred_at, reason)
        sql = STATE[table]
        matches = [c == row[c.name] for c in sql.primary_key.columns]
        changed = self.view.connection.execute(sa.update(sql).where(*matches).values(row))
        if not changed.rowcount:  # it had been withdrawn
            self.view.connection.execute(sa.insert(sql), [row])
        return entry

    def withdraw(self, table: str, *key: object, read_version: int, reason: str) -> Entry:
        """A row that was entered in error: it stands no more, every version of it stays in the ledger."""
        name = "/".join(str(k) for k in key)
        if self._last_version(table, name) != read_version:
            raise Conflict(table, name, read_version, self._stands(table, name))
        self._refuse_when_restricted(table)
        entry = self._append(Action.CORRECT, table, name, read_version + 1, GONE, None, reason)
        sql = STATE[table]
        matches = [c == k for c, k in zip(sql.primary_key.columns, key, strict=True)]
        self.view.connection.execute(sa.delete(sql).where(*matches))
        return entry

    def note(self, action: Action, values: Mapping[str, object], *, reason: str) -> Entry:
        """An act that leaves no row: something denied, exported, read."""
        key = str(self._next_seq())
        return self._append(action, ANYWHERE, key, 1, values_text(values), None, reason)

    def redact(self, seq: int, *, reason: str) -> Entry:
        """Erase the values of a superseded version; the chain still verifies. Raises LedgerRefusal for the newest."""
        query = sa.select(ENTRIES.c.table_name, ENTRIES.c.record_key, ENTRIES.c.version).where(ENTRIES.c.seq == seq)
        found = self.view.connection.execute(query).first()
        if found is None:
            raise LedgerRefusal(f"Entry {seq} is not there.")
        if found.version == self._last_version(found.table_name, found.record_key):
            raise LedgerRefusal(f"Entry {seq} is the newest version; correct the row first, then erase this one.")
        named = values_text({"table_name": found.table_name, "record_key": found.record_key})
        entry = self._append(Action.REDACT, REDACTED, str(seq), 1, named, None, reason)
        if self.view.connection.dialect.name == "postgresql":
            self.view.connection.execute(sa.select(sa.func.entries_redact(seq)))
        else:
            erased = sa.update(ENTRIES).where(ENTRIES.c.seq == seq).values(values_json=None, salt=None)
            self.view.connection.execute(erased)
        return entry

    def _checked(self, table: str, rows: Sequence[Mapping[str, object]]) -> list[dict[str, Any]]:
        schema = SCHEMAS[table]
        columns = schema.columns()
        unknown = sorted({name for row in rows for name in row if name not in columns})
        if unknown:
            raise TypeError(f"{table} has no column {', '.join(unknown)}.")
        frame = pl.DataFrame({name: [row.get(name) for row in rows] for name in columns}, strict=False)
        good, problems = check_rows(schema, frame, file=table)
        full = good.to_dicts()
        problems = problems or doubled(self.view.connection, table, full)
        if problems:
            raise InvalidRow(table, problems)
        return full

    def _refuse_when_restricted(self, table: str) -> None:
        if table not in TABLES:
            return
        if not self._looked:
            held = self.view.rows("freezes", state="frozen", restricts_editing=True)
            self._restricted, self._looked = (held[0]["freeze_id"] if held else None), True
        if self._restricted:
            raise EditingRestricted(self._restricted)

    def _last_version(self, table: str, key: str) -> int:
        """The newest version of a row, 0 when there was never one."""
        query = sa.select(sa.func.max(ENTRIES.c.version)).where(
            ENTRIES.c.table_name == table, ENTRIES.c.record_key == key
        )
        return self.view.connection.execute(query).scalar() or 0

    def _stands(self, table: str, key: str) -> dict[str, Any]:
        """The row that was in the way; empty when it was withdrawn."""
        return self.view.row(table, *key.split("/")) or {}

    def _head_now(self) -> tuple[int, str, datetime]:
        if self._head is None:
            row = self.view._last()
            now = as_utc(self.clock())
            # time order is seq order: "as known at" is a prefix of the chain
            self._head = (row.seq, row.hash, max(now, row.entered_at)) if row else (0, FIRST_HASH, now)
        return self._head

    def _next_seq(self) -> int:
        return self._head_now()[0] + 1

    def moment(self) -> datetime:
        """When this act is entered: never before the entry before it."""
        return self._head_now()[2]

    def _append(
        self,
        action: Action,
        table: str,
        key: str,
        version: int,
        values_json: str,
        occurred_at: datetime | None,
        reason: str,
    ) -> Entry:
        reason = _readable(table, action, reason)
        seq, prev_hash, now = self._head_now()
        salt = secrets.token_bytes(16)
        sealed = values_hash(salt, values_json)
        occurred = as_utc(occurred_at) if occurred_at else now
        linked: dict[str, Any] = {
            "seq": seq + 1,
            "actor": self.actor.account,
            "role": self.actor.role,
            "site": self.actor.site,
            "action": action.value,
            "table_name": table,
            "record_key": key,
            "version": version,
            "values_sha256": sealed,
            "reason": reason,
            "prev_hash": prev_hash,
        }
        digest = chain_hash(entered_at=text_of(now), occurred_at=text_of(occurred), **linked)
        entry = Entry(entered_at=now, occurred_at=occurred, values_json=values_json, salt=salt, hash=digest, **linked)
        columns = {c.name: getattr(entry, c.name) for c in ENTRIES.columns}
        self.view.connection.execute(sa.insert(ENTRIES), [columns])
        self._head = (entry.seq, digest, now)
        self.written.append(entry)
        return entry


def _readable(table: str, action: Action, reason: str) -> str:
    """The reason as it is kept. Raises ReasonMissing, and InvalidRow for what could never be erased again."""
    reason = unicodedata.normalize("NFC", reason.strip())
    if not reason and action not in WITHOUT_REASON:
        raise ReasonMissing(action.value)
    if table != ANYWHERE and (kind := personal_data(reason)):
        told = f"The reason holds a {kind}, and a reason cannot be erased later."
        raise InvalidRow(table, (Problem(table, told, "Say why without it."),))
    return reason
