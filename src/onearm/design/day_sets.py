"""Risk sets by day in many trials at once (rules: `cohort.risk_sets`), and the exact test over them.

Control j is in the set of i when ventilated at the start of Z_i, followed then, not infused up to and on Z_i, not seen
to be dying, and with room until the lock for as many days as i.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onearm.design.trials import HORIZON, Batch
from onearm.design.virtual_arm import NEVER_DAY, Days
from onearm.estimators.risk_set_test import chance, poisson_binomial

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
_CELLS = 1 << 19  # trial x treated x person looked at together, so that the work fits the cache


@dataclass(frozen=True, slots=True, eq=False)
class DaySets:
    """Counts of each set; shape (trials, most treated). Where nobody stands every count is 0."""

    there: Bools  # a treated patient with at least one control
    unmatched: Bools  # a treated patient without one
    died: Bools  # the treated, by Z + h, lost ones counted dead
    controls: Ints  # m_i
    control_deaths: Ints

    @property
    def deaths(self) -> Ints:
        """D_i, the treated counted."""
        return self.control_deaths + self.died

    @property
    def t(self) -> Ints:
        """Deaths among the matched treated, shape (trials,)."""
        return np.asarray((self.died & self.there).sum(axis=1))

    @property
    def n(self) -> Ints:
        """Matched treated, shape (trials,)."""
        return np.asarray(self.there.sum(axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class DayTest:
    """The exact test of each trial, shape (trials,); nan where nobody is matched."""

    p: Floats  # P(T <= t)
    mid_p: Floats
    p_harm: Floats  # P(T >= t)
    expected: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Sought:
    """What decides who is in a set: of the treated (trials, treated), of everybody (trials, persons)."""

    start: Days
    last: Days
    able: Days  # last day on which a person can be a control
    potential: Days
    death: Days

    def parts(self) -> Iterator[tuple[slice, Bools]]:
        """Some trials at a time: who is in each set, shape (trials, treated, persons)."""
        trials, treated = self.start.shape
        step = max(1, _CELLS // max(1, treated * self.able.shape[1]))
        for low in range(0, trials, step):
            part = slice(low, low + step)
            fits = self.able[part, None, :] >= self.start[part, :, None]
            fits &= self.potential[part, None, :] >= self.last[part, :, None]
            yield part, fits


def day_sets(
    batch: Batch,
    *,
    caliper_sd: float | None = None,
    never_treated_only: bool = False,
    dying_are_controls: bool = False,
    lone_source: bool = False,
) -> DaySets:
    """Sets of every trial; with `caliper_sd` only controls whose W is that near, in SD of W over control person-days,
    and in the same state, improved or not, at the start of Z.

    `never_treated_only`, `dying_are_controls` and `lone_source` are wrong forms, made to show what they do. The last
    takes controls from own records that hold the treated and nobody else: whoever is treated later is known to live
    until then, and a set with them leans against the treatment.
    """
    start, end, potential = (batch.of_treated(v) for v in (batch.start, batch.end, batch.potential))
    event = batch.of_treated(batch.event)
    there = batch.has_treated
    last = (start + np.minimum(HORIZON, potential - start)).astype(np.int16)
    able = np.minimum(np.minimum(batch.spell, batch.end), batch.start - np.int16(1))
    if not dying_are_controls:
        able = np.minimum(able, batch.moribund)
    if never_treated_only:
        able = np.where(batch.start < NEVER_DAY, np.int16(-1), able)
    if not lone_source and batch.own < batch.start.shape[1]:
        able[:, : batch.own] = -1
    death = np.where(batch.event == 1, batch.end, np.int16(NEVER_DAY))
    sought = _Sought(np.where(there, start, np.int16(NEVER_DAY)), last, able, batch.potential, death)
    controls, deaths = _counted(sought, batch, caliper_sd)
    died = there & (((event == 1) & (end <= last)) | ((event == 0) & (end < last)))
    return DaySets(there & (controls > 0), there & (controls == 0), died, controls, deaths)


def _counted(sought: _Sought, batch: Batch, caliper_sd: float | None) -> tuple[Ints, Ints]:
    """Controls and their deaths of each set, shape (trials, treated)."""
    controls, deaths = np.zeros((2, *sought.start.shape), dtype=np.int64)
    for part, fits in sought.parts():
        if caliper_sd is not None:
            theirs = batch.measured[part].astype(np.float32)
            own = batch.of_treated(batch.measured)[part].astype(np.float32)
            width = caliper_sd * _sd(fits, theirs, sought.start[part])
            fits &= np.abs(theirs[:, None, :] - own[:, :, None]) <= width[:, None, None]
            fits &= _same_state(batch, part)
        controls[part] = _sum(fits)
        deaths[part] = _sum(fits & (sought.death[part, None, :] <= sought.last[part, :, None]))
    return controls, deaths


def _same_state(batch: Batch, part: slice) -> Bools | bool:
    """Whether control and treated have both improved, or both not, by the start of Z; True where nobody improves."""
    if (batch.improved == NEVER_DAY).all():
        return True
    z = batch.of_treated(batch.start)[part, :, None]
    own = batch.of_treated(batch.improved)[part, :, None]
    return np.asarray((batch.improved[part, None, :] < z) == (own < z))


def _sd(fits: Bools, measured: NDArray[np.float32], start: Days) -> NDArray[np.float32]:
    """Sample SD of W over the distinct person-days (j, Z) of the controls, shape (trials,); 0 with fewer than two."""
    again = (start[:, :, None] == start[:, None, :]) & np.tri(start.shape[1], k=-1, dtype=np.bool_)
    days = (fits & ~again.any(axis=2)[:, :, None]).sum(axis=1).astype(np.float64)  # control days of each person
    n = np.maximum(days.sum(axis=1), 2)
    mean = (days * measured).sum(axis=1) / n
    square = (days * (measured - mean[:, None]) ** 2).sum(axis=1)
    return np.asarray(np.sqrt(square / (n - 1)), dtype=np.float32)


def _sum(holds: Bools) -> Ints:
    """How many of the last axis hold."""
    return np.asarray(holds.sum(axis=-1, dtype=np.int16), dtype=np.int64)


def day_test(sets: DaySets, *, gamma: float = 1.0) -> DayTest:
    """The exact test of every trial; `gamma`: worst case at that hidden bias (for harm in `p_harm`)."""
    mass = _mass(sets, gamma)
    low, point, _ = _at(mass, sets.t)
    harm = mass if gamma == 1 else _mass(sets, 1 / gamma)
    _, level, high = _at(harm, sets.t)
    pi = np.where(sets.there, chance(sets.deaths, sets.controls, gamma), 0.0)
    known = sets.n > 0
    values = (np.minimum(low + point, 1.0), low + point / 2, np.minimum(high + level, 1.0), pi.sum(axis=1))
    return DayTest(*(np.where(known, v, np.nan) for v in values))


def randomised_p(sets: DaySets, at: Floats) -> Floats:
    """P(T < t) + u P(T = t) with u = `at`, shape (trials,): uniform when the chances are true."""
    low, point, _ = _at(_mass(sets, 1.0), sets.t)
    return np.asarray(np.where(sets.n > 0, low + at * point, np.nan))


def _mass(sets: DaySets, gamma: float) -> Floats:
    """Masses of the number of deaths; who is unmatched counts nothing."""
    return poisson_binomial(np.where(sets.there, chance(sets.deaths, sets.controls, gamma), 0.0))


def _at(mass: Floats, t: Ints) -> tuple[Floats, Floats, Floats]:
    """P(T < t), P(T = t), P(T > t)."""
    k = np.arange(mass.shape[1])
    at = t[:, None]
    return (mass * (k < at)).sum(axis=1), mass[np.arange(len(t)), t], (mass * (k > at)).sum(axis=1)
