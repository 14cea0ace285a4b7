"""A form on paper: the questions of an act as boxes, for when the network is down; the paper is then the record.

Ids stand without the check character of a label: nobody scans or types a form in place of wristband or bag.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from onearm.bedside.act import Act
from onearm.bedside.field import Field, Option
from onearm.bedside.situation import NotThere, Situation
from onearm.product.container_state import state_of
from onearm.product.thaw_clock import runs_out_at

_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_MOST_OPTIONS = 24  # more are written by hand
_LONG = frozenset({"narrative", "remark", "question", "answer", "risk_assessment", "reason", "qualification"})


@dataclass(frozen=True, slots=True)
class PaperField:
    """One question. `ticks`: its allowed values as (value, word of the catalogue or None)."""

    field: Field
    shape: str  # ticks, time, date, number, text, long
    ticks: tuple[Option, ...]
    labelled: bool  # the words of the ticks are given, not looked up


@dataclass(frozen=True, slots=True)
class BagClock:
    """What a form about a bag says of it, with boxes for the clock."""

    container_id: str
    lot_id: str
    expires_at: datetime
    limit_min: int  # from end of thaw to the last drop
    runs_out_at: datetime | None


@dataclass(frozen=True, slots=True)
class PaperForm:
    """One form with its number."""

    number: str
    act_id: str
    key: str
    subject_id: str | None
    bag: BagClock | None
    fields: tuple[PaperField, ...]
    signed: bool
    second_person: bool

    @property
    def name(self) -> str:
        """As the ledger notes it."""
        return f"form {self.number} of {self.act_id}{f' for {self.key}' if self.key else ''}"


def paper_form(act: Act, situation: Situation | None, subject_id: str | None = None) -> PaperForm:
    """The form of an act on a case; without one its codes are written by hand, but for the patient's if it is known."""
    fields = tuple(_field(field, situation) for field in act.fields)
    signed = (act.meaning is not None, act.second_person is not None)
    if situation is None:
        return PaperForm(_number(), act.id, "", subject_id, None, fields, *signed)
    who = (_subject_of(situation), _clock(situation))
    return PaperForm(_number(), act.id, situation.key, *who, fields, *signed)


def _number() -> str:
    return "F-" + "".join(secrets.choice(_LETTERS) for _ in range(8))


def _field(field: Field, situation: Situation | None) -> PaperField:
    if field.options is not None and situation is None:
        return PaperField(field, "text", (), True)
    if field.options is not None and situation is not None:
        options = tuple(field.options(situation))
        few = 0 < len(options) <= _MOST_OPTIONS
        return PaperField(field, "ticks" if few else "text", options if few else (), True)
    if field.kind == "yes_no":
        return PaperField(field, "ticks", (("true", "yes"), ("false", "no")), False)
    if field.choices and field.kind in ("choice", "several"):
        return PaperField(field, "ticks", tuple((c, c) for c in field.choices), False)
    shapes: Mapping[str, str] = {"time": "time", "date": "date", "number": "number", "integer": "number"}
    return PaperField(field, shapes.get(field.kind, "long" if field.name in _LONG else "text"), (), False)


def _subject_of(situation: Situation) -> str | None:
    if situation.about.name == "bag":
        return state_of(situation.records, situation.key).subject_id
    return situation.subject_id


def _clock(situation: Situation) -> BagClock | None:
    """Of an act about a bag, or about an order that has one."""
    name = situation.key if situation.about.name == "bag" else _bag_of_order(situation)
    if name is None:
        return None
    bag = situation.view.row("containers", name)
    if bag is None:
        raise NotThere(name)
    lot = situation.view.row("lots", bag["lot_id"]) or {}
    records = situation.view.near(lots=[bag["lot_id"]])
    rulebook = situation.promise.rulebook
    ends = runs_out_at(state_of(records, name), rulebook)
    return BagClock(name, bag["lot_id"], lot["expires_at"], int(rulebook.thaw_limit_min), ends)


def _bag_of_order(situation: Situation) -> str | None:
    if situation.about.name not in ("order", "infusion") or situation.row is None:
        return None
    events = situation.view.rows("custody", dose_order_id=situation.row["dose_order_id"])
    bags = sorted({e["container_id"] for e in events})
    return bags[0] if len(bags) == 1 else None
