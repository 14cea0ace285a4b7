"""Each rule across tables: silent on linked Records, and telling when its break is planted."""

import re
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from linked_records import linked_records
from planted_breaks import DAY, EXTERNAL, MINUTE, VIRTUAL, WORLD, add, change, is_, only, put

from onearm.records import FOREIGN_KEYS, TABLES, Records, check_records
from onearm.records.rules import RULES
from onearm.results.finding import Severity


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(linked_records())
def test_linked_records_break_no_rule(records):
    assert check_records(records) == ()


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.__name__)
def test_every_rule_is_silent_on_no_records_and_says_what_it_is(rule):
    assert rule(Records.of({}, provenance="file")) == ()
    assert rule.__doc__ and re.match(r"[A-Z]\d(, to confirm)?: ", rule.__doc__)


@pytest.mark.parametrize("key", FOREIGN_KEYS, ids=lambda k: f"{k.table}.{k.column}")
def test_reference_without_its_row_is_found(key):
    frame = WORLD[key.table].with_columns(pl.lit("C0000000099").alias(key.column))
    frame = frame.head(1)
    found = check_records(put(WORLD, key.table, frame))
    assert any(f.rule == "K1" and f.table == key.table and f.value == "C0000000099" for f in found)


def test_rows_of_two_patients_are_found():
    world = change(WORLD, "measurements", is_("measurement_id", "S01-003-M0"), infusion_id="S01-001-I1")
    assert only("K2", Severity.BLOCK, world).sentence == (
        "measurements S01-003-M0 is of subject S01-003, its infusion_id S01-001-I1 of S01-001."
    )


def test_infusion_of_another_dose_than_ordered_is_found():
    world = change(WORLD, "dose_orders", is_("dose_order_id", "S01-002-O1"), dose_no=2)
    assert only("K2", Severity.BLOCK, world).limit == "2"


@pytest.mark.parametrize(
    ("table", "column"), [("consents", "consent_id"), ("dose_orders", "dose_order_id"), ("infusions", "infusion_id")]
)
def test_external_patient_with_consent_order_or_infusion_is_found(table, column):
    row = WORLD[table].head(1).with_columns(subject_id=pl.lit("EX-0"))
    world = Records.of({**EXTERNAL.tables, table: row}, provenance="file")
    assert any(f.rule == "C1" and f.table == table for f in check_records(world))


def test_external_criterion_is_not_met_without_a_value():
    world = change(EXTERNAL, "eligibility_checks", is_("check_id", "EX-0-C1"), met="yes")
    assert only("C1", Severity.BLOCK, world).key == "EX-0-C1"


def test_external_patient_of_our_own_source_is_found():
    world = change(EXTERNAL, "sources", pl.lit(True), kind="own_study")
    assert {(f.rule, f.value) for f in check_records(world)} == {("C1", "individual_external")}


def test_virtual_and_real_records_do_not_mix():
    real = Records.of(VIRTUAL.tables, provenance="bedside")
    assert {(f.rule, f.table) for f in check_records(real)} == {("V1", "subjects"), ("V1", "sources")}
    virtual = Records.of(WORLD.tables, provenance="virtual")
    assert {(f.rule, f.table) for f in check_records(virtual)} == {("V1", "subjects"), ("V1", "sources")}


def test_own_id_on_an_external_patient_is_found():
    tables = {
        name: frame.with_columns(pl.col("subject_id").str.replace("EX-0", "S01-009"))
        if "subject_id" in frame.columns
        else frame
        for name, frame in EXTERNAL.tables.items()
    }
    assert only("V1", Severity.BLOCK, Records.of(tables, provenance="file")).key == "S01-009"


def test_second_death_is_found():
    died = is_("outcome_id", "S01-001-R1")
    finding = only("O1", Severity.BLOCK, add(WORLD, "outcomes", died, outcome_id="S01-001-R2"))
    assert finding.key == "S01-001-R2" and "already recorded dead in outcome S01-001-R1" in finding.sentence


def test_order_before_the_decision_is_found():
    order = is_("dose_order_id", "S01-002-O1")
    early = pl.col("ordered_at") - 30 * DAY
    assert only("S2", Severity.BLOCK, change(WORLD, "dose_orders", order, ordered_at=early)).table == "dose_orders"


def test_infusion_before_verification_is_found():
    order = is_("dose_order_id", "S01-002-O1")
    late = pl.col("verified_at") + DAY
    assert (
        "before its order was verified"
        in only("S2", Severity.BLOCK, change(WORLD, "dose_orders", order, verified_at=late)).sentence
    )


def test_infusion_of_an_unverified_order_is_found():
    order = is_("dose_order_id", "S01-002-O1")
    world = change(WORLD, "dose_orders", order, verified_at=None, verified_by=None, status="ordered")
    assert "was never verified" in only("S2", Severity.BLOCK, world).sentence


def test_bag_outside_its_infusion_is_found():
    bag = is_("infusion_id", "S01-002-I1")
    late = pl.col("last_drop_at") + MINUTE
    assert only("S2", Severity.BLOCK, change(WORLD, "infusion_containers", bag, last_drop_at=late)).limit.startswith(
        "2020"
    )


def test_second_dose_before_the_first_is_found():
    world = WORLD
    second = is_("infusion_id", "S01-001-I2")
    shift = {c: pl.col(c) - 4 * DAY for c in ("started_at", "stopped_at", "identity_checked_at", "assessed_until_at")}
    world = change(world, "infusions", second, **shift)
    bag = {c: pl.col(c) - 4 * DAY for c in ("thaw_started_at", "thaw_ended_at", "first_drop_at", "last_drop_at")}
    world = change(world, "infusion_containers", second, **bag)
    order = {c: pl.col(c) - 4 * DAY for c in ("ordered_at", "verified_at")}
    world = change(world, "dose_orders", is_("dose_order_id", "S01-001-O2"), **order)
    assert "dose 2" in only("S2", Severity.BLOCK, world).sentence


def test_missing_dose_number_is_asked():
    world = change(WORLD, "infusions", is_("infusion_id", "S01-001-I2"), dose_no=3)
    world = change(world, "dose_orders", is_("dose_order_id", "S01-001-O2"), dose_no=3)
    assert only("S2", Severity.CONFIRM, world).limit == "one after 1"


AFTER_DEATH = [
    ("weights", "weight_id", "S01-001-W1", "measured_at"),
    ("measurements", "measurement_id", "S01-001-M3", "collected_at"),
    ("image_reads", "image_read_id", "S01-001-X1", "taken_at"),
]


@pytest.mark.parametrize(("table", "key", "row", "column"), AFTER_DEATH)
def test_nothing_is_measured_after_death(table, key, row, column):
    finding = only("S2", Severity.BLOCK, change(WORLD, table, is_(key, row), **{column: pl.col(column) + 60 * DAY}))
    assert finding.table == table and "after the death" in finding.sentence


def test_visit_and_contact_after_death_are_found():
    visit = is_("subject_id", "S01-001") & is_("status", "done")
    late = change(WORLD, "visits", visit, occurred_at=pl.col("occurred_at") + 60 * DAY)
    assert only("S2", Severity.BLOCK, late).key == "S01-001/7"
    seen = add(
        WORLD, "outcomes", is_("outcome_id", "S01-001-R1"), outcome_id="S01-001-R2", kind="seen_alive",
        occurred_at=pl.col("occurred_at") + MINUTE,
    )  # fmt: skip
    assert only("S2", Severity.BLOCK, seen).key == "S01-001-R2"


def test_infusion_after_death_is_found():
    death = is_("outcome_id", "S01-001-R1")
    world = change(WORLD, "outcomes", death, occurred_at=pl.lit(WORLD["infusions"]["started_at"].min()) - MINUTE)
    tables = {f.table for f in check_records(world) if "after the death" in f.sentence}
    assert {"infusions", "episodes"} <= tables


def test_sample_of_the_day_of_death_is_kept_when_only_the_date_is_known():
    died = is_("outcome_id", "EX-0-R1")
    end = EXTERNAL["outcomes"].filter(died)["occurred_at"].item()
    same = {"collected_at": pl.lit(end) + 600 * MINUTE, "collected_at_precision": "minute"}
    assert check_records(change(EXTERNAL, "measurements", is_("measurement_id", "EX-0-M3"), **same)) == ()


def test_sample_taken_before_and_reported_after_death_is_kept():
    late = change(WORLD, "measurements", is_("subject_id", "S01-001"), reported_at=pl.col("reported_at") + 90 * DAY)
    assert check_records(late) == ()


def test_open_ventilation_of_the_dead_is_asked():
    episode = is_("episode_id", "S01-001-E1")
    world = change(WORLD, "episodes", episode, ended_at=None, ended_at_precision=None, ongoing=True)
    assert only("S2", Severity.CONFIRM, world).remedy == "Close it at that time."


def test_ventilation_that_starts_with_another_episode_is_found():
    world = change(WORLD, "episodes", is_("episode_id", "S01-001-E1"), started_at=pl.col("started_at") + MINUTE)
    assert only("S2", Severity.BLOCK, world).table == "subjects"


@pytest.mark.parametrize("column", ["symptoms_at", "icu_at"])
def test_arrival_out_of_order_is_asked(column):
    late = change(WORLD, "subjects", is_("subject_id", "S01-001"), **{column: pl.col(column) + 10 * DAY})
    assert only("S2", Severity.CONFIRM, late).key == "S01-001"


def test_dose_before_ventilation_is_asked():
    subject = is_("subject_id", "S01-002")
    world = change(WORLD, "subjects", subject, ventilated_at=pl.col("ventilated_at") + 10 * DAY)
    world = change(world, "episodes", subject, started_at=pl.col("started_at") + 10 * DAY)
    found = [f for f in check_records(world) if f.table == "infusions"]
    assert [f.severity for f in found] == [Severity.CONFIRM]


def test_supports_of_breathing_that_overlap_are_found():
    first = is_("episode_id", "S01-003-E1")
    inside = pl.col("started_at") + DAY
    overlap = add(WORLD, "episodes", first, episode_id="S01-003-E2", kind="high_flow_oxygen", started_at=inside)
    assert only("S3", Severity.BLOCK, overlap).key == "S01-003-E2"
    after = {"started_at": pl.col("ended_at"), "ended_at": pl.col("ended_at") + DAY}
    assert check_records(add(WORLD, "episodes", first, episode_id="S01-003-E2", kind="high_flow_oxygen", **after)) == ()
    other = add(WORLD, "episodes", first, episode_id="S01-003-E2", kind="prone", started_at=inside)
    assert check_records(other) == ()


def test_supports_known_by_date_overlap_only_beyond_a_date():
    first = is_("episode_id", "S01-002-E1")
    same_date = {"started_at": pl.col("ended_at"), "ended_at": pl.col("ended_at") + DAY}
    kept = add(WORLD, "episodes", first, episode_id="S01-002-E2", kind="high_flow_oxygen", **same_date)
    assert check_records(kept) == ()
    day_before = {"started_at": pl.col("ended_at") - DAY}
    broken = add(WORLD, "episodes", first, episode_id="S01-002-E2", kind="high_flow_oxygen", **day_before)
    assert only("S3", Severity.BLOCK, broken).key == "S01-002-E2"


def test_two_open_episodes_of_one_kind_are_found():
    still = {"ended_at": None, "ended_at_precision": None, "ongoing": True, "kind": "antibiotic", "agent": "meropenem"}
    one = add(WORLD, "episodes", is_("episode_id", "S01-003-E1"), episode_id="S01-003-E2", **still)
    assert check_records(one) == ()
    two = add(one, "episodes", is_("episode_id", "S01-003-E2"), episode_id="S01-003-E3")
    assert only("S3", Severity.BLOCK, two).key == "S01-003-E3"
    other_agent = add(one, "episodes", is_("episode_id", "S01-003-E2"), episode_id="S01-003-E3", agent="linezolid")
    assert check_records(other_agent) == ()


@pytest.mark.parametrize(("value", "off"), [("152", False), ("151", True), ("168", False), ("169", True)])
def test_typed_ratio_of_another_sample_is_asked(value, off):
    world = change(WORLD, "measurements", is_("measurement_id", "S01-001-M2"), value=Decimal(value))
    found = check_records(world)
    assert bool(found) is off
    if off:
        assert (found[0].rule, found[0].severity, found[0].limit) == ("S4", Severity.CONFIRM, "160")


def test_ratio_of_a_sample_taken_later_is_not_compared():
    later = {"value": Decimal(100), "collected_at": pl.col("collected_at") + 31 * MINUTE}
    assert check_records(change(WORLD, "measurements", is_("measurement_id", "S01-001-M2"), **later)) == ()


@pytest.mark.parametrize(
    ("marker", "unit"), [("d_dimer_feu", "ug/L DDU"), ("d_dimer_ddu", "ng/mL FEU"), ("lymphocytes", "%")]
)
def test_unit_of_another_marker_is_found(marker, unit):
    row = is_("measurement_id", "S01-001-M3")
    world = change(WORLD, "measurements", row, marker=marker, raw_unit=unit, value=Decimal(2))
    assert only("S5", Severity.BLOCK, world).value == unit


def test_grade_5_without_a_death_is_found():
    event = is_("event_id", "S01-002-A1")
    world = change(WORLD, "adverse_events", event, grade=5, outcome="fatal", criteria='["death"]')
    assert only("A1", Severity.BLOCK, world).key == "S01-002-A1"


def test_death_of_an_infused_patient_without_grade_5_is_asked():
    event = is_("event_id", "S01-001-A1")
    world = change(WORLD, "adverse_events", event, grade=4, outcome="unknown", criteria='["important"]')
    assert only("A1", Severity.CONFIRM, world).table == "outcomes"


def test_finding_speaks_both_languages_and_names_a_remedy():
    world = change(
        WORLD, "adverse_events", is_("event_id", "S01-001-A1"), grade=4, outcome="unknown", criteria='["important"]'
    )
    finding = check_records(world)[0]
    assert finding.sentence == "S01-001 was infused and died on 2020-04-27 10:00; no adverse event has grade 5."
    assert finding.sentence_es.startswith("S01-001 recibió la infusión y murió el 2020-04-27 10:00")
    assert finding.remedy == "Record the event that led to the death."


def test_a_hundred_thousand_patients_without_fault_give_no_finding():
    number = pl.DataFrame({"number": range(100_000)}).select(pl.col("number").cast(pl.String))
    tables = {"sources": EXTERNAL["sources"]}
    for name in ("subjects", "episodes", "outcomes"):
        rows = EXTERNAL[name].head(1).join(number, how="cross")
        key = TABLES[name].primary_key()[0]
        rows = rows.with_columns(("R-" + pl.col("number")).alias(key)).with_columns(subject_id="R-" + pl.col("number"))
        tables[name] = rows.drop("number")
    world = Records.of(tables, provenance="file")
    assert check_records(world) == ()
