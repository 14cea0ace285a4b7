"""How often one may guess: free up to a limit, then waits that double. Nobody is ever locked out.

A wait is at most a minute. Within an open session (a signature at the bed) only failures from the same address count,
so that a stranger who guesses elsewhere cannot hold up a bedside check.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from onearm.bedside.identity.tables import FAILURES
from onearm.vocabulary.identifiers import is_identifier

WINDOW_MS = 15 * 60_000
PER_ACCOUNT, PER_ADDRESS = 5, 20
FIRST_WAIT_S, LONGEST_WAIT_S = 2, 60
_NO_ACCOUNT = "-"  # a text that is no account id may be a password in the wrong field: it is not kept


@dataclass(frozen=True, slots=True)
class Failures:
    """When attempts failed, of one account and from one address, within the window."""

    of_account: Sequence[int]
    from_address: Sequence[int]


def wait_s(failures: Failures, now_ms: int) -> int:
    """Seconds to wait before the next attempt is looked at; 0: go on."""
    return max(_wait_s(failures.of_account, PER_ACCOUNT, now_ms), _wait_s(failures.from_address, PER_ADDRESS, now_ms))


def admit(connection: sa.Connection, account_id: str, address: str, now_ms: int, in_session: bool = False) -> int:
    """Seconds to wait; 0: look at this attempt, which counts as failed until `forgive`.

    In a write transaction of its own, committed before the password is looked at: guesses sent all at once count each
    other. An attempt that has to wait is not looked at and is no failure.
    """
    wait = wait_s(failures_of(connection, account_id, address, now_ms, in_session), now_ms)
    if wait == 0:
        note_failure(connection, account_id, address, now_ms)
    return wait


def note_failure(connection: sa.Connection, account_id: str, address: str, now_ms: int) -> None:
    """Keep that an attempt failed."""
    values = {"failure_id": uuid.uuid4().hex, "account_id": _account(account_id), "address": address[:64], "at": now_ms}
    connection.execute(sa.insert(FAILURES).values(values))


def failures_of(
    connection: sa.Connection, account_id: str, address: str, now_ms: int, in_session: bool = False
) -> Failures:
    """What counts for the next attempt; `in_session`: only what came from this address."""
    f = FAILURES.c
    recent = sa.select(f.at).where(f.at > now_ms - WINDOW_MS).order_by(f.at)
    of_account = recent.where(f.account_id == _account(account_id))
    if in_session:
        of_account = of_account.where(f.address == address[:64])
    from_address = recent.where(f.address == address[:64])
    return Failures(connection.scalars(of_account).all(), connection.scalars(from_address).all())


def forgive(connection: sa.Connection, account_id: str) -> None:
    """Forget the failures of an account that has just logged in or signed."""
    connection.execute(sa.delete(FAILURES).where(FAILURES.c.account_id == _account(account_id)))


def forget_old(connection: sa.Connection, now_ms: int) -> int:
    """Delete failures that no longer count; how many."""
    return connection.execute(sa.delete(FAILURES).where(FAILURES.c.at <= now_ms - WINDOW_MS)).rowcount


def _wait_s(failed_at: Sequence[int], free: int, now_ms: int) -> int:
    recent = [at for at in failed_at if now_ms - WINDOW_MS < at <= now_ms]
    beyond = len(recent) - free
    if beyond < 0:
        return 0
    wait_ms = 1000 * min(LONGEST_WAIT_S, FIRST_WAIT_S << min(beyond, 10))
    return max(0, -((now_ms - max(recent) - wait_ms) // 1000))


def _account(account_id: str) -> str:
    return account_id if is_identifier(account_id) else _NO_ACCOUNT
