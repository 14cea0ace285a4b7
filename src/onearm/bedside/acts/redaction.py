"""Personal data typed by mistake: the row is corrected first, then two persons erase the version that held it."""

from onearm.bedside.act import Act, Answers, Plan, Refusal, Row, changed
from onearm.bedside.field import fields_of
from onearm.bedside.situation import Situation
from onearm.ledger.entry import Action


def _ask(situation: Situation, answers: Answers) -> Plan:
    if situation.person.role != "CO":
        raise Refusal("refused.coordinator_asks")
    name = f"R{1 + len(situation.view.rows('redactions'))}"
    values = {"redaction_id": name, "state": "asked", "asked_by": situation.person.account_id, **answers}
    row = Row("redactions", {"site_id": situation.person.site_id, **values}, action=Action.REDACT)
    return Plan((row,), reason=answers["why"], statement={"seq": answers["entry_seq"]}, go_to="/audit")


def _erase(situation: Situation, answers: Answers) -> Plan:
    """Backups made before keep it until they are rotated: the statement says so."""
    asked = situation.the()
    if situation.person.role != "IP" or asked["state"] != "asked":
        raise Refusal("refused.inspector_erases", state=asked["state"])
    asker = situation.view.row("accounts", asked["asked_by"]) or {}
    if asker.get("person_id") == situation.person.person_id:
        raise Refusal("refused.same_person_asked")
    done = {"state": "done", "done_by": situation.person.account_id}
    row = Row("redactions", changed(asked, **done), asked["version"], Action.REDACT)
    told = {"seq": asked["entry_seq"]}
    return Plan((row,), reason=asked["why"], statement=told, erases=asked["entry_seq"], go_to="/audit")


ACTS = (
    Act(
        id="ask-redaction",
        action="redact",
        about="study",
        step=18,
        fields=fields_of("redactions", "entry_seq", "why"),
        build=_ask,
        meaning="redacted",
    ),
    Act(
        id="erase-entry",
        action="redact",
        about="redaction",
        step=18,
        fields=(),
        build=_erase,
        fits=lambda situation: situation.the()["state"] == "asked",
        meaning="redacted",
        changes=True,
    ),
)
