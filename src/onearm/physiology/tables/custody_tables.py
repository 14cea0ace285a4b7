"""Custody of a ward: every bag from made to given, back in the tank, returned, or destroyed with its rejected lot."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.physiology.randomness import Process, uniform
from onearm.physiology.tables.lot_tables import BAGS_PER_LOT, bag_ids, bags_made, made_at, rejected_at, rejected_bags
from onearm.physiology.tables.orders import PACK_MINUTES, SHIP_MINUTES, Orders
from onearm.physiology.tables.table_columns import UNIT, decimal_text, moment, rounded, site_ids, table
from onearm.physiology.tables.ward import HOUR, NEVER, Minutes, Ward

Bools = NDArray[np.bool_]

# event, minutes before the first drop
_BEFORE_INFUSION = (
    ("thaw_started", 50),
    ("thaw_ended", 40),
    ("diluted", 35),
    ("counted", 30),
    ("issued", 20),
    ("bedside_matched", 10),
)
_CLEARED_MINUTES = 30
_COLDEST, _COLD, _WARM = -185.0, -150.0, -120.0  # Cel of the logger: lowest, highest, highest of an excursion
#: columns that only some events have; a frame of events has them all
_SOMETIMES = ("witness_id", "from_place", "to_place", "subject_id", "dose_order_id", "min_c", "max_c", "remark")


def custody_table(ward: Ward, orders: Orders) -> pl.DataFrame:
    """`custody` of all bags, as known at the lock."""
    frames = [_made(ward), *_rejected(ward), *_of_orders(ward, orders)]
    with_all = [
        f.with_columns(pl.lit(None, pl.String).alias(name) for name in _SOMETIMES if name not in f.columns)
        for f in frames
    ]
    first = with_all[0].columns
    return pl.concat([f.select(first) for f in with_all])


def _made(ward: Ward) -> pl.DataFrame:
    bag = np.concatenate([np.arange(bags_made(ward), dtype=np.int64), rejected_bags(ward)])
    ids = bag_ids(bag)
    columns = {
        "custody_id": [f"{i}-MADE" for i in ids],
        "container_id": ids,
        "event": "made",
        "occurred_at": moment(made_at(ward, bag // BAGS_PER_LOT) + 2 * HOUR),
        "actor_id": f"{UNIT}-MAKER",
    }
    return table(ward, UNIT, columns)


def _rejected(ward: Ward) -> list[pl.DataFrame]:
    bag = rejected_bags(ward)
    if bag.size == 0:
        return []
    ids = bag_ids(bag)
    columns = {
        "custody_id": [f"{i}-GONE" for i in ids],
        "container_id": ids,
        "event": "destroyed",
        "occurred_at": moment(rejected_at(ward, bag // BAGS_PER_LOT) + HOUR),
        "actor_id": f"{UNIT}-MAKER",
        "witness_id": f"{UNIT}-QP",
        "remark": "lot rejected",
    }
    return [table(ward, UNIT, columns)]


def _of_orders(ward: Ward, orders: Orders) -> list[pl.DataFrame]:
    """Reserved, sent, thawed, matched and given; or back to the tank, or returned when it had been packed."""
    verified, cancelled = orders.verified < NEVER, orders.cancelled < NEVER
    frames = [_event(ward, orders, "allocated", 1, orders.verified, verified)]
    frames += _transport(ward, orders)
    frames.append(_event(ward, orders, "deallocated", 2, orders.cancelled, verified & cancelled & ~orders.carried))
    back = _event(ward, orders, "returned", 16, _returned(ward, orders), cancelled & orders.carried)
    frames.append(back.with_columns(remark=pl.lit("order cancelled")))
    for number, (event, minutes) in enumerate(_BEFORE_INFUSION, 2):
        frames.append(_event(ward, orders, event, number, orders.before(minutes), orders.given))
    frames.append(_event(ward, orders, "started", 8, orders.infused, orders.given))
    frames.append(_event(ward, orders, "stopped", 9, orders.stopped, orders.given))
    return [f for f in frames if f.height]


def _transport(ward: Ward, orders: Orders) -> list[pl.DataFrame]:
    """Packed, shipped and received with the logger's temperatures; an excursion is held and cleared."""
    if not orders.carried.any():
        return []
    patient, dose = ward.patient[orders.row], orders.dose
    drawn = uniform(ward.key, Process.TRANSPORT, patient[:, None], day=dose[:, None], draw=1 + np.arange(3))
    warm = orders.carried & (drawn[:, 0] < ward.conduct.product.excursions)
    low = decimal_text(rounded(-_COLDEST + 5 * drawn[:, 1], 1), 1)
    high = decimal_text(rounded(-np.where(warm, _WARM, _COLD) + 5 * drawn[:, 2], 1), 1)
    places: dict[str, Any] = {"from_place": UNIT, "to_place": site_ids(ward.hospital[orders.row])}
    packed, shipped = orders.verified + PACK_MINUTES, orders.verified + SHIP_MINUTES
    seen = [orders.carried & ward.seen(at) for at in (packed, shipped, orders.received)]
    cleared = orders.received + 10 + _CLEARED_MINUTES
    frames = [
        _event(ward, orders, "packed", 10, packed, seen[0], by=UNIT),
        _event(ward, orders, "shipped", 11, shipped, seen[1], by=UNIT, **places),
        _event(ward, orders, "received", 12, orders.received, seen[2], **places, min_c="-" + low, max_c="-" + high),
    ]
    opened = _event(ward, orders, "excursion_opened", 13, orders.received + 10, warm & ward.seen(orders.received + 10))
    frames.append(opened.with_columns(remark=pl.lit("logger above the limit")))
    end = _event(ward, orders, "excursion_cleared", 14, cleared, warm & ward.seen(cleared), by=UNIT)
    frames.append(
        end.with_columns(
            actor_id=pl.lit(f"{UNIT}-QP"),
            witness_id=pl.lit(f"{UNIT}-MAKER"),
            remark=pl.lit("within the stability data"),
        )
    )
    return frames


def _returned(ward: Ward, orders: Orders) -> Minutes:
    """A packed bag is sent back when the order is cancelled, but not before it has come and is cleared."""
    there = np.where(orders.carried, orders.received, 0) + 10 + _CLEARED_MINUTES + 10
    return np.asarray(np.maximum(orders.cancelled, there))


def _event(
    ward: Ward, orders: Orders, event: str, number: int, at: Minutes, happens: Bools, by: str = "", **columns: Any
) -> pl.DataFrame:
    """One event of the orders to which it happens; `by` the hospital's people, or those of a named place."""
    keep = pl.Series(happens & ward.seen(at))
    subject, site = orders.subject.filter(keep), orders.site.filter(keep)
    actors = ("NURSE1", "NURSE2") if event in ("bedside_matched", "started", "stopped") else ("PHARM", "NURSE1")
    who = [f"{by}-MAKER", f"{by}-QP"] if by else [site + f"-{actor}" for actor in actors]
    given = {name: c.filter(keep) if isinstance(c, pl.Series) else c for name, c in columns.items()}
    told: dict[str, Any] = {
        "custody_id": orders.bag.filter(keep) + "-" + subject + f"-{number}",
        "container_id": orders.bag.filter(keep),
        "event": event,
        "occurred_at": moment(at[keep.to_numpy()]),
        "actor_id": who[0],
        "witness_id": who[1],
        "subject_id": subject,
        "dose_order_id": subject + "-O" + orders.name.filter(keep),
    }
    return table(ward, site, told | given)
