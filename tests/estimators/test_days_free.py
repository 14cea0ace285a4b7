from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np
import polars as pl
import pytest
from analysis_worlds import patient, world
from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.cohort.analysis_set import NEVER
from onearm.estimators.days_free import (
    contrast_within_sets,
    days_free,
    restricted_means,
    restricted_means_of_states,
    turning_shifts,
)
from onearm.results.encoding import from_json, to_json
from onearm.results.status import Status
from onearm.vocabulary.scales import DayState

CODE = {"V": DayState.V, "E": DayState.E, "H": DayState.H, "D": DayState.D}


def states_of(course, days):
    """Codes of one letter per day; dead and left stay so, whoever else ends is not known any more."""
    codes = [int(CODE[letter]) for letter in course][:days]
    last = codes[-1] if course[-1] in "DH" else int(DayState.U)
    return codes + [last] * (days - len(codes))


def follow_up_of(course):
    """(end, event): the day before the first D or H, else the last day with a letter."""
    for letter, event in (("D", 1), ("H", 2)):
        if letter in course:
            return course.index(letter) - 1, event
    return len(course) - 1, 0


def day_world(courses, *, horizon=4, pairs=None, same_day="index", potential=NEVER):
    """AnalysisSet with states from name -> (one letter per start of day, index day or None), rows as given.

    Sets by day alone among the ventilated unless pairs are given; "VVED" dies on day 2.
    """
    people = []
    for name, (course, start) in courses.items():
        end, event = follow_up_of(course)
        zero = NEVER if start is None else start
        people.append(patient(name, end=end, event=event, start=zero, potential=potential))
    days = max((z for _, z in courses.values() if z is not None), default=0) + horizon + 2
    if pairs is None:
        pairs = [
            (i, j)
            for i, (_, z) in courses.items()
            for j, (course, other) in courses.items()
            if z is not None and (other is None or other > z) and course[z : z + 1] == "V"
        ]
    states = np.array([states_of(course, days) for course, _ in courses.values()], dtype=np.int8).reshape(-1, days)
    return replace(world(*people, horizon=horizon, same_day=same_day, pairs=pairs), states=states)


def reordered(data, seed):
    """The same set with people, their states and the sets in another order."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(data.people.height)
    place = np.argsort(order)
    sets = data.sets.with_columns(
        pl.Series(side, [None if v is None else int(place[v]) for v in data.sets[side].to_list()], dtype=pl.Int32)
        for side in ("treated", "control")
    )
    sets = sets[rng.permutation(sets.height).tolist()]
    return replace(data, people=data.people[order.tolist()], sets=sets, states=data.states[order])


def null_world(rng, size=30, horizon=8):
    """A ward where the treatment changes nobody; sizes of sets differ, courses too, reintubation included."""
    courses = {}
    for k in range(size):
        course = "V"
        while len(course) < 24 and course[-1] not in "DH":
            chances = {"V": (0.75, 0.15, 0.0, 0.1), "E": (0.1, 0.72, 0.15, 0.03)}[course[-1]]
            course += "VEHD"[rng.choice(4, p=chances)]
        wanted = int(rng.geometric(0.25)) - 1
        treated = wanted < 8 and wanted < len(course) and course[wanted] == "V"
        courses[f"P{k:02d}"] = (course, wanted if treated else None)
    return day_world(courses, horizon=horizon)


def courses_strategy(min_size=1, max_size=10):
    letters = st.text("VVVE", min_size=0, max_size=7)
    course = st.builds(lambda a, b: "V" + a + b, letters, st.sampled_from(["", "D", "H"]))
    treated = st.tuples(course, st.one_of(st.none(), st.integers(0, 3)))
    fits = treated.map(lambda p: p if p[1] is None or p[1] <= follow_up_of(p[0])[0] else (p[0], None))
    return st.lists(fits, min_size=min_size, max_size=max_size).map(
        lambda rows: {f"P{(7 * k) % 11:02d}": row for k, row in enumerate(rows)}
    )


def mirrored(duels):
    """Sets of one treated and one control whose courses are exchanged; all treated on day 0."""
    swapped = {}
    for k, (one, other) in enumerate(duels):
        swapped |= {f"T{k}": (one, 0), f"C{k}": (other, None)}
    return day_world(swapped, pairs=[(f"T{k}", f"C{k}") for k in range(len(duels))])


duels_strategy = st.lists(
    st.tuples(*[st.builds(lambda a, b: "V" + a + b, st.text("VE", max_size=6), st.sampled_from(["", "D", "H"]))] * 2),
    min_size=8,
    max_size=9,
)


def ward(**options):
    """Unsorted, horizon 4: B and D treated on day 1, F on day 2 with the only control that is still ventilated."""
    courses = {
        "F": ("VVVEEEEEE", 2),
        "B": ("VVEVEEEE", 1),  # reintubated
        "A": ("VVVVVVVV", None),
        "D": ("VVD", 1),  # dies on the index day
        "C": ("VVEED", None),
        "E": ("VVE", None),  # open after day 2
    }
    return day_world(courses, **options)


def test_the_worked_example_from_counts_and_from_states():
    end, event = np.array([0, 2, 2, 3, 5, 5]), np.array([2, 1, 2, 0, 1, 0])
    by_counts = restricted_means(end, event, horizon=5)
    assert by_counts.days_off == pytest.approx(float(Fraction(4, 3)), abs=1e-12)
    assert by_counts.days_alive == pytest.approx(4.5, abs=1e-12)
    courses = ["VEEEEEE", "VVVDDDD", "VVVEEEE", "VVVV", "VVVVVVD", "VVVVVV"]
    states = np.array([states_of(c, 7) for c in courses], dtype=np.int8)
    by_states = restricted_means_of_states(states, horizon=5)
    assert by_states.days_off == pytest.approx(by_counts.days_off, abs=1e-12)
    assert by_states.days_alive == pytest.approx(by_counts.days_alive, abs=1e-12)
    assert by_states.defined_to == by_counts.defined_to == 4 and by_states.n == 6


@given(st.lists(st.tuples(st.integers(0, 8), st.sampled_from([0, 1, 2])), min_size=1, max_size=12), st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_means_of_counts_are_those_of_states_when_nobody_returns(rows, horizon):
    end, event = (np.array(column) for column in zip(*rows, strict=True))
    courses = ["V" * (t + 1) + {0: "", 1: "D", 2: "H"}[e] for t, e in rows]
    states = np.array([states_of(c, horizon + 1) for c in courses], dtype=np.int8)
    one, other = restricted_means(end, event, horizon=horizon), restricted_means_of_states(states, horizon=horizon)
    assert one.days_off == pytest.approx(other.days_off, abs=1e-9)
    assert one.days_alive == pytest.approx(other.days_alive, abs=1e-9)
    assert one.defined_to == other.defined_to


def test_means_without_anybody_are_an_error():
    with pytest.raises(ValueError, match="nobody"):
        restricted_means(np.array([], dtype=np.int64), np.array([], dtype=np.int64), horizon=3)
    with pytest.raises(ValueError, match="known on day 0"):
        restricted_means_of_states(np.full((2, 4), DayState.U, dtype=np.int8), horizon=3)


def test_days_and_components_by_hand():
    # sets: B {F, A, C, E}, D {F, A, C, E} on starts 2..5; F {A} on starts 3..6
    result = days_free(ward())
    assert (result.n_treated, result.n_matched, result.n_controls) == (3, 3, 9)
    off = result.against.days_off
    # B E V E E: 3; D 0; F E E E E: 4
    assert off.treated == pytest.approx(7 / 3)
    # F V E E E: 3, A 0, C E E then dead: 2, E 1 known and 3 unknown days counted as off
    assert off.controls == pytest.approx(float((Fraction(3 + 0 + 2 + 4, 4) * 2 + 0) / 3))
    favour = result.in_favour.days_off
    assert favour.treated == off.treated and favour.controls == pytest.approx(float((Fraction(6, 4) * 2 + 0) / 3))
    alive = result.against.days_alive
    assert alive.treated == pytest.approx(8 / 3) and alive.controls == pytest.approx((14 / 4 * 2 + 4) / 3)
    # C dies on day 3, within Z..Z+4: no ventilator-free days
    free = result.against.ventilator_free
    assert free.treated == pytest.approx(7 / 3) and free.controls == pytest.approx((7 / 4 * 2 + 0) / 3)
    assert result.against.dead_treated == pytest.approx(1 / 3)
    assert result.against.dead_controls == pytest.approx((1 / 4 * 2) / 3)
    assert result.in_favour.dead_controls == pytest.approx((2 / 4 * 2) / 3)
    assert (result.unresolved, result.unresolved_controls) == (0, 2)
    assert result.is_exact and result.arrangements == 50
    assert result.status is Status.TOO_FEW and result.estimate is None


def test_death_on_the_last_day_takes_the_ventilator_free_days_and_no_day_off():
    data = day_world({"T": ("VEEEED", 0), "C": ("VEEEEED", None)})  # die on day 4 and on day 5; horizon 4
    found = days_free(data).against
    assert found.days_off.treated == found.days_off.controls == 4
    assert found.ventilator_free.treated == 0 and found.ventilator_free.controls == 4


def test_an_unresolved_patient_is_bounded_both_ways():
    data = day_world({"T": ("VE", 0), "C": ("VVVVVV", None)})
    result = days_free(data)
    assert result.against.days_off.difference == 1 and result.in_favour.days_off.difference == 4
    assert result.against.ventilator_free.difference == 0 and result.in_favour.ventilator_free.difference == 4
    assert result.against.dead_treated == 1 and result.in_favour.dead_treated == 0
    assert result.open_at_horizon == result.unresolved == 1


def many(course, count=10):
    return {f"T{k}": (course if k < 2 else "VVEEEE", 0) for k in range(count)} | {
        f"C{k}": ("VVVEEE", None) for k in range(3)
    }


def test_more_than_a_tenth_open_is_refused_unless_the_bounds_are_beside():
    refused = days_free(day_world(many("VVE")), with_bounds=False, draws=500)
    assert refused.status is Status.REFUSED and "2 of 10" in refused.remedy and refused.against is None
    beside = days_free(day_world(many("VVE")), draws=500)
    assert beside.status is Status.OK and beside.in_favour is not None
    assert beside.estimate == beside.against.days_off.difference
    all_known = days_free(day_world(many("VVEEED")), with_bounds=False, draws=500)
    assert all_known.status is Status.OK and all_known.in_favour is None
    assert not all_known.is_exact and all_known.arrangements == 501


def test_the_lock_shortens_the_days_that_count():
    data = day_world({"T": ("VVEEE", 1), "C": ("VVVVE", None)}, potential=4)  # h = 3: starts 2..4
    result = days_free(data)
    assert result.against.days_off.treated == 3 and result.against.days_off.controls == 1
    assert result.unresolved == 0 and result.open_at_horizon == 1


def test_after_drops_a_control_whose_last_day_is_the_index_day():
    courses = {"T": ("VVEEEE", 1), "C": ("VVVVVV", None), "G": ("VVD", None)}
    assert days_free(day_world(courses)).against.days_off.controls == 0
    assert days_free(day_world(courses, same_day="after")).n_controls == 1


def brute_tails(treated, controls, shift):
    """Both one-sided p at a shift, by fractions over every arrangement."""

    def statistic(chosen):
        total = Fraction(0)
        for y, values, k in zip(treated, controls, chosen, strict=True):
            members = [Fraction(y) - shift, *map(Fraction, values)]
            total += members[k] - (sum(members) - members[k]) / len(values)
        return total

    every = [statistic(c) for c in product(*(range(len(v) + 1) for v in controls))]
    return Fraction(sum(s >= every[0] for s in every), len(every)), Fraction(
        sum(s <= every[0] for s in every), len(every)
    )


set_values = st.tuples(st.integers(0, 5), st.lists(st.integers(0, 5), min_size=1, max_size=3))


@given(st.lists(set_values, min_size=1, max_size=4), st.sampled_from([0.5, 0.8, 0.95]))
@settings(max_examples=40, deadline=None)
def test_p_and_interval_are_those_of_all_arrangements(sets, level):
    treated, controls = [y for y, _ in sets], [v for _, v in sets]
    arrays = [np.array(v, dtype=float) for v in controls]
    found = contrast_within_sets(np.array(treated, dtype=float), arrays, level=level)
    p, harm = brute_tails(treated, controls, Fraction(0))
    assert found.p == pytest.approx(float(p), abs=1e-12) and found.p_harm == pytest.approx(float(harm), abs=1e-12)
    tail, small = Fraction(str(level)), Fraction(1, 10**6)
    tail = (1 - tail) / 2
    if found.lower is None:
        assert found.upper is None
        assert min(brute_tails(treated, controls, Fraction(s))[s > 0] for s in (-100, 100)) > tail
        return
    low, high = (Fraction(v).limit_denominator(10**6) for v in (found.lower, found.upper))
    assert brute_tails(treated, controls, low)[0] > tail >= brute_tails(treated, controls, low - small)[0]
    assert brute_tails(treated, controls, high)[1] > tail >= brute_tails(treated, controls, high + small)[1]


def test_drawn_arrangements_agree_with_all_of_them():
    rng = np.random.default_rng(5)
    treated = rng.integers(0, 9, 7).astype(float)
    controls = [rng.integers(0, 9, 4).astype(float) for _ in treated]
    exact, drawn = (contrast_within_sets(treated, controls, draws=draws) for draws in (5**7, 40_000))
    assert turning_shifts(treated, controls, draws=5**7)[1] == 5**7
    assert drawn.p == pytest.approx(exact.p, abs=5 * 0.5 / 200)
    assert drawn.lower == pytest.approx(exact.lower, abs=0.3) and drawn.upper == pytest.approx(exact.upper, abs=0.3)
    assert contrast_within_sets(treated, controls, draws=40_000) == drawn
    assert contrast_within_sets(treated, controls, draws=40_000, seed=6) != drawn


@given(courses_strategy(), st.integers(0, 99), st.sampled_from(["index", "after"]))
@settings(max_examples=60, deadline=None)
def test_row_order_never_matters_and_json_returns_the_same(courses, seed, same_day):
    data = day_world(courses, same_day=same_day)
    result = days_free(data, draws=200)
    assert days_free(reordered(data, seed), draws=200) == result
    assert from_json(to_json(result), type(result)) == result
    assert (result.estimate is None) == (result.status is not Status.OK) == bool(result.remedy)


@given(duels_strategy)
@settings(max_examples=40, deadline=None)
def test_exchanging_the_courses_mirrors_every_figure(duels):
    one = days_free(mirrored(duels))
    other = days_free(mirrored([(b, a) for a, b in duels]))
    for here, there in ((one.against, other.in_favour), (one.in_favour, other.against)):
        for name in ("days_off", "days_alive", "ventilator_free"):
            a, b = getattr(here, name), getattr(there, name)
            assert a.difference == pytest.approx(-b.difference) and (a.p, a.p_harm) == (b.p_harm, b.p)
            assert a.lower == pytest.approx(-b.upper) and a.upper == pytest.approx(-b.lower)
        assert here.dead_treated == pytest.approx(there.dead_controls)
    assert one.against.days_off.difference <= one.in_favour.days_off.difference + 1e-12


def test_refusals_say_what_to_do():
    assert days_free(world()).status is Status.NO_PATIENTS
    assert days_free(day_world({"C": ("VVV", None)})).status is Status.NO_PATIENTS
    alone = days_free(day_world({"T": ("VVEE", 0)}))
    assert alone.status is Status.ONE_ARM and alone.remedy and alone.against is None
    assert alone.treated_group.days_off == 3
    gone = day_world({"T": ("VVVVVV", 3), "C": ("VD", None)}, pairs=[("T", "C")])
    assert days_free(gone).status is Status.REFUSED and "T" in days_free(gone).remedy
    assert days_free(replace(ward(), states=None)).status is Status.NOT_REPORTED
    narrow = ward()
    short = days_free(replace(narrow, states=narrow.states[:, :5]))
    assert short.status is Status.REFUSED and "7 days" in short.remedy
    with pytest.raises(ValueError, match="draws 0"):
        days_free(ward(), draws=0)


def test_a_treated_patient_without_controls_is_named():
    lonely = day_world({"T": ("VVEE", 0), "Z": ("VVVVVVVVV", 7), "C": ("VVVV", None)})
    result = days_free(lonely)
    assert result.status is Status.REFUSED and result.unmatched == ("Z",) and result.against is not None


def test_a_treatment_that_changes_nobody_is_found_in_one_of_twenty():
    rng, worlds = np.random.default_rng(11), 400
    found = [days_free(null_world(rng), with_bounds=False, draws=1_000) for _ in range(worlds)]
    p = np.array([[r.against.days_off.p, r.against.days_off.p_harm] for r in found if r.against is not None])
    assert len(p) > 0.95 * worlds
    most = 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(p))
    assert np.all(np.mean(p <= 0.05, axis=0) <= most)
    assert np.all(np.mean(p <= 0.5, axis=0) > 0.3)  # not so large that nothing could be found
    lower, upper = zip(*((r.against.days_off.lower, r.against.days_off.upper) for r in found if r.against), strict=True)
    held = [(a is None or a <= 0) and (b is None or b >= 0) for a, b in zip(lower, upper, strict=True)]
    assert np.mean(held) >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / len(held))
