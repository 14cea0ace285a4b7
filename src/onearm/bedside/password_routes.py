"""One's own password: changed with the old one and a code; every session of the account ends."""

from typing import Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from onearm.bedside.context import COOKIE, Caller, caller, require_own_form, running
from onearm.bedside.identity.credentials import replace_password
from onearm.bedside.identity.passwords import check_password, hash_password
from onearm.bedside.identity.rate import admit, forgive
from onearm.bedside.identity.sessions import revoke_account
from onearm.bedside.identity.tables import milliseconds
from onearm.bedside.policy import SIGNED_IN
from onearm.bedside.proof import Proof, ProofRefused
from onearm.bedside.recovery import CHANGED
from onearm.bedside.rendering import page
from onearm.ledger.entry import Action
from onearm.ledger.store import write_transaction

router = APIRouter(include_in_schema=False)
_OWN: dict[str, Any] = {"x-action": SIGNED_IN}


@router.get("/password", response_class=HTMLResponse, openapi_extra=_OWN)
def password_page(request: Request, who: Caller = Depends(caller)) -> Response:
    """The form."""
    return page(request, "password.html", who, faults=(), wait_s=0)


@router.post("/password", openapi_extra=_OWN)
def change_password(
    request: Request,
    old: str = Form(""),
    password: str = Form(""),
    again: str = Form(""),
    code: str = Form(""),
    csrf: str = Form(""),
    who: Caller = Depends(caller),
) -> Response:
    """The old password counts as a guess, as at sign-in; afterwards one signs in anew, everywhere."""
    require_own_form(request, csrf, who.token)
    app, account = running(request), who.person.account_id
    faults = [f"weak.{w.value}" for w in check_password(password, (account, app.promise.protocol.study.id))]
    faults += ["enrol.differ"] if password != again else []
    if faults:
        return page(request, "password.html", who, status=422, faults=tuple(faults), wait_s=0)
    now, proof = app.now(), Proof(account, old, code)
    with write_transaction(app.ledger.engine) as connection:
        wait = admit(connection, account, request.client.host if request.client else "-", milliseconds(now), True)
    if wait:
        return page(request, "password.html", who, status=429, faults=(), wait_s=wait)
    try:
        _replace(request, who, proof, hash_password(password, app.keys.cost))
    except ProofRefused:
        return page(request, "password.html", who, status=403, faults=("problem.proof",), wait_s=0)
    gone = RedirectResponse("/sign-in", status_code=303)
    gone.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")
    return gone


def _replace(request: Request, who: Caller, proof: Proof, hashed: str) -> None:
    """One transaction: the code is used, the password replaced, the sessions ended, and an entry says so."""
    app, account = running(request), who.person.account_id
    with app.ledger.reading() as view:
        app.keys.check_password(view.connection, proof, app.now())  # slow on purpose: not in the writer's turn
    with app.ledger.writing(who.person.actor) as act:
        connection, now_ms = act.view.connection, milliseconds(act.moment())
        app.keys.use_code(connection, proof, act.moment())
        replace_password(connection, account, hashed, now_ms)
        revoke_account(connection, account, now_ms)
        forgive(connection, account)
        act.note(Action.ACCOUNT, {"account_id": account, "what": CHANGED}, reason="password changed")
