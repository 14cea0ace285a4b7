"""The three open patient files, each read by its shipped mapping: the figures that were counted on them elsewhere."""

from pathlib import Path

import polars as pl
import pytest

from onearm.records import Records
from onearm.sources.import_files import import_files
from onearm.sources.similar_cases import read_similar_cases, read_source_folder
from onearm.vocabulary.clock import day_number

ROOT = Path(__file__).parents[2]
ISRAEL = ROOT / "examples" / "balmys19" / "comparators" / "israel"
STANFORD = ROOT / "examples" / "stanford-heart"
ICU = Path(__file__).parent / "data" / "icu_ventilation"


@pytest.fixture(scope="module")
def israel() -> Records:
    return read_similar_cases(ISRAEL)


@pytest.fixture(scope="module")
def severe(israel: Records) -> pl.DataFrame:
    """One row per patient ever severe: days from the first severe state to the end of that spell and of follow-up."""
    first = israel["episodes"].sort("started_at").group_by("subject_id", maintain_order=True).first()
    ends = israel["outcomes"].select("subject_id", pl.col("kind").cast(pl.String).alias("end"), "occurred_at")
    zero = pl.col("started_at")
    return first.join(ends, on="subject_id").with_columns(
        day_number(pl.col("occurred_at"), zero).alias("T"),
        day_number(pl.col("ended_at").fill_null(pl.col("occurred_at")), zero).alias("spell"),
    )


def risk(rows: pl.DataFrame, zero: int, by: int) -> float:
    """Aalen-Johansen risk of death among people at risk after day `zero`, to day `by`; leaving competes."""
    alive, died = 1.0, 0.0
    for day in range(zero, by + 1):
        here = rows.filter(pl.col("T") >= day)
        events = here.filter(pl.col("T") == day)["end"].value_counts()
        count = dict(events.iter_rows())
        died += alive * count.get("died", 0) / max(here.height, 1)
        alive *= 1 - (count.get("died", 0) + count.get("left_hospital_alive", 0)) / max(here.height, 1)
    return died


def test_every_israeli_patient_is_stored(israel: Records):
    _, report = read_source_folder(ISRAEL)
    assert report is not None
    assert (report.rows_in, report.rows_stored, report.rows_refused) == (2675, 2675, 0)
    assert report.files[0][1].startswith(israel["sources"]["file_sha256"][0])


def test_437_were_severe_and_154_died_127_left_156_are_open(severe: pl.DataFrame):
    assert dict(severe["end"].value_counts().iter_rows()) == {
        "died": 154,
        "left_hospital_alive": 127,
        "seen_alive": 156,
    }


def test_the_risks_of_the_israeli_file_come_out_of_its_records(severe: pl.DataFrame):
    assert risk(severe, 0, 28) == pytest.approx(0.380, abs=5e-4)
    assert risk(severe, 0, 40) == pytest.approx(0.393, abs=5e-4)
    still = severe.filter(pl.col("spell") > 7)
    assert still.height == 211
    assert risk(still, 8, 23) == pytest.approx(0.241, abs=5e-4)


def test_ended_stays_alone_tell_another_story_on_the_first_of_april(severe: pl.DataFrame):
    ended = severe.filter((pl.col("occurred_at").dt.date() <= pl.date(2020, 4, 1)) & (pl.col("end") != "seen_alive"))
    assert dict(ended["end"].value_counts().iter_rows()) == {"died": 26, "left_hospital_alive": 4}


def test_103_candidates_69_transplants_75_deaths():
    records, report = read_source_folder(STANFORD / "raw")
    assert report is not None and report.refusals == () and report.left_out_by_where == 0
    assert records["subjects"].height == 103
    assert records["episodes"]["agent"].to_list() == ["heart_transplant"] * 69
    assert (records["outcomes"]["kind"] == "died").sum() == 75


def test_the_shipped_stanford_tables_are_what_the_import_makes(tmp_path: Path):
    raw = STANFORD / "raw"
    import_files([raw / "stanford_heart_patients.csv"], raw / "mapping.toml", tmp_path)
    made = {p.name: p.read_bytes() for p in (tmp_path / "records").iterdir()}
    assert made == {p.name: p.read_bytes() for p in (STANFORD / "records").iterdir()}


def test_747_patients_455_ventilations_9_of_them_ongoing():
    records, report = read_source_folder(ICU)
    assert report is not None and report.refusals == ()
    assert (report.rows_in, report.rows_stored, report.distinct) == (1141, 1141, 394)
    assert (records["subjects"].height, records["episodes"].height, records["episodes"]["ongoing"].sum()) == (
        747,
        455,
        9,
    )
    assert dict(records["outcomes"]["kind"].cast(pl.String).value_counts().iter_rows()) == {
        "left_or_died": 733,
        "seen_alive": 14,
    }
