"""The exact risk-set test and its interval in every trial of a batch: by day alone, and in a caliper on W.

The caliper stands for that on the prognostic score where one covariate is all there is: at a given day the score grows
with W alone.
"""

import numpy as np
from numpy.typing import NDArray

from onearm.design.analyses import Values
from onearm.design.day_sets import DaySets, day_sets, day_test, randomised_p
from onearm.design.one_trial import averted, saved
from onearm.design.trials import Batch
from onearm.estimators.attributable import LARGEST_ENUMERATED, kept_numbers
from onearm.estimators.risk_set_test import chance, poisson_binomial
from onearm.physiology.randomness import Key, Process, uniform

ALPHA = 0.05  # one-sided
GAMMA = 1.5
CALIPER_SD = 0.2
LEVEL = 0.95  # of the interval, two-sided
BINS = 400  # of the randomised p
UNIFORM_TRIALS = 2_000  # its uniformity is asked of the first so many: of more, any approximation shows
OF_N = 1000  # deaths of n are kept as n * OF_N + deaths


def by_day(batch: Batch) -> Values:
    """Sets as `cohort.build` makes them without covariates."""
    return {**_test(batch, day_sets(batch), interval=True), "deaths": _deaths(batch), "p_bin": _p_bin(batch)}


def in_caliper(batch: Batch) -> Values:
    """The same within 0.2 SD of W."""
    return _test(batch, day_sets(batch, caliper_sd=CALIPER_SD), interval=False)


def lone_source(batch: Batch) -> Values:
    """In the caliper, with controls from own records that hold the treated alone; nothing where they hold others."""
    if batch.own == batch.start.shape[1]:
        return {}
    return _test(batch, day_sets(batch, lone_source=True, caliper_sd=CALIPER_SD), interval=False)


def _test(batch: Batch, sets: DaySets, *, interval: bool) -> dict[str, NDArray[np.generic]]:
    """`refused`: a treated patient has no control; the figures are of the matched part then.

    `claim`, `claim_harm`: p <= .05 and not refused; `risk_difference_error`: seen minus true, per treated patient.
    """
    test, hidden = day_test(sets), day_test(sets, gamma=GAMMA)
    refused = sets.unmatched.any(axis=1) | (sets.n == 0)
    n = np.maximum(sets.n, 1)
    control_risk = np.where(sets.there, sets.control_deaths / np.maximum(sets.controls, 1), 0.0).sum(axis=1) / n
    truth = averted(batch, sets.there)
    error = sets.t / n - control_risk + truth / n
    values: dict[str, NDArray[np.generic]] = {
        "reject": test.p <= ALPHA,
        "reject_mid_p": test.mid_p <= ALPHA,
        "reject_harm": test.p_harm <= ALPHA,
        "reject_at_gamma": hidden.p <= ALPHA,
        "refused": refused,
        "claim": (test.p <= ALPHA) & ~refused,
        "claim_at_gamma": (hidden.p <= ALPHA) & ~refused,
        "averted": np.where(sets.n > 0, test.expected - sets.t, np.nan),
        "truly_averted": truth.astype(np.float64),
        "risk_difference_error": np.where(sets.n > 0, error, np.nan),
    }
    if interval:
        values["covered"] = covered(sets, truth, saved(batch))
    return values


def covered(sets: DaySets, truth: NDArray[np.int64], change: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether the exact interval of deaths averted holds the true number; shape (trials,).

    Undoing what truly happened (`change`, see `saved`) is one of the choices the interval tries: where that is not
    rejected, neither is the number. Only the others, and more than 20 treated, need the search.
    """
    tail = (1 - LEVEL) / 2
    change = np.where(sets.there, change, 0)
    mass = poisson_binomial(np.where(sets.there, chance(sets.deaths + change, sets.controls), 0.0))
    at = (sets.t + change.sum(axis=1))[:, None]
    k = np.arange(mass.shape[1])
    low, high = (mass * (k <= at)).sum(axis=1), (mass * (k >= at)).sum(axis=1)
    holds = (low > tail) & (high > tail)
    ranked = (sets.n > LARGEST_ENUMERATED) & (change != 0).any(axis=1)
    search = np.flatnonzero((sets.n > 0) & (ranked | (~holds & (truth != 0))))
    for row in search:
        there = sets.there[row]
        kept = kept_numbers(sets.deaths[row, there], sets.controls[row, there], sets.died[row, there], level=LEVEL)
        holds[row] = min(kept, default=1) <= truth[row] <= max(kept, default=0)
    return np.asarray(holds)


def _deaths(batch: Batch) -> NDArray[np.int64]:
    """n * OF_N + deaths by Z + h, lost ones dead: what an exact interval of the share is made of."""
    died = day_sets(batch).died.sum(axis=1)
    return np.asarray(batch.has_treated.sum(axis=1) * OF_N + died)


def _p_bin(batch: Batch) -> NDArray[np.int64]:
    """Bin 0..BINS-1 of the randomised p; -1 where nobody is matched, and beyond the first UNIFORM_TRIALS."""
    at = uniform(Key(batch.seed, batch.trial), Process.TEST, np.zeros(batch.trials, dtype=np.int64))
    p = randomised_p(day_sets(batch), at)
    left_out = np.isnan(p) | (batch.trial >= UNIFORM_TRIALS)
    return np.where(left_out, -1, np.minimum(np.nan_to_num(p) * BINS, BINS - 1)).astype(np.int64)
