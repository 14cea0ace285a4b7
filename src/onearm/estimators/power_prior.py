"""One published cohort as a prior for the control risk, discounted by fixed powers (Ibrahim and Chen 2000).

theta_c ~ Beta(a + d y0, b + d (n0 - y0)) for every d of DISCOUNTS, always shown as a sweep. The probability that the
treated risk is the smaller is a trapezoid sum over the logit, exact to rounding. d is never estimated.
"""

from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from onearm.results.status import Status

DISCOUNTS = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
MIDDLE = 0.5

CANNOT_ADAPT = (
    "Borrowing cannot adapt without concurrent controls: the treated say nothing about the control risk, so nothing "
    "here can tell how far to trust the cohort. Read the whole sweep of fixed discounts."
)
NO_COHORT = "Give the deaths and the patients of one published cohort."


@dataclass(frozen=True, slots=True)
class Discounted:
    """The control risk when each patient of the cohort counts as `discount` of a patient."""

    discount: float  # d
    mean: float
    lower: float  # 2.5 %
    upper: float  # 97.5 %
    effective_n: float  # a + b + d n0
    p_fewer: float | None = None  # Pr(theta_treated < theta_control); None without treated patients


@dataclass(frozen=True, slots=True)
class PowerPrior:
    """The sweep over DISCOUNTS. One row of it is never a result alone."""

    sweep: tuple[Discounted, ...] = ()  # one row for each of DISCOUNTS, ascending; empty when status is not OK
    events: int = 0  # y0
    n: int = 0  # n0
    treated_events: int | None = None
    treated_n: int | None = None
    prior: tuple[float, float] = (1.0, 1.0)  # a, b
    treated_beta: tuple[float, float] = (1.0, 1.0)  # prior of the treated risk
    method: str = "power prior at fixed discounts, equal-tailed 95 % intervals, probability by quadrature"
    assumptions: tuple[str, ...] = (
        "the new control risk is that of the cohort, but for the discount",
        "fixed discounts: borrowing does not learn from the treated",
    )
    status: Status = Status.OK
    remedy: str = ""

    @property
    def estimate(self) -> float | None:
        """Mean control risk at the middle discount; None exactly when status is not OK."""
        return next((row.mean for row in self.sweep if row.discount == MIDDLE), None)


def power_prior(
    events: int,
    n: int,
    *,
    treated_events: int | None = None,
    treated_n: int | None = None,
    prior: tuple[float, float] = (1.0, 1.0),
    treated_beta: tuple[float, float] = (1.0, 1.0),
    discount: str = "sweep",
) -> PowerPrior:
    """Control risk from `events` of `n` in one earlier cohort, and the chance that the treated risk is the smaller.

    `discount` takes only "sweep": a request to estimate it ("dynamic", "commensurate", "elastic", "empirical") is
    refused. Raises ValueError for counts or priors that cannot be.
    """
    _require(events, n, treated_events, treated_n, prior, treated_beta)
    status, remedy = Status.OK, ""
    if n == 0:
        status, remedy = Status.NO_PATIENTS, NO_COHORT
    elif discount != "sweep":
        status, remedy = Status.REFUSED, f'The discount is not set by "{discount}". {CANNOT_ADAPT}'
    treated = None
    if treated_n and treated_events is not None:
        treated = treated_beta[0] + treated_events, treated_beta[1] + treated_n - treated_events
    rows = (_discounted(d, events, n, prior, treated) for d in DISCOUNTS)
    return PowerPrior(
        sweep=tuple(rows) if status is Status.OK else (),
        events=events,
        n=n,
        treated_events=treated_events,
        treated_n=treated_n,
        prior=prior,
        treated_beta=treated_beta,
        status=status,
        remedy=remedy,
    )


def _require(
    events: int,
    n: int,
    treated_events: int | None,
    treated_n: int | None,
    prior: tuple[float, float],
    treated_beta: tuple[float, float],
) -> None:
    if (treated_events is None) != (treated_n is None):
        raise ValueError("give both treated_events and treated_n, or neither")
    for who, x, k in (("cohort", events, n), ("treated", treated_events or 0, treated_n or 0)):
        if not 0 <= x <= k:
            raise ValueError(f"{who}: {x} events do not fit into {k} patients")
    if min(*prior, *treated_beta) <= 0:
        raise ValueError(f"prior {prior} and treated_beta {treated_beta}: both numbers of a Beta must be above 0")


def _discounted(
    discount: float, events: int, n: int, prior: tuple[float, float], treated: tuple[float, float] | None
) -> Discounted:
    from scipy.special import betaincinv  # loaded on use; not scipy.stats

    a, b = prior[0] + discount * events, prior[1] + discount * (n - events)
    lower, upper = (float(betaincinv(a, b, tail)) for tail in (0.025, 0.975))
    p_fewer = None if treated is None else probability_below(treated, (a, b))
    return Discounted(discount, a / (a + b), lower, upper, a + b, p_fewer)


def probability_below(first: tuple[float, float], second: tuple[float, float]) -> float:
    """Pr(X < Y) for independent X ~ Beta(first) and Y ~ Beta(second)."""
    from scipy.special import betainc, betaincc

    (a, b), (c, d) = first, second
    sd = sqrt(1 / c + 1 / d)  # of logit Y, roughly
    step = min(0.25, sd / 3, sqrt(1 / a + 1 / b) / 3)
    middle = log(c / d)  # the tails of logit Y fall as exp(c x) and exp(-d x)
    x = np.arange(middle - 12 * sd - 40 / c, middle + 12 * sd + 40 / d, step)
    tail = 1 / (1 + np.exp(np.abs(x)))  # from the nearer end: near 1 a risk would lose its digits
    below = np.where(x <= 0, betainc(a, b, tail), betaincc(b, a, tail))
    return min(1.0, float(np.sum(below * _logit_mass(c, d, x))))


def _logit_mass(a: float, b: float, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Beta(a, b) on a grid of the logit, summing to 1."""
    log_mass = -a * np.logaddexp(0, -x) - b * np.logaddexp(0, x)
    mass = np.exp(log_mass - log_mass.max())
    return np.asarray(mass / mass.sum())
