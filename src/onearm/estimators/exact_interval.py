"""Exact binomial interval for one group (Clopper and Pearson 1934), so far and in the worst case.

By name also: mid-p (Lancaster 1961), Blaker (2000, Can J Stat), Wilson (1927), Jeffreys (Brown, Cai and DasGupta 2001).
"""

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from onearm.estimators.follow_up import NO_TREATED, misaligned_remedy, treated_follow_up
from onearm.results.status import Status

if TYPE_CHECKING:
    from onearm.cohort.analysis_set import AnalysisSet

ASSUMPTIONS = ("patients independent, each with the same risk",)


@dataclass(frozen=True, slots=True)
class Share:
    """A proportion with its interval."""

    events: int
    n: int
    estimate: float
    lower: float  # two-sided, at the level of the result
    upper: float
    upper_one_sided: float  # Clopper-Pearson, one-sided at the same level: the headline when events = 0


@dataclass(frozen=True, slots=True)
class ExactInterval:
    """Share with the event by its horizon, and if every unresolved patient had it."""

    so_far: Share | None = None  # events / n: not a risk while someone is unresolved; None when status is not OK
    worst_case: Share | None = None  # (events + unresolved) / n; always shown beside so_far
    resolved_only: Share | None = None  # events / (n - unresolved); None when nobody is resolved
    level: float = 0.95  # confidence level
    method: str = "clopper_pearson"  # key of METHODS
    events: int = 0
    n: int = 0  # everyone at risk at time zero
    unresolved: int = 0  # of n, unknown at the horizon
    assumptions: tuple[str, ...] = ASSUMPTIONS
    status: Status = Status.OK
    remedy: str = ""

    @property
    def estimate(self) -> float | None:
        """Share so far; None exactly when status is not OK."""
        return self.so_far.estimate if self.so_far is not None and self.status is Status.OK else None


def exact_interval(data: "AnalysisSet", *, level: float = 0.95, method: str = "clopper_pearson") -> ExactInterval:
    """Treated patients dead on Z..Z+H; unresolved = open before Z+H, whatever the data lock."""
    treated = treated_follow_up(data)
    if treated.misaligned:
        return ExactInterval(
            level=level, method=method, status=Status.REFUSED, remedy=misaligned_remedy(treated.misaligned)
        )
    last = treated.start + data.horizon
    died = int(np.sum((treated.event == 1) & (treated.end <= last)))
    unresolved = int(np.sum((treated.event == 0) & (treated.end < last)))
    return exact_share(died, len(treated.person), unresolved, level=level, method=method)


def exact_share(
    events: int, n: int, unresolved: int = 0, *, level: float = 0.95, method: str = "clopper_pearson"
) -> ExactInterval:
    """The result from counts. Raises ValueError when the counts contradict each other."""
    if n == 0:
        return ExactInterval(level=level, method=method, status=Status.NO_PATIENTS, remedy=NO_TREATED)
    if unresolved < 0 or events + unresolved > n:
        raise ValueError(f"{events} events and {unresolved} unresolved do not fit into {n} patients")
    known = n - unresolved
    return ExactInterval(
        so_far=share(events, n, level=level, method=method),
        worst_case=share(events + unresolved, n, level=level, method=method),
        resolved_only=share(events, known, level=level, method=method) if known else None,
        level=level,
        method=method,
        events=events,
        n=n,
        unresolved=unresolved,
    )


def share(events: int, n: int, *, level: float = 0.95, method: str = "clopper_pearson") -> Share:
    """events / n with the interval of that name. Raises ValueError for n < 1, events outside 0..n, or a wrong name."""
    return Share(events, n, events / n, *interval(events, n, level, method), one_sided_upper(events, n, level))


def interval(events: int, n: int, level: float = 0.95, method: str = "clopper_pearson") -> tuple[float, float]:
    """Two-sided interval by name; raises ValueError naming what would be valid."""
    if method not in METHODS:
        raise ValueError(f"method {method!r} is none of {', '.join(METHODS)}")
    return METHODS[method](events, n, level)


def _require(events: int, n: int, level: float) -> None:
    if n < 1 or not 0 <= events <= n:
        raise ValueError(f"events {events} of n {n}: give n >= 1 and 0 <= events <= n")
    if not 0 < level < 1:
        raise ValueError(f"level {level}: give a number between 0 and 1, such as 0.95")


def clopper_pearson(events: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Both exact tails at (1 - level)/2, by inverse incomplete beta."""
    from scipy.special import betaincinv  # loaded on use; not scipy.stats

    _require(events, n, level)
    tail = (1 - level) / 2
    lower = 0.0 if events == 0 else float(betaincinv(events, n - events + 1, tail))
    upper = 1.0 if events == n else float(betaincinv(events + 1, n - events, 1 - tail))
    return lower, upper


def one_sided_upper(events: int, n: int, level: float = 0.95) -> float:
    """Exact upper bound with all of 1 - level in one tail; 1 - (1 - level)^(1/n) when nobody had the event."""
    from scipy.special import betaincinv

    _require(events, n, level)
    return 1.0 if events == n else float(betaincinv(events + 1, n - events, level))


def mid_p(events: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Clopper-Pearson with half of the observed point's mass in each tail. Can cover less than level."""
    from scipy.optimize import brentq
    from scipy.special import bdtr

    _require(events, n, level)
    tail = (1 - level) / 2

    def mass_below(k: int, p: float) -> float:  # P(X <= k)
        return 0.0 if k < 0 else float(bdtr(k, n, p))

    def low_tail(p: float) -> float:
        return (mass_below(events, p) + mass_below(events - 1, p)) / 2

    lower = 0.0 if events == 0 else float(brentq(lambda p: 1 - low_tail(p) - tail, 0, events / n, xtol=1e-14))
    upper = 1.0 if events == n else float(brentq(lambda p: low_tail(p) - tail, events / n, 1, xtol=1e-14))
    return lower, upper


def wilson(events: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Score interval without continuity correction."""
    from scipy.special import ndtri

    _require(events, n, level)
    z = float(ndtri((1 + level) / 2))
    centre = (events + z * z / 2) / (n + z * z)
    half = z * sqrt(events * (n - events) / n + z * z / 4) / (n + z * z)
    return (0.0 if events == 0 else centre - half), (1.0 if events == n else centre + half)


def jeffreys(events: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Equal-tailed interval of Beta(events + 1/2, n - events + 1/2); 0 at events = 0 and 1 at events = n."""
    from scipy.special import betaincinv

    _require(events, n, level)
    tail, a, b = (1 - level) / 2, events + 0.5, n - events + 0.5
    lower = 0.0 if events == 0 else float(betaincinv(a, b, tail))
    upper = 1.0 if events == n else float(betaincinv(a, b, 1 - tail))
    return lower, upper


def blaker(events: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Exact, inside Clopper-Pearson: scan inwards from its ends for the first acceptable risk, then bisect."""
    _require(events, n, level)
    low, high = clopper_pearson(events, n, level)
    lower = 0.0 if events == 0 else _first_acceptable(low, events / n, events, n, level)
    upper = 1.0 if events == n else _first_acceptable(high, events / n, events, n, level)
    return lower, upper


def _first_acceptable(outside: float, inside: float, events: int, n: int, level: float) -> float:
    grid = np.linspace(outside, inside, 5001)  # acceptability jumps: a step stays below 0.02 points before bisection
    accepted = _acceptability(grid, events, n) > 1 - level
    k = int(np.argmax(accepted))
    if k == 0:
        return float(grid[0])
    bad, good = float(grid[k - 1]), float(grid[k])
    for _ in range(40):
        middle = (bad + good) / 2
        if _acceptability(np.array([middle]), events, n)[0] > 1 - level:
            good = middle
        else:
            bad = middle
    return good


def _acceptability(p: NDArray[np.float64], events: int, n: int) -> NDArray[np.float64]:
    """Blaker's alpha(x, p): the smaller tail of x plus the largest opposite tail not above it."""
    return np.minimum(1.0, np.minimum(_with_opposite(events, n, p), _with_opposite(n - events, n, 1 - p)))


def _with_opposite(events: int, n: int, p: NDArray[np.float64]) -> NDArray[np.float64]:
    """P(X >= events) plus the largest P(X <= y) that does not exceed it."""
    from scipy.special import bdtr, bdtrc

    tail = np.ones_like(p) if events == 0 else bdtrc(events - 1, n, p)
    low, high = np.full(len(p), -1), np.full(len(p), n)  # P(X <= low) <= tail < P(X <= high + 1), by bisection
    slack = tail * (1 + 1e-9)
    while np.any(high > low):
        middle = (low + high + 1) // 2
        fits = bdtr(middle, n, p) <= slack
        low, high = np.where(fits, middle, low), np.where(fits, high, middle - 1)
    return tail + np.where(low < 0, 0.0, bdtr(np.maximum(low, 0), n, p))


METHODS = {
    "clopper_pearson": clopper_pearson,
    "mid_p": mid_p,
    "blaker": blaker,
    "wilson": wilson,
    "jeffreys": jeffreys,
}
