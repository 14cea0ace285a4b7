"""Infusion reactions: 0 of those somebody looked at for six hours."""

from datetime import timedelta

import pytest
from small_ward import Ward

from onearm.cohort.reactions import Reactions, infusion_reactions

HOUR = 1 / 24


def ward(names="A"):
    found = Ward()
    for name in names:
        found.person(name)
    return found


def counts(ward, **options):
    return infusion_reactions(ward.records(), **options)


def test_without_infusions_there_is_nothing_to_count():
    assert counts(ward()) is None


def test_watched_for_six_hours_counts_as_assessed():
    assert counts(ward().infusion("A", 3)) == Reactions(1, 1, 0, 1, 1, 0)


@pytest.mark.parametrize(("seen", "watched"), [("not_assessed", None), ("not_assessed", 8), ("none", 5.9)])
def test_not_looked_for_or_not_long_enough_is_not_assessed(seen, watched):
    assert counts(ward().infusion("A", 3, seen=seen, watched=watched)) == Reactions(1, 0, 0, 1, 0, 0)


def test_a_reaction_counts_however_short_the_watch():
    assert counts(ward().infusion("A", 3, seen="reaction", watched=0.5)) == Reactions(1, 1, 1, 1, 1, 1)


@pytest.mark.parametrize(("hours", "assessed"), [(5, 1), (7, 0)])
def test_who_died_within_the_window_was_watched_to_the_end(hours, assessed):
    found = counts(ward().infusion("A", 3, watched=2).outcome("A", "died", 3 + hours * HOUR))
    assert found.infusions_assessed == found.patients_assessed == assessed


def test_a_death_within_the_window_assesses_nothing_when_nobody_looked():
    found = counts(ward().infusion("A", 3, seen="not_assessed", watched=None).outcome("A", "died", 3 + HOUR))
    assert found.infusions_assessed == 0


def test_a_patient_is_assessed_when_every_infusion_was_or_a_reaction_was_seen():
    found = ward("ABC")
    found.infusion("A", 3).infusion("A", 6, seen="not_assessed", watched=None)
    found.infusion("B", 3, seen="reaction").infusion("B", 6, seen="not_assessed", watched=None)
    found.infusion("C", 3).infusion("C", 6)
    assert counts(found) == Reactions(6, 4, 1, 3, 2, 1)


def test_the_window_can_be_another():
    assert counts(ward().infusion("A", 3, watched=2), window=timedelta(hours=2)).infusions_assessed == 1
