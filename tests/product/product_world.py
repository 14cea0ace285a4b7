"""A small world to break: one lot, one patient, one dose, every rule held. Tests change what they are about."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl

from onearm.product.checks import check_product
from onearm.protocol.rulebook import default_rulebook
from onearm.records import TABLES, Records
from onearm.records.subjects import COMORBIDITIES
from onearm.vocabulary.identifiers import with_check_character

NOW = datetime(2020, 4, 8, 12, tzinfo=UTC)  # start of the first infusion
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ENTERED = NOW + 60 * DAY
MADE = NOW - 100 * DAY
BOOK = default_rulebook()


USUAL = {"viability": "92", "cd73": "99", "cd90": "99", "cd105": "98", "negative_panel": "0.5", "endotoxin": "0.5"}


def bag_id(number):
    """C000000001 and its check character."""
    return with_check_character(f"C{number:09}")


class World:
    """Rows by table and key; `records()` validates them."""

    def __init__(self):
        self.rows = {}

    def lay(self, table, **row):
        """Add a row, or replace the one with its key."""
        schema = TABLES[table]
        whole = {"site_id": "S01", "version": 1, "entered_at": ENTERED} | row
        self.rows.setdefault(table, {})["/".join(str(whole[k]) for k in schema.primary_key())] = whole
        return self

    def change(self, table, key, **values):
        """Change some cells of a row."""
        self.rows[table][key].update(values)
        return self

    def drop(self, table, *keys):
        """Take rows out; all of them without keys."""
        for key in keys or tuple(self.rows[table]):
            del self.rows[table][key]
        return self

    def records(self, provenance="bedside"):
        """Validated."""
        return Records.of({t: frame(t, rows.values()) for t, rows in self.rows.items() if rows}, provenance=provenance)

    def findings(self, *rules, signed=None, now=None, book=BOOK):
        """Findings of these rules, all without any."""
        found = check_product(self.records(), book, signed, now)
        return [f for f in found if not rules or f.rule in rules]

    def told(self, *rules, **how):
        """(severity, key) of findings of these rules."""
        return [(f.severity.value, f.key) for f in self.findings(*rules, **how)]

    def lot(self, name="L1", containers=2, **changes):
        """A tested lot, not yet decided on, all containers in stock. Sterility may come in a second step."""
        for test, unit, low, high, text, needed in (
            ("viability", "%", "70", "100", None, "release"),
            ("cd73", "%", "95", "100", None, "release"),
            ("cd90", "%", "95", "100", None, "release"),
            ("cd105", "%", "95", "100", None, "release"),
            ("negative_panel", "%", "0", "2", None, "release"),
            ("endotoxin", "EU/mL", None, "5", None, "release"),
            ("mycoplasma", "1", None, None, "negative", "release"),
            ("sterility", "1", None, None, "negative", "second_step"),
        ):
            self.specify(test, unit=unit, low=low, high=high, expected_text=text, required_for=needed)
            self.test(name, test, raw_unit=unit)
        self.lay(
            "lots",
            **{
                "lot_id": name,
                "product_code": "AT-MSC",
                "cell_source": "adipose",
                "donor_id": "D1",
                "donor_kind": "allogeneic",
                "passage": 4,
                "form": "cryopreserved",
                "harvested_at": MADE - 2 * HOUR,
                "frozen_at": MADE,
                "freezing_medium": "albumin",
                "dmso_percent": Decimal(10),
                "nominal_viable_m": Decimal(100),
                "product_volume_ml": Decimal(20),
                "containers_made": containers,
                "storage_c": Decimal(-150),
                "expires_at": MADE + 700 * DAY,
                "specification_id": "SPEC",
                **changes,
            },
        )
        fat = {"kind": "donor_tissue", "name": "fat", "supplier": "T", "batch": "D1", "used_at": MADE}
        self.lay("lot_materials", lot_id=name, line_no=1, **fat)
        for _ in range(containers):
            self.container(name)
        return self

    def container(self, lot):
        """The next container of a lot, made and in stock."""
        rows = self.rows.setdefault("containers", {})
        number = 1 + sum(c["lot_id"] == lot for c in rows.values())
        name = bag_id(len(rows) + 1)
        size = {"nominal_viable_m": Decimal(100), "volume_ml": Decimal(20)}
        self.lay("containers", container_id=name, lot_id=lot, container_no=number, **size)
        self.event(name, "made", MADE, actor="MAKER", to_place="tank 1")
        return name

    def specify(self, test, stage="final", version=1, **line):
        """One line of the specification."""
        limits = {k: None if line.get(k) is None else Decimal(line[k]) for k in ("low", "high")}
        told = {"unit": "%", "expected_text": None, "required_for": "release", "method": "x", **line, **limits}
        key = {"specification_id": "SPEC", "specification_version": version, "test": test, "stage": stage}
        return self.lay("specifications", **key, **told)

    def test(self, lot, test, number=1, **result):
        """One result; the usual one passes."""
        value = Decimal(USUAL[test]) if test in USUAL else None
        return self.lay(
            "lot_tests",
            **{
                "lot_test_id": f"{lot}-{test.upper().replace('_', '-')}-{number}",
                "lot_id": lot,
                "test": test,
                "stage": "final",
                "replicate": number,
                "method": "x",
                "raw_value": "as reported",
                "comparator": "<" if test == "endotoxin" else "=",
                "raw_unit": "%",
                "value": value,
                "result_text": None if value is not None else "negative",
                "verdict": "pass",
                "sampled_at": MADE + HOUR,
                "reported_at": MADE + 10 * DAY,
                "analyst_id": "ANALYST1",
                "verifier_id": "ANALYST2",
                **result,
            },
        )

    def decide(self, lot="L1", decision="release", at=MADE + 12 * DAY, by="QP1", number=None, **more):
        """A release decision."""
        number = 1 + len(self.rows.get("release_decisions", ())) if number is None else number
        told = {"decision_id": f"{lot}-R{number}", "lot_id": lot, "decision": decision, "decided_at": at}
        return self.lay("release_decisions", **told, decided_by=by, reason="tests pass", risk_assessment=None, **more)

    def event(self, bag, event, at, actor="A1", **told):
        """One event of custody, named by its number within the bag."""
        number = 1 + sum(e["container_id"] == bag for e in self.rows.get("custody", {}).values())
        needed = {"custody_id": f"{bag}-{number}", "container_id": bag, "event": event, "occurred_at": at}
        extra = {"witness_id": "A2"} if event not in ("made", "allocated", "issued") else {}
        if event == "received":
            extra |= {"min_c": Decimal(-150), "max_c": Decimal(-140)}
        if event in ("excursion_cleared", "excursion_rejected", "returned", "destroyed", "lost", "recalled"):
            extra["remark"] = "why"
        return self.lay("custody", **needed, actor_id=actor, **{**extra, **told})

    def patient(self, name="S01-001", **changes):
        """A man of 80 kg and 180 cm, consented and decided on."""
        self.lay("sources", **SOURCE)
        times = {}
        for column, at in (
            ("symptoms_at", NOW - 15 * DAY),
            ("hospital_at", NOW - 9 * DAY),
            ("icu_at", NOW - 8 * DAY),
            ("ventilated_at", datetime(2020, 4, 1, 10, tzinfo=UTC)),
        ):
            times |= {column: at, f"{column}_precision": "minute"}
        self.lay(
            "subjects",
            **{
                "subject_id": name,
                "source_id": "OWN",
                "cohort": "treated_path",
                "sex": "male",
                "age_years": Decimal(63),
                "height_cm": Decimal(180),
                **times,
                **dict.fromkeys(COMORBIDITIES, "unknown"),
                **changes,
            },
        )
        self.consent(name, "patient", NOW - 2 * DAY)
        told = {"decision_id": f"{name}-D1", "decision": "treat", "decided_by": "DOC1"}
        self.lay("treatment_decisions", subject_id=name, decided_at=NOW - 2 * DAY + HOUR, **told)
        return self.weigh(name, "80", NOW - 30 * HOUR)

    def consent(self, subject, kind, at, number=1, scope='["data","treatment"]', **more):
        """One consent."""
        told = {"consent_id": f"{subject}-K{number}", "subject_id": subject, "kind": kind, "given_at": at}
        return self.lay("consents", **told, document_version="1", taken_by="DOC1", scope=scope, **more)

    def weigh(self, subject, kilos, at, number=1, method="bed", **more):
        """One weight."""
        told = {"weight_id": f"{subject}-W{number}", "subject_id": subject, "measured_at": at, "method": method}
        return self.lay("weights", **told, weight_kg=Decimal(kilos), **more)

    def order(self, subject="S01-001", dose=1, at=NOW - 20 * HOUR, **changes):
        """A verified order of 1 M/kg at 80 kg."""
        return self.lay(
            "dose_orders",
            **{
                "dose_order_id": f"{subject}-O{dose}",
                "subject_id": subject,
                "dose_no": dose,
                "planned_m_per_kg": Decimal(1),
                "weight_basis": "actual",
                "dosing_weight_kg": Decimal(80),
                "weight_id": f"{subject}-W1",
                "target_m": Decimal(80),
                "requested_for": at + 20 * HOUR,
                "ordered_at": at,
                "ordered_by": "DOC1",
                "verified_at": at + HOUR,
                "verified_by": "PHARM1",
                "status": "verified",
                **changes,
            },
        )

    def take(self, bag, subject="S01-001", dose=1, start=NOW, upto="stopped"):
        """The way of a bag from its allocation to its last drop, up to one event."""
        meant = {"subject_id": subject, "dose_order_id": f"{subject}-O{dose}"}
        for event, minutes, actor, more in (
            ("allocated", -600, "PHARM1", {}),
            ("thaw_started", -65, "PHARM1", {}),
            ("thaw_ended", -55, "PHARM1", {}),
            ("diluted", -50, "PHARM1", {"amount_ml": Decimal(50), "diluent": "ringer_lactate"}),
            ("counted", -45, "PHARM1", {"counted_m": Decimal(100), "viability_percent": Decimal(92)}),
            ("issued", -40, "PHARM1", {"to_place": "ICU"}),
            ("bedside_matched", -10, "NURSE1", {"witness_id": "NURSE2"}),
            ("started", 0, "NURSE1", {"witness_id": "NURSE2"}),
            ("stopped", 20, "NURSE1", {"amount_ml": Decimal(48)}),
        ):
            self.event(bag, event, start + minutes * MINUTE, actor=actor, **meant, **more)
            if event == upto:
                break
        return self

    def infuse(self, *bags, subject="S01-001", dose=1, start=NOW, **changes):
        """An infusion of 48 of 50 mL of each bag, and its custody."""
        self.lay(
            "infusions",
            **{
                "infusion_id": f"{subject}-I{dose}",
                "dose_order_id": f"{subject}-O{dose}",
                "subject_id": subject,
                "dose_no": dose,
                "status": "completed",
                "route": "central_venous",
                "premedication": "none",
                "started_at": start,
                "stopped_at": start + 20 * MINUTE,
                "interruptions": "[]",
                "checked_by_1": "NURSE1",
                "checked_by_2": "NURSE2",
                "identity_checked_at": start - 10 * MINUTE,
                "reaction_assessment": "none",
                "assessed_until_at": start + 6 * HOUR,
                "assessed_by": "NURSE2",
                **changes,
            },
        )
        for bag in bags:
            self.take(bag, subject, dose, start)
            self.give(bag, subject, dose, start)
        return self

    def give(self, bag, subject="S01-001", dose=1, start=NOW, **changes):
        """The row of a bag in an infusion: the test values of the design, 78.274085 M."""
        return self.lay(
            "infusion_containers",
            **{
                "infusion_id": f"{subject}-I{dose}",
                "container_id": bag,
                "thaw_started_at": start - 65 * MINUTE,
                "thaw_ended_at": start - 55 * MINUTE,
                "diluent": "ringer_lactate",
                "total_volume_ml": Decimal(50),
                "given_volume_ml": Decimal(48),
                "counted_m": Decimal(100),
                "viability_percent": Decimal(92),
                "counted_at": start - 65 * MINUTE,
                "first_drop_at": start,
                "last_drop_at": start + 20 * MINUTE,
                "remainder": "destroyed",
                **changes,
            },
        )


SOURCE = {
    "source_id": "OWN",
    "title": "own",
    "kind": "own_study",
    "population": "p",
    "setting": "icu",
    "country": "ES",
    "entry_rule": "r",
    "time_zero_rule": "r",
    "time_basis": "calendar",
    "clock_start": "ventilation",
    "licence": "none",
    "retrieved_at": ENTERED,
    "file_sha256": "0" * 64,
    "missing_fields": "[]",
}


def frame(table, rows):
    """Rows as a frame with every column that some row has."""
    rows = list(rows)
    names = [c for c in TABLES[table].column_names() if any(c in row for row in rows)]
    types = {name: column.dtype for name, column in TABLES[table].columns().items() if name in names}
    texts = {name: pl.String if isinstance(kind, pl.Enum) else kind for name, kind in types.items()}
    return pl.DataFrame([[row.get(name) for name in names] for row in rows], schema=texts, orient="row")


def small_world():
    """A released lot of two bags, one patient, one verified order, its infusion of one bag."""
    return World().lot().decide().patient().order().infuse(bag_id(1))


def before_the_dose():
    """The same, before anything was taken from stock."""
    return World().lot().decide().patient().order()
