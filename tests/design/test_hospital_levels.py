"""Answers of the pipeline in virtual hospitals: from records alone, repeatable, and wrong where the analysis is."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from onearm.cohort.analysis_set import NEVER
from onearm.design.hospital_levels import (
    ANSWERS,
    HOSPITAL_WORLDS,
    SIMPLE_WORLDS,
    TUNED,
    HospitalWorld,
    Twins,
    counts,
    judged,
    marker_fell,
    person_time,
    twins,
)
from onearm.physiology.hospital.draw import draw_hospital
from onearm.physiology.hospital.world import World
from onearm.physiology.purpose import Efficacy, Purpose
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
    assert len({w.id for w in (*HOSPITAL_WORLDS, *SIMPLE_WORLDS)}) == len(HOSPITAL_WORLDS) + len(SIMPLE_WORLDS)
    assert all((one.world.death_ratio == 1) == (not one.id.startswith("B.E")) for one in SIMPLE_WORLDS)
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


def shares_by_day_28(death, extubation):
    """Dead and extubated before day 29 of the simple generator, Gauss-Hermite with 80 nodes (design, section 9)."""
    u, weight = np.polynomial.hermite_e.hermegauss(80)
    d, e = death * np.exp(0.8 * u), extubation * np.exp(-0.5 * u)
    gone = (1 - np.exp(-29 * (d + e))) / (d + e)
    return [float((weight * rate * gone).sum() / weight.sum()) for rate in (d, e)]


def test_the_simple_worlds_are_tuned_to_the_shares_of_the_hospital():
    world = World(patients=300, most_treated=0, treat_per_day=0.0)
    dead, off = [], []
    for trial in range(6):
        people = draw_hospital(world, seed=20201125, trial=trial, purpose=Purpose.METHOD_VALIDATION)[1].people
        died = people["death_day"].fill_null(999).to_numpy()
        extubated = people["extubation_day"].fill_null(999).to_numpy()
        dead.append((died <= 28).mean())
        off.append(((extubated <= 28) & (extubated <= died)).mean())
    told = shares_by_day_28(*TUNED)
    assert told == pytest.approx([0.355, 0.526], abs=0.002)
    assert [np.mean(dead), np.mean(off)] == pytest.approx(told, abs=0.06)  # hospitals differ from trial to trial


def test_twins_tell_whom_the_cells_saved_and_nobody_where_they_do_nothing():
    nothing = twins(WORLD, trials=2, seed=1)
    assert nothing.infused > 5 and (nothing.saved, nothing.harmed) == (0, 0)
    strong = replace(
        WORLD.world, efficacy=Efficacy(5.0, "a test", "to be seen"), patients=300, containers=None, most_treated=150
    )
    acting = twins(HospitalWorld("T/150/150", "A test.", strong), trials=1, seed=1)
    assert isinstance(acting, Twins) and acting.saved > acting.harmed and acting.saved > 3


def test_a_drug_given_with_the_cells_lowers_crp_and_the_contrast_does_not_take_it_for_an_effect(protocol):
    world = next(w for w in HOSPITAL_WORLDS if w.id == "A.S13/13/150").world
    records, _ = draw_hospital(world, seed=2, purpose=Purpose.METHOD_VALIDATION)
    assert marker_fell(records) < 0.05
    assert not judged(protocol, records, 2)["crp_contrast"]


def test_crp_of_nobody_fell():
    records, _ = draw_hospital(replace(WORLD.world, treat_per_day=0.0), seed=1, purpose=Purpose.METHOD_VALIDATION)
    assert marker_fell(records) == 1.0
