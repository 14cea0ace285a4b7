"""Unresolved treated patients: how many of them may die before the count is no longer unusual; drift of the risk."""

from math import log, sqrt

ALPHA = 0.05  # one-sided, for every test of benefit


def p_at_most(deaths: int, n: int, risk: float) -> float:
    """P(at most `deaths` of `n` die) when each dies with probability `risk`: exact binomial."""
    from scipy.special import bdtr

    if not 0 <= risk <= 1:
        raise ValueError(f"risk must lie from 0 to 1, got {risk}")
    return 1.0 if deaths >= n else float(bdtr(deaths, n, risk))


def tipping_number(dead: int, unresolved: int, n: int, risk: float) -> int | None:
    """u*: fewest deaths among the unresolved at which P(at most dead + u*) > .05; None when even all are too few."""
    return next((u for u in range(unresolved + 1) if p_at_most(dead + u, n, risk) > ALPHA), None)


def tolerated_risk(deaths: int, n: int) -> float:
    """theta0 with P(at most `deaths` of `n` | theta0) = .05: below this risk in similar patients nothing is unusual."""
    from scipy.special import betaincinv

    return 1.0 if deaths >= n else float(betaincinv(deaths + 1, n - deaths, 1 - ALPHA))


def drift_margin(comparator_risk: float, deaths: int, n: int) -> float:
    """delta* = logit(risk) - logit(theta0): how far the risk may fall before p passes .05.

    Negative: the count is not unusual to begin with. Raises ValueError where a logit has no value.
    """

    def logit(p: float) -> float:
        return log(p / (1 - p))

    if not 0 < comparator_risk < 1 or deaths >= n:
        raise ValueError(f"drift needs 0 < risk < 1 and deaths < n, got {comparator_risk}, {deaths} of {n}")
    return logit(comparator_risk) - logit(tolerated_risk(deaths, n))


def e_value(limit: float) -> float:
    """E-value of the limit of a risk ratio nearest 1 (VanderWeele and Ding 2017): RR + sqrt(RR (RR - 1)).

    Only for a contrast of patients with patients, never for aggregate comparators; 1 where the interval holds 1.
    """
    if limit <= 0:
        raise ValueError(f"a risk ratio is above 0, got {limit}")
    rr = max(limit, 1 / limit)
    return rr + sqrt(rr) * sqrt(rr - 1)
