"""Status of a lot over time: what its release decisions, and the signatures on them, made of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import polars as pl

from onearm.product.signed import Signed
from onearm.product.specification import verdict_of
from onearm.records import Records

__all__ = ["GIVABLE", "Change", "LotCourse", "LotStatus", "course_of", "lot_status", "verdict_of"]

Row = Mapping[str, Any]
OUT_OF_SPEC_ROLES = ("QP", "IN", "SP")  # qualified person, doctor who asked, sponsor physician
_SAID = ("released", "released_out_of_spec")


class LotStatus(StrEnum):
    """What may be done with a lot."""

    IN_PRODUCTION = "in_production"
    QUARANTINE = "quarantine"
    RELEASED_FIRST_STEP = "released_first_step"
    RELEASED = "released"
    OUT_OF_SPEC_PENDING = "out_of_spec_pending"  # decided, not signed by all three
    RELEASED_OUT_OF_SPEC = "released_out_of_spec"
    REJECTED = "rejected"
    RECALLED = "recalled"


GIVABLE = (LotStatus.RELEASED_FIRST_STEP, LotStatus.RELEASED, LotStatus.RELEASED_OUT_OF_SPEC)
_LEADS_TO = {
    "release": LotStatus.RELEASED,
    "release_first_step": LotStatus.RELEASED_FIRST_STEP,
    "confirm_second_step": LotStatus.RELEASED,
    "release_out_of_spec": LotStatus.RELEASED_OUT_OF_SPEC,
    "reject": LotStatus.REJECTED,
    "recall": LotStatus.RECALLED,
}


@dataclass(frozen=True, slots=True)
class Change:
    """One decision and the status it led to."""

    at: datetime
    before: LotStatus
    after: LotStatus
    decision: Row  # of `release_decisions`


@dataclass(frozen=True, slots=True)
class LotCourse:
    """A lot through time."""

    lot: Row  # of `lots`
    made_at: datetime
    changes: tuple[Change, ...]  # in order

    def status(self, at: datetime | None = None) -> LotStatus:
        """Status at a time, decisions of that very moment counted; without a time: the last."""
        change = self.last(at)
        if change is not None:
            return change.after
        before = at is not None and at < self.made_at
        return LotStatus.IN_PRODUCTION if before else LotStatus.QUARANTINE

    def last(self, at: datetime | None = None) -> Change | None:
        """The decision in force at a time."""
        return next((c for c in reversed(self.changes) if at is None or c.at <= at), None)


def course_of(lot: Row, decisions: Iterable[Row], signed: Signed | None) -> LotCourse:
    """The course of one lot from its rows of `release_decisions`, in any order."""
    ordered = sorted(decisions, key=lambda d: (d["decided_at"], d["entered_at"], d["decision_id"]))
    stands, changes = LotStatus.QUARANTINE, []
    for decision in ordered:
        after = _LEADS_TO[decision["decision"]]
        if after is LotStatus.RELEASED_OUT_OF_SPEC and not is_signed_by_all(decision, signed):
            after = LotStatus.OUT_OF_SPEC_PENDING
        if stands is LotStatus.RECALLED or (stands is LotStatus.REJECTED and after is not LotStatus.RECALLED):
            after = stands  # nothing leads back
        changes.append(Change(decision["decided_at"], stands, after, decision))
        stands = after
    return LotCourse(lot, lot["frozen_at"] or lot["harvested_at"], tuple(changes))


def is_signed_by_all(decision: Row, signed: Signed | None) -> bool:
    """Whether three persons in the three roles signed a release out of specification; True where nobody can know."""
    return signed is None or not missing_signatures(decision, signed)


def missing_signatures(decision: Row, signed: Signed) -> tuple[str, ...]:
    """Roles whose signature is missing; a person who signed twice counts once."""
    given = [s for s in signed.on("release_decisions", decision["decision_id"]) if s.meaning in _SAID]
    open_roles = [role for role in OUT_OF_SPEC_ROLES if not any(s.role == role for s in given)]
    if not open_roles and len({s.signer for s in given if s.role in OUT_OF_SPEC_ROLES}) < len(OUT_OF_SPEC_ROLES):
        return OUT_OF_SPEC_ROLES
    return tuple(open_roles)


def lot_status(
    records: Records, lot_id: str, at: datetime | None = None, signed: Signed | None = None
) -> LotStatus | None:
    """Status of one lot, now or at a time; None when there is no such lot."""
    lots = records["lots"].filter(pl.col("lot_id") == lot_id).to_dicts()
    if not lots:
        return None
    decisions = records["release_decisions"].filter(pl.col("lot_id") == lot_id).to_dicts()
    return course_of(lots[0], decisions, signed).status(at)
