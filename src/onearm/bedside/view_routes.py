"""Routes of the screens: each as a page and as its JSON twin."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response

from onearm.bedside.asked import asked
from onearm.bedside.context import Caller, caller
from onearm.bedside.json_form import ProblemTwin
from onearm.bedside.rendering import page
from onearm.bedside.screen import Screen
from onearm.bedside.situation import NotThere
from onearm.bedside.views.registry import SCREENS

_PROBLEMS: dict[int | str, dict[str, Any]] = {status: {"model": ProblemTwin} for status in (401, 403, 404, 422)}


def view_router() -> APIRouter:
    """All screens with their twins."""
    router = APIRouter()
    for screen in SCREENS:
        extra = {"x-action": screen.action}
        router.add_api_route(
            screen.path,
            _page(screen),
            methods=["GET"],
            name=f"screen {screen.path}",
            include_in_schema=False,
            response_class=HTMLResponse,
            openapi_extra=extra,
        )
        router.add_api_route(
            f"/api{screen.path}".rstrip("/"),
            _twin(screen),
            methods=["GET"],
            name=f"screen twin {screen.path}",
            response_model=screen.model,
            responses=_PROBLEMS,
            openapi_extra={**extra, "parameters": _parameters(screen)},
            tags=["screens"],
        )
    return router


def _read(screen: Screen, request: Request, who: Caller) -> Any:
    """Raises NotThere for a filter with a quote: nothing has such a name, and the trail is searched as JSON text."""
    if any(mark in text for text in request.query_params.values() for mark in '"\\'):
        raise NotThere("")
    with asked(request, who, screen.action) as asking:
        return screen.read(asking)


def _page(screen: Screen) -> Callable[..., Response]:
    def look(request: Request, who: Caller = Depends(caller)) -> Response:
        return page(request, screen.template, who, it=_read(screen, request, who))

    return look


def _twin(screen: Screen) -> Callable[..., Any]:
    def look(request: Request, who: Caller = Depends(caller)) -> Any:
        return _read(screen, request, who)

    return look


def _parameters(screen: Screen) -> list[dict[str, Any]]:
    """Parts of the path, for the document."""
    names = [part[1:-1].split(":")[0] for part in screen.path.split("/") if part.startswith("{")]
    return [{"name": n, "in": "path", "required": True, "schema": {"type": "string"}} for n in names]
