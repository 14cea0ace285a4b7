from fractions import Fraction
from math import comb

import pytest
from analysis_worlds import read_reference
from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.estimators.two_arm import fisher_p, risk_difference, risk_ratio, two_arm
from onearm.results.encoding import from_json, to_json
from onearm.results.status import Status


def test_bowdish_shows_no_difference():
    result = two_arm(42, 112, 47, 110)
    assert (result.risk_ratio, result.ratio_lower, result.ratio_upper) == pytest.approx((0.878, 0.636, 1.212), abs=5e-4)
    limits = (result.risk_difference, result.difference_lower, result.difference_upper)
    assert limits == pytest.approx((-0.0523, -0.1779, 0.0756), abs=5e-5)
    assert result.fisher_p == pytest.approx(0.4938, abs=5e-5) and result.fisher_p_worst_case is None
    assert result.estimate == result.risk_difference


@pytest.mark.parametrize("row", read_reference("base_tables.csv"))  # made by survival.R
def test_fisher_matches_r(row):
    table = [int(row[k]) for k in ("dead_1", "n_1", "dead_2", "n_2")]
    assert fisher_p(*table) == pytest.approx(float(row["fisher_p"]), abs=1e-10)


@pytest.mark.parametrize(
    ("dead", "n", "p"), [(356, 868, 0.086), (95, 324, 0.362), (283, 683, 0.085), (282, 1151, 0.745)]
)
def test_two_of_13_against_published_cohorts(dead, n, p):
    assert fisher_p(2, 13, dead, n) == pytest.approx(p, abs=5e-4)


def by_fractions(dead_1, n_1, dead_2, n_2):
    dead = dead_1 + dead_2
    masses = {
        k: Fraction(comb(n_1, k) * comb(n_2, dead - k), comb(n_1 + n_2, dead))
        for k in range(max(0, dead - n_2), min(dead, n_1) + 1)
    }
    return sum(m for m in masses.values() if m <= masses[dead_1])


two_arms = st.tuples(st.integers(1, 30), st.integers(1, 30)).flatmap(
    lambda n: st.tuples(st.integers(0, n[0]), st.just(n[0]), st.integers(0, n[1]), st.just(n[1]))
)


@settings(deadline=None)
@given(two_arms)
def test_fisher_is_the_sum_of_exact_fractions_and_symmetric(table):
    dead_1, n_1, dead_2, n_2 = table
    p = fisher_p(*table)
    assert p == pytest.approx(float(by_fractions(*table)), abs=1e-10)
    assert fisher_p(dead_2, n_2, dead_1, n_1) == pytest.approx(p, abs=1e-10)
    assert fisher_p(n_1 - dead_1, n_1, n_2 - dead_2, n_2) == pytest.approx(p, abs=1e-10)


@settings(deadline=None)
@given(two_arms)
def test_intervals_hold_their_estimates_and_mirror(table):
    dead_1, n_1, dead_2, n_2 = table
    value, low, high = risk_difference(*table)
    assert -1 <= low <= value <= high <= 1
    assert risk_difference(dead_2, n_2, dead_1, n_1) == pytest.approx((-value, -high, -low), abs=1e-12)
    ratio = risk_ratio(*table)
    if ratio[0] is not None:
        assert ratio[1] <= ratio[0] <= ratio[2]
        inverse = risk_ratio(dead_2, n_2, dead_1, n_1)
        assert inverse[:3] == pytest.approx((1 / ratio[0], 1 / ratio[2], 1 / ratio[1]))


def test_the_worst_case_puts_treated_open_dead_and_control_open_alive():
    result = two_arm(2, 13, 6, 13, treated_open=4, control_open=1)
    assert result.fisher_p_worst_case == fisher_p(6, 13, 6, 13) == pytest.approx(1.0)


def test_a_zero_cell_has_no_ratio_and_says_so():
    result = two_arm(0, 13, 6, 13)
    assert result.risk_ratio is None and "zero" in result.ratio_remedy and result.status is Status.OK
    assert from_json(to_json(result), type(result)) == result


def test_a_series_is_no_two_arm_report():
    result = two_arm(2, 11, 0, None)
    assert result.status is Status.ONE_ARM and "reported.toml" in result.remedy and result.estimate is None


def test_counts_that_contradict_are_named():
    with pytest.raises(ValueError, match="treated arm: 9 dead and 5 open do not fit into 13"):
        two_arm(9, 13, 2, 13, treated_open=5)
