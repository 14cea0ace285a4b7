"""Figures from tallies by hand, targets met and missed, and the table as text."""

import math

import numpy as np
import pytest

from onearm.design.calibrate import run_block
from onearm.design.calibration_file import Block, Calibration, Header
from onearm.design.cells import Cell
from onearm.design.exact_tests import BINS, OF_N
from onearm.design.metrics import figure
from onearm.design.scenarios import SCENARIO
from onearm.design.table import as_markdown, as_text, table
from onearm.design.tally import UNIT, Count, Histogram, Moments
from onearm.design.targets import SIZE, TARGETS, Target


def calibration(**cells):
    blocks = (Block(id, "", 0, 100, tallies) for id, tallies in cells.items())
    return Calibration(Header(1, ()), tuple(blocks))


def test_figures_by_hand():
    tallies = {
        "a": Count(200, 10),
        "b": Moments(4, round(2 * UNIT), round(3 * UNIT)),  # 0, 0, 1, 1 and so on: mean .5
        "c": Histogram({10 * OF_N + 0: 1, 10 * OF_N + 5: 98, 10 * OF_N + 10: 1}),
        "even": Histogram(dict.fromkeys(range(BINS), 5)),
        "low": Histogram(dict.fromkeys(range(BINS // 2), 10)),
    }
    share, mean, covered = (figure(tallies, n, k) for n, k in (("a", "share"), ("b", "mean"), ("c", "clopper_pearson")))
    assert (share.value, share.error, share.n) == (0.05, pytest.approx(math.sqrt(0.05 * 0.95 / 200)), 200)
    assert (mean.value, mean.error) == (0.5, pytest.approx(math.sqrt((3 / 4 - 1 / 4) * 4 / 3 / 4)))
    assert (covered.value, covered.n) == (0.98, 100)
    assert figure(tallies, "even", "uniform").value == pytest.approx(1.0)
    assert figure(tallies, "low", "uniform").value < 1e-100
    assert figure(tallies, "none", "share") is None
    assert figure(tallies, "a", "mean") is None


def test_a_target_is_met_or_says_how_much_is_short():
    cell = "S0/separate/13/150"
    size = Target("x.reject", "size", ("S0",), 0.05)
    power = Target("x.reject", "power", ("S0",), 0.5, least=True)
    bias = Target("x.error", "bias", ("S0",), 0.02, kind="mean")
    other = Target("x.reject", "size", ("S0",), 0.05, n_treated=40)
    found = calibration(**{cell: {"x.reject": Count(100, 8), "x.error": Moments(1, -UNIT, UNIT)}})
    answers = [r.answer for r in table(found, (size, power, bias, other))]
    assert answers == ["short by 0.0300", "short by 0.4200", "short by 0.9800", "not measured", "not measured"]
    met = calibration(**{cell: {"x.reject": Count(100, 5)}})
    assert next(r.answer for r in table(met, (size,))) == "met"
    assert next(r.answer for r in table(met, (Target("x.reject", "size", ("S0",)),))) == "reported"


def test_words_weigh_the_worlds():
    rates = {"S3": 4, "S3.hr65": 20, "S3.hr40": 30}
    found = calibration(**{f"{s}/separate/13/150": {"verdict.level3": Count(100, k)} for s, k in rates.items()})
    (row,) = table(found, ())
    assert row.value == pytest.approx(1 - 0.5 * 0.04 / (0.5 * 0.04 + 0.3 * 0.2 + 0.2 * 0.3))
    assert (row.answer, row.cell) == ("met", "S3 mixture/separate/13/150")


def test_every_target_is_about_worlds_that_are_there():
    assert all(s in SCENARIO for t in TARGETS for s in t.scenarios)


def test_the_table_as_text_and_as_a_page():
    found = calibration(
        **{"S0/separate/13/150": {"naive.person_time": Count(100, 22), "in_caliper.reject": Count(100, 2)}}
    )
    rows = table(found, (Target("in_caliper.reject", "size", ("S0",), SIZE),))
    text, page = as_text(rows), as_markdown(rows)
    assert "S0/separate/13/150  size" in text
    assert "0.0200  0.0140  100     at most 0.0544  met" in text
    assert page.splitlines()[2] == "| S0/separate/13/150 | size | 0.0200 | 0.0140 | 100 | at most 0.0544 | met |"
    assert "the wait counts as treated" in page
    assert len({line.count("|") for line in page.splitlines()}) == 1


@pytest.mark.parametrize(("population", "n_treated"), [("separate", 13), ("same_cohort", 13), ("same_cohort", 40)])
def test_the_size_of_the_exact_test_in_a_null_world_keeps_its_target(population, n_treated):
    cell = Cell(SCENARIO["S0"], population, n_treated, 150)
    block = run_block(cell, seed=20201125, first=0, count=2000)
    rows = table(Calibration(Header(1, ()), (block,)), TARGETS)
    size = next(r for r in rows if r.tally == "in_caliper.reject")
    assert size.answer == "met"
    assert size.error < 0.005
    short = [r for r in rows if r.is_short and r.tally not in ("by_day.covered", "by_day.p_bin")]
    assert short == []
    assert np.isfinite([r.value for r in rows if r.value is not None]).all()
