"""Share of patients who are treated under given settings, by formula; and the waiting time that gives a wanted share.

A patient of severity U is treated when the decision (from day o on at rate r), and the infusion a lag l later, come
before the first spell ends (rates a of death, b of extubation) and before the last m days of a dying patient:

    exp(-(a + b)(o + l)) r / (r + a + b) (1 - a / (a + b) (1 - exp(-(a + b) m)))

averaged over U, corticosteroid, hospital and era. Where patients change state at rate c, without o, l and m:

    r / (r + a + b + c) + c / (r + a + b + c) r' / (r' + a' + b')
"""

import math
from dataclasses import replace
from functools import lru_cache

import numpy as np

from onearm.physiology.randomness import Floats
from onearm.physiology.simple.settings import MultistateSettings

_NODES, _CENTRE_NODES = 80, 9
_DIGITS = 6  # of the wait: the same settings, so the same hash, on every machine


@lru_cache(maxsize=1024)
def treated_share(settings: MultistateSettings) -> float:
    """Share treated, were there no lock; exact but for the quadrature (80 nodes)."""
    severity, of_severity = _normal(_NODES, 1.0)
    death_shift, of_death = _normal(_CENTRE_NODES, settings.centre_death_sd)
    rate_shift, of_rate = _normal(_CENTRE_NODES, settings.centre_rate_sd)
    steroid, of_steroid = np.array([1.0, 0.0]), np.array([settings.steroid_share, 1 - settings.steroid_share])
    u, shift, rate, given = np.meshgrid(severity, death_shift, rate_shift, steroid, indexing="ij", sparse=True)
    log_death = shift + given * math.log(settings.steroid_death_ratio)
    share = _share(settings, u, log_death, rate + given * settings.steroid_gamma)
    mean = np.einsum("udrs,u,d,r,s->", share, of_severity, of_death, of_rate, of_steroid)
    return float(mean) * (1 - settings.earlier_share)


def _share(settings: MultistateSettings, severity: Floats, log_death: Floats, log_rate: Floats) -> Floats:
    """Of each severity, log factor of the death hazard and of the rate of treating; these broadcast."""
    death = settings.death_per_day * np.exp(settings.death_slope * severity + log_death)
    off = settings.extubation_per_day * np.exp(settings.extubation_slope * severity)
    rate = np.exp(settings.gamma * severity + log_rate) / settings.wait_days
    if settings.improve_per_day:
        return _improving(settings, rate, death, off)
    both = death + off
    dying = death / both * -np.expm1(-both * settings.moribund_days)
    there = np.exp(-both * (settings.offer_from_days + settings.lag_days))
    return np.asarray(there * rate / (rate + both) * (1 - dying), dtype=np.float64)


def _improving(settings: MultistateSettings, rate: Floats, death: Floats, off: Floats) -> Floats:
    if settings.offer_from_days or settings.lag_days or settings.moribund_days:
        raise ValueError("improve_per_day has a formula only without offer_from_days, lag_days and moribund_days")
    change = settings.improve_per_day
    leaves = rate + death + off + change
    later = rate * math.exp(settings.improved_gamma)
    ends = death * settings.improved_death_ratio + off * settings.improved_extubation_ratio
    return np.asarray(rate / leaves + change / leaves * later / (later + ends), dtype=np.float64)


def wait_for(settings: MultistateSettings, share: float) -> float:
    """`wait_days` at which `share` of the patients are treated on average, to six decimals.

    Raises ValueError when so many cannot be treated however short the wait.
    """
    low, high = math.log(1e-3), math.log(1e6)
    if treated_share(replace(settings, wait_days=math.exp(low))) < share:
        raise ValueError(f"a share of {share:.3f} cannot be treated, however short the wait: offer earlier")
    for _ in range(60):
        middle = (low + high) / 2
        if treated_share(replace(settings, wait_days=math.exp(middle))) > share:
            low = middle
        else:
            high = middle
    return round(math.exp(low), _DIGITS)


@lru_cache(maxsize=16)
def _normal(nodes: int, sd: float) -> tuple[Floats, Floats]:
    """Points and weights of a normal of mean 0; one point when it has no spread."""
    if sd == 0:
        return np.zeros(1), np.ones(1)
    points, weights = np.polynomial.hermite_e.hermegauss(nodes)
    return points * sd, weights / weights.sum()
