"""Courses of ventilated patients: what is drawn of each, and what follows from it with or without an infusion.

Times are days since ventilation began, continuous, inf where it never happens. Thresholds do not depend on the
settings, so two worlds with one seed hold the same persons.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from onearm.physiology.randomness import Floats, Key, Process, exponential, normal, uniform
from onearm.physiology.settings import MultistateSettings

SPELLS = 3  # of ventilation, at most


@dataclass(frozen=True, slots=True, eq=False)
class Persons:
    """What is drawn once of each person; shape (persons,) or (persons, SPELLS)."""

    patient: NDArray[np.int64]
    severity: Floats  # U
    other: Floats  # standard normal, the part of W that is not U
    death: Floats  # unit exponential threshold of the cumulative hazard
    extubation: Floats  # the same, per spell
    decision: Floats  # the same
    leaving: Floats  # standard normal, per spell
    reintubation: Floats  # unit exponential, per spell
    follow_up: Floats  # uniform

    def measured(self, rho: float) -> Floats:
        """W = sqrt(rho) U + sqrt(1 - rho) e."""
        return np.asarray(np.sqrt(rho) * self.severity + np.sqrt(1 - rho) * self.other)


@dataclass(frozen=True, slots=True, eq=False)
class Courses:
    """What happens to each person; days since ventilation began."""

    spell_start: Floats  # shape (persons, SPELLS)
    spell_end: Floats
    died: Floats
    left: Floats  # hospital, alive

    @property
    def extubated(self) -> Floats:
        """First extubation."""
        end = self.spell_end[:, 0]
        return np.where(end < self.died, end, np.inf)


def draw_persons(key: Key, first: int, count: int, *, block: int = 65_536) -> Persons:
    """Persons `first` to `first + count - 1`, `block` at a time."""
    starts = range(first, first + count, block)
    parts = [_draw(key, np.arange(s, min(s + block, first + count), dtype=np.int64)) for s in starts]
    return Persons(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Persons)))


def _draw(key: Key, patient: NDArray[np.int64]) -> Persons:
    by_spell, spell = patient[:, None], np.arange(SPELLS)
    return Persons(
        patient=patient,
        severity=normal(key, Process.SEVERITY, patient),
        other=normal(key, Process.MEASURED_SEVERITY, patient),
        death=exponential(key, Process.DEATH, patient),
        extubation=exponential(key, Process.EXTUBATION, by_spell, draw=spell),
        decision=exponential(key, Process.DECISION, patient),
        leaving=normal(key, Process.LEAVING, by_spell, draw=spell),
        reintubation=exponential(key, Process.REINTUBATION, by_spell, draw=spell),
        follow_up=uniform(key, Process.FOLLOW_UP, patient),
    )


def decided(settings: MultistateSettings, persons: Persons) -> Floats:
    """When treating would be decided, were the patient still ventilated."""
    return np.asarray(persons.decision * settings.wait_days * np.exp(-settings.gamma * persons.severity))


def follow_up_days(settings: MultistateSettings, persons: Persons) -> Floats:
    """Days from the infusion to the end of follow-up: normal, truncated, by inverse CDF."""
    from scipy.special import ndtr, ndtri

    mean, sd = settings.follow_up_mean_days, settings.follow_up_sd_days
    low, high = (ndtr((x - mean) / sd) for x in (settings.follow_up_least_days, settings.follow_up_most_days))
    return np.asarray(mean + sd * ndtri(low + (high - low) * persons.follow_up), dtype=np.float64)


def courses(settings: MultistateSettings, persons: Persons, infused: Floats) -> Courses:
    """Courses when the infusion is given at `infused` (inf: never), which must lie in the first spell.

    A ventilated patient dies when the cumulative hazard crosses the threshold of death; the hazard is multiplied by
    `death_ratio` from the infusion on. Each spell has its own threshold of extubation.
    """
    death_rate = settings.death_per_day * np.exp(settings.death_slope * persons.severity)
    off_rate = settings.extubation_per_day * np.exp(settings.extubation_slope * persons.severity)
    spell_start, spell_end = np.full((2, persons.patient.size, SPELLS), np.inf)
    died, left = np.full((2, persons.patient.size), np.inf)
    start, threshold = np.zeros(persons.patient.size), persons.death.copy()
    there = np.ones(persons.patient.size, dtype=np.bool_)
    for spell in range(SPELLS):
        off = start + persons.extubation[:, spell] / off_rate
        death = _death(threshold, death_rate, settings.death_ratio, start, infused)
        threshold = threshold - _spent(death_rate, settings.death_ratio, start, off, infused)
        spell_start[there, spell] = start[there]
        spell_end[there, spell] = np.minimum(off, death)[there]
        dies = there & (death < off)
        died[dies] = death[dies]
        there &= ~dies
        home = off + settings.leaving_median_days * np.exp(settings.leaving_log_sd * persons.leaving[:, spell])
        back = _back(settings, persons, off, spell)
        left = np.where(there & (home <= back), home, left)
        there &= back < home
        start = np.where(there, back, start)
    return Courses(spell_start, spell_end, died, left)


def _death(threshold: Floats, rate: Floats, ratio: float, start: Floats, infused: Floats) -> Floats:
    """When the hazard since `start` crosses the threshold; a ratio of 1 changes no bit."""
    untreated = start + threshold / rate
    turn = np.where(np.isfinite(infused), np.maximum(infused, start), start)
    treated = untreated + (untreated - turn) * (1 / ratio - 1)
    return np.where(untreated <= infused, untreated, treated)


def _spent(rate: Floats, ratio: float, start: Floats, end: Floats, infused: Floats) -> Floats:
    """Cumulative hazard of death from `start` to `end`."""
    turn = np.clip(infused, start, end)
    return np.asarray(rate * (end - start + (ratio - 1) * (end - turn)))


def _back(settings: MultistateSettings, persons: Persons, off: Floats, spell: int) -> Floats:
    """Reintubation after this spell."""
    if settings.reintubation_per_day == 0 or spell == SPELLS - 1:
        return np.full_like(off, np.inf)
    return np.asarray(off + persons.reintubation[:, spell] / settings.reintubation_per_day)
