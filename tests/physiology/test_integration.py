"""Integration: order, tight oracles, events where they happen, equal bits on any number of threads."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from virtual_hosts import ON, REGISTRY, WHY, alike, drawn, same_bits

from onearm.physiology.host import steps
from onearm.physiology.host.cells import change_input
from onearm.physiology.host.integrate import (
    COLUMNS,
    EVENTS,
    FAILED,
    STATUS,
    Clock,
    Plan,
    integrate,
    new_host,
    set_modes,
)
from onearm.physiology.host.model import CELLS, STATES
from onearm.physiology.host.model_kernel import LD, LV, observe, rates_with_cells
from onearm.physiology.host.patient import (
    Courses,
    CoursesFailed,
    Schedule,
    no_treatment,
    same_doses,
    simulate_patients,
    thresholds,
)

K_E = REGISTRY.column("k_E")


def fixed_steps(per_hour, *, dose_hour=None):
    """N, D, C of Reynolds at 36 h by steps of fixed length that end at the dose."""
    par = alike(tempo=1.0, P_0=1.0, emax=0.0 if dose_hour is None else 1.0).values[0]
    host = new_host(par)
    now = host.now
    set_modes(par, host.modes)
    done = 0.0
    for stop in (36.0,) if dose_hour is None else (dose_hour, 36.0):
        steps.refresh(host)
        count = int(np.ceil((stop - done) * per_hour - 1e-9))
        for _ in range(count):
            steps.step((stop - done) / count / 24, host)
            steps.take_step(now[steps.DAY] + (stop - done) / count / 24, host)
        done = stop
        if stop == dose_hour:
            change_input(now[steps.DAY], 1.0, 0.0, par[K_E], host.modes, host.segment)
            now[steps.ACTING] = 1.0
    return host.y[1:4].copy()


@pytest.mark.parametrize("dose_hour", [None, 15.37])
def test_the_order_is_five(dose_hour):
    exact = fixed_steps(256, dose_hour=dose_hour)
    errors = [np.abs(fixed_steps(n, dose_hour=dose_hour) / exact - 1).max() for n in (4, 8, 16)]
    if dose_hour is None:
        assert errors == pytest.approx([4.8e-8, 2.1e-9, 8.1e-11], rel=0.06)  # design, section 6
    slopes = np.log2(np.array(errors[:-1]) / errors[1:])
    assert 4.4 < slopes[0] < 5.4 and 4.4 < slopes.mean() < 5.4


def busy(patients, *, m_per_kg=1.0):
    """Three doses at odd times, the last one slow, and both drugs."""
    doses = np.array([[1.37, 0.02, m_per_kg, 1.0], [4.0, 0.0, m_per_kg, 1.0], [9.11, 0.4, m_per_kg, 1.0]])
    drugs = np.array([2.2, 11.5, 3.0, 8.4])
    return Schedule(np.tile(doses, (patients, 1, 1)), np.tile(drugs, (patients, 1)))


class Oracle:
    """The whole system, cells as differential equations, from switch to switch by SciPy's Radau."""

    def __init__(self, courses: Courses, patient: int):
        self.par = courses.draws.with_values(emax=courses.efficacy.emax, q=1.0).values[patient]
        self.doses, self.drugs = courses.schedule.doses[patient], courses.schedule.drugs[patient]
        self.changes, self.death = courses.ventilation_changes[patient], courses.death_day[patient]
        self.wait = courses.onset_to_ventilation_days[patient]
        self.end = courses.days[-1] if np.isnan(self.death) else min(self.death, courses.days[-1])
        self.days = courses.days[courses.days <= self.end]

    def switches(self, day):
        """vent, out, again, t_ext, steroid, toci just after a day."""
        passed = self.changes[self.changes <= day]
        vent = float(passed.size % 2)
        out = float(passed.size > 0 and not vent)
        on = [float(self.drugs[i] <= day < self.drugs[i + 1]) for i in (0, 2)]
        return vent, out, float(out and passed.size < 6), passed[-1] if passed.size else 0.0, *on

    def go(self, y, first, last, at, fed=0.0):
        now = self.switches(first) if first >= 0 else (0.0,) * 6

        def slope(t, y):
            dy = np.empty(y.size)
            rates_with_cells(t, y, self.par, 1.0, *now, dy)
            dy[len(STATES)] += fed
            return dy

        scale = np.array([s.scale for s in (*STATES, *CELLS)])
        return solve_ivp(slope, (first, last), y, "Radau", [*at, last], rtol=1e-11, atol=1e-13 * scale).y.T

    def run(self):
        """Daily values as `COLUMNS`; hazard of change at each change, hazard of death at the end."""
        y = np.concatenate((new_host(self.par).y, np.zeros(len(CELLS))))
        y = self.go(y, -self.wait, 0.0, [])[-1] if self.wait > 0 else y
        slow = self.doses[:, 1] > 1 / 24
        bolus = self.doses[:, 0] + np.where(slow, 0, self.doses[:, 1] / 2)
        stops = np.unique(
            [0.0, *bolus, *(self.doses[:, 0] + self.doses[:, 1])[slow], *self.drugs, *self.changes, self.end]
        )
        stops = stops[(stops <= self.end) & np.isfinite(stops)]
        rows, crossed = {}, []
        for first, last in itertools.pairwise(stops):
            if first in self.changes:
                crossed.append(y[LV])
                y[LV] = 0.0
            y[len(STATES)] += self.doses[(bolus == first) & ~slow, 2].sum()
            fed = sum(d[2] / d[1] for d in self.doses[slow] if d[0] <= first < d[0] + d[1])
            inside = self.days[(self.days >= first) & (self.days < last)]
            out = self.go(y, first, last, inside, fed)
            rows |= {d: self.row(v) for d, v in zip(inside, out, strict=False)}
            y = out[-1]
        if self.days[-1] == self.end:
            rows[self.end] = self.row(y)
        return np.array([rows[d] for d in self.days]), crossed[1:], y[LD]

    def row(self, y):
        seen, e = np.empty(3), y[-1]
        observe(y, self.par, 1.0, seen)
        u = self.par[REGISTRY.column("emax")] * e / (self.par[REGISTRY.column("EC50")] + e)
        return [seen[0], *y[1 : len(STATES)], u, seen[1], seen[2]]


def test_all_states_agree_with_radau_at_tight_tolerance():
    everybody = drawn(np.arange(90))
    all_courses = simulate_patients(everybody, busy(90), ON, purpose=WHY)
    chosen = np.flatnonzero(np.isfinite(all_courses.onset_to_ventilation_days))[:20]
    host = drawn(everybody.patients[chosen])
    courses = simulate_patients(host, busy(20), ON, purpose=WHY)
    assert np.array_equal(courses.daily, all_courses.daily[chosen], equal_nan=True)
    levels, _ = thresholds(host.key, host.patients)
    for i in range(20):
        oracle = Oracle(courses, i)
        daily, crossed, dead = oracle.run()
        peak = np.abs(daily).max(axis=0)
        peak[0] = max(peak[0], host.of("P_0")[i])
        error = np.abs(courses.daily[i, : len(daily)] - daily) / np.where(peak > 0, peak, 1)
        assert error.max() < 1e-4, (i, COLUMNS[error.max(axis=0).argmax()])
        assert crossed == pytest.approx(levels[i, : len(crossed)], rel=1e-4)
        if np.isfinite(courses.death_day[i]):
            assert dead == pytest.approx(levels[i, 5], rel=1e-4)


def test_a_dose_at_an_odd_time_is_met_exactly():
    host = alike(pf_vent=40.0)
    told = {"purpose": WHY, "from_onset": True, "days": [15.0, 15.37, 16.0, 20.0], "rtol": 1e-10}
    dosed = simulate_patients(host, same_doses(1, [15.37], minutes=0.0), ON, **told)
    untreated = simulate_patients(host, **told)
    assert dosed.daily[0, :2].tobytes() == untreated.daily[0, :2].tobytes()  # until the dose, bit for bit
    oracle = Oracle(dosed, 0)
    oracle.wait = 0.0
    daily, _, _ = oracle.run()
    assert np.abs(dosed.daily[0] / np.where(daily == 0, 1, daily) - (daily != 0)).max() < 1e-7


def test_the_error_falls_with_the_tolerance_though_doses_pass_the_blood_in_minutes():
    """A step that starts at a dose and leaps over the passage through the blood would keep its error."""
    host = drawn(np.arange(150), h0=-700.0, l_bg=0.0, b0=-700.0)
    runs = {
        rtol: simulate_patients(host, busy(150), ON, purpose=WHY, rtol=rtol).of("D") for rtol in (1e-7, 1e-9, 1e-12)
    }
    worst = {rtol: np.nanmax(np.abs(run - runs[1e-12])) for rtol, run in runs.items()}
    assert worst[1e-9] < 2e-6 and worst[1e-7] > 20 * worst[1e-9]


def test_a_dose_after_the_last_day_changes_nothing():
    host = drawn(np.arange(30))
    late = simulate_patients(host, same_doses(30, [28.5]), ON, purpose=WHY)
    assert same_bits(late, simulate_patients(host, purpose=WHY))


@pytest.mark.parametrize(
    ("schedule", "efficacy"),
    [(same_doses(50, [1.37, 4.4, 9.0]), None), (same_doses(50, [1.37, 4.4], m_per_kg=0.0), ON),
     (same_doses(50, [1.37, 4.4], potency=0.0), ON)],
)  # fmt: skip
def test_what_cannot_act_changes_no_bit(schedule, efficacy):
    host = drawn(np.arange(50))
    assert same_bits(simulate_patients(host, schedule, efficacy, purpose=WHY), simulate_patients(host, purpose=WHY))


def test_cells_without_a_point_of_action_change_no_course():
    host = drawn(np.arange(50), m_N=0.0, m_D=0.0, m_C=0.0)
    treated = simulate_patients(host, same_doses(50, [1.37]), ON, purpose=WHY, rtol=1e-9)
    untreated = simulate_patients(host, purpose=WHY, rtol=1e-9)
    assert treated.daily[:, :, :12] == pytest.approx(untreated.daily[:, :, :12], rel=1e-4, abs=1e-7, nan_ok=True)


def test_another_patient_or_another_treatment_of_one_moves_nobody_else():
    everybody = np.arange(40)
    base = simulate_patients(drawn(everybody), no_treatment(40), ON, purpose=WHY)
    others = np.delete(everybody, 7)
    without = simulate_patients(drawn(others), purpose=WHY)
    assert without.daily.tobytes() == base.daily[others].tobytes()
    assert without.death_day.tobytes() == base.death_day[others].tobytes()
    doses = same_doses(40, [0.5]).doses.copy()
    doses[others, :, 2] = 0.0
    treated = simulate_patients(drawn(everybody), Schedule(doses, np.full((40, 4), np.inf)), ON, purpose=WHY)
    assert treated.daily[others].tobytes() == base.daily[others].tobytes()
    assert treated.daily[7].tobytes() != base.daily[7].tobytes()


def test_threads_and_chunks_change_no_byte():
    host, doses = drawn(np.arange(120)), busy(120)
    base = simulate_patients(host, doses, ON, purpose=WHY)
    for threads in (1, 2, 7):
        for chunk in (1, 100):
            assert same_bits(base, simulate_patients(host, doses, ON, purpose=WHY, threads=threads, chunk=chunk))


def bounded(record):
    return st.floats(record.low, record.high) if record.low is not None else st.just(record.value)


@settings(max_examples=60, deadline=None)
@given(st.tuples(*map(bounded, REGISTRY.records)), st.floats(0, 20))
def test_states_keep_their_bounds_over_all_the_ranges(values, dose_day):
    host = alike(**dict(zip(REGISTRY.symbols, values, strict=True)))
    courses = simulate_patients(host, same_doses(1, [dose_day]), ON, purpose=WHY, from_onset=True)
    alive = np.isfinite(courses.of("PF")[0])
    daily = courses.daily[0, alive]
    least = -10 * 0.01 * 3e-8 * np.array([s.scale for s in STATES[1:]])
    assert np.isfinite(daily).all()
    assert (daily[:, 0] >= 0).all() and (daily[:, 1:12] >= least).all()
    assert (daily[:, 12] >= 0).all() and (daily[:, 14] > 50 - 1e-9).all() and (daily[:, 14] < 450 + 1e-6).all()


def test_a_course_that_cannot_be_integrated_is_told_and_named():
    broken = drawn(np.arange(5)).with_values(k_T=[0.15, np.nan, 0.15, 0.15, 0.15])
    with pytest.raises(CoursesFailed, match=r"1 of 5 courses failed \(allowed share 0\); patients \[1\]"):
        simulate_patients(broken, purpose=WHY)
    allowed = simulate_patients(broken, purpose=WHY, failed_share=0.2)
    assert allowed.failed.tolist() == [False, True, False, False, False] and np.isnan(allowed.daily[1]).all()


def test_a_course_of_too_many_steps_fails():
    fast = alike(k_T=1e6).values  # stiff: far outside its range
    plan = Plan(np.zeros((1, 0, 4)), np.full((1, 4), np.inf), np.full((1, 6), np.inf), np.full(1, 0.5))
    _, events = integrate(fast, plan, Clock(np.arange(29.0), True, 60.0, 1e-7))
    assert events.shape == (1, EVENTS) and events[0, STATUS] == FAILED
