"""Step 20: the coordinator proposes a data lock, it holds when the statistician has signed too, both unlock it."""

from onearm import __version__
from onearm.bedside.act import Act, Answers, Plan, Refusal, Row, changed
from onearm.bedside.field import Field, fields_of
from onearm.bedside.situation import Situation
from onearm.ledger.entry import Action
from onearm.ledger.freezing import freeze_row, propose
from onearm.records.tables import TABLES

_REASON = Field("reason", "text", True)


def _propose(situation: Situation, answers: Answers) -> Plan:
    if situation.person.role != "CO":
        raise Refusal("refused.coordinator_proposes")
    proposal = propose(situation.view, situation.clock)
    study = situation.study
    values = freeze_row(
        proposal,
        site_id=situation.person.site_id,
        freeze_id=f"L{1 + len(situation.view.rows('freezes'))}",
        protocol_sha256=study["protocol_sha256"],
        onearm_version=__version__,
        made_by=situation.person.account_id,
        **answers,
    )
    told = {
        "rows": sum(int(t["rows"]) for t in proposal.manifest.tables.values()),
        "hash": proposal.manifest.records_sha256,
        "queries": len(proposal.open_queries),
        "head": proposal.head.seq,
    }
    row = Row("freezes", values, action=Action.FREEZE)
    return Plan((row,), reason=answers["purpose"], statement=told, go_to="/locks")


def _sign(situation: Situation, answers: Answers) -> Plan:
    """The second signature: over the same bytes, or nothing is signed."""
    freeze = situation.the()
    if situation.person.role != "ST" or freeze["state"] != "proposed":
        raise Refusal("refused.statistician_signs", state=freeze["state"])
    proposer = situation.view.row("accounts", freeze["made_by"]) or {}
    if proposer.get("person_id") == situation.person.person_id:
        raise Refusal("refused.same_person")
    moved = [e for e in situation.view.entries(after=freeze["head_seq"]) if e.table_name in TABLES]
    if moved:
        raise Refusal("refused.head_moved", count=len(moved), seq=freeze["head_seq"])
    told = {"freeze": freeze["freeze_id"], "hash": freeze["records_sha256"], "head": freeze["head_seq"]}
    row = Row("freezes", changed(freeze, state="frozen"), freeze["version"], Action.FREEZE)
    return Plan((row,), reason=freeze["purpose"], statement=told)


def _unlock(situation: Situation, answers: Answers) -> Plan:
    """Coordinator and statistician, one after the other: the first asks, the second opens it."""
    freeze, me = situation.the(), situation.person
    if freeze["state"] != "frozen":
        raise Refusal("refused.not_frozen", freeze=freeze["freeze_id"])
    asked = [
        e
        for e in situation.view.history("freezes", freeze["freeze_id"])
        if e.action == Action.UNLOCK and e.version == freeze["version"]
    ]
    told = {"freeze": freeze["freeze_id"], "reason": answers["reason"]}
    asker = situation.view.row("accounts", asked[0].actor) if asked else None
    if asker is not None and asker["person_id"] == me.person_id and asked[0].role != me.role:
        raise Refusal("refused.same_person_asked")
    if asked and asked[0].role != me.role:
        row = Row("freezes", changed(freeze, state="unlocked"), freeze["version"], Action.UNLOCK)
    elif asked:
        raise Refusal("refused.other_role_unlocks", role=asked[0].role)
    else:
        row = Row("freezes", changed(freeze), freeze["version"], Action.UNLOCK)
    return Plan((row,), reason=answers["reason"], statement=told)


ACTS = (
    Act(
        id="propose-lock",
        action="freeze",
        about="study",
        step=20,
        fields=fields_of("freezes", "purpose", "restricts_editing"),
        build=_propose,
        meaning="locked",
    ),
    Act(
        id="sign-lock",
        action="freeze",
        about="freeze",
        step=20,
        fields=(),
        build=_sign,
        fits=lambda situation: situation.the()["state"] == "proposed",
        meaning="locked",
        changes=True,
    ),
    Act(
        id="unlock",
        action="freeze",
        about="freeze",
        step=20,
        fields=(_REASON,),
        build=_unlock,
        fits=lambda situation: situation.the()["state"] == "frozen",
        meaning="locked",
        changes=True,
    ),
)
