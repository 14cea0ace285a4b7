"""D1: an order rests on a known weight, in the right unit, and says what its numbers say."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from onearm.product import dosing
from onearm.product.hindsight import severity_of
from onearm.product.history import History, Row
from onearm.product.weight_rules import POUNDS
from onearm.product.words import shown
from onearm.results.finding import Finding, Severity

ROUGH = ("guess", "relative")


def orders_rest_on_a_recent_weight(history: History) -> Iterator[Finding]:
    """D1: no order without weight; an old one is confirmed; a guessed one is told."""
    for order, weight in _orders(history):
        key, subject = order["dose_order_id"], order["subject_id"]
        if weight is None:
            if order["weight_id"] is None:  # a dangling weight is K1
                yield _finding(
                    order,
                    Severity.BLOCK,
                    "none",
                    "a weight",
                    f"Order {key} of {subject} rests on no weight.",
                    f"La orden {key} de {subject} no se basa en ningún peso.",
                    "Record the weight and how it was got.",
                )
            continue
        yield from _age(history, order, weight)
        if weight["method"] in ROUGH:
            percent = shown(history.rulebook.weight_rough_percent)
            yield _finding(
                order,
                Severity.INFORM,
                weight["method"],
                f"+-{percent} %",
                f"Order {key} of {subject} rests on a weight by {weight['method']}: +-{percent} %.",
                f"La orden {key} de {subject} se basa en un peso aproximado ({weight['method']}): ±{percent} %.",
                "Weigh the patient when possible.",
            )


def _age(history: History, order: Row, weight: Row) -> Iterator[Finding]:
    key, subject, hours = order["dose_order_id"], order["subject_id"], history.rulebook.weight_age_h
    age = order["ordered_at"] - weight["measured_at"]
    when = shown(weight["measured_at"])
    if age < timedelta(0):
        yield _finding(
            order,
            severity_of(order, weight),
            when,
            shown(order["ordered_at"]),
            f"Order {key} of {subject} rests on a weight of {when}, measured after it.",
            f"La orden {key} de {subject} se basa en un peso del {when}, medido después.",
            "Check both times, or name the weight it rests on.",
        )
    elif age > timedelta(hours=float(hours)):
        yield _finding(
            order,
            Severity.CONFIRM,
            when,
            f"at most {shown(hours)} h old",
            f"Order {key} of {subject} rests on a weight of {when}, older than {shown(hours)} h.",
            f"La orden {key} de {subject} se basa en un peso del {when}, de hace más de {shown(hours)} h.",
            "Weigh again, or confirm it.",
        )


def unusual_weights_are_checked_twice(history: History) -> Iterator[Finding]:
    """D1: a weight outside 30-250 kg, or one that nothing confirms, is confirmed by the orderer and by the verifier."""
    low, high = history.rulebook.weight_low_kg, history.rulebook.weight_high_kg
    for order, weight in _orders(history):
        if weight is None:
            continue
        kilos, key, who = shown(weight["weight_kg"]), order["dose_order_id"], order["verified_by"]
        second = "no second person has checked it yet" if who is None else f"{who} checks it"
        second_es = "aún no lo ha comprobado una segunda persona" if who is None else f"lo comprueba {who}"
        if not low <= weight["weight_kg"] <= high:
            limit = f"{shown(low)} to {shown(high)} kg"
            yield _finding(
                order,
                Severity.CONFIRM,
                kilos,
                limit,
                f"Order {key}: {kilos} kg lies outside {limit}; {second}.",
                f"Orden {key}: {kilos} kg está fuera de {shown(low)} a {shown(high)} kg; {second_es}.",
                "A second person looks at the patient and the scale.",
            )
        subject = history.subjects.get(order["subject_id"])
        alone = len(history.weights_of.get(order["subject_id"], ())) < 2
        if alone and subject is not None and subject["height_cm"] is None:
            yield _finding(
                order,
                Severity.CONFIRM,
                kilos,
                "a height or a second weight",
                f"Order {key}: nothing confirms {kilos} kg, neither a height nor a second weight; {second}.",
                f"Orden {key}: nada confirma {kilos} kg, ni talla ni segundo peso; {second_es}.",
                "Record the height, or weigh again; is the weight in kg?",
            )


def dosing_weight_is_what_its_basis_says(history: History) -> Iterator[Finding]:
    """D1: actual, predicted and adjusted weight are not mixed up; nor are kg and lb."""
    for order, weight in _orders(history):
        subject = history.subjects.get(order["subject_id"])
        if weight is None or subject is None:
            continue
        basis, used = order["weight_basis"], order["dosing_weight_kg"]
        known = _weights_by_basis(history, subject, weight)
        due = known.get("actual" if basis == "flat" else basis)
        key = order["dose_order_id"]
        if due is None:
            yield _finding(
                order,
                severity_of(order, subject),
                basis,
                "sex and height",
                f"Order {key} rests on {basis} weight; sex or height of {order['subject_id']} is not known.",
                f"La orden {key} se basa en el peso {_ES[basis]}; falta el sexo o la talla de {order['subject_id']}.",
                "Record them, or order by actual weight.",
            )
        elif not _close(used, due, history):
            meant, meant_es = _looks_like(used, known, history)
            yield _finding(
                order,
                severity_of(order, weight, None if basis in ("actual", "flat") else subject),
                f"{shown(used)} kg",
                f"{shown(due)} kg",
                f"Order {key}: dosing weight {shown(used)} kg is not the {basis} weight, {shown(due)} kg{meant}.",
                f"Orden {key}: el peso de dosis, {shown(used)} kg, no es el {_ES[basis]}, {shown(due)} kg{meant_es}.",
                "Correct the weight or its basis.",
            )


_ES = {"actual": "real", "predicted": "predicho", "adjusted": "ajustado", "flat": "real"}


def _weights_by_basis(history: History, subject: Row, weight: Row) -> dict[str, Decimal]:
    known, sex, height = {"actual": weight["weight_kg"]}, subject["sex"], subject["height_cm"]
    if sex != "unknown" and height is not None:
        known["predicted"] = dosing.predicted_kg(sex, height)
        known["adjusted"] = dosing.adjusted_kg(sex, height, known["actual"], history.rulebook.adjusted_weight_share)
    return known


def _looks_like(used: Decimal, known: dict[str, Decimal], history: History) -> tuple[str, str]:
    for basis, kilos in known.items():
        if _close(used, kilos, history):
            return f"; it is the {basis} one", f"; es el {_ES[basis]}"
        if _close(used, kilos * POUNDS, history) or _close(used, kilos / POUNDS, history):
            return f"; it is the {basis} one with lb taken for kg", f"; es el {_ES[basis]} confundiendo lb con kg"
    return "", ""


def target_follows_from_the_dose(history: History) -> Iterator[Finding]:
    """D1: target = planned per kg x dosing weight; planned lies near what the protocol plans, a total does not."""
    planned, factor = history.rulebook.planned_m_per_kg, history.rulebook.planned_factor
    for order, _ in _orders(history):
        key, dose, kilos = order["dose_order_id"], order["planned_m_per_kg"], order["dosing_weight_kg"]
        due = dosing.target_m(dose, kilos)
        if not _close(order["target_m"], due, history):
            yield _finding(
                order,
                Severity.BLOCK,
                f"{shown(order['target_m'])} M",
                f"{shown(due)} M",
                f"Order {key}: target {shown(order['target_m'])} M; {shown(dose)} M/kg x {shown(kilos)} kg make "
                f"{shown(due)} M.",
                f"Orden {key}: objetivo {shown(order['target_m'])} M; {shown(dose)} M/kg x {shown(kilos)} kg son "
                f"{shown(due)} M.",
                "Correct the target, the dose per kg or the weight.",
            )
        if not planned / factor <= dose <= planned * factor:
            total = dose > planned * factor and _close(dose, dosing.target_m(planned, kilos), history)
            hint, hint_es = ("; it looks like the total", "; parece el total") if total else ("", "")
            yield _finding(
                order,
                Severity.BLOCK,
                f"{shown(dose)} M/kg",
                f"{shown(planned)} M/kg, at most x or / {shown(factor)}",
                f"Order {key}: {shown(dose)} M/kg; the protocol plans {shown(planned)} M/kg{hint}.",
                f"Orden {key}: {shown(dose)} M/kg; el protocolo prevé {shown(planned)} M/kg{hint_es}.",
                "Give millions of cells per kg; another plan stands in rulebook.toml with its source.",
            )


def _close(a: Decimal, b: Decimal, history: History) -> bool:
    return abs(a - b) <= b * history.rulebook.rounding_percent / 100


def _orders(history: History) -> Iterator[tuple[Row, Row | None]]:
    """Orders that were not cancelled, with the weight each names."""
    for order in history.orders.values():
        if order["status"] != "cancelled":
            yield order, history.weights.get(order["weight_id"] or "")


def _finding(order: Row, severity: Severity, value: str, limit: str, en: str, es: str, remedy: str) -> Finding:
    return Finding("D1", severity, "dose_orders", order["dose_order_id"], value, limit, en, es, remedy)
