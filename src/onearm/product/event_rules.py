"""A1: serious events reach the sponsor physician within the clock; an adverse event begins after consent.

That a serious event has a criterion, and that grade 5 is a death, are rules of the table and of `records`. The reporter
is the actor of the entry: that it is not the reviewer is seen where entries are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from onearm.product.hindsight import severity_of
from onearm.product.history import History, Row
from onearm.product.words import shown
from onearm.results.finding import Finding, Severity


def events_begin_after_consent(history: History) -> Iterator[Finding]:
    """A1: what began before the consent is history of the patient, no adverse event."""
    first: dict[str, Row] = {}
    for consent in sorted(history.rows("consents"), key=lambda c: (c["given_at"], c["consent_id"])):
        if consent["kind"] != "withdrawn":
            first.setdefault(consent["subject_id"], consent)
    for event in history.rows("adverse_events"):
        given = first.get(event["subject_id"])
        if given is not None and event["started_at"] < given["given_at"]:
            key, at, when = event["event_id"], shown(event["started_at"]), shown(given["given_at"])
            yield Finding(
                "A1",
                severity_of(event, given),
                "adverse_events",
                key,
                at,
                when,
                f"Adverse event {key} of {event['subject_id']} began {at}, before the consent of {when}.",
                f"El evento {key} de {event['subject_id']} empezó el {at}, antes del consentimiento del {when}.",
                "Check the time; what was there before is no adverse event.",
            )


def serious_events_are_reported_in_time(history: History) -> Iterator[Finding]:
    """A1: from start to report at most 24 h, confirmed when longer: a late report is still a report."""
    hours = history.rulebook.serious_report_h
    for event in history.rows("adverse_events"):
        late = event["reported_at"] - event["started_at"]
        if event["serious"] and late > timedelta(hours=float(hours)):
            key, took = event["event_id"], f"{late / timedelta(hours=1):.0f} h"
            yield Finding(
                "A1",
                Severity.CONFIRM,
                "adverse_events",
                key,
                took,
                f"at most {shown(hours)} h",
                f"Serious event {key} of {event['subject_id']} was reported {took} after it began.",
                f"El evento grave {key} de {event['subject_id']} se notificó {took} después de empezar.",
                "Say in the narrative when the site became aware of it.",
            )


@dataclass(frozen=True, slots=True)
class EventWaiting:
    """A serious event that no sponsor physician has reviewed."""

    event_id: str
    subject_id: str
    term: str
    reported_at: datetime
    due_at: datetime
    minutes_left: int  # rounded down; below 0 when overdue


def serious_events_waiting(history: History, now: datetime) -> tuple[EventWaiting, ...]:
    """Serious events without review, the first due first."""
    clock = timedelta(hours=float(history.rulebook.serious_report_h))
    found = []
    for event in history.rows("adverse_events"):
        if event["serious"] and event["reviewed_by"] is None and event["reported_at"] <= now:
            due = event["reported_at"] + clock
            left = (due - now) // timedelta(minutes=1)
            told = (event["event_id"], event["subject_id"], event["term"], event["reported_at"])
            found.append(EventWaiting(*told, due, left))
    return tuple(sorted(found, key=lambda e: (e.due_at, e.event_id)))


def serious_events_are_reviewed(history: History, now: datetime) -> Iterator[Finding]:
    """A1 at `now`: a serious event whose clock ran out without a review."""
    for event in serious_events_waiting(history, now):
        if event.minutes_left < 0:
            due = shown(event.due_at)
            yield Finding(
                "A1",
                Severity.CONFIRM,
                "adverse_events",
                event.event_id,
                "not reviewed",
                due,
                f"Serious event {event.event_id} of {event.subject_id} was to be reviewed by {due}.",
                f"El evento grave {event.event_id} de {event.subject_id} debía revisarse el {due}.",
                "The sponsor physician reviews it.",
            )
