"""The acceptance question: which bag, how long after thaw, how many viable cells per kg, in whom, and day 28.

One row per bag that was started; the cells per kg are those of the infusion (all its bags).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from onearm.product.day_28 import Day28, fates
from onearm.product.delivered import delivered_by_infusion
from onearm.product.history import History
from onearm.product.signed import Signed
from onearm.protocol.rulebook import Rulebook
from onearm.records import Records
from onearm.vocabulary.clock import day_number

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class GivenBag:
    """One bag of one infusion."""

    container_id: str
    lot_id: str | None
    subject_id: str
    site_id: str | None  # of the patient
    dose_no: int
    infusion_id: str
    started_at: datetime
    ventilation_day: int | None  # day 0 is the first 24 h of ventilation
    thaw_to_last_drop_min: int | None
    delivered_viable_per_kg: Decimal | None  # M/kg
    delivered_upper_per_kg: Decimal | None  # "at most"
    delivered_basis: str | None
    reaction_assessment: str
    day_28: Day28


def given_bags(records: Records, rulebook: Rulebook, signed: Signed | None = None) -> tuple[GivenBag, ...]:
    """Every started bag, by patient, dose and bag."""
    history = History(records, rulebook, signed)
    cells = delivered_by_infusion(history)
    fate = fates(records, list(history.subjects))
    found = []
    for name, infusion in history.infusions.items():
        subject = history.subjects.get(infusion["subject_id"])
        zero = None if subject is None else subject["ventilated_at"]
        for bag in history.bags.get(name, ()):
            lot, thawed = history.lot_of(bag["container_id"]), bag["thaw_ended_at"]
            found.append(
                GivenBag(
                    container_id=bag["container_id"],
                    lot_id=None if lot is None else lot["lot_id"],
                    subject_id=infusion["subject_id"],
                    site_id=None if subject is None else subject["site_id"],
                    dose_no=infusion["dose_no"],
                    infusion_id=name,
                    started_at=infusion["started_at"],
                    ventilation_day=None if zero is None else day_number(infusion["started_at"], zero),
                    thaw_to_last_drop_min=None if thawed is None else (bag["last_drop_at"] - thawed) // _MINUTE,
                    delivered_viable_per_kg=cells[name].delivered_viable_per_kg,
                    delivered_upper_per_kg=cells[name].delivered_upper_per_kg,
                    delivered_basis=cells[name].delivered_basis,
                    reaction_assessment=infusion["reaction_assessment"],
                    day_28=fate[infusion["subject_id"]].after(infusion["started_at"]),
                )
            )
    return tuple(sorted(found, key=lambda b: (b.subject_id, b.dose_no, b.container_id)))
