"""Placebo in time: were the treated already on another course, days before anything was given?

Deaths cannot be the outcome of days before treatment: whoever is treated on day Z is alive by construction, and so is
every similar patient still ventilated on Z. What those days can show is the expected course: the prognostic score 2, 3
and 5 days before the index day, treated against the same matched patients (docs/decisions/008).
"""

from dataclasses import dataclass

import numpy as np

from onearm.cohort.analysis_set import AnalysisSet
from onearm.estimators.prognosis import Prognosis, logit
from onearm.sensitivity.within_set_ranks import SetRanks, set_ranks

SHIFTS = (2, 3, 5)  # days before the index day


@dataclass(frozen=True, slots=True)
class Placebo:
    """One shift: place of the treated by expected death in their sets, 0 = the least ill, 1 = the most."""

    shift: int
    ranks: SetRanks


def placebo_in_time(data: AnalysisSet, score: Prognosis, *, seed: int) -> tuple[Placebo, ...]:
    """The score of the matched sets of `data` before the index day; sets indexed earlier than the shift drop out."""
    if data.x is None or not score.coefficients:
        return ()
    pairs = data.sets.drop_nulls("control")
    treated, control = (pairs[side].to_numpy().astype(np.int64) for side in ("treated", "control"))
    index = data.column("start_day")[treated]
    h = np.minimum(data.horizon, data.column("potential_days")[treated] - index)
    found = []
    for shift in SHIFTS:
        day = index - shift
        there = day >= 0
        values = []
        for person in (treated, control):
            expected = np.full(len(person), np.nan)
            x = data.x[person[there], day[there]]
            expected[there] = logit(score.risk(x, day[there], h[there]))
            values.append(np.round(expected, 9))  # equal histories tie
        found.append(Placebo(shift, set_ranks(data, values[0], values[1], seed=seed + shift)))
    return tuple(found)


def placebo_p(found: tuple[Placebo, ...]) -> float | None:
    """Smallest p over the shifts, times their number; None when no shift had enough sets."""
    p = [one.ranks.p for one in found if one.ranks.p is not None]
    return min(1.0, min(p) * len(p)) if p else None
