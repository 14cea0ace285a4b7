"""Courses of ventilated patients: what is drawn of each, and what follows from it with or without an infusion.

Times are days since ventilation began, continuous, inf where it never happens. Thresholds do not depend on the
settings, so two worlds with one seed hold the same persons.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from onearm.physiology.randomness import Floats, Key, Process, exponential, normal, uniform
from onearm.physiology.simple.circumstances import death_factor, rate_factor
from onearm.physiology.simple.improvement import base_time, improves, real_time
from onearm.physiology.simple.settings import MultistateSettings

SPELLS = 3  # of ventilation, at most


@dataclass(frozen=True, slots=True, eq=False)
class Persons:
    """What is drawn once of each person; shape (persons,) or (persons, spells).

    Of many trials at once every shape begins with (trials,); `patient` may leave it out when the rows agree.
    """

    key: Key
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
    """What happens to each person; days since ventilation began. Shapes as in `Persons`."""

    spell_start: Floats  # shape (..., persons, spells)
    spell_end: Floats
    died: Floats
    left: Floats  # hospital, alive

    @property
    def extubated(self) -> Floats:
        """First extubation."""
        end = self.first_end
        return np.where(end < self.died, end, np.inf)

    @property
    def first_end(self) -> Floats:
        """End of the first spell, by death too."""
        return np.asarray(self.spell_end[..., 0])


def draw_persons(key: Key, first: int, count: int, *, block: int = 65_536) -> Persons:
    """Persons `first` to `first + count - 1`, `block` at a time."""
    starts = range(first, first + count, block)
    parts = [_draw(key, np.arange(s, min(s + block, first + count), dtype=np.int64)) for s in starts]
    return Persons(key, *(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Persons)[1:]))


def draw_trials(key: Key, patient: NDArray[np.int64], *, measured: bool = True, offered: bool = True) -> Persons:
    """Persons `patient`, shape (persons,) or (trials, persons), of every trial of `key`; one spell, no reintubation.

    Of each trial the same bits as `draw_persons`. What is not needed is not drawn: without `measured` its noise is 0,
    without `offered` treating is never decided.
    """
    severity = normal(key, Process.SEVERITY, patient)
    return Persons(
        key=key,
        patient=patient,
        severity=severity,
        other=normal(key, Process.MEASURED_SEVERITY, patient) if measured else np.zeros(severity.shape),
        death=exponential(key, Process.DEATH, patient),
        extubation=exponential(key, Process.EXTUBATION, patient)[..., None],
        decision=exponential(key, Process.DECISION, patient) if offered else np.full(severity.shape, np.inf),
        leaving=normal(key, Process.LEAVING, patient)[..., None],
        reintubation=np.full((1,), np.inf),
        follow_up=uniform(key, Process.FOLLOW_UP, patient),
    )


def _draw(key: Key, patient: NDArray[np.int64]) -> Persons:
    by_spell, spell = patient[:, None], np.arange(SPELLS)
    return Persons(
        key=key,
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
    wait = persons.decision * settings.wait_days * np.exp(-settings.gamma * persons.severity)
    factor = rate_factor(settings, persons.key, persons.patient)
    if not isinstance(factor, float):
        with np.errstate(divide="ignore"):
            wait = wait / factor
    change = improves(settings, persons.key, persons.patient)
    begins = settings.offer_from_days
    return real_time(np.asarray(begins + wait), begins, change, float(np.exp(settings.improved_gamma)))


def able_until(settings: MultistateSettings, untreated: Courses) -> Floats:
    """When a person can no longer be treated: the first spell has ended, or death is so near that it is seen."""
    return np.minimum(untreated.first_end, moribund(settings, untreated))


def moribund(settings: MultistateSettings, untreated: Courses) -> Floats:
    """When a person who dies in the first spell is seen to be dying; inf for everybody else."""
    dies = untreated.died == untreated.first_end
    return np.where(dies, untreated.died - settings.moribund_days, np.inf)


def effect_begins(settings: MultistateSettings, persons: Persons, infused: Floats) -> Floats:
    """When the death hazard changes; inf for whom it never does."""
    if settings.effect_in != "all":
        severe = persons.severity > 0
        infused = np.where(severe == (settings.effect_in == "severe"), infused, np.inf)
    return infused + settings.effect_delay_days


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
    turn = effect_begins(settings, persons, infused)
    death_rate = settings.death_per_day * np.exp(settings.death_slope * persons.severity)
    death_rate = death_rate * death_factor(settings, persons.key, persons.patient)
    change = improves(settings, persons.key, persons.patient)
    off_rate = settings.extubation_per_day * np.exp(settings.extubation_slope * persons.severity)
    shape, spells = persons.severity.shape, persons.extubation.shape[-1]
    spell_start, spell_end = np.full((2, *shape, spells), np.inf)
    died, left = np.full((2, *shape), np.inf)
    start, threshold = np.zeros(shape), persons.death.copy()
    there = np.ones(shape, dtype=np.bool_)
    for spell in range(spells):
        off = start + persons.extubation[..., spell] / off_rate
        off = real_time(off, start, change, settings.improved_extubation_ratio)
        till, since = (base_time(t, start, change, settings.improved_death_ratio) for t in (off, turn))
        death = _death(threshold, death_rate, settings.death_ratio, start, since)
        death = real_time(death, start, change, settings.improved_death_ratio)
        threshold = threshold - _spent(death_rate, settings.death_ratio, start, till, since)
        spell_start[there, spell] = start[there]
        spell_end[there, spell] = np.minimum(off, death)[there]
        dies = there & (death < off)
        died[dies] = death[dies]
        there &= ~dies
        home = off + settings.leaving_median_days * np.exp(settings.leaving_log_sd * persons.leaving[..., spell])
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
    if settings.reintubation_per_day == 0 or spell == persons.extubation.shape[-1] - 1:
        return np.full_like(off, np.inf)
    return np.asarray(off + persons.reintubation[..., spell] / settings.reintubation_per_day)
