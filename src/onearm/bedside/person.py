"""Who is signed in: the delegation that carries the act, its training, and the local day it must cover."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from onearm.ledger.entry import Actor
from onearm.ledger.reading import View


@dataclass(frozen=True, slots=True)
class Person:
    """A signed-in account in one role at one site. Two accounts of one person have one `person_id`."""

    account_id: str
    person_id: str
    title: str
    language: str
    role: str
    site_id: str
    timezone: str
    delegations: tuple[Mapping[str, Any], ...]  # of this account, role and site

    @property
    def actor(self) -> Actor:
        """As the ledger names it."""
        return Actor(self.account_id, self.role, self.site_id)

    def local_day(self, moment: datetime) -> date:
        """Calendar day at the site."""
        return moment.astimezone(ZoneInfo(self.timezone)).date()

    def holds_role_on(self, day: date) -> bool:
        """Whether a delegation covers that day."""
        return any(_covers(d, day) for d in self.delegations)

    def is_trained(self, product_codes: Sequence[str], protocol_version: str, day: date) -> bool:
        """Whether a delegation of that day carries training for these products and this protocol version by then."""
        for delegation in (d for d in self.delegations if _covers(d, day)):
            known = {
                t["product_code"]
                for t in json.loads(delegation["training"])
                if t["protocol_version"] == protocol_version and date.fromisoformat(t["trained_on"]) <= day
            }
            if set(product_codes) <= known or (not product_codes and known):
                return True
        return False


def delegations_of(view: View, account_id: str, day: date) -> list[dict[str, Any]]:
    """The delegations of an account that cover a day."""
    return [d for d in view.rows("delegations", account_id=account_id) if _covers(d, day)]


def person_of(view: View, account_id: str, role: str, site_id: str) -> Person | None:
    """The person behind an active account in a role at a site; None when closed or never delegated there."""
    account = view.row("accounts", account_id)
    site = view.row("sites", site_id)
    held = view.rows("delegations", account_id=account_id, role=role, site_id=site_id)
    if account is None or site is None or account["status"] != "active" or not held:
        return None
    return Person(
        account_id,
        account["person_id"],
        account["title"],
        account["language"],
        role,
        site_id,
        site["timezone"],
        tuple(held),
    )


def _covers(delegation: Mapping[str, Any], day: date) -> bool:
    last = delegation["valid_to"]
    return bool(delegation["valid_from"] <= day and (last is None or day <= last))
