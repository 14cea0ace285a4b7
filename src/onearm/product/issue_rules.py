"""P3: a bag is allocated, issued and given only of a lot that may be given, for a verified order, to whom it is for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from onearm.product.container_state import ContainerState, Step, state_after
from onearm.product.hindsight import severity_of
from onearm.product.history import History, Row
from onearm.product.lot_status import GIVABLE
from onearm.product.open_failures import open_failures
from onearm.product.signed import Signed
from onearm.product.thaw_clock import runs_out_at
from onearm.product.words import shown
from onearm.protocol.rulebook import Rulebook
from onearm.records import Records
from onearm.results.finding import Finding


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a bag may not be used at a time; `evidence` is the row that says so, where it may have come later."""

    kind: str
    value: str
    limit: str
    en: str
    es: str
    evidence: Row | None = None


def lot_faults(history: History, lot: Row, at: datetime) -> Iterator[Fault]:
    """Why a bag of a lot may not be used at a time: status, expiry, a failed test without an answer."""
    lot_id, course = lot["lot_id"], history.courses[lot["lot_id"]]
    status, last = course.status(at), course.last(at)
    if status not in GIVABLE:
        en, es = f"lot {lot_id} is {status}", f"el lote {lot_id} está {status}"
        yield Fault("status", status, ", ".join(GIVABLE), en, es, None if last is None else last.decision)
    if at >= lot["expires_at"]:
        when = shown(lot["expires_at"])
        yield Fault(
            "expiry", shown(at), when, f"lot {lot_id} expired {when}", f"el lote {lot_id} caducó el {when}", lot
        )
    for test in open_failures(history, lot_id, at):
        key = test["lot_test_id"]
        en, es = f"test {key} of lot {lot_id} failed", f"la prueba {key} del lote {lot_id} no es conforme"
        yield Fault("test", "fail", "pass", en, es, test)


def order_faults(history: History, order: Row, lot: Row | None, at: datetime) -> Iterator[Fault]:
    """Why an order may not take a bag at a time: not verified, cancelled, of another person than an autologous lot."""
    name = order["dose_order_id"]
    if order["verified_at"] is None or order["verified_at"] > at:
        when = shown(order["verified_at"] or "never")
        yield Fault(
            "verified",
            when,
            shown(at),
            f"order {name} was not verified (verified: {when})",
            f"la orden {name} no estaba verificada (verificada: {when})",
        )
    if order["cancelled_at"] is not None and order["cancelled_at"] <= at:
        when = shown(order["cancelled_at"])
        yield Fault(
            "cancelled",
            when,
            "not cancelled",
            f"order {name} was cancelled {when}",
            f"la orden {name} se canceló el {when}",
            order,
        )
    if lot is not None and lot["donor_kind"] == "autologous" and lot["donor_id"] != order["subject_id"]:
        yield Fault(
            "autologous",
            order["subject_id"],
            lot["donor_id"],
            f"lot {lot['lot_id']} is of {lot['donor_id']} alone, the order of {order['subject_id']}",
            f"el lote {lot['lot_id']} es solo de {lot['donor_id']}, la orden de {order['subject_id']}",
        )


def bags_are_allocated_rightly(history: History) -> Iterator[Finding]:
    """P3 at each `allocated`: lot released and in date, order verified, no other order has the bag."""
    for steps in history.lives.values():
        for step in steps:
            if step.event["event"] == "allocated":
                order = history.orders.get(step.event["dose_order_id"])
                faults = [*_lot_of(history, step), *_order_of(history, order, step), *_second_order(history, step)]
                yield from _told(step, faults)


def bags_are_issued_rightly(history: History) -> Iterator[Finding]:
    """P3 at each `issued`: the same, allocated to this order, thaw clock running. An open hold is P1: it cannot issue.

    What changed between issue and start (expiry, recall) is judged at the start.
    """
    for steps in history.lives.values():
        issued: set[str] = set()
        for step in steps:
            name, order = step.event["event"], history.orders.get(step.before.dose_order_id or "")
            if name == "issued":
                faults = [
                    *_lot_of(history, step),
                    *_allocation(step),
                    *_order_of(history, order, step),
                    *_clock(history, step),
                ]
                issued = {fault.kind for fault in faults}
                yield from _told(step, faults)
            elif name == "started":
                yield from _told(step, [f for f in _lot_of(history, step) if f.kind not in issued])


def bags_without_custody_are_in_date(history: History) -> Iterator[Finding]:
    """P3 at the first drop, where no custody of the bag tells of its issue."""
    for rows in history.bags.values():
        for bag in rows:
            lot = history.lot_of(bag["container_id"])
            if lot is None or any(s.event["event"] == "started" for s in history.lives.get(bag["container_id"], ())):
                continue
            key, at = f"{bag['infusion_id']}/{bag['container_id']}", bag["first_drop_at"]
            for fault in lot_faults(history, lot, at):
                yield _finding("infusion_containers", key, bag, bag["container_id"], "given", at, fault)


def _lot_of(history: History, step: Step) -> Iterator[Fault]:
    lot = history.lot_of(step.event["container_id"])
    if lot is not None:
        yield from lot_faults(history, lot, step.event["occurred_at"])


def _order_of(history: History, order: Row | None, step: Step) -> Iterator[Fault]:
    if order is not None:  # a dangling order is K1
        lot = history.lot_of(step.event["container_id"])
        yield from order_faults(history, order, lot, step.event["occurred_at"])


def _allocation(step: Step) -> Iterator[Fault]:
    """Issued to the order and patient it is allocated to."""
    allocated, event = step.before, step.event
    if allocated.dose_order_id is None:
        yield Fault("allocated", "none", "one order", "it is allocated to no order", "no está asignada a ninguna orden")
        return
    for column, meant in (("dose_order_id", allocated.dose_order_id), ("subject_id", allocated.subject_id)):
        if event[column] is not None and meant is not None and event[column] != meant:
            en, es = (
                f"it is allocated to {meant}, not {event[column]}",
                f"está asignada a {meant}, no a {event[column]}",
            )
            yield Fault(column, event[column], meant, en, es)


def _second_order(history: History, step: Step) -> Iterator[Fault]:
    """The bag has an order already, and that order still stands."""
    had, wants = step.before.dose_order_id, step.event["dose_order_id"]
    if had is None or had == wants:
        return
    first = history.orders.get(had)
    if first is None or first["cancelled_at"] is None or first["cancelled_at"] > step.event["occurred_at"]:
        en, es = f"it is allocated to order {had} already", f"ya está asignada a la orden {had}"
        yield Fault("second", wants, had, en, es)


def _clock(history: History, step: Step) -> Iterator[Fault]:
    end = runs_out_at(step.before, history.rulebook)
    if end is not None and step.event["occurred_at"] > end:
        en, es = f"its thaw clock ran out {shown(end)}", f"su tiempo desde la descongelación acabó el {shown(end)}"
        yield Fault("thaw", shown(step.event["occurred_at"]), shown(end), en, es)


def _told(step: Step, faults: list[Fault]) -> Iterator[Finding]:
    event = step.event
    for fault in faults:
        name, at = event["event"], event["occurred_at"]
        yield _finding("custody", event["custody_id"], event, event["container_id"], name, at, fault)


def _finding(table: str, key: str, judged: Row, bag: str, name: str, at: datetime, fault: Fault) -> Finding:
    return Finding(
        "P3",
        severity_of(judged, fault.evidence),
        table,
        key,
        fault.value,
        fault.limit,
        f"Bag {bag}, {name} {shown(at)}: {fault.en}.",
        f"Bolsa {bag}, {name} el {shown(at)}: {fault.es}.",
        "Take another bag, or correct what was recorded wrongly.",
    )


@dataclass(frozen=True, slots=True)
class AllocatableBag:
    """A bag that an order may take now."""

    container_id: str
    lot_id: str
    container_no: int
    nominal_viable_m: Decimal  # by the label, 10^6
    volume_ml: Decimal
    expires_at: datetime
    place: str | None


def allocatable(
    records: Records, rulebook: Rulebook, now: datetime, signed: Signed | None = None, subject_id: str | None = None
) -> tuple[AllocatableBag, ...]:
    """Bags in stock or received, free, of lots that may be given now: first to expire first.

    With a patient, autologous bags of others are left out; without, all of them are.
    """
    history = History(records, rulebook, signed)
    good = {
        lot_id: lot
        for lot_id, lot in history.lots.items()
        if (lot["donor_kind"] != "autologous" or lot["donor_id"] == subject_id)
        and not any(lot_faults(history, lot, now))
    }
    found = []
    for container_id, row in history.containers.items():
        stands = state_after(container_id, history.lives.get(container_id, ()), now)
        if row["lot_id"] in good and _is_free(history, stands, now):
            lot = good[row["lot_id"]]
            found.append(
                AllocatableBag(
                    container_id,
                    row["lot_id"],
                    row["container_no"],
                    row["nominal_viable_m"],
                    row["volume_ml"],
                    lot["expires_at"],
                    stands.place,
                )
            )
    return tuple(sorted(found, key=lambda b: (b.expires_at, b.lot_id, b.container_no)))


def _is_free(history: History, stands: ContainerState, now: datetime) -> bool:
    if stands.state not in ("stock", "received"):
        return False
    order = history.orders.get(stands.dose_order_id or "")
    cancelled = order is not None and order["cancelled_at"] is not None and order["cancelled_at"] <= now
    return stands.dose_order_id is None or cancelled
