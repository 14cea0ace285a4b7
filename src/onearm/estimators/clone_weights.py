"""Clone, censor, weight: "treat within g days of entry" against "never by then", both from day 0.

Hernán (BMJ 2018;360:k182), Maringe and others (Int J Epidemiol 2020;49:1719). Entry is day 0. Each patient is copied
into both strategies, censored when they deviate, and weighted by 1 / P(not censored so far). Treatment after day g is
allowed in both. The treatment clone deviates only at the end of day g, so those who start on it carry the weight of
all who waited until then: the weights are never capped; what a cap would say stands beside. Risks are Aalen-Johansen
on weighted day sums; the interval is a bootstrap of persons, the weights fitted anew in each.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onearm.cohort.analysis_set import AnalysisSet
from onearm.estimators.clones import (
    Clones,
    TreatmentModel,
    arm_hazard_ratio,
    arm_risk,
    arm_sums,
    clone_day_weights,
    clones,
    control_weights,
    daily_shares,
    treatment_model,
    treatment_weights,
)
from onearm.estimators.follow_up import NO_TREATED, misaligned_remedy, treated_follow_up
from onearm.estimators.logistic_fit import NoLogisticMaximum
from onearm.estimators.person_covariates import sorted_with
from onearm.results.status import Role, Status

Floats = NDArray[np.float64]

FEWEST_TREATED = 8
STARTS_PER_PARAMETER = 10
LARGEST_WEIGHT = 20.0
EFFECTIVE_PER_TREATED = 3
CAP_PERCENTILE = 99.0  # of the weights of all clone-days
FEWEST_FOR_A_RATIO = 5  # deaths among the treated and among the untreated
MOST_FAILED = 0.05  # share of the bootstraps without a result
ASSUMPTIONS = (
    "treatment on a day depends only on the day and the covariates of the model",
    "on every day of grace somebody of each kind could be treated and could stay untreated",
    "open patients have the future of those still followed",
)


@dataclass(frozen=True, slots=True)
class CloneContrast:
    """The two strategies under one set of weights."""

    risk_treated: float  # death by h under "treated within g days"
    risk_untreated: float  # under "never by g"
    risk_difference: float
    hazard_ratio: float | None  # weighted Cox, Breslow ties; None when one clone has no death


@dataclass(frozen=True, slots=True)
class CloneWeights:
    """Risk of death by h if all were treated within g days of entry, and if nobody were."""

    uncapped: CloneContrast | None = None  # also shown when the weights are refused
    capped: CloneContrast | None = None  # weights cut at `cap`: only to show what cutting does
    cap: float | None = None
    se: float | None = None  # of the risk difference, SD of the bootstraps
    lower: float | None = None  # of the risk difference, percentiles of the bootstraps
    upper: float | None = None
    ratio_lower: float | None = None  # None with fewer than 5 deaths in treated or untreated patients
    ratio_upper: float | None = None
    ratio_remedy: str = ""  # why the ratio has no interval
    grace: int = 7  # g: treated on days 0..g
    horizon: int = 0  # h: events on days 0..h
    n: int = 0  # persons at entry, each cloned twice
    n_treated: int = 0  # on days 0..g
    deaths_treated: int = 0  # by h, persons treated by g
    deaths_untreated: int = 0  # by h, persons not treated by g
    weight_parameters: int = 0
    largest_weight: float | None = None
    effective_n: float | None = None  # of those not treated by g: (sum w)^2 / sum w^2
    bootstraps: int = 0  # with a result
    bootstraps_failed: int = 0
    seed: int = 0
    level: float = 0.95
    method: str = ""
    role: Role = Role.SENSITIVITY
    assumptions: tuple[str, ...] = ASSUMPTIONS
    status: Status = Status.OK
    remedy: str = ""

    @property
    def estimate(self) -> float | None:
        """Risk difference, uncapped; None exactly when status is not OK."""
        return self.uncapped.risk_difference if self.uncapped is not None and self.status is Status.OK else None


def clone_weights(
    data: AnalysisSet,
    *,
    grace: int = 7,
    horizon: int | None = None,
    x: NDArray[Any] | None = None,
    names: tuple[str, ...] = (),
    bootstraps: int = 500,
    seed: int = 20200411,
    level: float = 0.95,
) -> CloneWeights:
    """Strategies from day 0 with `grace` g; `horizon` h defaults to H, events on days 0..h.

    `x`: covariates aligned with `data.people`, (persons, covariates), or (persons, days, covariates), read on each day
    of grace. Without `x` the chance of treatment is counted per day (g + 1 parameters); with it, pooled logistic in
    day and covariates (an `x` without columns: in day alone). `bootstraps=0` gives no interval. Raises ValueError for
    shapes that do not fit, a missing value, or a grace period that does not end before the horizon.
    """
    h = data.horizon if horizon is None else horizon
    if not 0 <= grace < h or bootstraps < 0:
        raise ValueError(f"grace {grace}, horizon {h}, bootstraps {bootstraps}: 0 <= grace < horizon, bootstraps >= 0")
    weights = "counted per day" if x is None else "pooled logistic"
    method = f"clones from day 0, treated on days 0..{grace} or not, events on 0..{h}, weights {weights}, not capped"
    empty = CloneWeights(grace=grace, horizon=h, seed=seed, level=level, method=method)
    data, given = sorted_with(data, x, names)
    found = treated_follow_up(data)
    if not len(found.row):
        return replace(empty, status=Status.NO_PATIENTS, remedy=NO_TREATED)
    if found.misaligned:
        return replace(empty, status=Status.REFUSED, remedy=misaligned_remedy(found.misaligned))
    who = clones(data, grace=grace, horizon=h)
    model = None if given is None else treatment_model(who, given)
    dead = who.died.any(axis=1)
    counted = replace(
        empty,
        n=int(who.entered.sum()),
        n_treated=int(np.sum(who.entered & ~who.stays)),
        deaths_treated=int(np.sum(dead & ~who.stays)),
        deaths_untreated=int(np.sum(dead & who.stays)),
        weight_parameters=grace + 1 if model is None else model.x.shape[1],
    )
    status, remedy = _refusal(counted, who)
    return replace(counted, status=status, remedy=remedy) if remedy else _weighted(counted, who, model, bootstraps)


def _refusal(counted: CloneWeights, who: Clones) -> tuple[Status, str]:
    """What no weights can repair."""
    if counted.n_treated == counted.n:
        return Status.ONE_ARM, "Everyone was treated within the grace period: shorten it or add similar cases."
    if not counted.deaths_treated + counted.deaths_untreated:
        return Status.NO_EVENTS, "Nobody died by the horizon: there is nothing to compare."
    if counted.n_treated < FEWEST_TREATED:
        remedy = f"{counted.n_treated} treated within {counted.grace} days: the weights need {FEWEST_TREATED}."
        return Status.TOO_FEW, remedy
    starts, needed = int(who.starts.sum()), STARTS_PER_PARAMETER * counted.weight_parameters
    if starts < needed:
        remedy = f"{starts} starts for {counted.weight_parameters} weight parameters: they need {needed}; "
        return Status.TOO_FEW, remedy + "shorten the grace period or name fewer covariates."
    if who.missed.any() and not who.on_last.any():
        remedy = f"Nobody was treated on day {counted.grace}, the last of grace, so nobody stands for those who waited"
        return Status.REFUSED, f"{remedy}: end it on a day with treatments."
    return Status.OK, ""


def _weighted(counted: CloneWeights, who: Clones, model: TreatmentModel | None, bootstraps: int) -> CloneWeights:
    once = np.ones(len(who.could))
    try:
        share, beta = (daily_shares(who, once), None) if model is None else model.shares(once)
    except NoLogisticMaximum as problem:
        remedy = f"No model of treatment: {problem}. Name fewer covariates."
        return replace(counted, status=Status.REFUSED, remedy=remedy)
    control, treated = control_weights(who, share), treatment_weights(who, share)
    uncapped, reached = _contrast(who, control, treated, once)
    if reached < counted.horizon:
        remedy = f"Nobody of one clone is followed beyond day {reached}: shorten the horizon."
        return replace(counted, status=Status.TOO_FEW, remedy=remedy)
    days = clone_day_weights(who, control, treated)
    cap = float(np.percentile(days, CAP_PERCENTILE))
    kept = control[who.stays, -1]
    shown = replace(
        counted,
        uncapped=uncapped,
        capped=_contrast(who, np.minimum(control, cap), np.minimum(treated, cap), once)[0],
        cap=cap,
        largest_weight=float(days.max()),
        effective_n=float(kept.sum() ** 2 / np.sum(kept**2)),
    )
    status, remedy = _weight_refusal(shown)
    return replace(shown, status=status, remedy=remedy) if remedy else _interval(shown, who, model, beta, bootstraps)


def _contrast(who: Clones, control: Floats, treated: Floats, times: Floats) -> tuple[CloneContrast, int]:
    """Both strategies, and the last day both are known to."""
    sums = arm_sums(who, control, treated, times)
    (with_it, known), (without, also) = (arm_risk(arm) for arm in sums)
    return CloneContrast(with_it, without, with_it - without, arm_hazard_ratio(*sums)), min(known, also)


def _weight_refusal(shown: CloneWeights) -> tuple[Status, str]:
    """Whether the weights leave an answer: the numbers stay, without an interval."""
    largest, effective = shown.largest_weight or 0.0, shown.effective_n or 0.0
    if largest > LARGEST_WEIGHT:
        remedy = f"Largest weight {largest:.1f}, more than {LARGEST_WEIGHT:.0f}: one patient stands for too many. "
        return Status.REFUSED, remedy + "End the grace period on a day when treatment was likelier."
    if effective < EFFECTIVE_PER_TREATED * shown.n_treated:
        remedy = f"{effective:.1f} effective untreated for {shown.n_treated} treated: "
        return Status.REFUSED, f"{remedy}add similar cases until there are {EFFECTIVE_PER_TREATED} for each."
    if not shown.deaths_treated or not shown.deaths_untreated:
        return Status.TOO_FEW, "Nobody of the treated, or of the untreated, died: no interval holds. Use an exact test."
    return Status.OK, ""


def _interval(
    shown: CloneWeights, who: Clones, model: TreatmentModel | None, beta: Floats | None, bootstraps: int
) -> CloneWeights:
    is_few = min(shown.deaths_treated, shown.deaths_untreated) < FEWEST_FOR_A_RATIO
    remedy = f"Under {FEWEST_FOR_A_RATIO} deaths in an arm: read the risk difference." if is_few else ""
    result = replace(shown, ratio_remedy=remedy)
    if not bootstraps:
        return result
    drawn = _bootstrapped(who, model, beta, bootstraps, shown)
    failed = bootstraps - len(drawn)
    result = replace(result, bootstraps=len(drawn), bootstraps_failed=failed)
    if failed > MOST_FAILED * bootstraps:
        why = f"{failed} of {bootstraps} bootstraps have no result: the weights hang on too few patients. "
        return replace(result, status=Status.TOO_FEW, remedy=why + "Shorten the grace period or the horizon.")
    tails = [(1 - shown.level) / 2, (1 + shown.level) / 2]
    differences = np.array([c.risk_difference for c in drawn])
    ratios = np.array([c.hazard_ratio for c in drawn if c.hazard_ratio is not None])
    low, high = np.quantile(differences, tails).tolist()
    ratio_low, ratio_high = (None, None) if is_few or not len(ratios) else np.quantile(ratios, tails).tolist()
    se = float(differences.std(ddof=1)) if len(drawn) > 1 else None
    return replace(result, se=se, lower=low, upper=high, ratio_lower=ratio_low, ratio_upper=ratio_high)


def _bootstrapped(
    who: Clones, model: TreatmentModel | None, beta: Floats | None, bootstraps: int, shown: CloneWeights
) -> list[CloneContrast]:
    """Contrasts of persons drawn with replacement, as multiplicities; draws without a result are left out."""
    rng = np.random.Generator(np.random.Philox(key=shown.seed))
    place = np.flatnonzero(who.entered)
    found = []
    for _ in range(bootstraps):
        times = np.zeros(len(who.entered))
        times[place] = rng.multinomial(len(place), np.full(len(place), 1 / len(place)))
        if times @ who.missed > 0 and times @ who.on_last == 0:
            continue  # nobody stands for those who waited
        try:
            share = daily_shares(who, times) if model is None else model.shares(times, beta)[0]
        except NoLogisticMaximum:
            continue
        contrast, reached = _contrast(who, control_weights(who, share), treatment_weights(who, share), times)
        if reached >= shown.horizon:
            found.append(contrast)
    return found
