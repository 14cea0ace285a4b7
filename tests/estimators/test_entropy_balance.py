from math import log

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from onearm.estimators.entropy_balance import EntropyBalance, entropy_balance, most_covariates
from onearm.results.encoding import from_json, to_json
from onearm.results.status import Status

values = st.lists(st.tuples(st.integers(-9, 9), st.integers(0, 3)), min_size=4, max_size=40)


def inside(rows, seed):
    """A target in the middle of the rows: their mean under random positive weights."""
    share = np.random.default_rng(seed).dirichlet(np.full(len(rows), 3.0)) * 0.9 + 0.1 / len(rows)
    return share @ np.asarray(rows, dtype=float)


def test_thirty_ones_and_seventy_zeros():
    x = np.array([1, 0] * 30 + [0] * 40)
    result = entropy_balance(x, np.array(0.6), n_treated=13)
    assert result.estimate == pytest.approx(70, abs=1e-9)
    assert np.array(result.weights)[x == 1] == pytest.approx(0.6 / 30, rel=1e-12)
    assert np.array(result.weights)[x == 0] == pytest.approx(0.4 / 70, rel=1e-12)
    assert result.covariates[0].multiplier == pytest.approx(log(0.6 / 0.4 * 70 / 30), rel=1e-12)


def test_one_to_ten_to_mean_seven():
    result = entropy_balance(np.arange(10, 0, -1), np.array([7.0]), n_treated=8, names=("age",))
    row = result.covariates[0]
    assert row.multiplier == pytest.approx(0.192926, abs=5e-7) and result.effective_n == pytest.approx(7.7610, abs=5e-5)
    assert (row.name, row.mean_before) == ("age", 5.5) and row.mean_after == pytest.approx(7, abs=1e-12)
    assert row.difference_before == pytest.approx(-1.5 / np.std(np.arange(10), ddof=1))
    assert row.difference_after == pytest.approx(0, abs=1e-12)


def test_equal_weights_when_nothing_is_to_be_balanced():
    result = entropy_balance(np.arange(8.0), np.array(3.5), n_treated=8)
    assert result.weights == pytest.approx((1 / 8,) * 8, abs=1e-15) and result.effective_n == pytest.approx(8)


@given(values, st.integers(0, 99))
@example([(5, 1), (-1, 3), (-2, 2), (0, 0), (-3, 1)], 57)  # the last Newton step lowers the dual by less than rounding
@settings(max_examples=50, deadline=None)
def test_weights_are_positive_sum_to_one_and_meet_the_target_in_any_order(rows, seed):
    x, goal = np.array(rows, dtype=float), inside(rows, seed)
    result = entropy_balance(x, goal, n_treated=10)
    assert result.status is Status.OK
    weights = np.array(result.weights)
    assert (weights > 0).all() and weights.sum() == pytest.approx(1, abs=1e-12)
    assert weights @ x == pytest.approx(goal, abs=1e-7)
    order = np.random.default_rng(seed).permutation(len(x))
    again = entropy_balance(x[order], goal, n_treated=10)
    assert again.weights == tuple(weights[order]) and again.covariates == result.covariates
    assert again.effective_n == result.effective_n <= len(x) * (1 + 1e-12)
    assert from_json(to_json(result), EntropyBalance) == result


@given(values, st.integers(0, 99), st.floats(-1000, 1000), st.floats(0.01, 100))
@settings(max_examples=50, deadline=None)
def test_a_shift_or_another_unit_of_a_covariate_changes_nothing(rows, seed, shift, unit):
    x, goal = np.array(rows, dtype=float), inside(rows, seed)
    assume((np.ptp(x, axis=0) > 0).all())
    one, two = (
        entropy_balance(a * unit + s, b * unit + s, n_treated=10) for a, b, s in ((x, goal, 0), (x, goal, shift))
    )
    plain = entropy_balance(x, goal, n_treated=10)
    assert one.weights == pytest.approx(plain.weights, rel=1e-6, abs=1e-9)
    assert two.weights == pytest.approx(plain.weights, rel=1e-6, abs=1e-9)


@given(values, st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_no_other_weights_that_meet_the_target_are_closer_to_equal(rows, seed):
    x, goal = np.array(rows, dtype=float), inside(rows, seed)
    weights = np.array(entropy_balance(x, goal, n_treated=10).weights)
    system = np.column_stack([x, np.ones(len(x))])
    move = np.random.default_rng(seed).normal(size=len(x))
    move -= system @ np.linalg.lstsq(system, move, rcond=None)[0]  # keeps the means and the sum
    for size in (-1e-3, 1e-3):
        other = weights + size * move * weights.min()
        assert other @ np.log(other) >= weights @ np.log(weights) - 1e-12


@pytest.mark.parametrize("goal", [0.0, 1.0, -0.5, 1.5])
def test_a_target_beyond_every_patient_is_refused_by_name(goal):
    x = np.column_stack([np.arange(20.0), np.arange(20) % 2])
    result = entropy_balance(x, np.array([9.0, goal]), n_treated=13, names=("age", "steroid"))
    assert result.status is Status.REFUSED and "steroid" in result.remedy and "age" not in result.remedy
    assert result.weights == () and result.estimate is None
    assert from_json(to_json(result), EntropyBalance) == result


def test_targets_within_reach_alone_but_not_together_are_refused():
    x = np.array([[s, t, age] for s, t in ((0, 0), (1, 0), (0, 1)) for age in range(4)])
    names = ("steroid", "tocilizumab", "age")
    result = entropy_balance(x, np.array([0.8, 0.8, 1.5]), n_treated=20, names=names)
    assert result.status is Status.REFUSED and "steroid" in result.remedy and "tocilizumab" in result.remedy
    assert "age" not in result.remedy


def test_a_joint_target_on_the_edge_is_refused():
    x = np.array([[0, 0], [1, 0], [0, 1]] * 4)
    assert entropy_balance(x, np.array([0.5, 0.5]), n_treated=13).status is Status.REFUSED
    assert entropy_balance(x, np.array([0.5, 0.4]), n_treated=13).status is Status.OK


def test_a_copy_of_a_covariate_adds_nothing():
    x = np.arange(1.0, 11)
    one = entropy_balance(x, np.array(7.0), n_treated=13)
    two = entropy_balance(np.column_stack([x, 2 * x + 1]), np.array([7.0, 15.0]), n_treated=13)
    assert two.weights == pytest.approx(one.weights, rel=1e-9)
    apart = entropy_balance(np.column_stack([x, 2 * x + 1]), np.array([7.0, 16.0]), n_treated=13)
    assert apart.status is Status.REFUSED


def test_a_covariate_that_never_varies_must_have_its_value_as_target():
    x = np.column_stack([np.arange(10.0), np.full(10, 0.1)])
    fine = entropy_balance(x, np.array([6.0, np.mean([0.1] * 3)]), n_treated=13)
    assert fine.status is Status.OK and fine.covariates[1].difference_after == 0
    wrong = entropy_balance(x, np.array([6.0, 0.2]), n_treated=13, names=("age", "ecmo"))
    assert wrong.status is Status.REFUSED and "ecmo" in wrong.remedy


@pytest.mark.parametrize(
    ("n", "most"), [(1, 0), (7, 0), (8, 1), (9, 1), (10, 2), (19, 2), (20, 4), (39, 4), (40, 8), (47, 9)]
)
def test_covariates_are_limited_by_the_number_treated(n, most):
    assert most_covariates(n) == most
    x = np.random.default_rng(1).normal(size=(60, most + 1))
    result = entropy_balance(x, x.mean(axis=0), n_treated=n)
    assert result.status is Status.TOO_FEW and str(n) in result.remedy
    if most:
        assert entropy_balance(x[:, :most], x[:, :most].mean(axis=0), n_treated=n).status is Status.OK


def test_the_treated_are_weighted_to_two_covariates_of_a_table_and_no_more():
    x = np.random.default_rng(1).normal(size=(40, 3))
    assert entropy_balance(x[:, :2], np.zeros(2), n_treated=40, weighted="treated").status is Status.OK
    result = entropy_balance(x, np.zeros(3), n_treated=40, weighted="treated")
    assert result.status is Status.REFUSED and "2 at most" in result.remedy


def test_nobody_treated_and_nobody_to_weight_are_refused():
    assert entropy_balance(np.ones((5, 1)), np.ones(1), n_treated=0).status is Status.NO_PATIENTS
    assert entropy_balance(np.empty((0, 1)), np.ones(1), n_treated=13).status is Status.ONE_ARM


def test_inputs_that_do_not_fit_are_errors():
    with pytest.raises(ValueError, match="age has a missing value"):
        entropy_balance(np.array([1.0, np.nan]), np.array(1.0), n_treated=13, names=("age",))
    with pytest.raises(ValueError, match="one target per column"):
        entropy_balance(np.ones((5, 2)), np.ones(3), n_treated=13)
    with pytest.raises(ValueError, match="rows of the treated"):
        entropy_balance(np.ones((5, 1)), np.ones(1), n_treated=13, weighted="treated")
