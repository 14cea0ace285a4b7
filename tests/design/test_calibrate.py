"""Blocks, files and processes change no figure; a run can be cut and gone on with."""

import json
import os
import random

import numpy as np
import pytest

from onearm.design.analyses import Analysis, EachTrial
from onearm.design.calibrate import ANALYSES, calibrate, run_block
from onearm.design.calibration_file import Calibration, CalibrationProblem, Header, missing, read_calibration
from onearm.design.cells import Cell
from onearm.design.scenarios import SCENARIO
from onearm.design.tally import UNIT, Count, Histogram, Moments, from_plain, pooled, tallied, to_plain
from onearm.estimators.risk_set_test import risk_set_test

CELLS = (Cell(SCENARIO["S0"], "separate", 13, 60), Cell(SCENARIO["E.hr35"], "same_cohort", 13, 60))


def by_estimator(trial):
    test = risk_set_test(trial.data)
    return {"reject": test.p <= 0.05, "averted": test.expected - test.observed, "unmatched": len(test.counts.unmatched)}


def run(path, **more):
    settings = {"cells": CELLS, "replicates": 60, "seed": 5, "block": 25}
    return calibrate(path, **settings | more)


def figures(found):
    return {cell: {name: to_plain(t) for name, t in found.pooled(cell).items()} for cell in found.cells()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("calibration") / "all.jsonl"
    return path, run(path)


def test_every_block_is_a_line_after_the_header(whole):
    path, found = whole
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert lines[0]["schema"] == "onearm.calibration/1"
    assert lines[0]["analyses"] == [a.name for a in ANALYSES]
    assert [(b["first"], b["count"]) for b in lines[1:]] == [(0, 25), (25, 25), (50, 10)] * 2
    assert [found.replicates(c.id) for c in CELLS] == [60, 60]
    assert figures(read_calibration(path)) == figures(found)


@pytest.mark.parametrize("block", [7, 60, 1000])
def test_the_size_of_a_block_changes_no_figure(whole, tmp_path, block):
    assert figures(run(tmp_path / "b.jsonl", block=block)) == figures(whole[1])


def test_two_processes_write_the_same_bytes(whole, tmp_path):
    run(tmp_path / "two.jsonl", workers=2)
    assert (tmp_path / "two.jsonl").read_bytes() == whole[0].read_bytes()


def test_the_order_of_blocks_changes_no_figure(whole):
    blocks = list(whole[1].blocks)
    random.Random(1).shuffle(blocks)
    assert figures(Calibration(whole[1].header, tuple(blocks))).items() == figures(whole[1]).items()


@pytest.mark.parametrize("cut", [1, 40, 1500])
def test_a_cut_file_is_gone_on_with_and_ends_with_the_same_bytes(whole, tmp_path, cut):
    path = tmp_path / "cut.jsonl"
    path.write_bytes(whole[0].read_bytes()[:-cut])
    done = []
    run(path, progress=lambda k, n: done.append((k, n)))
    assert path.read_bytes() == whole[0].read_bytes()
    assert done[-1][0] == done[-1][1] < 60


def test_a_file_cut_in_its_header_is_begun_again(whole, tmp_path):
    path = tmp_path / "head.jsonl"
    path.write_bytes(whole[0].read_bytes()[:10])
    run(path)
    assert path.read_bytes() == whole[0].read_bytes()


def test_a_file_of_something_else_is_not_written_over(tmp_path):
    path = tmp_path / "notes.txt"
    for text in ("my notes", "my notes\nmore"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(CalibrationProblem, match="is no header of a calibration"):
            run(path)
        assert path.read_text(encoding="utf-8") == text


def test_a_finished_file_is_left_as_it_is(whole, tmp_path):
    path = tmp_path / "done.jsonl"
    path.write_bytes(whole[0].read_bytes())
    before = os.stat(path).st_mtime_ns
    assert figures(run(path, replicates=30)) == figures(whole[1])
    assert os.stat(path).st_mtime_ns == before


def test_each_cell_may_want_its_own_number_of_trials(tmp_path):
    found = run(tmp_path / "own.jsonl", replicates=lambda c: 20 if c.scenario.is_null else 10)
    assert [found.replicates(c.id) for c in CELLS] == [20, 10]


def test_blocks_of_another_size_fill_the_gaps():
    block = run_block(CELLS[0], seed=5, first=20, count=10, analyses=())
    found = Calibration(Header(5, ()), (block,))
    assert list(missing(found, CELLS[0].id, 60, 25)) == [(0, 20), (30, 20), (50, 10)]
    assert list(missing(found, CELLS[0].id, 25, 25)) == [(0, 20)]
    assert list(missing(found, "other", 30, 25)) == [(0, 25), (25, 5)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": 6}, "was made with seed 5, not 6. Give a new file"),
        ({"analyses": ANALYSES[:1]}, "was made with analyses"),
        ({"replicates": 0}, "must be 1 or more"),
        ({"analyses": (*ANALYSES, ANALYSES[0])}, "no two analyses have one name"),
    ],
)
def test_another_calibration_is_not_mixed_in(whole, change, said):
    before = whole[0].read_bytes()
    with pytest.raises(ValueError, match=said):
        run(whole[0], **change)
    assert whole[0].read_bytes() == before


def test_other_settings_under_the_same_name_are_refused(whole, tmp_path):
    path = tmp_path / "other.jsonl"
    path.write_text(whole[0].read_text(encoding="utf-8").replace(CELLS[0].sha256(), "0" * 64), encoding="utf-8")
    with pytest.raises(CalibrationProblem, match="settings of S0/separate/13/60 are not those of the file"):
        run(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hello\n", "line 1 is no header"),
        ('{"seed":1,"analyses":[],"onearm":"0","schema":"x"}\n', "has schema x"),
        ('{"seed":1,"analyses":[],"onearm":"0","schema":"onearm.calibration/1"}\n{"cell":1}\n', "line 2 is no block"),
    ],
)
def test_another_kind_of_file_is_refused(tmp_path, text, said):
    path = tmp_path / "x.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CalibrationProblem, match=said):
        read_calibration(path)


def test_an_analysis_of_one_trial_is_plugged_in_by_name():
    own = Analysis("mine", EachTrial(by_estimator))
    tallies = run_block(CELLS[0], seed=5, first=0, count=30, analyses=(ANALYSES[0], own)).tallies
    assert tallies["mine.reject"] == tallies["by_day.reject"]
    assert tallies["mine.averted"].n == 30
    assert sum(tallies["mine.unmatched"].counts.values()) == 30


def test_what_is_kept_of_each_kind_of_value():
    assert tallied(np.array([True, False, True])) == Count(3, 2)
    assert tallied(np.array([0.5, np.nan, -1.5])) == Moments(2, -UNIT, round(2.5 * UNIT))
    assert tallied(np.array([3, 3, -1])) == Histogram({-1: 1, 3: 2})
    for kept in (Count(3, 2), Moments(2, -UNIT, 7), Histogram({-1: 1, 3: 2})):
        assert from_plain(json.loads(json.dumps(to_plain(kept)))) == kept
        assert pooled([kept]) == kept
    assert pooled([Histogram({1: 1}), Histogram({0: 2, 1: 3})]) == Histogram({0: 2, 1: 4})
    with pytest.raises(ValueError, match="under one name"):
        pooled([Count(1, 1), Histogram({1: 1})])
    with pytest.raises(ValueError, match="booleans, floats or integers"):
        tallied(np.array(["x"]))
    with pytest.raises(ValueError, match="not a tally"):
        from_plain({"n": 1})
