"""Dose tables of a ward: consent, weight, order, the bag on its way, infusion. One dose of 10^6 viable cells per kg.

Transport is not modelled: every hospital holds the bags in its own tank. Nobody reacts to an infusion.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.physiology.lot_tables import BAGS_PER_LOT, bag_ids, bags_made, made_at
from onearm.physiology.randomness import Process, normal
from onearm.physiology.supply import NO_BAG
from onearm.physiology.table_columns import UNIT, decimal_text, moment, of, rounded, site_ids, table
from onearm.physiology.ward import HOUR, INFUSION_MINUTES, NEVER, Minutes, Ward

_ORDER_MINUTES, _VERIFY_MINUTES = 30, 60  # after the decision, when the lag leaves the time
_WATCHED = 6 * HOUR
_DILUTED_ML = 100
# event, minutes before the first drop
_BEFORE_INFUSION = (
    ("thaw_started", 50),
    ("thaw_ended", 40),
    ("diluted", 35),
    ("counted", 30),
    ("issued", 20),
    ("bedside_matched", 10),
)


@dataclass(frozen=True, slots=True, eq=False)
class Doses:
    """Orders written by the lock, in minutes since 1970; shape (orders,)."""

    row: NDArray[np.int64]  # of the ward
    subject: pl.Series
    site: pl.Series
    decided: Minutes
    ordered: Minutes
    verified: Minutes  # NEVER: cancelled or locked before
    infused: Minutes
    cancelled: Minutes
    given: NDArray[np.bool_]
    bag: pl.Series  # container_id

    def before(self, minutes: int) -> Minutes:
        """So long before the first drop, not before the order was verified."""
        return np.maximum(self.infused - minutes, np.minimum(self.verified, self.infused))


def dose_tables(ward: Ward) -> dict[str, pl.DataFrame]:
    """consents, weights, dose_orders, infusions, infusion_containers, custody, adverse_events, where there are rows."""
    doses = _orders(ward)
    tables = {"custody": _made(ward)} if bags_made(ward) else {}
    if doses.row.size == 0:
        return tables
    weight = rounded(np.clip(82 + 13 * normal(ward.key, Process.BODY, ward.patient[doses.row], draw=1), 45, 140), 1)
    tables |= {"consents": _consents(ward, doses), "weights": _weights(ward, doses, weight)}
    tables["dose_orders"] = _order_table(ward, doses, weight)
    tables["custody"] = pl.concat([tables["custody"], *_custody(ward, doses)])
    if doses.given.any():
        tables["infusions"] = _infusions(ward, doses)
        tables["infusion_containers"] = _bags_given(ward, doses, weight)
    fatal = _fatal(ward, doses)
    return tables | ({"adverse_events": fatal} if fatal is not None else {})


def _orders(ward: Ward) -> Doses:
    """The times of each order: cancelled when the patient dies or is extubated first."""
    lag = round(ward.conduct.lag_days * 24 * HOUR)
    end = ward.spell_end[:, 0]
    infused, ended = ward.infused, np.where(ward.infused == NEVER, end, NEVER)
    planned = np.where(infused == NEVER, ward.decided + lag, infused)
    latest = np.minimum(planned, end)
    ordered = np.minimum(ward.decided + _ORDER_MINUTES, latest)
    verified = np.minimum(ward.decided + _VERIFY_MINUTES, planned)
    row = np.flatnonzero((ward.bag != NO_BAG) & ward.seen(ordered))
    known = ward.seen(verified) & (verified <= end)
    return Doses(
        row,
        of(ward.subject_id, row),
        of(site_ids(ward.hospital), row),
        ward.decided[row],
        ordered[row],
        np.where(known, verified, NEVER)[row],
        planned[row],
        np.where(ward.seen(ended), ended, NEVER)[row],
        ward.given[row],
        pl.Series(bag_ids(ward.bag[row]), dtype=pl.String),
    )


def _consents(ward: Ward, doses: Doses) -> pl.DataFrame:
    columns = {
        "consent_id": doses.subject + "-K1",
        "subject_id": doses.subject,
        "kind": "proxy",
        "document_version": "1",
        "given_at": moment(doses.decided),
        "taken_by": doses.site + "-DOC",
        "scope": '["data","treatment"]',
    }
    return table(ward, doses.site, columns)


def _weights(ward: Ward, doses: Doses, weight: NDArray[np.int64]) -> pl.DataFrame:
    columns = {
        "weight_id": doses.subject + "-W1",
        "subject_id": doses.subject,
        "measured_at": moment(doses.decided),
        "weight_kg": decimal_text(weight, 1),
        "method": "bed",
    }
    return table(ward, doses.site, columns)


def _order_table(ward: Ward, doses: Doses, weight: NDArray[np.int64]) -> pl.DataFrame:
    cancelled, verified = doses.cancelled < NEVER, doses.verified < NEVER
    status = np.select([doses.given, cancelled, verified], ["completed", "cancelled", "verified"], "ordered")
    why = np.where(ward.died[doses.row] == doses.cancelled, "died", "extubated")
    columns = {
        "dose_order_id": doses.subject + "-O1",
        "subject_id": doses.subject,
        "dose_no": 1,
        "planned_m_per_kg": "1",
        "weight_basis": "actual",
        "dosing_weight_kg": decimal_text(weight, 1),
        "weight_id": doses.subject + "-W1",
        "target_m": decimal_text(weight, 1),
        "requested_for": moment(doses.infused),
        "ordered_at": moment(doses.ordered),
        "ordered_by": doses.site + "-DOC",
        "verified_at": moment(doses.verified),
        "verified_by": (doses.site + "-PHARM").set(pl.Series(~verified), None),
        "status": status,
        "cancelled_at": moment(doses.cancelled),
        "cancel_reason": pl.Series(why).set(pl.Series(~cancelled), None),
    }
    return table(ward, doses.site, columns)


def _infusions(ward: Ward, doses: Doses) -> pl.DataFrame:
    row, subject, site, start, stop = _given(ward, doses)
    columns = {
        "infusion_id": subject + "-I1",
        "dose_order_id": subject + "-O1",
        "subject_id": subject,
        "dose_no": 1,
        "status": "completed",
        "route": "central_venous",
        "premedication": "none",
        "started_at": moment(start),
        "stopped_at": moment(stop),
        "interruptions": "[]",
        "checked_by_1": site + "-NURSE1",
        "checked_by_2": site + "-NURSE2",
        "identity_checked_at": moment(doses.before(10)[doses.given]),
        "reaction_assessment": "none",
        "assessed_until_at": moment(np.minimum(start + _WATCHED, np.minimum(ward.died[row], ward.lock))),
        "assessed_by": site + "-NURSE2",
    }
    return table(ward, site, columns)


def _bags_given(ward: Ward, doses: Doses, weight: NDArray[np.int64]) -> pl.DataFrame:
    """The bag is diluted to 100 mL and so much is given that the viable cells counted meet the order."""
    _, subject, site, start, stop = _given(ward, doses)
    bag = ward.bag[doses.row][doses.given]
    counted = rounded(163 + 3 * normal(ward.key, Process.BAG, bag), 1)
    viable = rounded(np.clip(93 + 1.2 * normal(ward.key, Process.BAG, bag, draw=1), 85, 99), 1)
    share = weight[doses.given] / 10 / (counted / 10 * viable / 1000)
    columns = {
        "infusion_id": subject + "-I1",
        "container_id": doses.bag.filter(pl.Series(doses.given)),
        "thaw_started_at": moment(doses.before(50)[doses.given]),
        "thaw_ended_at": moment(doses.before(40)[doses.given]),
        "diluent": "pbs_albumin",
        "total_volume_ml": str(_DILUTED_ML),
        "given_volume_ml": decimal_text(rounded(np.minimum(share, 1) * _DILUTED_ML, 1), 1),
        "counted_m": decimal_text(counted, 1),
        "viability_percent": decimal_text(viable, 1),
        "counted_at": moment(doses.before(30)[doses.given]),
        "first_drop_at": moment(start),
        "last_drop_at": moment(stop),
        "remainder": "destroyed",
    }
    return table(ward, site, columns)


def _given(ward: Ward, doses: Doses) -> tuple[NDArray[np.int64], pl.Series, pl.Series, Minutes, Minutes]:
    """Row, subject, site, first and last drop of the infusions; death stops one."""
    row, keep = doses.row[doses.given], pl.Series(doses.given)
    start = doses.infused[doses.given]
    stop = np.minimum(start + INFUSION_MINUTES, ward.died[row])
    return row, doses.subject.filter(keep), doses.site.filter(keep), start, stop


def _made(ward: Ward) -> pl.DataFrame:
    bag = np.arange(bags_made(ward), dtype=np.int64)
    ids = bag_ids(bag)
    columns = {
        "custody_id": [f"{i}-MADE" for i in ids],
        "container_id": ids,
        "event": "made",
        "occurred_at": moment(made_at(ward, bag // BAGS_PER_LOT) + 2 * HOUR),
        "actor_id": f"{UNIT}-MAKER",
    }
    return table(ward, UNIT, columns).with_columns(
        witness_id=pl.lit(None, pl.String), subject_id=pl.lit(None, pl.String), dose_order_id=pl.lit(None, pl.String)
    )


def _custody(ward: Ward, doses: Doses) -> list[pl.DataFrame]:
    """Reserved, then thawed, matched and given, or back to the tank."""
    stop = np.minimum(doses.infused + INFUSION_MINUTES, ward.died[doses.row])
    verified = doses.verified < NEVER
    frames = [_event(ward, doses, "allocated", 1, doses.verified, verified)]
    frames.append(_event(ward, doses, "deallocated", 2, doses.cancelled, verified & (doses.cancelled < NEVER)))
    for number, (event, minutes) in enumerate(_BEFORE_INFUSION, 2):
        frames.append(_event(ward, doses, event, number, doses.before(minutes), doses.given))
    frames.append(_event(ward, doses, "started", 8, doses.infused, doses.given))
    frames.append(_event(ward, doses, "stopped", 9, stop, doses.given))
    return frames


def _event(ward: Ward, doses: Doses, event: str, number: int, at: Minutes, happens: NDArray[np.bool_]) -> pl.DataFrame:
    keep = pl.Series(happens)
    subject, site = doses.subject.filter(keep), doses.site.filter(keep)
    actors = ("NURSE1", "NURSE2") if event in ("bedside_matched", "started", "stopped") else ("PHARM", "NURSE1")
    columns: dict[str, Any] = {
        "custody_id": doses.bag.filter(keep) + "-" + subject + f"-{number}",
        "container_id": doses.bag.filter(keep),
        "event": event,
        "occurred_at": moment(at[happens]),
        "actor_id": site + f"-{actors[0]}",
        "witness_id": site + f"-{actors[1]}",
        "subject_id": subject,
        "dose_order_id": subject + "-O1",
    }
    return table(ward, site, columns)


def _fatal(ward: Ward, doses: Doses) -> pl.DataFrame | None:
    """The event of grade 5 of everyone infused who died by the lock."""
    died = ward.died[doses.row]
    fatal = doses.given & ward.seen(died)
    if not fatal.any():
        return None
    keep = pl.Series(fatal)
    subject = doses.subject.filter(keep)
    columns = {
        "event_id": subject + "-A1",
        "subject_id": subject,
        "term": "respiratory failure",
        "grade": 5,
        "started_at": moment(died[fatal]),
        "ended_at": moment(died[fatal]),
        "serious": pl.Series([True] * subject.len()),
        "criteria": '["death"]',
        "relation": "not",
        "action": "none",
        "outcome": "fatal",
        "reported_at": moment(died[fatal]),
        "narrative": "drawn by the generator",
    }
    return table(ward, doses.site.filter(keep), columns)
