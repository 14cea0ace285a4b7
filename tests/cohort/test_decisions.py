"""The screening log: who was decided on, and how long it took."""

import pytest
from small_ward import Ward

from onearm.cohort.decisions import screening_log


def people(names, kind="own_study"):
    ward = Ward(kind)
    for name in names:
        ward.person(name)
    return ward


def log(ward):
    return screening_log(ward.records())


def test_without_decisions_there_is_no_log():
    assert log(people("AB").infusion("A", 3)) is None


def test_everybody_decided_on_counts_once():
    ward = people("ABCD").decision("A", "treat", 1).decision("B", "defer", 1).decision("B", "do_not_treat", 2)
    assert (log(ward).subjects, log(ward).decided, log(ward).share) == (4, 2, 0.5)


def test_the_lag_runs_from_the_first_decision_to_treat_to_the_first_infusion():
    ward = people("A").decision("A", "defer", 0).decision("A", "treat", 2).decision("A", "treat", 3)
    found = log(ward.infusion("A", 5).infusion("A", 4))
    assert (found.lag_hours_median, found.lag_hours_longest) == (48.0, 48.0)


def test_the_median_of_an_even_number_lies_between():
    ward = people("AB").decision("A", "treat", 1).decision("B", "treat", 1).infusion("A", 2).infusion("B", 4)
    assert (log(ward).lag_hours_median, log(ward).lag_hours_longest) == (48.0, 72.0)


@pytest.mark.parametrize(("decision", "day"), [("treat", 6), ("defer", 1)])
def test_an_infusion_without_a_decision_to_treat_before_it_is_named_and_has_no_lag(decision, day):
    found = log(people("AB").infusion("A", 5).decision("A", decision, day).decision("B", "treat", 1))
    assert found.without_lag == ("A",) and found.lag_hours_median is None and found.lag_hours_longest is None


def test_approved_and_never_treated_are_counted():
    ward = people("ABC").decision("A", "treat", 1).infusion("A", 2).decision("B", "treat", 1).decision("C", "defer", 1)
    assert log(ward).approved_not_treated == 1


def test_external_patients_are_no_part_of_the_log():
    ward = people("A", "individual_external").decision("A", "treat", 1)
    assert (log(ward).subjects, log(ward).decided, log(ward).share) == (0, 0, None)
