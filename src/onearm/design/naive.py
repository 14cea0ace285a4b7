"""The analyses that go wrong, in every trial of a batch: beside ours in one table."""

import numpy as np
from numpy.typing import NDArray

from onearm.design.analyses import Values
from onearm.design.day_sets import day_sets, day_test
from onearm.design.exact_tests import ALPHA
from onearm.design.trials import HORIZON, Batch
from onearm.design.virtual_arm import NEVER_DAY

CLAIMED_MORTALITY = 0.8  # "70 to 85 % of ventilated patients die"
DOSE_EVERY_DAYS = 5  # assumed; the published series gave one to three doses

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: key -> what is done, in one sentence
NAIVE = {
    "deaths_so_far": "Deaths so far, open patients counted alive, against a claimed 80 %.",
    "person_time": "Deaths per day since ventilation, ever treated against never treated: the wait counts as treated.",
    "never_treated": "Risk sets without whoever is treated later.",
    "resolved_only": "Deaths so far against dead among dead and discharged of the similar patients.",
    "dying_are_controls": "Risk sets with controls who are seen to be dying, though nobody dying is treated.",
    "more_doses": "Deaths after two or three doses against deaths after one.",
}


def naive(batch: Batch) -> Values:
    """Whether each "finds" fewer deaths, one-sided p <= .05."""
    start, end, event = (batch.of_treated(v).astype(np.int64) for v in (batch.start, batch.end, batch.event))
    there = batch.has_treated
    n, dead = there.sum(axis=1), (there & (event == 1)).sum(axis=1)
    p = {
        "deaths_so_far": binomial_at_most(dead, n, np.full(len(n), CLAIMED_MORTALITY)),
        "person_time": _person_time(batch),
        "never_treated": day_test(day_sets(batch, never_treated_only=True)).p,
        "resolved_only": binomial_at_most(dead, n, _resolved_only(batch)),
        "more_doses": _more_doses(there, start, end, event),
    }
    if (batch.moribund < NEVER_DAY).any():
        p["dying_are_controls"] = day_test(day_sets(batch, dying_are_controls=True)).p
    return {name: value <= ALPHA for name, value in p.items()}


def _person_time(batch: Batch) -> Floats:
    """Given all deaths, those of the ever treated are binomial with their share of the days (conditional exact)."""
    ever = batch.start < NEVER_DAY
    days = batch.end.astype(np.int64) + 1
    died = batch.event == 1
    return binomial_at_most((died & ever).sum(axis=1), died.sum(axis=1), (days * ever).sum(axis=1) / days.sum(axis=1))


def _resolved_only(batch: Batch) -> Floats:
    """Dead among dead and discharged, of the untreated; nan where nobody is."""
    never = batch.start == NEVER_DAY
    dead, out = (((batch.event == e) & never).sum(axis=1) for e in (1, 2))
    return np.asarray(np.where(dead + out > 0, dead / np.maximum(dead + out, 1), np.nan))


def _more_doses(there: NDArray[np.bool_], start: Ints, end: Ints, event: NDArray[np.int64]) -> Floats:
    """Fisher's exact test: deaths by H of those with more than one dose, given whenever still in hospital by then."""
    more = there & (end >= start + DOSE_EVERY_DAYS)
    died = there & (event == 1) & (end <= start + HORIZON)
    return hypergeometric_at_most((died & more).sum(axis=1), died.sum(axis=1), more.sum(axis=1), there.sum(axis=1))


def binomial_at_most(k: Ints, n: Ints, share: Floats) -> Floats:
    """P(X <= k) of a binomial; nan where `share` is."""
    from scipy.special import bdtr

    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(k >= n, 1.0, bdtr(k, n, np.nan_to_num(share))) + 0 * share)


def hypergeometric_at_most(k: Ints, marked: Ints, drawn: Ints, everybody: Ints) -> Floats:
    """P(X <= k), X the marked among `drawn` of `everybody`; arrays of one shape."""
    from scipy.special import gammaln

    def log_choose(n: NDArray[np.int64], r: NDArray[np.int64]) -> Floats:
        return np.asarray(gammaln(n + 1) - gammaln(r + 1) - gammaln(n - r + 1))

    x = np.arange(int(k.max(initial=0)) + 1)[None, :]
    m, d, n = (v[:, None] for v in (marked, drawn, everybody))
    possible = (x <= k[:, None]) & (x <= m) & (x <= d) & (d - x <= n - m)
    kept = np.where(possible, x, np.maximum(0, d - (n - m)))  # any possible value, so that no logarithm fails
    mass = np.exp(log_choose(m, kept) + log_choose(n - m, d - kept) - log_choose(n, d))
    return np.asarray(np.minimum((mass * possible).sum(axis=1), 1.0))
