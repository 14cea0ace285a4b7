"""Taking a data lock away: dates moved and sites coded, or as it stands; each time with a reason, in the ledger."""

import hashlib
from typing import Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, Response

from onearm import __version__
from onearm.bedside.acting import Denied
from onearm.bedside.asked import asked
from onearm.bedside.context import Caller, caller, require_own_form, running
from onearm.bedside.frozen_archive import archive_of
from onearm.bedside.policy import policies
from onearm.bedside.rendering import page
from onearm.bedside.screen import Asking
from onearm.bedside.situation import NotThere
from onearm.ledger.entry import Action
from onearm.ledger.problems import LedgerRefusal
from onearm.protocol.locks import Act as PlanAct

router = APIRouter(include_in_schema=False)
_ACTION: dict[str, Any] = {"x-action": "export"}
_PURPOSE = "dates of an export"  # what the secret is for


@router.get("/locks/{freeze_id}/export", response_class=HTMLResponse, openapi_extra=_ACTION)
def export_page(request: Request, freeze_id: str, who: Caller = Depends(caller)) -> Response:
    """What leaves, and why."""
    with asked(request, who, "export") as asking:
        _frozen(asking, freeze_id)
    return _form(request, who, freeze_id)


@router.post("/locks/{freeze_id}/export", openapi_extra=_ACTION)
def export(
    request: Request,
    freeze_id: str,
    reason: str = Form("", max_length=500),
    identified: str = Form(""),
    csrf: str = Form(""),
    who: Caller = Depends(caller),
) -> Response:
    """The zip. The entry is written before it leaves; outcomes count as read from then on."""
    require_own_form(request, csrf, who.token)
    app, is_identified = running(request), identified == "true"
    with asked(request, who, "export") as asking:
        if is_identified and not _may_identify(who):
            raise Denied("denied.role", role=who.person.role, action="read_identified")
        freeze = _frozen(asking, freeze_id)
        if not reason.strip():
            return _form(request, who, freeze_id, is_identified, missing=True)
        secret = None if is_identified else app.keys.key.secret_for(_PURPOSE)
        try:
            packed = archive_of(asking.view, freeze, app.promise.study_id, secret)
        except ValueError as changed:
            raise LedgerRefusal(str(changed)) from None
    told = {
        "freeze_id": freeze_id,
        "records_sha256": freeze["records_sha256"],
        "file_sha256": hashlib.sha256(packed).hexdigest(),
        "protocol_sha256": app.promise.protocol.sha256,
        "onearm": __version__,
    }
    with app.ledger.writing(who.person.actor) as act:
        act.note(Action.EXPORT, {**told, "plan": PlanAct.OPEN_OUTCOMES.value}, reason=reason)
        if is_identified:
            act.note(Action.READ_IDENTIFIED, told, reason=reason)
    name = f"{app.promise.study_id}-{freeze_id}{'-identified' if is_identified else ''}.zip"
    return Response(packed, media_type="application/zip", headers=_as_file(name))


def _frozen(asking: Asking, freeze_id: str) -> dict[str, Any]:
    """A data lock that was signed by both. Raises NotThere."""
    freeze = asking.view.row("freezes", freeze_id)
    if freeze is None or freeze["state"] == "proposed":
        raise NotThere(freeze_id)
    return freeze


def _may_identify(who: Caller) -> bool:
    return who.person.role in policies()["read_identified"].scopes


def _form(
    request: Request, who: Caller, freeze_id: str, identified: bool = False, *, missing: bool = False
) -> Response:
    told = {"freeze_id": freeze_id, "may_identify": _may_identify(who), "identified": identified, "missing": missing}
    return page(request, "export.html", who, status=422 if missing else 200, **told)


def _as_file(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
