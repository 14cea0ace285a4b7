"""Caliper, nearest, optimal: who is alike, by hand and by rule."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prognosis_worlds import severity_ward

from onearm.cohort.analysis_set import NEVER
from onearm.estimators.balance import love_table
from onearm.estimators.optimal_matching import optimal_matching
from onearm.estimators.prognosis import Prognosis, logit, prognosis
from onearm.estimators.score_matching import at_most, nearest, score_pairs, unmatched, within_caliper
from onearm.results.status import Status


@pytest.fixture(scope="module")
def ward():
    data = severity_ward(4)
    score = prognosis(data)
    return data, score, score_pairs(data, score)


def chosen(data):
    return set(data.sets.drop_nulls("control").select("treated", "control").iter_rows())


def test_the_caliper_is_a_share_of_the_sd_over_distinct_control_days(ward):
    data, score, pairs = ward
    days = {(int(c), int(z)) for c, z in zip(pairs.control, pairs.day, strict=True)}
    values = [float(logit(score.risk(data.x[c, z][None], np.array([z]), np.array([28])))[0]) for c, z in sorted(days)]
    assert pairs.sd == pytest.approx(np.std(values, ddof=1), rel=1e-9)
    kept = chosen(within_caliper(data, pairs))
    expected = {
        (int(t), int(c))
        for t, c, d in zip(pairs.treated, pairs.control, pairs.distance, strict=True)
        if d <= 0.2 * pairs.sd
    }
    served = {t for t, _ in expected}
    expected |= {(t, c) for t, c in chosen(nearest(data, pairs, 1)) if t not in served}  # all within 1 SD here
    assert kept == expected and kept < chosen(data)


def test_a_wider_caliper_keeps_everybody_and_a_closed_one_the_nearest_up_to_1_sd(ward):
    data, _, pairs = ward
    assert chosen(within_caliper(data, pairs, 99)) == chosen(data)
    lone = within_caliper(data, pairs, -1)
    close = replace(pairs, score_control=pairs.score_treated + 0.5 * pairs.sd)
    assert chosen(lone) == chosen(nearest(data, pairs, 1))
    assert len(chosen(within_caliper(data, close, 0.2))) == 13
    far = replace(pairs, score_control=pairs.score_treated + 1.1 * pairs.sd)
    alone = within_caliper(data, far)
    assert chosen(alone) == set() and len(unmatched(alone)) == 13
    assert alone.sets["set_id"].n_unique() == 13


def test_the_nearest_are_the_nearest_and_ties_go_by_name(ward):
    data, _, pairs = ward
    kept = nearest(data, pairs, 3)
    for t in np.unique(pairs.treated):
        mine = pairs.treated == t
        order = sorted(
            zip(pairs.distance[mine], data.people["person"].gather(pairs.control[mine]).to_list(), strict=True)
        )
        names = {data.people["person"][int(c)] for i, c in chosen(kept) if i == t}
        assert names == {name for _, name in order[:3]}
    flat = replace(pairs, score_control=np.zeros(len(pairs.day)), score_treated=np.zeros(len(pairs.day)))
    first = {data.people["person"][int(c)] for t, c in chosen(nearest(data, flat, 1)) if t == pairs.treated[0]}
    mine = pairs.control[pairs.treated == pairs.treated[0]]
    assert first == {min(data.people["person"].gather(mine).to_list())}


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 2))
def test_matching_never_invents_a_pair_and_keeps_every_treated_patient(seed, caliper):
    data = severity_ward(seed, treated=5, untreated=60)
    score = Prognosis(("severity",), (0.0,), (1.0,), ((-4.0, 0.0, 0.0, 0.8), (-3.0, 0.0, 0.0, 0.0)), last_day=30)
    pairs = score_pairs(data, score)
    for kept in (within_caliper(data, pairs, caliper), nearest(data, pairs, 2)):
        assert chosen(kept) <= chosen(data)
        assert set(kept.sets["treated"]) == set(data.sets["treated"])


def test_a_fixed_draw_of_many_controls(ward):
    data, _, _ = ward
    few = at_most(data, 7)
    sizes = {t: sum(i == t for i, _ in chosen(few)) for t, _ in chosen(few)}
    assert set(sizes.values()) == {7} and chosen(few) < chosen(data)
    assert chosen(at_most(data, 7)) == chosen(few) and at_most(data, 10_000) is data


def test_optimal_matching_uses_nobody_twice_and_balances(ward):
    data, _, pairs = ward
    found = optimal_matching(data, pairs, per_treated=2, balance=0.1)
    kept = chosen(found.data)
    assert len(kept) == 26 and len({c for _, c in kept}) == 26 and found.proven
    rows = love_table(data, found.data).rows
    assert abs(rows[0].after) <= 0.13  # .1 SD of the controls, in pooled SD
    free = optimal_matching(data, pairs, per_treated=2, balance=9)
    assert free.distance <= found.distance + 1e-9


def test_optimal_matching_is_the_best_of_all_choices_by_hand():
    data = severity_ward(8, treated=3, untreated=60)
    score = Prognosis(("severity",), (0.0,), (1.0,), ((-4.0, 0.0, 0.0, 0.8), (-3.0, 0.0, 0.0, 0.0)), last_day=30)
    pairs = score_pairs(data, score)
    from itertools import product

    sets = [np.flatnonzero(pairs.treated == t) for t in np.unique(pairs.treated)]
    best = min(
        pairs.distance[list(c)].sum() for c in product(*sets) if len({int(pairs.control[k]) for k in c}) == len(sets)
    )
    found = optimal_matching(data, pairs, per_treated=1, balance=99)
    assert found.distance == pytest.approx(best, abs=1e-9)


def test_an_impossible_balance_is_refused_with_a_remedy(ward):
    data, _, pairs = ward
    found = optimal_matching(data, pairs, per_treated=30)
    assert found.status is Status.REFUSED and "fewer controls" in found.remedy and found.data is None


def test_balance_by_hand(ward):
    data, _, pairs = ward
    matched = within_caliper(data, pairs)
    table = love_table(data, matched)
    start = data.column("start_day")
    mean = {"treated": [], "similar": []}
    for t in sorted({t for t, _ in chosen(matched)}):
        mean["treated"].append(data.x[t, start[t], 0])
        mean["similar"].append(np.mean([data.x[c, start[t], 0] for i, c in chosen(matched) if i == t]))
    assert table.rows[0].treated == pytest.approx(np.mean(mean["treated"]), rel=1e-6)
    assert table.rows[0].similar == pytest.approx(np.mean(mean["similar"]), rel=1e-6)
    weight = {}
    for t, c in chosen(matched):
        weight[c] = weight.get(c, 0) + 1 / sum(i == t for i, _ in chosen(matched))
    w = np.array(list(weight.values()))
    assert table.effective_n == pytest.approx(w.sum() ** 2 / (w**2).sum())
    assert abs(table.rows[0].after) < 0.1 and table.largest == abs(table.rows[0].after)
    assert (start[list({t for t, _ in chosen(matched)})] < NEVER).all()
