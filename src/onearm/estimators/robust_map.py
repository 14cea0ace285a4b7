"""Robust meta-analytic-predictive prior for a control risk (Neuenschwander 2010; Schmidli 2014), by quadrature.

y_k ~ Bin(n_k, theta_k), logit theta_k ~ N(mu, tau^2), mu ~ N(0, s_mu^2), tau ~ half-normal(s_tau). Every integral over
logit theta is a Gaussian convolution on one grid, done in the frequency domain; tau by Gauss-Legendre. No chains, no
seed. A fixed discount: without concurrent controls borrowing cannot adapt.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onearm.results.status import Status

Floats = NDArray[np.float64]

TAU_NODES = 96
FINEST = 2**15  # points of the logit grid at most: enough for a cohort of some 100,000


@dataclass(frozen=True, slots=True)
class Spread:
    """A distribution in four numbers."""

    mean: float
    sd: float
    median: float
    lower: float  # 2.5 %
    upper: float  # 97.5 %


@dataclass(frozen=True, slots=True)
class RobustMap:
    """Predictive prior of a new control risk, its robust mixture, and both after the new data."""

    prior: Spread | None = None  # MAP prior of the new control risk
    tau: Spread | None = None  # between-cohort sd on the logit, posterior
    effective_n: float | None = None  # moment effective sample size: mean (1 - mean) / var - 1
    robust_prior: Spread | None = None  # (1 - w) MAP + w Beta(1, 1)
    posterior: Spread | None = None  # MAP after the new controls; the prior itself without any
    robust_posterior: Spread | None = None
    weight_after: float | None = None  # posterior weight of Beta(1, 1) in the robust mixture
    p_fewer: float | None = None  # Pr(theta_treated < theta_control), MAP; None without treated patients
    robust_p_fewer: float | None = None  # the same, robust
    cohorts: int = 0
    s_mu: float = 1.5
    s_tau: float = 0.5
    weight: float = 0.2  # w
    method: str = "robust MAP by quadrature, equal-tailed 95 % intervals"
    assumptions: tuple[str, ...] = (
        "the new control risk is exchangeable with those of the cohorts",
        "fixed discount: borrowing does not learn from the treated",
    )
    status: Status = Status.OK
    remedy: str = ""

    @property
    def estimate(self) -> float | None:
        """Mean of the robust posterior of the control risk; None exactly when status is not OK."""
        return self.robust_posterior.mean if self.robust_posterior is not None and self.status is Status.OK else None


def robust_map(
    events: tuple[int, ...],
    n: tuple[int, ...],
    *,
    new_events: int = 0,
    new_n: int = 0,
    treated_events: int | None = None,
    treated_n: int | None = None,
    treated_beta: tuple[float, float] = (1.0, 1.0),
    s_mu: float = 1.5,
    s_tau: float = 0.5,
    weight: float = 0.2,
) -> RobustMap:
    """Control risk from `events` of `n` in earlier cohorts and `new_events` of `new_n` concurrent controls.

    `treated_beta` is the prior of the treated risk. Raises ValueError for counts or settings that cannot be.
    """
    _require(events, n, new_events, new_n, treated_events, treated_n, s_mu, s_tau, weight)
    settings = {"cohorts": len(n), "s_mu": s_mu, "s_tau": s_tau, "weight": weight}
    if len(n) < 2:
        status = Status.TOO_FEW if n else Status.NO_PATIENTS
        remedy = "Spread between cohorts cannot be learnt from one: use power_prior, or add cohorts."
        return RobustMap(**settings, status=status, remedy=remedy)  # type: ignore[arg-type]  # dict of mixed numbers
    x, density, tau, tau_mass = map_prior(
        np.array(events), np.array(n), s_mu=s_mu, s_tau=s_tau, new=(new_events, new_n)
    )
    mass = density * (x[1] - x[0])
    robust = robust_mixture(x, density, weight)
    likelihood = _likelihood(x, np.array([new_events]), np.array([new_n]))[0]
    after, robust_after = (_normalised(m * likelihood) for m in (mass, robust))
    flat_evidence = float(np.sum(_uniform_mass(x) * likelihood))
    below: tuple[float | None, float | None] = (None, None)
    if treated_n is not None and treated_events is not None:
        a, b = treated_beta[0] + treated_events, treated_beta[1] + treated_n - treated_events
        below = probability_fewer(a, b, x, after), probability_fewer(a, b, x, robust_after)
    prior = _spread(x, mass)
    return RobustMap(
        prior=prior,
        tau=_tau_spread(tau, tau_mass),
        effective_n=prior.mean * (1 - prior.mean) / prior.sd**2 - 1,
        robust_prior=_spread(x, robust),
        posterior=_spread(x, after),
        robust_posterior=_spread(x, robust_after),
        weight_after=weight * flat_evidence / float(np.sum(robust * likelihood)),
        p_fewer=below[0],
        robust_p_fewer=below[1],
        **settings,  # type: ignore[arg-type]  # dict of mixed numbers
    )


def _require(
    events: tuple[int, ...],
    n: tuple[int, ...],
    new_events: int,
    new_n: int,
    treated_events: int | None,
    treated_n: int | None,
    s_mu: float,
    s_tau: float,
    weight: float,
) -> None:
    if len(events) != len(n):
        raise ValueError(f"{len(events)} event counts for {len(n)} cohorts")
    pairs = [*zip(events, n, strict=True), (new_events, new_n)]
    if (treated_events is None) != (treated_n is None):
        raise ValueError("give both treated_events and treated_n, or neither")
    if treated_events is not None and treated_n is not None:
        pairs.append((treated_events, treated_n))
    wrong = [f"{x}/{k}" for x, k in pairs if not 0 <= x <= k]
    if wrong or any(k < 1 for k in n):
        raise ValueError(f"counts outside 0..n or an empty cohort: {', '.join(wrong) or 'n = 0'}")
    if s_mu <= 0 or s_tau <= 0 or not 0 <= weight <= 1:
        raise ValueError(f"need s_mu > 0, s_tau > 0 and 0 <= weight <= 1, got {s_mu}, {s_tau}, {weight}")


def map_prior(
    events: NDArray[np.int64],
    n: NDArray[np.int64],
    *,
    s_mu: float,
    s_tau: float,
    new: tuple[int, int] = (0, 0),
) -> tuple[Floats, Floats, Floats, Floats]:
    """MAP prior of logit theta (grid, density) and posterior of tau (nodes, masses).

    `new`: events and n the grid must also be fine enough for. `events`, `n` have shape (cohorts,).
    """
    node, gauss = np.polynomial.legendre.leggauss(TAU_NODES)
    tau, tau_weight = 2.5 * s_tau * (node + 1), gauss * np.exp(-0.5 * (2.5 * (node + 1)) ** 2)  # tau in 0..5 s_tau
    x = _grid(np.append(events, new[0]), np.append(n, new[1]), s_mu, s_tau)
    frequency = 2 * np.pi * np.fft.rfftfreq(len(x), x[1] - x[0])
    blur = np.exp(-0.5 * np.outer(tau**2, frequency**2))  # Fourier transform of N(0, tau^2)
    each = np.fft.rfft(_likelihood(x, events, n))
    log_joint = np.tile(-0.5 * (x / s_mu) ** 2, (len(tau), 1))
    for cohort in each:  # likelihood of (mu, tau): theta_k integrated out
        log_joint += np.log(np.maximum(np.fft.irfft(blur * cohort, len(x)), 1e-300))
    joint = np.exp(log_joint - log_joint.max()) * tau_weight[:, None]
    joint /= joint.sum()
    density = np.fft.irfft((np.fft.rfft(joint) * blur).sum(0), len(x)) / (x[1] - x[0])
    return x, np.maximum(density, 0.0), tau, joint.sum(1)


def _grid(events: NDArray[np.int64], n: NDArray[np.int64], s_mu: float, s_tau: float) -> Floats:
    """Logit grid, fine enough for the sharpest likelihood, wide enough that the ends do not meet through the FFT."""
    from scipy.fft import next_fast_len

    half = 6 * s_mu + 25 * s_tau + 5
    sharpest = float(np.min(np.sqrt(1 / (events + 0.5) + 1 / (n - events + 0.5))))
    points = min(FINEST, int(np.ceil(2 * half / min(0.05, sharpest / 2))))
    size = next_fast_len(points, real=True)
    return np.asarray((np.arange(size) - size / 2) * (2 * half / size), dtype=np.float64)


def _likelihood(x: Floats, events: NDArray[np.int64], n: NDArray[np.int64]) -> Floats:
    """Binomial likelihood on the logit grid, largest value 1 in each row; shape (cohorts, points)."""
    log_p, log_q = -np.logaddexp(0, -x), -np.logaddexp(0, x)
    value = events[:, None] * log_p + (n - events)[:, None] * log_q
    return np.asarray(np.exp(value - value.max(1, keepdims=True)), dtype=np.float64)


def robust_mixture(x: Floats, density: Floats, weight: float) -> Floats:
    """Masses of (1 - weight) MAP + weight Beta(1, 1) on the logit grid of `map_prior`."""
    return np.asarray((1 - weight) * density * (x[1] - x[0]) + weight * _uniform_mass(x), dtype=np.float64)


def _uniform_mass(x: Floats) -> Floats:
    """Beta(1, 1) on the logit grid."""
    return np.asarray(np.exp(-np.logaddexp(0, x) - np.logaddexp(0, -x)) * (x[1] - x[0]), dtype=np.float64)


def _normalised(mass: Floats) -> Floats:
    return np.asarray(mass / mass.sum())


def _spread(x: Floats, mass: Floats) -> Spread:
    """Of the risk, from masses on the logit grid."""
    mass = _normalised(mass)
    value = 1 / (1 + np.exp(-x))
    mean = float(np.sum(mass * value))
    sd = float(np.sqrt(np.sum(mass * (value - mean) ** 2)))
    cumulative = np.cumsum(mass) - mass / 2  # half of a node's own mass lies below it
    median, lower, upper = (float(1 / (1 + np.exp(-q))) for q in np.interp([0.5, 0.025, 0.975], cumulative, x))
    return Spread(mean, sd, median, lower, upper)


def _tau_spread(tau: Floats, mass: Floats) -> Spread:
    """Quantiles from the Legendre series of the density through the nodes, integrated term by term."""
    legendre = np.polynomial.legendre
    node, _ = legendre.leggauss(TAU_NODES)
    series = (np.arange(TAU_NODES) + 0.5) * (legendre.legvander(node, TAU_NODES - 1).T @ mass)
    fine = np.linspace(-1, 1, 4001)
    cumulative = legendre.legval(fine, legendre.legint(series, lbnd=-1))
    at = (fine + 1) / 2 * (tau[0] + tau[-1])  # nodes are symmetric: 0 .. 5 s_tau
    mean = float(np.sum(mass * tau))
    sd = float(np.sqrt(np.sum(mass * (tau - mean) ** 2)))
    median, lower, upper = np.interp([0.5, 0.025, 0.975], np.maximum.accumulate(cumulative), at)
    return Spread(mean, sd, float(median), float(lower), float(upper))


def probability_fewer(a: float, b: float, x: Floats, mass: Floats) -> float:
    """Pr(theta_t < theta_c) for theta_t ~ Beta(a, b) and logit theta_c with `mass` on the grid `x`."""
    from scipy.special import betainc

    return float(np.sum(betainc(a, b, 1 / (1 + np.exp(-x))) * mass))
