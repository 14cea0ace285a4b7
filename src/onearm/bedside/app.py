"""The app: routes, headers and what every refusal looks like."""

import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from onearm import __version__
from onearm.bedside import sign_in_routes
from onearm.bedside.act_routes import act_router
from onearm.bedside.acting import Denied
from onearm.bedside.context import Caller, ForeignForm, NotSignedIn, Running, caller
from onearm.bedside.json_form import ProblemTwin
from onearm.bedside.language import say_in_words
from onearm.bedside.print_and_file_routes import print_and_file_router
from onearm.bedside.proof import ProofRefused
from onearm.bedside.rendering import browser_language, page
from onearm.bedside.situation import NotThere
from onearm.bedside.typed_form import PhotoUnread
from onearm.bedside.view_routes import view_router
from onearm.ledger.entry import Action
from onearm.ledger.problems import Conflict, EditingRestricted, InvalidRow, LedgerRefusal

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_LARGEST = 50 * 1024 * 1024


def create_app(running: Running) -> FastAPI:
    """The app over one study."""
    app = FastAPI(
        title="onearm bedside",
        version=__version__,
        summary="Research use. Not a medical device. Doses need an independent check.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    app.state.running = running
    app.state.form_secret = secrets.token_hex(32)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    app.include_router(sign_in_routes.router)
    app.include_router(act_router())
    app.include_router(print_and_file_router())
    app.include_router(view_router())
    app.middleware("http")(_with_headers)
    _refusals(app)
    return app


async def _with_headers(request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
    length = request.headers.get("content-length", "0")
    if length.isascii() and length.isdigit() and int(length) > _LARGEST:
        return _plain_problem(413, "too_large", "The upload is larger than 50 MB.")
    response = await call(request)
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if not request.url.path.startswith("/static/"):
        response.headers["Cache-Control"] = "no-store"
    return response


def _refusals(app: FastAPI) -> None:
    """One answer per kind of refusal, as a page or as JSON."""

    @app.exception_handler(NotSignedIn)
    def not_signed_in(request: Request, _: NotSignedIn) -> Response:
        if _is_api(request):
            return _plain_problem(401, "not_signed_in", "Sign in first.")
        typed = getattr(request.state, "typed", None)
        if typed:
            kept = {k: v for k, v in typed.items() if k not in ("csrf", "password", "code")}
            return page(request, "session_ended.html", status=401, kept=kept)
        return RedirectResponse("/sign-in", status_code=303)

    @app.exception_handler(NotThere)
    def not_there(request: Request, _: NotThere) -> Response:
        return _refused(request, 404, "not_there")

    @app.exception_handler(Denied)
    def denied(request: Request, refused: Denied) -> Response:
        _log_denial(request, refused)
        return _refused(request, 403, refused.key, **refused.values)

    @app.exception_handler(ForeignForm)
    def foreign(request: Request, _: ForeignForm) -> Response:
        return _refused(request, 403, "foreign_form")

    @app.exception_handler(PhotoUnread)
    def photo(request: Request, refused: PhotoUnread) -> Response:
        language = _language(request)
        told = refused.told.said("es" if language == "es" else "en") if refused.told else ""
        return _refused(request, 422, refused.key, told=told)

    @app.exception_handler(ProofRefused)
    def proof(request: Request, refused: ProofRefused) -> Response:
        return _refused(request, 429 if refused.wait_s else 403, "wrong_proof", wait=int(refused.wait_s))

    @app.exception_handler(EditingRestricted)
    def restricted(request: Request, refused: EditingRestricted) -> Response:
        return _refused(request, 409, "restricted", freeze=refused.freeze_id)

    @app.exception_handler(Conflict)
    def conflict(request: Request, refused: Conflict) -> Response:
        twin = ProblemTwin(
            error="conflict",
            sentence=str(refused),
            stands={k: str(v) for k, v in refused.stands.items() if v is not None},
        )
        return JSONResponse(twin.model_dump(mode="json"), status_code=409)

    @app.exception_handler(InvalidRow)
    def invalid(request: Request, refused: InvalidRow) -> Response:
        return _refused(request, 422, "invalid_row", told=str(refused))

    @app.exception_handler(LedgerRefusal)
    def ledger(request: Request, refused: LedgerRefusal) -> Response:
        return _refused(request, 409, "ledger_refused", told=str(refused))

    @app.exception_handler(RequestValidationError)
    def malformed(request: Request, error: RequestValidationError) -> Response:
        faults = {".".join(str(p) for p in e["loc"][1:]): str(e["msg"]) for e in error.errors()}
        twin = ProblemTwin(error="faults", sentence="The body is not of this form.", faults=faults)
        return JSONResponse(twin.model_dump(mode="json"), status_code=422)

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> Response:
        if _is_api(request) or error.status_code != 404:
            return _plain_problem(error.status_code, "http", str(error.detail), error.headers)
        return _refused(request, 404, "not_there")

    @app.exception_handler(Exception)
    def unforeseen(request: Request, error: Exception) -> Response:
        number = secrets.token_hex(4)
        print(f"error {number}: {request.method} {request.url.path}: {error!r}", flush=True)
        return _refused(request, 500, "unforeseen", number=number)


def _is_api(request: Request) -> bool:
    return request.url.path.startswith("/api/")


def _refused(request: Request, status: int, key: str, **values: object) -> Response:
    try:
        who = caller(request)
    except NotSignedIn:
        who = None
    language = _language(request, who)
    sentence = say_in_words(language, f"problem.{key}" if "." not in key else key, values)
    if _is_api(request):
        return _plain_problem(status, key, sentence)
    return page(request, "refused.html", who, status=status, sentence=sentence)


def _language(request: Request, who: Caller | None = None) -> str:
    return who.person.language if who else browser_language(request)


def _plain_problem(status: int, error: str, sentence: str, headers: object = None) -> JSONResponse:
    twin = ProblemTwin(error=error, sentence=sentence)
    told = dict(headers) if isinstance(headers, dict) else None
    return JSONResponse(twin.model_dump(mode="json"), status_code=status, headers=told)


def _log_denial(request: Request, refused: Denied) -> None:
    """What was tried and not allowed is an entry as well."""
    running: Running = request.app.state.running
    who = caller(request)
    told = {"path": request.url.path, "method": request.method, "why": refused.key}
    with running.ledger.writing(who.person.actor) as act:
        act.note(Action.DENIED, told, reason=refused.key)
