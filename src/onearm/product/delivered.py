"""What an infusion delivered: viable cells and per kg, on which count, minutes from thaw, DMSO and endotoxin."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from onearm.product import dosing
from onearm.product.container_state import state_after
from onearm.product.history import History, Row
from onearm.protocol.rulebook import Rulebook
from onearm.records import Records

BASES = ("bedside_count", "lot_after_thaw_test", "label")  # best first
DECAYS = ("known", "bound", "unknown")  # bound: the true loss is at most that
_PER_BAG = ("10^6", "m", "10^6/container", "10^6/bag")
_PER_ML = ("10^6/ml", "m/ml")
_MINUTE, _DAY = timedelta(minutes=1), timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class BagDelivered:
    """One bag of one infusion."""

    container_id: str
    lot_id: str | None
    upper_m: Decimal | None  # M, as if no cell had died since the count; None where the bag itself is not known
    delivered_m: Decimal | None  # M; None where the loss in the diluent or the time since the count is not known
    basis: str  # one of BASES
    decay: str  # one of DECAYS
    hours: Decimal | None  # from the count to the middle of the drops; below 0: counted after them
    thaw_to_last_drop_min: int | None
    dmso_g_per_kg: Decimal | None
    endotoxin_eu_per_kg: Decimal | None
    endotoxin_sign: str  # "<" where the result was censored, else ""


@dataclass(frozen=True, slots=True)
class Delivered:
    """One infusion, summed over its bags. Cells are per kg of dosing weight, DMSO and endotoxin per kg of actual."""

    infusion_id: str
    subject_id: str
    dose_no: int
    started_at: datetime
    target_m: Decimal | None
    delivered_m: Decimal | None
    delivered_viable_per_kg: Decimal | None
    delivered_upper_per_kg: Decimal | None  # "at most"
    deviation: Decimal | None  # delivered / target - 1
    delivered_basis: str | None  # the worst of its bags; None without bags
    decay: str | None  # the worst of its bags
    thaw_to_last_drop_min: int | None  # the longest
    dmso_g_per_kg: Decimal | None
    endotoxin_eu_per_kg: Decimal | None
    endotoxin_sign: str
    bags: tuple[BagDelivered, ...]


def delivered(records: Records, rulebook: Rulebook) -> tuple[Delivered, ...]:
    """Every infusion, in the order of its name."""
    return tuple(delivered_by_infusion(History(records, rulebook)).values())


def delivered_by_infusion(history: History) -> Mapping[str, Delivered]:
    """Every infusion, by its name."""
    return {name: delivered_of(history, row) for name, row in sorted(history.infusions.items())}


def delivered_of(history: History, infusion: Row) -> Delivered:
    """One infusion; the figures of its bags are None where something they need was not recorded."""
    name = infusion["infusion_id"]
    order = history.orders.get(infusion["dose_order_id"])
    actual = None if order is None else history.actual_kg(order, infusion["started_at"])
    bags = tuple(bag_delivered(history, bag, actual) for bag in history.bags.get(name, ()))
    whole, upper = _sum(b.delivered_m for b in bags), _sum(b.upper_m for b in bags)
    weight = None if order is None else order["dosing_weight_kg"]
    target = None if order is None else order["target_m"]
    return Delivered(
        infusion_id=name,
        subject_id=infusion["subject_id"],
        dose_no=infusion["dose_no"],
        started_at=infusion["started_at"],
        target_m=target,
        delivered_m=whole,
        delivered_viable_per_kg=None if whole is None or weight is None else dosing.per_kg(whole, weight),
        delivered_upper_per_kg=None if upper is None or weight is None else dosing.per_kg(upper, weight),
        deviation=None if whole is None or target is None else dosing.deviation(whole, target),
        delivered_basis=_worst((b.basis for b in bags), BASES),
        decay=_worst((b.decay for b in bags), DECAYS),
        thaw_to_last_drop_min=max((m for b in bags if (m := b.thaw_to_last_drop_min) is not None), default=None),
        dmso_g_per_kg=_sum(b.dmso_g_per_kg for b in bags),
        endotoxin_eu_per_kg=_sum(b.endotoxin_eu_per_kg for b in bags),
        endotoxin_sign=max((b.endotoxin_sign for b in bags), default=""),
        bags=bags,
    )


def bag_delivered(history: History, bag: Row, actual_kg: Decimal | None) -> BagDelivered:
    """One row of `infusion_containers`."""
    container = history.containers.get(bag["container_id"])
    lot = history.lot_of(bag["container_id"])
    thawed_at = bag["thaw_ended_at"] or _thawed_at(history, bag)
    basis, counted, viability, counted_at = _count(history, bag, lot, container, thawed_at)
    hours = None
    if counted_at is not None:
        hours = dosing.hours_to_drops(counted_at, bag["first_drop_at"], bag["last_drop_at"])
    loss = history.rulebook.decay_per_h(bag["diluent"])
    is_bound = loss is not None and history.rulebook.decay_is_bound(bag["diluent"])
    share = {"given_ml": bag["given_volume_ml"], "total_ml": bag["total_volume_ml"]}
    upper = found = None
    if counted is not None:
        told = {"counted_m": counted, "viability_percent": viability, **share}
        upper = dosing.delivered_m(**told, decay_per_h=Decimal(0), hours=Decimal(0))
        if loss is not None and hours is not None and hours >= 0:
            found = dosing.delivered_m(**told, decay_per_h=loss, hours=hours)
    endotoxin, sign = _endotoxin(history, lot)
    dmso = eu = None
    if container is not None and lot is not None and actual_kg is not None:
        dmso = whole_dmso(history, container, lot, actual_kg, **share)
        if endotoxin is not None:
            of = {"product_ml": container["volume_ml"], "weight_kg": actual_kg}
            eu = dosing.endotoxin_eu_per_kg(eu_per_ml=endotoxin, **of, **share)
    return BagDelivered(
        container_id=bag["container_id"],
        lot_id=None if lot is None else lot["lot_id"],
        upper_m=upper,
        delivered_m=found,
        basis=basis,
        decay="unknown" if loss is None or hours is None else "bound" if is_bound else "known",
        hours=hours,
        thaw_to_last_drop_min=None if thawed_at is None else (bag["last_drop_at"] - thawed_at) // _MINUTE,
        dmso_g_per_kg=dmso,
        endotoxin_eu_per_kg=eu,
        endotoxin_sign=sign if eu is not None else "",
    )


def whole_dmso(
    history: History, container: Row, lot: Row, actual_kg: Decimal, given_ml: Decimal, total_ml: Decimal
) -> Decimal:
    """DMSO of a bag, g per kg, for the part of it that is given."""
    return dosing.dmso_g_per_kg(
        product_ml=container["volume_ml"],
        dmso_percent=lot["dmso_percent"],
        density_g_per_ml=history.rulebook.dmso_density_g_per_ml,
        given_ml=given_ml,
        total_ml=total_ml,
        removed_share=history.rulebook.dmso_removed_share,
        weight_kg=actual_kg,
    )


def whole_endotoxin(history: History, container: Row, lot: Row, actual_kg: Decimal) -> Decimal | None:
    """Endotoxin of a whole bag, EU per kg; None where the lot was not tested in EU/mL."""
    result, _ = _endotoxin(history, lot)
    if result is None:
        return None
    of = {"product_ml": container["volume_ml"], "weight_kg": actual_kg}
    return dosing.endotoxin_eu_per_kg(eu_per_ml=result, given_ml=Decimal(1), total_ml=Decimal(1), **of)


def dmso_of_the_day(doses: Iterable[Delivered], at: datetime) -> Decimal | None:
    """DMSO of all doses of one patient begun within 24 h up to and at a time, g per kg; None where one is unknown."""
    return _sum(d.dmso_g_per_kg for d in doses if timedelta(0) <= at - d.started_at < _DAY)


def _count(
    history: History, bag: Row, lot: Row | None, container: Row | None, thawed_at: datetime | None
) -> tuple[str, Decimal | None, Decimal | None, datetime | None]:
    """The best count there is: its basis, cells (M), viability (%), and when it held."""
    if bag["counted_m"] is not None and bag["viability_percent"] is not None:
        return BASES[0], bag["counted_m"], bag["viability_percent"], bag["counted_at"]
    if lot is not None and container is not None:
        tests = [t for t in history.tests.get(lot["lot_id"], ()) if t["stage"] == "after_thaw"]
        count, viability = _last(tests, "count"), _last(tests, "viability")
        unit = "" if count is None else _plain(count["raw_unit"])
        if count is not None and viability is not None and unit in (*_PER_BAG, *_PER_ML):
            cells = count["value"] * (container["volume_ml"] if unit in _PER_ML else 1)
            return BASES[1], cells, viability["value"], thawed_at
    label = None if container is None else container["nominal_viable_m"]
    return BASES[2], label, Decimal(100), thawed_at


def _last(tests: Sequence[Row], test: str) -> Row | None:
    """The latest result of a test that is a plain number."""
    found = [t for t in tests if t["test"] == test and t["value"] is not None and t["comparator"] == "="]
    found = [t for t in found if t["verdict"] != "not_done"]
    return max(found, key=lambda t: (t["reported_at"] or t["sampled_at"], t["replicate"]), default=None)


def _endotoxin(history: History, lot: Row | None) -> tuple[Decimal | None, str]:
    """The highest result of a lot in EU/mL, with its sign when it is censored."""
    tests = () if lot is None else history.tests.get(lot["lot_id"], ())
    found = [
        t
        for t in tests
        if t["test"] == "endotoxin" and t["value"] is not None and _plain(t["raw_unit"]) in ("eu/ml", "[eu]/ml")
    ]
    worst = max(found, key=lambda t: t["value"], default=None)
    return (None, "") if worst is None else (worst["value"], "" if worst["comparator"] == "=" else worst["comparator"])


def _thawed_at(history: History, bag: Row) -> datetime | None:
    return state_after(bag["container_id"], history.lives.get(bag["container_id"], ())).thawed_at


def _plain(unit: str) -> str:
    return unit.casefold().replace(" ", "").replace("x10", "10")


def _sum(parts: Iterable[Decimal | None]) -> Decimal | None:
    """None without parts, or where one is not known."""
    known = list(parts)
    return dosing.total_m(p for p in known if p is not None) if known and None not in known else None


def _worst(found: Iterable[str], best_first: Sequence[str]) -> str | None:
    return max(found, key=best_first.index, default=None)
