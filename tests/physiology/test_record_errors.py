"""Errors put into records on purpose: as many as asked, told one by one, and which rules notice them.

A kind that no rule of records or product notices is said so here, by a test that expects no finding: what is entered
late, and a value in another unit whose neighbours do not agree.
"""

import json
from dataclasses import fields, replace
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from onearm.cohort.build import build_cohort
from onearm.physiology.hospital.draw import draw_hospital
from onearm.physiology.hospital.record_errors import RecordErrors, inject
from onearm.physiology.hospital.world import World
from onearm.physiology.hospital.world_file import read_world
from onearm.physiology.purpose import Purpose
from onearm.physiology.randomness import Key
from onearm.product.checks import check_product
from onearm.protocol.rulebook import default_rulebook
from onearm.records import Records, check_records
from onearm.records.columns import canonical_json
from onearm.records.tables import TABLES
from onearm.results.problems import Problem, StudyProblems
from onearm.sources.protocol_file import read_protocol

WORLD = World(patients=150, hospitals=4, containers=30, treat_per_day=0.1)
KEY = Key(3, 0)
KINDS = [field.name for field in fields(RecordErrors)]
TWO_DAYS = timedelta(days=2)
SMOOTH = {"value": "100", "raw_value": "100", "raw_unit": "mg/L", "comparator": "="}  # a course without any noise


@pytest.fixture(scope="module")
def sound():
    return draw_hospital(WORLD, seed=KEY.seed, purpose=Purpose.METHOD_VALIDATION)[0]


def put(records, **counts):
    """The records with errors in them, and the errors."""
    tables, told = inject(records.tables, RecordErrors(**counts), KEY)
    return Records.of(tables, provenance="virtual"), told


def findings(records):
    """Those that ask for something; the only others are of the product as a whole."""
    return [f for f in (*check_records(records), *check_product(records, default_rulebook())) if f.severity != "inform"]


def changed(before, after):
    """Names of the tables that are not the same."""
    return {name for name in TABLES if not before[name].equals(after[name])}


def row(records, table, key, column):
    """The one row of that key."""
    return records[table].row(by_predicate=pl.col(column) == key, named=True)


def test_without_errors_the_tables_are_the_same_objects(sound):
    tables, told = inject(sound.tables, RecordErrors(), KEY)
    assert told == () and list(tables) == list(sound.tables)
    assert all(tables[name] is frame for name, frame in sound.tables.items())
    assert findings(sound) == []


def test_an_error_leaves_the_other_tables_and_those_it_was_given_alone(sound):
    before = {name: frame.clone() for name, frame in sound.tables.items()}
    tables, _ = inject(sound.tables, RecordErrors(**dict.fromkeys(KINDS, 3)), KEY)
    untouched = {"sources", "lots", "release_decisions", "weights", "dose_orders", "consents", "treatment_decisions"}
    assert all(tables[name] is sound.tables[name] for name in untouched)
    for name, frame in before.items():
        assert_frame_equal(sound.tables[name], frame)


@pytest.mark.parametrize("kind", KINDS)
def test_as_many_are_told_as_asked_and_each_is_in_its_row(sound, kind):
    records, told = put(sound, **{kind: 4})
    assert [error.kind for error in told] == [kind] * 4
    assert len({error.row for error in told}) == 4
    for error in told:
        key = next(name for name, column in TABLES[error.table].columns().items() if column.primary_key)
        assert row(records, error.table, error.row, key), error
        assert error.was != error.now
    assert put(sound, **{kind: 4})[0] == records


@pytest.mark.parametrize("kind", KINDS)
def test_one_more_error_moves_no_other(sound, kind):
    three, told = put(sound, **{kind: 3})
    four, more = put(sound, **{kind: 4})
    assert more[:3] == told
    every, all_told = put(sound, **(dict.fromkeys(KINDS, 2) | {kind: 3}))
    assert tuple(error for error in all_told if error.kind == kind) == told
    assert len(all_told) == 2 * (len(KINDS) - 1) + 3
    assert three != four != every
    assert inject(sound.tables, RecordErrors(**{kind: 3}), Key(4, 0))[1] != told


@pytest.mark.parametrize("kind", KINDS)
def test_where_fewer_rows_can_have_it_those_get_it(sound, kind):
    _, told = put(sound, **{kind: 10**6})
    most = {
        "infusion_day_miscoded": sound["infusions"].height,
        "late_entry": sound["infusions"].height + sound["outcomes"].height,
        "wrong_unit": sound["measurements"].filter((pl.col("marker") == "crp") & (pl.col("comparator") == "=")).height,
        "duplicate_subject": sound["subjects"].height,
        "lot_out_of_specification": sound["lot_tests"].height,
        "bedside_mismatch": sound["infusions"].height,
    }
    assert 0 < len(told) <= most[kind]
    if kind not in ("wrong_unit", "bedside_mismatch", "lot_out_of_specification"):  # no number, nobody else there
        assert len(told) == most[kind]
    assert inject({"sources": sound["sources"]}, RecordErrors(**{kind: 2}), KEY)[1] == ()


def test_a_miscoded_infusion_moves_with_its_bags_and_custody_stays(sound):
    records, told = put(sound, infusion_day_miscoded=12)
    assert changed(sound, records) == {"infusions", "infusion_containers"}
    moves = set()
    for error in told:
        was, now = (row(r, "infusions", error.row, "infusion_id") for r in (sound, records))
        moves.add(by := now["started_at"] - was["started_at"])
        assert now["stopped_at"] - was["stopped_at"] == by
        was, now = (row(r, "infusion_containers", error.row, "infusion_id") for r in (sound, records))
        assert now["first_drop_at"] - was["first_drop_at"] == now["thaw_ended_at"] - was["thaw_ended_at"] == by
    assert moves == {TWO_DAYS, -TWO_DAYS}


def test_the_pauses_of_a_miscoded_infusion_move_with_it(sound):
    first = sound["infusions"].row(0, named=True)
    at = first["started_at"]
    then = (at + timedelta(minutes=8)).strftime("%Y-%m-%dT%H:%MZ")
    pause = canonical_json([{"from": then, "reason": "line", "to": then}])
    paused = sound["infusions"].with_columns(interruptions=pl.lit(pause))
    one = Records.of({**sound.tables, "infusions": paused.head(1)}, provenance="virtual")
    records, _ = put(one, infusion_day_miscoded=1)
    now = records["infusions"].row(0, named=True)
    moved = datetime.fromisoformat(json.loads(now["interruptions"])[0]["from"])
    assert moved - now["started_at"] == timedelta(minutes=8) and now["started_at"] != at


@pytest.mark.parametrize(
    ("by", "rule"), [(TWO_DAYS, "watched until after the start"), (-TWO_DAYS, "identity is checked before the start")]
)
def test_start_and_stop_alone_cannot_be_miscoded_by_two_days(sound, by, rule):
    moved = sound["infusions"].with_columns(pl.col("started_at", "stopped_at") + by)
    with pytest.raises(StudyProblems, match=rule):
        Records.of({**sound.tables, "infusions": moved}, provenance="virtual")


def test_a_day_miscoded_is_noticed_early_or_late_by_the_custody_of_the_bags(sound):
    """D2 names the form and its bags; what else contradicts it depends on the allocation and on a death."""
    records, told = put(sound, infusion_day_miscoded=12)
    found = [f for f in findings(records) if f.rule == "D2" and f.severity == "confirm"]
    bags = {"/".join(key) for key in sound["infusion_containers"].select("infusion_id", "container_id").rows()}
    infusions = {error.row for error in told}
    assert {f.key for f in found if f.table == "infusions"} == infusions
    assert {f.key for f in found if f.table == "infusion_containers"} == {
        key for key in bags if key.split("/")[0] in infusions
    }
    assert {error.now < error.was for error in told} == {True, False}
    assert {f.key.split("/")[0] for f in findings(records)} == infusions


def test_a_day_miscoded_is_noticed_where_bags_are_allocated_days_before():
    world = replace(WORLD, lag_days=4, errors=RecordErrors(infusion_day_miscoded=12))
    records, truth = draw_hospital(world, seed=KEY.seed, purpose=Purpose.METHOD_VALIDATION)
    named = {f.key.split("/")[0] for f in findings(records)}
    assert truth.errors and named == {error.row for error in truth.errors}


def test_what_is_entered_late_is_not_there_as_known_at_the_lock_and_no_rule_minds(sound):
    records, told = put(sound, late_entry=200)
    lock = sound["outcomes"]["entered_at"].max()
    late = {
        name
        for table, key in (("infusions", "infusion_id"), ("outcomes", "outcome_id"))
        for name in records[table].filter(pl.col("entered_at") > lock)[key]
    }
    assert late == {error.row for error in told} and {error.table for error in told} == {"infusions", "outcomes"}
    assert findings(records) == []
    known = {name: frame.filter(pl.col("entered_at") <= lock) for name, frame in records.tables.items()}
    assert sum(f.height for f in sound.tables.values()) - sum(f.height for f in known.values()) == len(told)
    at_lock = findings(Records.of(known, provenance="virtual"))
    infusions = {error.row for error in told if error.table == "infusions"}
    assert {f.key.split("/")[0] for f in at_lock if f.table == "infusion_containers" and f.rule == "K1"} == infusions


def test_an_analysis_of_files_takes_what_was_entered_after_the_lock(sound):
    """Only a ledger's snapshot asks when a row was entered; a study folder is analysed as it stands."""
    problems: list[Problem] = []
    protocol = read_protocol(Path(__file__).parents[2] / "examples" / "virtual-hospital", problems)
    assert protocol is not None and not problems
    people = [build_cohort(protocol, r).groups[0].course.people for r in (sound, put(sound, late_entry=200)[0])]
    assert_frame_equal(*people)


def test_a_value_in_the_wrong_unit_is_ten_times_too_low_and_seen_between_two_that_agree(sound):
    records, told = put(sound, wrong_unit=60)
    assert changed(sound, records) == {"measurements"}
    units = set()
    for error in told:
        was, now = (row(r, "measurements", error.row, "measurement_id") for r in (sound, records))
        assert was["marker"] == "crp" and now["value"] * 10 == was["value"] and now["raw_unit"] == "mg/L"
        assert float(now["raw_value"]) == float(now["value"])
        units.add(was["raw_unit"])
    assert units == {"mg/L", "mg/dL"}
    found, wrong = findings(records), {error.row for error in told}
    assert {(f.rule, f.severity, f.table) for f in found} == {("S5", "confirm", "measurements")}
    seen = {f.key for f in found} & wrong
    assert seen and wrong - seen  # beside a leap of its own, first or last of a course, nothing contradicts it


def test_of_a_smooth_course_every_value_in_the_wrong_unit_is_seen_but_its_first_and_last(sound):
    """The rule knows no unit: it sees the leap, so the day to day noise of the marker decides how many it finds."""
    crp = pl.col("marker") == "crp"
    smooth = [
        pl.when(crp).then(pl.lit(v)).otherwise(pl.col(c)).cast(sound["measurements"].schema[c]).alias(c)
        for c, v in SMOOTH.items()
    ]
    level = Records.of(
        {**sound.tables, "measurements": sound["measurements"].with_columns(smooth)}, provenance="virtual"
    )
    assert findings(level) == []
    records, told = put(level, wrong_unit=4)
    rows = records["measurements"].filter(crp & (pl.col("comparator") == "=")).sort("subject_id", "collected_at")
    gap = (pl.col("collected_at").diff().over("subject_id"), -pl.col("collected_at").diff(-1).over("subject_id"))
    between = rows.filter(pl.all_horizontal((g <= timedelta(days=3)).fill_null(False) for g in gap))
    inner = {error.row for error in told} & set(between["measurement_id"])
    assert inner and {f.key for f in findings(records)} == inner


def test_a_second_pseudonym_has_the_same_course_and_looks_like_the_same_person(sound):
    records, told = put(sound, duplicate_subject=10)
    assert changed(sound, records) == {"subjects", "episodes", "outcomes", "measurements"}
    assert records["subjects"].height == WORLD.patients + 10
    own = ("site_id", "subject_id", "cohort", "episode_id", "outcome_id")
    for error in told:
        for table in ("subjects", "episodes", "outcomes"):
            twice = [
                records[table].filter(pl.col("subject_id") == name).drop(own, strict=False)
                for name in (error.was, error.row)
            ]
            assert_frame_equal(*twice, check_row_order=False)
    assert {error.row[:3] == error.was[:3] for error in told} == {True, False}  # here, or at another hospital
    found = findings(records)
    assert {(f.rule, f.severity, f.table) for f in found} == {("K3", "confirm", "subjects")}
    assert len(found) == len(told)
    for error in told:
        assert sum(error.was in f.sentence and error.row in f.sentence for f in found) == 1, error


def test_a_treated_patient_entered_twice_is_an_untreated_one_with_the_same_course(sound):
    records, told = put(sound, duplicate_subject=WORLD.patients)
    treated = set(sound["infusions"]["subject_id"])
    again = [error.row for error in told if error.was in treated]
    assert len(again) == len(treated)
    rows = records["subjects"].filter(pl.col("subject_id").is_in(again))
    assert set(rows["cohort"]) == {"concurrent_untreated"}
    assert records["infusions"].equals(sound["infusions"])


def test_a_lot_that_failed_and_was_given_is_named_with_each_test(sound):
    records, told = put(sound, lot_out_of_specification=5)
    assert changed(sound, records) == {"lot_tests"}
    found = findings(records)
    assert {(f.rule, f.table) for f in found} == {("P4", "release_decisions")}
    assert len(found) == 5
    for error in told:
        assert sum(f"{error.row} is fail" in f.sentence for f in found) == 1, error


def test_every_test_of_a_lot_can_fail(sound):
    records, told = put(sound, lot_out_of_specification=10**6)
    assert {error.row.split("-", 2)[2] for error in told} == {
        name.upper().replace("_", "-") for name in sound["lot_tests"]["test"].cast(pl.String)
    }
    assert {f.rule for f in findings(records)} == {"P4"}


def test_a_bag_that_was_held_at_another_bed_is_named_at_its_match(sound):
    records, told = put(sound, bedside_mismatch=5)
    assert changed(sound, records) == {"custody"} and records["custody"].height == sound["custody"].height + 5
    found = findings(records)
    assert {(f.rule, f.table) for f in found} == {("P1", "custody")}
    bags = set()
    for error in told:
        event = row(records, "custody", error.row, "custody_id")
        other = event["remark"].split()[1].strip(",")
        there = row(records, "subjects", other, "subject_id")
        assert other != event["subject_id"] and there["site_id"] == event["site_id"]
        bags.add(event["container_id"])
    matched = [row(records, "custody", f.key, "custody_id") for f in found]
    assert {m["event"] for m in matched} == {"bedside_matched"}
    assert sorted(m["container_id"] for m in matched) == sorted(bags) and len(bags) == 5


def test_the_hospital_tells_its_errors_in_the_truth(sound):
    wanted = RecordErrors(infusion_day_miscoded=2, wrong_unit=3, bedside_mismatch=1)
    records, truth = draw_hospital(replace(WORLD, errors=wanted), seed=KEY.seed, purpose=Purpose.METHOD_VALIDATION)
    counts = pl.Series([error.kind for error in truth.errors]).value_counts()
    assert dict(counts.rows()) == {"infusion_day_miscoded": 2, "wrong_unit": 3, "bedside_mismatch": 1}
    assert changed(sound, records) == {"infusions", "infusion_containers", "measurements", "custody", "sources"}
    assert replace(WORLD, errors=wanted).sha256 != WORLD.sha256


def test_counts_that_are_none_are_refused_at_once():
    with pytest.raises(ValueError, match="late_entry, wrong_unit, bedside_mismatch must be whole"):
        RecordErrors(late_entry=-1, wrong_unit=1.5, bedside_mismatch=True)


def test_errors_stand_in_the_file_of_a_world(tmp_path):
    path = tmp_path / "world.toml"
    path.write_text('schema = "onearm.world/1"\n[errors]\nwrong_unit = 3\n', encoding="utf-8")
    assert read_world(path).errors == RecordErrors(wrong_unit=3)
    path.write_text('schema = "onearm.world/1"\n[errors]\nwrong_unit = "3"\nunit = 1\n', encoding="utf-8")
    with pytest.raises(StudyProblems) as told:
        read_world(path)
    assert [p.sentence for p in told.value.problems] == [
        "[errors] wrong_unit = '3' is of the wrong kind.",
        "[errors] unit is unknown.",
    ]
    for text, part in (("[errors]\nlate_entry = -1\n", "late_entry"), ("errors = 3\n", "must be a table")):
        path.write_text(f'schema = "onearm.world/1"\n{text}', encoding="utf-8")
        with pytest.raises(StudyProblems, match=part):
            read_world(path)
