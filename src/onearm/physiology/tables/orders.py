"""Orders of a ward: every dose that was ordered by the lock, when, and what became of it."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.physiology.randomness import Floats, Process, normal, uniform
from onearm.physiology.tables.lot_tables import bag_ids
from onearm.physiology.tables.supply import NO_BAG
from onearm.physiology.tables.table_columns import of, rounded, site_ids
from onearm.physiology.tables.ward import DAY, HOUR, INFUSION_MINUTES, NEVER, Minutes, Ward
from onearm.physiology.tables.ward_tables import heights

ORDER_MINUTES, VERIFY_MINUTES = 30, 60  # after the decision, when the lag leaves the time
PACK_MINUTES, SHIP_MINUTES = 30, 60  # after the order was verified
LEAST_FOR_TRANSPORT = 8 * HOUR  # from the order verified to the infusion
_JOURNEY = (2 * HOUR, 3 * HOUR)  # least, more at most
_PAUSE = (5, 10)


@dataclass(frozen=True, slots=True, eq=False)
class Orders:
    """Orders written by the lock, by patient and dose; times in minutes since 1970; shape (orders,)."""

    row: NDArray[np.int64]  # of the ward
    dose: NDArray[np.int64]  # 0 for the first
    subject: pl.Series
    site: pl.Series
    weighed: Minutes
    ordered: Minutes
    verified: Minutes  # NEVER: cancelled or locked before
    infused: Minutes  # or wanted
    stopped: Minutes  # last drop: earlier when the patient dies or is gone before the bag is empty
    cancelled: Minutes
    given: NDArray[np.bool_]
    bag: pl.Series  # container_id
    number: NDArray[np.int64]  # of the bag
    received: Minutes  # at the hospital; NEVER: the bag lay there, or did not come
    paused: NDArray[np.int64]  # minutes
    reacts: NDArray[np.bool_]

    @property
    def name(self) -> pl.Series:
        """`-1` for the first dose: after the subject, what names the order and all of it."""
        return pl.Series(self.dose + 1).cast(pl.String)

    def before(self, minutes: int) -> Minutes:
        """So long before the first drop, not before the order was verified."""
        return np.maximum(self.infused - minutes, np.minimum(self.verified, self.infused))

    @property
    def share_given(self) -> Floats:
        """Of the dose: 1 unless the patient died or was gone before the bag was empty."""
        return np.minimum((self.stopped - self.infused - self.paused) / INFUSION_MINUTES, 1)

    @property
    def carried(self) -> NDArray[np.bool_]:
        """Whether the bag was sent."""
        return self.received < NEVER

    def only(self, keep: NDArray[np.bool_]) -> "Orders":
        """Some of the orders."""
        place = np.flatnonzero(keep)
        return Orders(**{name: getattr(self, name)[place] for name in self.__slots__})


def orders_of(ward: Ward) -> Orders:
    """A first order is cancelled when the patient dies, is extubated or moved first; a later one, when gone first."""
    number = np.arange(ward.bag.shape[1])
    end = np.where(number == 0, ward.first_end[:, None], ward.gone[:, None])
    ended = np.where(ward.infused == NEVER, end, NEVER)
    before = np.roll(ward.infused, 1, axis=1)
    asked = np.where(number == 0, ward.decided[:, None], np.maximum(ward.planned - DAY, before + HOUR))
    latest = np.minimum(ward.planned, end)
    ordered = np.minimum(asked + ORDER_MINUTES, latest)
    verified = np.minimum(asked + VERIFY_MINUTES, ward.planned)
    follows = (number == 0) | (ward.given[:, np.maximum(number - 1, 0)] & (asked < end))
    written = (ward.bag != NO_BAG) & ward.seen(ordered) & follows
    known = ward.seen(verified) & (verified <= end)
    row, dose = np.nonzero(written)
    patient, policy = ward.patient[row], ward.conduct.product
    at = (row, dose)
    chance = uniform(ward.key, Process.REACTION, patient[:, None], day=dose[:, None], draw=np.arange(2))
    paused = _PAUSE[0] + (uniform(ward.key, Process.REACTION, patient, day=dose, draw=2) * _PAUSE[1]).astype(np.int64)
    until = np.minimum(ward.gone[row], ward.lock)
    fits = ward.given[at] & (ward.infused[at] + INFUSION_MINUTES + paused <= until)
    paused = np.where(fits & (chance[:, 0] < policy.interrupted), paused, 0)
    return Orders(
        row=row,
        dose=dose,
        subject=of(ward.subject_id, row),
        site=of(site_ids(ward.hospital), row),
        weighed=asked[at],
        ordered=ordered[at],
        verified=np.where(known, verified, NEVER)[at],
        infused=np.where(ward.infused == NEVER, ward.planned, ward.infused)[at],
        stopped=np.minimum(ward.infused[at] + INFUSION_MINUTES + paused, until),
        cancelled=np.where(ward.seen(ended), ended, NEVER)[at],
        given=ward.given[at],
        bag=pl.Series(bag_ids(ward.bag[at]), dtype=pl.String),
        number=ward.bag[at],
        received=_received(ward, np.where(known, verified, NEVER), np.minimum(end, ward.lock))[at],
        paused=paused,
        reacts=ward.given[at] & (chance[:, 1] < policy.reactions),
    )


def _received(ward: Ward, verified: Minutes, end: Minutes) -> Minutes:
    """When each bag came to the hospital, shape (persons, doses); a bag that was not yet packed at the end stays."""
    least, more = _JOURNEY
    travels = uniform(ward.key, Process.TRANSPORT, np.maximum(ward.bag, 0))
    arrives = verified + SHIP_MINUTES + least + (travels * more).astype(np.int64)
    sent = ward.conduct.product.transport & (ward.planned - verified >= LEAST_FOR_TRANSPORT) & (ward.bag != NO_BAG)
    return np.where(sent & (verified + PACK_MINUTES < end), arrives, NEVER)


def weights(ward: Ward, orders: Orders) -> NDArray[np.int64]:
    """Dosing weight of each order, 0.1 kg, of a body of that height; a later one a little off the first."""
    patient = ward.patient[orders.row]
    body = np.clip(27.5 + 3.5 * normal(ward.key, Process.BODY, patient, draw=1), 19, 38)  # kg/m2
    kilos = body * (heights(ward.key, patient) / 100) ** 2
    off = 0.6 * normal(ward.key, Process.BODY, patient, day=orders.dose, draw=2)
    return rounded(np.clip(kilos + np.where(orders.dose > 0, off, 0), 45, 140), 1)
