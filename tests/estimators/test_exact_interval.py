from math import comb

import numpy as np
import pytest
from analysis_worlds import patient, read_reference, world
from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.estimators.exact_interval import (
    METHODS,
    clopper_pearson,
    exact_interval,
    exact_share,
    interval,
    one_sided_upper,
)
from onearm.results.status import Status

PUBLISHED = {  # percent, two decimals, made with standard software and read twice
    (2, 13): [(1.92, 45.45), (2.66, 42.23), (2.81, 43.39), (4.33, 42.23), (3.34, 40.90)],
    (6, 13): [(19.22, 74.87), (21.30, 72.57), (21.58, 73.96), (23.21, 70.86), (22.11, 71.71)],
    (0, 13): [(0, 24.71), (0, 20.58), (0, 22.51), (0, 22.81), (0, 17.26)],
    (0, 25): [(0, 13.72), (0, 11.29), (0, 12.77), (0, 13.32), (0, 9.47)],
}
NAMES = ("clopper_pearson", "mid_p", "blaker", "wilson", "jeffreys")
CASES = [(x, n, name, pair) for (x, n), row in PUBLISHED.items() for name, pair in zip(NAMES, row, strict=True)]


@pytest.mark.parametrize(("x", "n", "name", "pair"), CASES)
def test_every_named_interval_has_its_published_limits(x, n, name, pair):
    assert [100 * v for v in interval(x, n, 0.95, name)] == pytest.approx(pair, abs=0.0051)


@pytest.mark.parametrize(("x", "n", "pair"), [(2, 9, (2.81, 60.01)), (7, 13, (25.13, 80.78)), (9, 13, (38.57, 90.91))])
def test_clopper_pearson_of_the_published_series(x, n, pair):
    assert [100 * v for v in clopper_pearson(x, n)] == pytest.approx(pair, abs=0.0051)


@pytest.mark.parametrize("row", read_reference("base_tables.csv"))  # made by survival.R
def test_clopper_pearson_matches_binom_test(row):
    limits = clopper_pearson(int(row["dead_1"]), int(row["n_1"]))
    assert limits == pytest.approx((float(row["lower"]), float(row["upper"])), abs=1e-9)


@pytest.mark.parametrize("n", [1, 9, 13, 25])
def test_no_event_has_the_closed_form_upper_limits(n):
    assert clopper_pearson(0, n)[1] == pytest.approx(1 - 0.025 ** (1 / n), abs=1e-12)
    assert one_sided_upper(0, n) == pytest.approx(1 - 0.05 ** (1 / n), abs=1e-12)


def test_two_dead_and_four_open_of_13_show_so_far_worst_case_and_resolved():
    result = exact_share(2, 13, 4)
    assert (result.so_far.lower, result.so_far.upper) == pytest.approx((0.0192, 0.4545), abs=5e-5)
    assert (result.worst_case.lower, result.worst_case.upper) == pytest.approx((0.1922, 0.7487), abs=5e-5)
    assert (result.resolved_only.events, result.resolved_only.n) == (2, 9)
    assert result.estimate == 2 / 13


def test_deaths_on_the_last_day_count_and_open_patients_at_it_are_resolved():
    ward = world(
        patient("E", end=12, event=1, start=2),  # Z + H = 12: inside
        patient("A", end=13, event=1, start=2),  # the day after: alive at the horizon
        patient("D", end=12, event=0, start=2),  # seen to the last day: resolved
        patient("B", end=11, event=0, start=2),  # one day short: unresolved
        patient("C", end=4, event=2, start=2),  # left alive
        patient("F", end=3, event=1),  # never treated
        horizon=10,
    )
    result = exact_interval(ward)
    assert (result.events, result.n, result.unresolved) == (1, 5, 1)


def test_an_index_day_after_the_end_of_follow_up_is_refused():
    result = exact_interval(world(patient("A", end=3, event=1, start=5), pairs=[]))
    assert result.status is Status.REFUSED and "A" in result.remedy and result.estimate is None


def test_counts_that_cannot_be_are_refused_by_name():
    with pytest.raises(ValueError, match="5 events and 9 unresolved"):
        exact_share(5, 13, 9)
    with pytest.raises(ValueError, match="clopper_pearson, mid_p"):
        interval(2, 13, 0.95, "exact")
    with pytest.raises(ValueError, match="events 14 of n 13"):
        clopper_pearson(14, 13)
    assert exact_share(0, 0).status is Status.NO_PATIENTS


def coverage(n, risk, method, level=0.95):
    limits = [interval(x, n, level, method) for x in range(n + 1)]
    masses = (comb(n, x) * risk**x * (1 - risk) ** (n - x) for x in range(n + 1))
    return sum(m for m, (low, high) in zip(masses, limits, strict=True) if low <= risk <= high)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 16), st.floats(0.001, 0.999), st.sampled_from(["clopper_pearson", "blaker"]))
def test_exact_intervals_cover_at_least_their_level(n, risk, method):
    assert coverage(n, risk, method) >= 0.95 - 1e-9


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.sampled_from(list(METHODS)))
def test_every_interval_holds_its_estimate_and_mirrors_when_dead_and_alive_are_swapped(pair, method):
    x, n = pair
    low, high = interval(x, n, 0.95, method)
    assert 0 <= low <= x / n <= high <= 1
    assert interval(n - x, n, 0.95, method) == pytest.approx((1 - high, 1 - low), abs=1e-8)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_blaker_lies_inside_clopper_pearson(pair):
    inner, outer = interval(*pair, 0.95, "blaker"), clopper_pearson(*pair)
    assert outer[0] - 1e-12 <= inner[0] and inner[1] <= outer[1] + 1e-12


def test_mid_p_puts_half_of_the_seen_mass_into_each_tail():
    _, high = interval(2, 13, 0.95, "mid_p")
    mass = [comb(13, k) * high**k * (1 - high) ** (13 - k) for k in range(3)]
    assert np.sum(mass[:2]) + mass[2] / 2 == pytest.approx(0.025, abs=1e-12)
