"""Doses given: which bag, how long after thaw, how many viable cells per kg, in whom, and what happened by day 28."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from onearm.bedside.overview import overview
from onearm.bedside.screen import Asking, Screen
from onearm.product.given_bags import given_bags


@dataclass(frozen=True, slots=True)
class DoseLine:
    """One bag; "0 reactions" is always told beside how many were looked at."""

    container_id: str
    lot_id: str | None
    subject_id: str
    dose_no: int
    started_at: datetime
    ventilation_day: int | None
    thaw_to_last_drop_min: int | None
    delivered_viable_per_kg: Decimal | None
    delivered_upper_per_kg: Decimal | None
    delivered_basis: str | None
    reaction_assessment: str
    day_28: str


@dataclass(frozen=True, slots=True)
class Doses:
    """All of them, with the three counts of reactions."""

    lines: tuple[DoseLine, ...]
    started: int
    assessed: int
    reactions: int


def read_doses(asking: Asking) -> Doses:
    """Every dose the person may see."""
    site, view = asking.only_site, asking.view
    infusions = view.rows("infusions", **({"site_id": site} if site else {}))
    records = overview(view, {i["subject_id"] for i in infusions})
    spanish = asking.person.language == "es"
    lines = tuple(
        DoseLine(
            bag.container_id,
            bag.lot_id,
            bag.subject_id,
            bag.dose_no,
            bag.started_at,
            bag.ventilation_day,
            bag.thaw_to_last_drop_min,
            bag.delivered_viable_per_kg,
            bag.delivered_upper_per_kg,
            bag.delivered_basis,
            bag.reaction_assessment,
            bag.day_28.es if spanish else bag.day_28.en,
        )
        for bag in given_bags(records, asking.promise.rulebook)
    )
    assessed = [i for i in infusions if i["reaction_assessment"] != "not_assessed"]
    return Doses(lines, len(infusions), len(assessed), sum(i["reaction_assessment"] == "reaction" for i in assessed))


SCREENS = (Screen("/doses", "see_patients", "doses.html", Doses, read_doses),)
