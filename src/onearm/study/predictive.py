"""Robust meta-analytic-predictive comparison of a series with the cohorts that count for size (context, no test)."""

from collections.abc import Iterator, Sequence
from math import exp, log

import numpy as np

from onearm.estimators.robust_map import RobustMap, map_prior, probability_fewer, robust_map, robust_mixture
from onearm.results.estimate import Estimate
from onearm.results.status import Role, Status
from onearm.sensitivity.unresolved import p_at_most
from onearm.study.cohorts import Beside, Counts
from onearm.study.figures import Named, number

WEIGHT, S_MU, S_TAU = 0.2, 1.5, 0.5
COMPANIONS = (0.25, 1.0)
DRIFTS = (-1.0, -0.5, 0.0, 0.5, 1.0)  # of the true risk from the prior mean, on the logit
CERTAIN = 0.95
_ID = "comparator.map"


def predictive_estimates(found: Sequence[Beside], counts: Counts) -> Iterator[Estimate]:
    """Predicted control risk, Pr(treated risk below it) so far and worst case, and how often chance does that."""
    pairs = [(b.cohort.dead, b.cohort.n) for b in found if b.admission.role is Role.SIZE and b.cohort]
    events, n = (tuple(int(p[k] or 0) for p in pairs) for k in (0, 1))
    first = _map(events, n, counts.dead, counts.n)
    name = Named(f"{_ID}.death", "death in a new cohort, predicted from those for size", "muerte en una cohorte nueva")
    if first.status is not Status.OK or first.robust_prior is None:
        yield number(name, None, remedy=first.remedy)
        return
    prior = first.robust_prior
    method = f"robust MAP by quadrature, s_mu {S_MU:g}, s_tau {S_TAU:g}, weight {WEIGHT:g} on Beta(1, 1)"
    yield number(name, prior.mean, limits=(prior.lower, prior.upper), method=method, assumptions=first.assumptions)
    yield from _probabilities(events, n, counts, first, method)
    yield from _type_one(events, n, counts, prior.mean)


def _map(events: tuple[int, ...], n: tuple[int, ...], dead: int, treated: int, s_tau: float = S_TAU) -> RobustMap:
    return robust_map(events, n, treated_events=dead, treated_n=treated, s_mu=S_MU, s_tau=s_tau, weight=WEIGHT)


def _probabilities(
    events: tuple[int, ...], n: tuple[int, ...], counts: Counts, first: RobustMap, method: str
) -> Iterator[Estimate]:
    en, es = "probability that the treated risk is lower", "probabilidad de menor riesgo en los tratados"
    yield number(Named(f"{_ID}.p_fewer", en, es), first.robust_p_fewer, n=counts.n, events=counts.dead, method=method)
    worst = _map(events, n, counts.worst, counts.n).robust_p_fewer
    named = Named(f"{_ID}.p_fewer_worst_case", f"{en}, all open counted dead", f"{es}, los abiertos muertos")
    yield number(named, worst, n=counts.n, events=counts.worst, method=method)
    for s_tau in COMPANIONS:
        named = Named(f"{_ID}.p_fewer.s_tau{s_tau:g}", f"{en}, s_tau {s_tau:g}", f"{es}, s_tau {s_tau:g}")
        value = _map(events, n, counts.dead, counts.n, s_tau).robust_p_fewer
        yield number(named, value, method=method.replace(f"s_tau {S_TAU:g}", f"s_tau {s_tau:g}"))


def _type_one(events: tuple[int, ...], n: tuple[int, ...], counts: Counts, mean: float) -> Iterator[Estimate]:
    """How often Pr reaches .95 when the treatment does nothing and the true risk lies off the prior mean."""
    most = _most_deaths(events, n, counts.n)
    for drift in DRIFTS:
        odds = exp(log(mean / (1 - mean)) + drift)
        risk = odds / (1 + odds)
        named = Named(
            f"{_ID}.type_one.drift{drift:g}",
            f"that probability reaches {CERTAIN:g} though nothing works, true risk {100 * risk:.0f} %",
            f"esa probabilidad llega a {CERTAIN:g} sin ningún efecto, riesgo real {100 * risk:.0f} %",
        )
        value = 0.0 if most < 0 else p_at_most(most, counts.n, risk)
        yield number(named, value, n=counts.n, method=f"exact binomial, at most {most} deaths")


def _most_deaths(events: tuple[int, ...], n: tuple[int, ...], treated: int) -> int:
    """Most deaths at which Pr(treated risk lower) is still .95 or more; -1 when none is."""
    x, density, _, _ = map_prior(np.array(events), np.array(n), s_mu=S_MU, s_tau=S_TAU)
    mass = robust_mixture(x, density, WEIGHT)
    mass = mass / mass.sum()
    sure = [k for k in range(treated + 1) if probability_fewer(1 + k, 1 + treated - k, x, mass) >= CERTAIN]
    return max(sure, default=-1)
