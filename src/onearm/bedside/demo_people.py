"""Of a demonstration only: the people one may play, with their password and the code of the moment."""

import pyotp

from onearm.bedside.context import Running
from onearm.bedside.identity.credentials import credential_of, enrol, invite
from onearm.bedside.identity.passwords import hash_password
from onearm.bedside.identity.tables import milliseconds
from onearm.bedside.person import delegations_of
from onearm.ledger.store import write_transaction

PASSWORD = "virtual-ward-nobody-is-real"


def enrol_all(running: Running) -> None:
    """Give every account of a demonstration a password and a second factor. Raises ValueError for a real study."""
    _require_demo(running)
    now_ms = milliseconds(running.now())
    with running.ledger.reading() as view:
        accounts = [row["account_id"] for row in view.rows("accounts", status="active")]
    hashed = hash_password(PASSWORD, running.keys.cost)
    with write_transaction(running.ledger.engine) as connection:
        for account in accounts:
            if credential_of(connection, account) is None:
                token = invite(connection, account, now_ms)
                sealed = running.keys.key.seal(pyotp.random_base32(), account)
                enrol(connection, token, hashed, sealed, -1, now_ms)


def people_to_play(running: Running) -> list[dict[str, str]]:
    """Role, site, account, password and code of everybody, by site; nobody outside of a demonstration."""
    if not running.demo:
        return []
    _require_demo(running)
    people, today = [], running.now().date()
    with running.ledger.reading() as view:
        active = [row["account_id"] for row in view.rows("accounts", status="active")]
        delegations = [held for account in active for held in delegations_of(view, account, today)]
        for held in sorted(delegations, key=lambda held: (held["site_id"], held["delegation_id"])):
            credential = credential_of(view.connection, held["account_id"])
            if credential is None or credential.sealed_totp is None:
                continue
            secret = running.keys.key.open(credential.sealed_totp, held["account_id"])
            code = pyotp.TOTP(secret).at(running.now())
            people.append(
                {
                    "role": held["role"],
                    "site": held["site_id"],
                    "account": held["account_id"],
                    "password": PASSWORD,
                    "code": code,
                }
            )
    return people


def _require_demo(running: Running) -> None:
    if not running.demo or not running.promise.virtual:
        raise ValueError("Only the demonstration of a virtual study has people to play.")
