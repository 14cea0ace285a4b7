"""Step 3 and 21: what the qualified person decides about a lot, the three signatures out of specification, recall."""

from onearm.bedside.act import Act, Answers, Plan, Refusal, Row, next_name
from onearm.bedside.field import fields_of, of
from onearm.bedside.situation import Situation
from onearm.product.recall import recall_rows


def _decide(situation: Situation, answers: Answers) -> Plan:
    lot = situation.the()
    values = {
        "site_id": lot["site_id"],
        "decision_id": next_name(situation, "release_decisions", lot["lot_id"], "R"),
        "lot_id": lot["lot_id"],
        "decided_at": situation.now,
        "decided_by": situation.person.account_id,
        **answers,
    }
    return Plan((Row("release_decisions", values),), statement={"lot": lot["lot_id"], "decision": answers["decision"]})


def _recall(situation: Situation, answers: Answers) -> Plan:
    lot_id = situation.the()["lot_id"]
    rows = recall_rows(
        situation.records,
        lot_id,
        now=situation.now,
        actor_id=situation.person.account_id,
        site_id=situation.person.site_id,
        reason=answers["reason"],
    )
    if not rows:
        raise Refusal("refused.recalled", lot=lot_id)
    place = next(i for i, (table, _) in enumerate(rows) if table == "release_decisions")
    written = tuple(Row(table, values) for table, values in rows)
    return Plan(written, signs=(place,), statement={"lot": lot_id}, go_to=f"/trace/lots/{lot_id}")


def _consent(situation: Situation, answers: Answers) -> Plan:
    decision = situation.the()
    if decision["decision"] != "release_out_of_spec":
        raise Refusal("refused.not_out_of_spec")
    told = {"lot": decision["lot_id"], "risk": decision["risk_assessment"]}
    return Plan((), signs=(), signs_standing=True, statement=told)


ACTS = (
    Act(
        id="decide-lot",
        action="decide_lot",
        about="lot",
        step=3,
        fields=(
            of(
                "release_decisions",
                "decision",
                choices=("release", "release_first_step", "confirm_second_step", "release_out_of_spec", "reject"),
            ),
            *fields_of("release_decisions", "risk_assessment", "reason"),
        ),
        build=_decide,
        meaning="released",
    ),
    Act(
        id="consent-out-of-spec",
        action="consent_out_of_spec",
        about="decision",
        step=3,
        fields=(),
        build=_consent,
        fits=lambda situation: situation.the()["decision"] == "release_out_of_spec",
        meaning="released_out_of_spec",
    ),
    Act(
        id="recall-lot",
        aside=True,
        action="decide_lot",
        about="lot",
        step=21,
        fields=(of("release_decisions", "reason"),),
        build=_recall,
        meaning="released",
    ),
)
