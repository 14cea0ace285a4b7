"""What waits for somebody: one rule per kind of work, as plain functions over the rows as they stand."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from onearm.bedside.acts.events import suggestion_id
from onearm.bedside.screen import Asking
from onearm.bedside.visible_queries import visible_queries
from onearm.product.container_state import ContainerState
from onearm.product.day_28 import HORIZON, Day28, fates
from onearm.product.history import History
from onearm.product.lot_status import LotStatus
from onearm.product.suggested_reactions import suggested_reactions
from onearm.product.thaw_clock import runs_out_at
from onearm.records import Records


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that waits. `kind` is a key of the catalogue (`waiting.<kind>`); `urgent` comes first."""

    kind: str
    key: str
    path: str
    since: datetime | None
    urgent: bool
    clock_ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ward:
    """What the rules read: the rows of the sites somebody may see."""

    asking: Asking
    patients: Records  # of the measurements only what the rules read
    product: History
    bags: tuple[ContainerState, ...]  # as they stand


Rule = Callable[[Ward], Iterator[Waiting]]
_DAY, _REACTION_LATE = timedelta(hours=24), timedelta(hours=8)


def running_clocks(ward: Ward) -> Iterator[Waiting]:
    """Thawed bags, whose cells die by the hour."""
    for bag in ward.bags:
        if bag.state in ("thawing", "thawed", "issued", "at_bedside", "infusing"):
            ends = runs_out_at(bag, ward.asking.promise.rulebook)
            yield Waiting("clock", bag.container_id, f"/bags/{bag.container_id}", None, True, ends)


def held_bags(ward: Ward) -> Iterator[Waiting]:
    """Bags on hold, a mismatch at the bed among them."""
    for bag in ward.bags:
        if bag.state == "held":
            yield Waiting("held", bag.container_id, f"/bags/{bag.container_id}", bag.since, True)


def orders_to_verify(ward: Ward) -> Iterator[Waiting]:
    """Orders no pharmacist has looked at, and verified ones without a bag."""
    allocated = {bag.dose_order_id for bag in ward.bags}
    for order in ward.patients["dose_orders"].iter_rows(named=True):
        path = f"/patients/{order['subject_id']}"
        if order["status"] == "ordered":
            yield Waiting("verify_order", order["dose_order_id"], path, order["ordered_at"], True)
        elif order["status"] == "verified" and order["dose_order_id"] not in allocated:
            yield Waiting("allocate", order["dose_order_id"], path, order["verified_at"], True)


def undecided(ward: Ward) -> Iterator[Waiting]:
    """Patients without a decision a day after they came."""
    decided = set(ward.patients["treatment_decisions"]["subject_id"])
    for subject in ward.patients["subjects"].iter_rows(named=True):
        came = subject["ventilated_at"] or subject["icu_at"] or subject["hospital_at"]
        if subject["subject_id"] not in decided and came is not None and ward.asking.now - came > _DAY:
            yield Waiting("decide", subject["subject_id"], f"/patients/{subject['subject_id']}", came, False)


def unassessed(ward: Ward) -> Iterator[Waiting]:
    """Ended infusions nobody looked at for a reaction."""
    for infusion in ward.patients["infusions"].iter_rows(named=True):
        if infusion["reaction_assessment"] == "not_assessed" and infusion["status"] != "started":
            late = ward.asking.now - infusion["started_at"] > _REACTION_LATE
            path = f"/patients/{infusion['subject_id']}"
            yield Waiting("assess", infusion["infusion_id"], path, infusion["started_at"], late)


def is_day_28_due(state: Day28, began: datetime, now: datetime) -> bool:
    """Whether day 28 is over and nobody knows whether the patient lived to it."""
    return state.state in ("unknown", "left_alive") and now - began >= timedelta(days=HORIZON)


def day_28_due(ward: Ward) -> Iterator[Waiting]:
    """Treated patients of whom nobody knows whether they lived to day 28."""
    first: dict[str, dict[str, Any]] = {}
    for infusion in ward.patients["infusions"].sort("started_at").iter_rows(named=True):
        first.setdefault(infusion["subject_id"], infusion)
    for subject, fate in fates(ward.patients, list(first)).items():
        began = first[subject]["started_at"]
        if is_day_28_due(fate.after(began), began, ward.asking.now):
            yield Waiting("day_28", subject, f"/patients/{subject}", began, False)


def events_to_review(ward: Ward) -> Iterator[Waiting]:
    """Adverse events the sponsor's physician has not reviewed; serious ones by the 24-hour clock."""
    for event in ward.patients["adverse_events"].iter_rows(named=True):
        if event["reviewed_by"] is None:
            path = f"/patients/{event['subject_id']}"
            ends = event["reported_at"] + _DAY if event["serious"] else None
            yield Waiting("review_event", event["event_id"], path, event["reported_at"], event["serious"], ends)


def suggested(ward: Ward) -> Iterator[Waiting]:
    """Events a rule suggests and no doctor has judged."""
    judged = {row["suggestion_id"] for row in ward.asking.view.rows("suggested_events")}
    for one in suggested_reactions(ward.patients, ward.asking.promise.rulebook):
        if suggestion_id(one) not in judged:
            yield Waiting("judge", suggestion_id(one), f"/patients/{one.subject_id}", None, True)


def tests_to_verify(ward: Ward) -> Iterator[Waiting]:
    """Results a second analyst has not verified."""
    for test in ward.product.records["lot_tests"].iter_rows(named=True):
        if test["verifier_id"] is None:
            yield Waiting("verify_test", test["lot_test_id"], f"/lots/{test['lot_id']}", test["reported_at"], False)


def lots_to_decide(ward: Ward) -> Iterator[Waiting]:
    """Lots in quarantine."""
    for name, course in ward.product.courses.items():
        if course.status() in (LotStatus.QUARANTINE, LotStatus.OUT_OF_SPEC_PENDING):
            yield Waiting("decide_lot", name, f"/lots/{name}", course.made_at, False)


def bags_on_their_way(ward: Ward) -> Iterator[Waiting]:
    """Shipped bags nobody has received."""
    for bag in ward.bags:
        if bag.state == "in_transit":
            yield Waiting("receive", bag.container_id, f"/bags/{bag.container_id}", bag.since, False)


def queries_to_answer(ward: Ward) -> Iterator[Waiting]:
    """Open questions."""
    for query in _queries(ward, "open"):
        yield Waiting("answer_query", query["query_id"], "/queries", query["entered_at"], False)


def queries_to_close(ward: Ward) -> Iterator[Waiting]:
    """Answered questions."""
    for query in _queries(ward, "answered"):
        yield Waiting("close_query", query["query_id"], "/queries", query["entered_at"], False)


def _queries(ward: Ward, state: str) -> list[dict[str, Any]]:
    return [query for query in visible_queries(ward.asking) if query["state"] == state]


#: role -> what waits for it
RULES: dict[str, tuple[Rule, ...]] = {
    "PT": (running_clocks, held_bags, queries_to_answer),
    "QC": (tests_to_verify, queries_to_answer),
    "QP": (held_bags, lots_to_decide, tests_to_verify, queries_to_answer),
    "PH": (running_clocks, held_bags, orders_to_verify, bags_on_their_way, queries_to_answer),
    "IN": (running_clocks, held_bags, suggested, unassessed, undecided, day_28_due, queries_to_answer),
    "NU": (running_clocks, held_bags, unassessed, day_28_due, queries_to_answer),
    "RR": (),
    "SP": (events_to_review, queries_to_close),
    "MO": (day_28_due, queries_to_close),
    "CO": (day_28_due, undecided, queries_to_close),
    "ST": (queries_to_close,),
    "AD": (),
    "IP": (),
}
