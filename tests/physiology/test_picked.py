"""The shipped virtual thirteen: the trial it says it is, ended as it says, with a product that does nothing."""

from pathlib import Path

import polars as pl
import pytest

from onearm.physiology.hospital.draw import draw_hospital, draw_records
from onearm.physiology.hospital.picked import alike, read_picked
from onearm.physiology.hospital.world_file import read_world
from onearm.physiology.purpose import Purpose
from onearm.records import read_records
from onearm.results.problems import StudyProblems
from onearm.sources.protocol_file import read_protocol

FOLDER = Path(__file__).parents[2] / "examples" / "virtual-balmys"


@pytest.fixture(scope="module")
def picked():
    return read_picked(FOLDER / "world.toml")


@pytest.fixture(scope="module")
def shipped():
    return read_records(FOLDER / "records", provenance="virtual")


def ends_of_treated(records):
    """Treated, dead, alive off the ventilator, still on it: patient by patient, from the times in the tables."""
    died = set(records["outcomes"].filter(pl.col("kind") == "died")["subject_id"])
    spells = records["episodes"].filter(pl.col("kind") == "invasive_ventilation").sort("started_at")
    last_end = dict(spells.select("subject_id", "ended_at").iter_rows())  # of a patient's last spell
    treated = set(records["infusions"]["subject_id"])
    on = {who for who in treated - died if last_end[who] is None}
    return len(treated), len(treated & died), len(treated - died - on), len(on)


def test_the_shipped_records_are_drawn_again_to_the_byte(picked, shipped):
    drawn = draw_records(
        read_world(FOLDER / "world.toml"),
        seed=picked.seed,
        trial=picked.trial,
        purpose="teaching",
        protocol=read_protocol(FOLDER, []),
    )
    assert drawn.sha256() == shipped.sha256(), "run make examples"


def test_its_thirteen_ended_as_the_published_ones(picked, shipped):
    wanted = (13, 2, 7, 4)
    assert ends_of_treated(shipped) == wanted
    assert (picked.treated, picked.dead, picked.off_ventilator, picked.ventilated) == wanted
    assert 1 <= picked.alike < picked.drawn and picked.trial < picked.drawn


def test_the_cells_do_nothing_in_it(picked):
    told = {"seed": picked.seed, "trial": picked.trial, "purpose": Purpose.TEACHING}
    _, truth = draw_hospital(read_world(FOLDER / "world.toml"), **told, protocol=read_protocol(FOLDER, []))
    people = truth.people
    assert truth.emax == 0 and truth.risk_difference == 0
    assert people["death_day"].equals(people["untreated_death_day"], null_equal=True)


def test_the_sentence_and_the_title_say_that_it_was_picked(picked):
    assert f"{picked.alike} ended with 2 of 13 treated dead" in picked.sentence
    assert f"of {picked.drawn} trials" in picked.sentence and "number 21" in picked.sentence
    title = read_protocol(FOLDER, []).study.title
    assert f"one of {picked.drawn} seeded trials" in title and f"as {picked.alike} of them did" in title


def test_the_first_trials_are_searched_in_order():
    world, protocol = read_world(FOLDER / "world.toml"), read_protocol(FOLDER, [])
    ends = [
        ends_of_treated(draw_records(world, seed=3, trial=k, purpose="teaching", protocol=protocol)) for k in range(3)
    ]
    found = list(alike(world, ends[1], seed=3, trials=3, threads=1, protocol=protocol))
    assert found == [k for k in range(3) if ends[k] == ends[1]]


def test_a_scenario_may_pick_nothing_and_half_a_pick_is_refused(tmp_path):
    assert read_picked(FOLDER.parent / "virtual-hospital" / "world.toml") is None
    path = tmp_path / "world.toml"
    path.write_text("[picked]\nseed = 1\ntrial = 2.5\nfor = 3\n", encoding="utf-8")
    with pytest.raises(StudyProblems, match="trial, drawn, alike"):
        read_picked(path)
