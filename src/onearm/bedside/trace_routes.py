"""The two traces on paper, with the head of the ledger: what a recall is worked from."""

from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from onearm.bedside.asked import asked
from onearm.bedside.context import Caller, caller
from onearm.bedside.printing import note_printing, pdf_answer
from onearm.bedside.rendering import rendered
from onearm.bedside.tracing import lot_report, patient_report
from onearm.report.pdf import pdf_of

router = APIRouter(include_in_schema=False)
_ACTION: dict[str, Any] = {"x-action": "trace"}


@router.get("/trace/lots/{lot_id}.pdf", openapi_extra=_ACTION)
def print_lot(request: Request, lot_id: str, who: Caller = Depends(caller)) -> Response:
    """One lot on paper."""
    with asked(request, who, "trace") as asking:
        report = lot_report(asking, lot_id)
    head = note_printing(request, who, f"trace of lot-{lot_id}")
    html = rendered(request, "printed_trace.html", who, head=head, lots=(report,), patient=None, name=lot_id)
    return pdf_answer(pdf_of(html), f"trace-{lot_id}")


@router.get("/trace/patients/{subject_id}.pdf", openapi_extra=_ACTION)
def print_patient(request: Request, subject_id: str, who: Caller = Depends(caller)) -> Response:
    """One patient on paper."""
    with asked(request, who, "trace") as asking:
        asking.patient(subject_id)
        report = patient_report(asking, subject_id)
    head = note_printing(request, who, f"trace of patient-{subject_id}")
    told: dict[str, Any] = {"lots": report.lots, "patient": report, "name": subject_id}
    html = rendered(request, "printed_trace.html", who, head=head, **told)
    return pdf_answer(pdf_of(html), f"trace-{subject_id}")
