"""The nullifying curve, and how far a hidden cause as strong as a measured one could move the ratio."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_before_treatment import ward

from onearm.sensitivity.e_value import bias_factor, e_value
from onearm.sensitivity.measured_bias import measured_bias, needed_with_treatment


@given(st.floats(1.01, 20), st.floats(1.01, 20))
def test_the_curve_gives_back_the_factor(with_death, with_treatment):
    factor = bias_factor(with_death, with_treatment)
    assert needed_with_treatment(factor, with_death) == pytest.approx(with_treatment, rel=1e-6)
    assert needed_with_treatment(with_death, with_death) is None


@given(st.floats(1.05, 20))
def test_at_the_e_value_both_ratios_are_alike(ratio):
    value = e_value(ratio)
    assert bias_factor(value, value) == pytest.approx(ratio, rel=1e-6)


def test_a_covariate_that_decides_all_is_strong_and_noise_is_not():
    data = ward(sets=40, controls=4)
    died = data.people["event"].to_numpy() == 1
    treated = np.zeros(len(died), dtype=bool)
    treated[data.treated] = True
    x = np.zeros((len(died), 50, 3), dtype=np.float32)
    x[:, :, 0] = died[:, None]  # whoever dies has it, and no treated patient
    x[treated, :, 0] = 0
    x[:, :, 1] = np.random.default_rng(1).random(len(died))[:, None]
    found = {one.name: one for one in measured_bias(replace(data, x=x, covariates=("fate", "noise", "constant")))}
    assert set(found) == {"fate", "noise"}
    assert found["fate"].factor > 3 > 1.5 > found["noise"].factor >= 1
