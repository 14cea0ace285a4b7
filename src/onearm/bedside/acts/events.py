"""Step 14: adverse events are reported, suggested ones judged, all reviewed by the physician of the sponsor."""

from typing import Any

from onearm.bedside.act import Act, Answers, Plan, Refusal, Row, changed, next_name
from onearm.bedside.field import Field, fields_of, of
from onearm.bedside.situation import Situation
from onearm.product.suggested_reactions import SuggestedReaction, suggested_reactions

_REPORTED = (
    *fields_of("adverse_events", "term", "ctcae_term", "grade", "started_at", "ended_at", "serious"),
    of("adverse_events", "criteria", required=False),
    *fields_of("adverse_events", "relation", "expected", "action", "outcome", "narrative"),
)


def _event(situation: Situation, answers: Answers, subject: dict[str, Any], rule: str | None) -> Row:
    values = {
        "site_id": subject["site_id"],
        "subject_id": subject["subject_id"],
        "event_id": next_name(situation, "adverse_events", subject["subject_id"], "A"),
        "reported_at": situation.now,
        "suggested_by_rule": rule,
        **{field.name: answers[field.name] for field in _REPORTED},
    }
    return Row("adverse_events", {**values, "criteria": values["criteria"] or "[]"})


def _report(situation: Situation, answers: Answers) -> Plan:
    return Plan((_event(situation, answers, dict(situation.the()), None),), answers["started_at"])


def suggestion_id(one: SuggestedReaction) -> str:
    """Name of a suggestion: the infusion and the rule that fired after it."""
    return f"{one.infusion_id}-{one.rule}".upper().replace("_", "-")


def open_suggestions(situation: Situation) -> list[SuggestedReaction]:
    """Events that a rule suggests after the infusions of this patient and no doctor has judged."""
    judged = {row["suggestion_id"] for row in situation.view.rows("suggested_events", subject_id=situation.subject_id)}
    found = suggested_reactions(situation.records, situation.promise.rulebook)
    return [s for s in found if suggestion_id(s) not in judged]


def _chosen(situation: Situation, answers: Answers) -> SuggestedReaction:
    for one in open_suggestions(situation):
        if suggestion_id(one) == answers["suggestion_id"]:
            return one
    raise Refusal("refused.no_suggestion", suggestion=answers["suggestion_id"])


def _judged(situation: Situation, one: SuggestedReaction, **told: Any) -> Row:
    subject = situation.the()
    values = {
        "site_id": subject["site_id"],
        "subject_id": subject["subject_id"],
        "suggestion_id": suggestion_id(one),
        "infusion_id": one.infusion_id,
        "rule": one.rule,
        "seen": one.seen,
        "decided_by": situation.person.account_id,
        **told,
    }
    return Row("suggested_events", values)


def _confirm(situation: Situation, answers: Answers) -> Plan:
    one = _chosen(situation, answers)
    event = _event(situation, answers, dict(situation.the()), one.rule)
    return Plan((event, _judged(situation, one, decision="confirmed", event_id=event.values["event_id"])))


def _dismiss(situation: Situation, answers: Answers) -> Plan:
    one = _chosen(situation, answers)
    return Plan((_judged(situation, one, decision="dismissed", reason=answers["reason"]),))


def _review(situation: Situation, answers: Answers) -> Plan:
    """Who reported it does not review it."""
    event = situation.the()
    reporter = situation.view.history("adverse_events", event["event_id"])[0].actor
    if _person(situation, reporter) == situation.person.person_id:
        raise Refusal("refused.own_report")
    values = changed(event, reviewed_by=situation.person.account_id, **answers)
    told = {"event": event["event_id"], "term": event["term"], "relation": answers["relation"], "grade": event["grade"]}
    return Plan((Row("adverse_events", values, event["version"]),), reason="reviewed", statement=told)


def _person(situation: Situation, account_id: str) -> str:
    account = situation.view.row("accounts", account_id)
    return account_id if account is None else str(account["person_id"])


def _options(situation: Situation) -> list[tuple[str, str]]:
    spanish = situation.person.language == "es"
    return [(suggestion_id(s), s.seen_es if spanish else s.seen) for s in open_suggestions(situation)]


_SUGGESTION = Field("suggestion_id", "choice", True, options=_options)


def _has_open(situation: Situation) -> bool:
    return bool(open_suggestions(situation))


ACTS = (
    Act(
        id="report-event",
        action="report_event",
        about="subject",
        step=14,
        fields=_REPORTED,
        build=_report,
    ),
    Act(
        id="confirm-suggestion",
        action="judge_suggestion",
        about="subject",
        step=14,
        fields=(_SUGGESTION, *_REPORTED),
        build=_confirm,
        fits=_has_open,
    ),
    Act(
        id="dismiss-suggestion",
        action="judge_suggestion",
        about="subject",
        step=14,
        fields=(_SUGGESTION, of("suggested_events", "reason", required=True)),
        build=_dismiss,
        fits=_has_open,
    ),
    Act(
        id="review-event",
        action="review_event",
        about="event",
        step=14,
        fields=fields_of("adverse_events", "relation", "expected"),
        build=_review,
        prefill=lambda situation: {k: situation.the()[k] for k in ("relation", "expected")},
        fits=lambda situation: situation.the()["reviewed_by"] is None,
        meaning="reviewed",
        changes=True,
    ),
)
