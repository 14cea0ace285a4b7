"""The virtual hospital: hosts whose hidden state drives markers and outcome, set into six hospitals and the calendar.

Who is treated is decided each ventilated morning on the P/F that was read (or, as a knob, on the damage nobody sees),
with a bag at hand and a lag; who dies or is extubated first is not. The treated and their untreated twins share every
random number. Tables, bags and calendar are those of `ward`; course and hazards share nothing with `multistate`.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.physiology.dose_tables import dose_tables
from onearm.physiology.host_markers import STEPS_PER_DAY, host_measurement_table, kept_place, measured_pf
from onearm.physiology.lot_tables import BAGS_PER_LOT, product_tables
from onearm.physiology.parameters import Level
from onearm.physiology.patient import Courses, Draws, Schedule, draw_patients, simulate_patients
from onearm.physiology.purpose import Purpose, require_purpose
from onearm.physiology.randomness import Floats, Key, Process, uniform
from onearm.physiology.supply import NO_BAG, reserve
from onearm.physiology.truth import TRUTH_PEOPLE, Truth, whole_days
from onearm.physiology.ward import (
    DAY,
    INFUSION_MINUTES,
    Conduct,
    Minutes,
    Ward,
    minute_of,
    minutes_of,
    subject_ids,
)
from onearm.physiology.ward_tables import (
    ages,
    decision_table,
    episode_table,
    outcome_table,
    source_table,
    steroid_days,
    subject_table,
)
from onearm.physiology.world import World
from onearm.records import Provenance, Records

GENERATOR = "hospital/1"
_ASK = 400  # persons simulated at a time until enough come to ventilation
_PF_MIDDLE, _PF_SPREAD = 130.0, 0.35  # of the log: severity 0 and one unit of it
_DAMAGE_MIDDLE, _DAMAGE_SPREAD = 0.55, 0.15
_DECIDES_MINUTES = 120  # after the morning's sample


def draw_hospital(
    world: World, *, seed: int, trial: int = 0, purpose: Purpose, threads: int = 1
) -> tuple[Records, Truth]:
    """One virtual trial: the records as known at the lock, and what only the simulator knows.

    The same world, seed and trial give the same bytes, whatever the threads. Raises TypeError without a Purpose.
    """
    require_purpose(purpose)
    key = Key(seed, trial)
    draws = _ventilated(world, key, purpose, threads)
    zero = _entry(world, key, draws.patients)
    untreated = _simulated(world, draws, None, purpose, threads)
    decided, severity = _decided(world, key, zero, untreated)
    end = _first_end(untreated)
    planned = decided + world.lag_days
    bag = _bags(world, zero, decided, planned, end)
    infused = np.where((bag != NO_BAG) & (planned < end), planned, np.inf)
    given = _simulated(world, draws, (infused, bag), purpose, threads)
    ward = _ward(world, key, zero, given, (np.where(decided < end, decided, np.inf), severity, bag, infused))
    truth = Truth(
        purpose,
        GENERATOR,
        world.sha256,
        seed,
        trial,
        None,
        _people(ward, given, untreated, infused),
        emax=world.efficacy.emax if world.efficacy else 0.0,
    )
    return Records.of(_tables(ward, given, purpose), provenance=Provenance.VIRTUAL), truth


def draw_records(world: World, *, seed: int, trial: int = 0, purpose: str, threads: int = 1) -> Records:
    """The records alone, for whoever must not see the truth. Raises ValueError for an unknown purpose."""
    return draw_hospital(world, seed=seed, trial=trial, purpose=Purpose(purpose), threads=threads)[0]


def _ventilated(world: World, key: Key, purpose: Purpose, threads: int) -> Draws:
    """The first `patients` persons, by number, who come to ventilation."""
    kept: list[NDArray[np.int64]] = []
    first = 0
    while sum(k.size for k in kept) < world.patients:
        numbers = np.arange(first, first + _ASK, dtype=np.int64)
        draws = _aged(draw_patients(world.parameters, key, numbers, purpose=purpose))
        comes = simulate_patients(draws, purpose=purpose, days=(0.0,), threads=threads)
        kept.append(numbers[np.isfinite(comes.ventilation_changes[:, 0])])
        first += _ASK
        if first > 100 * (world.patients + _ASK):
            raise ValueError(f"fewer than {world.patients} of {first} persons come to ventilation; look at pf_vent")
    numbers = np.concatenate(kept)[: world.patients]
    return _aged(draw_patients(world.parameters, key, numbers, purpose=purpose))


def _aged(draws: Draws) -> Draws:
    """The age of the hazards is that of the records."""
    return draws.with_values(z_age=(ages(draws.key, draws.patients) - 65) / 10)


def _entry(world: World, key: Key, patient: NDArray[np.int64]) -> Minutes:
    """When ventilation begins: evenly over the days of entry."""
    share = uniform(key, Process.ENTRY, patient)
    return np.asarray(minute_of(world.first_entry) + (share * world.entry_days * DAY).astype(np.int64))


def _simulated(
    world: World,
    draws: Draws,
    treated: tuple[Floats, NDArray[np.int64]] | None,
    purpose: Purpose,
    threads: int,
) -> Courses:
    """Courses with everybody's corticosteroid, and the infusions of `treated` (day, bag)."""
    key, patients = draws.key, draws.patients
    doses = np.zeros((patients.size, 1, 4))
    if treated is not None:
        infused, bag = treated
        gets = np.isfinite(infused)
        lots = world.parameters.draw(key, np.maximum(bag, 0) // BAGS_PER_LOT, level=Level.LOT)
        doses[gets, 0, 0] = infused[gets]
        doses[:, 0, 1] = INFUSION_MINUTES / DAY
        doses[gets, 0, 2] = world.m_per_kg
        doses[:, 0, 3] = lots[:, world.parameters.column("q")]
    drugs = np.full((patients.size, 4), np.inf)
    drugs[:, 0], drugs[:, 1] = steroid_days(key, patients, world.steroid_share)
    horizon = (minute_of(world.data_lock) - minute_of(world.first_entry)) // DAY + 2
    fine = np.arange((world.measured_days + 2) * STEPS_PER_DAY + 1) / STEPS_PER_DAY
    days = fine if fine[-1] >= horizon else np.append(fine, float(horizon))
    return simulate_patients(draws, Schedule(doses, drugs), world.efficacy, purpose=purpose, days=days, threads=threads)


def _first_end(courses: Courses) -> Floats:
    """Days to the end of the first spell of ventilation, by death too; inf when it never ends."""
    ends = np.stack([courses.ventilation_changes[:, 1], courses.death_day])
    return np.asarray(np.where(np.isnan(ends), np.inf, ends).min(axis=0))


def _decided(world: World, key: Key, zero: Minutes, courses: Courses) -> tuple[Floats, Floats]:
    """Days to the decision to treat were the patient still ventilated, inf when none; severity on the first morning."""
    read, at = measured_pf(courses, key, zero, world.measured_days)
    severity = -(np.log(np.where(np.isnan(read), _PF_MIDDLE, read)) - np.log(_PF_MIDDLE)) / _PF_SPREAD
    first = severity[:, 0]
    if world.severity == "hidden":
        damage = np.take_along_axis(courses.of("D"), kept_place(at - zero[:, None], courses), axis=1)
        share = damage / (damage + courses.draws.of("D50")[:, None])
        severity = np.nan_to_num((share - _DAMAGE_MIDDLE) / _DAMAGE_SPREAD)
    chance = -np.expm1(-world.treat_per_day * np.exp(world.gamma * severity))
    day = np.arange(world.measured_days + 1)
    yes = uniform(key, Process.HOST_DECISION, courses.draws.patients[:, None], day=day) < chance
    when = (at + _DECIDES_MINUTES - zero[:, None]) / DAY
    return np.where(yes & (day >= world.offer_from_days), when, np.inf).min(axis=1), first


def _bags(world: World, zero: Minutes, decided: Floats, planned: Floats, end: Floats) -> NDArray[np.int64]:
    """Bag of each decision, in the order of the calendar; given back when the patient is not infused."""
    order = np.flatnonzero(decided < end)
    bag = np.full(decided.size, NO_BAG, dtype=np.int64)
    at, freed = minutes_of(zero, decided), minutes_of(zero, end)
    bag[order] = reserve(at[order], freed[order], (planned < end)[order], world.containers)
    return bag


def _ward(
    world: World,
    key: Key,
    zero: Minutes,
    courses: Courses,
    decided: tuple[Floats, Floats, NDArray[np.int64], Floats],
) -> Ward:
    when, severity, bag, infused = decided
    patient = courses.draws.patients
    hospital = 1 + (uniform(key, Process.SITE, patient) * world.hospitals).astype(np.int64)
    changes, death = courses.ventilation_changes, courses.death_day[:, None]
    start, off = changes[:, 0::2], changes[:, 1::2]
    dies_in = np.isfinite(start) & np.isnan(off)
    spell_end = np.where(dies_in, death, off)
    return Ward(
        key=key,
        conduct=_conduct(world),
        patient=patient,
        subject_id=subject_ids(hospital, patient),
        hospital=hospital,
        measured=severity,
        zero=zero,
        decided=minutes_of(zero, when),
        bag=bag,
        infused=minutes_of(zero, infused),
        spell_start=minutes_of(zero[:, None], start),
        spell_end=minutes_of(zero[:, None], spell_end),
        died=minutes_of(zero, courses.death_day),
        left=minutes_of(zero, courses.discharge_day),
    )


def _conduct(world: World) -> Conduct:
    return Conduct(
        generator="mechanistic host model",
        settings_sha256=world.sha256,
        source_id=world.source_id,
        hospitals=world.hospitals,
        opened=minute_of(world.first_entry),
        lock=minute_of(world.data_lock) + DAY - 1,
        lag_days=world.lag_days,
        containers=world.containers,
        steroid_share=world.steroid_share,
        measured_days=world.measured_days,
    )


def _tables(ward: Ward, courses: Courses, purpose: Purpose) -> dict[str, pl.DataFrame]:
    return {
        **product_tables(ward),
        "sources": source_table(ward, purpose),
        "subjects": subject_table(ward),
        "treatment_decisions": decision_table(ward),
        **dose_tables(ward),
        "measurements": host_measurement_table(ward, courses),
        "episodes": episode_table(ward),
        "outcomes": outcome_table(ward),
    }


def _people(ward: Ward, given: Courses, untreated: Courses, infused: Floats) -> pl.DataFrame:
    damage = given.of("D")[:, 0]
    days = {
        "infused_day": infused,
        "death_day": given.death_day,
        "extubation_day": given.ventilation_changes[:, 1],
        "leaving_day": given.discharge_day,
        "untreated_death_day": untreated.death_day,
        "untreated_extubation_day": untreated.ventilation_changes[:, 1],
        "untreated_leaving_day": untreated.discharge_day,
    }
    known = {
        "subject_id": ward.subject_id,
        "severity": damage / (damage + given.draws.of("D50")),
        "measured": ward.measured,
    }
    return pl.DataFrame(known | {name: whole_days(values) for name, values in days.items()}, schema=TRUTH_PEOPLE)
