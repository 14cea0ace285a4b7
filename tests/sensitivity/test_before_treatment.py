"""What no treatment can have changed: ranks within sets, placebo in time, choice of comparators."""

from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np
import polars as pl
import pytest

from onearm.cohort.analysis_set import NEVER, PEOPLE, SETS, AnalysisSet
from onearm.estimators.prognosis import Prognosis
from onearm.estimators.risk_set_test import risk_set_test
from onearm.sensitivity.admission_sweep import admission_sweep
from onearm.sensitivity.placebo_in_time import placebo_in_time, placebo_p
from onearm.sensitivity.within_set_ranks import set_ranks

SCORE = Prognosis(("w",), (0.0,), (1.0,), ((-4.0, 0.0, 0.0, 0.8), (-3.0, 0.0, 0.0, 0.0)), last_day=40)


def ward(sets=8, controls=4, start=6, sources=("ward",)):
    """`sets` treated on day `start`, each with its own controls; the outcome is death on day 20 for every third."""
    n = sets * (controls + 1)
    treated = np.arange(n) % (controls + 1) == 0
    people = {
        "person": [f"P{k:03d}" for k in range(n)],
        "source": [sources[k % len(sources)] for k in range(n)],
        "centre": ["A"] * n,
        "zero_date": [None] * n,
        "start_day": np.where(treated, start, NEVER),
        "spell_days": np.full(n, 40),
        "end_day": np.where(np.arange(n) % 3 == 0, 20, 40),
        "event": np.where(np.arange(n) % 3 == 0, 1, 0),
        "potential_days": np.full(n, NEVER),
    }
    index = np.repeat(np.flatnonzero(treated), controls)
    pairs = {"set_id": np.repeat(np.arange(sets), controls), "treated": index, "control": np.flatnonzero(~treated)}
    return AnalysisSet(pl.DataFrame(people, schema=PEOPLE), pl.DataFrame(pairs, schema=SETS), 28, "index", "0" * 64)


def test_places_and_p_by_hand():
    data = ward(sets=5, controls=2)
    mine, theirs = np.repeat([0.0, 0, 0, 0, 3], 2), np.array([1.0, 2, 1, 2, 1, 2, 1, 2, 1, 2])
    found = set_ranks(data, mine, theirs, seed=1)
    assert found.place == pytest.approx(1 / 5) and found.sets == 5
    # every member of a set equally likely: places 0, 1/2, 1 in each of five sets
    means = [Fraction(sum(c), 10) for c in product(range(3), repeat=5)]
    exact = Fraction(sum(abs(m - Fraction(1, 2)) >= Fraction(3, 10) for m in means), len(means))
    assert found.p == pytest.approx(float(exact), abs=3 * 0.005)


def test_all_alike_gives_a_half_and_p_1():
    data = ward()
    n = data.sets.height
    assert set_ranks(data, np.ones(n), np.ones(n), seed=1) == replace(set_ranks(data, np.ones(n), np.ones(n), seed=2))
    found = set_ranks(data, np.ones(n), np.ones(n), seed=1)
    assert (found.place, found.p) == (0.5, 1.0)


def test_too_few_sets_have_a_place_and_no_p():
    found = set_ranks(ward(sets=3, controls=2), np.zeros(6), np.ones(6), seed=1)
    assert found.place == 0 and found.p is None
    none = set_ranks(ward(sets=3, controls=2), np.full(6, np.nan), np.ones(6), seed=1)
    assert (none.sets, none.place, none.p) == (0, None, None)


def with_history(data, before):
    """Covariate w: the same in a set on the index day, `before` apart (treated minus control) until then."""
    x = np.zeros((data.people.height, 50, 1), dtype=np.float32)
    rng = np.random.default_rng(4)
    x[:, :, 0] = rng.normal(size=(data.people.height, 1))
    treated = data.treated
    x[treated, :6, 0] += before
    return replace(data, x=x, covariates=("w",))


def test_another_course_before_treatment_is_seen_and_the_same_one_is_not():
    ill = placebo_in_time(with_history(ward(sets=20), 3.0), SCORE, seed=5)
    assert [one.shift for one in ill] == [2, 3, 5] and all(one.ranks.place > 0.8 for one in ill)
    assert placebo_p(ill) < 0.01
    same = placebo_in_time(with_history(ward(sets=20), 0.0), SCORE, seed=5)
    assert placebo_p(same) > 0.05


def test_whoever_is_treated_too_early_has_no_day_before():
    early = placebo_in_time(with_history(ward(start=1), 3.0), SCORE, seed=5)
    assert all(one.ranks.sets == 0 for one in early) and placebo_p(early) is None


def test_no_difference_is_called_one_at_most_as_often_as_alpha():
    p = [placebo_p(placebo_in_time(with_history(ward(sets=13), 0.0), SCORE, seed=s)) for s in range(1)]
    assert p[0] is not None
    calls = []
    for seed in range(120):
        data = ward(sets=13)
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(data.people.height, 50, 1)).astype(np.float32).cumsum(axis=1)
        calls.append(placebo_p(placebo_in_time(replace(data, x=x, covariates=("w",)), SCORE, seed=seed)) <= 0.05)
    assert np.mean(calls) <= 0.05 + 3 * (0.05 * 0.95 / 120) ** 0.5


def test_every_choice_of_sources_is_tried():
    data = ward(sets=9, controls=4, sources=("a", "b", "c"))
    found = admission_sweep(data)
    assert len(found.admitted) == 7 and found.admitted[-1] == ("a", "b", "c")
    assert found.p[-1] == risk_set_test(data).p
    assert admission_sweep(ward()) is None
