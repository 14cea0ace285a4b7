"""Linked valid Records: `Schema.sample` fills what no other row depends on, keys, links and times are laid here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import dataframely as dy
import polars as pl
from hypothesis import strategies as st

from onearm.records import TABLES, Provenance, Records
from onearm.records.columns import canonical_json
from onearm.records.subjects import COMORBIDITIES
from onearm.vocabulary.clock import at_date
from onearm.vocabulary.identifiers import with_check_character

Row = dict[str, Any]
START = datetime(2020, 4, 1, 10, tzinfo=UTC)
HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)


@dataclass(frozen=True)
class Patient:
    """What the strategy draws of one patient."""

    doses: int
    died: bool
    date_only: bool


@dataclass
class World:
    """Rows laid so far, by table."""

    provenance: Provenance
    rows: dict[str, list[Row]] = field(default_factory=dict)

    def lay(self, table: str, **row: Any) -> None:
        """Add one row; columns left out are sampled."""
        common = {"site_id": "S01", "version": 1, "entered_at": START + 60 * DAY}
        self.rows.setdefault(table, []).append(common | row)

    def records(self, seed: int) -> Records:
        """The rows, with every column nobody laid filled by `Schema.sample`."""
        generator = dy.random.Generator(seed)
        return Records.of(
            {table: _sampled(TABLES[table], rows, generator) for table, rows in self.rows.items()},
            provenance=self.provenance,
        )


def _sampled(schema: type[dy.Schema], rows: Sequence[Row], generator: dy.random.Generator) -> pl.DataFrame:
    laid = sorted({name for row in rows for name in row})
    overrides: Mapping[str, Sequence[Any]] = {name: [row.get(name) for row in rows] for name in laid}
    return schema.sample(overrides=overrides, generator=generator)


def external_world(patients: Sequence[Patient]) -> World:
    """Similar cases of another source: no consent, order, lot or infusion."""
    world = World(Provenance.FILE)
    _lay_source(world, "SOURCE-1", "individual_external", START)
    for number, patient in enumerate(patients):
        subject = f"EX-{number}"
        _lay_subject(world, subject, "SOURCE-1", "individual_external", patient)
        _lay_course(world, subject, patient, START + DAY)
        world.lay(
            "eligibility_checks", check_id=f"{subject}-C1", subject_id=subject, met="unknown", value=None, unit=None
        )
    return world


def own_world(patients: Sequence[Patient], provenance: Provenance = Provenance.BEDSIDE) -> World:
    """A single-arm study: every table has rows."""
    world = World(provenance)
    virtual = provenance is Provenance.VIRTUAL
    _lay_source(world, "OWN", "virtual" if virtual else "own_study", START)
    _lay_lot(world, sum(p.doses for p in patients))
    for number, patient in enumerate(patients):
        subject = f"{'V' if virtual else 'S'}01-{number + 1:03}"
        _lay_subject(world, subject, "OWN", "treated_path" if patient.doses else "concurrent_untreated", patient)
        _lay_screening(world, subject, patient)
        for dose in range(1, patient.doses + 1):
            _lay_dose(world, subject, dose)
        _lay_course(world, subject, patient, START + DAY)
        _lay_follow_up(world, subject, patient)
    return world


def _time(name: str, moment: datetime, date_only: bool = False) -> Row:
    if date_only:
        return {name: at_date(moment.date()), f"{name}_precision": "day"}
    return {name: moment, f"{name}_precision": "minute"}


def _lay_source(world: World, source: str, kind: str, start: datetime) -> None:
    world.lay(
        "sources",
        source_id=source,
        kind=kind,
        first_date=start.date(),
        last_date=(start + 40 * DAY).date(),
        missing_fields="[]",
    )


def _lay_lot(world: World, containers: int) -> None:
    made = START - 90 * DAY
    world.lay(
        "specifications",
        specification_id="SPEC",
        specification_version=1,
        test="viability",
        stage="final",
        low=Decimal(70),
        high=Decimal(100),
        required_for="release",
    )
    world.lay(
        "lots",
        lot_id="LOT1",
        specification_id="SPEC",
        form="cryopreserved",
        harvested_at=made,
        frozen_at=made + HOUR,
        freezing_medium="albumin",
        expires_at=made + 900 * DAY,
        containers_made=max(containers, 1),
    )
    world.lay("lot_materials", lot_id="LOT1", line_no=1)
    world.lay(
        "lot_tests",
        lot_test_id="LT1",
        lot_id="LOT1",
        test="viability",
        stage="final",
        verdict="pass",
        value=Decimal("92.5"),
        sampled_at=made + 2 * HOUR,
        reported_at=made + DAY,
        analyst_id="A1",
        verifier_id="A2",
    )
    world.lay("release_decisions", decision_id="R1", lot_id="LOT1", decision="release", decided_at=made + 2 * DAY)
    for number in range(1, max(containers, 1) + 1):
        world.lay("containers", container_id=_container(number), lot_id="LOT1", container_no=number)


def _container(number: int) -> str:
    return with_check_character(f"C{number:09}")


def _lay_subject(world: World, subject: str, source: str, cohort: str, patient: Patient) -> None:
    times: Row = {}
    for name, moment in (
        ("symptoms_at", START - 6 * DAY),
        ("hospital_at", START),
        ("icu_at", START + 12 * HOUR),
        ("ventilated_at", START + DAY),
    ):
        times |= _time(name, moment, patient.date_only)
    world.lay(
        "subjects",
        subject_id=subject,
        source_id=source,
        cohort=cohort,
        age_years=Decimal("60.5") + int(subject.rpartition("-")[2]),  # no two patients look like one person
        age_low=60,
        age_high=70,
        listed_at=None,
        listed_at_precision=None,
        **times,
        **dict.fromkeys(COMORBIDITIES, "unknown"),
    )


def _lay_screening(world: World, subject: str, patient: Patient) -> None:
    at = START + 2 * DAY
    decision = {"decision": "treat"} if patient.doses else {"decision": "do_not_treat", "reason": "no_product"}
    world.lay(
        "consents",
        consent_id=f"{subject}-K1",
        subject_id=subject,
        kind="proxy",
        given_at=at,
        taken_by="A3",
        witness="A4",
        scope='["data","treatment"]',
    )
    world.lay("eligibility_checks", check_id=f"{subject}-C1", subject_id=subject, met="yes", value="142", unit="mmHg")
    world.lay("treatment_decisions", decision_id=f"{subject}-D1", subject_id=subject, decided_at=at + HOUR, **decision)
    world.lay("weights", weight_id=f"{subject}-W1", subject_id=subject, measured_at=at)


def _lay_dose(world: World, subject: str, dose: int) -> None:
    order, infusion = f"{subject}-O{dose}", f"{subject}-I{dose}"
    at = START + (4 + 3 * dose) * DAY
    bag = _container(len(world.rows.get("infusions", ())) + 1)
    world.lay(
        "dose_orders",
        dose_order_id=order,
        subject_id=subject,
        dose_no=dose,
        weight_id=f"{subject}-W1",
        ordered_at=at - 3 * HOUR,
        ordered_by="A3",
        verified_at=at - 2 * HOUR,
        verified_by="A5",
        status="completed",
        cancelled_at=None,
        cancel_reason=None,
    )
    for number, (event, hours) in enumerate(
        (("made", -2400), ("allocated", -2), ("thaw_started", -1.2), ("thaw_ended", -1))
    ):
        world.lay(
            "custody",
            custody_id=f"{bag}-{number}",
            container_id=bag,
            event=event,
            occurred_at=at + hours * HOUR,
            actor_id="A6",
            witness_id="A7",
            subject_id=subject,
            dose_order_id=order,
            min_c=Decimal(-150),
            max_c=Decimal(-140),
            diluent=None,
            counted_m=None,
            viability_percent=None,
        )
    pause = [{"from": "2020-04-08T10:05:00.000Z", "reason": "line change", "to": "2020-04-08T10:07:00.000Z"}]
    world.lay(
        "infusions",
        infusion_id=infusion,
        dose_order_id=order,
        subject_id=subject,
        dose_no=dose,
        status="completed",
        started_at=at,
        stopped_at=at + 20 * MINUTE,
        checked_by_1="A6",
        checked_by_2="A8",
        identity_checked_at=at - 5 * MINUTE,
        interruptions=canonical_json(pause),
        reaction_assessment="none",
        assessed_until_at=at + 6 * HOUR,
        assessed_by="A8",
    )
    world.lay(
        "infusion_containers",
        infusion_id=infusion,
        container_id=bag,
        thaw_started_at=at - 70 * MINUTE,
        thaw_ended_at=at - 60 * MINUTE,
        total_volume_ml=Decimal(50),
        given_volume_ml=Decimal(48),
        counted_m=Decimal(100),
        viability_percent=Decimal(92),
        counted_at=at - 30 * MINUTE,
        first_drop_at=at,
        last_drop_at=at + 20 * MINUTE,
        remainder="destroyed",
    )


def _lay_course(world: World, subject: str, patient: Patient, ventilated: datetime) -> None:
    end = ventilated + 25 * DAY
    for number, (marker, value, unit) in enumerate(
        (
            ("pao2", "80", "mmHg"),
            ("fio2", "0.5", "fraction"),
            ("pf_ratio", "160", "mmHg"),
            ("crp", "123.4", "mg/L"),
            ("gcs", "9", "1"),
        )
    ):
        world.lay(
            "measurements",
            measurement_id=f"{subject}-M{number}",
            subject_id=subject,
            marker=marker,
            value=Decimal(value),
            raw_value=value,
            raw_unit=unit,
            comparator="=",
            reported_at=ventilated + 2 * DAY,
            reference_low=None,
            reference_high=None,
            infusion_id=None,
            relative_minute=None,
            **_time("collected_at", ventilated + DAY, patient.date_only),
        )
    world.lay(
        "episodes",
        episode_id=f"{subject}-E1",
        subject_id=subject,
        kind="invasive_ventilation",
        dose=None,
        dose_unit=None,
        ongoing=False,
        **_time("started_at", ventilated, patient.date_only),
        **_time("ended_at", end, patient.date_only),
    )
    kind = "died" if patient.died else "extubated"
    world.lay(
        "outcomes",
        outcome_id=f"{subject}-R1",
        subject_id=subject,
        kind=kind,
        **_time("occurred_at", end, patient.date_only),
    )


def _lay_follow_up(world: World, subject: str, patient: Patient) -> None:
    at = START + 6 * DAY
    world.lay("visits", subject_id=subject, planned_day=7, status="done", occurred_at=at, reason=None)
    world.lay("visits", subject_id=subject, planned_day=14, status="missed", occurred_at=None, reason="transferred")
    world.lay(
        "image_reads",
        image_read_id=f"{subject}-X1",
        subject_id=subject,
        taken_at=at,
        system="brixia",
        score=12,
        change="better",
        adjudicates=None,
    )
    grade = 5 if patient.died else 3
    world.lay(
        "adverse_events",
        event_id=f"{subject}-A1",
        subject_id=subject,
        grade=grade,
        started_at=at,
        ended_at=None,
        serious=True,
        criteria='["death"]' if patient.died else '["important"]',
        outcome="fatal" if patient.died else "resolved",
        reported_at=at + HOUR,
        meddra_code=None,
        meddra_version=None,
    )


def patients() -> st.SearchStrategy[list[Patient]]:
    """One to four patients."""
    one = st.builds(Patient, doses=st.integers(0, 3), died=st.booleans(), date_only=st.booleans())
    return st.lists(one, min_size=1, max_size=4)


@st.composite
def linked_records(draw: st.DrawFn) -> Records:
    """Valid linked Records of any provenance."""
    drawn = draw(patients())
    provenance = draw(st.sampled_from(Provenance))
    seed = draw(st.integers(0, 2**32 - 1))
    world = external_world(drawn) if provenance is Provenance.FILE else own_world(drawn, provenance)
    return world.records(seed)
