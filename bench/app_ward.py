"""Rows for a ward that nobody wants to type: released lots with bags, and patients with a whole course behind them."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

Row = dict[str, Any]
_MINUTE = "minute"
_AT_ONCE = 20  # patients whose values go in together
_VALUES = (  # marker, unit, specimen, lowest value, step
    ("crp", "mg/L", "serum", "5", "30"),
    ("ferritin", "ng/mL", "serum", "300", "150"),
    ("d_dimer_feu", "ng/mL", "plasma", "400", "300"),
    ("fio2", "fraction", None, "0.35", "0.05"),
    ("peep", "cmH2O", None, "6", "1"),
    ("lymphocytes", "10^9/L", None, "0.4", "0.1"),
)
_EPISODES = (  # kind, first and last day of the course; 0: still going
    ("hospital", -2, 0),
    ("icu", -1, 14),
    ("invasive_ventilation", 0, 10),
    ("corticosteroid", 0, 9),
    ("anticoagulant", 0, 20),
    ("noradrenaline", 1, 4),
    ("sedation", 0, 9),
    ("antibiotic", 2, 8),
)


def actor(account: str) -> Any:
    """An account of the ward as the ledger names it."""
    from ward import PEOPLE

    from onearm.ledger.entry import Actor

    return Actor(account, *PEOPLE[account])


def add_stock(ledger: Any, lots: int, bags: int, now: datetime) -> list[str]:
    """Released lots with so many bags each at the production unit; the names of all bags."""
    from journey import RESULTS

    from onearm.bedside.labels.check_characters import new_container_id
    from onearm.ledger.entry import Action
    from onearm.ledger.signing import Statement, signature_of

    names = [f"LOT-{n}" for n in range(1, lots + 1)]
    filled = {lot: [new_container_id() for _ in range(bags)] for lot in names}
    everything = [(lot, n, bag) for lot, found in filled.items() for n, bag in enumerate(found, 1)]
    made, unit = now - timedelta(days=60), {"site_id": "UNIT"}
    with ledger.writing(actor("CO1")) as act:
        act.add_all("specifications", _specification())
    with ledger.writing(actor("PT1")) as act:
        act.add_all("lots", [_lot(name, bags, made) for name in names])
        tissue = {"line_no": 1, "kind": "donor_tissue", "name": "adipose tissue", "supplier": "tissue bank"}
        tissue |= {**unit, "batch": "T-7", "used_at": made - timedelta(days=20)}
        act.add_all("lot_materials", [{**tissue, "lot_id": name} for name in names])
        volume = {**unit, "nominal_viable_m": "100", "volume_ml": "20"}
        rows = [{**volume, "container_id": bag, "lot_id": lot, "container_no": n} for lot, n, bag in everything]
        act.add_all("containers", rows)
        first = {**unit, "event": "made", "actor_id": "PT1", "occurred_at": made, "to_place": "tank 1"}
        act.add_all("custody", [{**first, "custody_id": f"{b}-1", "container_id": b} for _, _, b in everything])
    with ledger.writing(actor("QC1")) as act:
        told = {**unit, "stage": "final", "method": "validated", "replicate": 1, "comparator": "=", "verdict": "pass"}
        told |= {
            "analyst_id": "QC1",
            "verifier_id": "QC2",
            "sampled_at": made,
            "reported_at": made + timedelta(days=10),
        }
        for name, (number, (test, measured, result)) in itertools.product(names, enumerate(RESULTS, 1)):
            raw = result.get("result_text") or result["value"]
            row = {**told, "lot_test_id": f"{name}-T{number}", "lot_id": name, "test": test, "raw_value": raw}
            act.add("lot_tests", {**row, "raw_unit": measured, **result})
    with ledger.writing(actor("QP1")) as act:
        decided = {
            **unit,
            "decision": "release",
            "decided_at": made + timedelta(days=12),
            "decided_by": "QP1",
            "reason": "all tests pass",
        }
        statement = Statement("released", "All tests pass.", "en")
        for name in names:
            entry = act.add("release_decisions", {**decided, "decision_id": f"{name}-R1", "lot_id": name})
            signed = {"signature_id": f"G{entry.seq}-QP1", "signer": "QP1", "role": "QP", "site_id": "UNIT"}
            act.add("signatures", {**signature_of(entry, statement), **signed}, action=Action.SIGN)
    return [bag for _, _, bag in everything]


def _specification() -> list[Row]:
    limits = {"viability": ("%", "70", None), "cd73": ("%", "95", None), "cd90": ("%", "95", None)}
    limits |= {"cd105": ("%", "95", None), "negative_panel": ("%", None, "2"), "endotoxin": ("EU/mL", None, "5")}
    limits |= {"mycoplasma": ("1", None, None), "sterility": ("1", None, None)}
    told = {"site_id": "CENTRE", "specification_id": "SPEC-1", "specification_version": 1, "stage": "final"}
    return [
        {
            **told,
            "test": test,
            "method": "validated",
            "unit": unit,
            "low": low,
            "high": high,
            "expected_text": None if low or high else "negative",
            "required_for": "second_step" if test == "sterility" else "release",
        }
        for test, (unit, low, high) in limits.items()
    ]


def _lot(name: str, bags: int, made: datetime) -> Row:
    return {
        "site_id": "UNIT",
        "lot_id": name,
        "product_code": "AT-MSC",
        "cell_source": "adipose",
        "donor_id": "DONOR-7",
        "donor_kind": "allogeneic",
        "passage": 4,
        "form": "cryopreserved",
        "harvested_at": made,
        "frozen_at": made + timedelta(hours=2),
        "freezing_medium": "albumin and dimethyl sulfoxide",
        "dmso_percent": "10",
        "nominal_viable_m": "100",
        "product_volume_ml": "20",
        "containers_made": bags,
        "storage_c": "-150",
        "expires_at": made + timedelta(days=320),
        "specification_id": "SPEC-1",
    }


def add_patients(
    ledger: Any, site: str, patients: int, bags: Sequence[str], now: datetime, told: Callable[[str], None]
) -> list[str]:
    """Patients of a hospital with a course of 26 to 35 days and 300 values each; the first ones got a bag.

    `told` hears how far it is. Gives their pseudonyms.
    """
    names = [f"{site}-{n:03d}" for n in range(1, patients + 1)]
    nurse, doctor = (f"NU{site[-1]}", f"IN{site[-1]}")
    came = {name: now - timedelta(days=26 + n % 10) for n, name in enumerate(names)}
    rows: dict[str, list[Row]] = {}
    for n, name in enumerate(names):
        for table, row in _course(site, name, came[name], nurse, doctor, n):
            rows.setdefault(table, []).append({"site_id": site, "subject_id": name, **row})
    for bag, name in zip(bags, names, strict=False):
        for table, row in _given(site, name, bag, came[name] + timedelta(days=2), nurse, doctor):
            rows.setdefault(table, []).append({"site_id": site, **row})
    first = ("subjects", "weights", "dose_orders", "infusions")  # what others rest on
    with ledger.writing(actor(nurse)) as act:
        for table in (*first, *(t for t in rows if t not in first)):
            act.add_all(table, rows.get(table, []))
    for start in range(0, patients, _AT_ONCE):
        told(f"{site}: {start} of {patients} patients entered")
        some = names[start : start + _AT_ONCE]
        with ledger.writing(actor(nurse)) as act:
            act.add_all("measurements", [row for name in some for row in _measurements(site, name, came[name])])
    return names


def _course(site: str, name: str, came: datetime, nurse: str, doctor: str, number: int) -> Iterator[tuple[str, Row]]:
    from journey import NO_ILLS

    day = timedelta(days=1)
    times = {"symptoms_at": came - 8 * day, "hospital_at": came - 2 * day, "icu_at": came - day, "ventilated_at": came}
    precise = {f"{column}_precision": _MINUTE for column in times}
    who = {"source_id": "WARD", "cohort": "concurrent_untreated", "sex": "male", "age_years": "63", "height_cm": "170"}
    yield "subjects", {**who, **times, **precise, **NO_ILLS}
    for n, (rule, met) in enumerate((("I1", "yes"), ("E1", "no")), 1):
        row = {"check_id": f"{name}-C{n}", "criterion_id": rule, "assessed_at": came, "met": met}
        yield "eligibility_checks", {**row, "evidence": "chart", "assessed_by": nurse}
    row = {"consent_id": f"{name}-K1", "kind": "proxy", "document_version": "1", "given_at": came}
    yield "consents", {**row, "taken_by": doctor, "scope": '["data","treatment"]'}
    row = {"decision_id": f"{name}-D1", "decided_at": came, "decision": "treat", "decided_by": doctor}
    yield "treatment_decisions", {**row, "product_available": True}
    for n in range(1, 4):
        when = came + (n - 1) * 7 * day + timedelta(hours=20)
        yield "weights", {"weight_id": f"{name}-W{n}", "measured_at": when, "weight_kg": "80", "method": "bed"}
    for n, (kind, start, end) in enumerate(_EPISODES, 1):
        begun = {"episode_id": f"{name}-E{n}", "kind": kind, "started_at": came + start * day}
        ended = {"ended_at": came + end * day, "ended_at_precision": _MINUTE} if end else {}
        yield "episodes", {**begun, "started_at_precision": _MINUTE, **ended, "ongoing": not end}
    for n, kind in enumerate(("extubated", "seen_alive"), 1):
        row = {"outcome_id": f"{name}-X{n}", "kind": kind, "occurred_at": came + 10 * n * day}
        yield "outcomes", {**row, "occurred_at_precision": _MINUTE}
    if number % 4 == 0:
        row = {"event_id": f"{name}-A1", "term": "fever", "grade": 2, "started_at": came + 3 * day, "serious": False}
        row |= {"criteria": "[]", "relation": "possible", "action": "none", "outcome": "resolved"}
        yield "adverse_events", {**row, "reported_at": came + 3 * day, "narrative": "38.5 Cel, over by the morning"}


def _given(site: str, name: str, bag: str, when: datetime, nurse: str, doctor: str) -> Iterator[tuple[str, Row]]:
    """A bag from the order to the last drop."""
    pharmacist, order, infusion = f"PH{site[-1]}", f"{name}-O1", f"{name}-I1"
    after = {n: when + timedelta(minutes=n) for n in range(400)}
    row = {"dose_order_id": order, "subject_id": name, "dose_no": 1, "planned_m_per_kg": "1", "weight_basis": "actual"}
    row |= {"dosing_weight_kg": "80", "weight_id": f"{name}-W1", "target_m": "80", "requested_for": after[240]}
    row |= {"ordered_at": after[0], "ordered_by": doctor, "verified_at": after[5], "verified_by": pharmacist}
    yield "dose_orders", {**row, "status": "completed"}
    way = {"allocated": 10, "packed": 15, "shipped": 20, "received": 180, "thaw_started": 200, "thaw_ended": 205}
    way |= {"diluted": 210, "counted": 212, "issued": 215, "bedside_matched": 225, "started": 230, "stopped": 250}
    more: dict[str, Row] = {
        "shipped": {"to_place": site},
        "received": {"min_c": "-170", "max_c": "-150", "to_place": "pharmacy"},
        "diluted": {"diluent": "ringer_lactate", "amount_ml": "50"},
        "counted": {"counted_m": "100", "viability_percent": "92"},
        "stopped": {"amount_ml": "48"},
    }
    for n, (event, minute) in enumerate(way.items(), 2):
        two = (
            {"actor_id": pharmacist, "witness_id": nurse} if minute < 225 else {"actor_id": doctor, "witness_id": nurse}
        )
        row = {"custody_id": f"{bag}-{n}", "container_id": bag, "event": event, "occurred_at": after[minute]}
        yield "custody", {**row, **two, "subject_id": name, "dose_order_id": order, **more.get(event, {})}
    row = {"infusion_id": infusion, "dose_order_id": order, "subject_id": name, "dose_no": 1, "status": "completed"}
    row |= {"route": "central_venous", "premedication": "none", "started_at": after[230], "stopped_at": after[250]}
    row |= {"interruptions": "[]", "checked_by_1": doctor, "checked_by_2": nurse, "identity_checked_at": after[225]}
    row |= {"reaction_assessment": "none", "assessed_until_at": when + timedelta(hours=11), "assessed_by": doctor}
    yield "infusions", row
    row = {"infusion_id": infusion, "container_id": bag, "thaw_started_at": after[200], "thaw_ended_at": after[205]}
    row |= {"diluent": "ringer_lactate", "total_volume_ml": "50", "given_volume_ml": "48", "counted_m": "100"}
    row |= {
        "viability_percent": "92",
        "counted_at": after[212],
        "first_drop_at": after[230],
        "last_drop_at": after[250],
    }
    yield "infusion_containers", {**row, "remainder": "destroyed"}


def _measurements(site: str, name: str, came: datetime) -> Iterator[Row]:
    """Six markers twice a day for 25 days."""
    told = {"site_id": site, "subject_id": name, "collected_at_precision": _MINUTE, "comparator": "=", "origin": "file"}
    told |= {"replicate": 1, "quality": "ok"}
    for n, (half, (marker, unit, specimen, low, step)) in enumerate(itertools.product(range(50), _VALUES), 1):
        value = str(Decimal(low) + Decimal(step) * ((half * 7 + len(name) + n) % 11))
        row = {"measurement_id": f"{name}-M{n}", "marker": marker, "raw_unit": unit, "specimen": specimen}
        yield {**told, **row, "raw_value": value, "value": value, "collected_at": came + half * timedelta(hours=12)}
