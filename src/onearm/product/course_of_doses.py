"""D3: number of doses, hours between them, cells and DMSO of all together stay within the protocol."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from onearm.product.container_state import state_after
from onearm.product.delivered import Delivered, delivered_by_infusion, dmso_of_the_day, whole_dmso, whole_endotoxin
from onearm.product.history import History, Row
from onearm.product.words import shown
from onearm.records.custody import ENDS
from onearm.results.finding import Finding, Severity

_GONE = tuple(state for state in ENDS if state != "infused")


def doses_stay_within_the_protocol(history: History) -> Iterator[Finding]:
    """D3: at most so many doses, and so many cells per kg in all, as ordered."""
    book = history.rulebook
    for rows in _by_subject(history.orders.values()).values():
        ordered = sorted((o for o in rows if o["status"] != "cancelled"), key=lambda o: (o["dose_no"], o["ordered_at"]))
        total = Decimal(0)
        for order in ordered:
            key, subject, total = order["dose_order_id"], order["subject_id"], total + order["planned_m_per_kg"]
            if order["dose_no"] > book.max_doses:
                yield _order_finding(
                    order,
                    Severity.BLOCK,
                    str(order["dose_no"]),
                    f"at most {shown(book.max_doses)}",
                    f"Order {key} is dose {order['dose_no']} of {subject}; the protocol gives {shown(book.max_doses)}.",
                    f"La orden {key} es la dosis {order['dose_no']} de {subject}; el protocolo da "
                    f"{shown(book.max_doses)}.",
                )
            if total > book.max_cumulative_m_per_kg * (1 + book.rounding_percent / 100):
                most = shown(book.max_cumulative_m_per_kg)
                yield _order_finding(
                    order,
                    Severity.BLOCK,
                    f"{shown(total)} M/kg",
                    f"at most {most} M/kg",
                    f"With order {key}, {subject} would get {shown(total)} M/kg in all; the protocol gives {most}.",
                    f"Con la orden {key}, {subject} recibiría {shown(total)} M/kg en total; el protocolo da {most}.",
                )


def doses_keep_their_distance(history: History) -> Iterator[Finding]:
    """D3: so many hours from start to start, where the protocol sets them."""
    hours = history.rulebook.min_hours_between_doses
    if hours is None:
        return
    least, limit = timedelta(hours=float(hours)), f"at least {shown(hours)} h after the dose before"
    given = _by_subject(history.infusions.values())
    for rows in given.values():
        ordered = sorted(rows, key=lambda i: i["started_at"])
        for before, row in pairwise(ordered):
            if row["started_at"] - before["started_at"] < least:
                yield _near(row, "infusions", "infusion_id", "started_at", before, limit, Severity.BLOCK)
    for order in history.orders.values():
        past = [i for i in given.get(order["subject_id"], ()) if i["dose_no"] < order["dose_no"]]
        last = max(past, key=lambda i: i["started_at"], default=None)
        if last is not None and order["status"] != "cancelled" and order["requested_for"] - last["started_at"] < least:
            yield _near(order, "dose_orders", "dose_order_id", "requested_for", last, limit, Severity.CONFIRM)


def _near(row: Row, table: str, key: str, time: str, before: Row, limit: str, severity: Severity) -> Finding:
    name, at, earlier = row[key], shown(row[time]), shown(before["started_at"])
    return Finding(
        "D3",
        severity,
        table,
        name,
        at,
        limit,
        f"{name}: dose {row['dose_no']} of {row['subject_id']} on {at}, dose {before['dose_no']} began {earlier}.",
        f"{name}: dosis {row['dose_no']} de {row['subject_id']} el {at}; la {before['dose_no']} empezó el {earlier}.",
        f"Give it {limit}.",
    )


def bags_taken_keep_the_load_low(history: History) -> Iterator[Finding]:
    """D3 at each `allocated`: DMSO of the day and endotoxin, if all bags of the order went in whole."""
    book, taken = history.rulebook, _bags_by_order(history)
    done = _given(history)
    for order_id, steps in taken.items():
        order = history.orders.get(order_id)
        for event in steps if order is not None else ():
            at = event["occurred_at"]
            weight = history.actual_kg(order, at) if order is not None else None
            if order is None or weight is None:
                continue
            bags = {e["container_id"] for e in steps if e["occurred_at"] <= at}
            dmso, eu = _whole(history, [b for b in bags if _is_meant(history, b, order_id, at)], weight)
            others = [d for d in done.get(order["subject_id"], ()) if d.dose_no != order["dose_no"]]
            dmso += dmso_of_the_day(others, at) or 0
            yield from _dmso("custody", event["custody_id"], order["subject_id"], dmso, history, given=False)
            if eu > book.endotoxin_high_eu_per_kg:
                yield _endotoxin("custody", event["custody_id"], order["subject_id"], "", eu, history, Severity.BLOCK)


def doses_given_kept_the_load_low(history: History) -> Iterator[Finding]:
    """D3: DMSO of the day, endotoxin and cells of all doses, as given. It has happened: confirmed, never refused."""
    book = history.rulebook
    for subject, doses in _given(history).items():
        total = Decimal(0)
        for dose in sorted(doses, key=lambda d: d.started_at):
            dmso = dmso_of_the_day(doses, dose.started_at)
            if dmso is not None:
                yield from _dmso("infusions", dose.infusion_id, subject, dmso, history, given=True)
            eu = dose.endotoxin_eu_per_kg
            if eu is not None and eu > book.endotoxin_high_eu_per_kg:
                told = ("infusions", dose.infusion_id, subject, dose.endotoxin_sign, eu)
                yield _endotoxin(*told, history, Severity.CONFIRM)
            total += dose.delivered_viable_per_kg or dose.delivered_upper_per_kg or 0
            if total > book.max_cumulative_m_per_kg * (1 + book.dose_tolerance_percent / 100):
                yield _too_many(dose.infusion_id, subject, total, book.max_cumulative_m_per_kg)


def _given(history: History) -> Mapping[str, list[Delivered]]:
    found: defaultdict[str, list[Delivered]] = defaultdict(list)
    for dose in delivered_by_infusion(history).values():
        found[dose.subject_id].append(dose)
    return found


def _bags_by_order(history: History) -> Mapping[str, list[Row]]:
    """The `allocated` events of each order."""
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for steps in history.lives.values():
        for step in steps:
            if step.event["event"] == "allocated":
                found[step.event["dose_order_id"]].append(step.event)
    return found


def _is_meant(history: History, container_id: str, order_id: str, at: datetime) -> bool:
    stands = state_after(container_id, history.lives[container_id], at)
    return stands.dose_order_id == order_id and stands.state not in _GONE


def _whole(history: History, bags: list[str], weight: Decimal) -> tuple[Decimal, Decimal]:
    """DMSO and endotoxin per kg of these bags."""
    dmso = eu = Decimal(0)
    for name in bags:
        container, lot = history.containers.get(name), history.lot_of(name)
        if container is not None and lot is not None:
            dmso += whole_dmso(history, container, lot, weight, Decimal(1), Decimal(1))
            eu += whole_endotoxin(history, container, lot, weight) or 0
    return dmso, eu


def _dmso(table: str, key: str, subject: str, dmso: Decimal, history: History, *, given: bool) -> Iterator[Finding]:
    confirm, block = history.rulebook.dmso_confirm_g_per_kg_day, history.rulebook.dmso_block_g_per_kg_day
    if dmso < confirm:
        return
    refused = dmso > block
    limit = f"at most {shown(block)} g/kg" if refused else f"below {shown(confirm)} g/kg"
    got, got_es = ("got", "recibió") if given else ("would get", "recibiría")
    yield Finding(
        "D3",
        Severity.BLOCK if refused and not given else Severity.CONFIRM,
        table,
        key,
        f"{shown(dmso)} g/kg",
        limit,
        f"{subject} {got} {shown(dmso)} g of dimethyl sulfoxide per kg within 24 h; {limit}.",
        f"{subject} {got_es} {shown(dmso)} g de dimetilsulfóxido por kg en 24 h; límite {limit}.",
        "Give fewer bags a day, or wash them.",
    )


def _endotoxin(
    table: str, key: str, subject: str, sign: str, eu: Decimal, history: History, severity: Severity
) -> Finding:
    most, told = shown(history.rulebook.endotoxin_high_eu_per_kg), f"{sign}{shown(eu)}"
    return Finding(
        "D3",
        severity,
        table,
        key,
        f"{told} EU/kg",
        f"at most {most} EU/kg",
        f"Endotoxin of this dose of {subject}: {told} EU/kg; at most {most}.",
        f"Endotoxina de esta dosis de {subject}: {told} EU/kg; máximo {most}.",
        "Take bags of another lot, or fewer.",
    )


def _too_many(key: str, subject: str, total: Decimal, most: Decimal) -> Finding:
    return Finding(
        "D3",
        Severity.CONFIRM,
        "infusions",
        key,
        f"{shown(total)} M/kg",
        f"at most {shown(most)} M/kg",
        f"With infusion {key}, {subject} has got {shown(total)} M/kg in all; the protocol gives {shown(most)}.",
        f"Con la infusión {key}, {subject} lleva {shown(total)} M/kg en total; el protocolo da {shown(most)}.",
        "Report the deviation.",
    )


def _by_subject(rows: Iterable[Row]) -> Mapping[str, list[Row]]:
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["subject_id"]].append(row)
    return found


def _order_finding(order: Row, severity: Severity, value: str, limit: str, en: str, es: str) -> Finding:
    remedy = "Do not order it; a protocol that allows it says so in rulebook.toml."
    return Finding("D3", severity, "dose_orders", order["dose_order_id"], value, limit, en, es, remedy)
