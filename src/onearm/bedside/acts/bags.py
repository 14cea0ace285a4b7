"""Steps 8 to 10: a bag is allocated, packed, shipped, received, held, thawed, diluted, counted, issued, or ends."""

from collections.abc import Callable
from typing import Any

import polars as pl

from onearm.bedside.act import Act, Answers, Plan, Refusal, Row
from onearm.bedside.field import Field, Option, fields_of, of
from onearm.bedside.judging import signed_in
from onearm.bedside.naming import used_numbers
from onearm.bedside.situation import Situation
from onearm.product.container_state import state_of
from onearm.product.issue_rules import allocatable

WHEN = of("custody", "occurred_at")
WITNESS = of("custody", "witness_id", required=True)
REMARK = of("custody", "remark", required=True)
_ALWAYS = frozenset({"returned", "destroyed", "lost"})


def event(situation: Situation, name: str, container_id: str, **told: Any) -> Row:
    """One event in the life of a bag; the allocation it has goes with it."""
    stands = state_of(situation.records, container_id)
    number = 1 + max(used_numbers(situation.view, "custody", f"{container_id}-"), default=0)
    values = {
        "site_id": situation.person.site_id,
        "custody_id": f"{container_id}-{number}",
        "container_id": container_id,
        "event": name,
        "actor_id": situation.person.account_id,
        "subject_id": stands.subject_id,
        "dose_order_id": stands.dose_order_id,
        **told,
    }
    return Row("custody", values)


def state(situation: Situation) -> str:
    """State of the bag the act is about."""
    return state_of(situation.records, situation.key).state


def _bags(situation: Situation) -> list[Option]:
    stock, signed = situation.records_of_stock(), signed_in(situation.view)
    rows = allocatable(stock, situation.promise.rulebook, situation.now, signed, situation.subject_id)
    return [(b.container_id, f"{b.container_id} · {b.lot_id} · {b.nominal_viable_m.normalize():f} ×10⁶") for b in rows]


def _sites(situation: Situation) -> list[Option]:
    return [(s["site_id"], f"{s['site_id']} · {s['title']}") for s in situation.view.rows("sites", kind="hospital")]


def _allocate(situation: Situation, answers: Answers) -> Plan:
    order = situation.the()
    if order["status"] != "verified":
        raise Refusal("refused.not_verified", order=order["dose_order_id"])
    bag = answers["container_id"]
    told = {"subject_id": order["subject_id"], "dose_order_id": order["dose_order_id"], "occurred_at": situation.now}
    words = {"bag": bag, "order": order["dose_order_id"], "subject": order["subject_id"]}
    around = situation.around_bag(bag)
    return Plan((event(around, "allocated", bag, **told),), statement=words, records=around.records)


def _taken(situation: Situation) -> list[Option]:
    """Bags allocated to the order that went nowhere yet."""
    order, custody = situation.key, situation.records["custody"]
    bags = sorted(set(custody.filter(pl.col("dose_order_id") == order)["container_id"]))
    states = [state_of(situation.records, bag) for bag in bags]
    return [(b.container_id, b.container_id) for b in states if (b.state, b.dose_order_id) == ("allocated", order)]


def _give_back(situation: Situation, answers: Answers) -> Plan:
    bag, order = answers["container_id"], situation.the()
    row = event(situation, "deallocated", bag, occurred_at=situation.now, remark=answers["remark"])
    return Plan((row,), statement={"bag": bag, "order": order["dose_order_id"]})


def _simple(name: str) -> Callable[[Situation, Answers], Plan]:
    def build(situation: Situation, answers: Answers) -> Plan:
        return Plan((event(situation, name, situation.key, **answers),), answers["occurred_at"])

    return build


def _signed(name: str) -> Callable[[Situation, Answers], Plan]:
    def build(situation: Situation, answers: Answers) -> Plan:
        row = event(situation, name, situation.key, **{"occurred_at": situation.now, **answers})
        told = {"bag": situation.key, "subject": row.values["subject_id"], "order": row.values["dose_order_id"]}
        return Plan((row,), statement=told)

    return build


def _receive(situation: Situation, answers: Answers) -> Plan:
    """A logger beyond the limit opens a hold at once."""
    said = "; ".join(f"{k} {v}" for k, v in (("seal", answers["seal"]), ("look", answers["look"])) if v)
    told = {k: answers[k] for k in ("occurred_at", "min_c", "max_c", "scanned", "to_place")}
    rows = [event(situation, "received", situation.key, **told, remark=said or None)]
    limit = situation.promise.rulebook.storage_limit_c
    if answers["max_c"] > limit or answers["seal"] != "intact" or answers["look"] != "good":
        opened = {
            "occurred_at": answers["occurred_at"],
            "remark": f"at receipt: {said}, logger up to {answers['max_c']} Cel",
        }
        second = event(situation, "excursion_opened", situation.key, **opened)
        number = int(str(rows[0].values["custody_id"]).rsplit("-", 1)[1]) + 1
        rows.append(Row("custody", {**second.values, "custody_id": f"{situation.key}-{number}"}))
    return Plan(tuple(rows), answers["occurred_at"])


def _act(
    name: str,
    action: str,
    event_name: str,
    from_states: tuple[str, ...],
    fields: tuple[Field, ...],
    step: int,
    meaning: str | None = None,
    second_person: str | None = None,
    aside: bool = False,
) -> Act:
    return Act(
        id=name,
        action=action,
        about="bag",
        step=step,
        fields=fields,
        build=_signed(event_name) if meaning else _simple(event_name),
        prefill=lambda situation: {"occurred_at": situation.now},
        fits=lambda situation: state(situation) in from_states,
        meaning=meaning,
        second_person=second_person,
        aside=aside,
    )


_BEFORE = ("stock", "allocated", "packed", "in_transit", "received")
_OPEN = (*_BEFORE, "held", "thawing", "thawed", "issued", "at_bedside")

ACTS = (
    Act(
        id="allocate-bag",
        action="allocate",
        about="order",
        step=8,
        fields=(of("custody", "container_id", kind="choice", options=_bags),),
        build=_allocate,
        fits=lambda situation: situation.the()["status"] == "verified",
        meaning="dispensed",
    ),
    Act(
        id="deallocate-bag",
        action="allocate",
        about="order",  # the pharmacy of the patient gives it back, wherever the bag is
        step=8,
        fields=(of("custody", "container_id", kind="choice", options=_taken), REMARK),
        build=_give_back,
        fits=lambda situation: bool(_taken(situation)),
        meaning="dispensed",
        aside=True,
    ),
    _act("pack-bag", "ship", "packed", ("allocated", "stock"), (WHEN, of("custody", "from_place")), 9),
    _act(
        "ship-bag",
        "ship",
        "shipped",
        ("packed",),
        (WHEN, of("custody", "to_place", kind="choice", required=True, options=_sites)),
        9,
    ),
    Act(
        id="receive-bag",
        action="receive",
        about="bag",
        step=9,
        fields=(
            WHEN,
            of("custody", "min_c", required=True),
            of("custody", "max_c", required=True),
            Field("seal", "choice", True, choices=("intact", "broken")),
            Field("look", "choice", True, choices=("good", "damaged")),
            *fields_of("custody", "to_place", "scanned"),
        ),
        build=_receive,
        prefill=lambda situation: {"occurred_at": situation.now},
        fits=lambda situation: state(situation) == "in_transit",
    ),
    _act("open-excursion", "hold", "excursion_opened", _BEFORE, (WHEN, REMARK), 9, aside=True),
    _act("clear-excursion", "clear_excursion", "excursion_cleared", ("held",), (REMARK,), 9, meaning="reviewed"),
    _act(
        "reject-bag", "clear_excursion", "excursion_rejected", ("held",), (REMARK,), 9, meaning="reviewed", aside=True
    ),
    _act(
        "start-thaw", "thaw", "thaw_started", ("received", "allocated"), (WHEN, WITNESS), 10, second_person="witness_id"
    ),
    _act(
        "end-thaw",
        "thaw",
        "thaw_ended",
        ("thawing",),
        (WHEN, WITNESS, of("custody", "remark")),
        10,
        second_person="witness_id",
    ),
    _act(
        "dilute-bag",
        "thaw",
        "diluted",
        ("thawed",),
        (WHEN, of("custody", "diluent", required=True), of("custody", "amount_ml", required=True), WITNESS),
        10,
        second_person="witness_id",
    ),
    _act(
        "count-cells",
        "thaw",
        "counted",
        ("thawed",),
        (WHEN, of("custody", "counted_m", required=True), of("custody", "viability_percent", required=True), WITNESS),
        10,
        second_person="witness_id",
    ),
    _act(
        "issue-bag",
        "issue",
        "issued",
        ("thawed",),
        (of("custody", "to_place", required=True),),
        10,
        meaning="dispensed",
    ),
    _act("return-bag", "hold", "returned", _OPEN, (WHEN, REMARK), 12, aside=True),
    _act("destroy-bag", "hold", "destroyed", _OPEN, (WHEN, REMARK), 12, aside=True),
    _act("lose-bag", "hold", "lost", _OPEN, (WHEN, REMARK), 12, aside=True),
)
