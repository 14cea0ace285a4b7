"""Every act of the app, each performed at least once by the people who may: what tests of all acts start from."""

import json
from datetime import timedelta

import journey
from journey import enrol, iso, make_lot, order, release, scans, specify, to_bedside, to_issue

from onearm.ledger.entry import Actor

IMAGE_SHA = "0" * 64


def answers_of(form):
    """The answers a form holds before anybody typed, as its JSON twin takes them."""
    return {f["name"]: _answer(f["kind"], f["value"]) for f in form["fields"] if f["value"] != ""}


def _answer(kind, value):
    match kind:
        case "integer":
            return int(value)
        case "yes_no":
            return value == "true"
        case "several":
            return json.loads(value)
        case _:
            return value


def correct(ward, account, table, key, **changes):
    """A correction of some fields, the others as they stand."""
    act = f"correct-{table.replace('_', '-')}"
    form = ward.get(account, f"/api/do/{act}/{key}")
    assert form.status_code == 200, f"{act} {key}: {form.text}"
    told = {**answers_of(form.json()), "reason": "misread", **changes}
    return ward.done(account, act, key, confirm=True, **told)


def withdraw(ward, account, table, key):
    """A row that was entered in error."""
    return ward.done(account, f"withdraw-{table.replace('_', '-')}", key, confirm=True, reason="entered in error")


def key_of(written, table):
    """Key of the row of a table that an act wrote."""
    return next(e["key"] for e in written["entries"] if e["table"] == table)


def perform_all(ward):
    """Every act of the registry; gives the names that are needed to look at what was written."""
    people(ward)
    bags = lots(ward)
    mine, other, third = enrol(ward), enrol(ward), enrol(ward)
    corrected_patient(ward, third)
    infusion = treated(ward, mine, bags)
    wrong_turns(ward, other, mine, bags)
    never_given(ward, enrol(ward), bags[8])
    course(ward, mine, infusion)
    images(ward, mine)
    questions(ward, mine)
    locks(ward)
    ward.done("QP1", "recall-lot", "LOT-1", sign=True, confirm=True, reason="donor fell ill")
    return {"subject": mine, "other": other, "bags": bags, "infusion": infusion}


def people(ward):
    """A site, an account, its delegation, training, and their ends."""
    today = ward.clock.now.date().isoformat()
    ward.done(
        "AD1",
        "add-site",
        site_id="S03",
        title="Hospital three",
        kind="hospital",
        country="ES",
        timezone="Europe/Madrid",
    )
    ward.done(
        "AD1", "open-account", account_id="NU9", person_id="NU9", title="Nurse nine", language="en", site_id="S01"
    )
    held = ward.done(
        "CO1", "delegate", "NU9", sign=True, role="NU", at_site="S01", valid_from=today, qualification="nurse",
        trained_on=today,
    )  # fmt: skip
    name = key_of(held, "delegations")
    ward.done("CO1", "add-training", name, sign=True, product_code="AT-MSC", trained_on=today)
    ward.done("CO1", "end-delegation", name, sign=True, valid_to=today)
    ward.done("AD1", "close-account", "NU9", reason="left")


def lots(ward):
    """A released lot of nine bags, one out of specification with three signatures, one that was a mistake."""
    specify(ward)
    line = ward.done(
        "CO1", "specify-test", specification_id="SPEC-2", specification_version=1, test="viability", stage="final",
        method="validated", unit="%", low="70", required_for="release",
    )  # fmt: skip
    spec = key_of(line, "specifications")
    correct(ward, "CO1", "specifications", spec, method="validated again")
    withdraw(ward, "CO1", "specifications", spec)
    bags = make_lot(ward, bags=9)
    correct(ward, "PT1", "lots", "LOT-1", freezing_medium="albumin")
    journey.test_lot(ward)
    release(ward)
    make_lot(ward, "LOT-2", bags=1)
    journey.test_lot(ward, "LOT-2", instead={"viability": {"value": "61"}})
    decided = ward.done(
        "QP1", "decide-lot", "LOT-2", sign=True, confirm=True, decision="release_out_of_spec", reason="no other lot",
        risk_assessment="viability 61 %, dose rises",
    )  # fmt: skip
    for account in ("IN1", "SP1"):
        ward.done(account, "consent-out-of-spec", key_of(decided, "release_decisions"), sign=True)
    _mistaken_lot(ward)
    return bags


def _mistaken_lot(ward):
    made = iso(ward.clock.now - timedelta(days=20))
    ward.done(
        "PT1", "record-lot", lot_id="LOT-9", product_code="AT-MSC", cell_source="adipose", donor_id="DONOR-9",
        donor_kind="allogeneic", passage=4, form="fresh", harvested_at=made, dmso_percent="0", nominal_viable_m="100",
        product_volume_ml="20", containers_made=2, storage_c="4", expires_at=iso(ward.clock.now + timedelta(days=2)),
        specification_id="SPEC-1",
    )  # fmt: skip
    material = ward.done(
        "PT1", "record-material", "LOT-9", kind="medium", name="medium", supplier="maker", batch="M-1", used_at=made
    )
    correct(ward, "PT1", "lot_materials", key_of(material, "lot_materials"), batch="M-2")
    withdraw(ward, "PT1", "lot_materials", key_of(material, "lot_materials"))
    test = ward.done(
        "QC1", "enter-test", "LOT-9", test="viability", stage="final", method="validated", raw_unit="%", value="93",
        sampled_at=made, reported_at=made,
    )  # fmt: skip
    correct(ward, "QC2", "lot_tests", key_of(test, "lot_tests"), value="94", raw_value="94")
    withdraw(ward, "QC1", "lot_tests", key_of(test, "lot_tests"))
    withdraw(ward, "PT1", "lots", "LOT-9")


def corrected_patient(ward, subject):
    """A patient whose every row is corrected, then withdrawn, and the patient last."""
    now = ward.clock.now
    weight = ward.done("NU1", "weigh", subject, measured_at=iso(now), weight_kg="80", method="bed")
    with ward.ledger.reading() as view:
        keys = {
            "eligibility_checks": [r["check_id"] for r in view.rows("eligibility_checks", subject_id=subject)],
            "consents": [r["consent_id"] for r in view.rows("consents", subject_id=subject)],
            "episodes": [r["episode_id"] for r in view.rows("episodes", subject_id=subject)],
            "weights": [key_of(weight, "weights")],
        }
    changes = {
        "eligibility_checks": {"evidence": "measured"},
        "consents": {"witness": "RELATIVE-1"},
        "episodes": {"end_reason": "none yet"},
        "weights": {"weight_kg": "81"},
    }
    correct(ward, "NU1", "subjects", subject, height_cm="171")
    for table, names in keys.items():
        for name in names:
            correct(ward, "NU1", table, name, **changes[table])
            withdraw(ward, "NU1", table, name)
    withdraw(ward, "NU1", "subjects", subject)


def treated(ward, subject, bags):
    """A dose of two bags, an infusion corrected; gives its name."""
    one, two = bags[:2]
    name = order(ward, subject, planned="2")
    to_issue(ward, name, one, two)
    for bag in (one, two):
        ward.done("IN1", "match-bag", bag, second="NU1", witness_id="NU1", **scans(subject, bag))
    started = {"started_at": iso(ward.clock.now), "route": "central_venous", "premedication": "none"}
    infusion = key_of(ward.done("NU1", "start-infusion", one, **started), "infusions")
    ward.done("NU1", "start-infusion", two, **started)
    ward.clock.now += timedelta(minutes=20)
    ward.done("NU1", "stop-bag", one, last_drop_at=iso(ward.clock.now), given_volume_ml="48", remainder="destroyed")
    ward.done(
        "NU1", "stop-infusion", infusion, stopped_at=iso(ward.clock.now), status="completed", given_volume_ml="48",
        remainder="destroyed",
    )  # fmt: skip
    ward.clock.now += timedelta(hours=6)
    ward.done("IN1", "assess-reaction", infusion, reaction_assessment="none", assessed_until_at=iso(ward.clock.now))
    correct(ward, "NU1", "infusions", infusion, premedication="paracetamol")
    correct(ward, "NU1", "infusion_containers", f"{infusion}/{one}", given_volume_ml="49")
    withdraw(ward, "NU1", "infusion_containers", f"{infusion}/{two}")
    return infusion


def wrong_turns(ward, subject, wrong, bags):
    """An order cancelled; bags given back, held, cleared, rejected, returned, destroyed, lost; a mismatch."""
    cancelled = order(ward, subject)
    ward.done("IN1", "cancel-order", cancelled, sign=True, cancelled_at=iso(ward.clock.now), cancel_reason="clinician")
    name = _order_again(ward, subject)
    given_back, held, returned, destroyed, lost, mismatched = bags[2:8]
    ward.done("PH1", "allocate-bag", name, sign=True, container_id=given_back)
    ward.done("PH1", "deallocate-bag", name, sign=True, container_id=given_back, remark="another bag is nearer")
    ward.done("PT1", "open-excursion", held, occurred_at=iso(ward.clock.now), remark="tank alarm")
    ward.done("QP1", "clear-excursion", held, sign=True, remark="probe was loose")
    ward.clock.now += timedelta(minutes=1)
    ward.done("PT1", "open-excursion", held, occurred_at=iso(ward.clock.now), remark="tank alarm again")
    ward.clock.now += timedelta(minutes=1)
    ward.done("QP1", "reject-bag", held, sign=True, remark="too warm")
    to_issue(ward, name, mismatched)
    ward.done("IN1", "hold-mismatch", mismatched, **scans(wrong, mismatched))
    for act, bag in (("return-bag", returned), ("destroy-bag", destroyed), ("lose-bag", lost)):
        ward.done("PT1", act, bag, confirm=True, occurred_at=iso(ward.clock.now), remark="tidied up")


def never_given(ward, subject, bag):
    """An infusion that was entered in error: nothing of it went in."""
    to_bedside(ward, order(ward, subject), bag, subject)
    started = {"started_at": iso(ward.clock.now), "route": "central_venous", "premedication": "none"}
    withdraw(ward, "NU1", "infusions", key_of(ward.done("NU1", "start-infusion", bag, **started), "infusions"))


def _order_again(ward, subject):
    with ward.ledger.reading() as view:
        weight = view.rows("weights", subject_id=subject)[0]["weight_id"]
    written = ward.done(
        "IN1", "order-dose", subject, sign=True, planned_m_per_kg="1", weight_basis="actual", weight_id=weight,
        requested_for=iso(ward.clock.now + timedelta(hours=4)),
    )  # fmt: skip
    name = key_of(written, "dose_orders")
    ward.done("PH1", "verify-order", name, sign=True)
    return name


EVENT = {
    "term": "fever",
    "grade": 2,
    "serious": False,
    "relation": "possible",
    "action": "none",
    "outcome": "resolved",
    "narrative": "38.5 for two hours",
}


def course(ward, subject, infusion):
    """Values, supports, visits, events, suggestions, outcomes: entered, corrected, withdrawn."""
    with ward.ledger.reading() as view:
        began = view.row("infusions", infusion)["started_at"]
    value = ward.done(
        "NU1", "measure", subject, marker="crp", collected_at=iso(ward.clock.now), value="98", raw_unit="mg/L",
        specimen="serum", quality="ok",
    )  # fmt: skip
    correct(ward, "NU1", "measurements", key_of(value, "measurements"), raw_value="89")
    withdraw(ward, "NU1", "measurements", key_of(value, "measurements"))
    for agent, minutes in (("adrenaline", 60), ("phenylephrine", 90)):
        ward.done(
            "NU1", "begin-episode", subject, kind="other_vasopressor", agent=agent, dose="400", dose_unit="ug/min",
            started_at=iso(began + timedelta(minutes=minutes)),
        )  # fmt: skip
    cardioversion = ward.done(
        "NU1", "begin-episode", subject, kind="other_treatment", agent="cardioversion",
        started_at=iso(began + timedelta(minutes=70)),
    )  # fmt: skip
    ward.done("NU1", "end-episode", key_of(cardioversion, "episodes"), ended_at=iso(began + timedelta(minutes=71)))
    form = ward.get("IN1", f"/api/do/confirm-suggestion/{subject}").json()
    first, second = next(f for f in form["fields"] if f["name"] == "suggestion_id")["choices"][:2]
    started = {"started_at": iso(began + timedelta(minutes=70))}
    ward.done("IN1", "confirm-suggestion", subject, confirm=True, suggestion_id=first, **started, **EVENT)
    ward.done("IN1", "dismiss-suggestion", subject, suggestion_id=second, reason="planned")
    event = key_of(ward.done("NU1", "report-event", subject, **started, **EVENT), "adverse_events")
    correct(ward, "IN1", "adverse_events", event, narrative="38.5 for three hours")
    ward.done("SP1", "review-event", event, sign=True, relation="unlikely", expected=True)
    withdraw(ward, "IN1", "adverse_events", event)
    visit = ward.done("NU1", "keep-visit", subject, planned_day=7, status="missed", reason="transfer")
    correct(ward, "NU1", "visits", key_of(visit, "visits"), status="done", occurred_at=iso(ward.clock.now))
    withdraw(ward, "NU1", "visits", key_of(visit, "visits"))
    outcome = ward.done("NU1", "record-outcome", subject, kind="seen_alive", occurred_at=iso(ward.clock.now))
    correct(ward, "NU1", "outcomes", key_of(outcome, "outcomes"), destination="ward 7")
    withdraw(ward, "NU1", "outcomes", key_of(outcome, "outcomes"))
    ward.done("IN1", "endorse", subject, sign=True, milestone="last_dose")


def an_image(ward, subject, name="IMG7K2Q"):
    """An image sent for reading; gives its name."""
    site = subject[:3]
    values = {
        "site_id": site,
        "image_id": name,
        "subject_id": subject,
        "modality": "chest_xray",
        "taken_at": ward.clock.now - timedelta(hours=5),
        "media_type": "image/png",
        "file_sha256": IMAGE_SHA,
        "sent_by": "IN1",
    }
    with ward.ledger.writing(Actor("IN1" if site == "S01" else "IN2", "IN", site)) as act:
        act.add("images", values)
    return name


def images(ward, subject):
    """Read by two, decided by a third, one read corrected, one withdrawn."""
    image = an_image(ward, subject)
    scores = (("RR1", 12), ("RR2", 20), ("RR3", 14))
    for account, score in scores:
        read = ward.done(account, "read-image", image, system="rale", score=score, change="same")
    correct(ward, "RR3", "image_reads", key_of(read, "image_reads"), score=15)
    withdraw(ward, "RR3", "image_reads", key_of(read, "image_reads"))


def questions(ward, subject):
    """A query asked, answered, closed; an old version erased."""
    asked = ward.done(
        "MO1", "ask-query", table_name="subjects", record_key=subject, column_name="height_cm", question="measured?"
    )
    query = key_of(asked, "queries")
    ward.done("NU1", "answer-query", query, answer="yes, by tape")
    ward.done("MO1", "close-query", query, reason="clear")
    with ward.ledger.reading() as view:
        corrected = next(e.record_key for e in view.entries() if (e.table_name, e.version) == ("consents", 2))
        old = view.history("consents", corrected)[0].seq
    redaction = ward.done("CO1", "ask-redaction", sign=True, entry_seq=old, why="a name was typed")
    ward.done("IP1", "erase-entry", key_of(redaction, "redactions"), sign=True)


def locks(ward):
    """Proposed, signed, opened again by both."""
    ward.done("CO1", "propose-lock", sign=True, purpose="interim", restricts_editing=True)
    ward.done("ST1", "sign-lock", "L1", sign=True)
    ward.done("CO1", "unlock", "L1", sign=True, reason="weight missing")
    ward.done("ST1", "unlock", "L1", sign=True, reason="agreed")
