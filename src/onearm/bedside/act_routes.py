"""Routes of the acts: form, review and writing as pages, and the same as JSON; one pair of each per act."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from onearm.bedside.act import Act
from onearm.bedside.acting import Done, NotReady, Review, consider, perform, permit, permit_role, permitted
from onearm.bedside.acting import Request as Asked
from onearm.bedside.acts.registry import ACTS
from onearm.bedside.context import Caller, OldForm, Running, caller, require_own_form, running
from onearm.bedside.field import Field, as_text, typed
from onearm.bedside.identity.rate import admit, forgive
from onearm.bedside.identity.tables import milliseconds
from onearm.bedside.json_form import FormTwin, ProblemTwin, WrittenTwin, body_of, form_twin, problem_twin, written_twin
from onearm.bedside.proof import Proof, ProofRefused
from onearm.bedside.rendering import page
from onearm.bedside.situation import Situation, about, glance
from onearm.bedside.typed_form import typed_form
from onearm.ledger.problems import Conflict
from onearm.ledger.store import write_transaction

_OWN = ("csrf", "read_version", "confirmed", "password", "code", "paper")
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": ProblemTwin} for status in (401, 403, 404, 409, 422, 429)
}
_UNREAD: dict[int | str, dict[str, Any]] = {status: {"model": ProblemTwin} for status in (400, 413)}


def act_router() -> APIRouter:
    """All forms with their twins."""
    router = APIRouter()
    for act in ACTS.values():
        _add(router, act)
    return router


def _add(router: APIRouter, act: Act) -> None:
    extra = {"x-action": act.action, "x-step": act.step}
    pages: dict[str, Any] = {"include_in_schema": False, "openapi_extra": extra, "response_class": HTMLResponse}
    router.add_api_route(act.path, _form_page(act), methods=["GET"], name=f"form {act.id}", **pages)
    router.add_api_route(act.path, _post_page(act), methods=["POST"], name=f"do {act.id}", **pages)
    twins: dict[str, Any] = {"openapi_extra": extra, "tags": ["acts"]}
    router.add_api_route(
        f"/api{act.path}",
        _form_json(act),
        methods=["GET"],
        name=f"form twin {act.id}",
        response_model=FormTwin,
        responses=_PROBLEMS,
        **twins,
    )
    router.add_api_route(
        f"/api{act.path}",
        _post_json(act),
        methods=["POST"],
        dependencies=[Depends(_gate(act))],
        name=f"do twin {act.id}",
        response_model=WrittenTwin,
        status_code=201,
        responses=_PROBLEMS | _UNREAD,
        **twins,
    )


def _situation(request: Request, who: Caller, act: Act, key: str) -> tuple[Situation, Mapping[str, str]]:
    """The case, permitted, with what the form holds before anybody typed."""
    app = running(request)
    with app.ledger.reading() as view:
        situation = permitted(act, app.promise, view, who.person, app.now(), key)
        zone = who.person.timezone
        known = {name: typed(value, zone) for name, value in act.prefill(situation).items()}
        asked = {k: v for k, v in request.query_params.items() if k in {f.name for f in act.fields}}
        return situation, {**known, **asked, **_options(act.fields, situation)}


def _options(fields: tuple[Field, ...], situation: Situation) -> dict[str, Any]:
    """Choices that depend on the case, under the name of the field."""
    return {f"options {f.name}": list(f.options(situation)) for f in fields if f.options is not None}


def _form_page(act: Act) -> Callable[..., Response]:
    def form(request: Request, key: str = "", who: Caller = Depends(caller)) -> Response:
        situation, values = _situation(request, who, act, key)
        return _form(request, who, act, situation, values)

    return form


def _form(
    request: Request,
    who: Caller,
    act: Act,
    situation: Situation,
    values: Mapping[str, Any],
    review: Review | None = None,
    status: int = 200,
    **told: Any,
) -> Response:
    faults = {f.field: f.say(who.person.language) for f in review.faults} if review else {}
    version = values.get("read_version") or (situation.row["version"] if situation.row and act.changes else "")
    return page(
        request,
        "form.html",
        who,
        status=status,
        act=act,
        situation=situation,
        values=values,
        faults=faults,
        review=review,
        read_version=version,
        key=situation.key,
        **{"old_form": False, **told},
    )


def _post_page(act: Act) -> Callable[..., Response]:
    def post(
        request: Request, key: str = "", form: dict[str, str] = Depends(typed_form), who: Caller = Depends(caller)
    ) -> Response:
        situation, known = _situation(request, who, act, key)
        values = {**known, **_answers(act, form)}
        try:
            require_own_form(request, form.get("csrf", ""), who.token)
        except OldForm:
            return _form(request, who, act, situation, values, status=409, old_form=True)
        asked = _asked(key, form)
        try:
            done = _perform(request, who, act, asked)
        except NotReady as open_:
            return _not_ready(request, who, act, open_.review, values, asked)
        except ProofRefused as refused:
            told = {"wrong_proof": True, "wait_s": refused.wait_s}
            review = _reconsidered(request, who, act, asked)
            return page(request, "review.html", who, status=403, **_reviewed(act, review, values), **told)
        except Conflict as conflict:
            return page(request, "conflict.html", who, status=409, act=act, key=key, conflict=conflict, values=form)
        return RedirectResponse(done.go_to, status_code=303)

    return post


def _answers(act: Act, form: Mapping[str, str]) -> dict[str, str]:
    """What a form may say; other names are none of its questions."""
    return {name: value for name, value in form.items() if name in (*_OWN, *(f.name for f in act.fields))}


def _asked(key: str, form: Mapping[str, str]) -> Asked:
    version = form.get("read_version", "")
    proof = Proof("", form["password"], form.get("code", "")) if form.get("password") else None
    return Asked(
        key,
        {name: value for name, value in form.items() if name not in _OWN},
        int(version) if re.fullmatch(r"[0-9]{1,9}", version) else None,
        form.get("confirmed") == "true",
        proof,
        form.get("paper", "").strip()[:40],
    )


def _perform(request: Request, who: Caller, act: Act, asked: Asked) -> Done:
    """Perform, with attempts to guess a password or code counted and slowed down."""
    app = running(request)
    keys = _CountedKeys(app, request.client.host if request.client else "-")
    done = perform(act, app.promise, app.ledger, who.person, asked, keys)
    if keys.tried is not None:
        with write_transaction(app.ledger.engine) as connection:
            forgive(connection, keys.tried)
    return done


@dataclass(slots=True)
class _CountedKeys:
    """The keys, each check of a password counted before it is made. An act refused by a rule is no guess."""

    app: Running
    address: str
    tried: str | None = None

    def check_password(self, connection: sa.Connection, proof: Proof, now: datetime) -> None:
        """Raises ProofRefused, with the seconds to wait after too many guesses."""
        with write_transaction(self.app.ledger.engine) as own:
            wait = admit(own, proof.account, self.address, milliseconds(now), in_session=True)
        if wait:
            raise ProofRefused(proof.account, wait)
        self.tried = proof.account
        self.app.keys.check_password(connection, proof, now)

    def use_code(self, connection: sa.Connection, proof: Proof, now: datetime) -> None:
        """As the keys do."""
        self.app.keys.use_code(connection, proof, now)


def _reconsidered(request: Request, who: Caller, act: Act, asked: Asked) -> Review:
    app = running(request)
    with app.ledger.reading() as view:
        return consider(act, app.promise, view, who.person, asked, app.now())


def _reviewed(act: Act, review: Review, values: Mapping[str, Any]) -> dict[str, Any]:
    return {"act": act, "review": review, "values": values, "situation": review.situation, "key": review.situation.key}


def _not_ready(
    request: Request, who: Caller, act: Act, review: Review, values: Mapping[str, Any], asked: Asked
) -> Response:
    """Faults and findings go back to the form; an act that only lacks its signature to the review."""
    if review.refusal_key in act.instead:
        held = _performed_instead(request, who, act, review, asked)
        return page(request, "mismatch.html", who, status=409, review=review, situation=review.situation, held=held)
    judged = review.judgement
    ready = judged is not None and not judged.blocks and (asked.confirmed or not judged.confirms)
    if ready:
        return page(request, "review.html", who, **_reviewed(act, review, values), wrong_proof=False, wait_s=0)
    return _form(request, who, act, review.situation, values, review, 422 if review.faults else 409)


def _performed_instead(request: Request, who: Caller, act: Act, review: Review, asked: Asked) -> bool:
    """Perform the act that a refusal calls for: a mismatch at the bed holds the bag. False: no such act, or no need."""
    if review.refusal_key not in act.instead:
        return False
    try:
        _perform(request, who, ACTS[act.instead[str(review.refusal_key)]], asked)
    except NotReady:  # a bag that is not on its way to a bed cannot be held: infused, returned, held already
        return False
    return True


def _form_json(act: Act) -> Callable[..., FormTwin]:
    def form(request: Request, key: str = "", who: Caller = Depends(caller)) -> FormTwin:
        situation, values = _situation(request, who, act, key)
        return form_twin(act, situation, values, who.person.language)

    if act.about == "study":
        return _without_key(form)
    return form


def _post_json(act: Act) -> Callable[..., Any]:
    body_model = body_of(act)

    def post(request: Request, body: Any, key: str = "", who: Caller = Depends(caller)) -> Any:
        told = body.model_dump()
        proof = Proof("", told["password"], told["code"] or "") if told.get("password") else None
        typed_ = {name: as_text(told[name]) for name in (f.name for f in act.fields)}
        asked = Asked(key, typed_, told["read_version"], told["confirmed"], proof, told["paper"] or "")
        try:
            return written_twin(_perform(request, who, act, asked))
        except NotReady as open_:
            _performed_instead(request, who, act, open_.review, asked)
            return problem_twin(act, open_.review, who.person.language)

    post.__annotations__["body"] = body_model
    return _without_key(post) if act.about == "study" else post


def _gate(act: Act) -> Callable[..., None]:
    """Asked before the body is read: whoever may not act learns nothing of what an act takes."""

    def gate(request: Request, who: Caller = Depends(caller)) -> None:
        require_own_form(request, request.headers.get("x-csrf-token", ""), who.token)
        app, key = running(request), request.path_params.get("key", "")
        permit_role(act.action, who.person, app.now())
        with app.ledger.reading() as view:
            permit(act.action, glance(app.promise, view, who.person, app.now(), about(act.about), key))

    return gate


def _without_key(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """The same endpoint for an act about the study itself: no key in path or document."""
    import inspect

    signature = inspect.signature(endpoint)
    parameters = [
        p.replace(annotation=endpoint.__annotations__.get(p.name, p.annotation))
        for p in signature.parameters.values()
        if p.name != "key"
    ]

    def bare(**given: Any) -> Any:
        return endpoint(**given)

    bare.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return bare
