"""States at the start of each day: an event on day d changes the state between the starts of d and d + 1."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_ward import Ward, course

from onearm.cohort.day_states import day_states, in_state, in_state_on, letters
from onearm.vocabulary.scales import DayState


def told(ward, days=8, **options):
    """One word of letters per patient."""
    return [letters(row) for row in day_states(course(ward, **options), days)]


@pytest.mark.parametrize(
    ("ward", "word"),
    [
        (lambda w: w.outcome("A", "died", 3.5), "VVVVDDDD"),
        (lambda w: w.outcome("A", "died", 0.5), "VDDDDDDD"),
        (lambda w: w.outcome("A", "seen_alive", 3.5), "VVVV????"),
        (lambda w: w, "V???????"),
    ],
    ids=["dies on day 3", "dies on day 0", "last seen on day 3", "never seen again"],
)
def test_ventilated_until_the_end_of_the_day_of_the_event(ward, word):
    assert told(ward(Ward().person("A"))) == [word]


def test_extubated_on_day_2_and_home_on_day_5():
    ward = Ward().person("A", until=2.5).outcome("A", "left_hospital_alive", 5.5)
    assert told(ward) == ["VVVEEEHH"]


def test_a_spell_within_one_day_shows_on_no_morning_but_day_0():
    ward = Ward().person("A", until=0.5).episode("A", "invasive_ventilation", 3.2, 3.8).outcome("A", "seen_alive", 9)
    assert told(ward) == ["VEEEEEEE"]


def test_reintubated_on_day_4_is_ventilated_again_on_day_5():
    ward = Ward().person("A", until=2.5).episode("A", "invasive_ventilation", 4.5, 6.5).outcome("A", "died", 7.5)
    assert told(ward, 9) == ["VVVEEVVED"]


def test_off_and_on_on_one_day_is_ventilated_on_both_mornings():
    ward = Ward().person("A", until=2.2).episode("A", "invasive_ventilation", 2.8, 6).outcome("A", "died", 6.5)
    assert told(ward) == ["VVVVVVVD"]


def test_a_waiting_list_has_one_state_until_the_end():
    ward = Ward(clock="listing").person("A", ventilated=None, listed_at=0).outcome("A", "died", 2.5)
    assert told(ward, 5, clock="listing") == ["VVVDD"]


def test_every_state_has_its_letter():
    assert letters(np.array(sorted(DayState), dtype=np.int8)) == "VEHD?"


def test_nobody_has_no_state():
    found = course(Ward().person("A", ventilated=None))
    assert day_states(found, 5).shape == (0, 5) and in_state_on(found, 0).shape == (0,)


def test_nobody_is_in_a_state_before_day_zero():
    for ward, clock in ((Ward().person("A"), "ventilation"), (waiting("A"), "listing")):
        assert not in_state_on(course(ward, clock=clock), -1).any()


def waiting(name):
    return Ward(clock="listing").person(name, ventilated=None, listed_at=0).outcome(name, "seen_alive", 5)


times = st.integers(0, 80).map(lambda quarters: quarters / 8)


@st.composite
def wards(draw):
    """Up to three patients with up to three spells, some overlapping, and one end."""
    ward = Ward(quick=True)
    for name in "ABC"[: draw(st.integers(1, 3))]:
        ward.person(name, ventilated=None)
        for _ in range(draw(st.integers(1, 3))):
            start = draw(times)
            end = draw(st.none() | times.map(lambda t, start=start: start + t))
            ward.episode(name, "invasive_ventilation", start, end)
        kind = draw(st.sampled_from(["died", "left_hospital_alive", "seen_alive", "left_or_died"]))
        ward.outcome(name, kind, draw(times))
    return ward


@settings(deadline=None, max_examples=50)
@given(wards())
def test_in_state_on_agrees_with_day_states_on_every_day(ward):
    found = course(ward)
    states, held = day_states(found, 14), in_state(found, 14)
    end = found.people["end_day"].to_numpy()
    for day in range(14):
        now = in_state_on(found, day)
        assert (now == (states[:, day] == DayState.V)).all()
        assert (now == (held[:, day] & (end >= day))).all()


@settings(deadline=None, max_examples=50)
@given(wards())
def test_whoever_is_gone_stays_gone_and_day_0_is_in_the_state(ward):
    for word in told(ward, 14):
        assert word[0] == "V" and len(set(word.lstrip("VE"))) <= 1
