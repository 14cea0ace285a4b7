"""Calibration: published aggregates only, a procedure that knows its own draws, and no estimate from thirteen."""

import re
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from onearm.physiology.calibration.approximate_posterior import posterior, rank_p, ranks, table_of, tails
from onearm.physiology.calibration.calibrate import (
    CALIBRATED,
    HOSPITAL_EFFECT,
    counted_rows,
    parameters_at,
    prior_shares,
)
from onearm.physiology.calibration.published_picture import ENTRIES, published_picture
from onearm.physiology.calibration.single_arm_ridge import (
    NOT_IDENTIFIED,
    RidgeDraws,
    SingleArm,
    ridge_draws,
    single_arm,
)
from onearm.physiology.calibration.targets import TARGETS, CalibrationTarget
from onearm.physiology.calibration.uncontrolled import End, Entry, ends
from onearm.physiology.host.parameters import default_parameters
from onearm.physiology.host.patient import draw_patients, simulate_patients
from onearm.physiology.purpose import Efficacy, Purpose
from onearm.physiology.randomness import Key

PAGE = Path(__file__).parents[2] / "docs" / "calibration" / "host.md"
WHY = Purpose.METHOD_VALIDATION
ROWS = np.arange(12)


# what it is calibrated to
def test_a_target_is_an_aggregate_with_a_source():
    assert all(t.patients >= 10 and t.source for t in TARGETS)
    assert not any("BALMYS" in t.source or "80" in t.name for t in TARGETS)
    with pytest.raises(ValueError, match="9 patients"):
        CalibrationTarget("dead", 0.2, "share", 9, "a paper")
    with pytest.raises(ValueError, match="no source"):
        CalibrationTarget("dead", 0.2, "share", 10, " ")


def test_nothing_is_counted_without_a_purpose():
    with pytest.raises(TypeError):
        counted_rows(1, ROWS, prior_shares(1, ROWS))


def test_the_prior_lies_within_the_registry_and_spreads_the_hospitals():
    for share in (0.0, 1.0):
        known = parameters_at(np.full(len(CALIBRATED), share))
        for c in CALIBRATED:
            record = known.records[known.column(c.symbol)]
            told = record.spread if c.symbol == HOSPITAL_EFFECT else record.value
            assert told == pytest.approx(c.low if share == 0 else c.high)


def test_the_prior_shows_patients_one_could_meet():
    shares = prior_shares(3, np.arange(8))
    for row, share in enumerate(shares):
        draws = draw_patients(parameters_at(share), Key(3, row), np.arange(60), purpose=WHY)
        courses = simulate_patients(draws, purpose=WHY, days=np.arange(29.0), rtol=1e-5, failed_share=0.05)
        pf, crp = courses.marker("pf"), courses.marker("crp")
        assert np.nanmin(pf) >= 40 and np.nanmax(pf) <= 500 and np.nanmax(crp) < 600


# counting virtual cohorts as the published ones were
def test_the_same_row_shows_the_same_whatever_is_beside_it():
    shares = prior_shares(7, ROWS)
    shown = counted_rows(7, ROWS, shares, purpose=WHY)
    again = counted_rows(7, ROWS[5:6], shares[5:6], purpose=WHY)
    assert shown.shape == (12, len(TARGETS)) and np.isfinite(shown).all(axis=1).sum() >= 4
    assert np.array_equal(shown[5:6], again, equal_nan=True)
    inside = shown[np.isfinite(shown).all(axis=1)]
    assert ((inside[:, [0, 4, 6]] >= 0) & (inside[:, [0, 4, 6]] <= 1)).all()
    assert (inside[:, 1] <= inside[:, 2]).all() and (inside[:, 2] <= inside[:, 3]).all()
    assert ((inside[:, [5, 7]] > 0) & (inside[:, [5, 7]] <= 28)).all()


def test_a_higher_hazard_of_death_kills_more_and_a_stronger_steroid_fewer():
    middle = np.tile([0.5, 0.5, 0.3, 0.5, 0.4, 0.4, 0.1], (6, 1))
    names = [c.symbol for c in CALIBRATED]

    def mean(symbol, share, target):
        changed = middle.copy()
        changed[:, names.index(symbol)] = share
        return np.nanmean(counted_rows(11, np.arange(6), changed, purpose=WHY)[:, target])

    assert mean("h0", 0.8, 0) > mean("h0", 0.2, 0) + 0.2
    assert mean("w_s", 0.9, 8) < mean("w_s", 0.05, 8) - 0.1


# the procedure on its own draws
def toy(rows=6000, seed=1):
    """Uniform places on (0, 1); shown: ten times the place plus noise of SD 1."""
    rng = np.random.default_rng(seed)
    shares = rng.uniform(size=(rows, 2))
    return table_of(shares, 10 * shares + rng.normal(size=(rows, 2)))


def test_the_posterior_is_the_one_that_can_be_written_down():
    found = posterior(toy(), np.array([5.0, 5.0]))
    assert found.middle == pytest.approx([0.5, 0.5], abs=0.02)
    assert found.spread == pytest.approx([0.1, 0.1], rel=0.15)
    assert found.quantile(0.95) - found.quantile(0.05) == pytest.approx([0.329, 0.329], rel=0.15)


def test_ranks_are_uniform_and_tell_when_the_procedure_is_wrong():
    table = toy()
    rows = np.arange(200)
    assert (rank_p(ranks(table, rows, Key(5, 5))) > 0.01).all()
    shifted = table_of(np.clip(table.shares - 0.08, 1e-9, 1), table.shown)
    found = np.array([posterior(table, shifted.shown[r], without=r).draws(99, Key(5, 5), r) for r in rows])
    told = (found < shifted.shares[rows][:, None, :]).sum(axis=1)
    assert (rank_p(told) < 0.01).all()


def test_a_table_too_small_says_so():
    with pytest.raises(ValueError, match="larger table"):
        posterior(toy(rows=100), np.array([5.0, 5.0]))


def test_tails_are_two_sided():
    shown = np.arange(100.0)[:, None]
    assert tails(shown, np.array([49.5])) == pytest.approx([1.0])
    assert tails(shown, np.array([-1.0])) == pytest.approx([0.0])
    assert tails(shown, np.array([97.5])) == pytest.approx([0.04])


# the page and the registry
def test_the_registry_holds_what_the_page_says_and_every_check_passed():
    text = PAGE.read_text(encoding="utf-8")
    known = default_parameters()
    number = r"(-?[\d.]+)"
    for c in CALIBRATED:
        told = rf"^\| {c.symbol}: .*\| {number} \({number} to {number}\) \|[^|]*\| {number} \| {number} \|$"
        _, low, high, used, chance = (float(x) for x in re.search(told, text, re.M).groups())
        record = known.records[known.column(c.symbol)]
        assert used == (record.spread if c.symbol == HOSPITAL_EFFECT else record.value)
        assert low < used < high and chance > 0.01
    for target in TARGETS:
        row = next(line for line in text.splitlines() if line.startswith(f"| {target.name} |"))
        assert float(row.split("|")[4]) > 0.05, row


# thirteen without controls
def test_without_effect_nobody_is_moved_and_the_less_severe_do_better():
    known, key = default_parameters(), Key(9, 1)
    at_random = ends(known, key, 400, Entry("at random"), purpose=WHY)
    nothing = ends(known, key, 400, Entry("at random"), purpose=WHY, efficacy=Efficacy(0.0, "a test", "no effect"))
    assert np.array_equal(at_random, nothing) and at_random.size > 40
    chosen = [ends(known, Key(9, k), 600, ENTRIES[1], purpose=WHY) for k in range(4)]
    plain = [ends(known, Key(9, k), 600, ENTRIES[0], purpose=WHY) for k in range(4)]
    assert (np.concatenate(chosen) == End.EXTUBATED).mean() > (np.concatenate(plain) == End.EXTUBATED).mean()


def test_the_published_picture_is_counted_over_whole_groups():
    shares = prior_shares(2, np.array([3, 4]))
    found = published_picture(shares, ENTRIES[0], seed=2, purpose=WHY)
    assert found.groups > 3 and 0 <= found.both <= min(found.few_dead, found.many_extubated) <= 1
    assert found.mean_dead + found.mean_extubated <= 1


def test_thirteen_give_a_ridge_and_no_estimate():
    shares = np.tile([0.4, 0.5, 0.4, 0.6, 0.4, 0.4, 0.5], (12, 1))
    drawn = ridge_draws(shares, Entry("at random"), seed=4, first=0, purpose=WHY)
    assert np.isfinite(drawn.dead).sum() >= 10
    some = np.flatnonzero(np.isfinite(drawn.dead))[0]
    told = single_arm(drawn, int(drawn.dead[some]), int(drawn.extubated[some]))
    assert told.status == NOT_IDENTIFIED and len(told.ridges) == 3
    assert not {f.name for f in fields(SingleArm)} & {"estimate", "emax", "value", "mean"}
    for one in told.ridges:
        assert sum(map(sum, one.posterior.mass)) == pytest.approx(1) == sum(map(sum, one.prior.mass))
    with pytest.raises(ValueError, match="draw more"):
        single_arm(drawn, 13, 13)
    assert isinstance(drawn, RidgeDraws)
