"""Answers of the pipeline in virtual hospitals: from records alone, repeatable, and wrong where the analysis is."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from onearm.cohort.analysis_set import NEVER
from onearm.design.hospital_levels import ANSWERS, HOSPITAL_WORLDS, HospitalWorld, counts, judged, person_time
from onearm.physiology.hospital import draw_hospital
from onearm.physiology.purpose import Purpose
from onearm.physiology.world import World
from onearm.sources.protocol_file import read_protocol

SCENARIO = Path(__file__).parents[2] / "examples" / "virtual-hospital"
WORLD = HospitalWorld("T/6/50", "A test.", World(patients=56, containers=6, treat_per_day=0.1))


@pytest.fixture(scope="module")
def protocol():
    return read_protocol(SCENARIO, [])


def test_blocks_of_trials_add_up_to_the_whole(protocol):
    whole = counts(protocol, WORLD, trials=3, seed=1)
    parts = counts(protocol, WORLD, trials=2, seed=1) + counts(protocol, WORLD, first=2, trials=1, seed=1)
    assert whole == parts and set(whole) <= set(ANSWERS)


def test_answers_come_from_records_and_no_truth(protocol):
    records, _ = draw_hospital(WORLD.world, seed=1, purpose=Purpose.METHOD_VALIDATION)
    assert judged(protocol, records, 1) == judged(protocol, records, 1)
    assert set(judged(protocol, records, 1)) == set(ANSWERS)


def test_every_world_has_a_name_of_its_own_and_does_nothing_unless_it_says_so():
    assert len({w.id for w in HOSPITAL_WORLDS}) == len(HOSPITAL_WORLDS)
    for one in HOSPITAL_WORLDS:
        assert (one.world.efficacy is None) == (not one.id.startswith("A.E"))


def test_waiting_counted_as_treated_flatters():
    """Four treated on day 20, 10 of 12 others dead on day 1: 1 of 11 deaths in 84 of 116 days."""
    people = pl.DataFrame(
        {
            "start_day": [20] * 4 + [NEVER] * 12,
            "end_day": [20] * 4 + [1] * 10 + [5] * 2,
            "event": [1, 0, 0, 0] + [1] * 10 + [0] * 2,
        }
    )
    # P(X <= 1 | 11, 84/116) by hand: (32/116)^11 + 11 (84/116) (32/116)^10
    share = 84 / 116
    assert person_time(people) == pytest.approx((1 - share) ** 11 + 11 * share * (1 - share) ** 10)
    assert person_time(people) < 0.001


def test_nobody_treated_is_an_answer_and_no_crash(protocol):
    nobody = replace(WORLD.world, treat_per_day=0.0, containers=0)
    records, _ = draw_hospital(nobody, seed=1, purpose=Purpose.METHOD_VALIDATION)
    told = judged(protocol, records, 1)
    assert told["refused"] and not told["level3"]
