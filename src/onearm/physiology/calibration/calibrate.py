"""Calibration of the disease: virtual cohorts that are counted as the published ones were, over a prior.

Each row of the table is a draw from the prior and the targets as four virtual cohorts of the published sizes show them:
the control arm of a trial over 20 hospitals, 24 patients with P/F on two days, two cohorts of one hospital each, and
100 patients with and without a corticosteroid. No cells are given. `approximate_posterior` makes posteriors of it.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from onearm.physiology.calibration.targets import TARGETS
from onearm.physiology.host.parameters import Distribution, ParameterSet, default_parameters
from onearm.physiology.host.patient import Courses, Schedule, draw_patients, simulate_patients
from onearm.physiology.purpose import Purpose, require_purpose
from onearm.physiology.randomness import Floats, Key, Process, normal, uniform

HOSPITAL_EFFECT = "site_death"


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A parameter that is calibrated: its prior is uniform between two limits, of the logarithm if `log`."""

    symbol: str
    low: float
    high: float
    log: bool = False

    def of(self, share: Floats) -> Floats:
        """Value at a share of the prior, shape as `share`."""
        if self.log:
            return np.asarray(self.low * (self.high / self.low) ** share)
        return np.asarray(self.low + (self.high - self.low) * share)


CALIBRATED = (
    Calibrated("P_0", 0.5, 1.2, log=True),
    Calibrated("tempo", 0.15, 0.6, log=True),
    Calibrated("D50", 0.5, 2.5, log=True),
    Calibrated("b0", -2.5, 0.2),
    Calibrated("h0", -8.5, -4.2),
    Calibrated("w_s", 0.0, 1.0),
    Calibrated(HOSPITAL_EFFECT, 0.05, 1.5),
)


@dataclass(frozen=True, slots=True)
class _Group:
    patients: int
    hospitals: int
    steroid: bool  # given to everybody for ten days from day 0: after June 2020


# trial, P/F, cohort of 24, cohort of 53, steroid trial; in the order in which who comes to ventilation enters. The last
# is drawn with and without: 100 pairs tell the ratio of deaths about as well as the 1,007 of the trial did.
_GROUPS = (
    _Group(110, 20, True),
    _Group(24, 10, True),
    _Group(24, 1, False),
    _Group(53, 1, False),
    _Group(100, 20, False),
)
_PAIRED = 4
_SPARE = 1.35  # who dies or is extubated on day 0, or has no second P/F
_ASKED = 1600
_ENROLLED_DAY = 1.0  # of ventilation: clock of the two trials
_READ_NOISE = 0.25  # SD of the log of a P/F as read
_STEROID_DAYS = 10.0
_RTOL = 1e-5
_DAYS = (0.0, _ENROLLED_DAY, _ENROLLED_DAY + 7, 28.0, _ENROLLED_DAY + 30)


def prior_shares(seed: int, rows: NDArray[np.int64]) -> Floats:
    """Place of each row in the prior of each parameter, uniform on (0, 1), shape (rows, len(CALIBRATED))."""
    return uniform(Key(seed, 0), Process.CALIBRATION, rows[:, None], draw=np.arange(len(CALIBRATED)))


def parameters_at(shares: Floats, parameters: ParameterSet | None = None) -> ParameterSet:
    """The registry with calibrated values at these shares of the prior, shape (len(CALIBRATED),)."""
    known = parameters or default_parameters()
    told = {c.symbol: float(c.of(s)) for c, s in zip(CALIBRATED, np.asarray(shares), strict=True)}
    spread = told.pop(HOSPITAL_EFFECT)
    changed = known.with_values(**told)
    return ParameterSet(
        tuple(
            replace(r, distribution=Distribution.NORMAL, spread=spread) if r.symbol == HOSPITAL_EFFECT else r
            for r in changed.records
        )
    )


def counted_rows(seed: int, rows: NDArray[np.int64], shares: Floats, *, purpose: Purpose) -> Floats:
    """The targets as virtual cohorts at `shares` show them, shape (rows, targets), in the order of `TARGETS`.

    nan where fewer than a quarter of the persons come to ventilation: there the prior ends. Raises TypeError without a
    Purpose.
    """
    require_purpose(purpose)
    return np.array([_counted(Key(seed, int(row) + 1), s, purpose) for row, s in zip(rows, shares, strict=True)])


def _counted(key: Key, shares: Floats, purpose: Purpose) -> Floats:
    parameters = parameters_at(shares)
    draws = draw_patients(parameters, key, np.arange(_ASKED), purpose=purpose)
    comes = simulate_patients(draws, purpose=purpose, days=(0.0,), rtol=_RTOL, failed_share=0.05)
    sizes = [g.patients if place == _PAIRED else int(np.ceil(g.patients * _SPARE)) for place, g in enumerate(_GROUPS)]
    ventilated = np.flatnonzero(np.isfinite(comes.ventilation_changes[:, 0]))[: sum(sizes)]
    if ventilated.size < sum(sizes):
        return np.full(len(TARGETS), np.nan)
    group = np.repeat(np.arange(len(_GROUPS)), sizes)
    courses = _followed(parameters, key, ventilated, group, purpose)
    end = np.fmin(courses.ventilation_changes[:, 1], courses.death_day)
    end = np.where(np.isnan(end), np.inf, end)
    dead = np.where(np.isnan(courses.death_day), np.inf, courses.death_day)
    enrolled = end > _ENROLLED_DAY
    told = [_share(dead[(group == 0) & enrolled], _ENROLLED_DAY + 30, _GROUPS[0].patients)]
    told += _lung_change(key, courses, (group == 1) & enrolled)
    for place in (2, 3):
        count = _GROUPS[place].patients
        told.append(_share(dead[group == place], 28.0, count))
        told.append(float(np.minimum(end[group == place][:count], 28.0).mean()))
    told.append(_steroid_ratio(parameters, key, ventilated[group == _PAIRED], dead[group == _PAIRED], purpose))
    return np.array(told)


def _steroid_ratio(
    parameters: ParameterSet, key: Key, patients: NDArray[np.int64], dead: Floats, purpose: Purpose
) -> float:
    """Deaths by day 28 with a corticosteroid over deaths of the same patients without."""
    group = np.full(patients.size, _PAIRED)
    given = _followed(parameters, key, patients, group, purpose, steroid=True)
    without = (dead < 28).sum()
    return float((given.death_day < 28).sum() / without) if without else np.nan


def _followed(
    parameters: ParameterSet,
    key: Key,
    patients: NDArray[np.int64],
    group: NDArray[np.int64],
    purpose: Purpose,
    *,
    steroid: bool = False,
) -> Courses:
    """Courses of the ventilated, each with the effect of the hospital; `steroid` gives it to everybody."""
    draws = draw_patients(parameters, key, patients, purpose=purpose)
    hospitals = np.array([g.hospitals for g in _GROUPS])[group]
    hospital = 100 * group + np.arange(patients.size) % hospitals
    spread = parameters.records[parameters.column(HOSPITAL_EFFECT)].spread
    effect = spread * normal(key, Process.CENTRE, hospital)
    drugs = np.full((patients.size, 4), np.inf)
    treated = np.array([g.steroid for g in _GROUPS])[group] | steroid
    drugs[treated, 0], drugs[treated, 1] = 0.0, _STEROID_DAYS
    return simulate_patients(
        draws.with_values(h0=draws.of("h0") + effect),
        Schedule(np.zeros((patients.size, 0, 4)), drugs),
        purpose=purpose,
        days=_DAYS,
        rtol=_RTOL,
        failed_share=0.05,
    )


def _share(dead: Floats, by: float, count: int) -> float:
    """Share dead by a day of the first `count`."""
    return float((dead[:count] < by).mean())


def _lung_change(key: Key, courses: Courses, enrolled: NDArray[np.bool_]) -> list[float]:
    """Quartiles of the change of P/F in the 7 days from enrolment, of whoever has both values."""
    patient = courses.draws.patients[:, None]
    read = courses.marker("pf")[:, 1:3] * np.exp(_READ_NOISE * normal(key, Process.HOST_ASSAY, patient, day=[1, 8]))
    change = (read[:, 1] - read[:, 0])[enrolled]
    known = change[np.isfinite(change)][: _GROUPS[1].patients]
    return [float(x) for x in np.percentile(known, [25, 50, 75])] if known.size else [np.nan] * 3
