from fractions import Fraction

import numpy as np
import pytest
from analysis_worlds import read_reference

from onearm.estimators.multistate import CENSORED, occupation


def ventilation():
    """Stays in half-day ticks from the transition rows."""
    moves = {}
    for r in read_reference("icu_ventilation_transitions.csv"):
        target = CENSORED if r["to"] == "cens" else int(r["to"])
        moves.setdefault(r["id"], []).append((round(2 * float(r["time"])), int(r["from"]), target))
    stays = []
    for rows in moves.values():
        entered = 0
        for left, state, to in sorted(rows):
            stays.append((entered, left, state, to))
            entered = left
    return np.array(stays).T


@pytest.fixture(scope="module")
def result():
    return occupation(*ventilation(), states=3, last_tick=100)


@pytest.mark.parametrize("row", read_reference("icu_ventilation_occupation.csv"))  # made by icu_ventilation.R
def test_state_occupation_matches_etm(result, row):
    at = (2 * int(row["day"]), int(row["from"]), int(row["to"]))
    assert result.probability[at] == pytest.approx(float(row["value"]), abs=1e-9)
    assert result.se[at] == pytest.approx(float(row["se"]), abs=1e-9)


def test_published_digits_of_the_table(result):
    assert [round(float(result.probability[2 * d, 1, 2]), 4) for d in (3, 5, 10, 20, 30, 50)] == [
        0.0687, 0.1682, 0.4039, 0.6763, 0.8118, 0.9213,
    ]  # fmt: skip
    assert round(float(result.se[20, 1, 2]), 4) == 0.0214


def test_rows_are_distributions_and_nobody_leaves_the_end(result):
    assert result.probability.sum(-1) == pytest.approx(1, abs=1e-12)
    assert np.all(result.probability >= -1e-15) and np.all(result.probability[:, 2, 2] == 1)


def test_five_stays_with_a_tie_as_fractions():
    # ticks: A 0->1 at 2, 1->2 at 4; B 0->2 at 2; C 0 censored at 3; D 1->0 at 2, 0->2 at 4
    stays = [(2, 4, 1, 2), (0, 2, 0, 1), (0, 2, 0, 2), (2, 4, 0, 2), (0, 3, 0, CENSORED), (0, 2, 1, 0)]
    p = occupation(*np.array(stays).T, states=3, last_tick=4).probability
    assert p[2, 0] == pytest.approx([1 / 3, 1 / 3, 1 / 3]) and p[2, 1] == pytest.approx([1, 0, 0])
    one = Fraction(1)
    assert p[4, 0] == pytest.approx([0, 0, float(one)])  # at 4 D (state 0) and A (state 1) both end


def test_a_later_start_uses_later_moves_only():
    stays = np.array([(0, 2, 0, 1), (0, 3, 0, 2), (2, 5, 1, 2)]).T
    late = occupation(*stays, states=3, from_tick=2, last_tick=5)
    assert late.probability[1, 0] == pytest.approx([0, 0, 1]) and late.probability[3, 1] == pytest.approx([0, 0, 1])


def test_row_order_never_matters(result):
    stays = ventilation()
    other = occupation(*stays[:, np.random.default_rng(2).permutation(stays.shape[1])], states=3, last_tick=100)
    assert np.array_equal(other.probability, result.probability) and np.array_equal(other.se, result.se)


def test_stays_without_length_are_refused():
    with pytest.raises(ValueError, match="finer ticks"):
        occupation(*np.array([(2, 2, 0, 1)]).T, states=3, last_tick=4)
    with pytest.raises(ValueError, match=r"states are 0\.\.2"):
        occupation(*np.array([(0, 2, 0, 3)]).T, states=3, last_tick=4)
