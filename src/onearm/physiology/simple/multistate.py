"""The simple multistate generator (design, evidence 6.1 a): constant hazards that follow a severity drawn once.

    severity     U ~ N(0,1); measured W = sqrt(rho) U + sqrt(1 - rho) e
    death        a exp(.8 U) per ventilated day, times `death_ratio` from the infusion on
    extubation   b exp(-.5 U) per ventilated day
    infusion     decision ~ Exp(exp(gamma U) / wait_days), a fixed lag after it, while the first spell lasts
    follow-up    to a data lock, or normal from the infusion

Off unless asked for: hospitals that differ, an earlier era, a corticosteroid that works (`circumstances`), a change of
state on the way (`improvement`), nobody treated who is seen to be dying, an effect that begins late or concerns some.

Time is continuous and recorded to the minute, so an event at t days falls on day floor(t) of the clock. Everything has
a formula, so bias can be computed; it tests methods and predicts no patient. It shares random numbers with the virtual
hospital, and neither course nor hazards.
"""

import polars as pl

from onearm.physiology.purpose import Purpose
from onearm.physiology.randomness import Floats, Key
from onearm.physiology.simple.admission import admit
from onearm.physiology.simple.courses import Courses, draw_persons
from onearm.physiology.simple.settings import BASELINES, MultistateSettings
from onearm.physiology.tables.dose_tables import dose_tables
from onearm.physiology.tables.lot_tables import product_tables
from onearm.physiology.tables.marker_tables import measurement_table
from onearm.physiology.tables.ward import Ward
from onearm.physiology.tables.ward_tables import (
    decision_table,
    episode_table,
    outcome_table,
    source_table,
    subject_table,
)
from onearm.physiology.truth import TRUTH_PEOPLE, Truth, whole_days
from onearm.records import Provenance, Records

__all__ = ["BASELINES", "MultistateSettings", "draw_multistate"]

GENERATOR = "multistate/1"


def draw_multistate(
    settings: MultistateSettings, *, seed: int, trial: int = 0, purpose: Purpose, block: int = 65_536
) -> tuple[Records, Truth]:
    """One virtual trial: the records as known at the lock, and what only the simulator knows.

    The same settings, seed and trial give the same bytes; `block` (persons drawn at a time) changes nothing.
    """
    purpose = Purpose(purpose)
    key = Key(seed, trial)
    persons = draw_persons(key, settings.first_patient, settings.patients, block=block)
    ward, infused, actual, untreated = admit(key, settings, persons)
    people = _people(ward, persons.severity, infused, actual, untreated)
    truth = Truth(purpose, GENERATOR, settings.sha256(), seed, trial, settings.death_ratio, people)
    return Records.of(_tables(ward, purpose), provenance=Provenance.VIRTUAL), truth


def _tables(ward: Ward, purpose: Purpose) -> dict[str, pl.DataFrame]:
    measured = measurement_table(ward)
    return {
        **product_tables(ward),
        "sources": source_table(ward, purpose),
        "subjects": subject_table(ward),
        "treatment_decisions": decision_table(ward),
        **dose_tables(ward),
        **({} if measured is None else {"measurements": measured}),
        "episodes": episode_table(ward),
        "outcomes": outcome_table(ward),
    }


def _people(ward: Ward, severity: Floats, infused: Floats, actual: Courses, untreated: Courses) -> pl.DataFrame:
    days = {
        "infused_day": infused,
        "death_day": actual.died,
        "extubation_day": actual.extubated,
        "leaving_day": actual.left,
        "untreated_death_day": untreated.died,
        "untreated_extubation_day": untreated.extubated,
        "untreated_leaving_day": untreated.left,
    }
    columns = {name: whole_days(values) for name, values in days.items()}
    known = {"subject_id": ward.subject_id, "severity": severity, "measured": ward.measured}
    return pl.DataFrame(known | columns, schema=TRUTH_PEOPLE)
