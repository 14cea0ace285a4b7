"""Sites, accounts and delegations with their training; who holds which role today."""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from onearm.bedside.identity.credentials import credential_of
from onearm.bedside.policy import policies
from onearm.bedside.screen import Asking, Offer, Screen, offers, offers_of_rows


@dataclass(frozen=True, slots=True)
class SiteLine:
    """One site."""

    site_id: str
    title: str
    kind: str
    country: str
    timezone: str


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One account. `roles_today` as "NU at S01"."""

    account_id: str
    person_id: str
    title: str
    site_id: str
    language: str
    status: str
    is_enrolled: bool
    may_agree: bool  # to a new link
    roles_today: tuple[tuple[str, str], ...]
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class DelegationLine:
    """One delegation. `training` as product, version of the protocol, day."""

    delegation_id: str
    account_id: str
    role: str
    site_id: str
    valid_from: date
    valid_to: date | None
    qualification: str
    training: tuple[tuple[str, str, str], ...]
    signed_by: str
    covers_today: bool
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class People:
    """All of them, or those of the own site."""

    sites: tuple[SiteLine, ...]
    accounts: tuple[AccountLine, ...]
    delegations: tuple[DelegationLine, ...]
    may_invite: bool
    offers: tuple[Offer, ...]


_BEGIN = ("add-site", "open-account")


def read_people(asking: Asking) -> People:
    """Who works on the study."""
    site, view = asking.only_site, asking.view
    today = asking.person.local_day(asking.now)
    held = view.rows("delegations", **({"site_id": site} if site else {}))
    named = {d["account_id"] for d in held}
    accounts = [a for a in view.rows("accounts") if site is None or a["site_id"] == site or a["account_id"] in named]
    on_accounts = offers_of_rows(asking, "account", [a["account_id"] for a in accounts])
    on_held = offers_of_rows(asking, "delegation", [d["delegation_id"] for d in held])
    delegations = tuple(_delegation(d, today, on_held[d["delegation_id"]]) for d in held)
    now = {d.delegation_id for d in delegations if d.covers_today}
    roles: dict[str, list[tuple[str, str]]] = {}
    for row in held:
        if row["delegation_id"] in now:
            roles.setdefault(row["account_id"], []).append((row["role"], row["site_id"]))
    may_invite = asking.person.role in policies()["manage_accounts"].scopes
    return People(
        tuple(SiteLine(*(s[c] for c in SiteLine.__slots__)) for s in view.rows("sites", **_only(site))),
        tuple(_account(asking, a, roles.get(a["account_id"], []), on_accounts[a["account_id"]]) for a in accounts),
        delegations,
        may_invite,
        tuple(o for o in offers(asking.situation("study", "")) if o.act in _BEGIN),
    )


def _only(site: str | None) -> dict[str, str]:
    return {"site_id": site} if site else {}


def _account(
    asking: Asking, account: dict[str, Any], roles: list[tuple[str, str]], on: tuple[Offer, ...]
) -> AccountLine:
    credential = credential_of(asking.view.connection, account["account_id"])
    told = ("account_id", "person_id", "title", "site_id", "language", "status")
    enrolled = credential is not None and credential.is_enrolled
    me = asking.person
    knows = policies()["delegate"].allows(me.role, me.site_id, account["site_id"])
    agrees = enrolled and knows and account["status"] == "active" and account["person_id"] != me.person_id
    return AccountLine(
        **{c: account[c] for c in told},
        is_enrolled=enrolled,
        may_agree=agrees,
        roles_today=tuple(sorted(set(roles))),
        offers=on,
    )


def _delegation(row: dict[str, Any], today: date, on: tuple[Offer, ...]) -> DelegationLine:
    training = tuple((t["product_code"], t["protocol_version"], t["trained_on"]) for t in json.loads(row["training"]))
    covers = row["valid_from"] <= today and (row["valid_to"] is None or today <= row["valid_to"])
    told = ("delegation_id", "account_id", "role", "site_id", "valid_from", "valid_to", "qualification")
    return DelegationLine(
        **{c: row[c] for c in told}, training=training, signed_by=row["signed_by"], covers_today=covers, offers=on
    )


SCREENS = (Screen("/people", "see_people", "people.html", People, read_people),)
