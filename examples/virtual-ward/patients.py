"""Who lies in the virtual ward, and the steps of a patient as stories: each yields the time it goes on."""

import math
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from playing import Play, Story

from onearm.bedside.labels.code import Code, Kind, write
from onearm.records.subjects import COMORBIDITIES

T0 = datetime(2020, 4, 30, 9, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
_SHARES = dict(zip(COMORBIDITIES, (0.45, 0.25, 0.08, 0.06, 0.05, 0.03, 0.04, 0.0, 0.02, 0.12), strict=True))
_DECAY_PER_H = 0.0966  # in Ringer lactate, by the rule book


def day(number: float) -> datetime:
    """So many days after T0, on a full five minutes."""
    at = T0 + timedelta(days=number)
    return at - timedelta(minutes=at.minute % 5, seconds=at.second, microseconds=at.microsecond)


@dataclass
class Patient:
    """One virtual patient. `trend` is the log of P/F by day; `daily` has a full laboratory course."""

    number: int
    site: str
    start: datetime  # of ventilation
    weight: int
    height: int
    severity: float
    trend: float = 0.0
    daily: bool = False
    steroid: bool = False
    subject_id: str = ""
    sampled_until: datetime | None = None  # None: still on the ventilator

    @property
    def doc(self) -> str:
        return f"{self.site}-DOC"

    @property
    def nurse(self) -> str:
        return f"{self.site}-NURSE1"

    @property
    def pharmacist(self) -> str:
        return f"{self.site}-PHARM"

    def draw(self, what: str) -> random.Random:
        """The same numbers every time for one patient and purpose."""
        return random.Random(f"{self.number} {what}")


def patient(number: int, site: str, start: float, **told: Any) -> Patient:
    """Drawn with a fixed seed; what is told is not drawn."""
    drawn = random.Random(f"{number} body")
    values = {
        "height": round(min(max(drawn.gauss(170, 8), 152), 190)),
        "severity": round(drawn.gauss(0, 0.8), 2),
        "steroid": drawn.random() < 0.5,
    }
    values["weight"] = round(min(max(27.5 * (values["height"] / 100) ** 2 + drawn.gauss(0, 6), 58), 84))
    return Patient(number, site, day(start), **{**values, **told})


def arrive(play: Play, p: Patient) -> Story:
    """Arrival times, history, and a corticosteroid where one is given."""
    drawn = p.draw("arrival")
    hospital = p.start - timedelta(minutes=round(drawn.uniform(20, 80)) * 60)
    at = {
        "symptoms_at": hospital - timedelta(minutes=round(drawn.uniform(4, 9) * 24) * 60),
        "hospital_at": hospital,
        "icu_at": p.start - timedelta(minutes=round(drawn.uniform(1, 14)) * 60),
        "ventilated_at": p.start,
    }
    ills = {name: "yes" if drawn.random() < share else "no" for name, share in _SHARES.items()}
    ills["obesity"] = "yes" if p.weight / (p.height / 100) ** 2 >= 30 else "no"
    age, sex = round(min(max(drawn.gauss(62, 11), 28), 84)), "female" if drawn.random() < 0.3 else "male"
    yield p.start + timedelta(minutes=round(drawn.uniform(70, 150)))
    told = {"sex": sex, "age_years": age, "height_cm": p.height, "apache2": round(17 + 4 * p.severity)}
    p.subject_id = play.do(p.nurse, "enrol", **told, **at, **ills)["subjects"]
    if p.steroid:
        yield p.start + timedelta(hours=4)
        drug = {"kind": "corticosteroid", "agent": "dexamethasone", "dose": "6", "dose_unit": "mg/d"}
        play.do(p.nurse, "begin-episode", p.subject_id, started_at=play.minute, **drug)


def screen(play: Play, p: Patient, *, ecmo: bool = False) -> Story:
    """Each criterion with its value."""
    yield p.start + timedelta(hours=5)
    ratio = round(130 * math.exp(-0.2 * p.severity) - 4)
    ratio = min(ratio, 240)
    for rule, value, unit, met, evidence in (
        ("I1", None, None, "yes", "chart"),
        ("I2", str(ratio), "mmHg", "yes", "measured"),
        ("E1", None, None, "yes" if ecmo else "no", "chart"),
    ):
        told = {"assessed_at": play.minute, "value": value, "unit": unit, "met": met, "evidence": evidence}
        play.do(p.doc, "check-criterion", p.subject_id, criterion_id=rule, **told)


def consent(play: Play, p: Patient, *scope: str) -> Story:
    """By a proxy: nobody on a ventilator can be asked."""
    yield p.start + timedelta(hours=8)
    told = {"kind": "proxy", "document_version": "2", "scope": list(scope) or ["treatment", "data"]}
    play.do(p.doc, "record-consent", p.subject_id, given_at=play.minute - 30 * MINUTE, **told)


def came_in(play: Play, p: Patient) -> Story:
    """Arrival, criteria, consent."""
    yield from arrive(play, p)
    yield from screen(play, p)
    yield from consent(play, p)


def untreated(play: Play, p: Patient, decided: float, reason: str) -> Story:
    """Decided not to treat: a concurrent control."""
    yield from arrive(play, p)
    yield from screen(play, p, ecmo=reason == "not_eligible")
    if reason == "not_eligible":
        play.do(p.nurse, "begin-episode", p.subject_id, kind="ecmo", started_at=play.minute)
    if reason != "no_consent":
        yield from consent(play, p, "data")
    yield day(decided)
    said = "do_not_treat" if reason != "later" else "defer"
    told = {"decision": said, "reason": "clinician" if reason == "later" else reason}
    there = reason not in ("no_product",)
    play.do(p.doc, "decide-treatment", p.subject_id, decided_at=play.minute, product_available=there, **told)


def order(play: Play, p: Patient, at: datetime) -> Any:
    """Decision, weight and signed order for an infusion at `at`; gives the order's name."""
    yield at - 30 * HOUR
    with play.ledger.reading() as view:
        decided = view.rows("treatment_decisions", subject_id=p.subject_id, decision="treat")
    if not decided:
        told = {"decision": "treat", "decided_at": play.minute, "product_available": True}
        play.do(p.doc, "decide-treatment", p.subject_id, **told)
    weighed = {"measured_at": play.minute - 40 * MINUTE, "weight_kg": p.weight, "method": "bed"}
    weight = play.do(p.nurse, "weigh", p.subject_id, **weighed)["weights"]
    yield at - 29 * HOUR
    told = {"planned_m_per_kg": "1", "weight_basis": "actual", "weight_id": weight, "requested_for": at}
    return play.do(p.doc, "order-dose", p.subject_id, **told)["dose_orders"]


def bags_for(play: Play, p: Patient, at: datetime, lot: str, count: int = 1, *, warm: bool = False) -> Any:
    """Ordered, verified, allocated, packed, shipped and received; gives order and bags. `warm`: the logger says so."""
    name = yield from order(play, p, at)
    yield at - 28 * HOUR
    play.do(p.pharmacist, "verify-order", name)
    yield at - 27.5 * HOUR
    bags = [play.stock[lot].pop(0) for _ in range(count)]
    for bag in bags:
        play.do(p.pharmacist, "allocate-bag", name, container_id=bag)
    yield at - 26 * HOUR
    for bag in bags:
        play.do("VPU-TECH1", "pack-bag", bag, occurred_at=play.minute, from_place="tank 2")
    yield at - 25.5 * HOUR
    for bag in bags:
        play.do("VPU-TECH1", "ship-bag", bag, occurred_at=play.minute, to_place=p.site)
    yield at - 3 * HOUR
    top = "-96" if warm else "-154"
    logger = {"min_c": "-178", "max_c": top, "seal": "intact", "look": "good", "to_place": "pharmacy freezer"}
    for bag in bags:
        play.do(p.pharmacist, "receive-bag", bag, occurred_at=play.minute, **logger)
    return name, bags


def thaw(play: Play, p: Patient, at: datetime, bags: list[str], *, issued: timedelta = 42 * MINUTE) -> Any:
    """Thawed, diluted, counted and issued for an infusion at `at`; gives millions alive by bag."""
    second, alive = f"{p.pharmacist}2", {}
    yield at - 72 * MINUTE
    for bag in bags:
        play.do(p.pharmacist, "start-thaw", bag, second=second, occurred_at=play.minute)
    yield at - 66 * MINUTE
    for bag in bags:
        play.do(p.pharmacist, "end-thaw", bag, second=second, occurred_at=play.minute, remark="bath 37 Cel")
    yield at - 64 * MINUTE
    for bag in bags:
        into = {"diluent": "ringer_lactate", "amount_ml": "50"}
        play.do(p.pharmacist, "dilute-bag", bag, second=second, occurred_at=play.minute, **into)
    yield at - 58 * MINUTE
    for bag in bags:
        drawn = p.draw(f"count {len(alive)} {at}")
        counted, viable = round(drawn.gauss(108, 4), 1), round(min(drawn.gauss(92, 1.5), 97), 1)
        found = {"counted_m": counted, "viability_percent": viable}
        play.do(p.pharmacist, "count-cells", bag, second=second, occurred_at=play.minute, **found)
        alive[bag] = counted * viable / 100
    yield at - issued
    for bag in bags:
        play.do(p.pharmacist, "issue-bag", bag, to_place="intensive care")
    return alive


def infuse(play: Play, p: Patient, at: datetime, alive: dict[str, float]) -> Any:
    """Matched, started, stopped bag by bag so that the planned dose goes in; gives the infusion."""
    name, left = "", float(p.weight)
    for n, (bag, cells) in enumerate(alive.items()):
        begins = at + n * 25 * MINUTE
        yield begins - 4 * MINUTE
        scans = [
            Code("VIRTUAL-WARD", kind, key) for kind, key in ((Kind.WRISTBAND, p.subject_id), (Kind.CONTAINER, bag))
        ]
        band, code = (write(scan) for scan in scans)
        play.do(p.doc, "match-bag", bag, second=p.nurse, wristband=band, bag=code)
        yield begins
        told = {"started_at": play.minute, "route": "central_venous", "premedication": "none"}
        name = play.do(p.nurse, "start-infusion", bag, **told).get("infusions", name)
        yield begins + 20 * MINUTE
        per_ml = cells * math.exp(-_DECAY_PER_H * 68 / 60) / 50
        given = min(round(2 * left / per_ml) / 2, 48)
        left -= given * per_ml
        told = {"given_volume_ml": given, "remainder": "destroyed"}
        if n + 1 < len(alive):
            play.do(p.nurse, "stop-bag", bag, last_drop_at=play.minute, **told)
        else:
            play.do(p.nurse, "stop-infusion", name, stopped_at=play.minute, status="completed", **told)
    return name


def assess(play: Play, p: Patient, at: datetime, infusion: str) -> Story:
    """Somebody looks after six hours."""
    yield at + 6.2 * HOUR
    play.do(p.doc, "assess-reaction", infusion, reaction_assessment="none", assessed_until_at=play.minute)


def treated(
    play: Play, p: Patient, *doses: float, lot: str, bags: int = 1, assessed: bool = True, **thawing: timedelta
) -> Any:
    """Everything up to the infusion at each of `doses` (days from T0); gives the last infusion."""
    yield from came_in(play, p)
    infusion = ""
    for number in doses:
        at = day(number)
        _, chosen = yield from bags_for(play, p, at, lot, bags)
        alive = yield from thaw(play, p, at, chosen, **thawing)
        infusion = yield from infuse(play, p, at, alive)
        if assessed:
            yield from assess(play, p, at, infusion)
    return infusion


_LEAVES = ("extubated", "died", "transferred")


def outcomes(play: Play, p: Patient, **at: float) -> Story:
    """What became of the patient: kind and day from T0."""
    for kind, number in at.items():
        yield day(number)
        told = {"destination": "home"} if kind == "left_hospital_alive" else {}
        told |= {"cause": "respiratory failure"} if kind == "died" else {}
        confirm = kind == "died"  # of the treated a fatal event is asked for; it is reported next
        play.do(p.nurse, "record-outcome", p.subject_id, kind=kind, occurred_at=play.minute, confirm=confirm, **told)
        if kind in _LEAVES:
            p.sampled_until = p.sampled_until or play.minute


def event(play: Play, p: Patient, number: float, reported: float, **told: Any) -> Any:
    """An adverse event, reported by the nurse; gives its name."""
    yield day(reported)
    values = {"started_at": day(number), "relation": "unlikely", "action": "none to the product", **told}
    return play.do(p.nurse, "report-event", p.subject_id, **values)["adverse_events"]


def review(play: Play, name: str, number: float) -> Story:
    """By the physician of the sponsor."""
    yield day(number)
    play.do("SPONSOR-MD", "review-event", name, relation="unlikely", expected=False)


FATAL = {
    "term": "multiple organ failure",
    "grade": 5,
    "serious": True,
    "criteria": ["death"],
    "outcome": "fatal",
    "narrative": "Course of the pneumonia; 0 signs of a reaction to the infusion.",
}


def dies(play: Play, p: Patient, number: float) -> Story:
    """Of the treated: the death is an outcome and an event of grade 5, reviewed the next day."""
    yield from outcomes(play, p, died=number)
    name = yield from event(play, p, number, number + 0.1, **FATAL)
    yield from review(play, name, number + 1)
