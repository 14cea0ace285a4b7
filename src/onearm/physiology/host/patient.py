"""Patients: draws of parameters and thresholds, a schedule and an effect in; courses of illness with known truth out.

Everything random is keyed by seed, trial, patient and process. A treated patient and the untreated twin have the same
draws and thresholds, and so differ by the treatment only.
"""

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.physiology.host.parameters import ParameterSet
from onearm.physiology.purpose import Efficacy, Purpose, require_context, require_purpose
from onearm.physiology.randomness import Key, Process, exponential, uniform

Floats = NDArray[np.float64]

RTOL = 3e-8
DAYS = tuple(range(29))

#: marker -> column of the model and factor to its unit: ng/L, mg/L, ug/L, U/L, ug/L FEU, cells/uL, mmHg
MARKERS = MappingProxyType(
    {
        "il6": ("L", 1.0),
        "crp": ("CRP", 1.0),
        "ferritin": ("F", 1.0),
        "ldh": ("LDH", 1.0),
        "d_dimer": ("DD", 1.0),
        "t_cd3": ("T", 1000.0),
        "pf": ("PF", 1.0),
    }
)
CAUSES = ("", "lung", "other")
FREE_OF_DAYS = 28


class CoursesFailed(RuntimeError):
    """More courses than allowed could not be integrated; names the patients."""


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Patients as drawn."""

    parameters: ParameterSet
    key: Key
    patients: NDArray[np.int64]  # numbers, shape (patients,)
    values: Floats  # shape (patients, parameters)

    def of(self, symbol: str) -> Floats:
        """Values of one parameter, shape (patients,)."""
        return self.values[:, self.parameters.column(symbol)]

    def with_values(self, **values: ArrayLike) -> "Draws":
        """The same patients with other values of the named parameters; limits are not checked."""
        changed = self.values.copy()
        for symbol, value in values.items():
            changed[:, self.parameters.column(symbol)] = value
        return Draws(self.parameters, self.key, self.patients, changed)


def draw_patients(parameters: ParameterSet, key: Key, patients: ArrayLike, *, purpose: Purpose) -> Draws:
    """Draw the parameters of patients by number. Raises TypeError without a Purpose."""
    require_purpose(purpose)
    numbers = np.asarray(patients, dtype=np.int64).reshape(-1)
    return Draws(parameters, key, numbers, parameters.draw(key, numbers))


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """What each patient is given, in days from day 0 of the courses; inf is never.

    `doses`: rows (start day, length in days, 1e6 viable cells per kg, potency), shape (patients, doses, 4); a row of 0
    cells is no dose. `drugs`: steroid from, until, tocilizumab from, until, shape (patients, 4).
    Raises ValueError for a negative or missing number, OutsideContextOfUse beyond the limits of `purpose`.
    """

    doses: Floats
    drugs: Floats
    route: str = "intravenous"
    cell_source: str = "adipose"

    def __post_init__(self) -> None:
        if self.doses.ndim != 3 or self.doses.shape[2] != 4 or self.drugs.shape != (self.doses.shape[0], 4):
            raise ValueError(
                f"doses {self.doses.shape} and drugs {self.drugs.shape}: give (patients, doses, 4) and (patients, 4)"
            )
        if not (np.isfinite(self.doses[..., 1:]) & (self.doses[..., 1:] >= 0)).all():
            raise ValueError("length, cells and potency of a dose must be finite and not negative")
        if not (self.doses[..., 0] >= 0).all() or np.isnan(self.drugs).any():
            raise ValueError("days of doses must not be negative and no day missing; use inf for never")
        require_context(self.doses[..., 2], self.route, self.cell_source)


def no_treatment(patients: int) -> Schedule:
    """Nothing is given to so many patients."""
    return Schedule(np.zeros((patients, 0, 4)), np.full((patients, 4), np.inf))


def same_doses(
    patients: int, days: ArrayLike, *, m_per_kg: ArrayLike = 1.0, minutes: ArrayLike = 30.0, potency: ArrayLike = 1.0
) -> Schedule:
    """Doses on the same `days` in so many patients; the others broadcast to (patients, doses)."""
    shape = (patients, np.size(days))
    parts = (days, np.asarray(minutes) / 1440, m_per_kg, potency)
    doses = np.stack([np.broadcast_to(np.asarray(p, dtype=np.float64), shape) for p in parts], axis=-1)
    return Schedule(doses, np.full((patients, 4), np.inf))


@dataclass(frozen=True, slots=True, eq=False)
class Courses:
    """Courses of virtual patients: the truth, for methods and never as evidence. Days from day 0; nan is never."""

    purpose: Purpose
    draws: Draws
    schedule: Schedule
    efficacy: Efficacy | None  # None: the cells do nothing
    days: Floats  # of output, shape (days,)
    daily: Floats  # shape (patients, days, columns of `integrate`); nan after death and without ventilation
    onset_to_ventilation_days: Floats  # shape (patients,)
    ventilation_changes: Floats  # days it begins, ends, begins ... shape (patients, 6)
    death_day: Floats  # shape (patients,)
    death_cause: NDArray[np.int8]  # place in CAUSES, shape (patients,)
    discharge_day: Floats  # shape (patients,)
    steps: NDArray[np.int64]  # tried, shape (patients,)
    failed: NDArray[np.bool_]  # shape (patients,)

    def of(self, column: str) -> Floats:
        """One column of the model, shape (patients, days). Raises ValueError for an unknown one."""
        from onearm.physiology.host.integrate import COLUMNS

        return self.daily[:, :, COLUMNS.index(column)]

    def marker(self, name: str) -> Floats:
        """True value of a marker in its unit (MARKERS, or b_cd19 in cells/uL), shape (patients, days)."""
        if name == "b_cd19":
            return self.marker("t_cd3") * self.draws.of("rho_B")[:, None]
        column, factor = MARKERS[name]
        return self.of(column) * factor


def simulate_patients(
    draws: Draws,
    schedule: Schedule | None = None,
    efficacy: Efficacy | None = None,
    *,
    purpose: Purpose,
    days: ArrayLike = DAYS,
    from_onset: bool = False,
    longest_wait_days: float = 60.0,
    rtol: float = RTOL,
    threads: int = 1,
    chunk: int = 256,
    failed_share: float = 0.0,
) -> Courses:
    """Courses of drawn patients under a schedule; nothing is given and nothing works unless it is said.

    Day 0 is the first ventilation, or onset with `from_onset`. Raises TypeError without a Purpose, ValueError for
    schedule or days that do not fit, CoursesFailed when a larger share than `failed_share` failed.
    """
    from onearm.physiology.host.integrate import FAILED, STATUS, Clock, Plan, integrate

    require_purpose(purpose)
    given = no_treatment(draws.patients.size) if schedule is None else schedule
    grid = np.asarray(days, dtype=np.float64).reshape(-1)
    if given.doses.shape[0] != draws.patients.size:
        raise ValueError(f"schedule of {given.doses.shape[0]} patients for {draws.patients.size}; give one row each")
    if grid.size == 0 or grid[0] < 0 or not (np.diff(grid) > 0).all():
        raise ValueError("days must rise from 0 or later; sort them and drop doubles")
    par = draws.with_values(emax=0.0 if efficacy is None else efficacy.emax).values
    plan = Plan(np.ascontiguousarray(given.doses), given.drugs, *thresholds(draws.key, draws.patients))
    daily, events = integrate(par, plan, Clock(grid, from_onset, longest_wait_days, rtol), threads=threads, chunk=chunk)
    failed = events[:, STATUS] == FAILED
    if failed.mean() > failed_share:
        raise CoursesFailed(
            f"{failed.sum()} of {failed.size} courses failed (allowed share {failed_share:g}); "
            f"patients {draws.patients[failed][:10].tolist()}. Look at their parameters or allow a share."
        )
    return _courses(purpose, draws, given, efficacy, grid, daily, events)


def thresholds(key: Key, patients: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Unit exponential thresholds (changes of ventilation, then death), (patients, 6), and a uniform, (patients,)."""
    changes = exponential(key, Process.HOST_CHANGE, patients[:, None], draw=np.arange(5))
    death = exponential(key, Process.HOST_DEATH, patients)
    return np.column_stack((changes, death)), uniform(key, Process.HOST_CAUSE, patients)


def _courses(
    purpose: Purpose,
    draws: Draws,
    given: Schedule,
    efficacy: Efficacy | None,
    days: Floats,
    daily: Floats,
    events: Floats,
) -> Courses:
    from onearm.physiology.host.integrate import CAUSE, DEATH, FAILED, ONSET, STATUS, STEPS

    changes, death = events[:, :DEATH], events[:, DEATH]
    return Courses(
        purpose,
        draws,
        given,
        efficacy,
        days,
        daily,
        events[:, ONSET],
        changes,
        death,
        np.nan_to_num(events[:, CAUSE]).astype(np.int8),
        discharge(changes, death, draws.of("stay_out"), days[-1]),
        events[:, STEPS].astype(np.int64),
        events[:, STATUS] == FAILED,
    )


def discharge(changes: Floats, death_day: Floats, stay_out_days: Floats, last_day: float) -> Floats:
    """Day of leaving hospital alive after the final extubation, nan where not by the last day, shape (patients,)."""
    count = np.isfinite(changes).sum(axis=1)
    is_out = (count > 0) & (count % 2 == 0)
    last = changes[np.arange(changes.shape[0]), np.maximum(count - 1, 0)]
    day = np.where(is_out, last + stay_out_days, np.nan)
    stays = np.isnan(death_day) | (death_day > day)
    return np.asarray(np.where(stays & (day <= last_day), day, np.nan), dtype=np.float64)


def ventilator_free_days(courses: Courses) -> Floats:
    """Days of the first 28 off the ventilator and alive; 0 for who dies in them. Shape (patients,)."""
    start, off = courses.ventilation_changes[:, 0::2], courses.ventilation_changes[:, 1::2]
    ends = np.where(np.isfinite(start) & np.isnan(off), np.inf, off)
    on = np.clip(np.minimum(ends, FREE_OF_DAYS) - start, 0, None)
    free = FREE_OF_DAYS - np.nansum(on, axis=1)
    return np.where(courses.death_day <= FREE_OF_DAYS, 0.0, free)
