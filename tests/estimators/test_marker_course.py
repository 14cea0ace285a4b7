"""Marker courses: ranks within sets by hand, sign flips, limits, deaths, missing values, and a world without effect."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.cohort.analysis_set import NEVER
from onearm.cohort.marker_courses import HIDDEN, NOT_KNOWN, READABLE, MarkerCourses
from onearm.estimators.marker_course import (
    DELTAS,
    DeltaGrid,
    marker_course,
)
from onearm.estimators.sign_flips import sign_flips
from onearm.results.encoding import from_json, to_json
from onearm.results.status import Status
from onearm.vocabulary.scales import DayState

DEAD, LOST, GAP = "dead", "lost", None  # GAP: alive, ventilated, not measured


def bounds(value):
    """A number, or (low, high) beyond an assay limit; NaN for everything else."""
    return (np.nan, np.nan) if value is None or isinstance(value, str) else np.broadcast_to(value, 2)


def courses(*sets, marker="crp", before=100.0, hidden=None):
    """One marker on day 7; a set is a list of values, the treated first. `hidden`: {(set, member): code}."""
    which = np.array([i for i, s in enumerate(sets) for _ in s], dtype=np.int64)
    place = [(i, j) for i, s in enumerate(sets) for j in range(len(s))]
    values = [v for s in sets for v in s]
    states = [{DEAD: DayState.D, LOST: DayState.U}.get(v, DayState.V) if isinstance(v, str) else 0 for v in values]
    return MarkerCourses(
        (marker,),
        (7,),
        tuple(f"T{i:02d}" for i in range(len(sets))),
        which,
        np.array([j == 0 for _, j in place], dtype=np.bool_),
        tuple(f"{'C' if j else 'T'}{i:02d}-{j:02d}, ward" for i, j in place),
        np.full((len(values), 1, 2), before),
        np.array([bounds(v) for v in values], dtype=np.float64).reshape(-1, 1, 1, 2),
        np.array(states, dtype=np.int8).reshape(-1, 1),
        np.array([(hidden or {}).get(p, READABLE) for p in place], dtype=np.int8).reshape(-1, 1, 1),
    )


def only(data, **options):
    """The contrast of the one marker on the one day."""
    return marker_course(data, **options).contrasts[0]


def test_two_sets_by_hand():
    # scores 3 1 -1 -3 and -1 1; of the 8 sums 3-1, 3+1 and 1+1 are as good as the 2 seen
    c = only(courses([10, 20, 30, DEAD], [15, 10]))
    assert (c.wins, c.losses, c.ties, c.n_sets, c.n_controls) == (3, 1, 0, 2, 4)
    assert c.rank_difference == pytest.approx(2 / 4)
    assert c.p == pytest.approx(3 / 8) and c.p_harm == pytest.approx(7 / 8)
    assert c.status is Status.TOO_FEW and c.estimate is None and "8" in c.remedy


def test_for_lymphocytes_and_oxygenation_higher_is_better():
    for marker in ("lymphocytes", "t_cd4", "pf_ratio"):
        assert only(courses([300, 200, 100], marker=marker)).wins == 2
    for marker in ("crp", "ferritin", "d_dimer_feu", "ldh", "il6", "sofa_total"):
        assert only(courses([300, 200, 100], marker=marker)).losses == 2


@pytest.mark.parametrize(
    ("treated", "control", "counts"),
    [
        (DEAD, 500, (0, 1, 0)),  # death is worse than any value
        (500, DEAD, (1, 0, 0)),
        (DEAD, DEAD, (0, 0, 1)),
        (DEAD, GAP, (0, 1, 0)),  # alive, whatever the value
        (GAP, 10, (0, 0, 1)),
        (LOST, DEAD, (0, 0, 1)),  # may be dead, may be well
        (LOST, 10, (0, 0, 1)),
        ((0, 49.9), 40, (0, 0, 1)),  # <50 and 40: which is lower nobody knows
        ((0, 49.9), 50, (1, 0, 0)),
        ((0, 49.9), (0, 9.9), (0, 0, 1)),
        ((500.1, np.inf), 500, (0, 1, 0)),  # >500
        ((500.1, np.inf), DEAD, (1, 0, 0)),
        ((500.1, np.inf), GAP, (0, 0, 1)),
    ],
)
def test_a_pair_is_told_by_death_and_by_bounds(treated, control, counts):
    c = only(courses([treated, control], [1, 2], [2, 1]))
    assert (c.wins - 1, c.losses - 1, c.ties) == counts


def test_each_arm_says_where_its_patients_are_beside_the_mean_of_those_ventilated():
    data = courses([10, 40, DEAD], [LOST, 20, 80], [90, 30])
    data.state[[3, 6], 0] = DayState.U, DayState.H  # the third treated left: its last value ranks, and is in no mean
    c = only(data)
    assert (c.treated.ventilated, c.treated.off, c.treated.dead, c.treated.unknown) == (1, 1, 0, 1)
    assert (c.treated.mean, c.treated.measured) == (pytest.approx(10), 1)
    assert (c.controls.ventilated, c.controls.dead) == (2.5, 0.5)
    # weights 1/2 1/2 1/2 1 of 40, 20, 80, 30
    logs = np.log([40, 20, 80, 30])
    assert c.controls.mean == pytest.approx(np.exp((logs[:3].sum() / 2 + logs[3]) / 2.5))
    assert (c.wins, c.losses) == (2, 1)


def test_deaths_of_the_treated_are_not_hidden_by_the_survivors():
    # the 6 treated with the highest values die: the mean of those left is lower than that of the controls
    sets = [[DEAD if k < 6 else 80, 200 if k < 6 else 90, 210 if k < 6 else 95] for k in range(12)]
    c = only(courses(*sets))
    assert c.treated.mean < c.controls.mean and c.treated.dead == 6
    assert c.p > 0.4 and c.rank_difference == 0


def test_thirteen_changes_one_way_have_the_smallest_p_of_two_sides():
    p, family, is_exact = sign_flips(-np.arange(1.0, 14.0)[None, :])
    assert p[0] == family[0] == 2 / 2**13 and is_exact
    assert round(p[0], 5) == 0.00024
    result = marker_course(courses(*[[50 + k, 60] for k in range(13)]))
    assert result.changes[0].p == 2 / 2**13 and result.changes[0].n == 13
    assert result.changes[0].median == 56 - 100


@given(st.lists(st.lists(st.integers(-9, 9), min_size=4, max_size=4), min_size=1, max_size=3))
@settings(max_examples=40, deadline=None)
def test_sign_flips_count_every_arrangement(rows):
    change = np.array(rows, dtype=np.float64)
    p, family, _ = sign_flips(change)
    size = np.sqrt((change**2).sum(axis=1))
    scaled = np.divide(change, size[:, None], out=np.zeros_like(change), where=size[:, None] > 0)
    sums = np.abs([scaled @ np.array(signs) for signs in product([1, -1], repeat=4)])
    seen = np.abs(scaled.sum(axis=1)) - 1e-9
    assert p == pytest.approx(np.mean(sums >= seen, axis=0))
    assert family == pytest.approx([np.mean(sums.max(axis=1) >= s) for s in seen])


def test_beyond_twenty_pairs_signs_are_drawn_from_the_seed():
    change = np.random.default_rng(1).normal(0.3, 1, (2, 21))
    found = sign_flips(change, draws=4000, seed=3)
    assert not found[2] and found[0].tolist() == sign_flips(change, draws=4000, seed=3)[0].tolist()
    exact = [np.mean(np.abs(s) >= abs(s[0]) - 1e-9) for s in (every_sum(row) for row in change)]
    assert found[0] == pytest.approx(exact, abs=4 * 0.5 / 4000**0.5)


def every_sum(row):
    sums = np.zeros(1)
    for v in row:
        sums = np.concatenate([sums + v, sums - v])
    return sums


values = st.one_of(st.integers(1, 6).map(float), st.sampled_from([DEAD, LOST, GAP, (0.0, 2.5), (4.5, np.inf)]))
any_sets = st.lists(st.lists(values, min_size=1, max_size=5), min_size=1, max_size=9)


@given(any_sets, st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_row_order_never_matters_and_json_returns_the_same(sets, seed):
    data = courses(*sets)
    order = np.random.default_rng(seed).permutation(len(data.which))
    mixed = replace(
        data,
        which=data.which[order],
        is_treated=data.is_treated[order],
        member=tuple(data.member[k] for k in order),
        before=data.before[order],
        after=data.after[order],
        state=data.state[order],
        hidden=data.hidden[order],
    )
    result = marker_course(data, draws=50)
    assert marker_course(mixed, draws=50) == result
    text = to_json(result)
    assert from_json(text, type(result)) == result and "NaN" not in text and "Infinity" not in text
    for c in result.contrasts:
        assert (c.estimate is None) == (c.status is not Status.OK) == bool(c.remedy)
        assert c.p is None or c.p <= c.p_family <= 1


@given(any_sets, st.sampled_from([lambda v: v**3, np.expm1, lambda v: 7 * v + 2]))
@settings(max_examples=40, deadline=None)
def test_only_ranks_count_not_the_scale(sets, rise):
    one, other = (only(courses(*s), draws=50) for s in (sets, [[through(v, rise) for v in s] for s in sets]))
    assert (one.wins, one.losses, one.ties) == (other.wins, other.losses, other.ties)
    assert (one.p, one.p_harm, one.p_family) == (other.p, other.p_harm, other.p_family)


def through(value, rise):
    return (
        value if value is None or isinstance(value, str) else tuple(float(v) for v in rise(np.broadcast_to(value, 2)))
    )


@given(st.lists(st.integers(1, 4), min_size=8, max_size=12), st.sampled_from([5.0, GAP, DEAD]))
@settings(max_examples=20, deadline=None)
def test_when_all_are_equal_p_is_one(sizes, value):
    c = only(courses(*[[value] * (1 + m) for m in sizes]), draws=50)
    if value == 5.0:
        assert c.p == c.p_harm == c.p_family == 1 and c.rank_difference == 0 and c.status is Status.OK
    else:
        assert c.p is None and c.status is Status.NOT_REPORTED and "measured" in c.remedy


@given(st.lists(st.lists(values, min_size=2, max_size=4), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_the_exact_p_is_that_of_all_arrangements(sets):
    c = only(courses(*sets), draws=50)
    if c.p is None:
        return
    scores = [[sum(better(v, w) - better(w, v) for w in s) for v in s] for s in sets]
    sums = [sum(chosen) for chosen in product(*scores)]
    assert c.p == pytest.approx(np.mean([s >= sums[0] for s in sums]))


def better(value, other):
    """Whether a value is surely lower than another, death being worst."""
    if DEAD in (value, other) or LOST in (value, other):
        return other == DEAD and value not in (DEAD, LOST)
    low, high = bounds(value)[1], bounds(other)[0]
    return bool(low < high)


def test_hidden_values_leave_their_set_and_hidden_treated_the_contrast():
    sets = [[10, 20, 30]] * 10
    hidden = {(0, 0): HIDDEN, (1, 0): NOT_KNOWN, (2, 1): HIDDEN, (3, 1): NOT_KNOWN}
    c = only(courses(*sets, hidden=hidden))
    assert (c.n_sets, c.n_controls, c.hidden, c.not_known) == (8, 14, 1, 1)
    assert c.p == pytest.approx(1 / (3**6 * 2**2)) and c.status is Status.OK
    assert c.treated.ventilated == 8


def test_a_marker_that_another_drug_moves_is_unreadable():
    every = {(i, 0): HIDDEN for i in range(10)}
    result = marker_course(courses(*[[10, 20]] * 10, hidden=every))
    c = result.contrasts[0]
    assert c.status is Status.REFUSED and c.remedy.startswith("unreadable: tocilizumab in 10 of 10 treated")
    assert c.p is None and c.rank_difference is None and result.changes[0].n == 0 and result.changes[0].p is None
    controls = {(i, 1): NOT_KNOWN for i in range(10)}
    c = only(courses(*[[10, 20]] * 10, marker="lymphocytes", hidden=controls))
    assert c.status is Status.REFUSED and "corticosteroid" in c.remedy and c.p is None


def test_too_few_readable_are_told_with_the_reason():
    c = only(courses(*[[10, 20]] * 10, hidden={(i, 0): HIDDEN for i in range(4)}))
    assert c.status is Status.TOO_FEW and c.estimate is None
    assert c.remedy.startswith("6 treated") and c.remedy.endswith("Unreadable in 4 treated: tocilizumab.")


def test_without_controls_there_is_a_description_and_no_effect():
    result = marker_course(courses(*[[50 + k] for k in range(13)]))
    c = result.contrasts[0]
    assert result.changes[0].p == 2 / 2**13
    assert c.status is Status.ONE_ARM and c.p is None and c.p_family is None and "control" in c.remedy
    assert c.treated.mean is not None and c.controls.mean is None


def test_a_treated_patient_without_a_control_refuses_the_whole():
    c = only(courses(*[[10, 20]] * 9, [10]))
    assert c.status is Status.REFUSED and "T09" in c.remedy and c.n_sets == 9


def test_nobody_or_nothing_measured_is_told():
    nobody = courses()
    assert marker_course(nobody).status is Status.NO_PATIENTS
    some = courses([1, 2])
    none = replace(
        some, markers=(), before=some.before[:, :0], after=some.after[:, :, :0], hidden=some.hidden[:, :, :0]
    )
    assert marker_course(none).status is Status.NOT_REPORTED
    with pytest.raises(ValueError, match="draws 0"):
        marker_course(some, draws=0)


def test_missing_values_worse_than_the_set_undo_the_contrast():
    # 8 of 10 better, 2 not measured: 2^-8; with both worse P(8 or more of 10) = 56/1024 > .05
    sets = [[10, 20 + k] for k in range(8)] + [[GAP, 20], [LOST, 30]]
    c = only(courses(*sets))
    assert c.p == pytest.approx(1 / 2**8) and c.grid.missing == 2
    assert c.grid.p[0] == pytest.approx(1 / 2**8)  # at the value of the control: ties
    assert c.grid.tipping == 0.25 and c.grid.p[1:] == pytest.approx([56 / 1024] * (len(DELTAS) - 1))
    assert c.grid.p_if_dead == pytest.approx(56 / 1024)


def test_a_contrast_that_no_missing_value_undoes_says_so():
    c = only(courses(*[[10, 20 + k] for k in range(12)], [GAP, 20]))
    assert c.grid.tipping is None and c.grid.p_if_dead < 0.05 and list(c.grid.p) == sorted(c.grid.p)
    assert only(courses(*[[10, 20]] * 9)).grid == DeltaGrid(0)
    assert only(courses(*[[20, 10]] * 8, [GAP, 5])).grid == DeltaGrid(1)


def wide(after, *, before=None, n_sets=10, offsets=(7,), markers=("crp", "ldh"), state=None):
    """Sets of equal size from `after` of shape (members, offsets, markers)."""
    m = len(after) // n_sets
    exact = np.repeat(after[..., None], 2, axis=-1)
    start = np.full((len(after), len(markers)), 100.0) if before is None else before
    return MarkerCourses(
        markers,
        offsets,
        tuple(f"T{i:02d}" for i in range(n_sets)),
        np.repeat(np.arange(n_sets), m),
        np.arange(len(after)) % m == 0,
        tuple(f"{k:05d}, ward" for k in range(len(after))),
        np.repeat(start[..., None], 2, axis=-1),
        exact,
        np.zeros((len(after), len(offsets)), dtype=np.int8) if state is None else state,
        np.zeros(after.shape, dtype=np.int8),
    )


def test_the_family_keeps_the_dependence_between_markers():
    rng = np.random.default_rng(8)
    one = np.exp(rng.normal(4, 0.5, (60, 1, 1)))
    one[::6] *= 0.85
    same = marker_course(wide(np.concatenate([one, one * 3], axis=2)), draws=20_000)
    p = same.contrasts[0].p
    assert 0.02 < p < 0.3
    assert same.contrasts[1].p == p and same.contrasts[0].p_family == pytest.approx(p, abs=4 * (p / 20_000) ** 0.5)
    other = np.exp(rng.normal(4, 0.5, (60, 1, 1)))
    apart = marker_course(wide(np.concatenate([one, other], axis=2)), draws=20_000)
    assert apart.contrasts[0].p_family == pytest.approx(1 - (1 - p) ** 2, abs=0.02)


def ward(rng, *, effect=0.0, peaks=False, size=60, days=16):
    """A ward on a clock: markers fall in whoever survives, who has high ones dies, some leave the ventilator.

    Everybody still ventilated and untreated is treated with the same chance each day; `peaks`: on days with a value in
    the upper half only, and controls are in the upper half too. `effect`: on the log after treatment.
    """
    level, own = rng.normal(4.5, 0.6, size), rng.normal(0, 0.35, (size, days, 2))
    log = level[:, None, None] - 0.14 * np.arange(days)[None, :, None] + own
    high = 1 / (1 + np.exp(-(level - 4.8)))
    died = rng.geometric(0.01 + 0.06 * high)
    off = rng.geometric(0.05, size)
    end = np.minimum(died, off)
    upper = log[:, :, 0] > np.median(log[:, :, 0], axis=0)
    start = np.full(size, NEVER)
    for day in range(1, 8):
        fits = (end > day) & (start == NEVER) & (upper[:, day] | (not peaks))
        start[fits & (rng.random(size) < (0.10 if peaks else 0.055))] = day
    log = log + effect * (np.arange(days)[None, :, None] > start[:, None, None])
    members, which = [], []
    for i in np.flatnonzero(start < NEVER):
        z = start[i]
        alike = (end > z) & (start > z) & (upper[:, z] | (not peaks))
        group = [i, *np.flatnonzero(alike)]
        members += [(j, z) for j in group]
        which += [len(set(which))] * len(group)
    if not members:
        return None
    row, z = (np.array(v) for v in zip(*members, strict=True))
    state, after = np.zeros((len(row), 2), dtype=np.int8), np.full((len(row), 2, 2), np.nan)
    for o, offset in enumerate((3, 7)):
        at = z + offset
        dead, is_off = died[row] < np.minimum(at, off[row] + 1), off[row] < at
        state[:, o] = np.where(dead, DayState.D, np.where(is_off, DayState.E, DayState.V))
        seen = np.where(is_off, np.minimum(off[row], days - 1), at)
        after[:, o] = np.where(dead[:, None], np.nan, np.exp(log[row, seen]))
    after[rng.random(after.shape) < 0.08] = np.nan
    is_treated = np.concatenate([[True], np.diff(which) > 0])
    return MarkerCourses(
        ("crp", "ldh"),
        (3, 7),
        tuple(f"T{i:02d}" for i in range(which[-1] + 1)),
        np.array(which),
        is_treated,
        tuple(f"P{r:03d}, ward" for r in row),
        np.repeat(np.exp(log[row, z])[..., None], 2, axis=-1),
        np.repeat(after[..., None], 2, axis=-1),
        state,
        np.zeros((len(row), 2, 2), dtype=np.int8),
    )


def many(rng, worlds, **options):
    found = [marker_course(w, draws=300) for w in (ward(rng, **options) for _ in range(worlds)) if w is not None]
    return [r for r in found if len(r.contrasts[0].remedy) == 0]


def test_before_and_after_finds_what_time_does_and_the_contrast_does_not():
    worlds = 300
    found = many(np.random.default_rng(20), worlds)
    assert len(found) > 0.8 * worlds
    limit = 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(found))
    p = np.array([[(c.p, c.p_harm) for c in r.contrasts] for r in found])
    fell = np.array([r.changes[1].p for r in found])  # day 7
    assert np.mean(fell <= 0.05) > 0.9
    assert np.all(np.mean(p <= 0.05, axis=0) <= limit)
    assert np.mean([min(c.p_family for c in r.contrasts) <= 0.05 for r in found]) <= limit
    assert np.all(np.mean(p <= 0.5, axis=0) > 0.3)  # not so large that nothing could be found


def test_regression_to_the_mean_is_no_effect():
    found = many(np.random.default_rng(21), 150, peaks=True)
    assert len(found) > 70
    limit = 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(found))
    change = np.mean([np.log(r.changes[0].ratio) for r in found])  # crp, day 3
    plain = np.mean([np.log(r.changes[2].ratio) for r in found])  # ldh was not looked at when treating
    assert change < plain - 0.1 and plain == pytest.approx(-0.42, abs=0.12)
    assert np.mean([r.contrasts[0].p <= 0.05 for r in found]) <= limit
    assert abs(np.mean([r.contrasts[0].rank_difference_before for r in found])) < 0.06


def test_an_effect_that_is_there_is_found():
    found = many(np.random.default_rng(22), 40, effect=-0.9)
    assert np.mean([r.contrasts[0].p_family <= 0.05 for r in found]) > 0.6  # crp, day 3


def test_a_marker_that_answers_another_drug_only_is_no_effect():
    """S13 of the design: the drug cuts the value to a third and four of five treated get it, one of five controls."""
    rng = np.random.default_rng(13)
    open_eyed, blind = [], []
    for _ in range(60):
        sets, hidden = [], {}
        for i in range(40):
            values = np.exp(rng.normal(5, 0.6, 9))
            given = rng.random(9) < np.where(np.arange(9) == 0, 0.8, 0.2)
            hidden |= {(i, j): HIDDEN for j in np.flatnonzero(given)}
            sets.append([float(v) for v in np.where(given, values / 3, values)])
        blind.append(only(courses(*sets), draws=200).p <= 0.05)
        found = only(courses(*sets, hidden=hidden), draws=200)
        open_eyed.append(found.p is not None and found.p <= 0.05)
    assert np.mean(blind) > 0.9
    assert np.mean(open_eyed) <= 0.05 + 3 * (0.05 * 0.95 / 60) ** 0.5
