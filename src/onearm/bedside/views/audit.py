"""The audit trail: who changed what, when and why; every version of a row side by side with its signatures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from onearm.bedside.screen import Asking, Offer, Screen, offers, offers_of_rows
from onearm.bedside.situation import NotThere
from onearm.bedside.versions import Change, changes, site_of, values_of
from onearm.ledger.entry import GONE, Action, Entry
from onearm.ledger.reading import View
from onearm.ledger.signing import state_of
from onearm.ledger.tables import ENTRIES, SCHEMAS
from onearm.records.tables import TABLES

FILTERS = ("subject", "table", "key", "actor", "action", "site", "since", "until")
_LINES = 50
_WITHOUT_VALUES = ("AD",)  # reads no clinical value

Clause = sa.ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One entry. `erased`: redacted; `withdrawn`: the row stands no more since this version."""

    seq: int
    entered_at: datetime
    occurred_at: datetime
    actor: str
    role: str
    site: str
    action: str
    table: str
    key: str
    version: int
    reason: str
    changes: tuple[Change, ...]
    erased: bool
    withdrawn: bool
    has_history: bool


@dataclass(frozen=True, slots=True)
class Redaction:
    """Old values somebody asked to erase."""

    redaction_id: str
    entry_seq: int
    why: str
    state: str
    asked_by: str
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class Audit:
    """One page of the trail, newest first. `older` is the entry the next page begins before."""

    filters: dict[str, str]
    unread: tuple[str, ...]  # filters that could not be read: nothing is shown then
    lines: tuple[AuditLine, ...]
    older: int | None
    values_shown: bool
    tables: tuple[str, ...]
    actions: tuple[str, ...]
    redactions: tuple[Redaction, ...]
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a row."""

    version: int
    seq: int
    entered_at: datetime
    occurred_at: datetime
    actor: str
    role: str
    site: str
    action: str
    reason: str
    erased: bool
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One field over all versions; `changed` where it differs from the version before."""

    column: str
    values: tuple[str | None, ...]
    changed: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One signature and what it is worth now: valid, superseded, broken."""

    signature_id: str
    version: int
    meaning: str
    statement: str | None
    signer: str
    role: str
    signed_at: datetime
    state: str


@dataclass(frozen=True, slots=True)
class RowHistory:
    """Every version of one row side by side, oldest first."""

    table: str
    key: str
    versions: tuple[Version, ...]
    fields: tuple[FieldLine, ...]
    signatures: tuple[SignatureLine, ...]
    values_shown: bool


def read_audit(asking: Asking) -> Audit:
    """One page of the trail within the filters of the address."""
    filters = {name: asking.query.get(name, "").strip() for name in FILTERS}
    clauses, unread = _clauses(filters, asking.person.timezone)
    before = asking.query.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 19:
        clauses.append(ENTRIES.c.seq < int(before))
    if asking.only_site is not None:
        clauses.append(_of_site(asking.only_site))
    query = sa.select(*ENTRIES.c).where(*clauses).order_by(ENTRIES.c.seq.desc()).limit(_LINES + 1)
    found = [] if unread else [Entry(*row) for row in asking.view.connection.execute(query)]
    shown = asking.person.role not in _WITHOUT_VALUES
    return Audit(
        {name: value for name, value in filters.items() if value},
        unread,
        tuple(_line(asking.view, entry, shown) for entry in found[:_LINES]),
        found[_LINES - 1].seq if len(found) > _LINES else None,
        shown,
        tuple(SCHEMAS),
        tuple(Action),
        _redactions(asking),
        tuple(o for o in offers(asking.situation("study", "")) if o.act == "ask-redaction"),
    )


def _clauses(filters: Mapping[str, str], timezone: str) -> tuple[list[Clause], tuple[str, ...]]:
    """What the filters ask for, and the names of those that cannot be read."""
    c = ENTRIES.c
    clauses: list[Clause] = []
    unread = []
    for name, column in (("table", c.table_name), ("key", c.record_key), ("actor", c.actor), ("action", c.action)):
        if filters[name]:
            clauses.append(column == filters[name])
    if filters["site"]:
        clauses.append(_of_site(filters["site"]))
    if filters["subject"]:
        clauses.append(_of_subject(filters["subject"]))
    edges: tuple[tuple[str, Callable[[datetime], Clause], int], ...] = (
        ("since", lambda at: c.entered_at >= at, 0),
        ("until", lambda at: c.entered_at < at, 1),
    )
    for name, clause, days in edges:
        if filters[name]:
            try:
                day = date.fromisoformat(filters[name]) + timedelta(days=days)
                clauses.append(clause(datetime.combine(day, time(), ZoneInfo(timezone))))
            except (ValueError, OverflowError):
                unread.append(name)
    return clauses, tuple(unread)


def _of_site(site: str) -> Clause:
    """Rows of a site, and what was written there about nothing in particular.

    Values are canonical JSON: a quote inside of a text is escaped, so the words below are a name and its value.
    """
    text = sa.func.coalesce(ENTRIES.c.values_json, "")
    names_a_site = text.contains('"site_id":"', autoescape=True)
    return text.contains(f'"site_id":"{site}"', autoescape=True) | ((ENTRIES.c.site == site) & ~names_a_site)


def _of_subject(subject: str) -> Clause:
    """Rows that name a patient, and rows named after one."""
    key, text = ENTRIES.c.record_key, sa.func.coalesce(ENTRIES.c.values_json, "")
    named = text.contains(f'"subject_id":"{subject}"', autoescape=True)
    after = [key.startswith(subject + mark, autoescape=True) for mark in "-/"]
    return sa.or_(named, key == subject, *after)


def _line(view: View, entry: Entry, shown: bool) -> AuditLine:
    before = None
    if entry.version > 1:
        c = ENTRIES.c
        same = (c.table_name == entry.table_name, c.record_key == entry.record_key, c.version == entry.version - 1)
        before = view.connection.execute(sa.select(c.values_json).where(*same)).scalar()
    erased, withdrawn = entry.values_json is None, entry.values_json == GONE
    found = () if erased or withdrawn else changes(values_of(before), values_of(entry.values_json))
    return AuditLine(
        entry.seq,
        entry.entered_at,
        entry.occurred_at,
        entry.actor,
        entry.role,
        entry.site,
        entry.action,
        entry.table_name,
        entry.record_key,
        entry.version,
        entry.reason if shown or entry.table_name not in TABLES else "",
        found if shown else tuple(Change(change.column, None, None) for change in found),
        erased,
        withdrawn,
        entry.table_name in SCHEMAS,
    )


def _redactions(asking: Asking) -> tuple[Redaction, ...]:
    if asking.only_site is not None:
        return ()
    rows = asking.view.rows("redactions")
    on = offers_of_rows(asking, "redaction", [r["redaction_id"] for r in rows])
    columns = ("redaction_id", "entry_seq", "why", "state", "asked_by")
    return tuple(Redaction(**{c: r[c] for c in columns}, offers=on[r["redaction_id"]]) for r in rows)


def read_history(asking: Asking) -> RowHistory:
    """Every version of one row. Raises NotThere for one of another site."""
    table, key = asking.path["table"], asking.path["key"]
    entries = asking.view.history(table, key) if table in SCHEMAS else ()
    if not entries or not _may_see(asking, entries):
        raise NotThere(key)
    shown = asking.person.role not in _WITHOUT_VALUES
    values = [values_of(e.values_json) for e in entries]
    columns = dict.fromkeys(c for one in values for c in one)
    fields = tuple(_field(c, values) for c in columns) if shown else ()
    versions = tuple(_version(e, shown) for e in entries)
    return RowHistory(table, key, versions, fields, _signatures(asking.view, entries, shown), shown)


def _may_see(asking: Asking, entries: tuple[Entry, ...]) -> bool:
    """Whether the row, as it last said whose it is, belongs to a site the person sees."""
    if asking.only_site is None:
        return True
    sites = [site for e in entries if (site := site_of(e.values_json)) is not None]
    return (sites[-1] if sites else entries[-1].site) == asking.only_site


def _field(column: str, values: list[dict[str, str | None]]) -> FieldLine:
    told = tuple(one.get(column) for one in values)
    pairs = pairwise(values)
    changed = (False, *(bool(a and b) and a.get(column) != b.get(column) for a, b in pairs))
    return FieldLine(column, told, changed)


def _version(entry: Entry, shown: bool) -> Version:
    return Version(
        entry.version,
        entry.seq,
        entry.entered_at,
        entry.occurred_at,
        entry.actor,
        entry.role,
        entry.site,
        entry.action,
        entry.reason if shown or entry.table_name not in TABLES else "",
        entry.values_json is None,
        entry.values_json == GONE,
    )


def _signatures(view: View, entries: tuple[Entry, ...], shown: bool) -> tuple[SignatureLine, ...]:
    versions = {e.version: e.values_json for e in entries}
    rows = view.rows("signatures", table_name=entries[0].table_name, record_key=entries[0].record_key)
    return tuple(
        SignatureLine(
            s["signature_id"],
            s["signed_version"],
            s["meaning"],
            s["statement"] if shown else None,
            s["signer"],
            s["role"],
            s["signed_at"],
            state_of(s, versions).value,
        )
        for s in sorted(rows, key=lambda s: (s["signed_at"], s["signature_id"]))
    )


SCREENS = (
    Screen("/audit", "see_audit", "audit.html", Audit, read_audit),
    Screen("/audit/{table}/{key:path}", "see_audit", "row_history.html", RowHistory, read_history),
)
