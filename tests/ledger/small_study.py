"""A small ledger with everything a replay looks at: people, corrections, a withdrawal, an erased value, signatures."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from onearm.ledger.entry import Action, Actor
from onearm.ledger.opening import SETUP
from onearm.ledger.signing import Statement, signature_of

START = datetime(2020, 4, 1, 8, tzinfo=UTC)
NURSE = Actor("A-NURSE", "NU", "S01")
DOCTOR = Actor("A-DOC", "IN", "S01")
COORDINATOR = Actor("A-CO", "CO", "S01")
STATISTICIAN = Actor("A-ST", "ST", "S01")
PEOPLE = (NURSE, DOCTOR, COORDINATOR, STATISTICIAN)
STATEMENT = Statement("verified", "I have checked this weight.", "en")
ILLS = ("hypertension", "diabetes", "copd", "chronic_kidney", "heart_failure", "active_cancer", "immunosuppressed",
        "obesity", "liver", "smoker")  # fmt: skip


def open_study(ledger, first_day=date(2020, 3, 1)):
    """Entry 1, the site, its people with their delegations, the source of the study's own patients."""
    with ledger.writing(SETUP) as act:
        study = {"protocol_sha256": "0" * 64, "rulebook_sha256": "0" * 64, "protocol_version": "1"}
        study |= {"site_id": "S01", "study_id": "SMALL", "virtual": False, "onearm_version": "0"}
        act.add("studies", study, action=Action.OPEN)
        act.add("sites", {"site_id": "S01", "title": "Hospital one", "kind": "hospital", "country": "ES",
                          "timezone": "Europe/Madrid"})  # fmt: skip
        for one in PEOPLE:
            account = {"site_id": "S01", "account_id": one.account, "person_id": one.account, "title": one.account}
            act.add(
                "accounts", {**account, "language": "es", "status": "active"}, action=Action.ACCOUNT, reason="start"
            )
        for one in PEOPLE:
            by = "A-DOC" if one is COORDINATOR else "A-CO"
            act.add("delegations", {"site_id": "S01", "delegation_id": f"D-{one.account}", "account_id": one.account,
                                    "role": one.role, "valid_from": first_day, "valid_to": None,
                                    "qualification": "as filed", "training": "[]", "signed_by": by})  # fmt: skip
        act.add("sources", {
            "site_id": "S01", "source_id": "OWN", "title": "own study", "kind": "own_study",
            "population": "ventilated", "setting": "icu", "country": "ES", "entry_rule": "all",
            "time_zero_rule": "ventilation", "time_basis": "calendar", "clock_start": "ventilation",
            "licence": "none", "retrieved_at": START, "file_sha256": "0" * 64, "missing_fields": "[]",
        })  # fmt: skip


def subject(number):
    """A patient."""
    return {
        "site_id": "S01", "subject_id": f"S01-{number:03}", "source_id": "OWN", "cohort": "treated_path", "sex": "male",
        "age_years": Decimal(63), **dict.fromkeys(ILLS, "unknown"),
    }  # fmt: skip


def weight(name, number=1, kg="80.5"):
    """A weight of a patient."""
    return {
        "site_id": "S01", "weight_id": name, "subject_id": f"S01-{number:03}", "measured_at": START,
        "weight_kg": Decimal(kg), "method": "bed",
    }  # fmt: skip


def measurement(name, number=1, hours=0, **others):
    """A CRP of a patient."""
    return {
        "site_id": "S01", "measurement_id": name, "subject_id": f"S01-{number:03}", "marker": "crp",
        "collected_at": START + timedelta(hours=hours), "collected_at_precision": "minute", "raw_value": "1.5",
        "comparator": "=", "raw_unit": "mg/L", "value": Decimal("1.5"), "specimen": "serum", "origin": "typed",
        "replicate": 1, "quality": "ok", **others,
    }  # fmt: skip


def sign(act, entry, by=DOCTOR, statement=STATEMENT, **others):
    """A signature under the version that `entry` wrote."""
    told = {"signature_id": f"G{entry.seq}-{by.account}", "signer": by.account, "role": by.role, "site_id": by.site}
    return act.add("signatures", {**signature_of(entry, statement), **told, **others}, action=Action.SIGN)


def fill(ledger, patients=3):
    """Patients with weights: signed, corrected, withdrawn, erased."""
    for n in range(1, patients + 1):
        with ledger.writing(NURSE) as act:
            act.add("subjects", subject(n))
            act.add("weights", weight(f"W{n}A", n), occurred_at=START)
            act.add("weights", weight(f"W{n}B", n, "79"))
            act.add("measurements", measurement(f"M{n}", n))
        with ledger.writing(DOCTOR) as act:
            (first,) = act.view.history("weights", f"W{n}A")
            sign(act, first)
        with ledger.writing(NURSE) as act:
            act.correct("weights", weight(f"W{n}B", n, "79.25"), read_version=1, reason="scale misread ñ")
            act.withdraw("measurements", f"M{n}", read_version=1, reason="of another patient")
    with ledger.writing(DOCTOR) as act:
        act.correct("weights", weight("W1A", 1, "82"), read_version=1, reason="weighed again")
    with ledger.writing(COORDINATOR) as act:
        seq = act.view.history("weights", "W1B")[0].seq
        act.redact(seq, reason="a name had been typed")
    with ledger.writing(NURSE) as act:
        act.note(Action.EXPORT, {"what": "weights"}, reason="asked for by the monitor")


def small_study(ledger, patients=3):
    """All of it."""
    open_study(ledger)
    fill(ledger, patients)
