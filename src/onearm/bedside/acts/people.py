"""Step 0: accounts, and the roles they hold at a site with qualification and training."""

import json
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from onearm.bedside.act import Act, Answers, Plan, Refusal, Row, changed, next_name
from onearm.bedside.field import Field, Option, fields_of, of
from onearm.bedside.language import shown_date
from onearm.bedside.situation import Situation
from onearm.ledger.entry import Action
from onearm.ledger.system_tables import ROLES
from onearm.records.columns import canonical_json


def _sites(situation: Situation) -> list[Option]:
    return [(s["site_id"], f"{s['site_id']} · {s['title']}") for s in situation.view.rows("sites")]


@cache
def _known_zones() -> tuple[Option, ...]:
    return tuple((zone, zone) for zone in sorted(available_timezones()))


def _zones(situation: Situation) -> tuple[Option, ...]:
    return _known_zones()


def _site(situation: Situation, answers: Answers) -> Plan:
    row = Row("sites", answers, action=Action.ACCOUNT)
    return Plan((row,), reason="site joins the study", go_to="/people")


def _account(situation: Situation, answers: Answers) -> Plan:
    row = Row("accounts", {**answers, "status": "active"}, action=Action.ACCOUNT)
    return Plan((row,), reason="account opened", go_to=f"/people/{answers['account_id']}/enrolment")


def _close(situation: Situation, answers: Answers) -> Plan:
    account = situation.the()
    if account["person_id"] == situation.person.person_id:
        raise Refusal("refused.own_account")
    row = Row("accounts", changed(account, status="closed"), account["version"], Action.ACCOUNT)
    return Plan((row,), reason=answers["reason"])


def _delegate(situation: Situation, answers: Answers) -> Plan:
    """An investigator delegates at the own site, a coordinator anywhere; nobody to oneself."""
    account = situation.the()
    me = situation.person
    if account["person_id"] == me.person_id:
        raise Refusal("refused.own_delegation")
    if me.role == "IN" and (answers["at_site"] != me.site_id or answers["role"] not in ("IN", "NU", "PH")):
        raise Refusal("refused.site_delegates_site", site=me.site_id)
    training = [
        {
            "product_code": answers["product_code"],
            "protocol_version": situation.study["protocol_version"],
            "trained_on": answers["trained_on"].isoformat(),
        }
    ]
    values = {
        "site_id": answers["at_site"],
        "delegation_id": next_name(situation, "delegations", account["account_id"], "G"),
        "account_id": account["account_id"],
        "training": canonical_json(training if answers["product_code"] else []),
        "signed_by": me.account_id,
        **{k: answers[k] for k in ("role", "valid_from", "valid_to", "qualification")},
    }
    told = {"account": account["account_id"], "role": answers["role"], "site": answers["at_site"]}
    return Plan((Row("delegations", values),), statement=told)


def _of_another(situation: Situation) -> Mapping[str, Any]:
    """The delegation the act is about. Raises Refusal for one's own: nobody prolongs or trains oneself."""
    held = situation.the()
    account = situation.view.row("accounts", held["account_id"]) or {}
    if account.get("person_id") == situation.person.person_id:
        raise Refusal("refused.own_delegation")
    return held


def _end(situation: Situation, answers: Answers) -> Plan:
    held = _of_another(situation)
    if answers["valid_to"] < situation.person.local_day(situation.now) - timedelta(days=1):
        raise Refusal("refused.ended_before_today")
    row = Row("delegations", changed(held, **answers), held["version"])
    told = {
        "account": held["account_id"],
        "role": held["role"],
        "site": held["site_id"],
        "day": shown_date(answers["valid_to"], situation.person.language),
    }
    return Plan((row,), reason="delegation ends", statement=told)


def _train(situation: Situation, answers: Answers) -> Plan:
    """Training is added to what the delegation carries; the past is not rewritten."""
    held, language = _of_another(situation), situation.person.language
    known = json.loads(held["training"])
    known.append(
        {
            "product_code": answers["product_code"],
            "protocol_version": situation.study["protocol_version"],
            "trained_on": answers["trained_on"].isoformat(),
        }
    )
    row = Row("delegations", changed(held, training=canonical_json(known)), held["version"])
    told = {
        "account": held["account_id"],
        "role": held["role"],
        "site": held["site_id"],
        "product_code": answers["product_code"],
        "trained_on": shown_date(answers["trained_on"], language),
    }
    return Plan((row,), reason="trained", statement=told)


_PRODUCT = of("lots", "product_code", required=False)
_TRAINED = of("delegations", "valid_from", name="trained_on")

ACTS = (
    Act(
        id="add-site",
        action="manage_accounts",
        about="study",
        step=0,
        fields=(
            *fields_of("sites", "site_id", "title", "kind", "country"),
            of("sites", "timezone", kind="choice", options=_zones),
        ),
        build=_site,
    ),
    Act(
        id="open-account",
        action="manage_accounts",
        about="study",
        step=0,
        fields=(
            *fields_of("accounts", "account_id", "person_id", "title", "language"),
            of("accounts", "site_id", kind="choice", options=_sites),
        ),
        build=_account,
    ),
    Act(
        id="close-account",
        aside=True,
        action="manage_accounts",
        about="account",
        step=0,
        fields=(Field("reason", "text", True),),
        build=_close,
        fits=lambda situation: situation.the()["status"] == "active",
        changes=True,
    ),
    Act(
        id="delegate",
        action="delegate",
        about="account",
        step=0,
        fields=(
            of("delegations", "role", choices=ROLES),
            of("delegations", "site_id", name="at_site", kind="choice", options=_sites),
            *fields_of("delegations", "valid_from", "valid_to", "qualification"),
            _PRODUCT,
            _TRAINED,
        ),
        build=_delegate,
        meaning="delegated",
    ),
    Act(
        id="end-delegation",
        aside=True,
        action="delegate",
        about="delegation",
        step=0,
        fields=(of("delegations", "valid_to", required=True),),
        build=_end,
        meaning="delegated",
        changes=True,
    ),
    Act(
        id="add-training",
        action="delegate",
        about="delegation",
        step=0,
        fields=(of("lots", "product_code"), _TRAINED),
        build=_train,
        meaning="delegated",
        changes=True,
    ),
)
