"""Dose tables of a ward: consent, weight, order, infusion, and the bag that was given."""

import json

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.physiology.tables.custody_tables import custody_table
from onearm.physiology.tables.event_tables import event_table
from onearm.physiology.tables.lot_tables import bags_made
from onearm.physiology.tables.orders import Orders, orders_of, weights
from onearm.physiology.tables.table_columns import decimal_text, moment, rounded, table
from onearm.physiology.tables.ward import HOUR, NEVER, Ward

WATCHED = 6 * HOUR
_DILUTED_ML = 100


def dose_tables(ward: Ward) -> dict[str, pl.DataFrame]:
    """consents, weights, dose_orders, infusions, infusion_containers, custody, adverse_events, where there are rows."""
    orders = orders_of(ward)
    tables = {"custody": custody_table(ward, orders)} if bags_made(ward) else {}
    if orders.row.size == 0:
        return tables
    weight = weights(ward, orders)
    tables |= {"consents": _consents(ward, orders), "weights": _weights(ward, orders, weight)}
    tables["dose_orders"] = _order_table(ward, orders, weight)
    if orders.given.any():
        given = orders.only(orders.given)
        tables["infusions"] = _infusions(ward, given)
        tables["infusion_containers"] = _bags_given(ward, given, weight[orders.given])
    events = event_table(ward, orders)
    return tables if events is None else tables | {"adverse_events": events}


def _consents(ward: Ward, orders: Orders) -> pl.DataFrame:
    first = orders.only(orders.dose == 0)
    columns = {
        "consent_id": first.subject + "-K1",
        "subject_id": first.subject,
        "kind": "proxy",
        "document_version": "1",
        "given_at": moment(ward.decided[first.row]),
        "taken_by": first.site + "-DOC",
        "scope": '["data","treatment"]',
    }
    return table(ward, first.site, columns)


def _weights(ward: Ward, orders: Orders, weight: NDArray[np.int64]) -> pl.DataFrame:
    columns = {
        "weight_id": orders.subject + "-W" + orders.name,
        "subject_id": orders.subject,
        "measured_at": moment(orders.weighed),
        "weight_kg": decimal_text(weight, 1),
        "method": "bed",
    }
    return table(ward, orders.site, columns)


def _order_table(ward: Ward, orders: Orders, weight: NDArray[np.int64]) -> pl.DataFrame:
    cancelled, verified = orders.cancelled < NEVER, orders.verified < NEVER
    status = np.select([orders.given, cancelled, verified], ["completed", "cancelled", "verified"], "ordered")
    row, at = orders.row, orders.cancelled
    ends = [ward.died[row] == at, ward.lost[row] == at, orders.dose > 0]
    why = np.select(ends, ["died", "transferred", "clinician"], "extubated")
    columns = {
        "dose_order_id": orders.subject + "-O" + orders.name,
        "subject_id": orders.subject,
        "dose_no": orders.dose + 1,
        "planned_m_per_kg": f"{ward.conduct.m_per_kg:g}",
        "weight_basis": "actual",
        "dosing_weight_kg": decimal_text(weight, 1),
        "weight_id": orders.subject + "-W" + orders.name,
        "target_m": decimal_text(rounded(weight / 10 * ward.conduct.m_per_kg, 1), 1),
        "requested_for": moment(orders.infused),
        "ordered_at": moment(orders.ordered),
        "ordered_by": orders.site + "-DOC",
        "verified_at": moment(orders.verified),
        "verified_by": (orders.site + "-PHARM").set(pl.Series(~verified), None),
        "status": status,
        "cancelled_at": moment(orders.cancelled),
        "cancel_reason": pl.Series(why).set(pl.Series(~cancelled), None),
    }
    return table(ward, orders.site, columns)


def _infusions(ward: Ward, given: Orders) -> pl.DataFrame:
    gone = ward.gone[given.row]
    until = np.minimum(given.infused + WATCHED, np.minimum(gone, ward.lock))
    is_cut = given.share_given < 1
    why = np.where(ward.died[given.row] == gone, "the patient died", "the patient left the ward")
    columns = {
        "infusion_id": given.subject + "-I" + given.name,
        "dose_order_id": given.subject + "-O" + given.name,
        "subject_id": given.subject,
        "dose_no": given.dose + 1,
        "status": np.where(is_cut, "stopped_early", "completed"),
        "route": "central_venous",
        "premedication": "none",
        "started_at": moment(given.infused),
        "stopped_at": moment(given.stopped),
        "interruptions": [
            _pause(int(start), int(long)) for start, long in zip(given.infused, given.paused, strict=True)
        ],
        "checked_by_1": given.site + "-NURSE1",
        "checked_by_2": given.site + "-NURSE2",
        "identity_checked_at": moment(given.before(10)),
        "reaction_assessment": np.where(given.reacts, "reaction", "none"),
        "assessed_until_at": moment(until),
        "assessed_by": given.site + "-NURSE2",
        "stop_reason": pl.Series(why, dtype=pl.String).set(pl.Series(~is_cut), None),
    }
    return table(ward, given.site, columns)


def _pause(start: int, long: int) -> str:
    """`interruptions` of an infusion that was paused 8 minutes after its start, so many minutes long."""
    if long == 0:
        return "[]"
    at = moment(np.array([start + 8, start + 8 + long])).dt.strftime("%Y-%m-%dT%H:%MZ").to_list()
    return json.dumps([{"from": at[0], "reason": "line", "to": at[1]}], sort_keys=True, separators=(",", ":"))


def _bags_given(ward: Ward, given: Orders, weight: NDArray[np.int64]) -> pl.DataFrame:
    """The bag is diluted to 100 mL; so much is given that the viable cells counted meet the order, if there is time."""
    at = (given.row, given.dose)
    counted, viable = ward.contents.counted[at], ward.contents.viability[at]
    share = weight / 10 * ward.conduct.m_per_kg / ward.contents.told_million[at]
    columns = {
        "infusion_id": given.subject + "-I" + given.name,
        "container_id": given.bag,
        "thaw_started_at": moment(given.before(50)),
        "thaw_ended_at": moment(given.before(40)),
        "diluent": "pbs_albumin",
        "total_volume_ml": str(_DILUTED_ML),
        "given_volume_ml": decimal_text(rounded(np.minimum(share, 1) * given.share_given * _DILUTED_ML, 1), 1),
        "counted_m": decimal_text(counted, 1),
        "viability_percent": decimal_text(viable, 1),
        "counted_at": moment(given.before(30)),
        "first_drop_at": moment(given.infused),
        "last_drop_at": moment(given.stopped),
        "remainder": "destroyed",
    }
    return table(ward, given.site, columns)
