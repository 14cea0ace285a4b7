"""Cox model with treatment as a time-dependent covariate (Andersen and Gill 1982), and the naive form it replaces.

A patient is untreated until the index day Z, so the days they had to survive to be treated are not credited to the
treatment. Ties on whole days: Efron or Breslow; few events: Firth's penalty with a profile interval (`cox_fit`).
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from onearm.cohort.analysis_set import NEVER, AnalysisSet
from onearm.estimators.cox_fit import CoxFit, NoMaximum, PartialLikelihood, Ties, cox_fit, profile_interval
from onearm.estimators.follow_up import NO_TREATED, misaligned_remedy, treated_follow_up
from onearm.results.status import Role, Status

Floats = NDArray[np.float64]
IndexDay = Literal["split", "treated"]

FEWEST_TREATED = 8
TREATED_PER_PARAMETER = 5
ASSUMPTIONS = (
    "hazards proportional, the same ratio from the index day to the end",
    "treatment on a day depends only on what the model holds",
    "open patients have the future of those still followed; leaving alive ends follow-up",
)


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One log hazard ratio."""

    name: str
    value: float
    se: float  # from the inverse information


@dataclass(frozen=True, slots=True)
class HazardRatio:
    """Hazard of death of the treated over the untreated."""

    hazard_ratio: float | None = None  # below 1: fewer deaths per day
    lower: float | None = None  # Wald, or profile penalised likelihood under Firth; None: no limit on that side
    upper: float | None = None
    coefficients: tuple[Coefficient, ...] = ()  # treatment first
    log_likelihood: float | None = None  # partial; with the penalty under Firth
    log_likelihood_null: float | None = None
    n: int = 0  # persons
    n_treated: int = 0
    deaths_treated: int = 0  # on treated days
    deaths_untreated: int = 0
    ties: Ties = "efron"
    firth: bool = False
    level: float = 0.95  # two-sided
    method: str = ""
    role: Role = Role.SENSITIVITY
    assumptions: tuple[str, ...] = ASSUMPTIONS
    status: Status = Status.OK
    remedy: str = ""

    @property
    def estimate(self) -> float | None:
        """Hazard ratio; None exactly when status is not OK (a refused form may still show its number)."""
        return self.hazard_ratio if self.status is Status.OK else None


def time_dependent_cox(
    data: AnalysisSet,
    *,
    covariates: tuple[str, ...] = (),
    ties: Ties = "efron",
    firth: bool = False,
    index_day: IndexDay = "split",
    level: float = 0.95,
) -> HazardRatio:
    """All patients from day zero, treated from the index day on; `covariates` are baseline columns of `people`.

    `index_day="split"` (default): day Z is untreated time, but the patient's own death on it counts against the
    treatment; this is how R survival's Stanford intervals are laid. "treated": all of day Z is treated time.
    """
    start, stop, event, person, treated = day_rows(data, index_day=index_day)
    fixed = baseline(data, covariates)[person]
    method = f"Cox, time-dependent treatment, {ties} ties" + (", Firth" if firth else "")
    empty = HazardRatio(ties=ties, firth=firth, level=level, method=method)
    return _fitted(data, empty, start, stop, event, np.column_stack([treated, fixed]), ("treatment", *covariates))


def ever_treated_cox(data: AnalysisSet, *, ties: Ties = "efron", level: float = 0.95) -> HazardRatio:
    """Ever treated against never, from day zero: refused as a comparison, shown for what immortal time does."""
    end, ever = data.column("end_day"), data.column("start_day") < NEVER
    empty = HazardRatio(
        ties=ties, level=level, method=f"Cox, ever treated against never, {ties} ties", role=Role.REFUSED
    )
    event = data.column("event") == 1
    result = _fitted(
        data, empty, np.zeros(len(end)), _floats(end + 1), event, _floats(ever[:, None]), ("ever treated",)
    )
    if result.status is not Status.OK:
        return result
    remedy = "The ever treated had to live until their treatment (immortal time): use time_dependent_cox."
    return replace(result, assumptions=(), status=Status.REFUSED, remedy=remedy)


def _floats(values: NDArray[Any]) -> Floats:
    return np.asarray(values, dtype=np.float64)


def day_rows(
    data: AnalysisSet, *, index_day: IndexDay = "split"
) -> tuple[Floats, Floats, NDArray[np.bool_], NDArray[np.int64], Floats]:
    """Counting-process rows in half-day ticks: start, stop, death, row of `people`, treated (0/1).

    Events of day d happen at tick 2d + 2. "split": the treatment begins after them, at 2Z + 2, and before the
    patient's own death on day Z; "treated": at 2Z.
    """
    end, start = 2 * data.column("end_day") + 2, data.column("start_day")
    death = data.column("event") == 1
    begins = np.where(start < NEVER, 2 * np.minimum(start, NEVER // 4) + (2 if index_day == "split" else 0), 2**40)
    begins = np.where(death & (begins == end), end - 1, begins)
    person = np.arange(len(end))
    before, after = begins > 0, begins < end
    rows = np.concatenate([person[before], person[after]])
    treated = np.repeat([0.0, 1.0], [before.sum(), after.sum()])
    left = np.concatenate([np.zeros(before.sum()), np.maximum(begins[after], 0)])
    right = np.concatenate([np.minimum(begins, end)[before], end[after]])
    return left.astype(np.float64), right.astype(np.float64), death[rows] & (right == end[rows]), rows, treated


def baseline(data: AnalysisSet, names: tuple[str, ...]) -> Floats:
    """Columns of `people` as numbers, shape (persons, names). Raises ValueError for a missing column or value."""
    values = np.empty((data.people.height, len(names)))
    for k, name in enumerate(names):
        if name not in data.people.columns:
            raise ValueError(f"covariate {name!r} is no column of people: {', '.join(data.people.columns)}")
        values[:, k] = data.people[name].cast(float).fill_null(float("nan")).to_numpy()
        if not np.isfinite(values[:, k]).all():
            raise ValueError(f"covariate {name!r} is missing for {int((~np.isfinite(values[:, k])).sum())} persons")
    return values


def _fitted(
    data: AnalysisSet,
    empty: HazardRatio,
    start: Floats,
    stop: Floats,
    event: NDArray[np.bool_],
    x: Floats,
    names: tuple[str, ...],
) -> HazardRatio:
    treated = treated_follow_up(data)
    events = int(np.sum(event & (x[:, 0] > 0))), int(np.sum(event & (x[:, 0] <= 0)))
    n, n_treated = data.people.height, len(treated.row)
    result = replace(empty, n=n, n_treated=n_treated, deaths_treated=events[0], deaths_untreated=events[1])
    if treated.misaligned:
        return replace(result, status=Status.REFUSED, remedy=misaligned_remedy(treated.misaligned))
    status, remedy = refusal(n, n_treated, events, x.shape[1], result.firth)
    if status is not Status.OK:
        return replace(result, status=status, remedy=remedy)
    return fitted_ratio(result, start, stop, event, x, names)


def fitted_ratio(
    result: HazardRatio, start: Floats, stop: Floats, event: NDArray[np.bool_], x: Floats, names: tuple[str, ...]
) -> HazardRatio:
    """`result` with the fit of these rows, column 0 of `x` the treatment; refused when there is no maximum."""
    try:
        fit, likelihood = cox_fit(start, stop, event, x, ties=result.ties, firth=result.firth)
    except NoMaximum as problem:
        remedy = f"No finite hazard ratio: {problem}. Use firth=True, fewer covariates or more patients."
        return replace(result, status=Status.REFUSED, remedy=remedy)
    se = np.sqrt(np.diag(fit.covariance))
    low, high = _limits(fit, likelihood, float(se[0]), result.level)
    return replace(
        result,
        hazard_ratio=float(np.exp(fit.beta[0])),
        lower=None if low is None else float(np.exp(low)),
        upper=None if high is None else float(np.exp(high)),
        coefficients=tuple(Coefficient(k, float(b), float(s)) for k, b, s in zip(names, fit.beta, se, strict=True)),
        log_likelihood=fit.log_likelihood,
        log_likelihood_null=fit.log_likelihood_null,
    )


def _limits(fit: CoxFit, likelihood: PartialLikelihood, se: float, level: float) -> tuple[float | None, float | None]:
    from scipy.special import ndtri  # loaded on use

    if likelihood.firth:
        return profile_interval(fit, likelihood, 0, level)
    half = float(ndtri((1 + level) / 2)) * se
    return float(fit.beta[0]) - half, float(fit.beta[0]) + half


def refusal(n: int, n_treated: int, events: tuple[int, int], parameters: int, firth: bool) -> tuple[Status, str]:
    """Why the model may not be fitted; `events` = deaths on treated and on untreated days."""
    if not n_treated:
        return Status.NO_PATIENTS, NO_TREATED
    if not sum(events):
        return Status.NO_EVENTS, "Nobody died: there is no hazard to compare."
    if n_treated < max(FEWEST_TREATED, TREATED_PER_PARAMETER * parameters):
        needed = max(FEWEST_TREATED, TREATED_PER_PARAMETER * parameters)
        return Status.TOO_FEW, f"{n_treated} treated for {parameters} parameters: the model needs {needed}."
    if events[0] < 2 and not firth:
        return Status.TOO_FEW, f"{events[0]} deaths on treated days: use firth=True or an exact test."
    return Status.OK, ""
