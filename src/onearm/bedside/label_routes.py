"""Label sheets to print: bags of a lot, a patient's wristband, an order."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from onearm.bedside.asked import asked
from onearm.bedside.bags_to_label import bags_to_label
from onearm.bedside.context import Caller, caller, running
from onearm.bedside.labels.code import study_code
from onearm.bedside.labels.sheet import ContainerLabel, DoseOrderLabel, Label, LedgerHead, WristbandLabel, label_sheet
from onearm.bedside.printing import note_printing, pdf_answer
from onearm.bedside.screen import Asking
from onearm.bedside.situation import NotThere

router = APIRouter(include_in_schema=False)
_ACTION: dict[str, Any] = {"x-action": "print_labels"}


@router.get("/labels/lots/{lot_id}", openapi_extra=_ACTION)
def lot_labels(request: Request, lot_id: str, who: Caller = Depends(caller)) -> Response:
    """Every bag of the lot that is still to be used and is at the own site."""
    with asked(request, who, "print_labels") as asking:
        labels = _bags(asking, lot_id)
    return _sheet(request, who, labels, f"label sheet of lot-{lot_id}")


@router.get("/labels/patients/{subject_id}", openapi_extra=_ACTION)
def wristband(request: Request, subject_id: str, who: Caller = Depends(caller)) -> Response:
    """The wristband of one patient."""
    with asked(request, who, "print_labels") as asking:
        asking.patient(subject_id)
    return _sheet(request, who, [WristbandLabel(subject_id)], f"wristband of patient-{subject_id}")


@router.get("/labels/orders/{dose_order_id}", openapi_extra=_ACTION)
def order_label(request: Request, dose_order_id: str, who: Caller = Depends(caller)) -> Response:
    """One order."""
    with asked(request, who, "print_labels") as asking:
        order = asking.situation("order", dose_order_id).the()
        told = (order["dose_order_id"], order["subject_id"], order["dose_no"], order["target_m"])
        label = DoseOrderLabel(*told, order["requested_for"].astimezone(ZoneInfo(asking.person.timezone)))
    return _sheet(request, who, [label], f"label of order-{dose_order_id}")


def _bags(asking: Asking, lot_id: str) -> list[Label]:
    """Raises NotThere without a bag to label here."""
    lot = asking.view.row("lots", lot_id)
    if lot is None:
        raise NotThere(lot_id)
    records = asking.view.near(lots=[lot_id])
    expires = lot["expires_at"].astimezone(ZoneInfo(asking.person.timezone))
    labels: list[Label] = [
        ContainerLabel(
            container_id=bag["container_id"],
            product=lot["product_code"],
            lot_id=lot_id,
            number=bag["container_no"],
            of=lot["containers_made"],
            viable_cells_m=bag["nominal_viable_m"],
            volume_ml=bag["volume_ml"],
            storage_c=lot["storage_c"],
            expires_at=expires,
            subject_id=stands.subject_id or "",
        )
        for bag, stands in bags_to_label(asking.view, asking.person, records)
    ]
    if not labels:
        raise NotThere(lot_id)
    return labels


def _sheet(request: Request, who: Caller, labels: Sequence[Label], what: str) -> Response:
    promise = running(request).promise
    head = note_printing(request, who, what)
    pdf = label_sheet(
        labels,
        study_code(promise.study_id),
        LedgerHead(head.seq, head.hash),
        "es" if who.person.language == "es" else "en",
        promise.virtual,
    )
    return pdf_answer(pdf, what.replace(" ", "-"))
