"""Letting people in: the administrator makes a link to enrol with, shown once; a second one needs another person."""

from typing import Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from onearm.bedside.asked import asked, require_site
from onearm.bedside.context import Caller, caller, require_own_form, running
from onearm.bedside.recovery import Enrolment, agree, enrolment_of, invite_account
from onearm.bedside.rendering import page
from onearm.bedside.screen import Asking
from onearm.bedside.situation import NotThere

router = APIRouter(include_in_schema=False)
_INVITES: dict[str, Any] = {"x-action": "manage_accounts"}
_AGREES: dict[str, Any] = {"x-action": "delegate"}


@router.get("/people/{account_id}/enrolment", response_class=HTMLResponse, openapi_extra=_INVITES)
def enrolment_page(request: Request, account_id: str, who: Caller = Depends(caller)) -> Response:
    """Where the account stands, and the button that makes a link."""
    with asked(request, who, "manage_accounts") as asking:
        stands = _enrolment(asking, account_id)
    return page(request, "enrolment.html", who, stands=stands, link="")


@router.post("/people/{account_id}/enrolment", response_class=HTMLResponse, openapi_extra=_INVITES)
def invite_person(request: Request, account_id: str, csrf: str = Form(""), who: Caller = Depends(caller)) -> Response:
    """The link, on this page and never again."""
    require_own_form(request, csrf, who.token)
    with asked(request, who, "manage_accounts") as asking:
        _enrolment(asking, account_id)
    app = running(request)
    with app.ledger.writing(who.person.actor) as act:
        stands = enrolment_of(act.view, account_id, who.person, act.moment())
        token = invite_account(act, account_id) if stands.may_be_invited else None
    if token is None:
        return page(request, "enrolment.html", who, status=409, stands=stands, link="")
    return page(request, "enrolment.html", who, stands=stands, link=str(request.url_for("enrol_page", token=token)))


@router.post("/people/{account_id}/recovery", openapi_extra=_AGREES)
def agree_to_recovery(
    request: Request, account_id: str, csrf: str = Form(""), who: Caller = Depends(caller)
) -> Response:
    """Somebody who knows the person agrees that a new link is made; nobody agrees to the own."""
    require_own_form(request, csrf, who.token)
    with asked(request, who, "delegate") as asking:
        account = asking.view.row("accounts", account_id)
        if account is None or account["person_id"] == who.person.person_id:
            raise NotThere(account_id)
        require_site(asking, account["site_id"])
    with running(request).ledger.writing(who.person.actor) as act:
        agree(act, account_id)
    return RedirectResponse("/people", status_code=303)


def _enrolment(asking: Asking, account_id: str) -> Enrolment:
    """Raises NotThere for an account that may not sign in."""
    account = asking.view.row("accounts", account_id)
    if account is None or account["status"] != "active":
        raise NotThere(account_id)
    return enrolment_of(asking.view, account_id, asking.person, asking.now)
