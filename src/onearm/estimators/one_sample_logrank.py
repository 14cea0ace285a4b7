"""One-sample log-rank test (Breslow 1975): deaths of the treated against the untreated hazards of the same days.

The expected number rests on hazards with an error of their own. Below 100 untreated deaths it is added: the expected
number is a gamma variable with that variance, so the count is negative binomial (Poisson-gamma). With one day this is
the exact conditional test of two Poisson rates; over many days the limits are those of Fay and Feuer (1997).
"""

from dataclasses import dataclass, replace
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from onearm.cohort.analysis_set import AnalysisSet
from onearm.estimators.follow_up import NO_TREATED, TreatedFollowUp, misaligned_remedy, treated_follow_up
from onearm.estimators.untreated_hazard import UntreatedHazard, untreated_hazard
from onearm.results.status import Status

FEWEST_TREATED = 8  # below it the numbers are described and no claim is made
ENOUGH_DEATHS = 100  # untreated deaths from which the hazards count as known
BIAS_MEAN = 0.14  # log hazard ratio by which external controls favoured the treatment: PMC11947839, oncology
BIAS_SD = 0.30
SAME_CLOCK = (
    "The hazards count days from treatment and the patients days from day zero: fit them with untreated_hazard."
)
NOBODY_DIED = "No untreated death on the days the treated were followed: add similar cases or a longer horizon."
ASSUMPTIONS = (
    "the treated would have died at the untreated hazards of the same days",
    "open patients have the future of those still followed",
    "one hazard per day for everybody: no covariates",
    "external-control bias in log HR as in 15 oncology emulations, not intensive care",
)


@dataclass(frozen=True, slots=True)
class OneSampleLogrank:
    """Deaths observed and expected on the treated days, and their ratio."""

    observed: int = 0  # O
    expected: float | None = None  # E, sum of the death hazards; None when it cannot be had
    ratio: float | None = None  # O / E, the standardised mortality ratio; below 1: fewer deaths than untreated
    lower: float | None = None  # two-sided
    upper: float | None = None
    p: float | None = None  # P(count <= O) at ratio 1, one-sided for benefit
    mid_p: float | None = None  # P(< O) + P(= O)/2
    variance_added: float = 0.0  # of E, from the hazards; 0: taken as known
    p_fewer: float | None = None  # Pr(HR < 1) after the usual bias of external controls
    bias: tuple[float, float] = (BIAS_MEAN, BIAS_SD)  # mean and SD of that bias in log HR
    n_treated: int = 0
    treated_days: int = 0  # days that the expected number sums over
    untreated_deaths: int = 0  # behind the hazards
    level: float = 0.95
    same_day: str = "index"  # "after": no hazard is charged on day Z, deaths of that day still count
    method: str = ""
    assumptions: tuple[str, ...] = ASSUMPTIONS
    status: Status = Status.OK
    remedy: str = ""

    @property
    def estimate(self) -> float | None:
        """O / E; None exactly when status is not OK (the ratio itself may still be reported)."""
        return self.ratio if self.status is Status.OK else None


def one_sample_logrank(
    data: AnalysisSet,
    *,
    hazard: UntreatedHazard | None = None,
    level: float = 0.95,
    enough_deaths: int = ENOUGH_DEATHS,
) -> OneSampleLogrank:
    """Treated days Z..C, C the last day at risk and at most Z+h, against `hazard` (fitted on `data` unless given)."""
    who = treated_follow_up(data)
    empty = OneSampleLogrank(n_treated=len(who.row), level=level, same_day=data.same_day, method=_method(0.0))
    if not len(who.row):
        return replace(empty, status=Status.NO_PATIENTS, remedy=NO_TREATED)
    if who.misaligned:
        return replace(empty, status=Status.REFUSED, remedy=misaligned_remedy(who.misaligned))
    hazard = untreated_hazard(data) if hazard is None else hazard
    empty = replace(empty, observed=int(who.died.sum()), untreated_deaths=sum(hazard.deaths))
    if hazard.status is not Status.OK:
        return replace(empty, status=hazard.status, remedy=hazard.remedy)
    if hazard.clock != "day_zero":
        return replace(empty, status=Status.REFUSED, remedy=SAME_CLOCK)
    last = np.minimum(who.end, who.start + who.horizon)
    beyond = int(np.sum(last > hazard.last_day))
    if beyond:
        remedy = (
            f"Nobody untreated is at risk after day {hazard.last_day}; treated followed longer: {beyond}, to day "
            f"{int(last.max())}. Shorten the horizon or add similar cases."
        )
        return replace(empty, status=Status.REFUSED, remedy=remedy)
    times = _days_at_risk(who, last, hazard.last_day + 1, skip_first=data.same_day == "after")
    weights, deaths = hazard.death_weights(times), np.array(hazard.deaths)
    known = empty.untreated_deaths >= enough_deaths
    result = mortality_ratio(
        empty.observed,
        float(weights @ deaths),
        variance=0.0 if known else float(weights**2 @ deaths),
        largest_weight=0.0 if known else float(weights.max()),
        level=level,
    )
    result = replace(
        result,
        n_treated=empty.n_treated,
        treated_days=int(times.sum()),
        untreated_deaths=empty.untreated_deaths,
        same_day=data.same_day,
    )
    if result.status is Status.OK and result.n_treated < FEWEST_TREATED:
        remedy = f"{result.n_treated} treated: describe, without a claim; a claim needs {FEWEST_TREATED}."
        return replace(result, status=Status.TOO_FEW, remedy=remedy)
    return result


def mortality_ratio(
    observed: int, expected: float, *, variance: float = 0.0, largest_weight: float = 0.0, level: float = 0.95
) -> OneSampleLogrank:
    """The result from counts; `variance` of `expected`, `largest_weight` the most that one untreated death adds to it.

    Raises ValueError for counts that cannot be.
    """
    if observed < 0 or expected < 0 or variance < 0 or largest_weight < 0 or not 0 < level < 1:
        raise ValueError(f"observed {observed}, expected {expected}, variance {variance}, level {level} cannot be")
    result = OneSampleLogrank(observed=observed, expected=expected, level=level, method=_method(variance))
    if expected == 0:
        return replace(result, status=Status.NO_EVENTS, remedy=NOBODY_DIED)
    at_most, below = (at_most_p(k, expected, variance) for k in (observed, observed - 1))
    lower, upper = ratio_limits(observed, expected, variance=variance, largest_weight=largest_weight, level=level)
    return replace(
        result,
        ratio=observed / expected,
        lower=lower,
        upper=upper,
        p=at_most,
        mid_p=(at_most + below) / 2,
        variance_added=variance,
        p_fewer=probability_of_fewer(observed, expected),
    )


def at_most_p(count: int, expected: float, variance: float = 0.0) -> float:
    """P(N <= count): N Poisson with mean `expected`, itself gamma with `variance` when that is above 0."""
    from scipy.special import betainc, pdtr  # loaded on use; not scipy.stats

    if count < 0:
        return 0.0
    if variance == 0:
        return float(pdtr(count, expected))
    shape = expected**2 / variance
    return float(betainc(shape, count + 1, shape / (shape + expected)))


def ratio_limits(
    observed: int, expected: float, *, variance: float = 0.0, largest_weight: float = 0.0, level: float = 0.95
) -> tuple[float, float]:
    """Ratios at which the count is just not too many and not too few, (1 - level)/2 in each tail.

    With `variance` the lower limit lets one more untreated death fall on the day where it weighs most.
    """
    from scipy.special import betaincinv, gammainccinv, gammaincinv

    tail = (1 - level) / 2
    if variance == 0:
        lower = float(gammaincinv(observed, tail)) / expected if observed else 0.0
        return lower, float(gammainccinv(observed + 1, tail)) / expected
    rate = expected / variance  # of the gamma
    q = float(betaincinv(rate * expected, observed + 1, tail))
    upper = rate * (1 - q) / q
    if not observed:
        return 0.0, upper
    more, spread = expected + largest_weight, variance + largest_weight**2
    odds = float(betaincinv(observed, more**2 / spread, tail))
    return more / spread * odds / (1 - odds), upper


def probability_of_fewer(observed: int, expected: float, *, bias: tuple[float, float] = (BIAS_MEAN, BIAS_SD)) -> float:
    """Pr(HR < 1) when external controls favour the treatment by `bias` (mean, SD) in log HR; flat prior of the HR."""
    from scipy.special import ndtr

    centre = log((observed + 0.5) / (expected + 0.5)) + bias[0]
    return float(ndtr(-centre / sqrt(1 / (observed + 0.5) + bias[1] ** 2)))


def _days_at_risk(who: TreatedFollowUp, last: NDArray[np.int64], days: int, *, skip_first: bool) -> NDArray[np.int64]:
    """Treated at risk on each day, shape (days,)."""
    first = who.start + skip_first
    steps = np.bincount(first, minlength=days + 1) - np.bincount(last + 1, minlength=days + 1)
    return np.asarray(steps.cumsum()[:days], dtype=np.int64)


def _method(variance: float) -> str:
    kind = "Poisson-gamma, variance of the hazards added" if variance else "exact Poisson, hazards taken as known"
    return f"one-sample log-rank, {kind}, index day Z: events on Z..Z+h"
