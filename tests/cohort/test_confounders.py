"""How much of the confounders is known, in the treated and in their controls."""

import pytest
from small_ward import Ward, cohort, protocol

from onearm.cohort.build import build
from onearm.cohort.confounders import completeness
from onearm.protocol.study import Confounder


def share(ward, *names, plan=None):
    plan = plan or protocol()
    everybody = cohort(plan, ward)
    pairs = build(plan, everybody).sets.pairs
    return completeness(everybody, tuple(Confounder(n) for n in names), pairs)


def ward(names="ABC"):
    found = Ward()
    for name in names:
        found.person(name, until=30).outcome(name, "died", 30)
    return found.infusion("A", 5)


def test_without_confounders_or_without_pairs_there_is_nothing_to_tell():
    assert share(ward()) is None
    assert share(ward("A"), "age") is None


def test_what_everybody_has_is_complete():
    assert share(ward(), "age", "day", "site") == 1.0


def test_a_name_that_no_record_holds_is_never_known():
    assert share(ward(), "age", "frailty") == 0.5


def test_the_smaller_of_the_two_shares_counts():
    measured = ward().sample("A", "crp", 10, 4.5).sample("B", "crp", 10, 4.5)
    assert share(measured, "crp") == 0.5  # A of the treated, B of B and C
    assert share(ward().sample("B", "crp", 10, 4.5).sample("C", "crp", 10, 4.5), "crp") == 0.0  # not A


def test_a_value_is_that_of_the_index_day():
    old = ward().sample("A", "crp", 10, 3.5).sample("B", "crp", 10, 4.5).sample("C", "crp", 10, 4.5)
    assert share(old, "crp") == 0.0


def test_a_treated_patient_counts_once_and_a_control_once_per_set():
    """A has B and C, B has C alone: one of two treated is known, and C twice out of three controls."""
    both = ward().infusion("B", 8)
    for name in "AC":
        both.sample(name, "crp", 10, 4.5)
    both.sample("C", "crp", 10, 7.5)
    assert share(both, "crp") == pytest.approx(1 / 2)
    assert share(both.sample("B", "crp", 10, 7.5), "crp") == pytest.approx(2 / 3)


def test_an_open_band_and_a_value_beyond_a_limit_are_known():
    old = Ward().person("A", age_low=90).outcome("A", "died", 30).person("B", age_low=90).outcome("B", "died", 30)
    for name in "AB":
        old.sample(name, "d_dimer_feu", 35000, 4.5, sign=">")
    assert share(old.infusion("A", 5), "age", "d_dimer_feu") == 1.0


def test_words_and_drugs_are_known_unless_they_are_not():
    told = ward("AB").episode("A", "corticosteroid", 2).episode("B", "corticosteroid", 2, ongoing=False)
    assert share(told, "corticosteroid") == 0.0  # nobody knows when that of B ended
    assert share(told, "sex") == 0.0
