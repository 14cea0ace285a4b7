"""Signing in and out, enrolling with an invitation, changing role; nothing else is open to a stranger."""

from typing import Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

from onearm.bedside.context import COOKIE, Caller, ForeignForm, caller, is_from_here, require_own_form, running
from onearm.bedside.identity.credentials import enrol, invited_account
from onearm.bedside.identity.passwords import check_password, hash_password
from onearm.bedside.identity.rate import admit, forget_old, forgive
from onearm.bedside.identity.second_factor import accepted_counter, enrolment_qr, new_secret
from onearm.bedside.identity.sessions import LONGEST_MS, Opened, change_role, forget_ended, open_session, revoke
from onearm.bedside.identity.tables import milliseconds
from onearm.bedside.language import say
from onearm.bedside.person import delegations_of
from onearm.bedside.policy import PUBLIC, SIGNED_IN
from onearm.bedside.proof import Proof, ProofRefused
from onearm.bedside.rendering import browser_language, page
from onearm.bedside.sealing import sealer
from onearm.ledger.store import write_transaction
from onearm.vocabulary.identifiers import is_identifier

router = APIRouter(include_in_schema=False)
_OPEN = {"x-action": PUBLIC}
_OWN = {"x-action": SIGNED_IN}
_ENROLMENT_S = 1800


@router.get("/sign-in", response_class=HTMLResponse, openapi_extra=_OPEN)
def sign_in_page(request: Request) -> Response:
    """The form."""
    return page(request, "sign_in.html", wait_s=0, refused=False, demo_people=_demo_people(request))


@router.post("/sign-in", openapi_extra=_OPEN)
def sign_in(request: Request, account: str = Form(""), password: str = Form(""), code: str = Form("")) -> Response:
    """Password and one-time code; the answer does not say which was wrong."""
    _require_own_page(request)
    app, account = running(request), account.strip().upper()
    account = account if is_identifier(account) else "-"  # no account has such a name; the answer is the same
    now = app.now()
    now_ms = milliseconds(now)
    address = request.client.host if request.client else "-"
    with write_transaction(app.ledger.engine) as connection:
        wait = admit(connection, account, address, now_ms)
    told: dict[str, Any] = {"demo_people": _demo_people(request)}
    if wait:
        return page(request, "sign_in.html", status=429, wait_s=wait, refused=True, **told)
    proof = Proof(account, password, code)
    try:
        with app.ledger.reading() as view:
            app.keys.check_password(view.connection, proof, now)
            known = view.row("accounts", account)
            today = now.date()
            held = delegations_of(view, account, today) if known and known["status"] == "active" else []
        if not held:
            raise ProofRefused(account)
        with write_transaction(app.ledger.engine) as connection:
            app.keys.use_code(connection, proof, now)
            forgive(connection, account)
            first = held[0]
            revoke(connection, request.cookies.get(COOKIE, ""), now_ms)  # whoever was signed in here before
            forget_ended(connection, now_ms)
            forget_old(connection, now_ms)
            opened = open_session(connection, account, first["role"], first["site_id"], now_ms, now_ms)
    except ProofRefused:
        return page(request, "sign_in.html", status=403, wait_s=0, refused=True, **told)
    go_to = "/role" if len({(d["role"], d["site_id"]) for d in held}) > 1 else "/"
    return _with_session(RedirectResponse(go_to, status_code=303), opened)


@router.get("/role", response_class=HTMLResponse, openapi_extra=_OWN)
def role_page(request: Request, who: Caller = Depends(caller)) -> Response:
    """In which of the delegations one works now."""
    app = running(request)
    with app.ledger.reading() as view:
        held = delegations_of(view, who.person.account_id, who.person.local_day(app.now()))
    return page(request, "role.html", who, held=held)


@router.post("/role", openapi_extra=_OWN)
def choose_role(
    request: Request, delegation: str = Form(""), csrf: str = Form(""), who: Caller = Depends(caller)
) -> Response:
    """Another role: another session token."""
    require_own_form(request, csrf, who.token)
    app = running(request)
    with app.ledger.reading() as view:
        held = delegations_of(view, who.person.account_id, who.person.local_day(app.now()))
    chosen = next((d for d in held if d["delegation_id"] == delegation), None)
    if chosen is None:
        return RedirectResponse("/role", status_code=303)
    with write_transaction(app.ledger.engine) as connection:
        now_ms = milliseconds(app.now())
        opened = change_role(connection, who.session, chosen["role"], chosen["site_id"], now_ms)
    if opened is None:
        return RedirectResponse("/sign-in", status_code=303)
    return _with_session(RedirectResponse("/", status_code=303), opened)


@router.post("/sign-out", openapi_extra=_OWN)
def sign_out(request: Request, csrf: str = Form(""), who: Caller = Depends(caller)) -> Response:
    """Ends the session on the server, not only in the browser."""
    require_own_form(request, csrf, who.token)
    app = running(request)
    with write_transaction(app.ledger.engine) as connection:
        revoke(connection, who.token, milliseconds(app.now()))
    gone = RedirectResponse("/sign-in", status_code=303)
    gone.headers["Clear-Site-Data"] = '"cache", "storage"'
    gone.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")
    return gone


@router.get("/enrol/{token}", response_class=HTMLResponse, openapi_extra=_OPEN)
def enrol_page(request: Request, token: str) -> Response:
    """Password and authenticator app for a new account."""
    app = running(request)
    with app.ledger.reading() as view:
        account = invited_account(view.connection, token, milliseconds(app.now()))
    if account is None:
        return page(request, "enrol_gone.html", status=404)
    return _enrolment(request, token, account, new_secret())


@router.post("/enrol/{token}", openapi_extra=_OPEN)
def enrol_account(
    request: Request,
    token: str,
    password: str = Form(""),
    again: str = Form(""),
    code: str = Form(""),
    sealed: str = Form(""),
) -> Response:
    """The code proves that the app is set up; then the invitation is used up."""
    _require_own_page(request)
    app = running(request)
    now_ms = milliseconds(app.now())
    with app.ledger.reading() as view:
        account = invited_account(view.connection, token, now_ms)
    if account is None:
        return page(request, "enrol_gone.html", status=404)
    try:
        secret = str(_serializer(request).loads(sealed, max_age=_ENROLMENT_S))
    except BadSignature:
        return _enrolment(request, token, account, new_secret(), ("enrol.too_late",))
    faults = [f"weak.{w.value}" for w in check_password(password, (account, app.promise.protocol.study.id))]
    counter = accepted_counter(secret, code.strip(), now_ms, -1)
    faults += ["enrol.differ"] if password != again else []
    faults += ["enrol.wrong_code"] if counter is None else []
    if faults or counter is None:
        return _enrolment(request, token, account, secret, tuple(faults))
    hashed, kept = hash_password(password, app.keys.cost), app.keys.key.seal(secret, account)
    with write_transaction(app.ledger.engine) as connection:
        enrol(connection, token, hashed, kept, counter, now_ms)
    return RedirectResponse("/sign-in", status_code=303)


def _enrolment(request: Request, token: str, account: str, secret: str, faults: tuple[str, ...] = ()) -> HTMLResponse:
    language = browser_language(request)
    code = enrolment_qr(secret, account, running(request).promise.study_id, say(language, "enrol.qr"))
    sealed = _serializer(request).dumps(secret)
    told: dict[str, Any] = {
        "token": token,
        "account": account,
        "secret": secret,
        "qr": code,
        "sealed": sealed,
        "faults": faults,
    }
    return page(request, "enrol.html", status=422 if faults else 200, **told)


def _serializer(request: Request) -> URLSafeTimedSerializer:
    return sealer(request.app.state.form_secret, "enrol")


def _require_own_page(request: Request) -> None:
    """Before a session there is no token to ask for; the browser's word on the origin must do."""
    if not is_from_here(request):
        raise ForeignForm


def _with_session(response: Response, opened: Opened) -> Response:
    response.set_cookie(
        COOKIE,
        opened.token,
        max_age=LONGEST_MS // 1000,
        path="/",
        secure=True,
        httponly=True,
        samesite="strict",
    )
    return response


def _demo_people(request: Request) -> list[dict[str, str]]:
    """Of a demonstration: who may be played, with password and the code of the moment."""
    from onearm.bedside.demo_people import people_to_play

    return people_to_play(running(request))
