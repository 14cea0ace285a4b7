"""D2: planned, issued and delivered are all there and agree; what differs has its reason. B1: the last drop in time."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from onearm.product.delivered import BagDelivered, Delivered, delivered_by_infusion
from onearm.product.hindsight import severity_of
from onearm.product.history import History, Row
from onearm.product.words import shown
from onearm.results.finding import Finding, Severity


def infusions_deliver_what_was_ordered(history: History) -> Iterator[Finding]:
    """D2: a deviation beyond the tolerance has its reason; a loss of cells that nobody measured is told."""
    for name, dose in delivered_by_infusion(history).items():
        infusion = history.infusions[name]
        yield from _counts(history, infusion, dose)
        if infusion["status"] != "started":
            yield from _deviation(history, infusion, dose)
        if dose.bags and dose.delivered_m is None:
            yield _finding(
                infusion,
                Severity.INFORM,
                "at most",
                "a known loss",
                f"Infusion {name}: the loss of cells before the drops is not known; at most "
                f"{shown(dose.delivered_upper_per_kg)} M/kg went in.",
                f"Infusión {name}: no se conoce la pérdida de células antes de las gotas; entraron como máximo "
                f"{shown(dose.delivered_upper_per_kg)} M/kg.",
                "Count at the bed, or give the loss in this diluent with its source.",
            )
        elif dose.bags and dose.delivered_basis != "bedside_count":
            basis = str(dose.delivered_basis)
            yield _finding(
                infusion,
                Severity.INFORM,
                basis,
                "bedside_count",
                f"Infusion {name}: nobody counted all its bags; the dose rests on {basis}.",
                f"Infusión {name}: no se contaron todas sus bolsas; la dosis se basa en {basis}.",
                "Count cells and viability after thaw.",
            )


def _deviation(history: History, infusion: Row, dose: Delivered) -> Iterator[Finding]:
    """Certain deviations only: of a dose known "at most", only what is too little even then."""
    if not dose.bags or dose.target_m is None:
        return
    upper = sum((b.upper_m or Decimal(0) for b in dose.bags), Decimal(0)) / dose.target_m - 1
    off = upper if dose.deviation is None else dose.deviation
    tolerance = history.rulebook.dose_tolerance_percent / 100
    certain = abs(off) > tolerance if dose.deviation is not None else off < -tolerance
    if not certain or _reason(history, infusion):
        return
    name, percent = infusion["infusion_id"], f"{off * 100:+.1f} %"
    bags = history.bags.get(name, ())
    yield _finding(
        infusion,
        severity_of(infusion, *bags),
        percent,
        f"+-{shown(history.rulebook.dose_tolerance_percent)} %, or a reason",
        f"Infusion {name} delivered {percent} against its order; no reason is given.",
        f"La infusión {name} dio {percent} respecto a su orden; no consta el motivo.",
        "Write the reason: stop_reason of the infusion, or remark of the event stopped.",
    )


def _reason(history: History, infusion: Row) -> bool:
    """Whether somebody wrote why, on the infusion or where a bag was stopped."""
    if infusion["stop_reason"] is not None:
        return True
    bags = [bag["container_id"] for bag in history.bags.get(infusion["infusion_id"], ())]
    return any(
        step.event["event"] == "stopped" and step.event["remark"] is not None
        for bag in bags
        for step in history.lives.get(bag, ())
    )


def _counts(history: History, infusion: Row, dose: Delivered) -> Iterator[Finding]:
    """Counted before the drops, and not by a factor away from the label."""
    rows = {bag["container_id"]: bag for bag in history.bags.get(dose.infusion_id, ())}
    for bag in dose.bags:
        row, key = rows[bag.container_id], f"{dose.infusion_id}/{bag.container_id}"
        if bag.hours is not None and bag.hours < 0:
            when = shown(row["counted_at"] or "after thaw")
            yield _bag_finding(
                key,
                Severity.BLOCK,
                when,
                "before the middle of the drops",
                f"Bag {bag.container_id}: counted {when}, after the middle of its drops.",
                f"Bolsa {bag.container_id}: contada el {when}, después de la mitad de su goteo.",
                "Check the time of the count and of the drops.",
            )
        yield from _far_from_label(history, bag, row, key)
        yield from _other_than_counted(history, row, key)


def _other_than_counted(history: History, row: Row, key: str) -> Iterator[Finding]:
    """The row of the bag tells another count than the event of its life: one was typed wrongly, or corrected since."""
    counts = [s.event for s in history.lives.get(row["container_id"], ()) if s.event["event"] == "counted"]
    if not counts or counts[-1]["counted_m"] is None or row["counted_m"] is None:
        return
    told, event = ((r["counted_m"], r["viability_percent"]) for r in (row, counts[-1]))
    if told != event:
        value, limit = (f"{shown(cells)} M, {shown(alive)} %" for cells, alive in (told, event))
        yield _bag_finding(
            key,
            Severity.INFORM,
            value,
            limit,
            f"Bag {row['container_id']}: {value} with the infusion, {limit} when it was counted.",
            f"Bolsa {row['container_id']}: {value} con la infusión, {limit} al contarla.",
            "See which one is right; the dose rests on the first.",
        )


def _far_from_label(history: History, bag: BagDelivered, row: Row, key: str) -> Iterator[Finding]:
    container = history.containers.get(bag.container_id)
    if container is None or bag.basis != "bedside_count":
        return
    alive, label = row["counted_m"] * row["viability_percent"] / 100, container["nominal_viable_m"]
    factor = history.rulebook.count_factor
    if not label / factor <= alive <= label * factor:
        yield _bag_finding(
            key,
            Severity.CONFIRM,
            f"{shown(alive)} M",
            f"{shown(label)} M, at most x or / {shown(factor)}",
            f"Bag {bag.container_id}: {shown(alive)} M viable by the count, {shown(label)} M by the label.",
            f"Bolsa {bag.container_id}: {shown(alive)} M viables por recuento, {shown(label)} M por etiqueta.",
            "Check the unit of the count: millions of cells.",
        )


def infusions_name_their_bags(history: History) -> Iterator[Finding]:
    """D2: an infusion that ended has its bags, and every bag started for its order is among them."""
    started = bags_started(history)
    for name, infusion in history.infusions.items():
        given = {bag["container_id"] for bag in history.bags.get(name, ())}
        missing = sorted(started.get(infusion["dose_order_id"], set()) - given)
        if infusion["status"] == "started" or (given and not missing):
            continue
        which = ", ".join(missing) or "none"
        yield _finding(
            infusion,
            Severity.CONFIRM,
            which,
            "every bag that was started",
            f"Infusion {name} ended; not recorded as given: {which if missing else 'any bag'}.",
            f"La infusión {name} terminó; no consta como administrada: {which if missing else 'ninguna bolsa'}.",
            "Record volume, count and times of each bag.",
        )


def bags_started(history: History) -> Mapping[str, set[str]]:
    """Order -> the bags that custody says were started for it."""
    started: dict[str, set[str]] = {}
    for bag, steps in history.lives.items():
        for step in steps:
            if step.event["event"] == "started" and step.before.dose_order_id is not None:
                started.setdefault(step.before.dose_order_id, set()).add(bag)
    return started


def interruptions_have_their_reason(history: History) -> Iterator[Finding]:
    """D2: each pause says from when to when and why, and lies within the infusion."""
    for name, infusion in history.infusions.items():
        pauses = json.loads(infusion["interruptions"])
        for number, pause in enumerate(pauses if isinstance(pauses, list) else [pauses], 1):
            fault = _pause_fault(infusion, pause)
            if fault is not None:
                en, es = fault
                yield _finding(
                    infusion,
                    Severity.BLOCK,
                    f"pause {number}",
                    "from, to and reason, within the infusion",
                    f"Infusion {name}, pause {number}: {en}.",
                    f"Infusión {name}, pausa {number}: {es}.",
                    "Give from, to and reason.",
                )


def _pause_fault(infusion: Row, pause: Any) -> tuple[str, str] | None:
    if not isinstance(pause, Mapping) or not str(pause.get("reason") or "").strip():
        return "no reason is given", "no consta el motivo"
    begun, ended = _moment(pause.get("from")), _moment(pause.get("to"))
    if begun is None or ended is None or begun > ended:
        return "its two times are missing or reversed", "sus dos horas faltan o están invertidas"
    if begun < infusion["started_at"] or (infusion["stopped_at"] is not None and ended > infusion["stopped_at"]):
        return "it lies outside the infusion", "queda fuera de la infusión"
    return None


def _moment(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def infusions_take_their_time(history: History) -> Iterator[Finding]:
    """D2, told: shorter or longer than usual. B1: last drop after the thaw limit, confirmed: it has fallen."""
    low, high = history.rulebook.infusion_time_low_min, history.rulebook.infusion_time_high_min
    limit = history.rulebook.thaw_limit_min
    for name, dose in delivered_by_infusion(history).items():
        infusion = history.infusions[name]
        if infusion["stopped_at"] is not None:
            minutes = (infusion["stopped_at"] - infusion["started_at"]) // timedelta(minutes=1)
            if not low <= minutes <= high:
                yield _finding(
                    infusion,
                    Severity.INFORM,
                    f"{minutes} min",
                    f"{shown(low)} to {shown(high)} min",
                    f"Infusion {name} took {minutes} min; usual is {shown(low)} to {shown(high)}.",
                    f"La infusión {name} duró {minutes} min; lo habitual es de {shown(low)} a {shown(high)}.",
                    "Check both times.",
                )
        for bag in dose.bags:
            if bag.thaw_to_last_drop_min is not None and bag.thaw_to_last_drop_min >= limit:
                yield from _late(history, bag, name, limit)


def _late(history: History, bag: BagDelivered, infusion_id: str, limit: Decimal) -> Iterator[Finding]:
    """Whole minutes hide seconds: exactly the limit is within it."""
    row = next(r for r in history.bags[infusion_id] if r["container_id"] == bag.container_id)
    steps = history.lives.get(bag.container_id, ())
    thawed = row["thaw_ended_at"] or (steps[-1].after.thawed_at if steps else None)
    if thawed is None or row["last_drop_at"] - thawed <= timedelta(minutes=float(limit)):
        return
    told = bag.thaw_to_last_drop_min
    yield Finding(
        "B1",
        Severity.CONFIRM,
        "infusion_containers",
        f"{infusion_id}/{bag.container_id}",
        f"{told} min",
        f"at most {shown(limit)} min",
        f"Bag {bag.container_id}: last drop {told} min after thaw; at most {shown(limit)}.",
        f"Bolsa {bag.container_id}: última gota {told} min después de descongelar; máximo {shown(limit)}.",
        "Check the times; if they are right, report the deviation.",
    )


def _finding(infusion: Row, severity: Severity, value: str, limit: str, en: str, es: str, remedy: str) -> Finding:
    return Finding("D2", severity, "infusions", infusion["infusion_id"], value, limit, en, es, remedy)


def _bag_finding(key: str, severity: Severity, value: str, limit: str, en: str, es: str, remedy: str) -> Finding:
    return Finding("D2", severity, "infusion_containers", key, value, limit, en, es, remedy)
