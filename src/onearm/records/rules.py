"""Rules across tables: plain functions from Records to findings, in one list. They never raise and change nothing."""

from collections.abc import Callable

from onearm.records.collection import Records
from onearm.records.course_rules import (
    breathing_supports_do_not_overlap,
    grade_5_is_death,
    one_kind_is_open_once,
    typed_ratio_is_that_of_its_sample,
    units_do_not_contradict_the_marker,
    values_keep_the_unit_of_their_neighbours,
)
from onearm.records.key_rules import (
    external_patients_have_no_product,
    linked_rows_speak_of_one_patient,
    nobody_dies_twice,
    nobody_is_entered_twice,
    patients_fit_their_source,
    references_have_their_row,
    virtual_patients_stay_apart,
)
from onearm.records.time_rules import (
    arrival_is_in_order,
    bags_are_given_within_their_infusion,
    doses_are_in_order,
    doses_follow_decision_order_and_check,
    nothing_happens_after_death,
    stays_end_with_death_and_discharge,
    ventilation_starts_with_its_first_episode,
)
from onearm.results.finding import Finding

Rule = Callable[[Records], tuple[Finding, ...]]

RULES: tuple[Rule, ...] = (
    references_have_their_row,
    linked_rows_speak_of_one_patient,
    external_patients_have_no_product,
    patients_fit_their_source,
    virtual_patients_stay_apart,
    nobody_dies_twice,
    nobody_is_entered_twice,
    doses_follow_decision_order_and_check,
    bags_are_given_within_their_infusion,
    doses_are_in_order,
    nothing_happens_after_death,
    stays_end_with_death_and_discharge,
    ventilation_starts_with_its_first_episode,
    arrival_is_in_order,
    breathing_supports_do_not_overlap,
    one_kind_is_open_once,
    typed_ratio_is_that_of_its_sample,
    units_do_not_contradict_the_marker,
    values_keep_the_unit_of_their_neighbours,
    grade_5_is_death,
)


def check_records(records: Records) -> tuple[Finding, ...]:
    """Every finding of every rule across tables. Rules of single rows were held when the Records were made."""
    return tuple(finding for rule in RULES for finding in rule(records))
