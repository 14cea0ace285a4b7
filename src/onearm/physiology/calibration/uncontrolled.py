"""Uncontrolled groups: whoever is still ventilated when the cells come, followed for some days, and how it ended.

Entry, follow-up and doses are put in as a small series reports them; the course is the model's.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from onearm.physiology.calibration.calibrate import HOSPITAL_EFFECT
from onearm.physiology.hospital.treating import damage_severity, first_end
from onearm.physiology.host.parameters import Level, ParameterSet
from onearm.physiology.host.patient import Courses, Draws, Schedule, draw_patients, no_treatment, simulate_patients
from onearm.physiology.purpose import Efficacy, Purpose
from onearm.physiology.randomness import Floats, Key, Process, normal, uniform
from onearm.physiology.tables.co_treatment import steroid_days

_OFFERED_DAYS = 45
_FOLLOW_UP = (16.0, 6.7, 3.0, 35.0)  # days from the infusion: mean, SD, least, most
_SECOND_DOSE_DAYS = 3.0
_RTOL = 1e-5


class End(IntEnum):
    """How it stands when the follow-up ends."""

    DEAD = 0
    EXTUBATED = 1
    VENTILATED = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """Who is treated: each ventilated morning at `per_day` exp(gamma severity), infused after the lag if still so."""

    name: str
    gamma: float = 0.0  # negative: the less severe
    lag_days: float = 0.0
    per_day: float = 0.04
    hospitals: int = 4
    steroid_share: float = 0.6  # given a corticosteroid; assumed


def ends(
    parameters: ParameterSet,
    key: Key,
    persons: int,
    entry: Entry,
    *,
    purpose: Purpose,
    efficacy: Efficacy | None = None,
) -> NDArray[np.int64]:
    """`End` of each treated of so many persons, in the order of their numbers; two doses of 1e6/kg, 3 days apart."""
    draws = draw_patients(parameters, key, np.arange(persons), purpose=purpose)
    comes = simulate_patients(draws, purpose=purpose, days=(0.0,), rtol=_RTOL, failed_share=0.05)
    draws = _here(draws, np.isfinite(comes.ventilation_changes[:, 0]), entry)
    if draws.patients.size == 0:
        return np.empty(0, dtype=np.int64)
    untreated = _followed(draws, entry, None, None, purpose)
    infused = _infused(key, untreated, entry)
    treated = np.isfinite(infused)
    courses = untreated
    if efficacy is not None and treated.any():
        courses = _followed(_kept(draws, treated), entry, infused[treated], efficacy, purpose)
        return _end(key, courses, infused[treated])
    return _end(key, courses, infused)[treated]


def _here(draws: Draws, comes: NDArray[np.bool_], entry: Entry) -> Draws:
    """Who comes to ventilation, each with the effect of the hospital."""
    kept = _kept(draws, comes)
    hospital = kept.patients % entry.hospitals
    sites = kept.parameters.draw(kept.key, np.arange(entry.hospitals), level=Level.SITE)
    effect = sites[hospital, kept.parameters.column(HOSPITAL_EFFECT)]
    return kept.with_values(h0=kept.of("h0") + effect)


def _kept(draws: Draws, keep: NDArray[np.bool_]) -> Draws:
    return Draws(draws.parameters, draws.key, draws.patients[keep], draws.values[keep])


def _followed(
    draws: Draws, entry: Entry, infused: Floats | None, efficacy: Efficacy | None, purpose: Purpose
) -> Courses:
    doses, drugs = no_treatment(draws.patients.size).doses, np.full((draws.patients.size, 4), np.inf)
    drugs[:, 0], drugs[:, 1] = steroid_days(draws.key, draws.patients, entry.steroid_share)
    if infused is not None:
        doses = np.ones((infused.size, 2, 4))
        doses[:, :, 0] = infused[:, None] + np.array([0.0, _SECOND_DOSE_DAYS])
        doses[:, :, 1] = 20 / 1440
    days = np.arange(_OFFERED_DAYS + _FOLLOW_UP[3] + 5)
    return simulate_patients(
        draws, Schedule(doses, drugs), efficacy, purpose=purpose, days=days, rtol=_RTOL, failed_share=0.05
    )


def _infused(key: Key, courses: Courses, entry: Entry) -> Floats:
    """Day of the infusion, inf for who is not treated, shape (patients,)."""
    day = np.arange(_OFFERED_DAYS)
    damage = courses.of("D")[:, : day.size]
    severity = np.nan_to_num(damage_severity(damage, courses.draws.of("D50")[:, None]))
    chance = -np.expm1(-entry.per_day * np.exp(entry.gamma * severity))
    yes = uniform(key, Process.SINGLE_ARM, courses.draws.patients[:, None], day=day) < chance
    hour = uniform(key, Process.SINGLE_ARM, courses.draws.patients, draw=1)
    decided = np.where(yes.any(axis=1), yes.argmax(axis=1) + hour, np.inf)
    at = decided + entry.lag_days
    return np.where(at < first_end(courses), at, np.inf)


def _end(key: Key, courses: Courses, infused: Floats) -> NDArray[np.int64]:
    mean, spread, least, most = _FOLLOW_UP
    seen = np.clip(mean + spread * normal(key, Process.SINGLE_ARM, courses.draws.patients, draw=2), least, most)
    at = infused + seen
    off = (courses.ventilation_changes <= at[:, None]).sum(axis=1) % 2 == 0
    return np.where(courses.death_day <= at, End.DEAD, np.where(off, End.EXTUBATED, End.VENTILATED)).astype(np.int64)
