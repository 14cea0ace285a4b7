"""Pseudo-treated draws: nothing given, little found; an effect put in, found more often the stronger it is."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from onearm.cohort.analysis_set import NEVER, PEOPLE, SETS, AnalysisSet
from onearm.estimators.follow_up import set_pairs, treated_follow_up
from onearm.sensitivity.error_rates import _World, error_rates


def ward(rng, treated=13, untreated=150, death=0.03, leave=0.05):
    """Constant daily hazards, nobody helped; treatment on day 0 to 9 of those still there."""
    n = treated + untreated
    dies, leaves = (rng.geometric(h, n) - 1 for h in (death, leave))
    end, event = np.minimum(dies, leaves), np.where(dies <= leaves, 1, 2)
    event, end = np.where(end > 60, 0, event), np.minimum(end, 60)
    start = np.full(n, NEVER)
    for k in range(treated):
        start[k] = rng.integers(0, min(9, end[k]) + 1)
    people = {
        "person": [f"P{k:03d}" for k in range(n)],
        "source": ["ward"] * n,
        "centre": ["A"] * n,
        "zero_date": [None] * n,
        "start_day": start,
        "spell_days": end,
        "end_day": end,
        "event": event,
        "potential_days": np.full(n, NEVER),
    }
    pairs = [(i, j) for i in range(treated) for j in range(n) if start[j] > start[i] and end[j] >= start[i]]
    sets = {"set_id": [i for i, _ in pairs], "treated": [i for i, _ in pairs], "control": [j for _, j in pairs]}
    return AnalysisSet(pl.DataFrame(people, schema=PEOPLE), pl.DataFrame(sets, schema=SETS), 28, "index", "0" * 64)


@pytest.fixture(scope="module")
def found():
    data = ward(np.random.default_rng(7))
    return data, error_rates(data, draws=2000, seed=3, hazard_ratios=(1.0, 0.5, 0.2, 0.0))


def test_nothing_given_is_called_an_effect_at_most_as_often_as_alpha(found):
    (ratio, rejected), *_ = found[1].rejected
    assert ratio == 1.0 and rejected / 2000 <= 0.05 + 3 * (0.05 * 0.95 / 2000) ** 0.5


def test_a_stronger_effect_is_found_more_often(found):
    shares = [k / 2000 for _, k in found[1].rejected]
    assert shares == sorted(shares) and shares[1] > shares[0] + 0.05 and shares[3] > 0.9


def test_the_same_seed_gives_the_same_rates_in_any_order(found):
    data, rates = found
    order = np.random.default_rng(1).permutation(data.people.height)
    place = np.argsort(order).astype(np.int32)
    moved = data.sets.with_columns(
        pl.Series(side, place[data.sets[side].to_numpy()]) for side in ("treated", "control")
    )
    shuffled = replace(data, people=data.people[order.tolist()], sets=moved.sample(fraction=1, shuffle=True, seed=2))
    assert error_rates(shuffled, draws=200, seed=3) == error_rates(data, draws=200, seed=3)
    assert rates.n_treated == 13 and rates.draws == 2000


def test_the_outcome_of_the_treated_plays_no_part(found):
    data, _ = found
    dead = data.people.with_columns(
        pl.when(pl.col("start_day") < NEVER).then(1).otherwise(pl.col("event")).cast(pl.Int8).alias("event")
    )
    one, other = (error_rates(replace(data, people=p), draws=100, seed=5) for p in (data.people, dead))
    assert abs(one.rejected[0][1] - other.rejected[0][1]) <= 5  # only as a control of those treated before


def test_a_thinned_death_meets_the_hazards_of_the_days_after_by_hand():
    # two untreated: dies on day 1, leaves on day 3; the treated is there until day 9, Z = 0, h = 3
    people = [("T", 0, 9, 0), ("A", NEVER, 1, 1), ("B", NEVER, 3, 2), ("C", NEVER, 3, 1), ("D", NEVER, 9, 0)]
    table = pl.DataFrame(
        [
            {
                "person": p,
                "source": "w",
                "centre": "A",
                "zero_date": None,
                "start_day": z,
                "spell_days": t,
                "end_day": t,
                "event": e,
                "potential_days": NEVER,
            }
            for p, z, t, e in people
        ],
        schema=PEOPLE,
    )
    sets = pl.DataFrame({"set_id": [0] * 4, "treated": [0] * 4, "control": [1, 2, 3, 4]}, schema=SETS)
    data = AnalysisSet(table, sets, 3, "index", "0" * 64)
    treated = treated_follow_up(data)
    world = _World.of(data, treated, set_pairs(data, treated))
    # untreated at risk: 4 on days 0 and 1, 3 on days 2 and 3; one death on day 1, one death and one leaving on day 3
    assert world.death.tolist() == pytest.approx([0, 1 / 4, 0, 1 / 3, 0][: len(world.death)])
    assert world.leave.tolist() == pytest.approx([0, 0, 0, 1 / 3, 0][: len(world.leave)])
    # A's death on day 1 is kept with 1/2; spared, it meets day 3 with half of 1/3
    assert world.kept(0.5).tolist() == pytest.approx([1 / 2 + 1 / 2 * 1 / 6, 0, 1 / 2, 0])
    assert world.kept(1.0).tolist() == [1, 0, 1, 0]


def test_a_set_with_one_control_is_left_out():
    data = ward(np.random.default_rng(1), treated=6, untreated=60)
    lone = data.sets.filter(pl.col("set_id") == 0).head(1)
    found = error_rates(replace(data, sets=pl.concat([lone, data.sets.filter(pl.col("set_id") > 0)])), draws=50, seed=1)
    without = error_rates(replace(data, sets=data.sets.filter(pl.col("set_id") > 0)), draws=50, seed=1)
    assert found == without and found.n_treated == 5


def test_nothing_but_sets_with_one_control_gives_no_rates():
    data = ward(np.random.default_rng(1), treated=2, untreated=20)
    first = data.sets.filter(pl.col("set_id") == 0).head(1)
    assert error_rates(replace(data, sets=first), draws=100, seed=1) is None
