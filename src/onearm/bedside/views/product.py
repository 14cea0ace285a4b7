"""Lots and bags: tests, what a release still lacks, where each bag is, and the clock of a thawed one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from onearm.bedside.bags_to_label import bags_to_label
from onearm.bedside.judging import signed_in
from onearm.bedside.screen import Asking, Offer, Screen, offers, offers_of_rows
from onearm.product.container_state import state_after, state_of
from onearm.product.history import History
from onearm.product.release_needs import missing_for_release
from onearm.product.thaw_clock import RUNNING, minutes_left, runs_out_at

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class LotLine:
    """One line of the list of lots."""

    lot_id: str
    site_id: str
    product_code: str
    status: str
    expires_at: datetime
    containers: int
    in_stock: int


@dataclass(frozen=True, slots=True)
class Lots:
    """The list and what can be begun from it."""

    lines: tuple[LotLine, ...]
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class Lot:
    """One lot: `missing` is what a release still lacks, in words; `has_labels`: of bags one may print labels for."""

    lot: Row
    status: str
    missing: tuple[str, ...]
    materials: list[Row]
    tests: list[Row]
    decisions: list[Row]
    bags: list[Row]
    has_labels: bool
    offers: tuple[Offer, ...]
    offers_on: dict[str, dict[str, tuple[Offer, ...]]]


@dataclass(frozen=True, slots=True)
class Bag:
    """One bag. `clock_ends_at` while it is thawed."""

    bag: Row
    lot: Row
    state: str
    subject_id: str | None
    dose_order_id: str | None
    place: str | None
    minutes_left: int | None
    clock_ends_at: datetime | None
    custody: list[Row]
    offers: tuple[Offer, ...]


def read_lots(asking: Asking) -> Lots:
    """Lots of the own unit, or all; a hospital sees all it may get bags of."""
    view, site = asking.view, asking.only_site
    unit = site if asking.person.role in ("PT", "QC") else None
    lots = view.rows("lots", **({"site_id": unit} if unit else {}))
    records = view.near(lots=[lot["lot_id"] for lot in lots])
    history = History(records, asking.promise.rulebook, signed_in(view))
    stock: dict[str, list[bool]] = {}
    for name, bag in history.containers.items():
        state = state_after(name, history.lives.get(name, ())).state
        stock.setdefault(bag["lot_id"], []).append(state in ("stock", "received"))
    lines = []
    for lot in lots:
        bags, status = stock.get(lot["lot_id"], []), history.courses[lot["lot_id"]].status()
        told = (lot["lot_id"], lot["site_id"], lot["product_code"], status.value, lot["expires_at"])
        lines.append(LotLine(*told, len(bags), sum(bags)))
    study = asking.situation("study", "")
    return Lots(tuple(lines), tuple(o for o in offers(study) if o.act in ("record-lot", "specify-test")))


def read_lot(asking: Asking) -> Lot:
    """One lot with all that hangs on it."""
    key = asking.path["lot_id"]
    situation = asking.situation("lot", key) if asking.person.role in ("PT", "QC") else asking.anywhere("lot", key)
    records = situation.records
    history = History(records, asking.promise.rulebook, signed_in(asking.view))
    tests, decisions = records["lot_tests"].to_dicts(), records["release_decisions"].to_dicts()
    bags = []
    for bag in records["containers"].sort("container_no").iter_rows(named=True):
        stands = state_after(bag["container_id"], history.lives.get(bag["container_id"], ()))
        bags.append({**bag, "state": stands.state, "subject_id": stands.subject_id, "place": stands.place})
    kinds = {"lot_test": [t["lot_test_id"] for t in tests], "decision": [d["decision_id"] for d in decisions]}
    status = history.courses[key].status()
    needs = missing_for_release(history, key, "release", asking.now) if status == "quarantine" else ()
    return Lot(
        dict(situation.the()),
        status.value,
        tuple(need.es if asking.person.language == "es" else need.en for need in needs),
        records["lot_materials"].to_dicts(),
        tests,
        decisions,
        bags,
        bool(bags_to_label(asking.view, asking.person, asking.view.near(lots=[key]))),
        offers(situation),
        {kind: offers_of_rows(asking, kind, keys, situation) for kind, keys in kinds.items()},
    )


def read_bag(asking: Asking) -> Bag:
    """One bag, its life and its clock."""
    key = asking.path["container_id"]
    situation = asking.anywhere("bag", key)
    stands = state_of(situation.records, key)
    events = situation.records["custody"].filter(pl.col("container_id") == key).sort("occurred_at", "entered_at")
    lot = asking.view.row("lots", situation.the()["lot_id"]) or {}
    running = stands.state in RUNNING
    return Bag(
        dict(situation.the()),
        lot,
        stands.state,
        stands.subject_id,
        stands.dose_order_id,
        stands.place,
        minutes_left(stands, asking.promise.rulebook, asking.now) if running else None,
        runs_out_at(stands, asking.promise.rulebook) if running else None,
        events.to_dicts()[::-1],
        offers(situation),
    )


SCREENS = (
    Screen("/lots", "see_product", "lots.html", Lots, read_lots),
    Screen("/lots/{lot_id}", "see_product", "lot.html", Lot, read_lot),
    Screen("/bags/{container_id}", "see_product", "bag.html", Bag, read_bag),
)
