"""Patients: purpose, limits of use, twins that differ by the treatment alone."""

import dataclasses
import inspect

import numpy as np
import pytest
from virtual_hosts import KEY, ON, REGISTRY, WHY, drawn

from onearm.physiology.host import patient
from onearm.physiology.host.patient import Schedule, draw_patients, no_treatment, same_doses, simulate_patients
from onearm.physiology.purpose import Efficacy, OutsideContextOfUse, Purpose


def test_a_purpose_must_be_said():
    with pytest.raises(TypeError):
        simulate_patients(drawn([0]))
    with pytest.raises(TypeError):
        draw_patients(REGISTRY, KEY, [0])
    with pytest.raises(TypeError, match=r"purpose = 'design' is no Purpose; give one of Purpose.METHOD_VALIDATION"):
        simulate_patients(drawn([0]), purpose="design")
    for function in (simulate_patients, draw_patients):
        assert inspect.signature(function).parameters["purpose"].default is inspect.Parameter.empty


def test_the_purpose_stays_with_the_courses():
    assert simulate_patients(drawn([0]), purpose=Purpose.TEACHING).purpose is Purpose.TEACHING


def test_without_efficacy_the_cells_do_nothing_whatever_the_draws_say():
    host, doses = drawn(np.arange(20), emax=3.0), same_doses(20, [1.0])
    found = simulate_patients(host, doses, purpose=WHY)
    assert found.efficacy is None and np.nanmax(found.of("u")) == 0
    assert np.nanmax(simulate_patients(host, doses, ON, purpose=WHY).of("u")) > 0.5


@pytest.mark.parametrize(
    ("source", "rationale", "words"), [("", "y", "source"), ("x", " ", "rationale"), ("", "", "source and r")]
)
def test_an_efficacy_says_where_it_comes_from_and_why(source, rationale, words):
    with pytest.raises(ValueError, match=f"Efficacy without {words}"):
        Efficacy(1.0, source, rationale)


@pytest.mark.parametrize("emax", [-0.1, 5.1, float("nan")])
def test_an_efficacy_has_its_limits(emax):
    with pytest.raises(OutsideContextOfUse, match="is outside 0 to 5"):
        Efficacy(emax, "x", "y")


def test_the_limits_of_the_context_of_use_are_named():
    with pytest.raises(OutsideContextOfUse, match="4 doses in one patient; the limit is 3"):
        same_doses(1, [0, 1, 2, 3])
    with pytest.raises(OutsideContextOfUse, match=r"3\.1e6 viable cells per kg; the limit is 3e6"):
        same_doses(2, [0], m_per_kg=[[1.0], [3.1]])
    none = no_treatment(1)
    with pytest.raises(OutsideContextOfUse, match="route intratracheal; the limit is intravenous"):
        dataclasses.replace(none, route="intratracheal")
    with pytest.raises(OutsideContextOfUse, match="cells from bone_marrow; the limit is adipose"):
        dataclasses.replace(none, cell_source="bone_marrow")
    assert same_doses(1, [0, 1, 2, 3], m_per_kg=[1.0, 1.0, 0.0, 1.0]).route == "intravenous"  # three are given


@pytest.mark.parametrize(
    ("doses", "drugs", "words"),
    [
        (np.zeros((1, 1, 3)), np.zeros((1, 4)), r"give \(patients, doses, 4\)"),
        (np.full((1, 1, 4), -1.0), np.zeros((1, 4)), "must be finite and not negative"),
        (np.array([[[-1.0, 0, 1, 1]]]), np.zeros((1, 4)), "must not be negative"),
        (np.array([[[np.nan, 0, 1, 1]]]), np.zeros((1, 4)), "no day missing"),
        (np.zeros((1, 1, 4)), np.full((1, 4), np.nan), "no day missing"),
    ],
)
def test_a_schedule_that_says_nothing_sensible_is_refused(doses, drugs, words):
    with pytest.raises(ValueError, match=words):
        Schedule(doses, drugs)


def test_a_schedule_must_fit_and_days_must_rise():
    with pytest.raises(ValueError, match="schedule of 2 patients for 3"):
        simulate_patients(drawn([0, 1, 2]), no_treatment(2), purpose=WHY)
    for days in ([], [-1, 0], [0, 2, 2]):
        with pytest.raises(ValueError, match="days must rise from 0"):
            simulate_patients(drawn([0]), purpose=WHY, days=days)


def test_courses_have_the_shapes_they_tell_and_nobody_changes_them():
    found = simulate_patients(drawn(np.arange(6)), same_doses(6, [1.0, 2.0]), ON, purpose=WHY)
    assert found.daily.shape == (6, 29, 15) and found.ventilation_changes.shape == (6, 6)
    for field in ("onset_to_ventilation_days", "death_day", "death_cause", "discharge_day", "steps", "failed"):
        assert getattr(found, field).shape == (6,), field
    for name in (*patient.MARKERS, "b_cd19"):
        assert found.marker(name).shape == (6, 29)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.days = np.arange(3)


def test_a_treated_patient_and_the_twin_are_equal_until_the_dose():
    host = drawn(np.arange(900))
    twin = simulate_patients(host, purpose=WHY)
    treated = simulate_patients(host, same_doses(900, [5.3]), ON, purpose=WHY)
    assert treated.daily[:, :6].tobytes() == twin.daily[:, :6].tobytes()
    assert treated.onset_to_ventilation_days.tobytes() == twin.onset_to_ventilation_days.tobytes()
    early = twin.death_day < 5
    assert early.any() and np.array_equal(treated.death_day[early], twin.death_day[early])
    later = np.isfinite(twin.of("D")[:, 20]) & np.isfinite(treated.of("D")[:, 20])
    assert (treated.of("D")[later, 20] != twin.of("D")[later, 20]).any()
