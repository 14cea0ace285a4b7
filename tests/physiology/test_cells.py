"""Cells: the closed form against the matrix exponential and Radau, balance, superposition."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from onearm.physiology.host.cells import ROOT, CellRates, cell_amounts, cell_modes, viable_m_per_kg

MEDIANS = CellRates(500.0, 0.6, 0.25, 1.0, 0.7, 0.8, 0.2)
K_E = 2.0


def random_rates(rng):
    f_lung = rng.uniform(0.25, 0.85)
    shares = (f_lung, (1 - f_lung) * rng.uniform(0.1, 0.95))
    return CellRates(np.exp(rng.uniform(*np.log((100, 2000)))), *shares, *rng.uniform(0.2, 3, 2),
                     *np.exp(rng.uniform(*np.log((0.01, 3)), 2)))  # fmt: skip


def matrix(rates, k_e, potency=1.0):
    """Mb, ML, MO, X, E as a linear system."""
    k_b, f_l, f_o, d_l, d_o, r_l, r_o = rates
    return np.array(
        [
            [-k_b, r_l, r_o, 0, 0],
            [f_l * k_b, -(r_l + d_l), 0, 0, 0],
            [f_o * k_b, 0, -(r_o + d_o), 0, 0],
            [(1 - f_l - f_o) * k_b, d_l, d_o, 0, 0],
            [0, k_e * potency, 0, 0, -k_e],
        ]
    )


def one_dose(at=0.0, length=0.0, amount=1.0, potency=1.0):
    return [[at, length, amount, potency]]


def test_a_dose_is_somewhere_or_lost_and_the_closed_form_is_the_matrix_exponential():
    rng = np.random.default_rng(1)
    for _ in range(1000):
        rates, k_e, potency = random_rates(rng), rng.uniform(0.1, 10), rng.uniform(0.3, 3)
        day, amount = np.exp(rng.uniform(*np.log((1e-4, 30)))), rng.uniform(0.01, 3)
        ours = cell_amounts(rates, k_e, one_dose(amount=amount, potency=potency), [day])[0]
        assert ours[:4].sum() == pytest.approx(amount, rel=1e-10)
        theirs = expm(matrix(rates, k_e, potency) * day)[:, 0] * amount
        assert np.abs(ours - theirs).max() < 1e-12


def test_radau_gives_the_same():
    days = [0.001, 0.01, 0.3, 2.0, 9.0]
    system = matrix(MEDIANS, K_E)
    theirs = solve_ivp(lambda t, y: system @ y, (0, 9), [1, 0, 0, 0, 0], "Radau", days, rtol=1e-11, atol=1e-13,
                       jac=lambda t, y: system)  # fmt: skip
    assert np.abs(cell_amounts(MEDIANS, K_E, one_dose(), days) - theirs.y.T).max() < 1e-8


def test_rates_are_real_distinct_and_negative():
    rng = np.random.default_rng(2)
    for rates in [*(random_rates(rng) for _ in range(200)), MEDIANS._replace(d_O=1.6)]:  # the last: equal spokes
        modes = np.empty((5, 3))
        cell_modes(rates, modes)
        roots = np.sort(modes[ROOT])
        assert roots[-1] < 0 and (np.diff(roots) > 0).all()


@pytest.mark.parametrize("shift", [0.0, 1e-12, -1e-12, 1e-9, 1e-7, 1e-6, 1e-3])
def test_an_effect_rate_equal_to_a_rate_of_the_cells_is_no_singularity(shift):
    modes = np.empty((5, 3))
    cell_modes(MEDIANS, modes)
    for root in modes[ROOT]:
        k_e = -root + shift
        for day in (0.01, 1.0, 10.0):
            ours = cell_amounts(MEDIANS, k_e, one_dose(), [day])[0, 4]
            assert ours == pytest.approx(expm(matrix(MEDIANS, k_e) * day)[4, 0], abs=1e-12)


def test_three_doses_are_the_sum_of_three_single_ones():
    days = np.linspace(0, 28, 57)
    doses = [[0.0, 0, 1.0, 1.0], [3.3, 0, 0.7, 0.5], [3.3, 2.0, 0.4, 2.0]]
    together = cell_amounts(MEDIANS, K_E, doses, days)
    assert np.abs(together - sum(cell_amounts(MEDIANS, K_E, [d], days) for d in doses)).max() < 1e-12


def test_twice_the_dose_is_twice_the_state():
    days = [0.01, 1.0, 5.0]
    assert np.array_equal(
        cell_amounts(MEDIANS, K_E, one_dose(amount=2.0), days), 2 * cell_amounts(MEDIANS, K_E, one_dose(), days)
    )


def test_a_short_infusion_is_a_bolus_at_its_midpoint():
    days = [0.5, 3.0]
    short = cell_amounts(MEDIANS, K_E, one_dose(0.2, 1 / 24), days)
    assert np.array_equal(short, cell_amounts(MEDIANS, K_E, one_dose(0.2 + 1 / 48), days))


def test_a_long_infusion_is_a_constant_input():
    length, days = 0.5, [0.1, 0.25, 0.5, 0.8, 4.0]
    system = np.zeros((6, 6))  # the last state feeds the blood
    system[:5, :5], system[0, 5] = matrix(MEDIANS, K_E), 1 / length
    ours = cell_amounts(MEDIANS, K_E, one_dose(0.0, length), days)
    for day, row in zip(days, ours, strict=True):
        fed = expm(system * min(day, length))[:5, 5]
        theirs = expm(system[:5, :5] * max(0.0, day - length)) @ fed
        assert np.abs(row - theirs).max() < 1e-12
        assert row[:4].sum() == pytest.approx(min(day / length, 1.0), rel=1e-10)


def test_nothing_is_there_before_a_dose_and_no_dose_is_nothing():
    assert not cell_amounts(MEDIANS, K_E, one_dose(2.0), [0.0, 1.999]).any()
    assert cell_amounts(MEDIANS, K_E, one_dose(2.0), [2.0])[0, 0] == pytest.approx(1.0, rel=1e-14)
    assert not cell_amounts(MEDIANS, K_E, one_dose(amount=0.0), [0.0, 5.0]).any()


def test_amounts_stay_finite_and_not_negative_for_years():
    late = cell_amounts(MEDIANS, 10.0, one_dose(), [100.0, 1000.0])
    assert np.isfinite(late).all() and (late >= 0).all() and late[-1, 3] == pytest.approx(1)


def test_viable_cells_are_fewer_after_thaw():
    assert viable_m_per_kg(80.0, 80.0, 0.9, 2.0, 0.05) == pytest.approx(0.9 * np.exp(-0.1))
    with pytest.raises(ValueError, match="weight must be above 0, viability within"):
        viable_m_per_kg(80.0, 0.0, 0.9, 2.0, 0.05)
