"""Cox partial likelihood on counting-process rows (Andersen and Gill 1982), in plain arrays.

Ties: Efron (1977) or Breslow (1974). Penalty: Firth (1993), for Cox Heinze and Schemper (Biometrics 2001;57:114),
1/2 log|I|, with profile penalised-likelihood intervals. Sums per day by cumulative sums over sorted rows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ties = Literal["efron", "breslow"]

STEPS = 60
FARTHEST = 25.0  # log hazard ratio: beyond it the likelihood has no maximum for any practical purpose


class NoMaximum(ValueError):
    """The likelihood has no finite maximum: a covariate separates the events, or carries no information."""


@dataclass(frozen=True, slots=True, eq=False)
class CoxFit:
    """Maximum of the (penalised) partial likelihood."""

    beta: Floats  # log hazard ratios, shape (p,)
    covariance: Floats  # inverse information, shape (p, p)
    log_likelihood: float  # at beta, penalty included under Firth
    log_likelihood_null: float  # at zero, penalty included under Firth


@dataclass(frozen=True, slots=True, eq=False)
class PartialLikelihood:
    """Rows at risk on (start, stop], event at stop; `x` has shape (rows, p). Start and stop in any whole ticks."""

    start: Floats
    stop: Floats
    event: NDArray[np.bool_]
    x: Floats
    ties: Ties = "efron"
    firth: bool = False

    def value(self, beta: Floats) -> tuple[float, Floats, Floats]:
        """Log-likelihood, score and information at `beta`, the score with the Firth term when asked."""
        weight = np.exp(self.x @ beta)
        powers = self._powers(weight)
        times, index = np.unique(self.stop[self.event], return_inverse=True)
        count = np.bincount(index, minlength=len(times))
        risk = [self._at_risk(q, times) for q in powers]
        dead = [np.zeros((len(times), *q.shape[1:])) for q in powers]
        for sums, q in zip(dead, powers, strict=True):
            np.add.at(sums, index, q[self.event])
        which = np.repeat(np.arange(len(times)), count)
        place = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
        share = place / count[which] if self.ties == "efron" else np.zeros(len(which))
        s = [r[which] - share.reshape(-1, *(1,) * (r.ndim - 1)) * d[which] for r, d in zip(risk, dead, strict=True)]
        mean = s[1] / s[0][:, None]
        second = s[2] / s[0][:, None, None]
        information = (second - mean[:, :, None] * mean[:, None, :]).sum(0)
        log_likelihood = float((self.x[self.event] @ beta).sum() - np.log(s[0]).sum())
        score = self.x[self.event].sum(0) - mean.sum(0)
        if self.firth:
            sign, log_det = np.linalg.slogdet(information)
            if sign <= 0:
                raise NoMaximum("no information on a covariate")
            log_likelihood += 0.5 * float(log_det)
            score = score + 0.5 * np.einsum("jk,jkr->r", np.linalg.inv(information), _third(s, mean, second))
        return log_likelihood, score, information

    def _powers(self, weight: Floats) -> list[Floats]:
        """w, w x, w x x', and w x x' x under Firth."""
        powers = [weight]
        for _ in range(3 if self.firth else 2):
            last = powers[-1]
            powers.append(last[..., None] * self.x.reshape(len(weight), *(1,) * (last.ndim - 1), -1))
        return powers

    def _at_risk(self, q: Floats, times: Floats) -> Floats:
        """Sums of `q` over the rows with start < t <= stop."""
        total = np.zeros((len(times), *q.shape[1:]))
        for edge, sign in ((self.stop, 1.0), (self.start, -1.0)):
            order = np.argsort(edge, kind="stable")
            tail = np.concatenate([np.cumsum(q[order][::-1], axis=0)[::-1], np.zeros((1, *q.shape[1:]))])
            total += sign * tail[np.searchsorted(edge[order], times, side="left")]
        return total


def _third(s: list[Floats], mean: Floats, second: Floats) -> Floats:
    """Sum of the third central moments of x: derivative of the information, shape (p, p, p)."""
    raw = s[3] / s[0][:, None, None, None]
    cross = np.einsum("tjk,tr->tjkr", second, mean)
    cross = cross + np.einsum("tjr,tk->tjkr", second, mean) + np.einsum("tkr,tj->tjkr", second, mean)
    cube = np.einsum("tj,tk,tr->tjkr", mean, mean, mean)
    return np.asarray((raw - cross + 2 * cube).sum(0))


def cox_fit(
    start: Floats, stop: Floats, event: NDArray[np.bool_], x: Floats, *, ties: Ties = "efron", firth: bool = False
) -> tuple[CoxFit, PartialLikelihood]:
    """Fit and the likelihood it maximises. Raises NoMaximum, and ValueError for rows without length."""
    if np.any(stop <= start):
        raise ValueError("every row needs start < stop")
    if not np.any(event):
        raise NoMaximum("no events")
    order = np.lexsort((*x.T, event, stop, start))  # the same sums whatever the order of rows
    likelihood = PartialLikelihood(
        np.asarray(start, dtype=np.float64)[order],
        np.asarray(stop, dtype=np.float64)[order],
        np.asarray(event, dtype=np.bool_)[order],
        np.asarray(x, dtype=np.float64)[order],
        ties,
        firth,
    )
    zero = np.zeros(x.shape[1])
    null = likelihood.value(zero)[0]
    beta, best, information = maximise(likelihood.value, zero, np.ones(len(zero), dtype=np.bool_))
    return CoxFit(beta, np.asarray(np.linalg.inv(information), dtype=np.float64), best, null), likelihood


def maximise(
    value: Callable[[Floats], tuple[float, Floats, Floats]], beta: Floats, free: NDArray[np.bool_]
) -> tuple[Floats, float, Floats]:
    """Newton-Raphson over the free coefficients with halved steps; beta, log-likelihood, information."""
    current, score, information = value(beta)
    for _ in range(STEPS):
        if not free.any():
            break
        try:
            step = np.linalg.solve(information[np.ix_(free, free)], score[free])
        except np.linalg.LinAlgError as error:
            raise NoMaximum("no information on a covariate") from error
        longest = float(np.abs(step).max())
        step *= min(1.0, 5 / max(longest, 1e-300))
        for _ in range(30):
            trial = beta.copy()
            trial[free] += step
            new = value(trial)
            if new[0] >= current - 1e-12 * (1 + abs(current)):
                break
            step = step / 2
        beta, (current, score, information) = trial, new
        if np.abs(beta[free]).max() > FARTHEST:
            raise NoMaximum("a log hazard ratio runs off to infinity")
        if np.abs(step).max() < 1e-9:
            break
    else:
        raise NoMaximum("the fit did not settle")
    if np.linalg.slogdet(information)[0] <= 0 or np.linalg.cond(information) > 1e13:
        raise NoMaximum("no information on a covariate")
    return beta, current, information


def profile_interval(
    fit: CoxFit, likelihood: PartialLikelihood, which: int, level: float = 0.95
) -> tuple[float | None, float | None]:
    """Limits of one log hazard ratio where the profile falls by half a chi-squared quantile; None: it never does."""
    from scipy.special import chdtri  # loaded on use

    target = fit.log_likelihood - float(chdtri(1, 1 - level)) / 2
    free = np.arange(len(fit.beta)) != which
    last = fit.beta.copy()

    def above(b: float) -> float:
        nonlocal last
        last = last.copy()
        last[which] = b
        last, best, _ = maximise(likelihood.value, last, free)
        return best - target

    return _edge(above, fit, which, -1.0), _edge(above, fit, which, 1.0)


def _edge(above: Callable[[float], float], fit: CoxFit, which: int, sign: float) -> float | None:
    from scipy.optimize import brentq

    inside, width = float(fit.beta[which]), float(np.sqrt(fit.covariance[which, which]))
    outside = inside + sign * width
    while True:
        try:
            if above(outside) < 0:
                return float(brentq(above, inside, outside, xtol=1e-8))
        except NoMaximum:
            return None
        if abs(outside) > FARTHEST:
            return None
        inside, outside = outside, outside + sign * width
