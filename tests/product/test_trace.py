"""Donor to patient and back, and the state at day 28 in the words of the acceptance question."""

from datetime import UTC, datetime

import pytest
from product_world import DAY, HOUR, NOW, World, bag_id, before_the_dose, small_world

from onearm.product.day_28 import fates
from onearm.product.trace import trace_lot, trace_patient
from onearm.records import read_records

OUTCOME = {"subject_id": "S01-001", "occurred_at_precision": "minute"}


def after(*outcomes):
    """Day 28 of the infusion of 8 April 12:00 with these outcomes."""
    world = small_world()
    for number, (kind, at) in enumerate(outcomes, 1):
        world.lay("outcomes", outcome_id=f"S01-001-X{number}", kind=kind, occurred_at=at, **OUTCOME)
    return fates(world.records(), ["S01-001"])["S01-001"].after(NOW)


def at(month, day, hour=12):
    return datetime(2020, month, day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("outcomes", "words", "state"),
    [
        ([("seen_alive", at(4, 24, 9))], "unknown after day 15", "unknown"),
        ([("died", at(5, 10))], "alive", "alive"),
        ([("died", NOW + 28 * DAY)], "dead on day 28", "dead"),
        ([("died", NOW + 29 * DAY)], "alive", "alive"),
        ([("left_hospital_alive", NOW + 12 * DAY)], "left alive on day 12, unknown after day 12", "left_alive"),
        ([("seen_alive", NOW + 28 * DAY)], "alive", "alive"),
        ([("extubated", NOW + 3 * DAY)], "unknown after day 3", "unknown"),
        ([("left_hospital_alive", NOW + 9 * DAY), ("seen_alive", NOW + 30 * DAY)], "alive", "alive"),
        ([("left_or_died", NOW + 30 * DAY)], "unknown after day 0", "unknown"),
        ([("left_hospital_alive", NOW - 9 * DAY)], "unknown after day 0", "unknown"),  # an earlier stay
        ([], "unknown after day 0", "unknown"),
    ],
)
def test_day_28_is_alive_only_with_a_contact_on_or_after_it(outcomes, words, state):
    found = after(*outcomes)
    assert (found.en, found.state) == (words, state)
    assert found.es and found.es != found.en


@pytest.mark.parametrize("table", ["visits", "episodes", "measurements"])
def test_a_sample_a_visit_and_the_end_of_an_episode_are_contacts(table):
    world, late = small_world(), NOW + 30 * DAY
    if table == "visits":
        world.lay("visits", subject_id="S01-001", planned_day=28, status="done", occurred_at=late)
    elif table == "episodes":
        stay = {"episode_id": "S01-001-E1", "subject_id": "S01-001", "kind": "hospital", "ongoing": False}
        times = {"started_at_precision": "minute", "ended_at_precision": "day"}
        world.lay("episodes", **stay, **times, started_at=NOW - 9 * DAY, ended_at=late)
    else:
        value = {"marker": "crp", "raw_value": "1", "comparator": "=", "raw_unit": "mg/L", "replicate": 1}
        more = {"origin": "file", "quality": "ok", "collected_at": late, "collected_at_precision": "day"}
        world.lay("measurements", measurement_id="S01-001-M1", subject_id="S01-001", **value, **more)
    assert fates(world.records(), ["S01-001"])["S01-001"].after(NOW).en == "alive"


def two_lots():
    """Three patients: two share lot L1, the third got L2 of the same donor; L3 is of another."""
    world = World().lot("L1", 3).lot("L2", 2).lot("L3", 1)
    world.change("lots", "L3", donor_id="D9")
    for lot in ("L1", "L2", "L3"):
        world.decide(lot)
    for number, bag in ((1, 1), (2, 2), (3, 4), (4, 6)):
        name = f"S01-00{number}"
        world.patient(name).order(name).infuse(bag_id(bag), subject=name, start=NOW + number * HOUR)
    return world


def test_a_lot_leads_to_its_bags_places_and_patients():
    found = trace_lot(two_lots().records(), "L1")
    assert (found.donor_id, found.status, found.materials[0].kind) == ("D1", "released", "donor_tissue")
    assert [(b.state, b.place) for b in found.bags] == [("infused", "ICU"), ("infused", "ICU"), ("stock", "tank 1")]
    assert [(r.subject_id, r.infusion_id, r.container_ids) for r in found.recipients] == [
        ("S01-001", "S01-001-I1", (bag_id(1),)),
        ("S01-002", "S01-002-I1", (bag_id(2),)),
    ]
    assert found.recipients[0].given_ml == 48


def test_a_patient_leads_to_donor_sister_bags_and_others():
    found = trace_patient(two_lots().records(), "S01-001")
    assert found.bag_ids == (bag_id(1),)
    assert [lot.lot_id for lot in found.lots] == ["L1"]
    assert len(found.lots[0].bags) == 3
    assert found.other_subjects == ("S01-002", "S01-003")  # the third by the donor, not the fourth


def test_a_running_infusion_is_traced_by_custody():
    world = before_the_dose().take(bag_id(1), upto="started")
    told = {"status": "started", "stopped_at": None, "reaction_assessment": "not_assessed"}
    world.infuse(**told, assessed_until_at=None, assessed_by=None)
    [recipient] = trace_lot(world.records(), "L1").recipients
    assert (recipient.subject_id, recipient.container_ids, recipient.given_ml) == ("S01-001", (bag_id(1),), None)
    assert trace_patient(world.records(), "S01-001").bag_ids == (bag_id(1),)


def test_two_bags_of_one_infusion_are_one_recipient():
    world = World().lot().decide().patient().order().infuse(bag_id(1), bag_id(2))
    [recipient] = trace_lot(world.records(), "L1").recipients
    assert (recipient.container_ids, recipient.given_ml) == ((bag_id(1), bag_id(2)), 96)


def test_a_patient_who_was_given_nothing_leads_nowhere():
    found = trace_patient(before_the_dose().records(), "S01-001")
    assert (found.bag_ids, found.lots, found.other_subjects) == ((), (), ())


def test_an_unknown_lot_is_an_error():
    with pytest.raises(KeyError):
        trace_lot(small_world().records(), "L9")


def test_the_trace_names_every_bag_given_in_the_shipped_study():
    from test_checks import VIRTUAL

    records = read_records(VIRTUAL, "virtual")
    traced = [r for lot in records["lots"]["lot_id"] for r in trace_lot(records, lot).recipients]
    given = set(records["infusion_containers"].select("infusion_id", "container_id").rows())
    assert {(r.infusion_id, bag) for r in traced for bag in r.container_ids} == given
    assert len(given) == 23  # 3 got one dose, 10 got two
