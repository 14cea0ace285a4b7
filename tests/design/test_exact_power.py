"""Size and power against plain loops: tests/references/exact_power.csv, made by exact_power.py beside it."""

import csv
import math
from pathlib import Path

import pytest

from onearm.design.cells import Cell
from onearm.design.day_sets import day_sets, day_test
from onearm.design.scenarios import SCENARIO
from onearm.design.trials import draw_batch

REFERENCE = Path(__file__).parents[1] / "references" / "exact_power.csv"
WORLD = {1.0: "S0.followed", 0.5: "E.hr50", 0.35: "E.hr35", 0.2: "E.hr20"}
RULES = {
    "others": {},
    "caliper": {"caliper_sd": 0.2},
    "later": {"lone_source": True},
    "never": {"never_treated_only": True},
}
TRIALS = 1500


def reference():
    """(population, n_t, n_c, hazard ratio) -> rule -> (trials, rejected)."""
    cases = {}
    with REFERENCE.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            key = (row["population"], int(row["n_treated"]), int(row["n_similar"]), float(row["hazard_ratio"]))
            cases.setdefault(key, {})[row["rule"]] = (int(row["trials"]), int(row["rejected"]))
    return cases


CASES = reference()
SHOWN = [
    ("separate", 13, 150, 0.5),
    ("separate", 40, 150, 1.0),
    ("separate", 40, 600, 0.5),
    ("separate", 40, 150, 0.5),
    ("same_cohort", 40, 150, 1.0),
    ("same_cohort", 40, 150, 0.5),
]


@pytest.mark.parametrize("case", SHOWN, ids=lambda c: "/".join(map(str, c)))
def test_size_and_power_are_those_of_plain_loops(case):
    population, n_treated, n_similar, ratio = case
    cell = Cell(SCENARIO[WORLD[ratio]], population, n_treated, n_similar)
    rejected = dict.fromkeys(CASES[case], 0)
    for first in range(0, TRIALS, 250):
        batch = draw_batch(cell, seed=31, first=first, count=250)
        for rule in rejected:
            rejected[rule] += int((day_test(day_sets(batch, **RULES[rule])).p <= 0.05).sum())
    for rule, (trials, theirs) in CASES[case].items():
        share = (theirs + rejected[rule]) / (trials + TRIALS)
        error = math.sqrt(share * (1 - share) * (1 / trials + 1 / TRIALS))
        assert abs(theirs / trials - rejected[rule] / TRIALS) < 3 * error, rule


def share(rule, *case):
    trials, rejected = CASES[case][rule]
    return rejected / trials, math.sqrt(rejected * (trials - rejected) / trials) / trials


@pytest.mark.parametrize(
    ("rule", "case", "designed", "error"),
    [  # evidence 1.3 and 6.3, with their Monte Carlo errors
        ("caliper", ("separate", 40, 600, 0.5), 0.512, 0.011),
        ("caliper", ("separate", 40, 150, 0.5), 0.455, 0.011),
        ("others", ("separate", 40, 150, 1.0), 0.060, 0.003),
        ("later", ("same_cohort", 40, 150, 1.0), 0.0305, 0.0055),
        ("never", ("same_cohort", 40, 150, 1.0), 0.0825, 0.0087),
    ],
)
def test_the_loops_agree_with_the_figures_of_the_design(rule, case, designed, error):
    value, own = share(rule, *case)
    assert abs(value - designed) < 3 * math.hypot(own, error)


def test_thirteen_treated_and_a_halved_hazard_are_found_in_one_of_seven():
    value, _ = share("caliper", "separate", 13, 150, 0.5)
    assert value > 0.14


def test_own_patients_who_are_treated_later_lean_against_the_treatment_when_nobody_else_is_recorded():
    """They lived until then. Size and power both fall beside sets of the other population alone."""
    for ratio in (1.0, 0.5):
        case = ("separate", 40, 150, ratio)
        (later, error), (others, other) = share("later", *case), share("others", *case)
        assert later < others - 3 * math.hypot(error, other)
