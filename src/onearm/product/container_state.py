"""State of a container: the replay of its custody through TRANSITIONS, with its allocation, place and thaw."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from onearm.records import Records
from onearm.records.custody import LIVE, PREVIOUS, TRANSITIONS

NOT_MADE = "not_made"  # before its first event
_NUMBERED = re.compile(r"^(.*?)(\d*)$")

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ContainerState:
    """Where a container stands."""

    container_id: str
    state: str = NOT_MADE  # or one of STATES
    since: datetime | None = None
    place: str | None = None
    dose_order_id: str | None = None  # order it is allocated to, or was when it ended
    subject_id: str | None = None
    thawed_at: datetime | None = None  # end of thaw: the clock runs from here
    allocated_from: str | None = None  # where a deallocation leads back to
    held_from: str | None = None  # where a cleared hold leads back to

    @property
    def is_live(self) -> bool:
        """Whether it is still there to be used."""
        return self.state in LIVE


@dataclass(frozen=True, slots=True)
class Step:
    """One event and what it did. An event from the wrong state counts all the same: it happened."""

    event: Row  # of `custody`
    before: ContainerState
    after: ContainerState
    is_legal: bool


def replay(container_id: str, events: Iterable[Row]) -> tuple[Step, ...]:
    """All steps of one container, from its rows of `custody` in any order."""
    stands, steps = ContainerState(container_id), []
    for event in sorted(events, key=order_of):
        allowed = TRANSITIONS[event["event"]].from_states or (NOT_MADE,)
        after = _after(stands, event)
        steps.append(Step(event, stands, after, stands.state in allowed))
        stands = after
    return tuple(steps)


def order_of(event: Row) -> tuple[datetime, datetime, str, int]:
    """Sorts events: when it happened, then as entered; names that end in a number by that number."""
    stem, number = _NUMBERED.match(event["custody_id"]).groups()  # type: ignore[union-attr]  # matches any line
    return event["occurred_at"], event["entered_at"], stem, int(number or 0)


def _after(stands: ContainerState, event: Row) -> ContainerState:
    name, state = event["event"], TRANSITIONS[event["event"]].to_state
    order, subject = stands.dose_order_id, stands.subject_id
    allocated_from, held_from = stands.allocated_from, stands.held_from
    if name == "allocated":
        order, subject, allocated_from = event["dose_order_id"], event["subject_id"], stands.state
    elif name == "deallocated":
        order, subject, allocated_from, state = None, None, None, allocated_from or stands.state
    elif state == "held":
        held_from = stands.state
    elif state == PREVIOUS:
        held_from, state = None, held_from or stands.state
    return ContainerState(
        container_id=stands.container_id,
        state=state,
        since=event["occurred_at"] if state != stands.state else stands.since,
        place=event["to_place"] or stands.place,
        dose_order_id=order,
        subject_id=subject,
        thawed_at=event["occurred_at"] if name == "thaw_ended" else stands.thawed_at,
        allocated_from=allocated_from,
        held_from=held_from,
    )


def state_after(container_id: str, steps: tuple[Step, ...], at: datetime | None = None) -> ContainerState:
    """The state at a time, events of that very moment counted; without a time: the last."""
    past = [s for s in steps if s.event["occurred_at"] <= at] if at is not None else steps
    return past[-1].after if past else ContainerState(container_id)


def state_of(records: Records, container_id: str, at: datetime | None = None) -> ContainerState:
    """State of one container, now or at a time; `not_made` without events."""
    events = records["custody"].filter(pl.col("container_id") == container_id).to_dicts()
    return state_after(container_id, replay(container_id, events), at)
