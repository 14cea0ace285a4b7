"""What leaves on paper: the head of the ledger stands on it, and the ledger keeps where it went (an anchor)."""

from fastapi import Request
from fastapi.responses import Response

from onearm.bedside.context import Caller, running
from onearm.ledger.entry import Action
from onearm.ledger.reading import Head


def note_printing(request: Request, who: Caller, what: str) -> Head:
    """The head to print on `what`, noted as an anchor before anything is drawn: a cut tail shows against the paper."""
    person = who.person
    with running(request).ledger.writing(person.actor) as act:
        head = act.view.head()
        row = {
            "site_id": person.site_id,
            "anchor_id": f"H{head.seq}",
            "head_seq": head.seq,
            "head_hash": head.hash,
            "went_to": f"{what}, printed by {person.account_id} at {person.site_id}",
        }
        act.add("anchors", row, action=Action.ANCHOR, reason="printed")
    return head


def pdf_answer(pdf: bytes, name: str) -> Response:
    """A document to read or print."""
    headers = {"Content-Disposition": f'inline; filename="{name}.pdf"'}
    return Response(pdf, media_type="application/pdf", headers=headers)
