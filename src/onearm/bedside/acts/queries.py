"""Steps 18 and 19: a question about a field is asked, answered, closed; a patient's records are endorsed."""

from onearm.bedside.act import Act, Answers, Plan, Refusal, Row, changed, next_name
from onearm.bedside.field import Field, of
from onearm.bedside.situation import NotThere, Situation, find_row
from onearm.ledger.entry import Action
from onearm.records.columns import canonical_json
from onearm.records.tables import TABLES


def _ask(situation: Situation, answers: Answers) -> Plan:
    """On a row that stands, and a column it has."""
    table, key = answers["table_name"], answers["record_key"]
    row = find_row(situation.view, table, key)
    if row is None:
        raise Refusal("refused.no_row", table=table, key=key)
    column = answers["column_name"]
    if column is not None and column not in row:
        raise Refusal("refused.no_column", table=table, column=column)
    values = {
        "site_id": row["site_id"],  # the site that answers
        "query_id": next_name(situation, "queries", str(row["site_id"]), "Q"),
        "subject_id": row.get("subject_id"),
        "state": "open",
        "opened_by": situation.person.account_id,
        **answers,
    }
    return Plan((Row("queries", values, action=Action.QUERY),), reason="query opened", go_to="/queries")


def _answer(situation: Situation, answers: Answers) -> Plan:
    """A reader knows nothing but images: to questions about anything else a reader has no answer."""
    query = situation.the()
    if situation.person.role == "RR" and query["table_name"] != "image_reads":
        raise NotThere(situation.key)
    values = changed(query, state="answered", answered_by=situation.person.account_id, **answers)
    return Plan((Row("queries", values, query["version"], Action.QUERY),), reason="query answered")


def _close(situation: Situation, answers: Answers) -> Plan:
    """Whoever entered the value does not close the question about it."""
    query = situation.the()
    persons = {row["account_id"]: row["person_id"] for row in situation.view.rows("accounts")}
    entered = {persons.get(e.actor) for e in situation.view.history(query["table_name"], query["record_key"])}
    if situation.person.person_id in entered:
        raise Refusal("refused.own_entry")
    values = changed(query, state="closed", closed_by=situation.person.account_id)
    return Plan((Row("queries", values, query["version"], Action.QUERY),), reason=answers["reason"])


def _endorse(situation: Situation, answers: Answers) -> Plan:
    """Over the bytes of every row of the patient as they stand."""
    subject = situation.the()
    asked = [q["query_id"] for q in situation.view.rows("queries", subject_id=situation.key) if q["state"] != "closed"]
    values = {
        "site_id": subject["site_id"],
        "subject_id": subject["subject_id"],
        "endorsement_id": next_name(situation, "endorsements", subject["subject_id"], "N"),
        "head_seq": situation.view.head().seq,
        "records_sha256": situation.view.near(subjects=[situation.key]).sha256(),
        "open_queries": canonical_json(asked),
        "endorsed_by": situation.person.account_id,
        **answers,
    }
    told = {
        "subject": subject["subject_id"],
        "milestone": answers["milestone"],
        "hash": values["records_sha256"][:12],
        "queries": ", ".join(asked) or "0",
    }
    return Plan((Row("endorsements", values),), statement=told)


_REASON = Field("reason", "text", True)

ACTS = (
    Act(
        id="ask-query",
        action="ask_query",
        about="study",
        step=18,
        fields=(
            of("queries", "table_name", kind="choice", choices=tuple(TABLES)),
            of("queries", "record_key"),
            of("queries", "column_name"),
            of("queries", "question"),
        ),
        build=_ask,
    ),
    Act(
        id="answer-query",
        action="answer_query",
        about="query",
        step=18,
        fields=(of("queries", "answer", required=True),),
        build=_answer,
        fits=lambda situation: situation.the()["state"] == "open",
        changes=True,
    ),
    Act(
        id="close-query",
        action="ask_query",
        about="query",
        step=18,
        fields=(_REASON,),
        build=_close,
        fits=lambda situation: situation.the()["state"] == "answered",
        changes=True,
    ),
    Act(
        id="endorse",
        action="endorse",
        about="subject",
        step=19,
        fields=(of("endorsements", "milestone"),),
        build=_endorse,
        meaning="endorsed",
    ),
)
