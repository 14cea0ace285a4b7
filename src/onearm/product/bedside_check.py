"""B1: at the bed, two persons match patient and bag; the start follows the match, of the same bag, in time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from onearm.product.container_state import Step
from onearm.product.history import History, Row
from onearm.product.issue_rules import lot_faults
from onearm.product.signed import Signed
from onearm.product.thaw_clock import runs_out_at
from onearm.product.words import shown
from onearm.protocol.rulebook import Rulebook
from onearm.records import Records
from onearm.results.finding import Finding, Severity

_CODE = "OA1/"  # what our labels hold: OA1/<study>/<kind>/<id>


def bags_are_matched_and_started_rightly(history: History) -> Iterator[Finding]:
    """B1 at each match and start: for the patient it is allocated to, start soon after the match, thaw clock running.

    Two persons are a rule of the table `custody`; a start without a match is P1.
    """
    age = timedelta(minutes=float(history.rulebook.match_age_min))
    for steps in history.lives.values():
        matched: Row | None = None
        for step in steps:
            event = step.event
            if event["event"] not in ("bedside_matched", "started"):
                continue
            yield from _meant(history, step)
            if event["event"] == "bedside_matched":
                matched = event
                continue
            if matched is not None and event["occurred_at"] - matched["occurred_at"] > age:
                yield _old_match("custody", event["custody_id"], event["occurred_at"], matched["occurred_at"], history)
            end = runs_out_at(step.before, history.rulebook)
            if end is not None and event["occurred_at"] > end:
                yield _custody_finding(
                    event,
                    shown(event["occurred_at"]),
                    shown(end),
                    f"was started {shown(event['occurred_at'])}, after its thaw clock ran out {shown(end)}",
                    f"se inició el {shown(event['occurred_at'])}, agotado el tiempo desde la descongelación "
                    f"({shown(end)})",
                    "Destroy it with that reason; thaw another.",
                )


def _meant(history: History, step: Step) -> Iterator[Finding]:
    """The patient and the order of the event are those the bag is allocated to."""
    event, meant = step.event, history.subject_meant(step)
    for value, due in ((event["subject_id"], meant), (event["dose_order_id"], step.before.dose_order_id)):
        if value is not None and due is not None and value != due:
            yield _custody_finding(
                event,
                value,
                due,
                f"is meant for {due}, and {event['event']} names {value}",
                f"es para {due}, y {event['event']} nombra {value}",
                "Do not infuse it; hold the bag and call the pharmacy.",
            )


def infusions_follow_their_match(history: History) -> Iterator[Finding]:
    """B1: identity was checked shortly before the start; each bag given is allocated to the order of the infusion."""
    age = timedelta(minutes=float(history.rulebook.match_age_min))
    for name, infusion in history.infusions.items():
        started, checked = infusion["started_at"], infusion["identity_checked_at"]
        if started - checked > age:
            yield _old_match("infusions", name, started, checked, history)
        for bag in history.bags.get(name, ()):
            yield from _given_bag(history, infusion, bag)


def _given_bag(history: History, infusion: Row, bag: Row) -> Iterator[Finding]:
    steps = [s for s in history.lives.get(bag["container_id"], ()) if s.event["occurred_at"] <= bag["first_drop_at"]]
    if not steps:
        return  # P1 tells a bag without custody
    key, order = f"{bag['infusion_id']}/{bag['container_id']}", steps[-1].after.dose_order_id
    if order != infusion["dose_order_id"]:
        had = order or "no order"
        yield Finding(
            "B1",
            Severity.BLOCK,
            "infusion_containers",
            key,
            had,
            infusion["dose_order_id"],
            f"Bag {bag['container_id']} is allocated to {had}, the infusion follows {infusion['dose_order_id']}.",
            f"La bolsa {bag['container_id']} está asignada a {order or 'ninguna orden'}; la infusión sigue "
            f"{infusion['dose_order_id']}.",
            "Check which bag went in; if it was this one, it is a serious error to report.",
        )
    matched = next((s.event for s in reversed(steps) if s.event["event"] == "bedside_matched"), None)
    checked = {infusion["checked_by_1"], infusion["checked_by_2"]}
    if len(history.bags[bag["infusion_id"]]) == 1 and matched is not None:
        at_bag = {matched["actor_id"], matched["witness_id"]}
        if at_bag != checked:
            told, by = ", ".join(sorted(checked)), ", ".join(sorted(p for p in at_bag if p))
            yield Finding(
                "B1",
                Severity.CONFIRM,
                "infusions",
                infusion["infusion_id"],
                told,
                by,
                f"Infusion {infusion['infusion_id']} was checked by {told}; its bag was matched by {by}.",
                f"La infusión {infusion['infusion_id']} la comprobaron {told}; su bolsa, {by}.",
                "Name the two who stood at the bed.",
            )


def _old_match(table: str, key: str, started: datetime, matched: datetime, history: History) -> Finding:
    minutes, most = (started - matched) // timedelta(minutes=1), shown(history.rulebook.match_age_min)
    return Finding(
        "B1",
        Severity.BLOCK,
        table,
        key,
        f"{minutes} min",
        f"at most {most} min",
        f"{key}: started {minutes} min after patient and bag were matched; at most {most}.",
        f"{key}: iniciada {minutes} min después de cotejar paciente y bolsa; máximo {most}.",
        "Match again.",
    )


def _custody_finding(event: Row, value: str, limit: str, en: str, es: str, remedy: str) -> Finding:
    bag = event["container_id"]
    told = (f"Bag {bag} {en}.", f"La bolsa {bag} {es}.", remedy)
    return Finding("B1", Severity.BLOCK, "custody", event["custody_id"], value, limit, *told)


@dataclass(frozen=True, slots=True)
class Match:
    """What two scans at the bed say. Both ids are shown whatever the answer."""

    is_match: bool
    subject_id: str  # as scanned
    container_id: str  # as scanned
    reasons: tuple[tuple[str, str], ...]  # why not, English and Spanish


def match(
    scanned_wristband: str,
    scanned_bag: str,
    records: Records,
    rulebook: Rulebook,
    now: datetime,
    signed: Signed | None = None,
) -> Match:
    """Whether this bag may go into this patient now. Scans are label codes (OA1/study/kind/id) or bare ids."""
    (band_kind, subject), (bag_kind, bag) = _read(scanned_wristband), _read(scanned_bag)
    history = History(_of_bag(records, bag), rulebook, signed)
    reasons = list(_scan_reasons(history, band_kind, subject, bag_kind, bag))
    if not reasons:
        reasons = list(_bag_reasons(history, subject, bag, now))
    return Match(not reasons, subject, bag, tuple(reasons))


def _read(scan: str) -> tuple[str, str]:
    """Kind (W wristband, C container, D order; empty for a typed id) and id."""
    text = scan.strip().upper()
    if text.startswith(_CODE) and text.count("/") == 3:
        _, _, kind, name = text.split("/")
        return kind, name
    return "", text


def _of_bag(records: Records, bag: str) -> Records:
    """Only the custody of this bag: the scan must answer at once."""
    return Records(
        records.provenance, {**records.tables, "custody": records["custody"].filter(pl.col("container_id") == bag)}
    )


def _scan_reasons(history: History, band_kind: str, subject: str, bag_kind: str, bag: str) -> Iterator[tuple[str, str]]:
    if band_kind not in ("", "W") or subject not in history.subjects:
        yield f"{subject} is no wristband of a patient here", f"{subject} no es la pulsera de ningún paciente"
    if bag_kind not in ("", "C") or bag not in history.containers:
        yield f"{bag} is no bag of this study", f"{bag} no es ninguna bolsa del estudio"


def _bag_reasons(history: History, subject: str, bag: str, now: datetime) -> Iterator[tuple[str, str]]:
    past = [s for s in history.lives.get(bag, ()) if s.event["occurred_at"] <= now]
    stands = past[-1].after if past else None
    meant = history.subject_meant(past[-1]) if past else None
    if meant != subject:
        yield f"bag {bag} is for {meant or 'nobody'}, not {subject}", f"la bolsa {bag} es para {meant}, no {subject}"
    state = "not_made" if stands is None else stands.state
    if state != "issued":
        yield f"bag {bag} is {state}, not issued", f"la bolsa {bag} está {state}, no entregada"
    end = None if stands is None else runs_out_at(stands, history.rulebook)
    if end is not None and now > end:
        yield f"its thaw clock ran out {shown(end)}", f"su tiempo desde la descongelación acabó el {shown(end)}"
    lot = history.lot_of(bag)
    if lot is not None:
        yield from ((fault.en, fault.es) for fault in lot_faults(history, lot, now))
