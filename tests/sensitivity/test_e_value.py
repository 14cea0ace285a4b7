"""E-value against the figures of the specification, its own definition, and its limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.sensitivity.e_value import bias_factor, e_value, e_value_of_limits, risk_ratio_of

ratios = st.floats(0.05, 20)


@pytest.mark.parametrize(("ratio", "expected"), [(0.5, 3.4142), (10.73, 20.948), (8.02, 15.523), (1.0, 1.0)])
def test_known_values(ratio, expected):
    assert e_value(ratio) == pytest.approx(expected, abs=5e-4)


@given(ratios)
def test_a_confounder_of_that_strength_on_both_sides_explains_it_exactly(ratio):
    e = e_value(ratio)
    assert bias_factor(e, e) == pytest.approx(max(ratio, 1 / ratio))


@given(ratios)
def test_benefit_and_harm_mirror_each_other(ratio):
    assert e_value(ratio) == pytest.approx(e_value(1 / ratio))
    assert risk_ratio_of(ratio) * risk_ratio_of(1 / ratio) == pytest.approx(1)


@given(ratios)
def test_a_risk_ratio_is_nearer_1_than_its_hazard_ratio(ratio):
    assert min(1, ratio) <= risk_ratio_of(ratio) * (1 + 1e-12) and risk_ratio_of(ratio) <= max(1, ratio) * (1 + 1e-12)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [((0.2, 0.5), 3.4142), ((2.0, 9.0), 3.4142), ((0.5, 2.0), 1.0), ((0.5, 1.0), 1.0), ((0.0, 0.5), 3.4142)],
)
def test_only_the_limit_nearest_1_counts(limits, expected):
    assert e_value_of_limits(*limits) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize("call", [lambda: e_value(0), lambda: e_value_of_limits(2, 1), lambda: bias_factor(0.5, 2)])
def test_what_cannot_be_is_told(call):
    with pytest.raises(ValueError, match=r"give|must|code"):
        call()


@pytest.mark.parametrize("edge", [0.0, float("inf")])
def test_an_open_limit_stays_open(edge):
    assert risk_ratio_of(edge) == edge
    assert e_value_of_limits(risk_ratio_of(0.0), risk_ratio_of(float("inf"))) == 1.0
