"""Treating: who is decided to be treated and when, who agrees, with which bags, and who is moved away before.

A morning's severity moves both chances: as it was read (P/F), or as it truly was (damage), which no record tells.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onearm.physiology.hospital.host_markers import kept_place, measured_pf
from onearm.physiology.hospital.world import World
from onearm.physiology.host.patient import Courses
from onearm.physiology.randomness import Floats, Key, Process, normal, uniform
from onearm.physiology.tables.orders import LEAST_FOR_TRANSPORT, PACK_MINUTES, VERIFY_MINUTES
from onearm.physiology.tables.supply import NO_BAG, reserve
from onearm.physiology.tables.ward import DAY, Minutes, minute_of, minutes_of

Bools = NDArray[np.bool_]
Whole = NDArray[np.int64]

DECISION_DAYS = 28  # the last morning on which treating is decided or a patient is moved away
DECIDES_MINUTES = 120  # after the morning's sample
_LEAVES_MINUTES = 240  # moved to another hospital, after the sample
_PF_MIDDLE, _PF_SPREAD = 130.0, 0.35  # of the log: severity 0 and one unit of it
_DAMAGE_MIDDLE, _DAMAGE_SPREAD = 0.55, 0.15
_REFUSES = 0  # draw of Process.SCREENING


@dataclass(frozen=True, slots=True, eq=False)
class Mornings:
    """The mornings from day 0 on, shape (patients, days)."""

    at: Minutes  # of the sample
    severity: Floats  # that moves who is treated and who is moved away
    first_pf: Floats  # as read on the first morning, mmHg, nan: dead before; shape (patients,), as the next
    first_read: Floats  # severity by it


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What is planned for each patient, in days since ventilation; inf: never. Doses have shape (patients, doses)."""

    decided: Floats  # before the first spell of ventilation ended
    refused: Bools
    lost: Floats  # moved away while ventilated, whatever the cells do
    bag: Whole  # NO_BAG: none
    planned: Floats  # a dose with a bag
    infused: Floats  # the first dose is given; a later one is given if the patient is still there


def mornings(world: World, key: Key, zero: Minutes, courses: Courses) -> Mornings:
    """Severity on every morning, as the world lets it move decisions."""
    read, at = measured_pf(courses, key, zero, DECISION_DAYS)
    severity = pf_severity(read)
    first = severity[:, 0]
    if world.severity == "hidden":
        damage = np.take_along_axis(courses.of("D"), kept_place(at - zero[:, None], courses), axis=1)
        severity = np.nan_to_num(damage_severity(damage, courses.draws.of("D50")[:, None]))
    return Mornings(at, severity, read[:, 0], first)


def pf_severity(pf: Floats) -> Floats:
    """0 at 130 mmHg and higher when the lung is worse; 0 where nothing was read."""
    return np.asarray(-(np.log(np.where(np.isnan(pf), _PF_MIDDLE, pf)) - np.log(_PF_MIDDLE)) / _PF_SPREAD)


def damage_severity(damage: Floats, half: Floats) -> Floats:
    """The same of the damage itself; `half` is the amount at d = 1/2."""
    return np.asarray((damage / (damage + half) - _DAMAGE_MIDDLE) / _DAMAGE_SPREAD)


def planned(
    world: World, key: Key, zero: Minutes, hospital: Whole, courses: Courses, looked: Mornings, eligible: Bools
) -> Plan:
    """Decisions, bags and times of doses; `courses` are untreated, which is what they are until the first dose."""
    patient = courses.draws.patients
    end = first_end(courses)
    lost = _moved(world, key, patient, zero, looked)
    lost = np.where(lost < end, lost, np.inf)
    end = np.minimum(end, lost)
    decided = np.where(eligible, _decided(world, key, patient, zero, hospital, looked), np.inf)
    decided = np.where(decided < end, decided, np.inf)
    refused = np.isfinite(decided) & (uniform(key, Process.SCREENING, patient, draw=_REFUSES) < world.refuse_share)
    count, after = _doses(world, key, patient)
    first = decided + world.lag_days
    bag = _bags(world, zero, np.where(refused, np.inf, decided), first, end, count)
    wanted = np.where(bag != NO_BAG, first[:, None] + after, np.inf)
    comes = (bag[:, 0] != NO_BAG) & (first < end)
    wanted[:, 1:] = np.where(comes[:, None], wanted[:, 1:], np.inf)
    return Plan(decided, refused, lost, bag, wanted, np.where(comes[:, None], wanted, np.inf))


def first_end(courses: Courses) -> Floats:
    """Days to the end of the first spell of ventilation, by death too; inf when it never ends."""
    ends = np.stack([courses.ventilation_changes[:, 1], courses.death_day])
    return np.asarray(np.where(np.isnan(ends), np.inf, ends).min(axis=0))


def _decided(world: World, key: Key, patient: Whole, zero: Minutes, hospital: Whole, looked: Mornings) -> Floats:
    """Days to the decision to treat were the patient still ventilated, inf when there is none."""
    eager = np.exp(world.site_treat * normal(key, Process.CENTRE, hospital, draw=1))
    chance = -np.expm1(-world.treat_per_day * eager[:, None] * np.exp(world.gamma * looked.severity))
    day = np.arange(looked.at.shape[1])
    yes = uniform(key, Process.HOST_DECISION, patient[:, None], day=day) < chance
    at = looked.at + DECIDES_MINUTES
    offered = (day >= world.offer_from_days) & (at >= minute_of(world.first_entry) + world.product_from_day * DAY)
    return np.asarray(np.where(yes & offered, (at - zero[:, None]) / DAY, np.inf).min(axis=1))


def _moved(world: World, key: Key, patient: Whole, zero: Minutes, looked: Mornings) -> Floats:
    """Days to the transfer were the patient still ventilated, inf when there is none."""
    chance = -np.expm1(-world.transfer_per_day * np.exp(world.transfer_gamma * looked.severity))
    day = np.arange(looked.at.shape[1])
    goes = uniform(key, Process.TRANSFER, patient[:, None], day=day) < chance
    return np.asarray(np.where(goes, (looked.at + _LEAVES_MINUTES - zero[:, None]) / DAY, np.inf).min(axis=1))


def _doses(world: World, key: Key, patient: Whole) -> tuple[Whole, Floats]:
    """How many doses are planned for each, and days after the first, shape (patients, doses)."""
    shares = world.product.dose_shares
    count = 1 + np.searchsorted(np.cumsum(shares)[:-1], uniform(key, Process.DOSES, patient), side="right")
    later = np.arange(1, len(shares))
    jitter = uniform(key, Process.DOSES, patient[:, None], draw=later) - 0.5
    gaps = np.column_stack([np.zeros(patient.size), world.product.dose_gap_days + jitter])
    return count.astype(np.int64), np.cumsum(gaps, axis=1)


def _bags(world: World, zero: Minutes, decided: Floats, first: Floats, end: Floats, count: Whole) -> Whole:
    """Bags of each decision, in the order of the calendar; given back when the patient is not infused."""
    order = np.flatnonzero(np.isfinite(decided))
    bag = np.full((decided.size, len(world.product.dose_shares)), NO_BAG, dtype=np.int64)
    at, freed = minutes_of(zero, decided), minutes_of(zero, end)
    sent = world.product.transport & (minutes_of(zero, first) - at >= VERIFY_MINUTES + LEAST_FOR_TRANSPORT)
    packed = sent & (at + VERIFY_MINUTES + PACK_MINUTES < freed)
    got = reserve(
        at[order],
        freed[order],
        (first < end)[order],
        world.containers,
        needed=count[order],
        most=world.most_treated,
        spent=packed[order],
    )
    bag[order, : got.shape[1]] = got
    return bag
