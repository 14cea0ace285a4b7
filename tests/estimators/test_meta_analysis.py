from dataclasses import replace
from math import exp, log, sqrt

import numpy as np
import pytest
from analysis_worlds import read_reference
from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.estimators.meta_analysis import (
    Trial,
    dersimonian_laird,
    log_ratios,
    meta_analysis,
    random_effects,
    reml_tau2,
)
from onearm.results.encoding import from_json, to_json
from onearm.results.status import Status

EXAMPLE = (
    Trial("bowdish2023", 42, 112, 47, 110),
    Trial("dilogo2021", 10, 20, 16, 20),
    Trial("zarrabi2023_msc", 3, 11, 8, 24, "zarrabi2023"),
    Trial("adas2021", 3, 10, 6, 10),
)
VESICLES = Trial("zarrabi2023_msc_ev", 0, 8, 8, 24, "zarrabi2023")
ZEROS = (  # counts as in meta_analysis.R
    Trial("matthay2019", 12, 40, 3, 20),
    Trial("bellingan2022", 2, 20, 4, 10),
    VESICLES,
    Trial("nobody", 0, 6, 0, 6),
    Trial("zheng2014", 1, 6, 2, 6),
)
SPREAD = (
    Trial("A", 9, 12, 10, 10),
    Trial("B", 120, 400, 60, 400),
    Trial("C", 5, 30, 15, 30),
    Trial("D", 4, 25, 12, 24),
    Trial("E", 30, 60, 14, 60),
)
POOLS = {name: meta_analysis(pool) for name, pool in (("example", EXAMPLE), ("zeros", ZEROS), ("spread", SPREAD))}
REFERENCE = read_reference("meta_analysis.csv")  # made by meta_analysis.R
Z = 1.959963984540054


def limits(pooled):
    return pooled.estimate, pooled.lower, pooled.upper


# by hand
def test_two_small_trials_are_fractions():
    result = meta_analysis((Trial("A", 1, 4, 2, 4), Trial("B", 1, 2, 1, 2)))
    half = Z * sqrt(1 / 2)  # (1/2 + 1/4) / (1 * 3/2)
    assert limits(result.ratio) == pytest.approx((2 / 3, 2 / 3 * exp(-half), 2 / 3 * exp(half)))
    half = Z * sqrt(17 / 216)  # (-1/6 * 1/4 + 3/4) / 3^2
    assert limits(result.difference) == pytest.approx((-1 / 6, -1 / 6 - half, -1 / 6 + half))
    half = Z * sqrt(1 / 2)  # each log ratio has variance 1
    assert limits(result.fixed_ratio) == pytest.approx((sqrt(1 / 2), sqrt(1 / 2) * exp(-half), sqrt(1 / 2) * exp(half)))
    assert (result.q, result.q_df, result.i2) == pytest.approx((log(2) ** 2 / 2, 1, 0))
    assert result.reml.prediction_lower is None and result.estimate == result.difference.estimate


@pytest.mark.parametrize("tau2", [dersimonian_laird, reml_tau2])
def test_equal_variances_leave_what_the_sample_variance_has_above_chance(tau2):
    y, v = np.array([0.0, 2.0, 4.0]), np.ones(3)
    assert tau2(y, v) == pytest.approx(3)  # 4 - 1
    assert random_effects(y, v, tau2(y, v)).factor == pytest.approx(1)
    assert tau2(y / 4, v) == 0  # 1/4 is less than chance


# vectors and the reference
def test_the_example_pool_crosses_1_by_one_method_and_not_by_another():
    result = POOLS["example"]
    assert limits(result.ratio) == pytest.approx((0.7889, 0.6097, 1.0208), abs=5e-5)
    assert limits(result.fixed_ratio) == pytest.approx((0.7732, 0.5995, 0.9972), abs=5e-5)
    assert result.q == pytest.approx(1.961, abs=5e-4) and result.dersimonian_laird.tau2 == 0
    assert limits(result.dersimonian_laird)[1:] == pytest.approx((0.512, 1.169), abs=5e-4)  # not .554-1.080
    assert result.intervals_agree is False


def test_the_unfloored_interval_is_never_given():
    for row in REFERENCE:
        method, _, side = row["quantity"].partition(".unfloored_")
        found = side and getattr(getattr(POOLS[row["pool"]], method), side)
        if side and getattr(POOLS[row["pool"]], method).factor < 1:
            assert (found < float(row["value"])) if side == "lower" else (found > float(row["value"]))
        elif side:
            assert found == pytest.approx(float(row["value"]), rel=1e-8)


@pytest.mark.parametrize(
    "row", [r for r in REFERENCE if "unfloored" not in r["quantity"]], ids=lambda r: f"{r['pool']}.{r['quantity']}"
)
def test_every_number_matches_metafor(row):
    found = POOLS[row["pool"]]
    for part in row["quantity"].split("."):
        found = getattr(found, part)
    assert found == pytest.approx(float(row["value"]), rel=1e-8, abs=1e-9)


# zeros
def test_a_double_zero_trial_is_named_left_out_of_ratios_and_kept_in_the_difference():
    result, without = POOLS["zeros"], meta_analysis(tuple(t for t in ZEROS if t.name != "nobody"))
    assert result.double_zero == ("nobody",) and result.corrected == ("zarrabi2023_msc_ev",)
    assert (result.ratio, result.fixed_ratio, result.reml) == (without.ratio, without.fixed_ratio, without.reml)
    assert abs(result.difference.estimate) < abs(without.difference.estimate)


def test_a_trial_where_all_died_has_no_inverse_variance():
    result = meta_analysis((*EXAMPLE, Trial("all", 5, 5, 5, 5)))
    assert result.all_dead == ("all",) and result.fixed_ratio == POOLS["example"].fixed_ratio
    assert abs(log(result.ratio.estimate)) < abs(log(POOLS["example"].ratio.estimate))


def test_half_is_added_only_where_a_cell_is_zero():
    y, v = log_ratios(np.array([[0, 8, 8, 24], [3, 10, 6, 10]], dtype=float))
    assert y == pytest.approx([log(0.5 / 9) - log(8.5 / 25), log(1 / 2)])
    assert v == pytest.approx([2 - 1 / 9 + 1 / 8.5 - 1 / 25, 1 / 3 + 1 / 6 - 1 / 5])


def test_no_death_among_the_treated_leaves_the_difference():
    result = meta_analysis((Trial("A", 0, 10, 3, 10), Trial("B", 0, 12, 4, 12)))
    assert result.ratio is None and "difference" in result.ratio_remedy and result.status is Status.OK
    assert result.fixed_ratio is not None and result.corrected == ("A", "B")


def test_one_trial_with_deaths_is_no_pool_of_ratios():
    result = meta_analysis((Trial("A", 2, 10, 3, 10), Trial("B", 0, 12, 0, 12)))
    assert result.fixed_ratio is None and result.reml is None and "two_arm" in result.ratio_remedy
    assert result.ratio.estimate == pytest.approx(2 / 3) and result.intervals_agree is None


# refusals
@pytest.mark.parametrize(
    ("trials", "status", "word"),
    [
        ((), Status.NO_PATIENTS, "at least one trial"),
        (EXAMPLE[:1], Status.TOO_FEW, "two_arm"),
        ((*EXAMPLE, Trial("tmc2021", 2, 14, None, None)), Status.ONE_ARM, "tmc2021"),
        ((*EXAMPLE, EXAMPLE[1]), Status.REFUSED, "dilogo2021"),
        ((*EXAMPLE, VESICLES), Status.REFUSED, "zarrabi2023_msc and zarrabi2023_msc_ev share the control group"),
        ((Trial("A", 0, 5, 0, 5), Trial("B", 0, 9, 0, 9)), Status.NO_EVENTS, "exact_interval"),
        ((Trial("A", 0, 5, 5, 5), Trial("B", 0, 9, 9, 9)), Status.REFUSED, "exact_interval"),
    ],
)
def test_what_cannot_be_pooled_is_refused_in_words(trials, status, word):
    result = meta_analysis(trials)
    assert result.status is status and word in result.remedy and result.estimate is None and result.ratio is None
    assert from_json(to_json(result), type(result)) == result


def test_counts_that_contradict_are_named():
    with pytest.raises(ValueError, match="adas2021, control arm: 11 dead do not fit into 10"):
        meta_analysis((*EXAMPLE[:3], replace(EXAMPLE[3], control_dead=11)))


@pytest.mark.parametrize("name", POOLS)
def test_results_survive_json(name):
    assert from_json(to_json(POOLS[name]), type(POOLS[name])) == POOLS[name]


def test_a_large_trial_against_many_small_ones_moves_the_mean_but_never_narrows_the_interval():
    """Floored is wider, not always around: with tau^2 above 0 the two means differ."""
    result = meta_analysis(
        (Trial("big", 5000, 10000, 5000, 10000), *(Trial(f"S{k}", 5, 20, 15, 20) for k in range(20)))
    )
    assert result.reml.upper < result.fixed_ratio.lower
    assert log(result.reml.upper / result.reml.lower) > log(result.fixed_ratio.upper / result.fixed_ratio.lower)


# properties
arm = st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
pools = st.lists(st.tuples(arm, arm), min_size=2, max_size=7).map(
    lambda arms: tuple(Trial(f"T{k}", *treated, *control) for k, (treated, control) in enumerate(arms))
)


def numbers(result):
    parts = (result.ratio, result.difference, result.fixed_ratio, result.dersimonian_laird, result.reml)
    return [limits(part) for part in parts if part is not None]


@settings(deadline=None, max_examples=60)
@given(pools, st.randoms())
def test_the_order_of_trials_never_matters(trials, random):
    shuffled = list(trials)
    random.shuffle(shuffled)
    again = numbers(meta_analysis(tuple(shuffled)))
    base = numbers(meta_analysis(trials))
    assert len(base) == len(again)
    for a, b in zip(base, again, strict=True):
        assert a == pytest.approx(b, rel=1e-6, abs=1e-9)


@settings(deadline=None, max_examples=60)
@given(pools)
def test_swapping_the_arms_inverts_the_ratios_and_turns_the_difference(trials):
    base = meta_analysis(trials)
    swapped = meta_analysis(
        tuple(Trial(t.name, t.control_dead, t.control_n, t.treated_dead, t.treated_n) for t in trials)
    )
    assert swapped.status is base.status
    if base.difference:
        value, low, high = limits(base.difference)
        assert limits(swapped.difference) == pytest.approx((-value, -high, -low), abs=1e-9)
    for part in ("ratio", "fixed_ratio", "dersimonian_laird", "reml"):
        one, other = getattr(base, part), getattr(swapped, part)
        assert (one is None) == (other is None)
        if one is not None:
            inverse = 1 / one.estimate, 1 / one.upper, 1 / one.lower
            assert limits(other) == pytest.approx(inverse, rel=1e-6)


@settings(deadline=None, max_examples=100)
@given(pools)
def test_the_floored_interval_is_never_narrower_and_holds_the_fixed_one_when_nothing_differs(trials):
    result = meta_analysis(trials)
    fixed = result.fixed_ratio
    for random in (result.dersimonian_laird, result.reml) if fixed else ():
        assert random.tau2 >= 0 and 0 < random.lower <= random.estimate <= random.upper
        assert random.upper / random.lower >= fixed.upper / fixed.lower * (1 - 1e-9)
        if random.tau2 == 0:
            assert random.lower <= fixed.lower <= fixed.upper <= random.upper
        if random.prediction_lower is not None:
            assert random.prediction_lower < random.lower and random.upper < random.prediction_upper
    assert result.i2 is None or 0 <= result.i2 < 1
    assert result.difference is None or -1 <= result.difference.lower <= result.difference.upper <= 1
