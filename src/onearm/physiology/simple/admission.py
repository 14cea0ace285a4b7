"""Admission: courses of the simple multistate generator set into hospitals and the calendar."""

import math

import numpy as np

from onearm.physiology.randomness import Floats, Key, Process, uniform
from onearm.physiology.simple.circumstances import hospital_of
from onearm.physiology.simple.courses import Courses, Persons, able_until, courses, decided, follow_up_days
from onearm.physiology.simple.settings import MultistateSettings
from onearm.physiology.tables.bag_contents import assumed_contents
from onearm.physiology.tables.co_treatment import steroid_days
from onearm.physiology.tables.supply import NO_BAG, reserve
from onearm.physiology.tables.ward import (
    DAY,
    NEVER,
    Conduct,
    DrugCourse,
    Minutes,
    Ward,
    minute_of,
    minutes_of,
    subject_ids,
)


def admit(key: Key, settings: MultistateSettings, persons: Persons) -> tuple[Ward, Floats, Courses, Courses]:
    """The ward; days from ventilation to the infusion; courses as they happen and without any infusion."""
    chosen = decided(settings, persons)
    planned = chosen + settings.lag_days
    untreated = courses(settings, persons, np.full_like(chosen, np.inf))
    end = able_until(settings, untreated)
    conduct = conduct_of(settings)
    zero = np.asarray(conduct.lock - entry_room(key, settings, persons, planned))
    order = np.flatnonzero(chosen < end)
    at, freed = (minutes_of(zero, days) for days in (chosen, end))
    bag = np.full((chosen.size, 1), NO_BAG, dtype=np.int64)
    bag[order] = reserve(at[order], freed[order], (planned < end)[order], settings.containers)
    infused = np.where((bag[:, 0] != NO_BAG) & (planned < end), planned, np.inf)
    actual = courses(settings, persons, infused)
    hospital = hospital_of(settings, key, persons.patient)
    decides = np.where(chosen < end, at, NEVER)
    drip = minutes_of(zero, infused)
    wanted = np.where(drip == NEVER, decides + round(settings.lag_days * DAY), drip)
    never = np.full_like(zero, NEVER)
    ward = Ward(
        key=key,
        conduct=conduct,
        patient=persons.patient,
        subject_id=subject_ids(hospital, persons.patient),
        hospital=hospital,
        measured=persons.measured(settings.rho),
        zero=zero,
        decided=decides,
        bag=bag,
        planned=np.where(bag == NO_BAG, NEVER, wanted[:, None]),
        infused=drip[:, None],
        contents=assumed_contents(key, bag),
        spell_start=minutes_of(zero[:, None], actual.spell_start),
        spell_end=minutes_of(zero[:, None], actual.spell_end),
        died=minutes_of(zero, actual.died),
        left=minutes_of(zero, actual.left),
        lost=never,
        refused=np.zeros(zero.shape, dtype=np.bool_),
        drugs=(_steroid(key, settings, persons, zero),),
        barred=never,
        lot_viability=None,
    )
    return ward, infused, actual, untreated


def _steroid(key: Key, settings: MultistateSettings, persons: Persons, zero: Minutes) -> DrugCourse:
    start, end = steroid_days(key, persons.patient, settings.steroid_share)
    return DrugCourse("corticosteroid", "STER", minutes_of(zero, start), minutes_of(zero, end))


def conduct_of(settings: MultistateSettings) -> Conduct:
    """The conduct of a study with these settings."""
    s = settings
    if s.follow_up == "lock":
        opened = minute_of(s.first_entry)
    else:
        opened = minute_of(s.data_lock) - math.ceil(s.longest_wait_days + s.follow_up_most_days) * DAY
    return Conduct(
        generator="simple multistate generator",
        settings_sha256=s.sha256(),
        source_id=s.source_id,
        hospitals=s.hospitals,
        opened=opened,
        lock=minute_of(s.data_lock) + DAY - 1,
        m_per_kg=1.0,
        containers=s.containers,
        measured_days=s.measured_days,
    )


def entry_room(key: Key, settings: MultistateSettings, persons: Persons, planned: Floats) -> Minutes:
    """Whole minutes from the beginning of ventilation to the end of the day of the lock.

    `from_infusion`: everybody's records close the drawn follow-up after the infusion was given, or would have been:
    potential follow-up depends on nobody's outcome.
    """
    if settings.follow_up == "lock":
        share = uniform(key, Process.ENTRY, persons.patient)
        room = minute_of(settings.data_lock) + DAY - 1 - minute_of(settings.first_entry)
        return np.asarray(room - (share * settings.entry_days * DAY).astype(np.int64))
    days = follow_up_days(settings, persons)
    return np.asarray(((np.minimum(planned, settings.longest_wait_days) + days) * DAY).astype(np.int64))
