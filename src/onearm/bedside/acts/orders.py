"""Steps 7 and 8: a dose is ordered by weight, verified by the pharmacist, cancelled."""

from decimal import Decimal
from typing import Any

from onearm.bedside.act import Act, Answers, Plan, Refusal, Row, changed, next_name
from onearm.bedside.field import Option, of
from onearm.bedside.language import shown_number, word
from onearm.bedside.situation import Situation
from onearm.product.dosing import adjusted_kg, planned_m_per_kg, predicted_kg, target_m


def _weights(situation: Situation) -> list[Option]:
    language = situation.person.language
    rows = sorted(situation.records["weights"].to_dicts(), key=lambda w: w["measured_at"], reverse=True)
    return [
        (w["weight_id"], f"{w['weight_kg'].normalize():f} kg · {word(language, 'choice', w['method'])}") for w in rows
    ]


def _prefill(situation: Situation) -> Answers:
    newest = _weights(situation)[:1]
    return {"weight_id": newest[0][0] if newest else None, "weight_basis": "actual", "requested_for": situation.now}


def dosing_weight(situation: Situation, answers: Answers) -> Decimal:
    """The weight a dose is computed with, by its basis; kg. Raises Refusal when what it needs is not known."""
    subject = situation.view.row("subjects", situation.subject_id) or {}
    weights = {w["weight_id"]: w["weight_kg"] for w in situation.records["weights"].iter_rows(named=True)}
    actual = weights.get(answers["weight_id"])
    if actual is None:
        raise Refusal("refused.no_weight")
    if answers["weight_basis"] in ("actual", "flat"):
        return Decimal(actual)
    if subject["height_cm"] is None or subject["sex"] == "unknown":
        raise Refusal("refused.no_height_or_sex")
    if answers["weight_basis"] == "predicted":
        return predicted_kg(subject["sex"], subject["height_cm"])
    share = situation.promise.rulebook.adjusted_weight_share
    return adjusted_kg(subject["sex"], subject["height_cm"], Decimal(actual), share)


def _planned(answers: Answers, weight: Decimal) -> tuple[Decimal, Decimal]:
    """Planned dose per kg and total, M; a flat dose is typed as its total. Raises Refusal for the other one."""
    per_kg, total = answers["planned_m_per_kg"], answers["target_m"]
    if answers["weight_basis"] == "flat":
        if total is None or per_kg is not None:
            raise Refusal("refused.flat_is_total")
        return planned_m_per_kg(total, weight), total
    if per_kg is None or total is not None:
        raise Refusal("refused.dose_is_per_kg")
    return per_kg, target_m(per_kg, weight)


def _order(situation: Situation, answers: Answers) -> Plan:
    subject = situation.the()
    weight = dosing_weight(situation, answers)
    orders = situation.records["dose_orders"].to_dicts()
    open_orders = [o["dose_order_id"] for o in orders if o["status"] in ("ordered", "verified")]
    if open_orders:
        raise Refusal("refused.order_open", order=open_orders[0])
    done = [o["dose_no"] for o in orders if o["status"] == "completed"]
    planned, target = _planned(answers, weight)
    values: dict[str, Any] = {
        "site_id": subject["site_id"],
        "subject_id": subject["subject_id"],
        "dose_order_id": next_name(situation, "dose_orders", subject["subject_id"], "O"),
        "dose_no": 1 + max(done, default=0),
        "dosing_weight_kg": weight,
        "ordered_at": situation.now,
        "ordered_by": situation.person.account_id,
        "status": "ordered",
        **answers,
        "planned_m_per_kg": planned,
        "target_m": target,
    }
    language = situation.person.language
    told = {
        "subject": subject["subject_id"],
        "planned": shown_number(planned, language),
        "weight": shown_number(weight, language),
        "basis": answers["weight_basis"],
        "target": shown_number(target, language),
        "dose_no": values["dose_no"],
    }
    return Plan((Row("dose_orders", values),), statement=told)


def _verify(situation: Situation, answers: Answers) -> Plan:
    order = situation.the()
    if order["status"] != "ordered":
        raise Refusal("refused.not_ordered", order=order["dose_order_id"], status=order["status"])
    done = {"verified_at": situation.now, "verified_by": situation.person.account_id, "status": "verified"}
    told = {
        "order": order["dose_order_id"],
        "subject": order["subject_id"],
        "target": shown_number(order["target_m"], situation.person.language),
    }
    return Plan((Row("dose_orders", changed(order, **done), order["version"]),), reason="verified", statement=told)


def _cancel(situation: Situation, answers: Answers) -> Plan:
    order = situation.the()
    if order["status"] not in ("ordered", "verified"):
        raise Refusal("refused.not_open", order=order["dose_order_id"], status=order["status"])
    values = changed(order, status="cancelled", **answers)
    told = {"order": order["dose_order_id"], "subject": order["subject_id"], "reason": answers["cancel_reason"]}
    row, when = Row("dose_orders", values, order["version"]), answers["cancelled_at"]
    return Plan((row,), when, reason=answers["cancel_reason"], statement=told)


def _is_open(situation: Situation) -> bool:
    return situation.the()["status"] in ("ordered", "verified")


ACTS = (
    Act(
        id="order-dose",
        action="order",
        about="subject",
        step=7,
        fields=(
            of("dose_orders", "weight_basis"),
            of("dose_orders", "planned_m_per_kg", required=False),
            of("dose_orders", "target_m", required=False),
            of("dose_orders", "weight_id", kind="choice", required=True, options=_weights),
            of("dose_orders", "requested_for"),
        ),
        build=_order,
        prefill=_prefill,
        meaning="ordered",
    ),
    Act(
        id="verify-order",
        action="verify_order",
        about="order",
        step=8,
        fields=(),
        build=_verify,
        fits=lambda situation: situation.the()["status"] == "ordered",
        meaning="verified",
        changes=True,
    ),
    Act(
        id="cancel-order",
        aside=True,
        action="order",
        about="order",
        step=8,
        fields=(
            of("dose_orders", "cancelled_at", required=True),
            of("dose_orders", "cancel_reason", required=True),
        ),
        build=_cancel,
        fits=_is_open,
        meaning="ordered",
        changes=True,
    ),
)
