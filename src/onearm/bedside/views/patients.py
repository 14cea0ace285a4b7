"""Patients of a site, day-28 status first; one patient with everything recorded and what can be done now."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from onearm.bedside.acts.events import open_suggestions
from onearm.bedside.acts.registry import ACTS
from onearm.bedside.overview import overview
from onearm.bedside.policy import policies
from onearm.bedside.screen import Asking, Offer, Screen, offers, offers_of_rows
from onearm.bedside.waiting import is_day_28_due
from onearm.product.day_28 import fates
from onearm.product.delivered import delivered

Row = dict[str, Any]
_TABLES = ("consents", "eligibility_checks", "treatment_decisions", "weights", "visits", "episodes", "outcomes")


@dataclass(frozen=True, slots=True)
class PatientLine:
    """One line of the list."""

    subject_id: str
    site_id: str
    ventilated_at: datetime | None
    decision: str | None
    doses: int
    day_28: str | None  # words, once a dose was given
    day_28_is_due: bool


@dataclass(frozen=True, slots=True)
class Patients:
    """The list, and whether a patient can be entered here."""

    lines: tuple[PatientLine, ...]
    may_enrol: bool


@dataclass(frozen=True, slots=True)
class Patient:
    """One patient. `rows` by table, newest first; `offers_on` by table and key."""

    subject: Row
    rows: dict[str, list[Row]]
    orders: list[Row]
    infusions: list[Row]
    events: list[Row]
    measurements: list[Row]
    values_in_all: int
    queries: list[Row]
    open_suggestions: int
    criteria_left: list[str]
    offers: tuple[Offer, ...]
    offers_on: dict[str, dict[str, tuple[Offer, ...]]]
    correctable: list[str]


def read_patients(asking: Asking) -> Patients:
    """Every patient the person may see."""
    site, view = asking.only_site, asking.view
    subjects = view.rows("subjects", **({"site_id": site} if site else {}))
    names = [s["subject_id"] for s in subjects]
    decisions: dict[str, str] = {}
    for row in sorted(view.rows("treatment_decisions", subject_id=names), key=lambda d: d["decided_at"]):
        decisions[row["subject_id"]] = row["decision"]
    infusions: dict[str, list[Row]] = {}
    for row in view.rows("infusions", subject_id=names):
        infusions.setdefault(row["subject_id"], []).append(row)
    ordered = {o["subject_id"] for o in view.rows("dose_orders", subject_id=names)}
    known = fates(overview(view, list(infusions)), list(infusions)) if infusions else {}
    lines = []
    for subject in subjects:
        name = subject["subject_id"]
        if asking.person.role == "PH" and name not in ordered:
            continue
        given = sorted(infusions.get(name, []), key=lambda i: i["started_at"])
        told, due = None, False
        if given:
            state = known[name].after(given[0]["started_at"])
            told = state.es if asking.person.language == "es" else state.en
            due = is_day_28_due(state, given[0]["started_at"], asking.now)
        since = subject["ventilated_at"]
        lines.append(PatientLine(name, subject["site_id"], since, decisions.get(name), len(given), told, due))
    lines.sort(key=lambda line: (not line.day_28_is_due, line.site_id, line.subject_id))
    policy = policies()["screen"]
    return Patients(tuple(lines), policy.allows(asking.person.role, asking.person.site_id, asking.person.site_id))


def read_patient(asking: Asking) -> Patient:
    """Everything about one patient."""
    key = asking.path["subject_id"]
    situation = asking.patient(key)
    records = situation.records
    rows = {table: _newest_first(records[table].to_dicts()) for table in _TABLES}
    given = {d.infusion_id: d for d in delivered(records, asking.promise.rulebook)}
    infusions = [{**i, "delivered": given[i["infusion_id"]]} for i in _newest_first(records["infusions"].to_dicts())]
    events = _newest_first(records["adverse_events"].to_dicts())
    orders = _newest_first(records["dose_orders"].to_dicts())
    checked = {c["criterion_id"] for c in rows["eligibility_checks"]}
    left = [r.id for r in asking.promise.protocol.population.rules if r.id not in checked]
    kinds = {
        "order": [o["dose_order_id"] for o in orders],
        "infusion": [i["infusion_id"] for i in infusions],
        "episode": [e["episode_id"] for e in rows["episodes"]],
        "event": [e["event_id"] for e in events],
    }
    values = records["measurements"].sort("collected_at", descending=True)
    return Patient(
        dict(situation.the()),
        rows,
        orders,
        infusions,
        events,
        values.head(40).to_dicts(),
        values.height,
        [q for q in asking.view.rows("queries", subject_id=key) if q["state"] != "closed"],
        len(open_suggestions(situation)),
        left,
        offers(situation),
        {kind: offers_of_rows(asking, kind, keys, situation) for kind, keys in kinds.items()},
        _correctable(asking, situation.site),
    )


def _newest_first(rows: list[Row]) -> list[Row]:
    def when(row: Row) -> Any:
        times = [v for k, v in row.items() if isinstance(v, datetime) and k != "entered_at"]
        return max(times) if times else row["entered_at"]

    return sorted(rows, key=when, reverse=True)


def _correctable(asking: Asking, site: str | None) -> list[str]:
    """Tables whose rows this person may correct here."""
    person = asking.person
    return [
        act.about.removeprefix("row:")
        for act in ACTS.values()
        if act.id.startswith("correct-") and policies()[act.action].allows(person.role, person.site_id, site)
    ]


SCREENS = (
    Screen("/patients", "see_patients", "patients.html", Patients, read_patients),
    Screen("/patients/{subject_id}", "see_patients", "patient.html", Patient, read_patient),
)
