"""Overlap weights (Li, Morgan and Zaslavsky, JASA 2018;113:390): the treated on their index day against their sets.

Rows: each matched treated patient on day Z, and each control person on each such day once. Logistic model of being the
treated row; treated weigh 1 - e, controls e. Without a penalty the weighted means of the covariates are then equal. A
control row counts the sum of 1/m_i over its sets, scaled to a mean of 1, so the days of the controls are those of the
treated. The estimand is the effect where both were likely; when treatment is rare, nearly that in the treated.
Variance: stacked estimating equations (weights estimated), clustered by person.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onearm.cohort.analysis_set import AnalysisSet
from onearm.estimators.entropy_balance import FEWEST_TREATED, most_covariates
from onearm.estimators.follow_up import (
    NO_TREATED,
    TreatedFollowUp,
    misaligned_remedy,
    set_pairs,
    treated_follow_up,
)
from onearm.estimators.logistic_fit import LogisticFit, NoLogisticMaximum, cluster_covariance, logistic_fit
from onearm.estimators.person_covariates import PersonCovariates, sorted_with
from onearm.results.status import Role, Status

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ASSUMPTIONS = (
    "alike in these covariates on the day is alike in what decides treatment and outcome",
    "the logit of treatment is linear in the covariates",
    "lost treated patients count as dead, lost controls as alive",
)


@dataclass(frozen=True, slots=True)
class OverlapBalance:
    """Means of one covariate; differences are (treated - controls) / pooled SD of the two groups before weighting."""

    name: str
    treated_before: float
    controls_before: float
    difference_before: float
    treated_after: float
    controls_after: float
    difference_after: float


@dataclass(frozen=True, slots=True)
class OverlapWeights:
    """Risk of death by Z+h, treated against controls, where both were likely."""

    risk_difference: float | None = None  # treated - controls; below 0 fewer deaths
    se: float | None = None  # clustered by person, propensity estimated, days as given
    lower: float | None = None  # two-sided, t with n_treated - 1 degrees: the treated are the few clusters
    upper: float | None = None
    risk_treated: float | None = None  # weighted by 1 - e
    risk_controls: float | None = None  # weighted by e
    balance: tuple[OverlapBalance, ...] = ()  # in the order given
    effective_treated: float | None = None  # (sum w)^2 / sum w^2
    effective_controls: float | None = None  # the same, rows of one person added first
    largest_propensity: float | None = None  # of a control row; near 1 nobody like it was left untreated
    n_treated: int = 0  # all treated patients, matched or not
    n_matched: int = 0
    n_controls: int = 0  # persons
    control_rows: int = 0  # person-days
    deaths_treated: int = 0  # lost ones counted
    deaths_controls: int = 0  # persons
    treated_lost: int = 0  # counted as dead
    unmatched: tuple[str, ...] = ()  # treated patients without a control
    ridge: float = 0.0  # on the covariates, standardised
    firth: bool = False
    same_day: str = "index"
    level: float = 0.95
    method: str = "overlap weights, logistic propensity within sets, index day Z: events on Z..Z+h"
    role: Role = Role.SENSITIVITY
    assumptions: tuple[str, ...] = ASSUMPTIONS
    status: Status = Status.OK
    remedy: str = ""

    @property
    def estimate(self) -> float | None:
        """Risk difference; None exactly when status is not OK."""
        return self.risk_difference if self.status is Status.OK else None


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    person: Ints
    treated: Floats  # 0 or 1
    count: Floats  # 1 for the treated; controls as their sets weigh
    died: Floats
    x: Floats  # (rows, covariates)


def overlap_weights(
    data: AnalysisSet,
    *,
    x: NDArray[Any],
    names: tuple[str, ...] = (),
    ridge: float = 0.0,
    firth: bool = False,
    level: float = 0.95,
) -> OverlapWeights:
    """Weighted difference in death by Z+h over the sets of `data`.

    `x`: covariates aligned with `data.people`, (persons, covariates), or (persons, days, covariates), read on day Z.
    `ridge` penalises half its square per standardised coefficient, `firth` takes Firth's penalty: either keeps the
    weights finite and the means only nearly equal. Raises ValueError for shapes that do not fit, a missing value or a
    negative ridge.
    """
    if ridge < 0:
        raise ValueError(f"ridge {ridge}: give 0 or more")
    empty = OverlapWeights(ridge=ridge, firth=firth, level=level, same_day=data.same_day)
    data, given = sorted_with(data, x, names)
    who = treated_follow_up(data)
    if not len(who.row):
        return replace(empty, status=Status.NO_PATIENTS, remedy=NO_TREATED)
    pairs = set_pairs(data, who)
    if pairs.misaligned:
        return replace(empty, status=Status.REFUSED, remedy=misaligned_remedy(pairs.misaligned))
    m = np.bincount(pairs.which, minlength=len(who.row))
    unmatched = tuple(name for name, k in zip(who.person, m, strict=True) if not k)
    counted = replace(empty, n_treated=len(who.row), n_matched=int(np.sum(m > 0)), unmatched=unmatched)
    status, remedy = _refusal(counted, 0 if given is None else len(given.names))
    if given is None or status is not Status.OK:
        return replace(counted, status=status, remedy=remedy)
    rows = _rows(data, who, pairs.which, pairs.control, given)
    is_control = rows.treated == 0
    counted = replace(
        counted,
        n_controls=len(np.unique(rows.person[is_control])),
        control_rows=int(is_control.sum()),
        deaths_treated=int(rows.died[~is_control].sum()),
        deaths_controls=len(np.unique(rows.person[is_control & (rows.died > 0)])),
        treated_lost=int(who.lost.sum()),
    )
    return _weighted(counted, rows, given.names)


def _refusal(counted: OverlapWeights, covariates: int) -> tuple[Status, str]:
    if not counted.n_matched:
        return Status.ONE_ARM, "No treated patient has a control: add similar cases or widen the matching."
    most = most_covariates(counted.n_treated)
    if not most:
        return Status.TOO_FEW, f"{counted.n_treated} treated: weighting needs {FEWEST_TREATED}."
    if covariates > most:
        return Status.TOO_FEW, f"{counted.n_treated} treated carry {most} covariates, not {covariates}: name fewer."
    if counted.unmatched:
        remedy = f"No control for {', '.join(counted.unmatched)}: widen the matching or change who is eligible."
        return Status.REFUSED, remedy
    return Status.OK, ""


def _rows(data: AnalysisSet, who: TreatedFollowUp, which: Ints, control: Ints, given: PersonCovariates) -> _Rows:
    """Treated rows, then control person-days in order of person and day; all treated are matched."""
    m = np.bincount(which, minlength=len(who.row))
    place, row = np.unique(np.column_stack([control, who.start[which]]), axis=0, return_inverse=True)
    row = row.reshape(-1)
    count = np.bincount(row, 1 / m[which])
    # h_i of the treated: a control in several sets of one day is followed as long as the longest of them
    h = np.zeros(len(place), dtype=np.int64)
    np.maximum.at(h, row, who.horizon[which])
    end, event = data.column("end_day")[place[:, 0]], data.column("event")[place[:, 0]]
    died = (event == 1) & (end <= place[:, 1] + h)
    person, day = np.concatenate([who.row, place[:, 0]]), np.concatenate([who.start, place[:, 1]])
    return _Rows(
        person=person,
        treated=np.repeat([1.0, 0.0], [len(who.row), len(place)]),
        count=np.concatenate([np.ones(len(who.row)), count * len(place) / count.sum()]),
        died=np.concatenate([who.died | who.lost, died]).astype(np.float64),
        x=given.at(person, day),
    )


def _weighted(counted: OverlapWeights, rows: _Rows, names: tuple[str, ...]) -> OverlapWeights:
    from scipy.special import stdtrit  # loaded on use

    scale = rows.x.std(axis=0)
    z = (rows.x - rows.x.mean(axis=0)) / np.where(scale > 0, scale, 1.0)
    design = np.column_stack([np.ones(len(z)), z])
    penalty = np.concatenate([[0.0], np.full(z.shape[1], counted.ridge)])
    try:
        fit = logistic_fit(design, rows.treated * rows.count, rows.count, ridge=penalty, firth=counted.firth)
    except NoLogisticMaximum as problem:
        remedy = f"No finite propensity: {problem}. Use ridge, firth=True or fewer covariates."
        return replace(counted, status=Status.REFUSED, remedy=remedy)
    is_treated = rows.treated == 1
    weight = rows.count * np.where(is_treated, 1 - fit.chance, fit.chance)
    risks = [float(weight[g] @ rows.died[g] / weight[g].sum()) for g in (is_treated, ~is_treated)]
    difference, se = risks[0] - risks[1], _error(rows, design, fit, weight, risks)
    shown = replace(
        counted,
        balance=_balance(rows, weight, names),
        effective_treated=_effective(weight[is_treated]),
        effective_controls=_effective(_per_person(rows.person[~is_treated], weight[~is_treated])),
        largest_propensity=float(fit.chance[~is_treated].max()),
    )
    shown = replace(shown, risk_difference=difference, risk_treated=risks[0], risk_controls=risks[1])
    if not rows.died.any():
        return replace(shown, status=Status.NO_EVENTS, remedy="Nobody died: there is nothing to compare.")
    if any(rows.died[g].all() or not rows.died[g].any() for g in (is_treated, ~is_treated)):
        remedy = "Everyone or nobody of one group died: the risks stand without an interval. Use an exact test."
        return replace(shown, status=Status.TOO_FEW, remedy=remedy)
    half = float(stdtrit(counted.n_treated - 1, (1 + counted.level) / 2)) * se
    return replace(shown, se=se, lower=max(-1.0, difference - half), upper=min(1.0, difference + half))


def _error(rows: _Rows, design: Floats, fit: LogisticFit, weight: Floats, risks: list[float]) -> float:
    """Standard error of the difference: each person's sum of influences, the fit of the propensity among them."""
    sign = np.where(rows.treated == 1, 1.0, -1.0)
    total = np.where(rows.treated == 1, weight[rows.treated == 1].sum(), weight[rows.treated == 0].sum())
    off = (rows.died - np.where(rows.treated == 1, risks[0], risks[1])) / total
    tilt = -rows.count * fit.chance * (1 - fit.chance) * off  # of the difference, per unit of the logit
    influence = sign * weight * off + (design @ np.linalg.solve(fit.information, design.T @ tilt)) * fit.residual
    return float(np.sqrt(cluster_covariance(np.eye(1), _per_person(rows.person, influence)[:, None])[0, 0]))


def _per_person(person: Ints, values: Floats) -> Floats:
    """Sum of the rows of each person."""
    persons, place = np.unique(person, return_inverse=True)
    return np.asarray(np.bincount(place, values, len(persons)), dtype=np.float64)


def _balance(rows: _Rows, weight: Floats, names: tuple[str, ...]) -> tuple[OverlapBalance, ...]:
    found = []
    groups = (rows.treated == 1, rows.treated == 0)
    for name, column in zip(names, rows.x.T, strict=True):
        before = [float(rows.count[g] @ column[g] / rows.count[g].sum()) for g in groups]
        after = [float(weight[g] @ column[g] / weight[g].sum()) for g in groups]
        spread = [
            rows.count[g] @ (column[g] - b) ** 2 / rows.count[g].sum() for g, b in zip(groups, before, strict=True)
        ]
        sd = float(np.sqrt((spread[0] + spread[1]) / 2))
        gaps = [(a - b) / sd if sd > 0 else 0.0 for a, b in (before, after)]
        found.append(OverlapBalance(name, before[0], before[1], gaps[0], after[0], after[1], gaps[1]))
    return tuple(found)


def _effective(weight: Floats) -> float:
    return float(weight.sum() ** 2 / np.sum(weight**2))
