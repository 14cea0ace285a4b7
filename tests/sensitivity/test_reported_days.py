import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.sensitivity.reported_days import LAST_DAY, fit_days

FAMILIES = ("gamma", "weibull", "lognormal")
QUARTERS = np.array([0.25, 0.5, 0.75])


@pytest.mark.parametrize(
    ("median", "width", "shapes"),
    [(7, 12, (0.89131, 0.93210, 1.15149)), (16, 9, (6.05029, 2.73944, 0.41167))],
    ids=["start", "follow-up"],
)
def test_shapes_of_the_published_start_day_and_follow_up(median, width, shapes):
    fitted = [fit_days(median, width, family).shape for family in FAMILIES]
    assert fitted == pytest.approx(shapes, abs=5e-6)


def test_quartiles_of_the_published_start_day():
    assert fit_days(7, 12).quantile(QUARTERS) == pytest.approx([2.69, 7, 14.69], abs=5e-3)


def test_a_gamma_of_shape_one_is_an_exponential():
    scale = 7 / np.log(2)
    exponential = fit_days(7, scale * np.log(3))
    assert exponential.shape == pytest.approx(1, abs=1e-9)
    below = np.exp(-np.arange(LAST_DAY + 2) / scale)
    assert exponential.day_mass() == pytest.approx((below[:-1] - below[1:]) / (1 - below[-1]), abs=1e-9)


def test_floor_puts_the_median_in_the_day_before_it_and_rounding_on_it():
    start = fit_days(7, 12)
    floored, rounded = start.day_mass(), start.day_mass(rounded=True)
    held = start.cdf(np.array([61.0, 60.5]))
    assert floored[:7].sum() * held[0] == pytest.approx(0.5, abs=1e-12)
    assert rounded[0] * held[1] == pytest.approx(start.cdf(np.array([0.5]))[0], abs=1e-12)
    assert rounded[7] * held[1] == pytest.approx(np.diff(start.cdf(np.array([6.5, 7.5])))[0], abs=1e-12)


@settings(deadline=None, max_examples=60)
@given(st.floats(0.5, 60), st.floats(0.1, 4), st.sampled_from(FAMILIES), st.booleans())
def test_any_reported_median_and_width_are_met_and_masses_sum_to_one(median, ratio, family, rounded):
    fitted = fit_days(median, ratio * median, family)
    q1, q2, q3 = fitted.quantile(QUARTERS)
    assert (q2, q3 - q1) == pytest.approx((median, ratio * median), rel=1e-6)
    assert fitted.cdf(np.array([q1, q2, q3])) == pytest.approx(QUARTERS, abs=1e-9)
    mass = fitted.day_mass(rounded=rounded)
    assert mass.shape == (LAST_DAY + 1,) and mass.min() >= 0 and mass.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("median", "width", "rounded", "day"),
    [(7, None, False, 7), (7, 0, False, 7), (7.5, None, False, 7), (7.5, None, True, 8), (0, 3, False, 0)],
)
def test_no_width_puts_everyone_at_the_median(median, width, rounded, day):
    everyone = fit_days(median, width)
    assert everyone.day_mass(rounded=rounded)[day] == 1
    assert set(everyone.quantile(QUARTERS)) == {median}
    assert everyone.cdf(np.array([median - 0.1, median])).tolist() == [0, 1]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("width", [1e-6, -3])
def test_an_impossible_width_is_named(family, width):
    with pytest.raises(ValueError, match=f"no {family} distribution has median 7 and interquartile width {width:g}"):
        fit_days(7, width, family)


def test_a_negative_median_is_named():
    with pytest.raises(ValueError, match="a median of -1 days is negative"):
        fit_days(-1, None)


@pytest.mark.parametrize(("median", "width"), [(90, None), (300, 5)])
def test_a_time_that_leaves_nothing_on_days_0_to_60_is_named(median, width):
    with pytest.raises(ValueError, match=f"a median of {median} days leaves nothing on days 0 to 60"):
        fit_days(median, width).day_mass()
