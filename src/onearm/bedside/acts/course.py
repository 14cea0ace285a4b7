"""Steps 6, 15 and 17: values, drugs and supports, visits, outcomes, as typed; whole days come by file."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from onearm.bedside.act import Act, Answers, Plan, Refusal, Row, changed, next_name
from onearm.bedside.field import Field, Option, fields_of, of
from onearm.bedside.situation import Situation
from onearm.records.episodes import KINDS
from onearm.vocabulary.clock import Precision
from onearm.vocabulary.markers import MARKERS, Standing, UnitError, convert

_MINUTE = Precision.MINUTE.value
_INSTANT = ("prone", "tracheostomy")


def _own(situation: Situation) -> dict[str, Any]:
    subject = situation.the()
    return {"site_id": subject["site_id"], "subject_id": subject["subject_id"]}


def _units(situation: Situation) -> list[Option]:
    units = sorted({unit or "1" for marker in MARKERS.values() for unit in marker.units})
    return [(unit, unit) for unit in units]


def canonical_value(situation: Situation, name: str, number: Decimal, unit: str, quality: str) -> Decimal:
    """A typed value in the canonical unit of its marker. Raises Refusal for its unit, or for a value that cannot be."""
    marker = MARKERS[name]
    told = {"value": f"{number:f}", "unit": unit}
    weights = situation.records["weights"].sort("measured_at")["weight_kg"]
    try:
        value = convert(name, number, unit, weight_kg=weights[-1] if len(weights) else None)
    except UnitError as refused:
        raise Refusal("refused.unit", **told, units=", ".join(marker.units)) from refused
    standing = marker.standing(value)
    if standing is Standing.REFUSED:
        raise Refusal("refused.hard_limit", **told, low=marker.hard[0], high=marker.hard[1])
    if standing is Standing.UNUSUAL and quality != "confirmed_extreme":
        raise Refusal("refused.unusual", **told)
    return value


def _measure(situation: Situation, answers: Answers) -> Plan:
    """The raw value and unit are kept, the canonical value is computed; a unit the marker does not know is refused."""
    value = canonical_value(situation, answers["marker"], answers["value"], answers["raw_unit"], answers["quality"])
    sample = {column: answers[column] for column in ("marker", "collected_at", "specimen")}
    for there in situation.view.rows("measurements", subject_id=situation.key, **sample):
        told = {"key": there["measurement_id"], "value": there["raw_value"], "unit": there["raw_unit"]}
        raise Refusal("refused.measured_already", **told)
    infusion = situation.view.row("infusions", answers["infusion_id"]) if answers["infusion_id"] else None
    since = (
        None if infusion is None else round((answers["collected_at"] - infusion["started_at"]) / timedelta(minutes=1))
    )
    values = {
        **_own(situation),
        "measurement_id": next_name(situation, "measurements", situation.key, "M"),
        "collected_at_precision": _MINUTE,
        "raw_value": f"{answers['value']:f}",
        "comparator": answers["comparator"] or "=",
        "value": value,
        "relative_minute": since,
        "origin": "typed",
        "replicate": 1,
        **{k: answers[k] for k in ("marker", "collected_at", "raw_unit", "specimen", "quality", "infusion_id")},
    }
    return Plan((Row("measurements", values),), answers["collected_at"])


def _infusions(situation: Situation) -> list[Option]:
    return [(i["infusion_id"], i["infusion_id"]) for i in situation.records["infusions"].iter_rows(named=True)]


def _begin(situation: Situation, answers: Answers) -> Plan:
    """First invasive ventilation sets the patient's clock as well."""
    values = {
        **_own(situation),
        "episode_id": next_name(situation, "episodes", situation.key, "E"),
        "started_at_precision": _MINUTE,
        "ended_at": answers["started_at"] if answers["kind"] in _INSTANT else None,
        "ended_at_precision": _MINUTE if answers["kind"] in _INSTANT else None,
        "ongoing": answers["kind"] not in _INSTANT,
        **answers,
    }
    rows = [Row("episodes", values)]
    subject = situation.the()
    if answers["kind"] == "invasive_ventilation" and subject["ventilated_at"] is None:
        clock = {"ventilated_at": answers["started_at"], "ventilated_at_precision": _MINUTE}
        rows.append(Row("subjects", changed(subject, **clock), subject["version"]))
    return Plan(tuple(rows), answers["started_at"], reason="ventilation began")


def _end(situation: Situation, answers: Answers) -> Plan:
    episode = situation.the()
    values = changed(episode, ended_at_precision=_MINUTE, ongoing=False, **answers)
    return Plan((Row("episodes", values, episode["version"]),), answers["ended_at"], reason="ended")


def _visit(situation: Situation, answers: Answers) -> Plan:
    return Plan((Row("visits", {**_own(situation), **answers}),), answers["occurred_at"])


def _outcome(situation: Situation, answers: Answers) -> Plan:
    """Death closes every episode; extubation the ventilation; leaving the stay. Nothing is asked twice."""
    when = answers["occurred_at"]
    values = {
        **_own(situation),
        "outcome_id": next_name(situation, "outcomes", situation.key, "X"),
        "occurred_at_precision": _MINUTE,
        **answers,
    }
    rows = [Row("outcomes", values)]
    for episode in situation.records["episodes"].iter_rows(named=True):
        if episode["ongoing"] and _is_closed_by(answers["kind"], episode["kind"]) and episode["started_at"] <= when:
            end = {"ended_at": when, "ended_at_precision": _MINUTE, "ongoing": False, "end_reason": answers["kind"]}
            rows.append(Row("episodes", changed(episode, **end), episode["version"]))
    return Plan(tuple(rows), when, reason=f"outcome {answers['kind']}")


def _is_closed_by(outcome: str, episode: str) -> bool:
    closes = {
        "died": KINDS,
        "extubated": ("invasive_ventilation", "sedation"),
        "left_icu": ("icu",),
        "left_hospital_alive": (*(k for k in KINDS if k not in ("treatment_limit",)),),
    }
    return episode in closes.get(outcome, ())


ACTS = (
    Act(
        id="measure",
        action="course",
        about="subject",
        step=6,
        fields=(
            *fields_of("measurements", "marker", "collected_at"),
            of("measurements", "comparator", required=False),
            Field("value", "number", True),
            of("measurements", "raw_unit", kind="choice", options=_units),
            *fields_of("measurements", "specimen", "quality"),
            of("measurements", "infusion_id", kind="choice", options=_infusions),
        ),
        build=_measure,
        prefill=lambda situation: {"collected_at": situation.now, "comparator": "=", "quality": "ok"},
    ),
    Act(
        id="begin-episode",
        action="course",
        about="subject",
        step=6,
        fields=fields_of("episodes", "kind", "agent", "dose", "dose_unit", "started_at"),
        build=_begin,
    ),
    Act(
        id="end-episode",
        action="course",
        about="episode",
        step=15,
        fields=(of("episodes", "ended_at", required=True), of("episodes", "end_reason")),
        build=_end,
        prefill=lambda situation: {"ended_at": situation.now},
        fits=lambda situation: bool(situation.the()["ongoing"]),
        changes=True,
    ),
    Act(
        id="keep-visit",
        action="course",
        about="subject",
        step=15,
        fields=fields_of("visits", "planned_day", "status", "occurred_at", "reason"),
        build=_visit,
    ),
    Act(
        id="record-outcome",
        action="course",
        about="subject",
        step=17,
        fields=(
            of(
                "outcomes",
                "kind",
                choices=(
                    "extubated",
                    "reintubated",
                    "left_icu",
                    "left_hospital_alive",
                    "transferred",
                    "died",
                    "seen_alive",
                    "lost",
                    "withdrew",
                ),
            ),
            *fields_of("outcomes", "occurred_at", "destination", "cause", "attributed"),
        ),
        build=_outcome,
        prefill=lambda situation: {"occurred_at": situation.now},
    ),
)
