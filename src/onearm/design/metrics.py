"""Figures of a cell from its tallies: a share, a mean, the coverage of an exact interval, a test of uniformity."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from onearm.design.exact_tests import BINS, OF_N
from onearm.design.tally import UNIT, Count, Histogram, Moments, Tally
from onearm.estimators.exact_interval import clopper_pearson

Kind = Literal["share", "mean", "clopper_pearson", "uniform"]
Tallies = Mapping[str, Tally]


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its Monte Carlo standard error (nan: none) and the number of trials behind it."""

    value: float
    error: float
    n: int


def figure(tallies: Tallies, name: str, kind: Kind) -> Figure | None:
    """The figure `kind` of the tally `name`; None when it was not kept, or no trial has one."""
    tally = tallies.get(name)
    match kind, tally:
        case "share", Count(n, k) if n:
            return Figure(k / n, math.sqrt(k / n * (1 - k / n) / n), n)
        case "mean", Moments(n, total, squares) if n:
            mean = total / n / UNIT
            spread = max(squares / n / UNIT - mean**2, 0.0) * n / max(n - 1, 1)
            return Figure(mean, math.sqrt(spread / n), n)
        case "clopper_pearson", Histogram(counts) if counts:
            return _covered(counts)
        case "uniform", Histogram(counts) if any(b >= 0 for b in counts):
            return _uniform(counts)
    return None


def _covered(counts: Mapping[int, int], level: float = 0.95) -> Figure:
    """How often the interval of deaths of n holds the share dead over all trials, taken as the true one."""
    seen = [(*divmod(code, OF_N), times) for code, times in counts.items() if code >= OF_N]
    true = sum(dead * times for _, dead, times in seen) / sum(n * times for n, _, times in seen)
    trials, holds = sum(times for *_, times in seen), 0
    for n, dead, times in seen:
        lower, upper = clopper_pearson(dead, n, level)
        holds += times * (lower <= true <= upper)
    share = holds / trials
    return Figure(share, math.sqrt(share * (1 - share) / trials), trials)


def _uniform(counts: Mapping[int, int]) -> Figure:
    """p of the Kolmogorov-Smirnov test of the binned randomised p; the largest distance is sought at bin edges."""
    from scipy.special import kolmogorov

    bins = np.array([counts.get(b, 0) for b in range(BINS)])
    n = int(bins.sum())
    edges = np.arange(1, BINS + 1) / BINS
    distance = float(np.abs(np.cumsum(bins) / n - edges).max())
    return Figure(float(kolmogorov(math.sqrt(n) * distance)), math.nan, n)
