"""Markers on the clock of the treated patient of a set: what was known before, and near the day, never after it."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_ward import Ward, cohort, on, protocol, stay

from onearm.cohort.analysis_set import NEVER
from onearm.cohort.build import build
from onearm.cohort.marker_courses import (
    HIDDEN,
    NOT_KNOWN,
    READABLE,
    WATCHED,
    DayValues,
    day_values,
    marker_courses,
)
from onearm.estimators.marker_background import background
from onearm.results.encoding import from_json, to_json
from onearm.results.status import Status
from onearm.vocabulary.markers import MARKERS
from onearm.vocabulary.scales import DayState


def pair(*, until=30, kind="left_hospital_alive", **options):
    """A, infused on day 5, and a control B ventilated from day 0 until `until`."""
    ward = stay(Ward(), "A").infusion("A", 5.2)
    return stay(ward, "B", until=until, kind=kind, **options)


def read(ward, *others, same_day="index", **options):
    plan = protocol()
    everybody = cohort(plan, ward, *others)
    return marker_courses(everybody, build(plan, everybody, same_day=same_day), **options).in_member_order()


def values(found, marker="crp"):
    """Before, then each target, of every member: numbers, None where nothing is known."""
    k = found.markers.index(marker)
    rows = np.concatenate([found.before[:, None, k], found.after[:, :, k]], axis=1)
    assert np.array_equal(rows[..., 0], rows[..., 1], equal_nan=True)
    return [[None if np.isnan(v) else float(v) for v in row] for row in rows[..., 0]]


def test_every_member_counts_days_from_the_index_day_of_the_treated():
    ward = pair()
    for name, more in (("A", 0), ("B", 1)):
        for day, value in ((4.5, 100), (5.5, 110), (7.5, 120), (11.8, 130)):
            ward.sample(name, "crp", value + more, day)
    found = read(ward)
    assert found.treated == ("A",) and found.offsets == (3, 7) and found.markers == ("crp",)
    assert found.member == ("A, WARD", "B, WARD") and found.is_treated.tolist() == [True, False]
    assert values(found) == [[100, 120, 130], [101, 121, 131]]
    assert found.state.tolist() == [[DayState.V] * 2] * 2


def test_a_value_of_the_index_day_is_not_before_and_one_after_the_target_is_the_future():
    ward = pair().sample("A", "crp", 100, 5.1).sample("A", "crp", 90, 8.1).sample("A", "crp", 80, 12.1)
    assert values(read(ward))[0] == [None, None, None]
    assert values(read(ward, offsets=(4, 8)))[0] == [None, 90, 80]


def test_old_values_are_not_the_last_before_nor_near_the_day():
    ward = pair().sample("A", "crp", 100, 2.9).sample("A", "crp", 90, 6.9)
    assert values(read(ward))[0] == [None, None, None]
    assert values(read(ward, look_back_days=3, tolerance_days=2))[0] == [100, 90, None]


def test_a_date_alone_is_known_the_day_after():
    ward = pair().sample("A", "crp", 100, on(4)).sample("A", "crp", 110, on(5)).sample("A", "crp", 90, on(7))
    ward.sample("A", "crp", 80, on(8))
    assert values(read(ward))[0] == [100, 90, None]


def test_off_the_ventilator_the_last_value_is_carried_and_the_dead_have_none():
    ward = pair(until=6, seen=20).sample("B", "crp", 100, 4.5).sample("B", "crp", 90, 5.5)
    stay(ward, "C", until=9, kind="died").sample("C", "crp", 300, 7.5).sample("C", "crp", 400, 8.5)
    stay(ward, "D", until=10, kind="seen_alive", seen=10).sample("D", "crp", 200, 7.9).sample("D", "crp", 150, 9.9)
    found = read(ward)
    assert values(found)[1:] == [[100, 90, 90], [None, 300, None], [None, 200, None]]
    assert found.state.tolist()[1:] == [
        [DayState.E, DayState.E],
        [DayState.V, DayState.D],
        [DayState.V, DayState.U],
    ]


def test_values_beyond_an_assay_limit_are_bounds():
    ward = pair().sample("A", "crp", 5, 4.5, sign="<").sample("A", "crp", 500, 7.5, sign=">=")
    found = read(ward)
    assert found.before[0, 0].tolist() == [0, np.nextafter(5, 0)]
    assert found.after[0, 0, 0].tolist() == [500, np.inf]


@pytest.mark.parametrize(
    ("day", "codes"),
    [
        (-17, [READABLE, READABLE]),  # 22 days before the index day
        (-16, [HIDDEN, HIDDEN]),
        (4, [HIDDEN, HIDDEN]),
        (7, [HIDDEN, HIDDEN]),
        (8.5, [READABLE, HIDDEN]),  # after the first target
        (13, [READABLE, READABLE]),
    ],
)
def test_tocilizumab_hides_crp_from_21_days_before_the_index_day_to_the_target(day, codes):
    ward = pair().episode("B", "tocilizumab", day, day)
    for name in ("A", "B"):
        ward.sample(name, "crp", 90, 4).sample(name, "ldh", 90, 4).sample(name, "il6", 90, 4)
    found = read(ward)
    assert found.markers == ("crp", "ldh", "il6")
    assert found.hidden[:, :, 0].tolist() == [[READABLE] * 2, codes]
    assert found.hidden[:, :, 2].tolist() == [[READABLE] * 2, codes]
    assert not found.hidden[:, :, 1].any()


def test_steroids_hide_lymphocytes_and_not_crp():
    ward = pair().episode("A", "corticosteroid", 0, 3.5).sample("A", "crp", 9, 4)
    ward.sample("A", "lymphocytes", 0.8, 4).sample("A", "t_cd8", 100, 4)
    found = read(ward)
    assert found.markers == ("crp", "lymphocytes", "t_cd8")
    assert found.hidden[0].tolist() == [[READABLE, HIDDEN, HIDDEN]] * 2
    assert not found.hidden[1].any()


def test_where_no_drug_is_recorded_nobody_knows_whether_one_hides_a_marker():
    other = stay(Ward("individual_external", source="ELSEWHERE"), "X").sample("X", "crp", 80, 4.5)
    found = read(stay(Ward(), "A").infusion("A", 5).sample("A", "crp", 100, 4.5).sample("A", "ldh", 300, 4.5), other)
    assert found.member == ("A, WARD", "X, ELSEWHERE")
    assert found.hidden[:, 0].tolist() == [[READABLE, READABLE], [NOT_KNOWN, READABLE]]
    assert values(found) == [[100, None, None], [80, None, None]]


def test_a_control_gone_on_the_index_day_is_out_when_controls_count_from_the_day_after():
    ward = stay(pair(), "C", until=5.5, kind="died").sample("A", "crp", 9, 4)
    assert read(ward).member == ("A, WARD", "B, WARD", "C, WARD")
    assert read(ward, same_day="after").member == ("A, WARD", "B, WARD")


def test_nothing_measured_or_nobody_treated_is_empty():
    assert read(pair()).markers == ()
    nobody = read(stay(Ward(), "B").sample("B", "crp", 9, 4))
    assert nobody.treated == () and nobody.after.shape == (0, 2, 1, 2)
    assert read(pair().sample("A", "lactate", 2, 4)).markers == ()


def test_settings_that_would_read_a_value_before_as_one_after_are_refused():
    for wrong in ({"tolerance_days": 3}, {"offsets": ()}, {"tolerance_days": 0}, {"look_back_days": 0}):
        with pytest.raises(ValueError, match="tolerance"):
            read(pair(), **wrong)
    plan = protocol()
    everybody = cohort(plan, pair())
    built = build(plan, everybody)
    with pytest.raises(ValueError, match="closed"):
        marker_courses(everybody, replace(built, data=built.data.blinded()))


def test_every_watched_marker_is_in_the_dictionary():
    assert set(WATCHED) <= set(MARKERS)
    assert {name for name, w in WATCHED.items() if w.better > 0} == {
        "lymphocytes",
        "t_cd3",
        "t_cd4",
        "t_cd8",
        "b_cd19",
        "pf_ratio",
    }


def test_values_by_day_are_those_on_the_ventilator_and_readable():
    ward = pair(until=6, seen=20).episode("A", "tocilizumab", 8, 8)
    for name in ("A", "B"):
        for day in (2.5, 4.5, 6.5, 9.5):
            ward.sample(name, "crp", 10 * day, day).sample(name, "ldh", 100, day)
    plan = protocol()
    everybody = cohort(plan, ward)
    built = build(plan, everybody)
    crp, ldh = (day_values(everybody, built, m) for m in ("crp", "ldh"))
    # known at the start of the next day; B is off from day 7 on, A has tocilizumab on day 8
    assert sorted(zip(crp.person.tolist(), crp.day.tolist(), crp.low.tolist(), strict=True)) == [
        (0, 3, 25),
        (0, 5, 45),
        (0, 7, 65),
        (1, 3, 25),
        (1, 5, 45),
    ]
    assert len(ldh.day) == 6 and set(ldh.index_day.tolist()) == {5, NEVER}
    assert len(day_values(everybody, built, "ferritin").day) == 0
    with pytest.raises(KeyError):
        day_values(everybody, built, "weight")


quarters = st.integers(0, 60).map(lambda t: t / 4)


@st.composite
def wards(draw):
    """A few patients, some treated, with samples whenever."""
    ward = Ward(quick=True)
    for name in "ABCD":
        end = draw(quarters)
        ward.person(name, until=min(end, draw(quarters)))
        ward.outcome(name, draw(st.sampled_from(["died", "left_hospital_alive", "seen_alive"])), end + 1)
        if draw(st.booleans()):
            ward.infusion(name, draw(quarters))
        for day in draw(st.lists(quarters, max_size=6, unique=True)):
            ward.sample(name, "crp", draw(st.integers(1, 300)), day)
    return ward


@given(wards(), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_what_comes_after_a_day_changes_nothing_on_it_and_row_order_never_matters(ward, seed):
    plan = protocol()
    everybody = cohort(plan, ward)
    built = build(plan, everybody)
    found = marker_courses(everybody, built).in_member_order()
    sets = built.data.sets.sample(fraction=1, shuffle=True, seed=seed)
    mixed = marker_courses(everybody, replace(built, data=replace(built.data, sets=sets))).in_member_order()
    same_courses(found, mixed, 2)
    if not len(found.which):
        return
    # without the samples after the first target of the last index day nothing changes on any first target
    last = 3 + int(max(built.data.column("start_day")[built.data.treated]))
    records = ward.records()
    kept = records["measurements"].filter(
        (pl.col("collected_at") - pl.lit(records["episodes"]["started_at"].min())).dt.total_seconds() <= last * 86_400
    )
    cut = replace(records, tables={**records.tables, "measurements": kept})
    same_courses(found, marker_courses(earlier(everybody, cut), built).in_member_order(), 1)


def earlier(everybody, records):
    """The same follow-up with other measurements."""
    group = everybody.groups[0]
    facts = type(group.facts)(records, group.course)
    return replace(everybody, groups=(replace(group, facts=facts),))


def same_courses(one, other, targets):
    assert one.member == other.member and one.treated == other.treated
    if one.markers and other.markers:
        assert np.array_equal(one.before, other.before, equal_nan=True)
        assert np.array_equal(one.after[:, :targets], other.after[:, :targets], equal_nan=True)
        assert np.array_equal(one.hidden[:, :targets], other.hidden[:, :targets])
    assert np.array_equal(one.state, other.state)


def days_of(persons, days, curve, level, *, start=None, bend=0.0, marker="crp"):
    """Noise-free values of persons on days 0.. of a background curve."""
    person, day = (v.ravel() for v in np.meshgrid(np.arange(persons), np.arange(days), indexing="ij"))
    start = np.full(persons, NEVER) if start is None else start
    t = np.log(day + 1.0)
    after = np.maximum(day - start[person], 0) * (start[person] < NEVER)
    y = np.exp(level[person] + curve[0] * t + curve[1] * t**2 + bend * after)
    return DayValues(marker, person, day, y, y, start[person])


def test_the_background_is_fitted_on_untreated_days_only():
    rng = np.random.default_rng(4)
    start = np.where(np.arange(30) < 6, 4, NEVER)
    values = days_of(30, 12, (0.3, -0.2), rng.normal(4, 1, 30), start=start, bend=-0.1)
    found = background(values, offsets=(3, 7, 99))
    assert found.curve == pytest.approx((0.3, -0.2)) and found.bend == pytest.approx(-0.1)
    assert found.n_persons == 30 and found.n_values == 24 * 12 + 6 * 5 and found.n == (6, 6, 0)
    assert found.seen[1] / found.expected[1] == pytest.approx(np.exp(-0.7)) and found.expected[2] is None
    order = rng.permutation(len(values.day))
    columns = {c: getattr(values, c)[order] for c in ("person", "day", "low", "high", "index_day")}
    assert background(replace(values, **columns), offsets=(3, 7, 99)) == found
    assert from_json(to_json(found), type(found)) == found


def test_too_few_untreated_give_no_background():
    found = background(days_of(19, 5, (0.1, 0.0), np.full(19, 3.0)))
    assert found.status is Status.TOO_FEW and found.curve is None and "20" in found.remedy
    assert background(days_of(0, 5, (0.1, 0.0), np.zeros(0))).status is Status.TOO_FEW
