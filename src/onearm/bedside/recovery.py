"""A link to enrol with: for a new account from the administrator alone, for one in use when another person agreed.

Whoever makes a link could use it. So an account that is in use gets a new one only when an investigator of its site or
the coordinator has agreed since the last; both acts are entries.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from onearm.bedside.identity.credentials import credential_of, invite
from onearm.bedside.identity.sessions import revoke_account
from onearm.bedside.identity.tables import milliseconds
from onearm.bedside.judging import persons_by_account
from onearm.bedside.person import Person
from onearm.ledger.entry import Action
from onearm.ledger.reading import View
from onearm.ledger.tables import ENTRIES
from onearm.ledger.writing import ANYWHERE, Writing

_AGREED_FOR = timedelta(hours=72)
AGREED, INVITED, CHANGED = "recovery_agreed", "invited", "password_changed"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Where an account stands on its way in."""

    account_id: str
    is_enrolled: bool
    agreed_by: str | None  # who agreed to a new link, for an account in use

    @property
    def may_be_invited(self) -> bool:
        """Whether a link may be made now."""
        return not self.is_enrolled or self.agreed_by is not None


def enrolment_of(view: View, account_id: str, asker: Person, now: datetime) -> Enrolment:
    """Where an account stands for the administrator who asks."""
    credential = credential_of(view.connection, account_id)
    last = _last_note(view, account_id)
    agreed = None
    if last is not None and last["what"] == AGREED and now - last["at"] <= _AGREED_FOR:
        other = persons_by_account(view).get(last["by"]) != asker.person_id
        agreed = last["by"] if other else None
    return Enrolment(account_id, credential is not None and credential.is_enrolled, agreed)


def agree(act: Writing, account_id: str) -> None:
    """Note that somebody who knows the person agrees to a new link."""
    act.note(Action.ACCOUNT, {"account_id": account_id, "what": AGREED}, reason="agreed to a new link to enrol")


def invite_account(act: Writing, account_id: str) -> str:
    """A new link's token, noted; sessions of the account end."""
    act.note(Action.ACCOUNT, {"account_id": account_id, "what": INVITED}, reason="link to enrol made")
    now_ms = milliseconds(act.moment())
    revoke_account(act.view.connection, account_id, now_ms)
    return invite(act.view.connection, account_id, now_ms)


def _last_note(view: View, account_id: str) -> dict[str, Any] | None:
    """The newest agreement or link of an account."""
    c = ENTRIES.c
    query = sa.select(c.actor, c.entered_at, c.values_json).where(
        c.table_name == ANYWHERE,
        c.action == Action.ACCOUNT.value,
        c.values_json.contains(f'"account_id":"{account_id}"', autoescape=True),
        ~c.values_json.contains(f'"what":"{CHANGED}"', autoescape=True),
    )
    row = view.connection.execute(query.order_by(c.seq.desc()).limit(1)).first()
    return None if row is None else {"by": row[0], "at": row[1], "what": json.loads(row[2]).get("what", INVITED)}
