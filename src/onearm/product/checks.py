"""All product rules in one list, and the check that runs them. They never raise and change nothing."""

from collections.abc import Callable, Iterable
from datetime import datetime

from onearm.product.bedside_check import bags_are_matched_and_started_rightly, infusions_follow_their_match
from onearm.product.consent_rules import (
    deferred_consents_are_confirmed,
    treatment_follows_consent,
    withdrawal_stops_new_data,
)
from onearm.product.course_of_doses import (
    bags_taken_keep_the_load_low,
    doses_given_kept_the_load_low,
    doses_keep_their_distance,
    doses_stay_within_the_protocol,
)
from onearm.product.custody_rules import (
    containers_of_a_lot_are_all_there,
    every_container_has_its_custody,
    every_event_follows_the_one_before,
)
from onearm.product.dose_rules import (
    infusions_deliver_what_was_ordered,
    infusions_name_their_bags,
    infusions_take_their_time,
    interruptions_have_their_reason,
)
from onearm.product.event_rules import (
    events_begin_after_consent,
    serious_events_are_reported_in_time,
    serious_events_are_reviewed,
)
from onearm.product.history import History
from onearm.product.infusion_times import infusion_times_are_those_of_custody
from onearm.product.issue_rules import (
    bags_are_allocated_rightly,
    bags_are_issued_rightly,
    bags_without_custody_are_in_date,
)
from onearm.product.order_rules import (
    dosing_weight_is_what_its_basis_says,
    orders_rest_on_a_recent_weight,
    target_follows_from_the_dose,
    unusual_weights_are_checked_twice,
)
from onearm.product.recall import failed_tests_recall_their_lot, recalled_lots_have_no_bag_left
from onearm.product.release_rules import (
    passage_is_usual,
    release_has_what_it_needs,
    release_is_signed,
    releaser_stands_apart,
    specifications_hold_the_rule_book,
    verdicts_follow_from_the_limits,
)
from onearm.product.signed import Signed
from onearm.product.weight_rules import weights_fit_the_height, weights_of_a_patient_agree
from onearm.protocol.rulebook import Rulebook
from onearm.records import Records
from onearm.results.finding import Finding

Rule = Callable[[History], Iterable[Finding]]
ClockRule = Callable[[History, datetime], Iterable[Finding]]

RULES: tuple[Rule, ...] = (
    every_event_follows_the_one_before,
    every_container_has_its_custody,
    containers_of_a_lot_are_all_there,
    bags_are_allocated_rightly,
    bags_are_issued_rightly,
    bags_without_custody_are_in_date,
    release_has_what_it_needs,
    releaser_stands_apart,
    release_is_signed,
    verdicts_follow_from_the_limits,
    specifications_hold_the_rule_book,
    passage_is_usual,
    failed_tests_recall_their_lot,
    recalled_lots_have_no_bag_left,
    weights_of_a_patient_agree,
    weights_fit_the_height,
    orders_rest_on_a_recent_weight,
    unusual_weights_are_checked_twice,
    dosing_weight_is_what_its_basis_says,
    target_follows_from_the_dose,
    infusions_deliver_what_was_ordered,
    infusions_name_their_bags,
    interruptions_have_their_reason,
    infusions_take_their_time,
    infusion_times_are_those_of_custody,
    doses_stay_within_the_protocol,
    doses_keep_their_distance,
    bags_taken_keep_the_load_low,
    doses_given_kept_the_load_low,
    bags_are_matched_and_started_rightly,
    infusions_follow_their_match,
    treatment_follows_consent,
    withdrawal_stops_new_data,
    events_begin_after_consent,
    serious_events_are_reported_in_time,
)
#: what only a clock can tell: nobody did what was due
CLOCK_RULES: tuple[ClockRule, ...] = (deferred_consents_are_confirmed, serious_events_are_reviewed)


def check_product(
    records: Records, rulebook: Rulebook, signed: Signed | None = None, now: datetime | None = None
) -> tuple[Finding, ...]:
    """Every finding of every product rule; what is overdue only when `now` is given."""
    history = History(records, rulebook, signed)
    found = [finding for rule in RULES for finding in rule(history)]
    if now is not None:
        found += [finding for rule in CLOCK_RULES for finding in rule(history, now)]
    return tuple(found)
