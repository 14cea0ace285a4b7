"""What every route needs of the running app, and who is asking."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request

from onearm.bedside.identity.csrf import is_csrf_token, same_origin
from onearm.bedside.identity.keys import StoredKeys
from onearm.bedside.identity.sessions import Session, find_session, touch
from onearm.bedside.identity.tables import milliseconds
from onearm.bedside.person import Person, person_of
from onearm.bedside.situation import Promise
from onearm.ledger.ledger import Ledger
from onearm.ledger.reading import View
from onearm.ledger.store import write_transaction

COOKIE = "__Host-onearm"
_TOUCH_MS = 30_000  # how often a session that goes on is noted


class NotSignedIn(Exception):
    """No session, or one that ended."""


class ForeignForm(Exception):
    """A write that does not come from a page of this session."""


class OldForm(ForeignForm):
    """A form of our own page, but of a session before this one: nothing is written, what was typed is shown again."""


@dataclass(frozen=True, slots=True)
class Running:
    """The app while it runs: what was promised, the ledger, the keys, and whether it is a demonstration."""

    promise: Promise
    ledger: Ledger
    keys: StoredKeys
    demo: bool = False

    def now(self) -> datetime:
        """The ledger's clock."""
        return self.ledger.clock()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is signed in, with the session and its token (for the tokens of forms)."""

    person: Person
    session: Session
    token: str
    demo: bool


def running(request: Request) -> Running:
    """The app behind a request."""
    found = request.app.state.running
    assert isinstance(found, Running)
    return found


def caller(request: Request) -> Caller:
    """Who asks. Raises NotSignedIn."""
    app, token = running(request), request.cookies.get(COOKIE, "")
    now_ms = milliseconds(app.now())
    with app.ledger.reading() as view:
        session = find_session(view.connection, token, now_ms, at_bedside=True)
        if session is None:
            raise NotSignedIn
        person = person_of(view, session.account_id, session.role, session.site_id)
        if person is None or not _in_time(view, session, token, now_ms):
            raise NotSignedIn
    polled = request.headers.get("hx-request") == "true"  # a page that refreshes itself is nobody at the tablet
    if now_ms - session.seen_at > _TOUCH_MS and not polled:
        with write_transaction(app.ledger.engine) as connection:
            touch(connection, session, now_ms)
    return Caller(person, session, token, app.demo)


def _in_time(view: View, session: Session, token: str, now_ms: int) -> bool:
    """Half an hour where an infusion runs, else a quarter."""
    if find_session(view.connection, token, now_ms) is not None:
        return True
    return bool(view.rows("infusions", site_id=session.site_id, status="started"))


def require_own_form(request: Request, token: str, session_token: str) -> None:
    """Raises ForeignForm unless browser and form say that the write comes from a page of this session."""
    if not is_from_here(request):
        raise ForeignForm
    if not is_csrf_token(token, session_token):
        raise OldForm


def is_from_here(request: Request) -> bool:
    """Whether the browser says that a page of ours sent it."""
    headers = request.headers
    return same_origin(headers.get("origin"), headers.get("referer"), headers.get("host", ""), request.url.scheme)


@contextmanager
def looking(request: Request) -> Iterator[View]:
    """One consistent view for a page."""
    with running(request).ledger.reading() as view:
        yield view
