"""The level of one virtual trial is that of its matched sets."""

from dataclasses import replace

from onearm.design.calibrate import run_block
from onearm.design.cells import Cell
from onearm.design.levels import VERDICT, level
from onearm.design.one_trial import one_trial
from onearm.design.scenarios import SCENARIO
from onearm.design.trials import draw_batch
from onearm.study.trial_level import SAP, matched_trial, trial_level


def test_level_3_is_given_as_trial_level_gives_it():
    batch = draw_batch(Cell(SCENARIO["E.hr20"], "same_cohort", 13, 150), seed=2, first=0, count=5)
    for k in range(batch.trials):
        trial = one_trial(batch, k)
        whole = trial_level(matched_trial(trial.data), replace(SAP, seed=trial.seed))
        assert level(trial)["level3"] == (whole.level in ("L3", "L4"))
        assert level(trial)["reject"] == (whole.headline.primary.p <= 0.05)


def test_it_is_an_analysis_like_the_others():
    cell = Cell(SCENARIO["S4.x140"], "separate", 13, 60)
    tallies = run_block(cell, seed=1, first=0, count=3, analyses=(VERDICT,)).tallies
    assert set(tallies) == {"verdict.level3", "verdict.reject", "verdict.reject_at_gamma", "verdict.refused"}
    assert not one_trial(draw_batch(cell, seed=1, first=0, count=1), 0).same_setting
