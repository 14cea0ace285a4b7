"""The app: routes, headers and what every refusal looks like."""

import secrets
import traceback
from datetime import UTC, datetime
from pathlib import Path

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from sqlalchemy.exc import IntegrityError
from starlette.exceptions import HTTPException

from onearm import __version__
from onearm.bedside import password_routes, sign_in_routes
from onearm.bedside.act_routes import act_router
from onearm.bedside.acting import Denied
from onearm.bedside.context import Caller, ForeignForm, NotSignedIn, Running, caller, is_from_here
from onearm.bedside.json_form import ProblemTwin
from onearm.bedside.language import say_in_words
from onearm.bedside.policy import SIGNED_IN
from onearm.bedside.print_and_file_routes import print_and_file_router
from onearm.bedside.proof import ProofRefused
from onearm.bedside.rendering import browser_language, page
from onearm.bedside.situation import NotThere
from onearm.bedside.typed_form import PhotoUnread
from onearm.bedside.view_routes import view_router
from onearm.bedside.wire import Wire
from onearm.ledger.entry import Action
from onearm.ledger.problems import Conflict, EditingRestricted, InvalidRow, LedgerRefusal

DOCUMENT = "/api/openapi.json"


def create_app(running: Running) -> FastAPI:
    """The app over one study."""
    app = FastAPI(
        title="onearm bedside",
        version=__version__,
        summary="Research use. Not a medical device. Doses need an independent check.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,  # served below, to whoever is signed in
        redirect_slashes=False,
    )
    app.state.running = running
    app.state.form_secret = running.keys.key.derived("forms")
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    app.include_router(sign_in_routes.router)
    app.include_router(password_routes.router)
    app.include_router(act_router())
    app.include_router(print_and_file_router())
    app.include_router(view_router())
    app.add_api_route(DOCUMENT, _document, include_in_schema=False, openapi_extra={"x-action": SIGNED_IN})
    app.add_middleware(Wire, broken=_unforeseen, too_large=_too_large)
    _refusals(app)
    return app


def _document(request: Request, who: Caller = Depends(caller)) -> JSONResponse:
    """The OpenAPI document, for whoever is signed in."""
    return JSONResponse(request.app.openapi())


def _refusals(app: FastAPI) -> None:
    """One answer per kind of refusal, as a page or as JSON."""

    @app.exception_handler(NotSignedIn)
    def not_signed_in(request: Request, _: NotSignedIn) -> Response:
        if _is_api(request):
            return _plain_problem(401, "not_signed_in", "Sign in first.")
        typed = getattr(request.state, "typed", None)
        if typed and is_from_here(request):
            kept = {k: v for k, v in typed.items() if k not in ("csrf", "password", "code")}
            return page(request, "session_ended.html", status=401, kept=kept)
        return RedirectResponse("/sign-in", status_code=303)

    @app.exception_handler(NotThere)
    def not_there(request: Request, _: NotThere) -> Response:
        return _refused(request, 404, "not_there")

    @app.exception_handler(Denied)
    def denied(request: Request, refused: Denied) -> Response:
        _log_denial(request, refused)
        if refused.hidden:
            return _refused(request, 404, "not_there")
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

    @app.exception_handler(IntegrityError)
    def broken_reference(request: Request, _: IntegrityError) -> Response:
        return _refused(request, 409, "reference")

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


def _unforeseen(request: Request, error: Exception) -> Response:
    """A number for the administrator, no trace; the log says where, never with which values."""
    number = secrets.token_hex(4)
    ours = [f for f in traceback.extract_tb(error.__traceback__) if "onearm" in f.filename]
    frames = [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in ours]
    route = getattr(request.scope.get("route"), "path", "no route")  # not the path: that of an enrolment is a secret
    what = f"{request.method} {route}: {type(error).__name__}"
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    print(f"{now} error {number}: {what} at {' < '.join(frames[::-1])}", flush=True)
    try:
        return _refused(request, 500, "unforeseen", number=number)
    except Exception:  # the database is away: no page can be drawn
        return _plain_problem(500, "unforeseen", f"Something went wrong; nothing was written. Number: {number}.")


def _too_large() -> Response:
    return _plain_problem(413, "too_large", "The upload is larger than 50 MB.")


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
    told = {"path": request.url.path[:300], "method": request.method, "why": refused.key}
    with running.ledger.writing(who.person.actor) as act:
        act.note(Action.DENIED, told, reason=refused.key)
