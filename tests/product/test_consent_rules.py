"""S1 and A1: consent first, deferred consent in time, nothing after a withdrawal; serious events on the clock."""

import pytest
from product_world import BOOK, DAY, ENTERED, HOUR, MINUTE, NOW, before_the_dose, small_world

from onearm.product.consent_rules import consents_due
from onearm.product.event_rules import serious_events_waiting
from onearm.product.history import History

ORDER, INFUSION = "S01-001-O1", "S01-001-I1"
ORDERED = NOW - 20 * HOUR


def consented(*consents):
    world = small_world().drop("consents")
    for number, (kind, at, *more) in enumerate(consents, 1):
        world.consent("S01-001", kind, at, number, **(more[0] if more else {}))
    return world


def test_treatment_follows_consent_to_the_minute():
    assert consented(("proxy", ORDERED)).told("S1") == []
    assert consented(("proxy", ORDERED + MINUTE)).told("S1") == [("block", ORDER)]
    assert consented().told("S1") == [("block", ORDER), ("block", INFUSION)]


def test_consent_to_data_alone_is_no_consent_to_treatment():
    assert consented(("patient", NOW - 2 * DAY, {"scope": '["data"]'})).told("S1") == [
        ("block", ORDER),
        ("block", INFUSION),
    ]


def test_a_deferred_consent_carries_72_hours_unless_it_is_confirmed():
    exactly = consented(("deferred", NOW - 72 * HOUR))
    assert exactly.told("S1") == []
    late = [("deferred", NOW - 72 * HOUR - MINUTE)]
    assert consented(*late).told("S1") == [("block", INFUSION)]
    assert consented(*late, ("reconfirmed", NOW - DAY)).told("S1") == []


def test_no_infusion_after_a_withdrawal_unless_consent_is_given_again():
    withdrawn = [("patient", NOW - 2 * DAY), ("withdrawn", NOW - HOUR)]
    assert consented(*withdrawn).told("S1") == [("block", INFUSION)]
    assert consented(*withdrawn, ("patient", NOW - MINUTE)).told("S1") == []
    assert consented(*withdrawn[:1], ("withdrawn", NOW - HOUR, {"scope": '["samples"]'})).told("S1") == []


def test_a_withdrawal_told_late_can_be_recorded():
    world = consented(("patient", NOW - 2 * DAY), ("withdrawn", NOW - HOUR, {"entered_at": ENTERED + DAY}))
    assert world.told("S1") == [("confirm", INFUSION)]


def test_nothing_new_is_recorded_after_the_withdrawal_of_data():
    world = consented(("patient", NOW - 2 * DAY), ("withdrawn", NOW + DAY))
    assert world.told("S1") == []
    world.lay("visits", subject_id="S01-001", planned_day=7, status="done", occurred_at=NOW + DAY)
    assert world.told("S1") == []  # at that very moment: the visit at which it was withdrawn
    world.lay("visits", subject_id="S01-001", planned_day=9, status="done", occurred_at=NOW + 2 * DAY)
    died = {"outcome_id": "S01-001-X1", "subject_id": "S01-001", "kind": "died", "occurred_at_precision": "minute"}
    world.lay("outcomes", **died, occurred_at=NOW + 3 * DAY)
    left = {**died, "outcome_id": "S01-001-X2", "kind": "withdrew"}
    world.lay("outcomes", **left, occurred_at=NOW + DAY + HOUR)
    assert world.told("S1") == [("block", "S01-001/9"), ("confirm", "S01-001-X1")]
    world.change("consents", "S01-001-K2", entered_at=ENTERED + DAY)
    assert world.told("S1") == [("confirm", "S01-001/9"), ("confirm", "S01-001-X1")]


def test_deferred_consents_wait_with_their_deadline():
    history = History(consented(("deferred", NOW - DAY)).records(), BOOK)
    [waiting] = consents_due(history, NOW)
    assert (waiting.consent_id, waiting.due_at, waiting.is_overdue) == ("S01-001-K1", NOW + 2 * DAY, False)
    assert consents_due(history, NOW + 2 * DAY + MINUTE)[0].is_overdue
    assert consents_due(history, NOW - 2 * DAY) == ()
    done = History(consented(("deferred", NOW - DAY), ("withdrawn", NOW)).records(), BOOK)
    assert consents_due(done, NOW) == ()


def event(world, *, started=NOW, reported=NOW + HOUR, serious=True, reviewed_by=None):
    row = {"event_id": "S01-001-A1", "subject_id": "S01-001", "term": "fever", "grade": 3, "relation": "possible"}
    more = {"action": "none", "outcome": "resolved", "narrative": "n", "reviewed_by": reviewed_by}
    criteria = '["important"]' if serious else "[]"
    return world.lay(
        "adverse_events", **row, **more, started_at=started, reported_at=reported, serious=serious, criteria=criteria
    )


def test_what_began_before_the_consent_is_no_adverse_event():
    assert event(before_the_dose(), started=NOW - 2 * DAY).told("A1") == [("confirm", "S01-001-A1")]  # reported late
    [finding, _] = event(before_the_dose(), started=NOW - 3 * DAY).findings("A1")
    assert finding.severity == "block" and "before the consent" in finding.sentence
    assert event(before_the_dose().drop("consents"), started=NOW).told("A1") == []


@pytest.mark.parametrize(("hours", "serious", "told"), [(24, True, 0), (24.1, True, 1), (240, False, 0)])
def test_a_serious_event_is_reported_within_24_hours(hours, serious, told):
    world = event(before_the_dose(), reported=NOW + hours * HOUR, serious=serious)
    assert [f.severity for f in world.findings("A1")] == ["confirm"] * told


def test_a_serious_event_waits_for_the_sponsor_physician():
    history = History(event(before_the_dose()).records(), BOOK)
    [waiting] = serious_events_waiting(history, NOW + 3 * HOUR)
    assert (waiting.event_id, waiting.minutes_left) == ("S01-001-A1", 22 * 60)
    assert serious_events_waiting(history, NOW) == ()  # not reported yet
    world = event(before_the_dose())
    assert world.told("A1", now=NOW + 25 * HOUR) == []
    assert world.told("A1", now=NOW + 25 * HOUR + MINUTE) == [("confirm", "S01-001-A1")]
    assert event(before_the_dose(), reviewed_by="SP1").told("A1", now=NOW + 9 * DAY) == []
