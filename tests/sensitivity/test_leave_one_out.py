"""Leave one out: by hand on five patients, and against the test run again on who is left."""

from fractions import Fraction

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.cohort.analysis_set import NEVER, PEOPLE, SETS, AnalysisSet
from onearm.estimators.risk_set_test import risk_set_test
from onearm.sensitivity.leave_one_out import leave_one_out


def world(people, *, horizon=28):
    """(person, source, centre, start, end, event) each; everybody untreated and there on the day is a control."""
    columns = dict(
        zip(("person", "source", "centre", "start_day", "end_day", "event"), zip(*people, strict=True), strict=True)
    )
    size = len(people)
    columns |= {"zero_date": [None] * size, "spell_days": columns["end_day"], "potential_days": [NEVER] * size}
    start, end = columns["start_day"], columns["end_day"]
    pairs = [
        (i, j)
        for i in range(size)
        if start[i] < NEVER
        for j in range(size)
        if start[j] > start[i] and end[j] >= start[i]
    ]
    sets = {"set_id": [i for i, _ in pairs], "treated": [i for i, _ in pairs], "control": [j for _, j in pairs]}
    return AnalysisSet(
        pl.DataFrame(columns, schema=PEOPLE), pl.DataFrame(sets, schema=SETS), horizon, "index", "0" * 64
    )


#: B is a control of A until day 4; C and D die, E leaves.
FIVE = [
    ("D", "own", "south", NEVER, 9, 1),
    ("B", "own", "north", 4, 20, 2),
    ("A", "own", "south", 2, 6, 2),
    ("E", "own", "north", NEVER, 5, 2),
    ("C", "own", "north", NEVER, 3, 1),
]


def found(people, kind, origins=None):
    return {one.kind: one for one in leave_one_out(world(people), origins or {})}.get(kind)


def test_patients_by_hand():
    """All: A meets B, C, D, E with two deaths, B meets D, E with one. Nobody treated died."""
    assert risk_set_test(world(FIVE)).p == pytest.approx(float(Fraction(3, 5) * Fraction(2, 3)))
    one = found(FIVE, "patient")
    assert one.without == ("A", "B")
    # without A only B's set is left; without B the set of A has C, D, E
    assert one.p == pytest.approx((float(Fraction(2, 3)), float(Fraction(2, 4))))
    assert one.lowest == ("B", pytest.approx(0.5))
    assert one.highest == ("A", pytest.approx(2 / 3))


def test_centres_by_hand():
    """Without north A meets D alone; without south B meets E alone, who does not die."""
    one = found(FIVE, "centre")
    assert (one.without, one.p) == (("north", "south"), (pytest.approx(1 / 2), pytest.approx(1.0)))


def test_a_lot_takes_all_its_patients_and_one_without_a_lot_stays():
    three = [*FIVE, ("F", "own", "north", 1, 30, 2)]
    lots = {"lot": {"L1": frozenset("AB"), "L2": frozenset("F")}}
    one = found(three, "lot", lots)
    assert one.without == ("L1", "L2")
    # F meets C, D, E; and the two sets of before without F, who was treated too early to be a control there
    assert one.p == pytest.approx((2 / 4, 3 / 5 * 2 / 3))


@pytest.mark.parametrize("lots", [{"L1": frozenset("A"), "L2": frozenset("B")}, {"L1": frozenset("AB")}, {}])
def test_a_lot_for_each_patient_or_one_for_all_says_nothing_more(lots):
    assert found(FIVE, "lot", {"lot": lots}) is None


def test_a_donor_for_each_lot_says_nothing_more_than_the_lots():
    lots = {"L1": frozenset("AB"), "L2": frozenset("F")}
    donors = {"D1": frozenset("F"), "D2": frozenset("AB")}
    three = [*FIVE, ("F", "own", "north", 1, 30, 2)]
    assert found(three, "donor", {"lot": lots, "donor": donors}) is None
    assert found(three, "donor", {"donor": donors}) is not None


def test_a_source_takes_its_untreated_and_the_treated_stay():
    people = [*FIVE, ("X", "registry", "north", NEVER, 8, 1)]
    one = found(people, "source")
    assert one.without == ("own", "registry")
    # without the untreated of "own": A meets B and X, B meets X
    assert one.p == pytest.approx((2 / 3 * 1 / 2, 3 / 5 * 2 / 3))
    assert found(people, "centre").without == ("own north", "own south", "registry north")


def test_a_part_without_which_nobody_can_be_compared_is_named():
    people = [(p, s, "north" if p != "A" else "south", *rest) for p, s, _, *rest in FIVE if p != "B"]
    one = found(people, "centre")
    assert one is None  # neither centre can be left out: all controls are in one, all treated in the other
    people = [*people, ("G", "own", "east", NEVER, 30, 2)]
    assert found(people, "centre").untestable == ("south",)


def test_the_open_treated_count_as_dead_as_in_the_primary_test():
    people = [(p, s, c, z, 6, 0) if p == "A" else (p, s, c, z, e, k) for p, s, c, z, e, k in FIVE]
    assert found(people, "patient").p == pytest.approx((2 / 3, 1.0))


def test_impossible_days_leave_nothing_out():
    assert leave_one_out(world([*FIVE, ("Z", "own", "north", 9, 3, 1)]), {}) == ()


person = st.tuples(
    st.sampled_from(["own", "registry"]),
    st.sampled_from(["north", "south", "east"]),
    st.one_of(st.just(NEVER), st.integers(0, 6)),
    st.integers(0, 40),
    st.sampled_from([0, 1, 2]),
).map(lambda p: (*p[:2], p[2] if p[2] <= p[3] else NEVER, *p[3:]))


@given(st.lists(person, min_size=2, max_size=14), st.randoms(use_true_random=False))
def test_equals_the_test_run_again_without_them(rows, random):
    people = [(f"P{k:02d}", *row) for k, row in enumerate(rows)]
    random.shuffle(people)
    several = len({p[1] for p in people}) > 1
    treated = {p[0] for p in people if p[3] < NEVER}
    lots = {"lot": {"L1": frozenset(sorted(treated)[::2]), "L2": frozenset(sorted(treated)[:3])}}
    leaves = {
        "patient": lambda p, name: p[0] == name,
        "lot": lambda p, name: p[0] in lots["lot"][name],
        "centre": lambda p, name: (f"{p[1]} {p[2]}" if several else p[2]) == name,
        "source": lambda p, name: p[1] == name and p[3] == NEVER,
    }
    for one in leave_one_out(world(people), lots):
        for name, p in zip(one.without, one.p, strict=True):
            left = [who for who in people if not leaves[one.kind](who, name)]
            assert p == pytest.approx(risk_set_test(world(left)).p, abs=1e-12)
        for name in one.untestable:
            left = [who for who in people if not leaves[one.kind](who, name)]
            assert not left or risk_set_test(world(left)).p is None
        assert np.all(np.diff([one.lowest[1], *sorted(one.p), one.highest[1]]) >= 0)
