"""What is planned at a site for tomorrow: visits by day of the protocol, and orders with every step of their dose."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from onearm.bedside.screen import Asking
from onearm.bedside.situation import may_see_patient
from onearm.ledger.reading import View

VISIT_DAYS = frozenset({*range(1, 15), 21, 28, 60, 90, 365})  # of the daily course and the follow-up
_ZERO = {"ventilation": "ventilated_at", "icu": "icu_at", "hospital": "hospital_at", "listing": "listed_at"}
_ENDS = ("died", "withdrew", "lost")
ORDER_ACTS = ("allocate-bag",)
BAG_ACTS = (
    "receive-bag", "start-thaw", "end-thaw", "dilute-bag", "count-cells", "issue-bag", "match-bag", "start-infusion",
)  # fmt: skip
VISIT_ACTS = ("keep-visit", "measure")


DURING = ("stop-infusion", "assess-reaction")  # the infusion has no name yet


@dataclass(frozen=True, slots=True)
class Planned:
    """One form to print: an act on a case; without a key its codes are written by hand."""

    act: str
    key: str
    subject_id: str


def planned(asking: Asking, site: str) -> tuple[Planned, ...]:
    """Every form of tomorrow, patient by patient."""
    tomorrow = asking.person.local_day(asking.now) + timedelta(days=1)
    found = (*_visits(asking, site, tomorrow), *_doses(asking, site, tomorrow))
    return tuple(one for one in found if may_see_patient(asking.view, asking.person, one.subject_id))


def _visits(asking: Asking, site: str, day: date) -> Iterator[Planned]:
    zero = _ZERO.get(asking.promise.protocol.clock.starts)
    view = asking.view
    gone = {o["subject_id"] for o in view.rows("outcomes", site_id=site) if o["kind"] in _ENDS}
    for subject in view.rows("subjects", site_id=site):
        name, began = subject["subject_id"], subject[zero] if zero else None
        if began is None or name in gone:
            continue
        number = (day - asking.person.local_day(began)).days
        if number in VISIT_DAYS and view.row("visits", name, number) is None:
            yield from (Planned(act, name, name) for act in VISIT_ACTS)


def _doses(asking: Asking, site: str, day: date) -> Iterator[Planned]:
    """Of an order whose bags are known, the steps of each; else its allocation and the steps of a bag unnamed."""
    view = asking.view
    for order in view.rows("dose_orders", site_id=site, status=("ordered", "verified")):
        if asking.person.local_day(order["requested_for"]) != day:
            continue
        name, subject = order["dose_order_id"], order["subject_id"]
        bags = _bags(view, name)
        if not bags:
            yield from (Planned(act, name, subject) for act in ORDER_ACTS)
        yield from (Planned(act, bag, subject) for bag in bags or [""] for act in BAG_ACTS)
        yield from (Planned(act, "", subject) for act in DURING)


def _bags(view: View, dose_order_id: str) -> list[str]:
    return sorted({e["container_id"] for e in view.rows("custody", dose_order_id=dose_order_id)})
