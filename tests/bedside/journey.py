"""One patient from lot to day 28 through the JSON twins: what the ward does on a good day, step by step."""

from datetime import UTC, datetime, timedelta

from onearm.bedside.labels.code import Code, Kind, write
from onearm.records.subjects import COMORBIDITIES

NO_ILLS = dict.fromkeys(COMORBIDITIES, "no")


def iso(moment):
    """A time as JSON holds it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")[:19].rstrip("Z") + "Z"


def specify(ward):
    """The specification: viability and identity at release, sterility as second step."""
    tests = (
        ("viability", "%", {"low": "70"}, "release"),
        ("cd73", "%", {"low": "95"}, "release"),
        ("cd90", "%", {"low": "95"}, "release"),
        ("cd105", "%", {"low": "95"}, "release"),
        ("negative_panel", "%", {"high": "2"}, "release"),
        ("endotoxin", "EU/mL", {"high": "5"}, "release"),
        ("mycoplasma", "1", {"expected_text": "negative"}, "release"),
        ("sterility", "1", {"expected_text": "negative"}, "second_step"),
    )
    for test, unit, limits, required in tests:
        ward.done(
            "CO1",
            "specify-test",
            specification_id="SPEC-1",
            specification_version=1,
            test=test,
            stage="final",
            method="validated",
            unit=unit,
            required_for=required,
            **limits,
        )


RESULTS = (
    ("viability", "%", {"value": "93"}),
    ("cd73", "%", {"value": "98"}),
    ("cd90", "%", {"value": "99"}),
    ("cd105", "%", {"value": "97"}),
    ("negative_panel", "%", {"value": "0.5"}),
    ("endotoxin", "EU/mL", {"value": "0.5", "comparator": "<"}),
    ("mycoplasma", "1", {"result_text": "negative"}),
    ("sterility", "1", {"result_text": "negative"}),
)


def make_lot(ward, lot="LOT-1", bags=3):
    """A lot with donor tissue and bags; gives the ids of its bags."""
    now = ward.clock.now
    made = now - timedelta(days=20)
    ward.done(
        "PT1",
        "record-lot",
        lot_id=lot,
        product_code="AT-MSC",
        cell_source="adipose",
        donor_id="DONOR-7",
        donor_kind="allogeneic",
        passage=4,
        form="cryopreserved",
        harvested_at=iso(made),
        frozen_at=iso(made + timedelta(hours=2)),
        freezing_medium="albumin and dimethyl sulfoxide",
        dmso_percent="10",
        nominal_viable_m="100",
        product_volume_ml="20",
        containers_made=bags,
        storage_c="-150",
        expires_at=iso(now + timedelta(days=300)),
        specification_id="SPEC-1",
    )
    ward.done(
        "PT1",
        "record-material",
        lot,
        kind="donor_tissue",
        name="adipose tissue",
        supplier="tissue bank",
        batch="T-7",
        used_at=iso(made - timedelta(days=20)),
    )
    written = ward.done("PT1", "fill-containers", lot, filled_at=iso(made + timedelta(hours=2)), to_place="tank 1")
    return [e["key"] for e in written["entries"] if e["table"] == "containers"]


def test_lot(ward, lot="LOT-1", skip=(), instead=None):
    """Every test entered by one analyst and verified by another."""
    sampled = ward.clock.now - timedelta(days=19)
    for test, unit, result in RESULTS:
        if test in skip:
            continue
        told = (instead or {}).get(test, result)
        written = ward.done(
            "QC1",
            "enter-test",
            lot,
            test=test,
            stage="final",
            method="validated",
            raw_unit=unit,
            sampled_at=iso(sampled),
            reported_at=iso(sampled + timedelta(days=10)),
            **told,
        )
        ward.done("QC2", "verify-test", written["entries"][0]["key"], sign=True)


test_lot.__test__ = False


def release(ward, lot="LOT-1", decision="release"):
    """The qualified person decides."""
    return ward.done("QP1", "decide-lot", lot, sign=True, decision=decision, reason="all tests pass")


def enrol(ward, nurse="NU1", site="S01"):
    """A patient, ventilated yesterday, screened and consented; gives the pseudonym."""
    now = ward.clock.now
    written = ward.done(
        nurse,
        "enrol",
        sex="male",
        age_years="63",
        height_cm="170",
        symptoms_at=iso(now - timedelta(days=9)),
        hospital_at=iso(now - timedelta(days=3)),
        icu_at=iso(now - timedelta(days=2)),
        ventilated_at=iso(now - timedelta(days=1)),
        **NO_ILLS,
    )
    subject = written["entries"][0]["key"]
    for rule in ("I1", "E1"):
        ward.done(
            nurse,
            "check-criterion",
            subject,
            criterion_id=rule,
            assessed_at=iso(now),
            met="yes" if rule == "I1" else "no",
            evidence="chart",
        )
    ward.done(
        "IN1" if site == "S01" else "IN2",
        "record-consent",
        subject,
        kind="proxy",
        document_version="1",
        given_at=iso(now - timedelta(hours=3)),
        scope=["treatment", "data"],
    )
    return subject


def order(ward, subject, planned="1", doctor="IN1", pharmacist="PH1"):
    """Decision, weight, order, verification; gives the order's name."""
    now = ward.clock.now
    ward.done(
        doctor, "decide-treatment", subject, sign=True, decision="treat", decided_at=iso(now), product_available=True
    )
    weight = ward.done(
        "NU1" if doctor == "IN1" else "NU2",
        "weigh",
        subject,
        measured_at=iso(now - timedelta(hours=1)),
        weight_kg="80",
        method="bed",
    )
    written = ward.done(
        doctor,
        "order-dose",
        subject,
        sign=True,
        planned_m_per_kg=planned,
        weight_basis="actual",
        weight_id=weight["entries"][0]["key"],
        requested_for=iso(now + timedelta(hours=4)),
    )
    name = next(e["key"] for e in written["entries"] if e["table"] == "dose_orders")
    ward.done(pharmacist, "verify-order", name, sign=True)
    return name


def to_bedside(ward, order_name, bag, subject):
    """Issued, then matched at the bed."""
    to_issue(ward, order_name, bag)
    ward.clock.now += timedelta(minutes=5)
    ward.done("IN1", "match-bag", bag, second="NU1", witness_id="NU1", **scans(subject, bag))


def to_issue(ward, order_name, *bags):
    """Allocated, shipped, received, thawed, counted, issued; several bags of one order side by side."""
    clock = ward.clock
    for bag in bags:
        ward.done("PH1", "allocate-bag", order_name, sign=True, container_id=bag)
        ward.done("PT1", "pack-bag", bag, occurred_at=iso(clock.now))
        ward.done("PT1", "ship-bag", bag, occurred_at=iso(clock.now), to_place="S01")
    clock.now += timedelta(hours=3)
    logger = {"min_c": "-170", "max_c": "-150", "seal": "intact", "look": "good", "to_place": "pharmacy"}
    for bag in bags:
        ward.done("PH1", "receive-bag", bag, occurred_at=iso(clock.now), **logger)
        ward.done("PH1", "start-thaw", bag, second="PH1B", occurred_at=iso(clock.now), witness_id="PH1B")
    clock.now += timedelta(minutes=5)
    for bag in bags:
        two = {"second": "PH1B", "witness_id": "PH1B"}
        ward.done("PH1", "end-thaw", bag, occurred_at=iso(clock.now), **two)
        ward.done("PH1", "dilute-bag", bag, occurred_at=iso(clock.now), diluent="ringer_lactate", amount_ml="50", **two)
        count = {"counted_m": "100", "viability_percent": "92"}
        ward.done("PH1", "count-cells", bag, occurred_at=iso(clock.now), **count, **two)
        ward.done("PH1", "issue-bag", bag, sign=True, to_place="ICU")


def scans(subject, bag, study="WARD"):
    """What a scanner reads from wristband and bag."""
    return {
        "wristband": write(Code(study, Kind.WRISTBAND, subject)),
        "bag": write(Code(study, Kind.CONTAINER, bag)),
    }


def infuse(ward, bag, given="48"):
    """Started, stopped, looked at for a reaction; gives the infusion's name."""
    clock = ward.clock
    written = ward.done(
        "NU1", "start-infusion", bag, started_at=iso(clock.now), route="central_venous", premedication="none"
    )
    name = next(e["key"] for e in written["entries"] if e["table"] == "infusions")
    clock.now += timedelta(minutes=20)
    ward.done(
        "NU1",
        "stop-infusion",
        name,
        stopped_at=iso(clock.now),
        status="completed",
        given_volume_ml=given,
        remainder="destroyed",
    )
    clock.now += timedelta(hours=6)
    ward.done("IN1", "assess-reaction", name, reaction_assessment="none", assessed_until_at=iso(clock.now))
    return name


def whole_course(ward):
    """From the specification to day 28; gives subject, bag and infusion."""
    specify(ward)
    bag = make_lot(ward)[0]
    test_lot(ward)
    release(ward)
    subject = enrol(ward)
    to_bedside(ward, order(ward, subject), bag, subject)
    infusion = infuse(ward, bag)
    ward.clock.now += timedelta(days=5)
    now = ward.clock.now
    ward.done("NU1", "record-outcome", subject, kind="extubated", occurred_at=iso(now))
    ward.clock.now = datetime(2020, 4, 30, 9, tzinfo=UTC)
    ward.done("NU1", "record-outcome", subject, kind="seen_alive", occurred_at=iso(ward.clock.now))
    ward.done("IN1", "endorse", subject, sign=True, milestone="day_28")
    return subject, bag, infusion
