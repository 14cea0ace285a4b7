"""The null gauntlet: in worlds without an effect every estimator says none, or a named assumption is broken.

An estimator that reads treatment by its day holds 0 within three Monte Carlo errors where nobody was chosen. Where the
less ill were, those that see no severity are wrong, as they say in their assumptions, and those that see it are not.
"""

from dataclasses import replace

import numpy as np
import pytest
from null_worlds import WORLDS, null_world

from onearm.estimators.aalen_johansen import aalen_johansen
from onearm.estimators.attributable import attributable
from onearm.estimators.days_free import days_free
from onearm.estimators.landmark import landmark
from onearm.estimators.observed_expected import observed_expected
from onearm.estimators.one_sample_logrank import one_sample_logrank
from onearm.estimators.prognosis import prognosis
from onearm.estimators.risk_set_test import risk_set_test
from onearm.estimators.score_matching import score_pairs, within_caliper
from onearm.estimators.time_dependent_cox import ever_treated_cox, time_dependent_cox
from onearm.estimators.win_odds import win_odds
from onearm.study.trial_level import matched_trial, trial_level


def matched(data):
    """Within the caliper of the prognostic score; the unmatched drop out."""
    pairs = score_pairs(data, score) if (score := prognosis(data, ridge=1.0)).coefficients else None
    return data if pairs is None else within_caliper(data, pairs)


def _log(ratio):
    return None if ratio is None or ratio <= 0 else float(np.log(ratio))


def _excess(data):
    test = risk_set_test(data)
    return test.observed - test.expected


BY_DAY = {
    "risk_set_test": _excess,
    "attributable": lambda data: attributable(data).averted,
    "aalen_johansen": lambda data: aalen_johansen(data).difference,
    "time_dependent_cox": lambda data: _log(time_dependent_cox(data).hazard_ratio),
    "landmark": lambda data: landmark(data, day=5).risk_difference,
    "one_sample_logrank": lambda data: _log(one_sample_logrank(data).ratio),
    "days_free": lambda data: (
        None if (f := days_free(data, seed=1)).against is None else f.against.days_alive.difference
    ),
    "win_odds": lambda data: _log(win_odds(data).odds),
}
WITH_SEVERITY = {
    "risk_set_test in caliper": lambda data: _excess(matched(data)),
    "observed_expected": lambda data: (
        None if (o := observed_expected(data, redraws=2)).ratio is None else o.observed - o.expected
    ),
}
SLOW = ("days_free", "win_odds")  # exact permutations


def errors_from_0(name, world):
    """Mean over the replicates, in Monte Carlo errors."""
    seeds, persons = (range(25), 70) if name in SLOW else (range(40), 300)
    told = [(BY_DAY | WITH_SEVERITY)[name](null_world(world, seed, persons)) for seed in seeds]
    told = [v for v in told if v is not None]
    assert len(told) > 0.7 * len(seeds)
    return float(np.mean(told) / (np.std(told, ddof=1) / len(told) ** 0.5))


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("name", [*BY_DAY, *WITH_SEVERITY])
def test_no_effect_is_found_where_there_is_none(name, world):
    off = errors_from_0(name, world)
    if world == "confounded" and name in BY_DAY:
        assert abs(off) > 3, "a broken assumption that does not show is not broken"
    else:
        assert abs(off) <= 3


@pytest.mark.parametrize(("last", "told"), [(10_000, 0.73), (28, 0.59)])
def test_the_wrong_form_is_wrong_by_as_much_as_the_design_says(last, told):
    found = [ever_treated_cox(null_world("late_start", seed, 600, last=last)).hazard_ratio for seed in range(20)]
    assert np.exp(np.mean(np.log(found))) == pytest.approx(told, abs=0.03)


def test_a_gate_fires_where_the_less_ill_were_chosen_and_nobody_looked():
    data = null_world("confounded", 1)
    blind = replace(data, x=None, covariates=())
    assert "G7" in trial_level(matched_trial(blind), draws=200).failed
