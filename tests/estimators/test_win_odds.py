import importlib
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from analysis_worlds import world
from hypothesis import given, settings
from hypothesis import strategies as st
from test_days_free import courses_strategy, day_world, duels_strategy, mirrored, null_world, reordered, ward

from onearm.estimators.win_odds import WinCounts, permutation_tails, set_scores, win_odds
from onearm.results.encoding import from_json, to_json
from onearm.results.status import Status


def test_the_worked_example():
    counts = WinCounts(4, 2, 1)
    assert counts.odds == pytest.approx(1.8) and counts.ratio == 2
    assert counts.net_benefit == pytest.approx(0.285714, abs=5e-7)


def test_the_worked_example_from_patients():
    # T is off for good on day 2: beats the dead, the ventilated, the later off; loses to the earlier, ties with one
    courses = {
        "C3": ("VVVVVV", None),
        "C1": ("VD", None),
        "T": ("VVVEEE", 0),
        "C7": ("VEVEEE", None),  # reintubated, off for good on day 2: tie
        "C2": ("VEEEED", None),  # off early and dead on Z + h
        "C5": ("VEEEEE", None),
        "C4": ("VEVVVE", None),  # off for good on the last day
        "C6": ("VVEHHH", None),
    }
    result = win_odds(day_world(courses, horizon=4))
    assert (result.counts.wins, result.counts.losses, result.counts.ties) == (4, 2, 1)
    assert result.by_death == WinCounts(2, 0, 5) and result.by_extubation == WinCounts(2, 2, 1)
    assert result.odds == pytest.approx(1.8) and result.ratio == 2
    assert result.net_benefit == pytest.approx(2 / 7)
    # ranks of the eight: 1 and 2 dead, 3 ventilated, 4 last, T and C7 level, then C6, C5: scores -7 -5 -3 -1 2 2 5 7
    assert result.p == pytest.approx(4 / 8) and result.p_harm == pytest.approx(6 / 8)
    assert result.status is Status.TOO_FEW and result.estimate is None


def duel(treated, control, **options):
    """Counts of one treated patient from day 0 against one control, horizon 4."""
    data = day_world({"T": (treated, 0), "C": (control, None)}, pairs=[("T", "C")], **options)
    return win_odds(data).counts


WIN, LOSS, TIE, OPEN = WinCounts(1, 0, 0), WinCounts(0, 1, 0), WinCounts(0, 0, 1), WinCounts(0, 0, 1, 1)


@pytest.mark.parametrize(
    ("treated", "control", "counts"),
    [
        ("VVVD", "VVD", WIN),  # later death
        ("VD", "VEED", LOSS),  # dead on day 0
        ("VEED", "VVVD", TIE),  # the same day of death, whatever came before
        ("VVVVVV", "VEEEED", WIN),  # alive on the ventilator beats dead on Z + h
        ("VVVVVD", "VEEEEED", LOSS),  # the control dies after Z + h: alive
        ("VEEEEE", "VVEEEE", WIN),
        ("VEEVEE", "VVVEEE", LOSS),  # only the final extubation counts
        ("VHHHHH", "VEEEEE", TIE),
        ("VVVVV", "VVVVVV", TIE),  # followed to Z + h, nothing known of the day after
        ("EEEEEE", "VEEEEE", WIN),  # off before the index day
        ("VV", "VD", WIN),  # open after day 1, the other died on day 0
        ("VV", "VVD", WIN),  # alive to the end of day 1
        ("VV", "VVVD", OPEN),
        ("VV", "VEEEEE", LOSS),  # off later than the other, or dead
        ("VE", "VVEEEE", OPEN),  # off earlier, or dead
        ("VE", "VVVVV", OPEN),
        ("VE", "VE", OPEN),
        ("VVV", "VVD", WIN),
    ],
)
def test_a_pair_is_settled_by_death_then_by_final_extubation(treated, control, counts):
    assert duel(treated, control) == counts
    mirrored_counts = WinCounts(counts.losses, counts.wins, counts.ties, counts.undecided)
    if treated[0] == "V":
        assert duel(control, treated) == mirrored_counts


def test_the_lock_shortens_the_days_that_count():
    later = {"T": ("VVVVEE", 0), "C": ("VVVVVVD", None)}
    assert win_odds(day_world(later, horizon=8, potential=2)).counts == TIE
    assert win_odds(day_world(later, horizon=4)).counts == WIN


def test_pairs_stay_inside_their_set():
    result = win_odds(ward())
    # B {F, A, C, E}: B is off for good on Z+2; F off on Z+1, A ventilated, C dies on Z+2, E open: L W W open
    # D {F, A, C, E}: dead on Z, loses all, to E too, who was alive after that day
    # F {A}: wins
    assert result.counts == WinCounts(3, 5, 1, 1)
    assert result.by_death == WinCounts(1, 4, 4, 1)
    assert result.net_benefit == pytest.approx(-2 / 9)


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), min_size=2, max_size=5), min_size=1, max_size=4)
)
@settings(max_examples=60, deadline=None)
def test_the_tails_are_those_of_all_arrangements(sets):
    scores = []
    for members in sets:
        worst = np.array([w for w, _ in members])
        best = worst + np.array([more for _, more in members])
        by_pairs = [
            sum(int(worst[k] > best[j]) - int(best[k] < worst[j]) for j in range(len(members)) if j != k)
            for k in range(len(members))
        ]
        scores.append(set_scores(worst, best))
        assert scores[-1].tolist() == by_pairs and sum(by_pairs) == 0
    sums = [sum(chosen) for chosen in product(*(s.tolist() for s in scores))]
    p, harm = permutation_tails(scores)
    assert p == pytest.approx(np.mean([s >= sums[0] for s in sums]), abs=1e-12)
    assert harm == pytest.approx(np.mean([s <= sums[0] for s in sums]), abs=1e-12)


def test_the_long_way_by_fourier_gives_the_same(monkeypatch):
    rng = np.random.default_rng(3)
    scores = [set_scores(v, v) for v in rng.integers(0, 30, (20, 40))]
    exact = permutation_tails(scores)
    module = importlib.import_module("onearm.estimators.win_odds")  # the package hands on the function of that name
    monkeypatch.setattr(module, "LONG_WORK", 0)
    assert permutation_tails(scores) == pytest.approx(exact, abs=1e-12)


@given(courses_strategy(), st.integers(0, 99), st.sampled_from(["index", "after"]))
@settings(max_examples=60, deadline=None)
def test_row_order_never_matters_and_json_returns_the_same(courses, seed, same_day):
    data = day_world(courses, same_day=same_day)
    result = win_odds(data)
    assert win_odds(reordered(data, seed)) == result
    assert from_json(to_json(result), type(result)) == result
    assert (result.estimate is None) == (result.status is not Status.OK) == bool(result.remedy)
    assert result.by_death.ties == result.by_extubation.pairs


@given(duels_strategy)
@settings(max_examples=40, deadline=None)
def test_exchanging_the_courses_mirrors_every_figure(duels):
    one, other = win_odds(mirrored(duels)), win_odds(mirrored([(b, a) for a, b in duels]))
    assert (one.counts.wins, one.counts.losses) == (other.counts.losses, other.counts.wins)
    assert (one.counts.ties, one.counts.undecided) == (other.counts.ties, other.counts.undecided)
    assert one.p == pytest.approx(other.p_harm) and one.p_harm == pytest.approx(other.p)
    if one.odds and other.odds:
        assert one.odds * other.odds == pytest.approx(1)


def test_odds_without_a_loss_or_a_tie_are_refused_and_the_rest_is_given():
    data = mirrored([("VEEEEE", "VVD")] * 8)
    result = win_odds(data)
    assert result.status is Status.NO_EVENTS and result.estimate is None and "net benefit" in result.remedy
    assert result.odds is None and result.net_benefit == 1 and result.p == pytest.approx(1 / 2**8)
    assert win_odds(mirrored([("VVD", "VEEEEE")] * 8)).estimate == 0


def test_refusals_say_what_to_do():
    assert win_odds(world()).status is Status.NO_PATIENTS
    assert win_odds(day_world({"C": ("VVV", None)})).status is Status.NO_PATIENTS
    assert win_odds(day_world({"T": ("VVEE", 0)})).status is Status.ONE_ARM
    gone = win_odds(day_world({"T": ("VVVVVV", 3), "C": ("VD", None)}, pairs=[("T", "C")]))
    assert gone.status is Status.REFUSED and "T" in gone.remedy
    assert win_odds(replace(ward(), states=None)).status is Status.NOT_REPORTED
    narrow = ward()
    short = win_odds(replace(narrow, states=narrow.states[:, :7]))
    assert short.status is Status.REFUSED and "8 days" in short.remedy
    lonely = win_odds(day_world({"T": ("VVEE", 0), "Z": ("VVVVVVVVV", 7), "C": ("VVVV", None)}))
    assert lonely.status is Status.REFUSED and lonely.unmatched == ("Z",) and lonely.p is not None


def test_a_treatment_that_changes_nobody_is_found_in_one_of_twenty():
    rng, worlds = np.random.default_rng(12), 400
    found = [win_odds(null_world(rng)) for _ in range(worlds)]
    p = np.array([[r.p, r.p_harm] for r in found if r.p is not None])
    assert len(p) > 0.95 * worlds
    assert np.all(np.mean(p <= 0.05, axis=0) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(p)))
    assert np.all(np.mean(p <= 0.5, axis=0) > 0.3)  # not so large that nothing could be found
