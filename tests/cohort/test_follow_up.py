"""Follow-up by hand. START is an evening: by the hour, the morning of the next date is still day 0."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from small_ward import START, Ward, course, end_of, on

from onearm.cohort.analysis_set import NEVER
from onearm.cohort.follow_up import follow_up
from onearm.protocol.study import Strategies
from onearm.sources.similar_cases import read_similar_cases

ISRAEL = Path(__file__).parents[2] / "examples" / "balmys19" / "comparators" / "israel"
OPEN, DEAD, LEFT = 0, 1, 2


def row_of(ward, name="A", **options):
    return course(ward, **options).people.filter(pl.col("person") == name).row(0, named=True)


@pytest.mark.parametrize(("at", "day"), [(0.0, 0), (0.99, 0), (1.0, 1), (4.5, 4)])
def test_a_death_counts_on_the_24_hours_it_falls_in(at, day):
    assert end_of(Ward().person("A").outcome("A", "died", at)) == (day, DEAD)


def test_death_in_hospital_beats_every_contact():
    ward = Ward().person("A").outcome("A", "seen_alive", 2).outcome("A", "died", 5)
    assert end_of(ward) == (5, DEAD)


def test_leaving_alive_competes_even_when_the_patient_dies_at_home_later():
    ward = Ward().person("A", until=3).outcome("A", "left_hospital_alive", 8.2).outcome("A", "died", 20)
    assert end_of(ward) == (8, LEFT)


@pytest.mark.parametrize(("left", "died"), [(8.2, 8.9), (on(8), on(8)), (on(8), 7.9)])
def test_of_leaving_and_dying_on_one_day_death_is_last(left, died):
    ward = Ward().person("A", until=3).outcome("A", "left_hospital_alive", left).outcome("A", "died", died)
    assert end_of(ward)[1] == DEAD


def test_who_left_and_came_back_is_followed_on():
    back = Ward().person("A", until=3).outcome("A", "left_hospital_alive", 8).episode("A", "hospital", 10, 14)
    assert end_of(back) == (14, OPEN)
    assert end_of(back.outcome("A", "died", 30)) == (30, DEAD)


def test_who_left_twice_left_on_the_last_day():
    ward = Ward().person("A", until=3).outcome("A", "left_hospital_alive", 8).episode("A", "hospital", 10, 14)
    assert end_of(ward.outcome("A", "left_hospital_alive", 14)) == (14, LEFT)


def test_a_stay_that_began_on_the_date_of_leaving_is_no_return():
    ward = Ward().person("A", ventilated=on(0)).episode("A", "icu", 8.0)  # 18:00, stored after noon
    assert end_of(ward.outcome("A", "left_hospital_alive", on(8)))[1] == LEFT


def test_a_drug_at_home_is_no_return():
    ward = Ward().person("A", until=3).outcome("A", "left_hospital_alive", 8)
    assert end_of(ward.episode("A", "anticoagulant", 9, 40)) == (8, LEFT)


def test_a_transferred_patient_is_followed_to_the_last_contact():
    ward = Ward().person("A").outcome("A", "transferred", 4)
    assert end_of(ward) == (4, OPEN)
    assert end_of(ward.outcome("A", "seen_alive", 25)) == (25, OPEN)


@pytest.mark.parametrize("kind", ["lost", "withdrew", "transferred", "extubated", "left_icu", "seen_alive"])
def test_an_outcome_that_is_no_end_is_a_contact(kind):
    assert end_of(Ward().person("A").outcome("A", kind, 6.5)) == (6, OPEN)


def test_who_withdrew_and_is_known_to_have_died_is_dead():
    assert end_of(Ward().person("A").outcome("A", "withdrew", 3).outcome("A", "died", 9)) == (9, DEAD)


def test_left_or_died_is_an_end_of_stay_and_neither():
    assert end_of(Ward().person("A").outcome("A", "left_or_died", 12)) == (12, OPEN)


def test_who_is_seen_after_an_end_of_stay_of_unknown_kind_is_followed_to_there():
    ward = Ward().person("A").outcome("A", "left_or_died", 12).outcome("A", "seen_alive", 20)
    assert end_of(ward) == (20, OPEN)


@pytest.mark.parametrize(
    ("seen", "day"),
    [
        (lambda w: w.sample("A", "crp", 5, 3.2), 3),
        (lambda w: w.visit("A", "done", 7.1), 7),
        (lambda w: w.visit("A", "missed", None), 0),
        (lambda w: w.episode("A", "prone", 2.5, 4.5), 4),
        (lambda w: w.infusion("A", 6.5), 6),
    ],
    ids=["sample", "visit", "missed visit", "end of an episode", "infusion"],
)
def test_the_last_contact_is_what_shows_the_patient_alive(seen, day):
    assert end_of(seen(Ward().person("A"))) == (day, OPEN)


def test_nobody_is_open_before_day_zero():
    assert end_of(Ward().person("A", ventilated=5).outcome("A", "seen_alive", 1)) == (0, OPEN)


def test_day_zero_is_the_first_ventilation_whatever_the_order_of_rows():
    ward = Ward().person("A", ventilated=None).episode("A", "invasive_ventilation", 9, 12)
    row = row_of(ward.episode("A", "invasive_ventilation", 2, 5).outcome("A", "died", 12))
    assert (row["end_day"], row["spell_days"]) == (10, 3)


def test_who_never_entered_the_state_of_the_clock_is_counted_and_left_out():
    found = course(Ward().person("A").person("B", ventilated=None))
    assert found.people["person"].to_list() == ["A"] and found.without_zero == 1


def test_nobody_with_a_day_zero_gives_empty_tables():
    found = course(Ward().person("A", ventilated=None).infusion("A", 3))
    assert found.people.is_empty() and found.spells.is_empty() and found.without_zero == 1
    assert found.first_treatment.rows() == [("A", None)]


def test_a_patient_treated_without_a_day_zero_is_not_forgotten():
    found = course(Ward().person("A").infusion("A", 2).person("B", ventilated=None).infusion("B", 3))
    assert sorted(found.first_treatment.rows()) == [("A", 2), ("B", None)]


def test_the_first_dose_is_the_index_treatment():
    assert row_of(Ward().person("A").infusion("A", 7.9).infusion("A", 3.1))["start_day"] == 3


def test_a_treatment_before_day_zero_has_a_negative_day():
    assert course(Ward().person("A", ventilated=5).infusion("A", 2)).first_treatment["day"].to_list() == [-3]


def test_an_episode_can_be_the_treatment():
    ward = Ward().person("A").episode("A", "tocilizumab", on(3)).episode("A", "tocilizumab", on(1))
    assert row_of(ward, treat=Strategies("tocilizumab"))["start_day"] == 1
    named = ward.episode("A", "other_treatment", on(2), agent="plasma").episode(
        "A", "other_treatment", on(1), agent="ecmo"
    )
    assert row_of(named, treat=Strategies("other_treatment plasma"))["start_day"] == 2


# dates and minutes


def test_dates_alone_differ_by_whole_days_over_the_change_to_summer_time():
    ward = Ward().person("A", ventilated=date(2020, 3, 28)).outcome("A", "died", date(2020, 3, 30))
    assert end_of(ward) == (2, DEAD)


@pytest.mark.parametrize("zero", [0, on(0)])
def test_an_event_on_the_date_of_day_zero_is_on_day_0(zero):
    assert end_of(Ward().person("A", ventilated=zero).outcome("A", "died", on(0))) == (0, DEAD)


@pytest.mark.parametrize("hour", [0.0, 0.2, 0.9])
def test_a_death_known_to_the_date_never_precedes_an_infusion_of_that_date(hour):
    """19:00 to 13:00 next day: the death is on the date of the infusion, and the patient was treated first."""
    given = 5 + hour
    died = (START.date().toordinal() + int(given + 18 / 24)) - START.date().toordinal()
    row = row_of(Ward().person("A").infusion("A", given).outcome("A", "died", on(died)))
    assert row["event"] == DEAD and row["end_day"] >= row["start_day"]


def test_of_a_date_and_a_minute_days_differ_as_dates():
    assert end_of(Ward().person("A", ventilated=on(0)).outcome("A", "died", 4.9)) == (5, DEAD)  # 15:36 of day 5
    assert end_of(Ward().person("A").outcome("A", "died", on(5))) == (5, DEAD)


# spells


def test_off_and_on_again_is_two_spells_also_on_one_day():
    ward = Ward().person("A", until=2.1).episode("A", "invasive_ventilation", 2.6, 5.0).outcome("A", "died", 9)
    found = course(ward)
    assert found.spells.select("start", "end").rows() == [(0, 2), (2, 5)]
    assert found.people["spell_days"].to_list() == [2]


@pytest.mark.parametrize("ongoing", [True, False])
def test_a_spell_without_an_end_has_none(ongoing):
    ward = Ward().person("A", ventilated=None).episode("A", "invasive_ventilation", 0, ongoing=ongoing)
    found = course(ward.outcome("A", "seen_alive", 9))
    assert found.people.select("end_day", "event", "spell_days").row(0) == (9, OPEN, NEVER)
    assert found.spells.rows() == [(0, NEVER, 0)]


def test_a_waiting_list_has_no_spells():
    ward = Ward(clock="listing").person("A", ventilated=None, listed_at=on(0)).outcome("A", "died", on(40))
    found = course(ward, clock="listing")
    assert found.spells.is_empty() and found.people.select("end_day", "spell_days").row(0) == (40, NEVER)


def test_spells_of_another_kind_do_not_count():
    ward = Ward().person("A", until=4).episode("A", "high_flow_oxygen", 4, 9).outcome("A", "died", 20)
    assert course(ward).spells.height == 1


# the lock


@pytest.mark.parametrize(("died", "told"), [(on(10), (10, DEAD)), (9.5, (9, DEAD)), (on(11), (10, OPEN))])
def test_a_death_after_the_lock_is_not_known_and_the_patient_open_on_its_day(died, told):
    assert end_of(Ward().person("A").outcome("A", "died", died), lock=on(10)) == told


def test_an_event_on_the_morning_after_the_lock_is_after_it():
    """Day 10 runs from 18:00 of the lock to 18:00 of the next date."""
    assert end_of(Ward().person("A").outcome("A", "died", 10.5), lock=on(10)) == (10, OPEN)


def test_who_is_seen_on_the_day_of_the_lock_is_followed_to_it():
    """09:36 of the date of the lock is day 9 by the hour, and nobody could have been followed longer."""
    assert end_of(Ward().person("A").outcome("A", "seen_alive", 9.65), lock=on(10)) == (10, OPEN)
    assert end_of(Ward().person("A").outcome("A", "seen_alive", on(9)), lock=on(10)) == (9, OPEN)


@pytest.mark.parametrize("kind", ["left_hospital_alive", "left_or_died", "seen_alive", "lost"])
def test_whatever_happens_after_the_lock_shows_the_patient_alive_on_it(kind):
    assert end_of(Ward().person("A").outcome("A", kind, 30), lock=on(10)) == (10, OPEN)


def test_a_return_after_the_lock_undoes_no_leaving_before_it():
    ward = Ward().person("A", until=3).outcome("A", "left_hospital_alive", 8).episode("A", "hospital", 14, 20)
    assert end_of(ward, lock=on(10)) == (8, LEFT)


def test_a_treatment_after_the_lock_is_none():
    row = row_of(Ward().person("A").infusion("A", 10.5), lock=on(10))
    assert row["start_day"] == NEVER and row["potential_days"] == 9


def test_a_day_cut_by_the_lock_gives_no_room_unless_it_is_known_by_date_or_the_day_of_treatment():
    assert row_of(Ward().person("A", ventilated=0), lock=on(10))["potential_days"] == 9  # from 18:00 to 18:00
    assert row_of(Ward().person("A", ventilated=on(0)), lock=on(10))["potential_days"] == 10
    late = row_of(Ward().person("A").infusion("A", 10.1), lock=on(10))
    assert (late["start_day"], late["potential_days"]) == (10, 10)


def test_a_spell_that_ends_after_the_lock_has_not_ended():
    assert row_of(Ward().person("A", until=14), lock=on(10))["spell_days"] == NEVER


def test_who_enters_after_the_lock_has_no_day_zero_yet():
    found = course(Ward().person("A").person("B", ventilated=10.5), lock=on(10))
    assert found.people["person"].to_list() == ["A"] and found.without_zero == 1


def test_without_calendar_dates_nothing_is_locked_and_no_date_told():
    row = row_of(Ward(basis="day_only").person("A").outcome("A", "died", 30), lock=on(10), calendar=False)
    assert (row["end_day"], row["event"], row["potential_days"], row["zero_date"]) == (30, DEAD, NEVER, None)


# a whole source


def test_the_israeli_patients_are_those_of_the_publication():
    records = read_similar_cases(ISRAEL)
    found = follow_up(records, clock="severe_state", treat=Strategies(), lock=None, calendar=True)
    people = found.people
    events = [int((people["event"] == e).sum()) for e in (DEAD, LEFT, OPEN)]
    assert people.height == 437 and events == [154, 127, 156] and found.without_zero == 2675 - 437
    assert people.filter((pl.col("spell_days") > 7) & (pl.col("end_day") > 7)).height == 211


def test_a_ventilation_whose_end_nobody_wrote_ends_with_the_extubation():
    ward = Ward().person("A", ventilated=None).episode("A", "invasive_ventilation", 0, None, ongoing=False)
    ward.outcome("A", "extubated", on(6)).outcome("A", "seen_alive", on(20))
    assert course(ward).people["spell_days"].to_list() == [6]
