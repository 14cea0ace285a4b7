"""Inflammation: the published core, its three attractors and the border between them; markers at rest and after."""

import numpy as np
import pytest
from virtual_hosts import ON, WHY, alike, drawn, reynolds

from onearm.physiology.host.integrate import new_host
from onearm.physiology.host.model_kernel import LNP, rates
from onearm.physiology.host.patient import Schedule, same_doses, simulate_patients

# P, N, D, C by hour: design, section 6 (agrees with the curated BioModels run to 4e-5)
REFERENCE = {
    2: (0.977054233, 0.062543066, 0.034202259, 0.135407755),
    10: (0.05644244, 0.174102939, 2.03195581, 0.337960419),
    36: (None, 0.196269864, 3.400922291, 0.502177896),
    150: (None, 0.076544424, 0.805857809, 0.492171554),
}
CURATED = {
    2: (0.977054, 0.062543, 0.034203, 0.135408),
    36: (None, None, 3.40090, None),
    150: (None, None, 0.80583, None),
}


@pytest.mark.parametrize(("table", "tolerance"), [(REFERENCE, 1e-6), (CURATED, 1e-4)])
def test_with_its_pace_and_without_additions_it_is_reynolds_2006(table, tolerance):
    for row, expected in zip(reynolds(list(table)), table.values(), strict=True):
        for ours, theirs in zip(row, expected, strict=True):
            assert theirs is None or ours == pytest.approx(theirs, rel=tolerance)


def test_damage_peaks_where_the_published_run_does():
    hours = np.linspace(32.24, 32.44, 201)
    damage = reynolds(hours)[:, 2]
    assert damage.max() == pytest.approx(3.41133, abs=5e-6)
    assert hours[damage.argmax()] == pytest.approx(32.34, abs=0.006)


def jacobian(y, **values):
    """Derivatives of the four rates per hour by ln P, N, D, C, central differences."""
    par = alike(**{"tempo": 1.0, **values}).values[0]
    full, dy, columns = new_host(par).y, np.empty(12), []
    for j in range(4):
        sides = []
        for sign in (1, -1):
            full[:4] = y
            full[j] += sign * 1e-6
            rates(0.0, full, par, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, dy)
            sides.append(dy[:4] / 24)
        columns.append((sides[0] - sides[1]) / 2e-6)
    return np.array(columns).T


def test_first_attractor_recovery():
    p, n, d, c = reynolds([1000])[0]
    assert d < 1e-7 and n < 1e-7 and p < 1e-30 and c == pytest.approx(0.125, abs=1e-6)
    others = np.linalg.eigvals(jacobian((-800.0, 0, 0, 0.125))[1:, 1:])
    assert np.sort(others) == pytest.approx([-0.1, -0.044441, -0.02], abs=1e-5)
    par, dy = alike(tempo=1.0).values[0], np.empty(12)
    y = new_host(par).y
    y[LNP] = -800.0
    rates(0.0, y, par, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, dy)
    assert dy[LNP] / 24 == pytest.approx(-1.2, abs=1e-12)


def test_second_attractor_sterile_persistence():
    p, *others = reynolds([4000], P_0=1.5)[0]
    assert p < 1e-30 and others == pytest.approx([0.635014057, 17.398955856, 0.522863989], rel=1e-6)


def test_third_attractor_septic():
    end = reynolds([4000], k_pg=0.6)[0]
    assert end == pytest.approx([4.936352118, 0.980965625, 17.492523268, 0.522876138], rel=1e-6)
    values = np.linalg.eigvals(jacobian((np.log(end[0]), *end[1:]), k_pg=0.6))
    assert values[values.imag > 0] == pytest.approx([-0.07087 + 0.06292j], abs=2e-5)


def test_border_between_recovery_and_persistence():
    low, high = 1.0, 1.5
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (low, middle) if reynolds([3000], P_0=middle)[0, 2] > 5 else (middle, high)
    assert low == pytest.approx(1.0356671503, abs=1e-8)


def test_half_the_pace_is_twice_the_time():
    hours = np.array([4.0, 30.0, 120.0])
    assert reynolds(2 * hours, tempo=0.5) == pytest.approx(reynolds(hours), rel=1e-8)


def quiet(**values):
    return alike(P_0=0.0, pf_vent=40.0, **values)


def test_without_stimulus_everything_stays_at_baseline_for_60_days():
    courses = simulate_patients(quiet(), purpose=WHY, days=np.arange(61), from_onset=True)
    markers = courses.daily[0][:, 4:9]
    assert np.abs(markers / markers[0] - 1).max() < 1e-10
    baseline = 0.5 + 250 * 2 / 82
    assert courses.marker("crp")[0, 0] == pytest.approx(baseline)
    assert courses.marker("il6")[0, -1] == 2 and courses.marker("pf")[0, -1] == 450


def test_crp_falls_by_half_in_29_hours_once_synthesis_stops():
    started = quiet(c0=0.0, K_c=1.0, l0=4.0)
    stopped = Schedule(np.zeros((1, 0, 4)), np.array([[np.inf, np.inf, 0.0, np.inf]]))
    days = np.array([0.0, 29.124, 72.0]) / 24
    crp = simulate_patients(
        started.with_values(i_toci=1.0), stopped, purpose=WHY, days=days, from_onset=True, rtol=1e-10
    )
    left = crp.marker("crp")[0] / crp.marker("crp")[0, 0]
    assert left[1] == pytest.approx(0.5, abs=1e-5)
    assert left[2] == pytest.approx(0.180, abs=5e-4)


def test_tocilizumab_lowers_crp_and_not_il6_and_a_steroid_lowers_damage():
    host = drawn(np.arange(40), pf_vent=40.0, m_D=0.0)
    told = {"purpose": WHY, "from_onset": True}
    plain = simulate_patients(host, **told)
    never = np.full((40, 2), np.inf)
    given = np.column_stack((np.full(40, 3.0), np.full(40, 9.0)))
    toci = simulate_patients(host, Schedule(np.zeros((40, 0, 4)), np.hstack((never, given))), **told)
    steroid = simulate_patients(host, Schedule(np.zeros((40, 0, 4)), np.hstack((given, never))), **told)
    assert (toci.marker("crp")[:, 4:10] < plain.marker("crp")[:, 4:10]).all()
    assert toci.marker("il6") == pytest.approx(plain.marker("il6"), rel=1e-4)
    assert (steroid.of("N")[:, 4] < plain.of("N")[:, 4]).all()
    assert np.array_equal(steroid.daily[:, :4], plain.daily[:, :4])


def test_markers_keep_their_bounds():
    courses = simulate_patients(drawn(np.arange(300)), purpose=WHY)
    pf, d = courses.marker("pf"), courses.of("D") / (courses.of("D") + courses.draws.of("D50")[:, None])
    alive = np.isfinite(pf)
    assert ((pf > 50) & (pf <= 450))[alive].all() and ((d >= 0) & (d < 1))[alive].all()
    assert courses.marker("b_cd19")[alive] == pytest.approx(0.15 * courses.marker("t_cd3")[alive])
    assert courses.marker("pf")[alive] == pytest.approx(50 + 400 * (1 - d[alive]) ** 1.5)


def test_cells_that_only_repair_never_add_damage():
    """Only m_D, C held and P not moved by phagocytes: D of the treated is at most that of the untreated."""
    host = drawn(np.arange(200), m_N=0.0, m_C=0.0, m_D=1.0, k_cn=0.0, k_pn=0.0, P_0=0.1, pf_vent=40.0)
    told = {"purpose": WHY, "from_onset": True}
    doses = same_doses(200, [2.0, 5.0, 8.3])
    untreated, treated = simulate_patients(host, doses, **told), simulate_patients(host, doses, ON, **told)
    assert (treated.of("D") <= untreated.of("D") * (1 + 1e-9)).all()
    assert (treated.of("D")[:, 12] < untreated.of("D")[:, 12]).all()


def test_in_the_full_model_no_rule_of_sign_holds():
    """Fewer phagocytes leave more pathogen, less damage leaves less anti-inflammation: some twins may do worse."""
    host = drawn(np.arange(400), pf_vent=40.0)
    told = {"purpose": WHY, "from_onset": True}
    doses = same_doses(400, [2.0, 5.0, 8.0])
    untreated, treated = simulate_patients(host, doses, **told), simulate_patients(host, doses, ON, **told)
    worse = (treated.of("D").max(axis=1) > untreated.of("D").max(axis=1) * 1.001).mean()
    better = (treated.of("D")[:, 20] < untreated.of("D")[:, 20] * 0.999).mean()
    assert worse < 0.1 < better
