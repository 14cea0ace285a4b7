import dataclasses
import sys

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from linked_records import Patient, linked_records, own_world

from onearm.records import TABLES, Provenance, Records, read_records, write_records
from onearm.results.problems import StudyProblems

WORLD = own_world([Patient(1, False, False), Patient(0, True, True)]).records(seed=5)
FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def test_absent_table_is_an_empty_frame_of_its_schema():
    empty = Records.of({}, provenance="file")
    for table, schema in TABLES.items():
        assert empty[table].height == 0
        assert schema.is_valid(empty[table])
    assert empty == Records.of({"subjects": empty["subjects"]}, provenance=Provenance.FILE)


def test_absent_optional_columns_become_null_and_types_are_cast():
    outcomes = pl.DataFrame(
        {
            "site_id": ["S01"],
            "version": ["1"],
            "entered_at": ["2020-05-01T00:00:00.000Z"],
            "outcome_id": ["R1"],
            "subject_id": ["S01-001"],
            "kind": ["died"],
            "occurred_at": ["2020-04-20T12:00:00.000Z"],
            "occurred_at_precision": ["day"],
        }
    )
    got = Records.of({"outcomes": outcomes}, provenance="file")["outcomes"]
    assert TABLES["outcomes"].is_valid(got)
    assert got.row(0, named=True)["cause"] is None


def test_all_problems_are_told_at_once():
    frame = WORLD["weights"].with_columns(
        pl.lit("guessed").alias("method"), pl.lit(700).cast(pl.Decimal(38, 12)).alias("weight_kg")
    )
    with pytest.raises(StudyProblems) as told:
        Records.of({"weights": frame, "wards": frame, "visits": frame}, provenance="file")
    text = str(told.value)
    assert "wards, 1 problem; no records were made." in text
    assert 'method "guessed" of subject S01-001 is not allowed.' in text
    assert "Give one of: scale, bed, relative, patient, guess." in text
    assert "weight_kg 700 of subject S01-001: at most 500 is allowed." in text
    assert "column planned_day is missing." in text and "column weight_kg is unknown." in text


@FEW
@given(linked_records(), st.integers(0, 1000))
def test_order_of_rows_does_not_matter(records, seed):
    shuffled = {name: frame.sample(fraction=1, shuffle=True, seed=seed) for name, frame in records.tables.items()}
    again = Records.of(shuffled, provenance=records.provenance)
    assert again == records and hash(again) == hash(records)
    assert again.sha256() == records.sha256()


def test_another_value_or_provenance_is_not_equal():
    frame = WORLD["outcomes"].with_columns(kind=pl.lit("lost"))
    other = Records.of({**WORLD.tables, "outcomes": frame}, provenance="bedside")
    assert other != WORLD and other.sha256() != WORLD.sha256()
    assert Records.of(WORLD.tables, provenance="file") != WORLD
    assert WORLD != "records"


def test_records_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        WORLD.provenance = Provenance.VIRTUAL  # type: ignore[misc]
    with pytest.raises(TypeError):
        WORLD.tables["subjects"] = WORLD["subjects"]  # type: ignore[index]
    before = WORLD.sha256()
    WORLD["subjects"][0, "region"] = "changed"
    WORLD["subjects"].drop_in_place("region")
    assert WORLD.sha256() == before


def test_frames_of_another_shape_are_refused():
    with pytest.raises(TypeError, match=r"make Records with Records\.of"):
        Records(Provenance.FILE, {"subjects": WORLD["subjects"].drop("region")})


@FEW
@given(linked_records())
def test_records_survive_files(tmp_path_factory, records):
    for form in ("csv", "parquet"):
        folder = tmp_path_factory.mktemp(form)
        write_records(records, folder, form)
        assert read_records(folder, records.provenance) == records


def test_hash_is_that_of_the_files(tmp_path):
    import hashlib

    write_records(WORLD, tmp_path)
    lines = [
        f"{n} {hashlib.sha256((tmp_path / f'{n}.csv').read_bytes()).hexdigest()}\n" for n in TABLES if n in WORLD.tables
    ]
    assert WORLD.sha256() == hashlib.sha256("".join(lines).encode()).hexdigest()


def test_import_of_onearm_loads_no_records():
    import subprocess

    code = "import sys, onearm; sys.exit('polars' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
