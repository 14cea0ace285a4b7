"""The virtual hospital: hosts whose hidden state drives markers and outcome, set into hospitals and the calendar.

Who is treated is decided each ventilated morning (`treating`), with bags at hand and a lag; who dies or is extubated
first is not. The treated and their untreated twins share every random number. Tables, bags and calendar are those of
`ward`; course and hazards share nothing with `multistate`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.physiology.hospital.host_markers import STEPS_PER_DAY, host_measurement_table
from onearm.physiology.hospital.hosts import entering, hospital_numbers, hosts
from onearm.physiology.hospital.image_tables import image_read_table
from onearm.physiology.hospital.record_errors import inject
from onearm.physiology.hospital.screening import Screened, check_table, eligible, screened
from onearm.physiology.hospital.treating import (
    DECIDES_MINUTES,
    Mornings,
    Plan,
    first_end,
    mornings,
    pf_severity,
    planned,
)
from onearm.physiology.hospital.visit_tables import visit_table
from onearm.physiology.hospital.world import World
from onearm.physiology.host.parameters import Level
from onearm.physiology.host.patient import (
    FREE_OF_DAYS,
    Courses,
    Draws,
    Schedule,
    simulate_patients,
    ventilator_free_days,
)
from onearm.physiology.purpose import Purpose, require_purpose
from onearm.physiology.randomness import Floats, Key
from onearm.physiology.tables.bag_contents import BagContents, fuller, living_contents
from onearm.physiology.tables.co_treatment import DrugDays, drug_days
from onearm.physiology.tables.dose_tables import dose_tables
from onearm.physiology.tables.lot_tables import BAGS_PER_LOT, product_tables
from onearm.physiology.tables.table_columns import site_ids
from onearm.physiology.tables.ward import (
    DAY,
    INFUSION_MINUTES,
    NEVER,
    Conduct,
    Minutes,
    Ward,
    minute_of,
    minutes_of,
    subject_ids,
)
from onearm.physiology.tables.ward_tables import (
    decision_table,
    deferral_table,
    episode_table,
    fixed_columns,
    outcome_table,
    source_table,
    subject_table,
)
from onearm.physiology.truth import HOST_PEOPLE, InjectedError, Truth, whole_days
from onearm.protocol.study import Protocol
from onearm.records import Provenance, Records

GENERATOR = "hospital/2"
_SCREENS_MINUTES = DECIDES_MINUTES - 30  # after the morning's sample
_COUNTED_HOURS, _IN_VEIN_HOURS = 1 / 3, 5 / 6  # after thawing


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """One virtual trial before anything of it is hidden."""

    ward: Ward
    given: Courses
    untreated: Courses
    infused: Floats  # days, shape (patients, doses)
    tables: Mapping[str, pl.DataFrame]
    errors: tuple[InjectedError, ...]

    @property
    def records(self) -> Records:
        """The tables, checked."""
        return Records.of(self.tables, provenance=Provenance.VIRTUAL)


def draw_hospital(
    world: World,
    *,
    seed: int,
    trial: int = 0,
    purpose: Purpose,
    threads: int = 1,
    protocol: Protocol | None = None,
) -> tuple[Records, Truth]:
    """One virtual trial: the records as known at the lock, and what only the simulator knows.

    With a `protocol` its criteria are checked and decide who may be treated. The same world, seed and trial give the
    same bytes, whatever the threads. Raises TypeError without a Purpose.
    """
    drawn = _drawn(world, Key(seed, trial), purpose, threads, protocol)
    truth = Truth(
        purpose,
        GENERATOR,
        world.sha256,
        seed,
        trial,
        None,
        _people(drawn),
        emax=world.efficacy.emax if world.efficacy else 0.0,
        errors=drawn.errors,
        hosts=_hosts_table(drawn),
    )
    return drawn.records, truth


def draw_records(
    world: World, *, seed: int, trial: int = 0, purpose: str, threads: int = 1, protocol: Protocol | None = None
) -> Records:
    """The records alone, for whoever must not see the truth. Raises ValueError for an unknown purpose."""
    return _drawn(world, Key(seed, trial), Purpose(purpose), threads, protocol).records


@dataclass(frozen=True, slots=True, eq=False)
class DrawnTrial:
    """The records of one virtual trial beside its true courses, for figures; `draw_courses` alone makes it."""

    records: Records
    given: Courses  # as they went
    untreated: Courses  # as they would have gone

    @property
    def purpose(self) -> Purpose:
        """What it was drawn for."""
        return self.given.purpose


def draw_courses(
    world: World,
    *,
    seed: int,
    trial: int = 0,
    purpose: Purpose,
    threads: int = 1,
    protocol: Protocol | None = None,
) -> DrawnTrial:
    """The trial that `draw_hospital` gives for the same arguments, with its true courses in place of the Truth."""
    drawn = _drawn(world, Key(seed, trial), purpose, threads, protocol)
    return DrawnTrial(drawn.records, drawn.given, drawn.untreated)


def _drawn(world: World, key: Key, purpose: Purpose, threads: int, protocol: Protocol | None) -> _Drawn:
    require_purpose(purpose)
    draws, worst = hosts(world, key, purpose, threads)
    hospital, zero = hospital_numbers(world, draws), entering(world, draws)
    drugs = drug_days(world.co_treatment, key, draws.patients, hospital, pf_severity(worst))
    nothing = Schedule(np.zeros((draws.patients.size, 0, 4)), drugs.acting)
    untreated = _simulated(world, draws, nothing, purpose, threads)
    looked = mornings(world, key, zero, untreated)
    people = fixed_columns(key, draws.patients)
    rules = protocol.population.rules if protocol else ()
    answers = screened(rules, people, looked.first_pf, site=site_ids(hospital), entered=zero)
    fits = eligible(answers, draws.patients.size)
    plan = planned(world, key, zero, hospital, untreated, looked, fits)
    contents, potency, alive = _bags(world, key, plan.bag)
    drugs = drugs.with_cells(world.co_treatment, key, draws.patients, plan.infused[:, 0])
    doses = _Doses(contents.true_share * world.m_per_kg, potency)
    given = _given(world, untreated, _schedule(plan.infused, doses, drugs), purpose, threads)
    infused = _still_there(plan, given)
    if (infused != plan.infused).any():
        given = _given(world, untreated, _schedule(infused, doses, drugs), purpose, threads)
    screens = np.maximum(looked.at[:, 0] + _SCREENS_MINUTES, zero)  # not before ventilation
    barred = np.where(fits, NEVER, screens)
    ward = _ward(world, key, zero, hospital, given, plan, infused, looked, drugs, barred, contents, alive)
    tables, errors = inject(_tables(ward, given, looked, answers, screens, purpose), world.errors, key)
    return _Drawn(ward, given, untreated, infused, tables, errors)


@dataclass(frozen=True, slots=True, eq=False)
class _Doses:
    """What enters with each dose, shape (patients, doses)."""

    m_per_kg: Floats
    potency: Floats


def _schedule(infused: Floats, doses: _Doses, drugs: DrugDays) -> Schedule:
    """Doses at `infused` (days, inf: never), shape (patients, doses), and everybody's drugs."""
    gets = np.isfinite(infused)
    length = np.full(infused.shape, INFUSION_MINUTES / DAY)
    told = [np.where(gets, infused, 0), length, np.where(gets, doses.m_per_kg, 0), doses.potency]
    return Schedule(np.stack(told, axis=-1), drugs.acting)


def _given(world: World, untreated: Courses, schedule: Schedule, purpose: Purpose, threads: int) -> Courses:
    """Courses with the doses; where nothing differs from the untreated but cells that do nothing, they are those."""
    same_drugs = np.array_equal(schedule.drugs, untreated.schedule.drugs)
    if world.efficacy is None and same_drugs:
        return replace(untreated, schedule=schedule)
    return _simulated(world, untreated.draws, schedule, purpose, threads)


def _simulated(world: World, draws: Draws, schedule: Schedule, purpose: Purpose, threads: int) -> Courses:
    """Courses to the lock, and to the last day on which anything is measured."""
    horizon = (minute_of(world.data_lock) - minute_of(world.first_entry)) // DAY + 2
    last = max((FREE_OF_DAYS, world.measured_days, *world.measurement.image_days)) + 2
    fine = np.arange(last * STEPS_PER_DAY + 1) / STEPS_PER_DAY
    days = fine if fine[-1] >= horizon else np.append(fine, float(horizon))
    return simulate_patients(draws, schedule, world.efficacy, purpose=purpose, days=days, threads=threads)


def _bags(world: World, key: Key, bag: NDArray[np.int64]) -> tuple[BagContents, Floats, Floats]:
    """Contents and true potency of each bag, shape of `bag`; share alive at release by number of the lot."""
    known = world.parameters
    most = max(int(bag.max(initial=0)), (world.containers or 1) - 1) // BAGS_PER_LOT
    lots = known.draw(key, np.arange(most + 1 + world.product.lots_rejected), level=Level.LOT)
    alive, potency, age = (lots[:, known.column(symbol)] for symbol in ("viability", "q", "k_age"))
    numbers = np.maximum(bag, 0)
    lot = numbers // BAGS_PER_LOT
    left = [alive[lot] * np.exp(-age[lot] * hours) for hours in (_COUNTED_HOURS, _IN_VEIN_HOURS)]
    return living_contents(key, numbers, alive[lot], *left, fuller=fuller(world.m_per_kg)), potency[lot], alive


def _still_there(plan: Plan, given: Courses) -> Floats:
    """Days of the doses that are given: a later one to whoever is still in hospital."""
    gone = np.fmin(np.fmin(given.death_day, given.discharge_day), _lost(plan, given))
    gone = np.where(np.isnan(gone), np.inf, gone)
    infused = plan.infused.copy()
    infused[:, 1:] = np.where(infused[:, 1:] < gone[:, None], infused[:, 1:], np.inf)
    return infused


def _lost(plan: Plan, given: Courses) -> Floats:
    """Days to the transfer; who is off the ventilator by then stays."""
    return np.where(plan.lost < first_end(given), plan.lost, np.inf)


def _ward(
    world: World,
    key: Key,
    zero: Minutes,
    hospital: NDArray[np.int64],
    given: Courses,
    plan: Plan,
    infused: Floats,
    looked: Mornings,
    drugs: DrugDays,
    barred: Minutes,
    contents: BagContents,
    alive: Floats,
) -> Ward:
    """The ward: nothing is known of a patient after a transfer, which a patient off the ventilator does not have."""
    changes, death = given.ventilation_changes, given.death_day[:, None]
    start, off = changes[:, 0::2], changes[:, 1::2]
    spell_end = np.where(np.isfinite(start) & np.isnan(off), death, off)
    lost = _lost(plan, given)

    def seen(days: Floats) -> Minutes:
        limit = lost if days.ndim == 1 else lost[:, None]
        return minutes_of(zero if days.ndim == 1 else zero[:, None], np.where(days < limit, days, np.inf))

    return Ward(
        key=key,
        conduct=_conduct(world),
        patient=given.draws.patients,
        subject_id=subject_ids(hospital, given.draws.patients),
        hospital=hospital,
        measured=looked.first_read,
        zero=zero,
        decided=minutes_of(zero, plan.decided),
        bag=plan.bag,
        planned=minutes_of(zero[:, None], plan.planned),
        infused=seen(infused),
        contents=contents,
        spell_start=seen(start),
        spell_end=seen(spell_end),
        died=seen(given.death_day),
        left=seen(given.discharge_day),
        lost=minutes_of(zero, lost),
        refused=plan.refused,
        drugs=drugs.courses(zero),
        barred=barred,
        lot_viability=alive,
    )


def _conduct(world: World) -> Conduct:
    return Conduct(
        generator="mechanistic host model",
        settings_sha256=world.sha256,
        source_id=world.source_id,
        hospitals=world.hospitals,
        opened=minute_of(world.first_entry),
        lock=minute_of(world.data_lock) + DAY - 1,
        m_per_kg=world.m_per_kg,
        containers=world.containers,
        measured_days=world.measured_days,
        offered=minute_of(world.first_entry) + world.product_from_day * DAY,
        measurement=world.measurement,
        product=world.product,
    )


def _tables(
    ward: Ward, courses: Courses, looked: Mornings, answers: tuple[Screened, ...], screens: Minutes, purpose: Purpose
) -> dict[str, pl.DataFrame]:
    decisions = [deferral_table(ward, looked.at[:, 0] + DECIDES_MINUTES), decision_table(ward)]
    checks = {"eligibility_checks": check_table(ward, answers, screens)} if answers else {}
    return {
        **product_tables(ward),
        "sources": source_table(ward, purpose),
        "subjects": subject_table(ward),
        **checks,
        "treatment_decisions": pl.concat(decisions),
        **dose_tables(ward),
        "measurements": host_measurement_table(ward, courses),
        "visits": visit_table(ward),
        "image_reads": image_read_table(ward, courses),
        "episodes": episode_table(ward),
        "outcomes": outcome_table(ward),
    }


def _people(drawn: _Drawn) -> pl.DataFrame:
    given, untreated = drawn.given, drawn.untreated
    damage = given.of("D")[:, 0]
    lost = np.where(drawn.ward.lost == NEVER, np.inf, (drawn.ward.lost - drawn.ward.zero) / DAY)
    days = {
        "infused_day": drawn.infused[:, 0],
        "lost_day": lost,
        "death_day": given.death_day,
        "extubation_day": given.ventilation_changes[:, 1],
        "leaving_day": given.discharge_day,
        "untreated_death_day": untreated.death_day,
        "untreated_extubation_day": untreated.ventilation_changes[:, 1],
        "untreated_leaving_day": untreated.discharge_day,
    }
    known = {
        "subject_id": drawn.ward.subject_id,
        "severity": damage / (damage + given.draws.of("D50")),
        "measured": drawn.ward.measured,
        "doses": np.isfinite(drawn.infused).sum(axis=1),
        "true_m_per_kg": _entered(drawn),
        "ventilator_free_days": ventilator_free_days(given),
        "untreated_ventilator_free_days": ventilator_free_days(untreated),
    }
    told = known | {name: whole_days(values) for name, values in days.items()}
    return pl.DataFrame({name: told[name] for name in HOST_PEOPLE}, schema=HOST_PEOPLE)


def _entered(drawn: _Drawn) -> Floats:
    """Viable cells that entered, 1e6/kg, all doses together; who dies during an infusion gets no more of it."""
    given = np.isfinite(drawn.infused)
    minutes = (drawn.given.death_day[:, None] - np.where(given, drawn.infused, 0)) * DAY
    run = np.clip(np.where(np.isnan(minutes), np.inf, minutes) / INFUSION_MINUTES, 0, 1)
    return np.asarray((given * run * drawn.given.schedule.doses[:, :, 2]).sum(axis=1))


def _hosts_table(drawn: _Drawn) -> pl.DataFrame:
    """Every parameter of every patient as drawn."""
    draws = drawn.given.draws
    columns = dict(zip(draws.parameters.symbols, draws.values.T, strict=True))
    return pl.DataFrame({"subject_id": drawn.ward.subject_id, **columns})
