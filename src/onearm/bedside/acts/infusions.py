"""Steps 12 and 13: the infusion begins, bag by bag, ends, and somebody looks for a reaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from onearm.bedside.act import Act, Answers, Plan, Refusal, Row, changed, next_name
from onearm.bedside.acts.bags import event, state
from onearm.bedside.field import fields_of, of
from onearm.bedside.situation import Situation
from onearm.product.container_state import state_of
from onearm.records.columns import canonical_json

_NONE = ("none", "ninguna", "ninguno", "no hubo", "no")


def _custody(situation: Situation, name: str, container_id: str) -> dict[str, Any] | None:
    rows = situation.records["custody"].sort("occurred_at", "entered_at").to_dicts()
    return next((e for e in reversed(rows) if e["container_id"] == container_id and e["event"] == name), None)


def _start(situation: Situation, answers: Answers) -> Plan:
    """The first bag of an order opens the infusion, others join it."""
    bag = situation.key
    matched = _custody(situation, "bedside_matched", bag)
    if matched is None:
        raise Refusal("refused.not_matched", bag=bag)
    started = {"occurred_at": answers["started_at"], "witness_id": _other(situation, matched)}
    row = event(situation, "started", bag, **started)
    order = situation.view.row("dose_orders", row.values["dose_order_id"]) or {}
    if situation.view.rows("infusions", dose_order_id=order["dose_order_id"], status="started"):
        return Plan((row,), answers["started_at"], go_to=f"/patients/{order['subject_id']}")
    infusion = {
        "site_id": situation.person.site_id,
        "infusion_id": next_name(situation, "infusions", order["subject_id"], "I"),
        "dose_order_id": order["dose_order_id"],
        "subject_id": order["subject_id"],
        "dose_no": order["dose_no"],
        "status": "started",
        "interruptions": "[]",
        "checked_by_1": matched["actor_id"],
        "checked_by_2": matched["witness_id"],
        "identity_checked_at": matched["occurred_at"],
        "reaction_assessment": "not_assessed",
        **answers,
        "premedication": "none" if answers["premedication"].lower() in _NONE else answers["premedication"],
    }
    rows = (Row("infusions", infusion), row)
    return Plan(rows, answers["started_at"], go_to=f"/patients/{order['subject_id']}")


def _other(situation: Situation, matched: dict[str, Any]) -> str:
    """The other of the two who checked at the bed."""
    me = situation.person.account_id
    return str(matched["actor_id"] if matched["actor_id"] != me else matched["witness_id"])


def _running(situation: Situation, infusion: Mapping[str, Any]) -> list[str]:
    """Bags of an infusion that are running now."""
    bags = {
        e["container_id"]
        for e in situation.records["custody"].iter_rows(named=True)
        if e["event"] == "started" and e["dose_order_id"] == infusion["dose_order_id"]
    }
    return sorted(b for b in bags if state_of(situation.records, b).state == "infusing")


def _stop_bag(situation: Situation, answers: Answers) -> Plan:
    """A bag is empty and another follows: the infusion goes on."""
    order_id = state_of(situation.records, situation.key).dose_order_id
    running = situation.view.rows("infusions", dose_order_id=order_id, status="started")
    if not running:
        raise Refusal("refused.not_running", infusion=order_id)
    rows = _bag_given(situation, running[0], situation.key, answers, answers["last_drop_at"])
    return Plan(tuple(rows), answers["last_drop_at"], go_to=f"/patients/{running[0]['subject_id']}")


def _stop(situation: Situation, answers: Answers) -> Plan:
    """The last bag and with it the infusion: what went in, what was left, a pause with its reason."""
    infusion = situation.the()
    running = _running(situation, infusion)
    if infusion["status"] != "started" or len(running) != 1:
        raise Refusal("refused.not_one_running", infusion=infusion["infusion_id"], bags=", ".join(running) or "0")
    rows = [_closed(situation, answers)]
    rows += _bag_given(situation, infusion, running[0], answers, answers["stopped_at"])
    order = situation.view.row("dose_orders", infusion["dose_order_id"]) or {}
    rows.append(Row("dose_orders", changed(order, status="completed"), order["version"]))
    return Plan(tuple(rows), answers["stopped_at"], reason="infusion ended")


def _closed(situation: Situation, answers: Answers) -> Row:
    infusion, pauses = situation.the(), "[]"
    if answers["interruption_reason"]:
        pauses = canonical_json(
            [
                {
                    "from": answers["interrupted_from"].isoformat(),
                    "to": answers["interrupted_to"].isoformat(),
                    "reason": answers["interruption_reason"],
                }
            ]
        )
    done = {"stopped_at": answers["stopped_at"], "status": answers["status"], "stop_reason": answers["stop_reason"]}
    return Row("infusions", changed(infusion, interruptions=pauses, **done), infusion["version"])


def _bag_given(
    situation: Situation, infusion: Mapping[str, Any], bag: str, answers: Answers, last_drop_at: datetime
) -> list[Row]:
    """Thaw, dilution and count as the bag's own events tell them; nothing is asked twice."""
    began, ended = _custody(situation, "thaw_started", bag), _custody(situation, "thaw_ended", bag)
    started = _custody(situation, "started", bag) or {}
    diluted, counted = _custody(situation, "diluted", bag) or {}, _custody(situation, "counted", bag) or {}
    container = situation.view.row("containers", bag) or {}
    values = {
        "site_id": situation.person.site_id,
        "infusion_id": infusion["infusion_id"],
        "container_id": bag,
        "thaw_started_at": began and began["occurred_at"],
        "thaw_ended_at": ended and ended["occurred_at"],
        "diluent": diluted.get("diluent") or "none",
        "total_volume_ml": diluted.get("amount_ml") or container["volume_ml"],
        "given_volume_ml": answers["given_volume_ml"],
        "counted_m": counted.get("counted_m"),
        "viability_percent": counted.get("viability_percent"),
        "counted_at": counted.get("occurred_at"),
        "first_drop_at": started["occurred_at"],
        "last_drop_at": last_drop_at,
        "remainder": answers["remainder"],
    }
    stopped = event(situation, "stopped", bag, occurred_at=last_drop_at, amount_ml=answers["given_volume_ml"])
    return [Row("infusion_containers", values), stopped]


def _assess(situation: Situation, answers: Answers) -> Plan:
    infusion = situation.the()
    values = changed(infusion, assessed_by=situation.person.account_id, **answers)
    return Plan((Row("infusions", values, infusion["version"]),), answers["assessed_until_at"], reason="assessed")


ACTS = (
    Act(
        id="start-infusion",
        action="infuse",
        about="bag",
        step=12,
        fields=(
            *fields_of("infusions", "started_at", "route"),
            of("infusions", "premedication", required=True),
        ),
        build=_start,
        prefill=lambda situation: {"started_at": situation.now, "premedication": "none"},
        fits=lambda situation: state(situation) == "at_bedside",
    ),
    Act(
        id="stop-bag",
        action="infuse",
        about="bag",
        step=12,
        fields=fields_of("infusion_containers", "last_drop_at", "given_volume_ml", "remainder"),
        build=_stop_bag,
        prefill=lambda situation: {"last_drop_at": situation.now},
        fits=lambda situation: state(situation) == "infusing",
    ),
    Act(
        id="stop-infusion",
        action="infuse",
        about="infusion",
        step=12,
        fields=(
            of("infusions", "stopped_at", required=True),
            of("infusions", "status", choices=("completed", "stopped_early")),
            of("infusion_containers", "given_volume_ml"),
            of("infusion_containers", "remainder"),
            of("infusions", "stop_reason"),
            of("infusions", "stopped_at", name="interrupted_from", required=False),
            of("infusions", "stopped_at", name="interrupted_to", required=False),
            of("infusions", "stop_reason", name="interruption_reason"),
        ),
        build=_stop,
        prefill=lambda situation: {"stopped_at": situation.now},
        fits=lambda situation: situation.the()["status"] == "started",
        changes=True,
    ),
    Act(
        id="assess-reaction",
        action="infuse",
        about="infusion",
        step=13,
        fields=(
            of("infusions", "reaction_assessment", choices=("none", "reaction")),
            of("infusions", "assessed_until_at", required=True),
        ),
        build=_assess,
        prefill=lambda situation: {"assessed_until_at": situation.now},
        fits=lambda situation: situation.the()["reaction_assessment"] == "not_assessed",
        changes=True,
    ),
)
