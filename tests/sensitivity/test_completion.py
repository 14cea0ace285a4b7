"""Unresolved patients completed: by hand, at the edges, and as often right as it says."""

from itertools import product

import numpy as np
import polars as pl
import pytest
from scipy.stats import kstest

from onearm.cohort.analysis_set import NEVER, PEOPLE, SETS, AnalysisSet
from onearm.results.status import Status
from onearm.sensitivity.completion import completion

NO_SETS = pl.DataFrame({"set_id": [], "treated": [], "control": []}, schema=SETS)


def world(people, *, horizon=4, potential=NEVER):
    """(start, end, event) each; the sets play no part."""
    start, end, event = (list(column) for column in zip(*people, strict=True))
    size = len(people)
    columns = {
        "person": [f"P{k}" for k in range(size)],
        "source": ["own"] * size,
        "centre": ["A"] * size,
        "zero_date": [None] * size,
        "start_day": start,
        "spell_days": end,
        "end_day": end,
        "event": event,
        "potential_days": [potential] * size,
    }
    return AnalysisSet(pl.DataFrame(columns, schema=PEOPLE), NO_SETS, horizon, "index", "0" * 64)


#: Day 3: one of four dies and one leaves; day 4: one of two dies.
UNTREATED = [(NEVER, 3, 1), (NEVER, 4, 1), (NEVER, 3, 2), (NEVER, 4, 0)]


def test_one_open_patient_by_hand():
    """1/4 on day 3, and 1/2 of the half that is still there on day 4: 1/2."""
    found = completion(world([*UNTREATED, (0, 2, 0)]), hazard_ratios=(1.0, 0.5))
    same, half = found.completed
    assert (found.deaths_so_far, found.unresolved, found.n_treated) == (0, 1, 1)
    assert same.mass == pytest.approx((0.5, 0.5))
    assert (same.expected, same.lower, same.upper) == (pytest.approx(0.5), 0, 1)
    # 1/8, then 1/4 of the 5/8 still there
    assert half.expected == pytest.approx(1 / 8 + 5 / 8 / 4)


def test_deaths_so_far_are_added_and_two_open_convolved():
    found = completion(world([*UNTREATED, (0, 2, 0), (0, 3, 0), (0, 1, 1), (0, 1, 2)]), hazard_ratios=(1.0,))
    assert (found.deaths_so_far, found.unresolved) == (1, 2)
    chances = (1 / 2, 1 / 2)  # the one seen on day 3 has day 4 to go
    by_hand = [0.0, 0.0, 0.0]
    for fate in product((0, 1), repeat=2):
        by_hand[sum(fate)] += np.prod([c if f else 1 - c for c, f in zip(chances, fate, strict=True)])
    assert found.completed[0].mass == pytest.approx(by_hand)
    assert found.completed[0].expected == pytest.approx(2.0)
    assert (found.completed[0].lower, found.completed[0].upper) == (1, 3)


def test_nobody_open_leaves_the_deaths_as_they_are():
    (same, *_) = completion(world([*UNTREATED, (0, 1, 1), (0, 2, 2)])).completed
    assert (same.mass, same.expected, same.lower, same.upper) == ((1.0,), 1.0, 1, 1)


def test_open_at_the_horizon_is_resolved_and_open_at_the_data_lock_is_not():
    assert completion(world([*UNTREATED, (0, 4, 0)])).unresolved == 0
    (same,) = completion(world([*UNTREATED, (0, 2, 0)], potential=2), hazard_ratios=(1.0,)).completed
    assert same.mass == pytest.approx((0.5, 0.5))


def test_beyond_the_untreated_it_is_refused_with_what_to_do():
    found = completion(world([*UNTREATED, (0, 2, 0)], horizon=9))
    assert (found.status, found.completed) == (Status.REFUSED, ())
    assert "day 4" in found.remedy
    assert "day 9" in found.remedy


def test_nobody_treated_or_nobody_untreated():
    assert completion(world(UNTREATED)).status is Status.NO_PATIENTS
    assert completion(world([(0, 2, 0)])).status is Status.ONE_ARM


def test_a_ratio_that_would_pass_one_a_day_stops_at_one():
    (ten,) = completion(world([*UNTREATED, (0, 2, 0)]), hazard_ratios=(10.0,)).completed
    assert ten.mass == pytest.approx((0.0, 1.0))


def test_order_of_the_rows_does_not_matter():
    people = [*UNTREATED, (0, 2, 0), (0, 3, 0), (0, 1, 1)]
    assert completion(world(people)) == completion(world(people[::-1]))


def test_ninety_percent_covers_the_final_deaths_when_nothing_works():
    """300 null wards, the treated cut open at random: evidence.md asks 87 % or more of a 90 % interval."""
    rng, covered, pit = np.random.Generator(np.random.Philox(key=20260711)), [], []
    for _ in range(300):
        untreated, treated = (_fates(rng, size) for size in (150, 13))
        start = rng.integers(0, np.minimum(treated[0], 9) + 1)
        final = int(((treated[1] == 1) & (treated[0] <= start + 28)).sum())
        cut = start + rng.integers(3, 28, 13)
        end, event = np.where(treated[0] > cut, cut, treated[0]), np.where(treated[0] > cut, 0, treated[1])
        people = [(NEVER, *p) for p in zip(*untreated, strict=True)] + list(zip(start, end, event, strict=True))
        (same,) = completion(world(people, horizon=28), hazard_ratios=(1.0,)).completed
        covered.append(same.lower <= final <= same.upper)
        more, below = final - int(((event == 1) & (end <= start + 28)).sum()), np.cumsum((0, *same.mass))
        pit.append(below[more] + rng.random() * same.mass[more])
    assert np.mean(covered) >= 0.87
    assert kstest(pit, "uniform").pvalue > 0.01


def _fates(rng, size):
    """Day and kind of the end: 3 % die and 5 % leave a day."""
    dies, leaves = (rng.geometric(h, size) - 1 for h in (0.03, 0.05))
    return np.minimum(dies, leaves), np.where(dies <= leaves, 1, 2)
