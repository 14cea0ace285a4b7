"""Forms to print, one for every act, and all of tomorrow's for a site in one document."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from onearm.bedside.act import Act
from onearm.bedside.acting import permit
from onearm.bedside.acts.registry import ACTS
from onearm.bedside.asked import asked
from onearm.bedside.context import Caller, caller
from onearm.bedside.paper_form import PaperForm, paper_form
from onearm.bedside.printing import note_printing, pdf_answer
from onearm.bedside.rendering import page, rendered
from onearm.bedside.screen import Asking
from onearm.bedside.situation import Situation, about, look
from onearm.bedside.tomorrow import planned
from onearm.report.pdf import pdf_of


def paper_router() -> APIRouter:
    """One route per act, under the policy of the act."""
    router = APIRouter(include_in_schema=False)
    tomorrow: dict[str, Any] = {"x-action": "print_forms"}
    router.add_api_route("/paper/tomorrow", print_tomorrow, methods=["GET"], openapi_extra=tomorrow)
    for act in ACTS.values():
        kept: dict[str, Any] = {"methods": ["GET"], "openapi_extra": {"x-action": act.action}}
        router.add_api_route(f"/paper/{act.id}", _paper(act), name=f"paper {act.id}", **kept)
        if act.about != "study":
            path = f"/paper/{act.id}/{{key:path}}"
            router.add_api_route(path, _paper(act), name=f"paper {act.id} of a case", **kept)
    return router


def _paper(act: Act) -> Callable[..., Response]:
    def paper(request: Request, key: str = "", who: Caller = Depends(caller)) -> Response:
        with asked(request, who, act.action) as asking:
            form = paper_form(act, _permitted(asking, act, key) if key else None)
        return _printed(request, who, [form], form.name, f"{act.id}-{form.number}")

    return paper


def _permitted(asking: Asking, act: Act, key: str) -> Situation:
    situation = _case(asking, act, key)
    permit(act.action, situation)
    return situation


def _case(asking: Asking, act: Act, key: str) -> Situation:
    return look(asking.promise, asking.view, asking.person, asking.now, about(act.about), key)


def print_tomorrow(request: Request, who: Caller = Depends(caller)) -> Response:
    """All forms of tomorrow of the own site; a page that says so when nothing is planned."""
    with asked(request, who, "print_forms") as asking:
        forms = list(_tomorrow(asking))
    if not forms:
        return page(request, "nothing_tomorrow.html", who)
    names = ", ".join(f.number for f in forms)
    return _printed(request, who, forms, f"forms of tomorrow {names}"[:1800], "tomorrow")


def _tomorrow(asking: Asking) -> Iterator[PaperForm]:
    """Forms of everybody at the site: what one may print is not what one may do."""
    for one in planned(asking, asking.person.site_id):
        act = ACTS[one.act]
        yield paper_form(act, _case(asking, act, one.key) if one.key else None, one.subject_id)


def _printed(request: Request, who: Caller, forms: Sequence[PaperForm], what: str, name: str) -> Response:
    head = note_printing(request, who, what)
    html = rendered(request, "paper_form.html", who, head=head, forms=forms, acts=ACTS)
    return pdf_answer(pdf_of(html), name)
