"""Sessions: an opaque token in the browser, everything else here, ended by the server."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from onearm.bedside.identity.tables import SESSIONS
from onearm.bedside.identity.tokens import digest_of, new_token

IDLE_MS = 15 * 60_000
IDLE_AT_BEDSIDE_MS = 30 * 60_000  # while an infusion runs
LONGEST_MS = 12 * 3_600_000


@dataclass(frozen=True, slots=True)
class Session:
    """One login: who, in which role, where, since when."""

    token_sha256: str
    account_id: str
    role: str
    site_id: str
    created_at: int
    seen_at: int
    expires_at: int
    second_factor_at: int | None


@dataclass(frozen=True, slots=True)
class Opened:
    """A session with its token: the only moment the token is known here."""

    token: str
    session: Session


def open_session(
    connection: sa.Connection,
    account_id: str,
    role: str,
    site_id: str,
    now_ms: int,
    second_factor_at: int | None = None,
) -> Opened:
    """A session for a login that succeeded; always a new token."""
    return _open(connection, account_id, role, site_id, now_ms, now_ms + LONGEST_MS, second_factor_at)


def find_session(connection: sa.Connection, token: str, now_ms: int, at_bedside: bool = False) -> Session | None:
    """The session of a token, None when it is unknown, revoked, too old, or was idle too long."""
    s = SESSIONS.c
    idle = IDLE_AT_BEDSIDE_MS if at_bedside else IDLE_MS
    wanted = sa.select(*(s[name] for name in Session.__slots__)).where(
        s.token_sha256 == digest_of(token), s.revoked_at.is_(None), s.expires_at > now_ms, s.seen_at > now_ms - idle
    )
    row = connection.execute(wanted).one_or_none()
    return None if row is None else Session(*row)


def touch(connection: sa.Connection, session: Session, now_ms: int) -> None:
    """Note that somebody is there: idle time starts again. A clock that went back changes nothing."""
    s = SESSIONS.c
    _update(connection, sa.and_(s.token_sha256 == session.token_sha256, s.seen_at < now_ms), seen_at=now_ms)


def change_role(connection: sa.Connection, session: Session, role: str, site_id: str, now_ms: int) -> Opened | None:
    """The same login in another role or site: a new token, the old one ended, no longer life. None if revoked."""
    if not _revoke(connection, SESSIONS.c.token_sha256 == session.token_sha256, now_ms):
        return None
    account, factor = session.account_id, session.second_factor_at
    return _open(connection, account, role, site_id, now_ms, session.expires_at, factor)


def note_second_factor(connection: sa.Connection, session: Session, now_ms: int) -> None:
    """Note that a code of the second factor was accepted in this session."""
    _update(connection, SESSIONS.c.token_sha256 == session.token_sha256, second_factor_at=now_ms)


def revoke(connection: sa.Connection, token: str, now_ms: int) -> bool:
    """End one session (logout). False when it had ended or never was."""
    return _revoke(connection, SESSIONS.c.token_sha256 == digest_of(token), now_ms) == 1


def revoke_account(connection: sa.Connection, account_id: str, now_ms: int) -> int:
    """End all sessions of an account (closed, password changed, recovered); how many there were."""
    return _revoke(connection, SESSIONS.c.account_id == account_id, now_ms)


def forget_ended(connection: sa.Connection, now_ms: int) -> int:
    """Delete sessions whose longest life is over; how many. The ledger keeps who did what."""
    return connection.execute(sa.delete(SESSIONS).where(SESSIONS.c.expires_at <= now_ms)).rowcount


def _open(
    connection: sa.Connection,
    account_id: str,
    role: str,
    site_id: str,
    now_ms: int,
    expires_at: int,
    second_factor_at: int | None,
) -> Opened:
    token = new_token()
    session = Session(digest_of(token), account_id, role, site_id, now_ms, now_ms, expires_at, second_factor_at)
    connection.execute(sa.insert(SESSIONS).values({name: getattr(session, name) for name in Session.__slots__}))
    return Opened(token, session)


def _revoke(connection: sa.Connection, where: sa.ColumnElement[bool], now_ms: int) -> int:
    return _update(connection, sa.and_(where, SESSIONS.c.revoked_at.is_(None)), revoked_at=now_ms)


def _update(connection: sa.Connection, where: sa.ColumnElement[bool], **values: Any) -> int:
    return connection.execute(sa.update(SESSIONS).where(where).values(**values)).rowcount
