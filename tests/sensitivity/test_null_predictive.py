import csv
from collections import Counter
from fractions import Fraction
from math import comb, floor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from onearm.sensitivity.null_predictive import SimilarSpells, null_predictive
from onearm.sensitivity.reported_days import fit_days

ISRAEL = Path(__file__).parents[2] / "examples/balmys19/comparators/israel/israel_covid_hospitalised.csv"
BALMYS19 = {"n": 13, "dead": 2, "unresolved": 4, "start": (7, 12), "follow_up": (16, 9), "bootstraps": 200, "seed": 1}


def spells(persons):
    return SimilarSpells(*np.array(persons, dtype=np.int64).reshape(-1, 3).T)


def ask(persons, **changes):
    return null_predictive(spells(persons), **BALMYS19 | changes)


def variants(result):
    return dict(result.variants)


# the same by loops over persons, written from the text alone: (spell, T, e), e = 1 dead, 2 left alive, 0 open


def dead_by(persons, z, c):
    """Landmark z: spell longer than z; events on z+1..z+c; leaving alive competes; flat when nobody is at risk."""
    there = [(end, event) for spell, end, event in persons if spell > z and end > z]
    alive, dead = 1.0, 0.0
    for day in range(z + 1, z + c + 1):
        at_risk = sum(end >= day for end, _ in there)
        if at_risk:
            dead += alive * sum(end == day and event == 1 for end, event in there) / at_risk
            alive *= 1 - sum(end == day and event != 0 for end, event in there) / at_risk
    return dead


def risk_of(persons, start_mass, follow_mass):
    kept = [z for z in range(61) if sum(spell > z and end > z for spell, end, _ in persons) >= 10]
    weight = sum(start_mass[z] for z in kept)
    return sum(
        start_mass[z] / weight * sum(follow_mass[c] * dead_by(persons, z, c) for c in range(61) if follow_mass[c])
        for z in kept
        if start_mass[z]
    )


def p_few(risk, n=13, dead=2):
    return sum(comb(n, k) * risk**k * (1 - risk) ** (n - k) for k in range(dead + 1))


def read_israel():
    """Time zero = first entry to state 4; dead = 5, out = 1 or 6, else open at current_time - entry."""
    persons = []
    for row in csv.DictReader(ISRAEL.read_text(encoding="utf-8").splitlines()):
        path, day = [(0, int(row["type0"]))], 0
        for k in range(1, 12):
            if int(row[f"type{k}"]):
                day += int(float(row[f"time{k}"]))
                path.append((day, int(row[f"type{k}"])))
        at = next((i for i, (_, state) in enumerate(path) if state == 4), None)
        if at is not None:
            entry, (last, state) = path[at][0], path[-1]
            event = {5: 1, 1: 2, 6: 2}.get(state, 0)
            end = (last if event else int(float(row["current_time"]))) - entry
            persons.append((path[at + 1][0] - entry if at + 1 < len(path) else end, end, event))
    return persons


SEVERE = read_israel()
# 12 in the state after day 0: 3 die and 1 leaves on day 1; of 8 left 2 die on day 2 and 1 is lost; one had left before
TINY = [(1, 1, 1)] * 3 + [(1, 1, 2)] + [(2, 2, 1)] * 2 + [(1, 2, 0)] + [(4, 9, 0)] * 5 + [(0, 1, 1)]


def test_a_tiny_world_by_hand():
    risk = Fraction(3, 12) + Fraction(8, 12) * Fraction(2, 8)
    assert risk == Fraction(5, 12)
    result = ask(TINY, n=3, dead=1, unresolved=1, start=(0, None), follow_up=(2, None))
    assert result.risk == pytest.approx(float(risk))
    alive = 1 - risk
    assert variants(result)["plug_in"] == pytest.approx(float(alive**3 + 3 * risk * alive**2))
    assert variants(result)["fixed_landmark"] == pytest.approx(variants(result)["plug_in"])
    assert (result.worst_case, result.mass_cut, result.last_day_used) == (2, 0, 0)


def test_somebody_who_left_the_state_is_followed_but_not_there_at_a_later_landmark():
    risks = spells(TINY * 2).deaths_by(spells(TINY * 2).count[None], np.array([0, 1]))[:, 0]
    assert risks[0, :4] == pytest.approx([0, 3 / 12, 5 / 12, 5 / 12])
    assert risks[1, :4] == pytest.approx([0, 2 / 7, 2 / 7, 2 / 7])


def test_the_risk_stays_flat_when_nobody_is_at_risk():
    gone = [(3, 3, 1)] * 10 + [(3, 3, 0)] * 10
    assert spells(gone).deaths_by(np.array([[10, 10]]), np.array([2]))[0, 0].tolist() == [0, *[0.5] * 60]


persons = st.tuples(st.integers(0, 70), st.integers(0, 70), st.integers(0, 2)).map(lambda t: (t[0], t[0] + t[1], t[2]))


@settings(deadline=None, max_examples=25)
@given(st.lists(persons, min_size=10, max_size=40), st.integers(0, 60), st.integers(0, 60))
def test_incidence_agrees_with_a_loop_over_persons(world, z, c):
    similar = spells(world)
    assert similar.deaths_by(similar.count[None], np.array([z]))[0, 0, c] == pytest.approx(dead_by(world, z, c))
    assert similar.in_state_after(z) == sum(spell > z and end > z for spell, end, _ in world)


def opposed(world, start, follow):
    """Quantiles u and 1 - u, floored; pairs with a cut start day or more than 60 days of follow-up dropped."""
    u = (np.arange(1, 20_001) - 0.5) / 20_000
    pairs = Counter((floor(z), floor(c)) for z, c in zip(start.quantile(u), follow.quantile(1 - u), strict=True))
    kept = {z for z, _ in pairs if sum(spell > z and end > z for spell, end, _ in world) >= 10}
    used = {(z, c): k for (z, c), k in pairs.items() if z in kept and c <= 60}
    return sum(k * dead_by(world, z, c) for (z, c), k in used.items()) / sum(used.values())


@pytest.mark.parametrize("follow_up", [(16, 9), (40, 40)])
def test_plug_in_and_every_variant_agree_with_loops_over_persons(follow_up):
    world = SEVERE[::6]
    result = ask(world, bootstraps=1, follow_up=follow_up)

    def chance(start_mass, follow_mass):
        return pytest.approx(p_few(risk_of(world, start_mass, follow_mass)))

    start, follow = fit_days(7, 12), fit_days(*follow_up)
    families = {
        name: chance(fit_days(7, 12, name).day_mass(), fit_days(*follow_up, name).day_mass())
        for name in ("weibull", "lognormal")
    }
    assert result.risk == pytest.approx(risk_of(world, start.day_mass(), follow.day_mass()))
    assert variants(result) == families | {
        "plug_in": chance(start.day_mass(), follow.day_mass()),
        "rounded": chance(start.day_mass(rounded=True), follow.day_mass(rounded=True)),
        "opposed": pytest.approx(p_few(opposed(world, start, follow))),
        "horizon28": chance(start.day_mass(), np.arange(61) == 28),
        "fixed_landmark": pytest.approx(p_few(dead_by(world, 7, follow_up[0]))),
    }


def test_similar_cases_of_the_shipped_file():
    assert [len(SEVERE), *(sum(e == event for _, _, e in SEVERE) for event in (1, 2, 0))] == [437, 154, 127, 156]
    after_day_7 = spells(SEVERE)
    assert after_day_7.in_state_after(7) == 211
    assert dead_by(SEVERE, 7, 16) == pytest.approx(0.2412, abs=5e-5)
    from_entry = [dead_by([(s + 1, t + 1, e) for s, t, e in SEVERE], 0, c + 1) for c in (28, 40)]
    assert from_entry == pytest.approx([0.380, 0.393], abs=5e-4)
    result = ask(SEVERE, bootstraps=2000)
    assert variants(result)["fixed_landmark"] == pytest.approx(0.360, abs=5e-4)
    assert result.p == pytest.approx(variants(result)["plug_in"], abs=0.01)
    assert result.p_worst_case > 0.95 and result.p == pytest.approx(sum(result.mass[:3]))


def test_redrawing_persons_one_by_one_gives_the_same_chances():
    rng, masses = np.random.default_rng(3), []
    days = np.array([z for z in range(61) if spells(SEVERE).in_state_after(z) >= 10])  # cut on the original file
    start = fit_days(7, 12).day_mass()[days]
    follow = fit_days(16, 9).day_mass()
    for _ in range(400):
        drawn = spells([SEVERE[i] for i in rng.integers(0, len(SEVERE), len(SEVERE))])
        risk = start / start.sum() @ drawn.deaths_by(drawn.count[None], days)[:, 0] @ follow
        masses.append([comb(13, k) * risk**k * (1 - risk) ** (13 - k) for k in range(14)])
    result = ask(SEVERE, bootstraps=1000)
    assert result.mass == pytest.approx(np.mean(masses, axis=0), abs=0.006)
    spread = np.array(masses)[:, :3].sum(axis=1).std()
    assert spread > 0.02  # a bootstrap that redraws nobody would have none


def test_order_of_persons_changes_nothing_and_neither_does_a_second_run():
    shuffled = [SEVERE[i] for i in np.random.default_rng(5).permutation(len(SEVERE))]
    assert ask(SEVERE) == ask(SEVERE) == ask(shuffled)
    assert ask(SEVERE, seed=2).p != ask(SEVERE).p


def test_cost_does_not_grow_with_the_number_of_persons():
    few, many = spells(SEVERE), spells(SEVERE * 300)
    assert len(many.spell) == len(few.spell) and many.persons == 300 * few.persons
    small, large = ask(SEVERE, start=(7, None)), null_predictive(many, **BALMYS19 | {"start": (7, None)})
    assert large.risk == pytest.approx(small.risk, rel=1e-9)
    assert large.p == pytest.approx(variants(large)["plug_in"], abs=2e-3)  # hardly any doubt left about the risk


_LAST_DIGIT = [(1, 1, 0)] * 3 + [(1, 41, 1), (2, 2, 0)] + [(k, 41, 0) for k in (2, 2, 3, 4)] + [(0, 0, 0), (5, 5, 0)]


@settings(deadline=None, max_examples=25)
@given(st.lists(persons, min_size=10, max_size=60), st.integers(1, 30), st.integers(0, 2**32))
@example(_LAST_DIGIT, 19, 881)  # p came out one last digit above the worst case
def test_masses_sum_to_one_and_the_worst_case_is_never_less_likely(world, n, seed):
    result = ask(world, n=n, dead=n // 3, unresolved=n - n // 3, bootstraps=5, seed=seed)
    if result is not None:
        assert len(result.mass) == n + 1 and sum(result.mass) == pytest.approx(1)
        assert 0 <= result.p <= result.p_worst_case == pytest.approx(1)
        assert 0 <= result.risk <= 1 and all(v is None or 0 <= v <= 1 for v in variants(result).values())


@pytest.mark.parametrize(("event", "p"), [(1, 0), (0, 1), (2, 1)])
def test_worlds_where_all_die_or_nobody_does(event, p):
    result = ask([(60, 62, event)] * 20, start=(59, None), follow_up=(10, None))
    assert result.p == p and {v for v in variants(result).values() if v is not None} == {float(p)}


def test_a_large_series_does_not_overflow():
    result = ask(SEVERE, n=3000, dead=600, unresolved=100, bootstraps=5)
    assert sum(result.mass) == pytest.approx(1) and 0 < result.p < result.p_worst_case < 1


def test_start_days_with_fewer_than_ten_similar_patients_are_cut_and_the_mass_is_told():
    world = [(8, 40, 0)] * 90 + [(9, 40, 1)] * 9
    result = ask(world)
    mass = fit_days(7, 12).day_mass()
    assert result.last_day_used == 7 and result.mass_cut == pytest.approx(1 - mass[:8].sum())
    assert ask([*world, (9, 40, 1)]).last_day_used == 8


@pytest.mark.parametrize("world", [[], [(30, 30, 1)] * 9, [(0, 30, 1)] * 50])
def test_fewer_than_ten_in_the_state_give_no_answer(world):
    assert ask(world) is None


def test_a_start_day_after_the_last_similar_patient_gives_no_answer():
    assert ask([(5, 30, 1)] * 50, start=(6, None)) is None


def test_times_no_distribution_has_are_refused_and_other_families_left_out():
    with pytest.raises(ValueError, match="no gamma distribution has median 30"):
        ask(SEVERE, start=(30, 0.3))
    with pytest.raises(ValueError, match="a median of 90 days leaves nothing"):
        ask(SEVERE, follow_up=(90, None))
    found = variants(ask(SEVERE, start=(30, 0.44)))
    assert found["weibull"] is None and found["plug_in"] is not None


def randomised_p(sets, bootstraps, seed=20201125):
    """P(< t) + u P(= t) of `sets` groups of 13, treated as reported and helped by nothing: 3 % die, 5 % leave a day."""
    rng = np.random.Generator(np.random.Philox(key=seed))
    start_mass, follow_mass = (fit_days(*BALMYS19[k]).day_mass() for k in ("start", "follow_up"))
    found = []
    for _ in range(sets):
        dies, leaves = (rng.geometric(h, 600) for h in (0.03, 0.05))
        end = np.minimum(dies, leaves)
        similar = SimilarSpells(end, end, np.where(dies <= leaves, 1, 2))
        days = rng.choice(len(follow_mass), 13, p=follow_mass)  # the hazard has no memory: the start day plays no part
        died, left = (rng.geometric(h, 13) for h in (0.03, 0.05))
        t = int(((died <= left) & (died <= days)).sum())
        mass = null_predictive(similar, **BALMYS19 | {"bootstraps": bootstraps, "dead": t, "unresolved": 0}).mass
        found.append(sum(mass[:t]) + rng.random() * mass[t])
    assert start_mass.sum() == pytest.approx(1)
    return found


def test_if_nothing_works_the_randomised_p_is_uniform():
    assert kstest(randomised_p(300, 50), "uniform").pvalue > 0.01
