"""Steps 4 to 6: arrival, criteria, consent, the decision, and what is known before a dose."""

import re

from onearm.bedside.act import Act, Answers, Plan, Refusal, Row, next_name
from onearm.bedside.field import Option, fields_of, of
from onearm.bedside.naming import used_numbers
from onearm.bedside.situation import Situation
from onearm.records.subjects import COMORBIDITIES
from onearm.vocabulary.clock import Precision

_ARRIVALS = ("symptoms_at", "hospital_at", "icu_at", "ventilated_at")
_WARD_SITE = re.compile(r"[SV][0-9]{2}")


def _enrol(situation: Situation, answers: Answers) -> Plan:
    """The pseudonym is the next number of the site; who stands behind it only the site's own list tells."""
    site = situation.person.site_id
    if not _WARD_SITE.fullmatch(site):
        raise Refusal("refused.site_has_no_patients", site=site)
    known = used_numbers(situation.view, "subjects", f"{site}-")  # of withdrawn patients too: a name is given once
    name = f"{site}-{1 + max(known, default=0):03d}"
    source = situation.view.rows("sources")[0]["source_id"]
    times = {f"{t}_precision": None if answers[t] is None else Precision.MINUTE.value for t in _ARRIVALS}
    values = {"site_id": site, "subject_id": name, "source_id": source, "cohort": "concurrent_untreated"}
    if answers["age_years"] is not None and answers["age_years"] >= 90:  # joined: so old a patient is known by age
        answers = {**answers, "age_years": None, "age_low": 90}
    rows = [Row("subjects", {**values, **times, **answers})]
    if answers["ventilated_at"] is not None:
        episode = {
            "site_id": site,
            "episode_id": f"{name}-E1",
            "subject_id": name,
            "kind": "invasive_ventilation",
            "started_at": answers["ventilated_at"],
            "started_at_precision": Precision.MINUTE.value,
            "ongoing": True,
        }
        rows.append(Row("episodes", episode))
    return Plan(tuple(rows), answers["hospital_at"], go_to=f"/patients/{name}")


def _criteria(situation: Situation) -> list[Option]:
    return [
        (rule.id, f"{rule.id} · {rule.text or rule.marker_or_state}")
        for rule in situation.promise.protocol.population.rules
    ]


def _check(situation: Situation, answers: Answers) -> Plan:
    subject = situation.the()
    values = {
        "site_id": subject["site_id"],
        "subject_id": subject["subject_id"],
        "check_id": next_name(situation, "eligibility_checks", subject["subject_id"], "C"),
        "assessed_by": situation.person.account_id,
        **answers,
    }
    return Plan((Row("eligibility_checks", values),), answers["assessed_at"])


def _consent(situation: Situation, answers: Answers) -> Plan:
    subject = situation.the()
    values = {
        "site_id": subject["site_id"],
        "subject_id": subject["subject_id"],
        "consent_id": next_name(situation, "consents", subject["subject_id"], "K"),
        "taken_by": situation.person.account_id,
        **answers,
    }
    return Plan((Row("consents", values),), answers["given_at"])


def _decide(situation: Situation, answers: Answers) -> Plan:
    """A decision to treat puts the patient on the treated path; the others stay as concurrent controls."""
    subject = situation.the()
    values = {
        "site_id": subject["site_id"],
        "subject_id": subject["subject_id"],
        "decision_id": next_name(situation, "treatment_decisions", subject["subject_id"], "D"),
        "decided_by": situation.person.account_id,
        **answers,
    }
    rows = [Row("treatment_decisions", values)]
    if answers["decision"] == "treat" and subject["cohort"] != "treated_path":
        moved = {k: v for k, v in subject.items() if k not in ("version", "entered_at")}
        rows.append(Row("subjects", {**moved, "cohort": "treated_path"}, subject["version"]))
    told = {"subject": subject["subject_id"], "decision": answers["decision"]}
    return Plan(tuple(rows), answers["decided_at"], reason="decision to treat", statement=told)


def _weigh(situation: Situation, answers: Answers) -> Plan:
    subject = situation.the()
    values = {
        "site_id": subject["site_id"],
        "subject_id": subject["subject_id"],
        "weight_id": next_name(situation, "weights", subject["subject_id"], "W"),
        **answers,
    }
    return Plan((Row("weights", values),), answers["measured_at"])


ACTS = (
    Act(
        id="enrol",
        action="screen",
        about="study",
        step=4,
        fields=(
            of("subjects", "sex"),
            of("subjects", "age_years", required=True),
            *fields_of("subjects", "height_cm", *_ARRIVALS),
            *fields_of("subjects", *COMORBIDITIES),
            of("subjects", "apache2"),
        ),
        build=_enrol,
    ),
    Act(
        id="check-criterion",
        action="screen",
        about="subject",
        step=4,
        fields=(
            of("eligibility_checks", "criterion_id", kind="choice", options=_criteria),
            *fields_of("eligibility_checks", "assessed_at", "value", "unit", "met", "evidence"),
        ),
        build=_check,
    ),
    Act(
        id="record-consent",
        action="screen",
        about="subject",
        step=5,
        fields=fields_of("consents", "kind", "document_version", "given_at", "scope", "witness"),
        build=_consent,
    ),
    Act(
        id="decide-treatment",
        action="decide_to_treat",
        about="subject",
        step=4,
        fields=fields_of("treatment_decisions", "decision", "decided_at", "reason", "product_available", "remark"),
        build=_decide,
        meaning="decided",
    ),
    Act(
        id="weigh",
        action="screen",
        about="subject",
        step=6,
        fields=fields_of("weights", "measured_at", "weight_kg", "method"),
        build=_weigh,
    ),
)
