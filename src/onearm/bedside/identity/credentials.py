"""Credentials: an invitation, the password and second factor it turns into, the codes that were used."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from onearm.bedside.identity.tables import CREDENTIALS
from onearm.bedside.identity.tokens import digest_of, new_token

INVITATION_MS = 72 * 3_600_000


@dataclass(frozen=True, slots=True)
class Credential:
    """What is stored of one account; no password and no factor until it is enrolled."""

    account_id: str
    password_hash: str | None
    sealed_totp: bytes | None
    last_counter: int
    changed_at: int

    @property
    def is_enrolled(self) -> bool:
        """Whether the account can log in."""
        return self.password_hash is not None and self.sealed_totp is not None


def invite(connection: sa.Connection, account_id: str, now_ms: int) -> str:
    """A token to enrol with, for a new account or to recover one: the old password and factor stop working.

    The caller revokes the sessions of the account, and has the entries of the two persons who asked for it.
    """
    token = new_token()
    values = {
        "password_hash": None,
        "sealed_totp": None,
        "last_counter": -1,
        "invitation_sha256": digest_of(token),
        "invitation_expires_at": now_ms + INVITATION_MS,
        "changed_at": now_ms,
    }
    if not _update(connection, CREDENTIALS.c.account_id == account_id, values):
        connection.execute(sa.insert(CREDENTIALS).values(account_id=account_id, **values))
    return token


def invited_account(connection: sa.Connection, token: str, now_ms: int) -> str | None:
    """The account an invitation is for; None when it is unknown, used or too old."""
    found = connection.execute(sa.select(CREDENTIALS.c.account_id).where(_is_open(token, now_ms))).scalar()
    return None if found is None else str(found)


def enrol(
    connection: sa.Connection, token: str, password_hash: str, sealed_totp: bytes, counter: int, now_ms: int
) -> bool:
    """Turn an invitation into a credential, once. `counter` is that of the code that proved the app is set up."""
    values = {
        "password_hash": password_hash,
        "sealed_totp": sealed_totp,
        "last_counter": counter,
        "invitation_sha256": None,
        "invitation_expires_at": None,
        "changed_at": now_ms,
    }
    return _update(connection, _is_open(token, now_ms), values)


def credential_of(connection: sa.Connection, account_id: str) -> Credential | None:
    """The credential of an account, None for an unknown one."""
    c = CREDENTIALS.c
    wanted = sa.select(c.account_id, c.password_hash, c.sealed_totp, c.last_counter, c.changed_at)
    row = connection.execute(wanted.where(c.account_id == account_id)).one_or_none()
    return None if row is None else Credential(*row)


def use_counter(connection: sa.Connection, account_id: str, counter: int) -> bool:
    """Take the code of a step: False if it or a later one was used. One statement decides: no race is won twice."""
    unused = sa.and_(CREDENTIALS.c.account_id == account_id, CREDENTIALS.c.last_counter < counter)
    return _update(connection, unused, {"last_counter": counter})


def replace_password(connection: sa.Connection, account_id: str, password_hash: str, now_ms: int) -> bool:
    """Store another hash of an enrolled account: a new password, or the same at today's cost."""
    enrolled = sa.and_(CREDENTIALS.c.account_id == account_id, CREDENTIALS.c.password_hash.is_not(None))
    return _update(connection, enrolled, {"password_hash": password_hash, "changed_at": now_ms})


def _is_open(token: str, now_ms: int) -> sa.ColumnElement[bool]:
    c = CREDENTIALS.c
    return sa.and_(c.invitation_sha256 == digest_of(token), c.invitation_expires_at > now_ms)


def _update(connection: sa.Connection, where: sa.ColumnElement[bool], values: dict[str, Any]) -> bool:
    return connection.execute(sa.update(CREDENTIALS).where(where).values(**values)).rowcount == 1
