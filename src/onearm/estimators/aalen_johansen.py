"""Cumulative incidence of death with leaving as a competing event (Aalen and Johansen 1978), on whole days.

Never 1 - Kaplan-Meier: who left alive is not censored. Standard errors: Greenwood-type delta form (Andersen, Borgan,
Gill and Keiding 1993, section 4.4) for one group, infinitesimal jackknife by person for weights and differences;
intervals on the complementary log-log scale, log(-log(1 - F)). Several states: `multistate`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onearm.cohort.analysis_set import AnalysisSet
from onearm.estimators.follow_up import (
    NO_TREATED,
    SetPairs,
    TreatedFollowUp,
    in_person_order,
    misaligned_remedy,
    set_pairs,
    treated_follow_up,
)
from onearm.results.status import Status

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEW = 20  # persons: below it the normal approximation of the interval is flagged


@dataclass(frozen=True, slots=True)
class CumulativeIncidence:
    """Curves from a first day on; every tuple has one value per day, the first day first."""

    day: tuple[int, ...]  # from_day .. from_day + horizon
    at_risk: tuple[float, ...]  # start of the day; sum of weights
    dead: tuple[float, ...]  # F_D at the end of the day
    left: tuple[float, ...]  # cumulative incidence of the competing event
    remaining: tuple[float, ...]  # 1 - dead - left
    se: tuple[float, ...]  # of dead
    lower: tuple[float | None, ...]  # two-sided, complementary log-log; None where F is 0 or 1
    upper: tuple[float | None, ...]
    n: int  # persons (with weights: rows) at risk on the first day
    deaths: int  # on these days
    exits: int  # left alive on these days
    open: int  # follow-up ends before the last day, without event
    defined_to: int  # last day with someone at risk or nobody remaining; the curve is flat after it
    level: float
    method: str

    @property
    def risk(self) -> float:
        """F_D at the last day."""
        return self.dead[-1]


@dataclass(frozen=True, slots=True)
class AalenJohansen:
    """Deaths of the treated from the index day, beside those of their sets on the same days."""

    treated: CumulativeIncidence | None = None  # index day Z: events on Z..Z+H
    controls: CumulativeIncidence | None = None  # every set weighs 1, its controls 1/m_i; None without sets
    difference: float | None = None  # risk treated - controls; below 0 fewer deaths; None when a set is empty
    difference_se: float | None = None  # infinitesimal jackknife by person: reuse and later treatment counted
    difference_lower: float | None = None  # normal interval
    difference_upper: float | None = None
    is_few: bool = False  # fewer than 20 treated: intervals are rough
    level: float = 0.95
    method: str = "Aalen-Johansen, Greenwood-type error, complementary log-log interval; index day Z: events on Z..Z+h"
    assumptions: tuple[str, ...] = ("open patients have the future of those still followed",)
    status: Status = Status.OK
    remedy: str = ""

    @property
    def estimate(self) -> float | None:
        """Risk of death of the treated by Z+H; None exactly when status is not OK."""
        return self.treated.risk if self.treated is not None and self.status is Status.OK else None


def aalen_johansen(data: AnalysisSet, *, level: float = 0.95) -> AalenJohansen:
    """Incidence of death of the treated from Z on, and of their controls over the same days."""
    data = in_person_order(data)
    who = treated_follow_up(data)
    if not len(who.row):
        return AalenJohansen(level=level, status=Status.NO_PATIENTS, remedy=NO_TREATED)
    pairs = set_pairs(data, who)
    if pairs.misaligned:
        return AalenJohansen(level=level, status=Status.REFUSED, remedy=misaligned_remedy(pairs.misaligned))
    h, row, size = data.horizon, pairs.control, data.people.height
    treated = incidence(who.end - who.start, who.event, horizon=h, level=level)
    matched, since, event, weights = _controls(data, who, pairs)
    controls: CumulativeIncidence | None = None
    contrast: tuple[float | None, ...] = (None, None, None, None)
    if matched:
        controls = incidence(since, event, horizon=h, weights=weights, level=level, cluster=row, total=float(matched))
        if matched == len(who.row):
            influence = np.bincount(who.row, _influence(who.end - who.start, who.event, h), size)
            influence -= np.bincount(row, _influence(since, event, h, weights), size)
            contrast = _contrast(treated.risk - controls.risk, float(np.sqrt(np.sum(influence**2))), level)
    stops = treated.defined_to < data.horizon
    return AalenJohansen(
        treated,
        controls,
        difference=contrast[0],
        difference_se=contrast[1],
        difference_lower=contrast[2],
        difference_upper=contrast[3],
        is_few=treated.n < FEW,
        level=level,
        status=Status.TOO_FEW if stops else Status.OK,
        remedy=_stops(treated.defined_to) if stops else "",
    )


def _stops(day: int) -> str:
    return f"Nobody is followed beyond {day} days: read the curve there, shorten the horizon or complete the follow-up."


def _controls(data: AnalysisSet, who: TreatedFollowUp, pairs: SetPairs) -> tuple[int, Ints, Ints, Floats]:
    """Matched sets, and per pair: days since Z_i, event, weight 1/m_i."""
    since = data.column("end_day")[pairs.control] - who.start[pairs.which]
    m = np.bincount(pairs.which, minlength=len(who.row))
    return int(np.sum(m > 0)), since, data.column("event")[pairs.control], 1 / m[pairs.which]


def _contrast(value: float, se: float, level: float) -> tuple[float, float, float | None, float | None]:
    from scipy.special import ndtri  # loaded on use

    half = float(ndtri((1 + level) / 2)) * se
    return (value, se, max(-1.0, value - half), min(1.0, value + half)) if se > 0 else (value, se, None, None)


def incidence(
    end_day: Ints,
    event: Ints,
    *,
    from_day: int = 0,
    horizon: int,
    weights: Floats | None = None,
    cluster: Ints | None = None,
    total: float | None = None,
    level: float = 0.95,
) -> CumulativeIncidence:
    """Incidence over the days from_day .. from_day + horizon of those with end_day >= from_day.

    `end_day`, `event` (1 death, 2 left, 0 open) and `weights` have shape (persons,). Index day Z: days since Z,
    from_day 0, horizon h. Landmark s with events on s+1..s+h: from_day s + 1, horizon h - 1, only persons whose spell
    is longer than s. `cluster` (person of each row, whole numbers) switches the error to the infinitesimal jackknife;
    so do weights. `total`: sum of weights, when known exactly. Raises ValueError when nobody is at risk.
    """
    counts = day_counts(end_day, event, from_day=from_day, horizon=horizon, weights=weights)
    at_risk, died, left = counts
    if at_risk[0] <= 0:
        raise ValueError(f"nobody is at risk on day {from_day}: the incidence has no denominator")
    if total is not None:
        at_risk[0] = total
    dead, out, remaining = incidence_from_counts(at_risk, died, left)
    if weights is None and cluster is None:
        se = greenwood_se(at_risk, died, left)
    else:
        se = _jackknife_se(end_day, event, from_day, horizon, weights, cluster)
    bounds = [complementary_log_log(float(f), float(s), level) for f, s in zip(dead, se, strict=True)]
    there = (end_day >= from_day) & ((weights > 0) if weights is not None else True)
    inside = there & (end_day <= from_day + horizon)
    return CumulativeIncidence(
        day=tuple(range(from_day, from_day + horizon + 1)),
        at_risk=_plain(at_risk),
        dead=_plain(dead),
        left=_plain(out),
        remaining=_plain(remaining),
        se=_plain(se),
        lower=tuple(b[0] for b in bounds),
        upper=tuple(b[1] for b in bounds),
        n=int(there.sum()),
        deaths=int(np.sum(inside & (event == 1))),
        exits=int(np.sum(inside & (event == 2))),
        open=int(np.sum(there & (event == 0) & (end_day < from_day + horizon))),
        defined_to=_defined_to(at_risk, remaining, from_day),
        level=level,
        method="Greenwood-type" if weights is None and cluster is None else "infinitesimal jackknife by person",
    )


def _plain(values: Floats) -> tuple[float, ...]:
    return tuple(float(v) for v in values)


def _defined_to(at_risk: Floats, remaining: Floats, from_day: int) -> int:
    known = (at_risk > 0) | (np.concatenate([[1.0], remaining[:-1]]) <= 1e-12)
    return from_day + len(known) - 1 if known.all() else from_day + int(np.argmin(known)) - 1


def day_counts(
    end_day: Ints, event: Ints, *, from_day: int = 0, horizon: int, weights: Floats | None = None
) -> tuple[Floats, Floats, Floats]:
    """At risk, deaths and leavings on each of the days from_day .. from_day + horizon; each of shape (horizon + 1,)."""
    there = end_day >= from_day
    since = np.minimum(end_day[there] - from_day, horizon + 1)
    w = None if weights is None else weights[there]
    ends = np.bincount(since, w, minlength=horizon + 2).astype(np.float64)
    by_event = [
        np.bincount(
            since[event[there] == e], None if w is None else w[event[there] == e], minlength=horizon + 2
        ).astype(np.float64)[: horizon + 1]
        for e in (1, 2)
    ]
    at_risk: Floats = np.cumsum(ends[::-1])[::-1][: horizon + 1].copy()
    return at_risk, by_event[0], by_event[1]


def incidence_from_counts(at_risk: Floats, died: Floats, left: Floats) -> tuple[Floats, Floats, Floats]:
    """F_D, F_left and what remains at the end of each day, from counts (..., days). Flat with nobody at risk."""
    safe = np.where(at_risk > 0, at_risk, 1.0)
    stays = np.where(at_risk > 0, np.maximum(1 - (died + left) / safe, 0.0), 1.0)
    after = np.cumprod(stays, axis=-1)
    before = np.concatenate([np.ones_like(after[..., :1]), after[..., :-1]], axis=-1)
    dead, gone = (np.asarray(np.cumsum(before * q / safe, axis=-1), dtype=np.float64) for q in (died, left))
    return dead, gone, np.asarray(after, dtype=np.float64)


def greenwood_se(at_risk: Floats, died: Floats, left: Floats) -> Floats:
    """Standard error of F_D at the end of each day; without censoring it is sqrt(F (1 - F) / n). Shape (days,)."""
    dead, _, after = incidence_from_counts(at_risk, died, left)
    before = np.concatenate([[1.0], after[:-1]])
    safe = np.where(at_risk > 0, at_risk, 1.0)
    a, b = died / safe, left / safe
    variance = np.empty(len(dead))
    for t in range(len(dead)):
        later = _later(dead, after, t)
        terms = a * (1 - later) ** 2 + b * later**2 - (a - later * (a + b)) ** 2
        variance[t] = np.sum((before**2 * terms / safe)[: t + 1])
    return np.sqrt(np.maximum(variance, 0.0))


def _later(dead: Floats, after: Floats, t: int) -> Floats:
    """Risk of death after day u up to day t of those who remain at the end of u; 0 when nobody does."""
    positive = after > 1e-12  # weighted sums may leave a rounding residue of nobody
    return np.where(positive, (dead[t] - dead) / np.where(positive, after, 1.0), 0.0)


def _influence(end: Ints, event: Ints, last: int, weights: Floats | None = None) -> Floats:
    """First-order change of F_D(last) by each row, times its weight; rows leave at `end` >= 0. Shape (rows,)."""
    at_risk, died, left = day_counts(end, event, horizon=last, weights=weights)
    dead, _, after = incidence_from_counts(at_risk, died, left)
    safe = np.where(at_risk > 0, at_risk, 1.0)
    scale = np.concatenate([[1.0], after[:-1]]) / safe
    later = _later(dead, after, last)
    expected = np.cumsum(scale * (died / safe - later * (died + left) / safe))
    day = np.minimum(end, last)
    inside = end <= last
    own = np.where(event == 1, 1 - later[day], np.where(event == 2, -later[day], 0.0)) * inside * scale[day]
    value: Floats = own - expected[day]
    return value if weights is None else value * weights


def _jackknife_se(
    end_day: Ints, event: Ints, from_day: int, horizon: int, weights: Floats | None, cluster: Ints | None
) -> Floats:
    there = end_day >= from_day
    end, kind = end_day[there] - from_day, event[there]
    w = None if weights is None else weights[there]
    group = np.arange(len(end)) if cluster is None else np.unique(cluster[there], return_inverse=True)[1]
    sums = (np.bincount(group, _influence(end, kind, t, w)) for t in range(horizon + 1))
    return np.array([np.sqrt(np.sum(s**2)) for s in sums])


def complementary_log_log(risk: float, se: float, level: float = 0.95) -> tuple[float | None, float | None]:
    """Interval of a risk on the scale log(-log(1 - F)); (None, None) at 0, at 1 and without an error."""
    from scipy.special import ndtri  # loaded on use

    if not 0 < risk < 1 or se <= 0:
        return None, None
    stay = 1 - risk
    ratio = float(ndtri((1 + level) / 2)) * se / (stay * abs(np.log(stay)))
    return float(1 - stay ** np.exp(-ratio)), float(1 - stay ** np.exp(ratio))
