from itertools import combinations

import numpy as np
import pytest
from analysis_worlds import shuffled, stanford
from hypothesis import given, settings
from hypothesis import strategies as st
from test_risk_set_test import X1, X2, thirteen

from onearm.estimators.attributable import _enumerated, _ranked, attributable, attributable_of_counts, kept_numbers
from onearm.estimators.risk_set_test import chance, tails


@pytest.mark.parametrize(("deaths", "lower", "upper"), [(X1, -1, 7), (X2, 2, 10)])
def test_the_two_worked_examples(deaths, lower, upper):
    result = attributable_of_counts(thirteen(deaths))
    assert (result.lower, result.upper, result.approximate) == (lower, upper, False)
    assert result.kept == tuple(range(lower, upper + 1))
    assert result.estimate == pytest.approx(sum(deaths) / 6 - 2, abs=1e-12)


def test_the_sentence_names_more_and_fewer():
    assert attributable_of_counts(thirteen(X1)).sentence == "between 1 more and 7 fewer deaths"


def plain(deaths, controls, died, tail=0.025):
    """Every choice, one test each."""
    t, n, kept = int(died.sum()), len(died), []
    for a in range(-t, n - t + 1):
        pool = np.flatnonzero(~died if a > 0 else died)
        low = high = 0.0
        for chosen in combinations(pool, abs(a)):
            changed = deaths.copy()
            changed[list(chosen)] += np.sign(a)
            at_most, _, at_least, _ = tails(chance(changed, controls), t + a)
            low, high = max(low, at_most), max(high, at_least)
        if low > tail and high > tail:
            kept.append(a)
    return tuple(kept)


rows = st.lists(st.tuples(st.integers(1, 8), st.floats(0, 1), st.booleans()), min_size=2, max_size=7)


@settings(deadline=None, max_examples=40)
@given(rows)
def test_halves_give_the_same_as_one_test_per_choice(rows):
    m, died = np.array([r[0] for r in rows]), np.array([r[2] for r in rows])
    d = np.round(m * np.array([r[1] for r in rows])).astype(int) + died
    kept = kept_numbers(d, m, died)
    assert kept == plain(d, m, died)
    # swapping dead and alive mirrors deaths averted and caused
    assert kept_numbers(m + 1 - d, m, ~died) == tuple(sorted(-a for a in kept))


def test_ranking_stays_close_to_enumeration():
    rng = np.random.default_rng(1)
    m, died = rng.integers(3, 60, 16), rng.random(16) < 0.4
    d = rng.binomial(m, 0.4) + died
    for sign, pool in ((1, ~died), (-1, died)):
        exact, ranked = (f(d, m, pool, sign, int(died.sum())) for f in (_enumerated, _ranked))
        assert ranked[0] == pytest.approx(exact[0], abs=1e-3) and ranked[1] == pytest.approx(exact[1], abs=1e-3)
        assert np.all(ranked[0] <= exact[0] + 1e-12) and np.all(ranked[1] <= exact[1] + 1e-12)


def test_beyond_20_treated_it_says_approximate():
    result = attributable(stanford())
    assert result.approximate and result.lower <= result.estimate <= result.upper
    assert attributable(shuffled(stanford(), 5)) == result
