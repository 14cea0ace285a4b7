"""How the virtual hospitals measure: what is missing, units, limits, images, visits; and that nothing moves another."""

import dataclasses
import json
import shutil
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from onearm.cli.app import app
from onearm.physiology.hospital import host_markers
from onearm.physiology.hospital.draw import draw_hospital
from onearm.physiology.hospital.laboratory import WRITTEN, Unit, canonical_text, unit_of
from onearm.physiology.hospital.world import World
from onearm.physiology.hospital.world_file import read_world
from onearm.physiology.host.parameters import ParameterSet, default_parameters
from onearm.physiology.purpose import Purpose
from onearm.physiology.randomness import Key
from onearm.physiology.tables.measurement_policy import MeasurementPolicy
from onearm.product.checks import check_product
from onearm.protocol.rulebook import default_rulebook
from onearm.records import check_records, read_records, write_records
from onearm.results.problems import StudyProblems
from onearm.vocabulary.markers import MARKERS, convert

COMPLETE = MeasurementPolicy(missing_share=0.0, weekend_missing=0.0, hospital_units=False, limits=False)
WORLD = World(patients=120)
SAMPLE = ["subject_id", "marker", "collected_at"]
ALONE = ("crp", "ferritin", "d_dimer_feu", "ldh", "il6", "t_cd3", "b_cd19", "pf_ratio", "sofa_total")
TOGETHER = {"lymphocytes", "pao2", "fio2"}  # missing with another marker
NUMBER = pl.col("value").cast(pl.Float64)


def drawn(world=WORLD, **changes):
    return draw_hospital(replace(world, **changes), seed=3, purpose=Purpose.METHOD_VALIDATION)


@pytest.fixture(scope="module")
def trial():
    return drawn()


@pytest.fixture(scope="module")
def complete():
    return drawn(measurement=COMPLETE)[0]["measurements"]


@pytest.fixture(scope="module")
def both(trial, complete):
    """Every value that was written, beside what the assay read in the canonical unit."""
    read = complete.select(*SAMPLE, read=NUMBER)
    return trial[0]["measurements"].join(read, on=SAMPLE, validate="1:1")


def quiet():
    """The registry without any noise of measuring."""
    silent = (replace(r, value=0.0, low=0.0) if r.symbol.startswith("sd_") else r for r in default_parameters().records)
    return ParameterSet(tuple(silent))


def test_the_records_keep_every_rule_and_survive_files_and_the_check(trial, tmp_path):
    records, _ = trial
    assert check_records(records) == ()
    assert not [f for f in check_product(records, default_rulebook()) if f.severity != "inform"]
    assert min(records[t].height for t in ("measurements", "visits", "image_reads")) > 100
    shutil.copy(Path(__file__).parents[2] / "examples" / "virtual-hospital" / "study.toml", tmp_path)
    write_records(records, tmp_path / "records")
    assert read_records(tmp_path / "records", provenance="virtual").sha256() == records.sha256()
    told = CliRunner().invoke(app, ["check", str(tmp_path)])
    assert told.exit_code == 0 and "no problems found" in told.output


def test_with_everything_off_every_sample_has_every_marker_in_its_canonical_unit(complete):
    assert set(complete["marker"]) == {*ALONE, *TOGETHER}
    assert set(complete.group_by("subject_id", "collected_at").len()["len"]) == {len(ALONE) + len(TOGETHER)}
    assert set(complete["comparator"]) == {"="}
    assert (complete["raw_value"].cast(pl.Decimal(38, 12)) == complete["value"]).all()
    units = complete.select("marker", "raw_unit").unique()
    assert dict(units.iter_rows()) == {name: MARKERS[name].unit for name in units["marker"]}


def test_the_share_of_the_policy_is_missing_and_more_on_weekends(trial, complete):
    due = complete.filter(pl.col("marker").is_in(ALONE))
    kept = due.join(trial[0]["measurements"], on=SAMPLE, how="semi")
    for weekend, share in ((False, 0.05), (True, 0.20)):
        at_weekend = (pl.col("collected_at").dt.weekday() >= 6) == weekend
        of = due.filter(at_weekend).height
        missing = 1 - kept.filter(at_weekend).height / of
        assert of > 3000 and abs(missing - share) < 4 * np.sqrt(share * (1 - share) / of)


def test_each_hospital_has_one_unit_for_a_marker_and_they_differ_between_hospitals(trial):
    units = trial[0]["measurements"].group_by("site_id", "marker").agg(pl.col("raw_unit").unique())
    assert (units["raw_unit"].list.len() == 1).all()
    differ = (
        units.explode("raw_unit").group_by("marker").agg(pl.col("raw_unit").n_unique()).filter(pl.col("raw_unit") > 1)
    )
    assert {"crp", "pao2", "pf_ratio"} <= set(differ["marker"]) and differ.height > 6


def test_a_value_is_the_exact_conversion_of_what_was_written(trial):
    told = trial[0]["measurements"].select("marker", "raw_value", "raw_unit", "value").unique()
    for marker, raw, unit, value in told.iter_rows():
        assert convert(marker, Decimal(raw), unit) == value, (marker, raw, unit)


def test_a_value_is_what_the_assay_read_to_the_resolution_of_its_unit(both):
    exact = both.filter(pl.col("comparator") == "=", ~pl.col("marker").is_in(["pao2", "pf_ratio"]))
    step = {
        (marker, unit.name): float(MARKERS[marker].conversion(unit.name).factor) * 10.0**-unit.places
        for marker, how in WRITTEN.items()
        for unit in (*how.units, how.units[0])
    }
    for (marker, unit), rows in exact.group_by("marker", "raw_unit"):
        own, canonical = step[marker, unit], step[marker, WRITTEN[marker].units[0].name]
        assert (rows["value"].cast(float) - rows["read"]).abs().max() <= (own + canonical) / 2 + 1e-9, (marker, unit)
    gases = both.filter(pl.col("marker").is_in(["pao2", "pf_ratio"]))
    assert (gases["value"].cast(float) / gases["read"] - 1).abs().max() < 0.03


def test_values_follow_the_true_course_with_the_noise_of_the_registry(complete):
    true = drawn(measurement=COMPLETE, parameters=quiet())[0]["measurements"].select(*SAMPLE, true=NUMBER)
    rows = complete.join(true, on=SAMPLE, validate="1:1").with_columns(log=(NUMBER / pl.col("true")).log())
    for marker, sd in (("crp", 0.45), ("ferritin", 0.20), ("ldh", 0.15), ("il6", 0.35), ("t_cd3", 0.20)):
        log = rows.filter(pl.col("marker") == marker)["log"]
        assert abs(log.std() - sd) < 0.1 * sd and abs(log.mean()) < 0.15 * sd, marker


def test_another_spread_moves_its_marker_only(complete):
    changed = drawn(measurement=COMPLETE, parameters=default_parameters().with_values(sd_ferritin=0.3))[0]
    other = pl.col("marker") != "ferritin"
    assert changed["measurements"].filter(other).equals(complete.filter(other))
    assert not changed["measurements"].equals(complete)


def test_beyond_the_limits_of_the_assay_the_limit_is_written_with_its_sign(both):
    ends = both.filter(pl.col("comparator") != "=").with_columns(limit=NUMBER)
    assert set(ends["comparator"]) == {"<", ">"} and ends.height < 0.05 * both.height
    assert (ends.filter(pl.col("comparator") == "<").select(pl.col("read") <= pl.col("limit")).to_series()).all()
    assert (ends.filter(pl.col("comparator") == ">").select(pl.col("read") >= pl.col("limit")).to_series()).all()
    for (marker, sign), rows in ends.group_by("marker", "comparator"):
        limits = {Decimal(pair[sign == ">"]) for pair in WRITTEN[marker].limits}
        assert set(rows["value"]) <= limits
        per_hospital = rows.group_by("site_id").agg(pl.col("value").n_unique())
        assert set(per_hospital["value"]) == {1}
    highest = ends.filter(pl.col("comparator") == ">").select("site_id", "marker", "limit").unique()
    beyond = both.filter(pl.col("comparator") == "=").join(highest, on=["site_id", "marker"])
    assert (beyond["value"].cast(float) <= beyond["limit"]).all()


@pytest.mark.parametrize("marker", WRITTEN)
def test_units_are_those_of_the_dictionary_and_hold_each_limit_exactly(marker):
    how = WRITTEN[marker]
    assert how.units[0].name == MARKERS[marker].unit
    for unit in how.units:
        for limit in (Decimal(text) for pair in how.limits for text in pair):
            raw = limit / Decimal(str(float(MARKERS[marker].conversion(unit.name).factor)))
            assert raw == round(raw, unit.places), (unit, limit)


def test_numbers_of_the_draws_of_hospitals_are_used_once():
    assert [how.number for how in WRITTEN.values()] == list(range(len(WRITTEN)))


def test_a_text_with_many_digits_is_rounded_once():
    text = canonical_text("pao2", Unit("kPa", 1), np.array([100, 100, 81]))
    assert text.to_list() == ["75.00615758", "75.00615758", "60.75498764"]  # 10 and 8.1 / 0.133322387415
    assert canonical_text("crp", Unit("mg/dL", 1), np.array([123])).cast(float)[0] == 123


def test_each_image_has_two_blinded_reads_and_a_third_only_where_they_differ(trial):
    reads = trial[0]["image_reads"].sort("study_uid", "image_read_id")
    assert reads["blinded_to_date"].all() and reads["blinded_to_treatment"].all()
    assert reads["study_uid"].str.contains("^IMG-[A-Z]{10}$").all()
    thirds = 0
    for (_,), image in reads.group_by("study_uid"):
        first, second, *more = image.sort("image_read_id").iter_rows(named=True)
        assert (first["reader_id"], second["reader_id"]) == ("READER-1", "READER-2")
        assert first["adjudicates"] is None and second["adjudicates"] is None
        differ = (first["score"], first["change"]) != (second["score"], second["change"])
        assert len(more) == differ
        for third in more:
            thirds += 1
            assert json.loads(third["adjudicates"]) == [first["image_read_id"], second["image_read_id"]]
            assert (third["score"], third["change"]) in [(r["score"], r["change"]) for r in (first, second)]
    assert 0 < thirds < reads["study_uid"].n_unique()


def test_readers_who_may_differ_need_a_third_less_often(trial):
    wide = drawn(measurement=MeasurementPolicy(reads_agree_within=6))[0]["image_reads"]
    two = pl.col("reader_id") != "READER-3"
    assert wide.filter(two).equals(trial[0]["image_reads"].filter(two))
    assert wide.filter(~two).height < 0.6 * trial[0]["image_reads"].filter(~two).height


def test_images_are_of_the_planned_days_and_follow_the_true_damage(trial):
    records, _ = trial
    zero = records["subjects"].select("subject_id", zero="ventilated_at")
    reads = records["image_reads"].filter(pl.col("reader_id") == "READER-1").join(zero, on="subject_id")
    reads = reads.with_columns(day=(pl.col("taken_at") - pl.col("zero")).dt.total_days())
    assert set(reads["day"]) == {0, 3, 7, 14, 28}
    true = drawn(parameters=quiet())[0]["image_reads"].select("image_read_id", true="score")
    off = reads.join(true, on="image_read_id", validate="1:1").filter(pl.col("true").is_between(10, 38))
    off = off.select(pl.col("score") - pl.col("true")).to_series()
    assert abs(off.std() - np.hypot(3.0, 2.5)) < 0.4 and abs(off.mean()) < 0.5
    assert (reads.filter(pl.col("day") == 0)["change"] == "same").all()
    moved = reads.sort("subject_id", "day").with_columns(by=pl.col("score").diff().over("subject_id").fill_null(0))
    told = pl.when(pl.col("by") <= -4).then(pl.lit("better")).when(pl.col("by") >= 4).then(pl.lit("worse"))
    assert moved.select((told.otherwise(pl.lit("same")) == pl.col("change").cast(pl.String)).all()).item()


def test_visits_are_kept_in_part_or_not_with_the_reason(trial, complete):
    records, _ = trial
    visits = records["visits"].cast({"status": pl.String})
    assert set(visits["status"]) == {"done", "partly", "missed", "not_applicable"}
    assert set(visits["planned_day"]) == {0, 3, 7, 14, 28}
    assert (visits["status"] == "done").eq(visits["reason"].is_null()).all()
    died = records["outcomes"].filter(pl.col("kind") == "died").select("subject_id", died_at="occurred_at")
    zero = records["subjects"].select("subject_id", zero="ventilated_at")
    of_dead = visits.join(died, on="subject_id").join(zero, on="subject_id")
    gone = of_dead.filter(pl.col("died_at") < pl.col("zero") + pl.duration(days="planned_day"))
    assert gone.height > 20 and set(gone["status"]) == {"not_applicable"}
    home = records["outcomes"].filter(pl.col("kind") == "left_hospital_alive").select("subject_id", left="occurred_at")
    after = visits.join(home, on="subject_id").filter(pl.col("occurred_at") > pl.col("left"))
    assert after.is_empty() and "no longer in hospital" in set(visits["reason"])
    due = (
        complete.select("subject_id", "marker", occurred_at="collected_at").group_by("subject_id", "occurred_at").len()
    )
    there = records["measurements"].group_by("subject_id", occurred_at="collected_at").len()
    done = visits.filter(pl.col("status") == "done").join(due, on=["subject_id", "occurred_at"])
    done = done.join(there, on=["subject_id", "occurred_at"], suffix="_there")
    assert done.height > 50 and (done["len"] == done["len_there"]).all()


def test_another_patient_moves_nobodys_measurements(trial):
    records, _ = drawn(measurement=MeasurementPolicy(), patients=121, containers=0)
    fewer = drawn(containers=0)[0]
    new = set(records["subjects"]["subject_id"]) - set(fewer["subjects"]["subject_id"])
    assert len(new) == 1
    for name in ("measurements", "visits", "image_reads"):
        assert records[name].filter(~pl.col("subject_id").is_in(list(new))).equals(fewer[name], null_equal=True), name


def test_another_day_moves_no_other_number(trial):
    records, _ = trial
    more = drawn(measurement=MeasurementPolicy(image_days=(0, 3, 5, 7, 14, 28), visit_days=(0, 2, 3, 7, 14, 28)))[0]
    assert more["measurements"].equals(records["measurements"], null_equal=True)
    assert more["visits"].filter(pl.col("planned_day") != 2).equals(records["visits"], null_equal=True)
    own = pl.col("reader_id") != "READER-3"
    columns = ["image_read_id", "subject_id", "taken_at", "score"]
    of_before = records["image_reads"].filter(own).select(columns)
    added = more["image_reads"].filter(own).join(of_before, on="image_read_id", how="anti")
    assert added.height > 50
    assert more["image_reads"].filter(own).join(added, on="image_read_id", how="anti").select(columns).equals(of_before)
    shorter = drawn(measured_days=10)[0]["measurements"]
    assert shorter.equals(records["measurements"].join(shorter, on="measurement_id", how="semi"), null_equal=True)
    assert shorter.height < 0.7 * records["measurements"].height


def test_another_marker_moves_no_other_number(trial, monkeypatch):
    fewer = {name: assay for name, assay in host_markers.ASSAYS.items() if name != "ferritin"}
    monkeypatch.setattr(host_markers, "ASSAYS", fewer)
    rest = trial[0]["measurements"].filter(pl.col("marker") != "ferritin")
    assert drawn()[0]["measurements"].equals(rest, null_equal=True)


def test_another_hospital_keeps_the_units_of_the_others():
    policy, key = MeasurementPolicy(), Key(1, 2)
    for marker in WRITTEN:
        assert np.array_equal(unit_of(policy, key, marker, 9)[:6], unit_of(policy, key, marker, 6))


def test_what_is_not_planned_or_always_missing_is_not_written():
    nothing = MeasurementPolicy(missing_share=1.0, weekend_missing=0.0, image_days=(), visit_days=())
    records, _ = drawn(patients=30, measurement=nothing)
    assert all(records[name].is_empty() for name in ("measurements", "visits", "image_reads"))
    records, _ = drawn(patients=30, measured_days=5, measurement=MeasurementPolicy(image_days=(14,)))
    assert records["image_reads"].height > 10 and check_records(records) == ()


def test_a_policy_tells_all_that_is_wrong_at_once_and_is_part_of_the_hash():
    with pytest.raises(ValueError, match=r"missing_share.*image_days.*reads_agree_within.*visit_days"):
        MeasurementPolicy(missing_share=-0.1, image_days=(3, 0), reads_agree_within=50, visit_days=(0, 400))
    with pytest.raises(ValueError, match="together must not be above 1"):
        MeasurementPolicy(missing_share=0.5, weekend_missing=0.6)
    assert replace(WORLD, measurement=COMPLETE).sha256 != WORLD.sha256
    with pytest.raises(dataclasses.FrozenInstanceError):
        COMPLETE.limits = True


def test_a_policy_in_a_file_is_read_or_refused_with_all_that_is_wrong(tmp_path):
    path = tmp_path / "world.toml"
    head = 'schema = "onearm.world/1"\n[measurement]\n'
    path.write_text(f"{head}missing_share = 0\nlimits = false\nvisit_days = [0, 28]\n", encoding="utf-8")
    assert read_world(path).measurement == MeasurementPolicy(missing_share=0, limits=False, visit_days=(0, 28))
    path.write_text(f'{head}missing_share = true\nlimits = 1\nvisit_days = ["0"]\nnights = 3\n', encoding="utf-8")
    with pytest.raises(StudyProblems) as told:
        read_world(path)
    assert len(told.value.problems) == 4
    path.write_text(f"{head}missing_share = 2\n", encoding="utf-8")
    with pytest.raises(StudyProblems, match="missing_share"):
        read_world(path)
