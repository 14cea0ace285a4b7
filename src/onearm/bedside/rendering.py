"""Pages from templates: words in the reader's language, local times, and what every page shows."""

from datetime import date, datetime
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from onearm.bedside.context import Caller, running
from onearm.bedside.field import typed
from onearm.bedside.identity.csrf import csrf_token
from onearm.bedside.language import say, shown_date, shown_number, shown_time, word
from onearm.bedside.navigation import pages_of
from onearm.bedside.person import Person
from onearm.bedside.policy import policies
from onearm.bedside.remedies import remedy_in
from onearm.vocabulary.clock import text_of


@cache
def _templates() -> Environment:
    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "pages"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["advice"] = lambda remedy, language: remedy_in(language, remedy)
    return found


def page(
    request: Request, template: str, caller: Caller | None = None, *, status: int = 200, **values: Any
) -> HTMLResponse:
    """A page in the caller's language; before sign-in in that of the browser."""
    return HTMLResponse(rendered(request, template, caller, **values), status_code=status)


def rendered(request: Request, template: str, caller: Caller | None = None, **values: Any) -> str:
    """The same as text: what a page shows, or what is printed."""
    language = caller.person.language if caller else browser_language(request)
    timezone = caller.person.timezone if caller else "UTC"
    app = running(request)
    told: dict[str, Any] = {
        "t": partial(say, language),
        "word": lambda kind, value: word(language, kind, value),
        "show": lambda value: show(value, language, timezone),
        "typed": lambda value: typed(value, timezone),
        "language": language,
        "study": app.promise.protocol.study,
        "virtual": app.promise.virtual,
        "demo": app.demo,
        "now": text_of(app.now()),
        "caller": caller,
        "csrf": csrf_token(caller.token) if caller else "",
        "path": request.url.path,
        "pages": pages_of,
        "may": lambda action, site=None: caller is not None and _may(caller.person, action, site),
        **values,
    }
    return _templates().get_template(template).render(told)


def _may(person: Person, action: str, site: str | None) -> bool:
    """What a person may not do is no link on a page."""
    return policies()[action].allows(person.role, person.site_id, site)


def browser_language(request: Request) -> str:
    """Spanish where the browser asks for it first, else English."""
    return "es" if request.headers.get("accept-language", "").lower().startswith("es") else "en"


def show(value: object, language: str, timezone: str) -> str:
    """A value as people read it."""
    match value:
        case None | "":
            return "–"
        case bool():
            return say(language, "yes" if value else "no")
        case datetime():
            return shown_time(value, timezone, language)
        case date():
            return shown_date(value, language)
        case Decimal():
            return shown_number(value, language)
        case _:
            return str(value)
