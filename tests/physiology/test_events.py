"""Events: times and causes follow their hazards; a threshold belongs to one patient and event."""

import numpy as np
import pytest
from scipy.stats import expon, kstest
from virtual_hosts import WHY, alike, drawn

from onearm.physiology.host.patient import discharge, simulate_patients, thresholds

NEVER = -700.0  # log of a hazard that is none


def ward(count, **values):
    """A host without inflammation, ventilated 0.25 d after onset, whose hazards are constant."""
    still = {"P_0": 0.0, "pf_vent": 460.0, "b0": NEVER, "b1": 0.0, "b2": 0.0, "h0": NEVER, "l_bg": 0.0, "k_out": 1.0}
    return alike(count, **{**still, "pf_width": 2.0, **values})


def courses(host, *, last=28.0, **told):
    return simulate_patients(host, purpose=WHY, days=[0.0, last], **told)


def test_ventilation_begins_a_lag_after_the_limit_of_pf():
    host = drawn(np.arange(200))
    found = simulate_patients(host, purpose=WHY, rtol=1e-9)
    begun = found.onset_to_ventilation_days
    for i in np.flatnonzero(np.isfinite(begun))[:10]:
        alone = drawn([i], pf_vent=40.0)
        crossed = begun[i] - host.of("lag_vent")[i]
        days = [crossed - 1e-6, crossed, crossed + 1e-6]
        pf = simulate_patients(alone, purpose=WHY, from_onset=True, days=days, rtol=1e-9).marker("pf")[0]
        assert pf[0] > host.of("pf_vent")[i] > pf[2]
        assert pf[1] == pytest.approx(host.of("pf_vent")[i], abs=1e-6)
    assert (found.ventilation_changes[np.isfinite(begun), 0] == 0).all()


def test_who_never_gets_there_is_never_ventilated_and_has_no_days():
    found = simulate_patients(drawn(np.arange(200)), purpose=WHY)
    never = np.isnan(found.onset_to_ventilation_days)
    assert 0.2 < never.mean() < 0.8
    assert np.isnan(found.daily[never]).all() and np.isnan(found.death_day[never]).all()


def test_ventilation_is_seen_from_onset_too():
    host = drawn(np.arange(60))
    by_ventilation = simulate_patients(host, purpose=WHY)
    by_onset = simulate_patients(host, purpose=WHY, from_onset=True)
    seen = by_onset.ventilation_changes[:, 0] < 20
    begun = by_ventilation.onset_to_ventilation_days
    assert by_onset.ventilation_changes[seen, 0] == pytest.approx(begun[seen], abs=1e-4)
    died = np.isfinite(by_onset.death_day)
    assert by_onset.death_day[died] - begun[died] == pytest.approx(by_ventilation.death_day[died], abs=0.01)


def test_with_a_constant_hazard_an_event_comes_at_threshold_over_hazard():
    host = ward(50, l_bg=0.05)
    levels, _ = thresholds(host.key, host.patients)
    found = courses(host, last=2000.0)
    assert found.death_day == pytest.approx(levels[:, 5] / 0.05, abs=1e-9)
    host = ward(50, b0=np.log(0.1), b3=0.0)
    off = courses(host, last=2000.0)
    hazard = 0.1 / (1 + np.exp((150 - 450) / 2))
    assert off.ventilation_changes[:, 1] == pytest.approx(levels[:, 0] / hazard, abs=1e-9)


def test_ventilation_again_comes_when_a_falling_hazard_says():
    host = ward(200, b0=np.log(50.0), r0=0.4, tau_r=3.0)
    levels, _ = thresholds(host.key, host.patients)
    found = courses(host, last=300.0, rtol=1e-12)
    wait = found.ventilation_changes[:, 2] - found.ventilation_changes[:, 1]
    comes = levels[:, 1] < 0.4 * 3.0
    assert np.array_equal(np.isfinite(wait), comes)
    assert wait[comes] == pytest.approx(-3.0 * np.log1p(-levels[comes, 1] / 1.2), abs=1e-7)


def test_there_are_at_most_three_spells():
    found = courses(ward(20, b0=0.0, r0=5.0, tau_r=1e6), last=1000.0)
    assert np.isfinite(found.ventilation_changes).all()
    assert (np.diff(found.ventilation_changes, axis=1) > 0).all()


def test_death_times_are_exponential_when_the_hazard_is_constant():
    found = courses(ward(20_000, l_bg=0.07), last=1000.0, threads=2)
    assert kstest(found.death_day, expon(scale=1 / 0.07).cdf).pvalue > 0.01
    assert (found.death_cause == 2).all()


def test_competing_events_and_causes_share_as_their_hazards():
    host = ward(20_000, b0=np.log(0.06), h0=np.log(0.03), l_bg=0.01, k_out=0.0, r0=0.0)
    found = courses(host, last=1000.0, threads=2)
    died_ventilated = np.isnan(found.ventilation_changes[:, 1])
    share, due = died_ventilated.mean(), 0.04 / 0.10
    assert abs(share - due) < 4 * np.sqrt(due * (1 - due) / 20_000)
    lung = (found.death_cause[died_ventilated] == 1).mean()
    assert abs(lung - 0.75) < 4 * np.sqrt(0.75 * 0.25 / died_ventilated.sum())
    assert (found.death_cause[~died_ventilated] == 2).all()  # off the ventilator only the background is left


def test_nothing_is_recorded_after_death():
    found = simulate_patients(drawn(np.arange(300)), purpose=WHY)
    died = np.flatnonzero(np.isfinite(found.death_day))
    assert died.size > 20
    for i in died:
        alive = found.days <= found.death_day[i]
        assert np.isfinite(found.daily[i, alive]).all() and np.isnan(found.daily[i, ~alive]).all()
        assert not (found.ventilation_changes[i] > found.death_day[i]).any()


def test_discharge_follows_the_final_extubation_of_the_living():
    nan = np.nan
    changes = np.array([[0, 3, nan, nan, nan, nan], [0, 3, 5, nan, nan, nan], [0, 3, 5, 9, nan, nan],
                        [0, 3, nan, nan, nan, nan], [nan] * 6, [0, 3, nan, nan, nan, nan]])  # fmt: skip
    death = np.array([nan, nan, nan, 7.0, nan, 20.0])
    day = discharge(changes, death, np.array([9.0, 9, 9, 9, 9, 30]), 28.0)
    assert day == pytest.approx([12, nan, 18, nan, nan, nan], nan_ok=True)
