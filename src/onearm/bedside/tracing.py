"""Where a lot went and what a patient got, as one reader may know it: patients of other sites are counted only."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from onearm.bedside.judging import signed_in
from onearm.bedside.screen import Asking
from onearm.bedside.situation import NotThere
from onearm.ledger.reading import View
from onearm.product.recall import Recall, RecalledPatient, recall_of
from onearm.product.trace import TracedBag, TracedMaterial, trace_patient
from onearm.records import Records


@dataclass(frozen=True, slots=True)
class BagLine:
    """One bag. `elsewhere`: it concerns a patient of another site, who is not named."""

    container_id: str
    number: int
    state: str
    since: datetime | None
    place: str | None
    subject_id: str | None
    elsewhere: bool


@dataclass(frozen=True, slots=True)
class RecipientLine:
    """One infusion of the lot, with the doctors to tell."""

    subject_id: str
    site_id: str
    infusion_id: str
    dose_no: int
    started_at: datetime
    container_ids: tuple[str, ...]
    given_ml: Decimal | None
    viable_per_kg: Decimal | None
    at_most_per_kg: Decimal | None
    day_28: str
    doctors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LotReport:
    """One lot: donor, materials, every bag, every recipient the reader may know; the others as a count."""

    lot_id: str
    donor_id: str
    status: str
    expires_at: datetime
    materials: tuple[TracedMaterial, ...]
    bags: tuple[BagLine, ...]
    to_hold: tuple[str, ...]
    running: tuple[str, ...]
    recipients: tuple[RecipientLine, ...]
    recipients_elsewhere: int
    doctors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PatientReport:
    """One patient: bags, their lots with sister bags, donor and materials, and whom else lots and donors reached."""

    subject_id: str
    site_id: str
    bag_ids: tuple[str, ...]
    lots: tuple[LotReport, ...]
    others: tuple[str, ...]
    others_elsewhere: int


def lot_report(asking: Asking, lot_id: str) -> LotReport:
    """One lot from donor to day 28. Raises NotThere."""
    if asking.view.row("lots", lot_id) is None:
        raise NotThere(lot_id)
    return _lot(asking, records_of_lots(asking.view, [lot_id]), lot_id)


def patient_report(asking: Asking, subject_id: str) -> PatientReport:
    """One patient back to the donors. The caller has seen to it that the reader may see the patient."""
    view = asking.view
    bags = {e["container_id"] for e in view.rows("custody", subject_id=subject_id)}
    lots = {c["lot_id"] for c in view.rows("containers", container_id=bags)}
    donors = {row["donor_id"] for row in view.rows("lots", lot_id=lots)}
    of_donors = {row["lot_id"] for row in view.rows("lots", donor_id=donors)}
    records = records_of_lots(view, of_donors, also=[subject_id])
    found = trace_patient(records, subject_id, signed_in(view))
    sites = _sites(records)
    known = tuple(name for name in found.other_subjects if _is_known(asking, sites.get(name)))
    return PatientReport(
        subject_id,
        sites[subject_id],
        found.bag_ids,
        tuple(_lot(asking, records, lot.lot_id) for lot in found.lots),
        known,
        len(found.other_subjects) - len(known),
    )


def records_of_lots(view: View, lots: Collection[str], also: Collection[str] = ()) -> Records:
    """These lots with every bag, and everything of the patients their bags were meant for."""
    bags = [c["container_id"] for c in view.rows("containers", lot_id=lots)]
    meant = view.frame("custody", container_id=bags)["subject_id"].drop_nulls()
    return view.near(lots=lots, subjects={*meant, *also})


def _lot(asking: Asking, records: Records, lot_id: str) -> LotReport:
    found = recall_of(records, lot_id, asking.promise.rulebook, signed_in(asking.view))
    sites = _sites(records)
    known = [p for p in found.patients if _is_known(asking, sites.get(p.recipient.subject_id))]
    lot = found.lot
    return LotReport(
        lot.lot_id,
        lot.donor_id,
        lot.status.value,
        lot.expires_at,
        lot.materials,
        tuple(_bag(asking, bag, sites) for bag in lot.bags),
        tuple(b.container_id for b in found.to_hold),
        tuple(b.container_id for b in found.running),
        tuple(_recipient(asking, p, sites) for p in known),
        len(found.patients) - len(known),
        _doctors(found, known),
    )


def _doctors(found: Recall, known: list[RecalledPatient]) -> tuple[str, ...]:
    return (
        found.doctors
        if len(known) == len(found.patients)
        else tuple(dict.fromkeys(doctor for patient in known for doctor in patient.doctors))
    )


def _sites(records: Records) -> dict[str, str]:
    return dict(records["subjects"].select("subject_id", "site_id").iter_rows())


def _is_known(asking: Asking, site: str | None) -> bool:
    return asking.only_site is None or site == asking.only_site


def _bag(asking: Asking, bag: TracedBag, sites: Mapping[str, str]) -> BagLine:
    hidden = bag.subject_id is not None and not _is_known(asking, sites.get(bag.subject_id))
    place, subject = (None, None) if hidden else (bag.place, bag.subject_id)
    return BagLine(bag.container_id, bag.container_no, bag.state, bag.since, place, subject, hidden)


def _recipient(asking: Asking, patient: RecalledPatient, sites: Mapping[str, str]) -> RecipientLine:
    one, dose = patient.recipient, patient.dose
    return RecipientLine(
        one.subject_id,
        sites[one.subject_id],
        one.infusion_id,
        one.dose_no,
        one.started_at,
        one.container_ids,
        one.given_ml,
        dose.delivered_viable_per_kg,
        dose.delivered_upper_per_kg,
        one.day_28.es if asking.person.language == "es" else one.day_28.en,
        patient.doctors,
    )
