"""The case an act is about: its row, whose site it belongs to, and the records around it, read in one transaction."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import dataframely as dy

from onearm.bedside.person import Person
from onearm.ledger.reading import View
from onearm.ledger.tables import SCHEMAS
from onearm.protocol.rulebook import Rulebook
from onearm.protocol.study import Protocol
from onearm.records import Records


class NotThere(Exception):
    """Nothing has this name, or it is not for this person to see: the two look the same from outside."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What the study promised, in force while the app runs."""

    folder: Path
    protocol: Protocol
    rulebook: Rulebook
    virtual: bool

    @property
    def study_id(self) -> str:
        """Name of the study as on labels."""
        return self.protocol.study.id.upper()


@dataclass(frozen=True, slots=True)
class Situation:
    """What an act sees. `row` is the row it is about, None for acts about the study itself."""

    promise: Promise
    view: View
    person: Person
    clock: datetime  # to the millisecond, as the ledger enters it
    about: "About"
    key: str
    row: Mapping[str, Any] | None
    site: str | None  # site the row belongs to
    records: Records

    @property
    def now(self) -> datetime:
        """The minute it is: at the bed, times are whole minutes, so that one typed and one stamped can be compared."""
        return self.clock.replace(second=0, microsecond=0)

    @property
    def subject_id(self) -> str | None:
        """The patient concerned, if there is one."""
        return None if self.row is None else self.row.get("subject_id")

    @property
    def study(self) -> Mapping[str, Any]:
        """The study's own row: hashes and protocol version in force."""
        return self.view.rows("studies")[0]

    def around_bag(self, container_id: str) -> "Situation":
        """The same case with the records around a bag as well."""
        row = self.view.row("containers", container_id)
        if row is None:
            raise NotThere(container_id)
        subjects = [self.subject_id] if self.subject_id else []
        records = self.view.near(subjects=subjects, lots=[row["lot_id"]])
        return replace(self, records=records)

    def records_of_stock(self) -> Records:
        """Every lot and bag: what can be allocated."""
        return self.view.near(lots=[lot["lot_id"] for lot in self.view.rows("lots")])

    def the(self) -> Mapping[str, Any]:
        """The row. Raises NotThere without one."""
        if self.row is None:
            raise NotThere(self.key)
        return self.row


@dataclass(frozen=True, slots=True)
class About:
    """A kind of thing an act can be about."""

    name: str
    table: str | None
    page: str  # where to go after the act; {key} and columns of the row are filled in
    near: Callable[[View, Mapping[str, Any]], Records]
    site: Callable[[View, Mapping[str, Any]], str | None]


def _nothing(view: View, row: Mapping[str, Any]) -> Records:
    return Records(view.provenance, {})


def _own_site(view: View, row: Mapping[str, Any]) -> str | None:
    return str(row["site_id"])


def _site_of_subject(view: View, row: Mapping[str, Any]) -> str | None:
    subject = view.row("subjects", row["subject_id"])
    return None if subject is None else str(subject["site_id"])


def _subject(view: View, row: Mapping[str, Any]) -> Records:
    return view.near(subjects=[row["subject_id"]])


def _lot(view: View, row: Mapping[str, Any]) -> Records:
    return view.near(lots=[row["lot_id"]])


def _container(view: View, row: Mapping[str, Any]) -> Records:
    """Of its whole lot, and of the patient it is meant for."""
    subjects = {e["subject_id"] for e in view.rows("custody", container_id=row["container_id"]) if e["subject_id"]}
    return view.near(subjects=subjects, lots=[row["lot_id"]])


_MOVES = ("made", "received", "shipped")


def _site_of_container(view: View, row: Mapping[str, Any]) -> str | None:
    """Where it is: made or received there, or shipped to it. An allocation from afar moves nothing."""
    moves = [e for e in view.rows("custody", container_id=row["container_id"]) if e["event"] in _MOVES]
    if not moves:
        return str(row["site_id"])
    last = max(moves, key=lambda e: (e["occurred_at"], e["entered_at"], e["custody_id"]))
    return str(last["to_place"] if last["event"] == "shipped" else last["site_id"])


ABOUT: Mapping[str, About] = {
    about.name: about
    for about in (
        About("study", None, "/", _nothing, lambda view, row: None),
        About("lot", "lots", "/lots/{lot_id}", _lot, _own_site),
        About("lot_test", "lot_tests", "/lots/{lot_id}", _lot, _own_site),
        About("decision", "release_decisions", "/lots/{lot_id}", _lot, _own_site),
        About("bag", "containers", "/bags/{container_id}", _container, _site_of_container),
        About("subject", "subjects", "/patients/{subject_id}", _subject, _own_site),
        About("order", "dose_orders", "/patients/{subject_id}", _subject, _site_of_subject),
        About("infusion", "infusions", "/patients/{subject_id}", _subject, _site_of_subject),
        About("episode", "episodes", "/patients/{subject_id}", _subject, _site_of_subject),
        About("event", "adverse_events", "/patients/{subject_id}", _subject, _site_of_subject),
        About("image", "images", "/images", _subject, _site_of_subject),
        About("query", "queries", "/queries", _nothing, _own_site),
        About("redaction", "redactions", "/audit", _nothing, lambda view, row: None),
        About("freeze", "freezes", "/locks", _nothing, lambda view, row: None),
        About("account", "accounts", "/people", _nothing, _own_site),
        About("delegation", "delegations", "/people", _nothing, _own_site),
    )
}


def _of_row(table: str) -> About:
    """Any row of a record table, for its correction."""
    columns = SCHEMAS[table].columns()
    if "subject_id" in columns:
        page = "/images" if table == "image_reads" else "/patients/{subject_id}"  # a reader knows no patient
        return About(f"row:{table}", table, page, _subject, _site_of_subject)
    if "lot_id" in columns:
        return About(f"row:{table}", table, "/lots/{lot_id}", _lot, _own_site)
    if "infusion_id" in columns:
        return About(f"row:{table}", table, "/", _infusion, _site_of_infusion)
    return About(f"row:{table}", table, "/lots", _nothing, _own_site)


def _infusion(view: View, row: Mapping[str, Any]) -> Records:
    infusion = view.row("infusions", row["infusion_id"]) or {}
    return view.near(subjects=[infusion["subject_id"]])


def _site_of_infusion(view: View, row: Mapping[str, Any]) -> str | None:
    infusion = view.row("infusions", row["infusion_id"])
    return None if infusion is None else _site_of_subject(view, infusion)


def about(name: str) -> About:
    """The kind of thing by its name. Raises KeyError."""
    kind, _, table = name.partition(":")
    return _of_row(table) if kind == "row" and table in SCHEMAS else ABOUT[name]


def look(promise: Promise, view: View, person: Person, now: datetime, kind: About, key: str) -> Situation:
    """The case behind a key. Raises NotThere when nothing has it."""
    found = glance(promise, view, person, now, kind, key)
    return found if found.row is None else replace(found, records=kind.near(view, found.row))


def glance(promise: Promise, view: View, person: Person, now: datetime, kind: About, key: str) -> Situation:
    """The same without the records around it: enough to know whose it is. Raises NotThere."""
    if kind.table is None:
        return Situation(promise, view, person, now, kind, key, None, None, _nothing(view, {}))
    row = find_row(view, kind.table, key)
    if row is None:
        raise NotThere(key)
    return Situation(promise, view, person, now, kind, key, row, kind.site(view, row), _nothing(view, row))


def find_row(view: View, table: str, key: str) -> Mapping[str, Any] | None:
    """The row with a key as the ledger writes it, parts joined by `/`; None for another text, whatever it is."""
    schema, parts = SCHEMAS[table], key.split("/")
    if len(parts) != len(schema.primary_key()) or not key.isprintable():
        return None
    columns = [schema.columns()[name] for name in schema.primary_key()]
    typed = [_part(text, column) for text, column in zip(parts, columns, strict=True)]
    return None if None in typed else view.row(table, *typed)


def _part(text: str, column: dy.Column) -> str | int | None:
    """A part of a key in the type of its column; None for a number that is not written as the ledger writes it."""
    if not isinstance(column, dy.Int64):
        return text
    return int(text) if re.fullmatch(r"0|-?[1-9][0-9]{0,9}", text) else None


def may_see_patient(view: View, person: Person, subject_id: str) -> bool:
    """A pharmacist sees only patients with an order."""
    return person.role != "PH" or bool(view.rows("dose_orders", subject_id=subject_id))
