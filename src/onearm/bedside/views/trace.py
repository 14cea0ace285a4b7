"""Traceability: a lot to its bags, places and patients; a patient to bags, sister bags, donor, materials, others."""

from dataclasses import dataclass

from onearm.bedside.acting import Denied
from onearm.bedside.labels.code import LabelError, read, study_code
from onearm.bedside.screen import Asking, Offer, Screen, offers
from onearm.bedside.situation import NotThere
from onearm.bedside.tracing import LotReport, PatientReport, lot_report, patient_report


@dataclass(frozen=True, slots=True)
class Found:
    """Something with the name that was searched for."""

    kind: str  # lot, patient
    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Search:
    """What was searched for, and what has that name."""

    text: str
    found: tuple[Found, ...]


@dataclass(frozen=True, slots=True)
class TracedLot:
    """One lot, and what can be done with it: a recall, by whoever may."""

    report: LotReport
    offers: tuple[Offer, ...]


def read_search(asking: Asking) -> Search:
    """A lot, patient, bag or order by its name, typed or scanned."""
    text = asking.query.get("q", "").strip().upper()[:200]
    name = _name(asking, text)
    lots, subjects = {name}, {name}
    bag = asking.view.row("containers", name)
    if bag is not None:
        lots.add(bag["lot_id"])
        subjects |= {e["subject_id"] for e in asking.view.rows("custody", container_id=name) if e["subject_id"]}
    order = asking.view.row("dose_orders", name)
    subjects |= {order["subject_id"]} if order else set()
    found = [Found("lot", n, f"/trace/lots/{n}") for n in sorted(lots) if asking.view.row("lots", n)]
    found += [Found("patient", n, f"/trace/patients/{n}") for n in sorted(subjects) if _may_trace(asking, n)]
    return Search(text, tuple(found) if text else ())


def _name(asking: Asking, text: str) -> str:
    """The id inside of a label's code, else the text."""
    try:
        return read(text, study_code(asking.promise.study_id)).id
    except LabelError:
        return text


def _may_trace(asking: Asking, subject_id: str) -> bool:
    try:
        asking.patient(subject_id)
    except (NotThere, Denied):
        return False
    return True


def read_lot(asking: Asking) -> TracedLot:
    """One lot."""
    lot_id = asking.path["lot_id"]
    report = lot_report(asking, lot_id)
    can = offers(asking.anywhere("lot", lot_id))
    return TracedLot(report, tuple(o for o in can if o.act == "recall-lot"))


def read_patient(asking: Asking) -> PatientReport:
    """One patient."""
    subject_id = asking.path["subject_id"]
    asking.patient(subject_id)
    return patient_report(asking, subject_id)


SCREENS = (
    Screen("/trace", "trace", "trace.html", Search, read_search),
    Screen("/trace/lots/{lot_id}", "trace", "trace_lot.html", TracedLot, read_lot),
    Screen("/trace/patients/{subject_id}", "trace", "trace_patient.html", PatientReport, read_patient),
)
