"""Prognostic score: the chance of death within h days of a patient still ventilated on day Z, were nothing given.

Daily hazards of death and of coming off the ventilator, multinomial logistic in the covariates as known that morning,
log(day + 1) and its square, fitted on untreated days only (Hansen, Biometrika 2008;95:481: a score that never sees an
outcome under treatment). Days off the ventilator in hospital have constant hazards, pooled. The two are chained over
Z..Z+h with the covariates of day Z.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from onearm.cohort.analysis_set import AnalysisSet
from onearm.estimators.multinomial_fit import MultinomialFit, deviance, fit_multinomial
from onearm.estimators.untreated_days import UntreatedDays, untreated_days
from onearm.results.status import Status

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RIDGES = tuple(float(r) for r in np.logspace(-3, 3, 13))
FOLDS = 5
FEWEST_PERSONS, FEWEST_DEATHS = 50, 10
MOST_PERSONS = 20_000  # more tell the score nothing that 10 treated could use; a fixed draw of them is fitted
DEATHS_PER_DEGREE = 10
UNPENALISED = 3  # intercept, log(day + 1), its square
ASSUMPTIONS = (
    "the covariates hold what decides death",
    "a covariate not known that day is at its mean",
    "covariates of the index day foretell the days after it",
)
METHOD = "multinomial logistic hazards of untreated days, ridge by five folds, chained over Z..Z+h"


@dataclass(frozen=True, slots=True, eq=False)
class FittedDays:
    """Untreated days as a design, in order of person: what a refit or a bootstrap needs."""

    design: Floats  # (rows, 3 + covariates), standardised
    outcome: Floats  # (rows, outcomes) of 0 and 1: death, then coming off where anybody did
    person: Ints  # row of `people`
    lowest: Floats  # of each covariate over the rows, in its own unit
    highest: Floats


@dataclass(frozen=True, slots=True)
class Prognosis:
    """The fitted score. `risk` is its use; None coefficients when it was refused."""

    covariates: tuple[str, ...] = ()
    mean: tuple[float, ...] = ()  # over untreated days, of the known values
    sd: tuple[float, ...] = ()  # 0: constant, of no use
    coefficients: tuple[tuple[float, ...], ...] = ()  # per outcome: intercept, log(day+1), its square, covariates
    ridge: float | None = None
    degrees: float | None = None  # effective, of the covariates in the equation of death
    off_hazards: tuple[float, float, float] = (0.0, 0.0, 0.0)  # per day off the ventilator: death, home, back
    straight_home: float = 0.0  # share of those who come off and leave hospital the same day
    last_day: int = 0  # days beyond it are read as this one
    persons: int = 0
    deaths: int = 0
    person_days: int = 0
    method: str = METHOD
    assumptions: tuple[str, ...] = ASSUMPTIONS
    status: Status = Status.OK
    remedy: str = ""

    @property
    def matrix(self) -> Floats:
        """Coefficients, shape (columns, outcomes)."""
        return np.array(self.coefficients, dtype=np.float64).T

    def risk(self, x: NDArray[np.floating], day: Ints, h: Ints) -> Floats:
        """Chance of death on day..day+h of each row; x (rows, covariates) in own units, day and h (rows,)."""
        return chained(self, self.matrix[None], self.standardised(x), day, h).ravel()

    def standardised(self, x: NDArray[np.floating]) -> Floats:
        """(x - mean) / sd, 0 where not known or constant."""
        sd = np.array(self.sd)
        z = (np.asarray(x, dtype=np.float64) - np.array(self.mean)) / np.where(sd > 0, sd, 1.0)
        return np.where(np.isnan(z) | (sd == 0), 0.0, z)


def prognosis(data: AnalysisSet, *, ridge: float | None = None) -> Prognosis:
    """Score fitted on the untreated days of `data`; `ridge` None: chosen by least deviance in five folds."""
    return fitted(data, ridge=ridge)[0]


def fitted(data: AnalysisSet, *, ridge: float | None = None) -> tuple[Prognosis, FittedDays | None]:
    """The score and the days it was fitted on (None when refused)."""
    days = untreated_days(data)
    persons = np.unique(days.person)
    deaths = int(days.died.sum())
    empty = Prognosis(data.covariates, persons=len(persons), deaths=deaths, person_days=len(days.day))
    if data.x is None or not data.covariates:
        remedy = "No covariates: name them in [[confounder]] of study.toml and record them by day."
        return replace(empty, status=Status.REFUSED, remedy=remedy), None
    if len(persons) < FEWEST_PERSONS or deaths < FEWEST_DEATHS:
        remedy = (
            f"{len(persons)} untreated persons with {deaths} deaths: the score needs {FEWEST_PERSONS} and "
            f"{FEWEST_DEATHS}. Add similar cases."
        )
        return replace(empty, status=Status.TOO_FEW, remedy=remedy), None
    if len(persons) > MOST_PERSONS:
        empty = replace(empty, method=f"{METHOD}; fitted on {MOST_PERSONS:,} of {len(persons):,} persons")
    rows = _drawn(data, days.person, persons)
    person, day = days.person[rows], days.day[rows]
    x = data.x[person, day].astype(np.float64)
    mean, sd, lowest, highest = _moments(x)
    told = replace(empty, mean=tuple(mean.tolist()), sd=tuple(sd.tolist()), last_day=int(day.max()))
    design = np.column_stack([_day_terms(day), told.standardised(x)])
    outcome = np.column_stack([days.died, days.off] if days.off.any() else [days.died])[rows].astype(np.float64)
    frame = FittedDays(design, outcome, person, lowest, highest)
    fit, chosen, degrees = _fit(frame, _folds(data, person), ridge)
    if not fit.converged or degrees > deaths / DEATHS_PER_DEGREE:
        remedy = "The hazards cannot be fitted: too many covariates for the deaths. Name fewer confounders."
        return replace(told, status=Status.REFUSED, remedy=remedy), None
    off, home = int(days.off.sum()), days.straight_home
    rate = tuple(n / days.off_days if days.off_days else 0.0 for n in _off_counts(days))
    found = replace(
        told,
        coefficients=tuple(tuple(c) for c in fit.coefficients.T.tolist()),
        ridge=chosen,
        degrees=degrees,
        off_hazards=(rate[0], rate[1], rate[2]),
        straight_home=home / off if off else 0.0,
    )
    return found, frame


def _off_counts(days: UntreatedDays) -> tuple[int, int, int]:
    return days.off_died, days.off_home, days.off_back


def _moments(x: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Mean, SD, lowest and highest of the known values; a covariate nobody knows is constant 0."""
    known = ~np.isnan(x)
    n = np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, x, 0.0)
    mean = filled.sum(axis=0) / n
    sd = np.sqrt((np.where(known, x - mean, 0.0) ** 2).sum(axis=0) / n)
    low = np.where(known, x, np.inf).min(axis=0, initial=np.inf)
    high = np.where(known, x, -np.inf).max(axis=0, initial=-np.inf)
    return mean, np.where(high > low, sd, 0.0), low, high


def _day_terms(day: Ints) -> Floats:
    log_day = np.log1p(np.asarray(day, dtype=np.float64))
    return np.column_stack([np.ones(len(log_day)), log_day, log_day**2])


def _drawn(data: AnalysisSet, person: Ints, persons: Ints) -> NDArray[np.bool_]:
    """Rows of the persons that are fitted: all, or MOST_PERSONS of them, the same whatever the order of rows."""
    if len(persons) <= MOST_PERSONS:
        return np.ones(len(person), dtype=np.bool_)
    names = data.people["person"].gather(persons).to_numpy()
    order = np.random.Generator(np.random.Philox(key=0)).permutation(len(persons))[:MOST_PERSONS]
    kept = np.zeros(data.people.height, dtype=np.bool_)
    kept[persons[np.argsort(names, kind="stable")][order]] = True
    return kept[person]


def _folds(data: AnalysisSet, person: Ints) -> Ints:
    """Fold of each row: rank of the person's id mod 5."""
    names = data.people["person"].to_list()
    there = np.unique(person)
    order = sorted(there.tolist(), key=lambda row: (names[row], row))
    fold = np.zeros(len(names), dtype=np.int64)
    fold[order] = np.arange(len(order)) % FOLDS
    return fold[person]


def _penalty(frame: FittedDays, ridge: float) -> Floats:
    penalty = np.full(frame.design.shape[1], ridge)
    penalty[:UNPENALISED] = 0.0
    return penalty


def _fit(frame: FittedDays, fold: Ints, ridge: float | None) -> tuple[MultinomialFit, float, float]:
    """Fit, ridge and effective degrees: of the ridges whose degrees the deaths carry, the one of least deviance."""
    columns = np.arange(frame.design.shape[1]) >= UNPENALISED
    allowed = frame.outcome[:, 0].sum() / DEATHS_PER_DEGREE
    fits, start = dict[float, MultinomialFit](), None
    for r in (ridge,) if ridge is not None else sorted(RIDGES, reverse=True):
        fits[r] = fit_multinomial(frame.design, frame.outcome, _penalty(frame, r), start)
        start = fits[r].coefficients
    degrees = {r: fit.degrees(columns, 0) for r, fit in fits.items()}
    usable = [r for r in fits if degrees[r] <= allowed] or [max(fits)]
    if len(usable) == 1:
        return fits[usable[0]], usable[0], degrees[usable[0]]
    loss = dict.fromkeys(usable, 0.0)
    for f in range(FOLDS):
        out = fold == f
        start = fits[usable[0]].coefficients
        for r in usable:  # from the largest down, each from the one before
            start = fit_multinomial(frame.design[~out], frame.outcome[~out], _penalty(frame, r), start).coefficients
            loss[r] += deviance(frame.design[out], frame.outcome[out], start)
    best = min(usable, key=lambda r: (loss[r], -r))
    return fits[best], best, degrees[best]


def chained(found: Prognosis, b: Floats, z: Floats, day: Ints, h: Ints) -> Floats:
    """Chance of death on day..day+h: b (fits, columns, outcomes), z (rows, covariates) -> (fits, rows)."""
    dies, home, back = found.off_hazards
    fixed = np.einsum("rc,fck->kfr", z, b[:, UNPENALISED:])
    here, away, dead = (np.full(fixed.shape[1:], v) for v in (1.0, 0.0, 0.0))
    for step in range(int(h.max(initial=-1)) + 1):
        terms = _day_terms(np.minimum(day + step, found.last_day))
        linear = fixed + np.einsum("rc,fck->kfr", terms, b[:, :UNPENALISED])
        exponent = np.exp(np.clip(linear, -30, 30))
        p = exponent / (1.0 + exponent.sum(axis=0))
        death = p[0]
        off = p[1] if len(p) > 1 else np.zeros_like(death)
        inside = (step <= h)[None, :]
        dead = np.where(inside, dead + here * death + away * dies, dead)
        here, away = (
            here * (1 - death - off) + away * back,
            here * off * (1 - found.straight_home) + away * (1 - dies - home - back),
        )
    return dead


def logit(risk: Floats) -> Floats:
    """log odds, kept finite."""
    p = np.clip(risk, 1e-12, 1 - 1e-12)
    return np.asarray(np.log(p / (1 - p)))
