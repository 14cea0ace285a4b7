"""A question to the app that is no act: role and day checked, one consistent view, and whose site it is about."""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import Request

from onearm.bedside.acting import Denied
from onearm.bedside.context import Caller, running
from onearm.bedside.policy import policies
from onearm.bedside.screen import Asking
from onearm.bedside.situation import NotThere


@contextmanager
def asked(request: Request, who: Caller, action: str) -> Iterator[Asking]:
    """The question while its view is open. Raises Denied unless the role may do this somewhere and is held today."""
    app = running(request)
    now = app.now()
    if not who.person.holds_role_on(who.person.local_day(now)):
        raise Denied("denied.delegation", role=who.person.role, site=who.person.site_id)
    if who.person.role not in policies()[action].scopes:
        raise Denied("denied.role", role=who.person.role, action=action)
    query, path = dict(request.query_params), {k: str(v) for k, v in request.path_params.items()}
    if any("\x00" in text for text in (*query.values(), *path.values())):
        raise NotThere("")  # no text of the ledger holds it, and PostgreSQL takes none that does
    with app.ledger.reading() as view:
        yield Asking(app, view, who.person, now, path, query, action)


def require_site(asking: Asking, site: str) -> None:
    """Raises Denied unless the person may do this at that site."""
    person = asking.person
    if not policies()[asking.action].allows(person.role, person.site_id, site):
        raise Denied("denied.role", role=person.role, action=asking.action)
