"""The naive analyses against counting by hand, and how far off they are."""

import math

import numpy as np
import pytest

from onearm.design.cells import Cell
from onearm.design.naive import NAIVE, binomial_at_most, hypergeometric_at_most, naive
from onearm.design.scenarios import SCENARIO
from onearm.design.trials import draw_batch


def test_binomial_and_hypergeometric_against_their_sums():
    k, n = np.array([0, 2, 13]), np.array([13, 13, 13])
    by_hand = [sum(math.comb(13, i) * 0.2**i * 0.8 ** (13 - i) for i in range(x + 1)) for x in k]
    assert binomial_at_most(k, n, np.full(3, 0.2)) == pytest.approx(by_hand)
    assert np.isnan(binomial_at_most(k, n, np.full(3, np.nan))).all()
    # 3 marked of 10, 4 drawn
    ways = [math.comb(3, i) * math.comb(7, 4 - i) / math.comb(10, 4) for i in range(4)]
    at_most = hypergeometric_at_most(np.arange(4), np.full(4, 3), np.full(4, 4), np.full(4, 10))
    assert at_most == pytest.approx(np.cumsum(ways))
    # 8 drawn of 10: one marked at least
    assert hypergeometric_at_most(np.array([0, 1]), np.full(2, 3), np.full(2, 8), np.full(2, 10)) == pytest.approx(
        [0, math.comb(3, 1) * math.comb(7, 7) / math.comb(10, 8)]
    )


def rates(id, population="separate", n_treated=13, count=300):
    batch = draw_batch(Cell(SCENARIO[id], population, n_treated, 150), seed=4, first=0, count=count)
    return {name: values.mean() for name, values in naive(batch).items()}


def test_naive_analyses_find_an_effect_where_there_is_none():
    """Evidence 6.3: deaths so far against 80 % in 99.7 %; person time in 21.7 %, under S2 in 43.9 %."""
    null, chosen = rates("S0", "same_cohort"), rates("S2.rho100", "same_cohort")
    assert null["deaths_so_far"] > 0.95
    assert 0.15 < null["person_time"] < 0.35
    assert 0.35 < chosen["person_time"] < 0.6
    assert rates("S11")["resolved_only"] > 0.3
    assert rates("S15", n_treated=40)["more_doses"] > 0.15
    crowded = draw_batch(Cell(SCENARIO["S0.followed"], "same_cohort", 40, 150), seed=4, first=0, count=1000)
    assert naive(crowded)["never_treated"].mean() > 0.07
    dying = rates("S6.lag0", n_treated=40)
    assert dying["dying_are_controls"] > dying["never_treated"]


def test_every_naive_analysis_is_told_in_words():
    assert set(rates("S6.lag0", count=5)) == set(NAIVE)
