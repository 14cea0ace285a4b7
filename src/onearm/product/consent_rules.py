"""S1: consent before the first study procedure, deferred consent confirmed in time, nothing new after a withdrawal."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from onearm.product.hindsight import severity_of
from onearm.product.history import History, Row
from onearm.product.words import shown
from onearm.results.finding import Finding, Severity

#: study procedures of treatment: table, key, time
PROCEDURES = (("dose_orders", "dose_order_id", "ordered_at"), ("infusions", "infusion_id", "started_at"))
#: data that a withdrawal stops; safety events and the end states stay with the law, and are asked about
_DATA = (
    ("weights", "weight_id", "measured_at", Severity.BLOCK),
    ("measurements", "measurement_id", "collected_at", Severity.BLOCK),
    ("visits", None, "occurred_at", Severity.BLOCK),
    ("image_reads", "image_read_id", "taken_at", Severity.BLOCK),
    ("episodes", "episode_id", "started_at", Severity.BLOCK),
    ("adverse_events", "event_id", "started_at", Severity.CONFIRM),
    ("outcomes", "outcome_id", "occurred_at", Severity.CONFIRM),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a scope is covered at a time, and the consent that says so, or that ended it."""

    is_covered: bool
    why: str  # consented, none, withdrawn, not_confirmed
    consent: Row | None


def standing(consents: Sequence[Row], scope: str, at: datetime, deferred_for: timedelta) -> Standing:
    """What covers `scope` at a time: the last consent to it so far; a deferred one only until its deadline."""
    past = sorted((c for c in consents if _covers(c, scope) and c["given_at"] <= at), key=_given)
    if not past:
        return Standing(False, "none", min(consents, key=_given, default=None))
    last = past[-1]
    if last["kind"] == "withdrawn":
        return Standing(False, "withdrawn", last)
    if last["kind"] == "deferred" and at - last["given_at"] > deferred_for:
        return Standing(False, "not_confirmed", last)
    return Standing(True, "consented", last)


def _covers(consent: Row, scope: str) -> bool:
    return f'"{scope}"' in consent["scope"]  # canonical JSON list


def _given(consent: Row) -> tuple[datetime, datetime, str]:
    return consent["given_at"], consent["entered_at"], consent["consent_id"]


_WHY: Mapping[str, tuple[str, str]] = {
    "none": ("no consent to treatment stood", "no había consentimiento para el tratamiento"),
    "withdrawn": ("consent was withdrawn", "el consentimiento se había retirado"),
    "not_confirmed": ("the deferred consent was not confirmed in time", "el consentimiento diferido no se confirmó"),
}


def treatment_follows_consent(history: History) -> Iterator[Finding]:
    """S1 at each order and infusion: treatment is consented to, by then and still."""
    consents = history.grouped("consents", "subject_id")
    deferred_for = timedelta(hours=float(history.rulebook.deferred_consent_h))
    for table, key, time in PROCEDURES:
        rows = history.orders if table == "dose_orders" else history.infusions
        for row in rows.values():
            subject = history.subjects.get(row["subject_id"])
            if subject is None or subject["cohort"] == "individual_external":  # K1 and C1 tell those
                continue
            stands = standing(consents.get(row["subject_id"], ()), "treatment", row[time], deferred_for)
            if not stands.is_covered:
                en, es = _WHY[stands.why]
                yield Finding(
                    "S1",
                    severity_of(row, stands.consent),
                    table,
                    row[key],
                    stands.why if stands.consent is None else f"{stands.why} {shown(stands.consent['given_at'])}",
                    f"consent by {shown(row[time])}",
                    f"{row[key]} of {row['subject_id']}, {shown(row[time])}: {en}.",
                    f"{row[key]} de {row['subject_id']}, {shown(row[time])}: {es}.",
                    "Record the consent that was given, or do not go on.",
                )


def withdrawal_stops_new_data(history: History) -> Iterator[Finding]:
    """S1: after the withdrawal of data nothing new is recorded; what was known before stays."""
    consents = history.grouped("consents", "subject_id")
    gone = {s: rows for s, rows in consents.items() if any(c["kind"] == "withdrawn" for c in rows)}
    for table, key, time, most in _DATA if gone else ():
        for row in history.records[table].filter(pl.col("subject_id").is_in(list(gone))).iter_rows(named=True):
            if row[time] is None or (table == "outcomes" and row["kind"] == "withdrew"):
                continue
            last = standing(gone[row["subject_id"]], "data", row[time], timedelta.max).consent
            if last is not None and last["kind"] == "withdrawn" and row[time] > last["given_at"]:
                name = row[key] if key else f"{row['subject_id']}/{row['planned_day']}"
                yield _after_withdrawal(table, name, row, time, most, last)


def _after_withdrawal(table: str, name: str, row: Row, time: str, most: Severity, withdrawn: Row) -> Finding:
    when, at = shown(withdrawn["given_at"]), shown(row[time])
    return Finding(
        "S1",
        Severity.CONFIRM if most is Severity.CONFIRM else severity_of(row, withdrawn),
        table,
        name,
        at,
        when,
        f"{table} {name}: data of {row['subject_id']} from {at}, after their withdrawal of {when}.",
        f"{table} {name}: datos de {row['subject_id']} del {at}, posteriores a su retirada del {when}.",
        "Take it out; what was known before the withdrawal stays.",
    )


@dataclass(frozen=True, slots=True)
class ConsentDue:
    """A deferred consent that waits for its confirmation."""

    consent_id: str
    subject_id: str
    given_at: datetime
    due_at: datetime
    is_overdue: bool


def consents_due(history: History, now: datetime) -> tuple[ConsentDue, ...]:
    """Deferred consents that nobody confirmed, followed or withdrew by `now`, the first due first."""
    hours = float(history.rulebook.deferred_consent_h)
    found = []
    for subject, rows in history.grouped("consents", "subject_id").items():
        last = max((c for c in rows if c["given_at"] <= now), key=_given, default=None)
        if last is not None and last["kind"] == "deferred":
            due = last["given_at"] + timedelta(hours=hours)
            found.append(ConsentDue(last["consent_id"], subject, last["given_at"], due, now > due))
    return tuple(sorted(found, key=lambda c: (c.due_at, c.consent_id)))


def deferred_consents_are_confirmed(history: History, now: datetime) -> Iterator[Finding]:
    """S1 at `now`: a deferred consent past its deadline."""
    for waiting in consents_due(history, now):
        if waiting.is_overdue:
            due = shown(waiting.due_at)
            yield Finding(
                "S1",
                Severity.CONFIRM,
                "consents",
                waiting.consent_id,
                "not confirmed",
                due,
                f"Deferred consent {waiting.consent_id} of {waiting.subject_id} was to be confirmed by {due}.",
                f"El consentimiento diferido {waiting.consent_id} de {waiting.subject_id} debía confirmarse el {due}.",
                "Ask the patient or the relatives; else record the withdrawal, by scope.",
            )
