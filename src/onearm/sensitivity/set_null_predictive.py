"""If the drug did nothing: deaths among the treated from the deaths in their risk sets, persons redrawn.

Poisson-binomial from D_i / (m_i + 1) of every set; each bootstrap redraws the controls as persons, so one control in
several sets moves them together. The treated of a set are counted as they ended.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onearm.cohort.analysis_set import AnalysisSet
from onearm.estimators.follow_up import set_pairs, treated_follow_up
from onearm.estimators.risk_set_test import poisson_binomial

Ints = NDArray[np.int64]
AT_A_TIME = 4_000_000  # redraws x kinds of control


@dataclass(frozen=True, slots=True)
class SetNullPredictive:
    """P(at most k deaths of the matched treated) when the treatment changes nobody."""

    n: int  # matched treated
    observed: int  # deaths known by the horizon
    worst_case: int  # observed + lost
    mass: tuple[float, ...]  # k = 0..n
    p: float
    p_worst_case: float
    bootstraps: int


def set_null_predictive(data: AnalysisSet, *, bootstraps: int, seed: int) -> SetNullPredictive | None:
    """None when nobody is matched, or days contradict each other. Lost controls count as alive."""
    treated = treated_follow_up(data)
    pairs = set_pairs(data, treated)
    size = len(treated.row)
    m = np.bincount(pairs.which, minlength=size)
    matched = np.flatnonzero(m > 0)
    if pairs.misaligned or not len(matched):
        return None
    end, event = (data.column(name)[pairs.control] for name in ("end_day", "event"))
    died = (event == 1) & (end <= (treated.start + treated.horizon)[pairs.which])
    there, dead, count = _cells(pairs.which, pairs.control, died, size)
    rng = np.random.Generator(np.random.Philox(key=seed))
    own, lost = treated.died.astype(np.int64), treated.lost
    pi = np.empty((bootstraps, size))
    at_once = max(1, AT_A_TIME // len(count))
    for first in range(0, bootstraps, at_once):  # the same draws as all at once
        block = slice(first, min(first + at_once, bootstraps))
        drawn = rng.multinomial(int(count.sum()), count / count.sum(), size=block.stop - first)
        pi[block] = (drawn @ dead + own) / (drawn @ there + 1)
    mass = poisson_binomial(pi[:, matched]).mean(axis=0)
    at_most = np.minimum(mass.cumsum(), 1.0)
    observed = int(own[matched].sum())
    worst = observed + int(lost[matched].sum())
    return SetNullPredictive(
        n=len(matched),
        observed=observed,
        worst_case=worst,
        mass=tuple(float(v) for v in mass),
        p=float(at_most[observed]),
        p_worst_case=float(at_most[worst]),
        bootstraps=bootstraps,
    )


def _cells(which: Ints, control: Ints, died: NDArray[np.bool_], sets: int) -> tuple[Ints, Ints, Ints]:
    """Control persons by the sets they are in and die in: (cells, sets) twice, and how many persons each cell holds."""
    persons, row = np.unique(control, return_inverse=True)
    there, dead = np.zeros((2, len(persons), sets), dtype=np.bool_)
    there[row, which] = True
    dead[row, which] = died
    _, first, count = np.unique(
        np.packbits(np.concatenate([there, dead], axis=1), axis=1), axis=0, return_index=True, return_counts=True
    )
    return there[first].astype(np.int64), dead[first].astype(np.int64), count
