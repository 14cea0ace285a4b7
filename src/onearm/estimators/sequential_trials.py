"""Sequential trials: a trial on every day somebody can be treated, "today" against "not today", pooled.

Hernán and others (Epidemiology 2008;19:766), Danaei and others (Stat Methods Med Res 2013;22:70). Intention to treat:
who is treated later stays in their arm. Pooled logistic model of dying on a day: trial day, days since the start and
their square, arm, covariates at the start. Who left alive stays in the risk set, event-free, to the end of the trial
(known from the calendar), so 1 - product(1 - chance) is the cumulative incidence of death with leaving as a competing
event, as in Fine and Gray (JASA 1999;94:496). Risks are averaged over the treated person-trials (effect in the
treated). Variance clustered by person, delta method.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onearm.cohort.analysis_set import AnalysisSet
from onearm.estimators.follow_up import NO_TREATED, misaligned_remedy, treated_follow_up
from onearm.estimators.logistic_fit import (
    LogisticFit,
    LogOdds,
    NoLogisticMaximum,
    cluster_covariance,
    cluster_scores,
    expit,
    logistic_fit,
)
from onearm.estimators.person_covariates import sorted_with
from onearm.estimators.person_trials import PersonTrials, person_trials
from onearm.results.status import Role, Status

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEWEST_TREATED = 8
TREATED_PER_PARAMETER = 5  # arm and covariates
MOST_PERSON_TRIALS = 1_000_000  # each is a row for every day of its follow-up
DEATHS_PER_PARAMETER = 10  # deaths without treatment; trial day, days since the start, covariates
FEWEST_FOR_A_RATIO = 5  # deaths in either arm
ASSUMPTIONS = (
    "treatment on a day depends only on the day and the covariates of the model",
    "one odds ratio on every day; the chance of dying follows the day of the trial and the days since as in the model",
    "later treatment of the untreated is part of their arm: it pulls the contrast towards none",
    "open patients have the future of those still followed",
)


@dataclass(frozen=True, slots=True)
class SequentialTrials:
    """Risk of death by h of those treated on a day, and had they not been treated that day."""

    risk_difference: float | None = None  # treated - not treated that day; below 0 fewer deaths
    se: float | None = None  # clustered by person, given who was treated when
    lower: float | None = None  # two-sided, t with n_treated - 1 degrees: the treated are the few clusters
    upper: float | None = None
    risk_treated: float | None = None  # mean over the treated person-trials
    risk_untreated: float | None = None  # the same person-trials, arm changed
    odds_ratio: float | None = None  # of dying on a day
    odds_ratio_lower: float | None = None  # None with fewer than 5 deaths in either arm
    odds_ratio_upper: float | None = None
    ratio_remedy: str = ""  # why the ratio has no interval
    coefficients: tuple[LogOdds, ...] = ()  # covariates centred at the mean of their person-trials
    horizon: int = 0  # h: events on Z..Z+h
    trials: int = 0  # days with somebody eligible
    person_trials: int = 0
    n: int = 0  # persons in any trial
    n_treated: int = 0  # treated in a trial
    left_out: tuple[str, ...] = ()  # treated patients who entered no trial on their day
    deaths_treated: int = 0  # persons
    deaths_untreated: int = 0  # persons who died in a trial in the arm "not today"
    treated_lost: int = 0
    same_day: str = "index"
    firth: bool = False
    level: float = 0.95
    method: str = ""
    role: Role = Role.SENSITIVITY
    assumptions: tuple[str, ...] = ASSUMPTIONS
    status: Status = Status.OK
    remedy: str = ""

    @property
    def estimate(self) -> float | None:
        """Risk difference; None exactly when status is not OK."""
        return self.risk_difference if self.status is Status.OK else None


def sequential_trials(
    data: AnalysisSet,
    *,
    horizon: int | None = None,
    x: NDArray[Any] | None = None,
    names: tuple[str, ...] = (),
    firth: bool = False,
    level: float = 0.95,
) -> SequentialTrials:
    """Trials on days 0 .. last day of treatment; `horizon` h defaults to H, events on days 0..h of each trial.

    `x`: covariates aligned with `data.people`, shape (persons, covariates), or (persons, days, covariates), read on
    the day a trial starts; `names` for the coefficients. Raises ValueError for shapes that do not fit, a missing value
    or a negative horizon.
    """
    h = data.horizon if horizon is None else horizon
    if h < 0:
        raise ValueError(f"horizon {h}: give 0 days or more")
    method = f"sequential trials, pooled logistic{', Firth' if firth else ''}; index day Z: events on Z..Z+{h}"
    empty = SequentialTrials(horizon=h, firth=firth, level=level, same_day=data.same_day, method=method)
    data, given = sorted_with(data, x, names)
    who = treated_follow_up(data)
    if not len(who.row):
        return replace(empty, status=Status.NO_PATIENTS, remedy=NO_TREATED)
    if who.misaligned:
        return replace(empty, status=Status.REFUSED, remedy=misaligned_remedy(who.misaligned))
    entries = data.people.height * (int(who.start.max()) + 1)
    if entries > MOST_PERSON_TRIALS:
        remedy = f"{entries:,} person-trials, {MOST_PERSON_TRIALS:,} at most: draw fewer similar cases."
        return replace(empty, status=Status.REFUSED, remedy=remedy)
    rows = person_trials(data, h)
    entered = set(rows.person[rows.treated].tolist())
    counted = replace(
        empty,
        trials=len(np.unique(rows.day)),
        person_trials=len(rows.person),
        n=len(np.unique(rows.person)),
        n_treated=len(entered),
        left_out=tuple(name for name, row in zip(who.person, who.row.tolist(), strict=True) if row not in entered),
        deaths_treated=int(np.sum(rows.died & rows.treated)),
        deaths_untreated=len(np.unique(rows.person[rows.died & ~rows.treated])),
        treated_lost=int(np.sum(rows.lost & rows.treated)),
    )
    covariates = np.empty((len(rows.person), 0)) if given is None else given.at(rows.person, rows.day)
    design = _design(rows, covariates, () if given is None else given.names)
    status, remedy = _refusal(counted, rows, design)
    return replace(counted, status=status, remedy=remedy) if remedy else _fitted(counted, rows, design)


@dataclass(frozen=True, slots=True, eq=False)
class _Design:
    """Columns of the model for person-trials on days since their start; those that never vary are left out."""

    covariates: Floats  # of the person-trials, centred
    names: tuple[str, ...]
    has_day: bool
    powers: int  # of the days since the start

    def columns(self, day: Ints, since: Ints, arm: Floats, covariates: Floats) -> Floats:
        """Rows of the model."""
        parts = [np.ones(len(day)), arm] + [day.astype(np.float64)] * self.has_day
        parts += [since.astype(np.float64) ** power for power in range(1, self.powers + 1)]
        return np.column_stack([*parts, covariates])


def _design(rows: PersonTrials, covariates: Floats, names: tuple[str, ...]) -> _Design:
    has_day, powers = len(np.unique(rows.day)) > 1, min(int(rows.last.max(initial=0)), 2)
    time = ("days since the start", "days since the start, squared")[:powers]
    columns = ("constant", "treatment", *(("trial day",) if has_day else ()), *time, *names)
    return _Design(covariates - covariates.mean(axis=0) if len(covariates) else covariates, columns, has_day, powers)


def _refusal(counted: SequentialTrials, rows: PersonTrials, design: _Design) -> tuple[Status, str]:
    """Why the model may not be fitted."""
    if not counted.deaths_treated + counted.deaths_untreated:
        return Status.NO_EVENTS, "Nobody died in a trial: there is nothing to compare."
    if rows.treated.all():
        return Status.ONE_ARM, "Nobody was eligible and untreated on a day of treatment: add similar cases."
    needed = max(FEWEST_TREATED, TREATED_PER_PARAMETER * (1 + design.covariates.shape[1]))
    if counted.n_treated < needed:
        return Status.TOO_FEW, f"{counted.n_treated} treated in a trial: the model needs {needed}."
    deaths = DEATHS_PER_PARAMETER * (len(design.names) - 2)
    if counted.deaths_untreated < deaths:
        remedy = f"{counted.deaths_untreated} deaths without treatment: the model needs {deaths}; add similar cases."
        return Status.TOO_FEW, remedy
    if not (counted.deaths_treated and counted.deaths_untreated) and not counted.firth:
        return Status.TOO_FEW, "Nobody of one arm died: use an exact test (firth=True shows a number without interval)."
    for arm in (rows.treated, ~rows.treated):
        reached = int(rows.last[arm].max())
        if reached < counted.horizon and not rows.died[arm].all():
            return Status.TOO_FEW, f"Nobody of one arm is followed beyond {reached} days: shorten the horizon."
    return Status.OK, ""


def _fitted(counted: SequentialTrials, rows: PersonTrials, design: _Design) -> SequentialTrials:
    from scipy.special import ndtri, stdtrit  # loaded on use

    try:
        fit, covariance = _pooled(rows, design, counted.firth)
    except NoLogisticMaximum as problem:
        remedy = f"No finite odds ratio: {problem}. Use firth=True, fewer covariates or more patients."
        return replace(counted, status=Status.REFUSED, remedy=remedy)
    treated, slope = _standardised(fit.beta, rows, design, counted.horizon, 1.0)
    untreated, other = _standardised(fit.beta, rows, design, counted.horizon, 0.0)
    errors = np.sqrt(np.diag(covariance))
    se = float(np.sqrt((slope - other) @ covariance @ (slope - other)))
    z = float(ndtri((1 + counted.level) / 2))
    half = float(stdtrit(counted.n_treated - 1, (1 + counted.level) / 2)) * se
    is_few = min(counted.deaths_treated, counted.deaths_untreated) < FEWEST_FOR_A_RATIO
    low, high = (None, None) if is_few else np.exp(fit.beta[1] + np.array([-z, z]) * errors[1]).tolist()
    shown = replace(
        counted,
        risk_difference=treated - untreated,
        risk_treated=treated,
        risk_untreated=untreated,
        odds_ratio=float(np.exp(fit.beta[1])),
    )
    if not counted.deaths_treated or not counted.deaths_untreated:
        remedy = "Nobody of one arm died: the penalty gives a number, nothing gives its error. Use an exact test."
        return replace(shown, status=Status.TOO_FEW, remedy=remedy)
    return replace(
        shown,
        se=se,
        lower=max(-1.0, treated - untreated - half),
        upper=min(1.0, treated - untreated + half),
        odds_ratio_lower=low,
        odds_ratio_upper=high,
        ratio_remedy=f"Under {FEWEST_FOR_A_RATIO} deaths in an arm: read the risk difference." if is_few else "",
        coefficients=tuple(
            LogOdds(k, float(b), float(s)) for k, b, s in zip(design.names, fit.beta, errors, strict=True)
        ),
    )


def _pooled(rows: PersonTrials, design: _Design, firth: bool) -> tuple[LogisticFit, Floats]:
    """The fit and its covariance by person. Without covariates equal rows are one cell, which changes no number."""
    which, since = rows.days()
    arm = rows.treated[which].astype(np.int64)
    died = np.asarray(rows.died[which] & (since == rows.last[which]), dtype=np.float64)
    if design.covariates.shape[1]:
        cell = np.arange(len(which))
        x = design.columns(rows.day[which], since, arm.astype(np.float64), design.covariates[which])
    else:
        span = int(since.max()) + 1
        codes, cell = np.unique((rows.day[which] * span + since) * 2 + arm, return_inverse=True)
        day, left = codes // (2 * span), codes % (2 * span)
        x = design.columns(day, left // 2, (left % 2).astype(np.float64), np.empty((len(codes), 0)))
    trials = np.bincount(cell, minlength=len(x)).astype(np.float64)
    cases = np.bincount(cell, died, len(x)).astype(np.float64)
    fit = logistic_fit(x, cases, trials, firth=firth)
    persons, cluster = np.unique(rows.person, return_inverse=True)
    # a cell holds many persons: its score is split by what each of them adds
    own = died + ((fit.residual - cases) / trials)[cell]
    scores = cluster_scores(x, own, cluster[which], len(persons), cell)
    return fit, cluster_covariance(fit.information, scores)


def _standardised(beta: Floats, rows: PersonTrials, design: _Design, horizon: int, arm: float) -> tuple[float, Floats]:
    """Mean risk by `horizon` over the treated person-trials, all in `arm`, and its slope in the coefficients."""
    who = np.flatnonzero(rows.treated)
    alive, slope = np.ones(len(who)), np.zeros((len(who), len(beta)))
    for since in range(horizon + 1):
        x = design.columns(rows.day[who], np.full(len(who), since), np.full(len(who), arm), design.covariates[who])
        chance = expit(x @ beta)
        alive = alive * (1 - chance)
        slope += chance[:, None] * x
    return float(1 - alive.mean()), np.asarray((alive[:, None] * slope).mean(axis=0))
