from datetime import date
from fractions import Fraction
from itertools import product

import numpy as np
import polars as pl
import pytest
from analysis_worlds import patient, shuffled, stanford, world
from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.cohort.analysis_set import NEVER, PEOPLE, SETS, AnalysisSet
from onearm.estimators.risk_set_test import (
    RiskSetCounts,
    chance,
    gamma_star,
    poisson_binomial,
    risk_set_counts,
    risk_set_test,
    risk_set_test_of_counts,
    tails,
    worst_case_p,
)
from onearm.results.encoding import from_json, to_json
from onearm.results.status import Status

X1 = (2, 1, 3, 0, 2, 1, 4, 2, 1, 3, 2, 1, 2)
X2 = (3, 2, 4, 3, 3, 4, 5, 3, 2, 4, 3, 2, 4)


def thirteen(deaths):
    """13 sets of 5 controls; the treated of sets 3 and 7 died."""
    names = tuple(f"P{k:02d}" for k in range(1, 14))
    return RiskSetCounts(names, tuple(k in (3, 7) for k in range(1, 14)), (5,) * 13, deaths, (), (), ())


@pytest.mark.parametrize(
    ("deaths", "expected", "p", "mid_p", "star"),
    [
        (X1, 4.0, (0.165329, 0.262352, 0.356457, 0.516503), 0.104627, "none"),
        (X2, 7.0, (0.003567, 0.010409, 0.022503, 0.063135), 0.001979, "1.8634"),
    ],
)
def test_the_two_worked_examples(deaths, expected, p, mid_p, star):
    result = risk_set_test_of_counts(thirteen(deaths))
    assert result.observed == 2 and result.expected == pytest.approx(expected, abs=1e-12)
    assert [q for _, q in result.p_worst_case] == pytest.approx(p, abs=5e-7)
    assert result.mid_p == pytest.approx(mid_p, abs=5e-7) and result.gamma_star_text == star
    assert result.estimate == result.p


def test_gamma_star_is_where_the_worst_case_p_reaches_alpha():
    deaths, controls = np.array(X2), np.full(13, 5)
    star, _ = gamma_star(deaths, controls, 2)
    assert worst_case_p(deaths, controls, 2, star) == pytest.approx(0.05, abs=1e-9)


def test_gamma_star_beyond_20_is_said_in_words_and_survives_json():
    many = RiskSetCounts(tuple(f"P{k:03d}" for k in range(100)), (False,) * 100, (5,) * 100, (5,) * 100, (), (), ())
    result = risk_set_test_of_counts(many)
    assert (result.gamma_star, result.gamma_star_text) == (None, ">20")
    assert from_json(to_json(result), type(result)) == result


@pytest.mark.parametrize(
    ("setting", "treated_lost", "expected", "p", "mid_p", "range_m"),
    [
        ({}, "alive", 10.4300, 0.524821, 0.457460, (3, 101)),
        ({"lock": date(1974, 4, 1)}, "dead", 10.5900, 0.503053, 0.436230, None),
        ({"lock": date(1974, 4, 1), "same_day": "after"}, "dead", 10.0390, 0.578084, None, None),
        ({"controls": "never"}, "alive", 24.4205, 0.000061, None, None),
    ],
    ids=["all followed", "calendar rule", "after", "refused: never treated"],
)
def test_stanford_risk_sets(setting, treated_lost, expected, p, mid_p, range_m):
    result = risk_set_test(stanford(**setting), treated_lost=treated_lost)
    assert result.observed == 10 and result.n_matched == 69 and result.status is Status.OK
    assert result.expected == pytest.approx(expected, abs=5e-5) and result.p == pytest.approx(p, abs=5e-7)
    assert mid_p is None or result.mid_p == pytest.approx(mid_p, abs=5e-7)
    assert range_m is None or (min(result.counts.controls), max(result.counts.controls)) == range_m


def ward(**options):
    """Unsorted, with ties, horizon 5: B and D treated on day 2, F on day 4, C is lost, E left alive."""
    return world(
        patient("F", end=9, event=1, start=4),  # dies on Z + h: counts
        patient("B", end=4, event=0, start=2),  # treated and lost
        patient("E", end=2, event=2),  # leaves on day 2
        patient("D", end=8, event=1, start=2),  # dies one day after Z + h: alive
        patient("A", end=7, event=1),  # dies on the last day of the sets of day 2
        patient("C", end=5, event=0),  # control lost
        patient("G", end=2, event=1),  # dies on day 2
        horizon=5,
        **options,
    )


def test_counts_by_hand():
    # sets of day 2: A, C, E, F, G (D and B start the same day: not controls); of day 4: A, C
    counts = risk_set_counts(ward())
    assert counts.person == ("B", "D", "F") and counts.controls == (5, 5, 2)
    assert counts.treated_died == (True, False, True)  # B lost, counted dead
    assert counts.deaths == (1 + 2, 2, 1 + 1)  # F dies on day 9 > 7; A and G die by day 7
    pi = [Fraction(3, 6), Fraction(2, 6), Fraction(2, 3)]
    by_hand = sum(
        np.prod([p if d else 1 - p for p, d in zip(pi, dead, strict=True)])
        for dead in product((0, 1), repeat=3)
        if sum(dead) <= 2
    )
    result = risk_set_test(ward())
    assert result.p == pytest.approx(float(by_hand), abs=1e-15)
    assert result.expected == pytest.approx(float(sum(pi)), abs=1e-15)
    assert result.status is Status.TOO_FEW and result.estimate is None  # three treated: no claim


def test_lost_patients_are_settled_as_asked():
    assert risk_set_counts(ward(), treated_lost="alive").deaths == (2, 2, 2)
    dropped = risk_set_counts(ward(), treated_lost="dropped")
    assert dropped.person == ("D", "F") and dropped.left_out == ("B",)
    assert risk_set_counts(ward(), controls_lost="dropped").controls == (4, 4, 1)  # C is open before day 7 and day 9


def test_after_drops_the_controls_whose_last_day_is_the_index_day():
    counts = risk_set_counts(ward(same_day="after"))
    assert counts.controls == (3, 3, 2) and counts.deaths == (2, 1, 2)


def test_potential_follow_up_shortens_the_days_that_count():
    people = [
        patient("T", end=6, event=1, start=2, potential=5),  # lock on day 5: h = 3
        patient("U", end=5, event=1),
        patient("V", end=6, event=1),
    ]
    assert risk_set_counts(world(*people, horizon=28)).deaths == (1,)


def test_a_treated_patient_without_controls_is_named_and_the_rest_reported():
    lonely = world(
        *(patient(f"T{k}", end=20, event=0, start=1) for k in range(9)),
        patient("Z", end=30, event=0, start=25),
        *(patient(f"C{k}", end=20, event=k % 2) for k in range(6)),
        horizon=10,
    )
    result = risk_set_test(lonely)
    assert result.status is Status.REFUSED and "Z" in result.remedy and result.estimate is None
    assert result.counts.unmatched == ("Z",) and result.n_matched == 9 and result.p is not None


def test_impossible_sets_are_refused_with_the_name():
    gone = world(patient("T", end=9, event=0, start=5), patient("C", end=3, event=1), pairs=[("T", "C")])
    treated = world(patient("T", end=9, event=0, start=5), patient("C", end=9, event=0, start=4), pairs=[("T", "C")])
    for wrong in (gone, treated):
        result = risk_set_test(wrong)
        assert result.status is Status.REFUSED and "T" in result.remedy and result.p is None


def test_row_order_never_matters():
    whole = stanford()
    for seed in range(3):
        assert risk_set_test(shuffled(whole, seed)) == risk_set_test(whole)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), st.floats(0, 1), st.booleans()), min_size=1, max_size=9))
def test_convolution_equals_enumeration(rows):
    m = np.array([r[0] for r in rows])
    died = np.array([r[2] for r in rows])
    d = np.round(m * np.array([r[1] for r in rows])).astype(int) + died
    pi = chance(d, m)
    mass = np.zeros(len(rows) + 1)
    for outcome in product((0, 1), repeat=len(rows)):
        mass[sum(outcome)] += np.prod(np.where(outcome, pi, 1 - pi))
    assert poisson_binomial(pi) == pytest.approx(mass, abs=1e-12)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), st.floats(0, 1), st.booleans()), min_size=1, max_size=12))
def test_swapping_dead_and_alive_swaps_benefit_and_harm(rows):
    m = np.array([r[0] for r in rows])
    died = np.array([r[2] for r in rows])
    d = np.round(m * np.array([r[1] for r in rows])).astype(int) + died
    low, mid, high, mid_high = tails(chance(d, m), int(died.sum()))
    mirror = tails(chance(m + 1 - d, m), int((~died).sum()))
    assert mirror == pytest.approx((high, mid_high, low, mid), abs=1e-12)
    assert low + high >= 1 - 1e-12 and mid + mid_high == pytest.approx(1, abs=1e-12)
    for gamma in (1.5, 3.0):
        harm = worst_case_p(d, m, int(died.sum()), gamma, harm=True)
        assert harm == pytest.approx(worst_case_p(m + 1 - d, m, int((~died).sum()), gamma), abs=1e-12)
        assert harm >= high - 1e-12


def test_a_million_pairs_are_counted_at_once():
    rng = np.random.default_rng(3)
    n, treated = 10_100, 100
    start = np.where(np.arange(n) < treated, 5, NEVER)
    columns = {
        "person": [f"P{k:06d}" for k in range(n)],
        "source": ["ward"] * n,
        "centre": ["A"] * n,
        "zero_date": [None] * n,
        "start_day": start,
        "spell_days": np.full(n, NEVER),
        "end_day": rng.integers(5, 60, n),
        "event": rng.integers(0, 3, n),
        "potential_days": np.full(n, NEVER),
    }
    index, control = np.divmod(np.arange(1_000_000), 10_000)
    sets = {"set_id": index, "treated": index, "control": control + treated}
    data = AnalysisSet(pl.DataFrame(columns, schema=PEOPLE), pl.DataFrame(sets, schema=SETS), 28, "index", "0" * 64)
    counts = risk_set_counts(data)
    dead = int(np.sum((data.column("event") == 1)[treated:] & (data.column("end_day")[treated:] <= 33)))
    assert counts.controls == (10_000,) * 100 and counts.deaths[0] - counts.treated_died[0] == dead
