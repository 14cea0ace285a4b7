"""Days alive and off the ventilator, from the index day to H: the treated against the mean of their risk sets.

Means of one group: Aalen and Johansen (1978) summed over days. Ventilator-free days: Schoenfeld and Bernard (2002).
Interval: the shifts of the treated that the permutation within sets does not reject (Rosenbaum 2002, chapter 2).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import floor, prod

import numpy as np
from numpy.typing import NDArray

from onearm.cohort.analysis_set import AnalysisSet
from onearm.estimators.aalen_johansen import day_counts, incidence_from_counts
from onearm.estimators.follow_up import (
    SetPairs,
    TreatedFollowUp,
    in_person_order,
    set_pairs,
    treated_follow_up,
)
from onearm.estimators.state_days import NO_CONTROLS, matched_status, state_refusal, states_from
from onearm.results.status import Status
from onearm.vocabulary.scales import DayState

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
States = NDArray[np.int8]

MOST_UNRESOLVED = 0.10  # share of the treated open at H; above it no figure without its bounds
DRAWS = 100_000
ASSUMPTIONS = (
    "within a set every patient was equally likely to be treated on that day",
    "interval: the treatment moves every treated patient by the same number of days",
    "no anticipation of treatment",
    "sets independent (a control in several sets makes the level approximate)",
)


@dataclass(frozen=True, slots=True)
class RestrictedMeans:
    """Aalen-Johansen means of one group over the starts of days 1..horizon."""

    days_off: float  # sum of P(off the ventilator and alive)
    days_alive: float  # sum of P(alive)
    horizon: int
    n: int  # persons known on day 0
    defined_to: int  # last day whose events are known for some person of every occupied state; flat after it


@dataclass(frozen=True, slots=True)
class DaysContrast:
    """Mean days per person, treated against the mean of their sets (every set weighs 1, its controls 1/m_i)."""

    treated: float
    controls: float
    difference: float  # treated - controls; above 0 more days
    lower: float | None  # two-sided; None: too few arrangements to reject any shift
    upper: float | None
    p: float  # one-sided, more days
    p_harm: float  # one-sided, fewer days


@dataclass(frozen=True, slots=True)
class DaysContrasts:
    """Days off the ventilator and their components, with every open patient settled one way."""

    days_off: DaysContrast  # alive and off the ventilator, starts of Z+1..Z+h
    days_alive: DaysContrast  # starts of Z+1..Z+h
    ventilator_free: DaysContrast  # VFD: h - days ventilated, 0 when dead by Z+h
    dead_treated: float  # share dead by Z+h
    dead_controls: float  # share, every set weighs 1


@dataclass(frozen=True, slots=True)
class DaysFree:
    """Days alive and off the ventilator by Z+h, with the bounds that the unresolved leave."""

    n_treated: int = 0  # all treated patients, matched or not
    n_matched: int = 0
    n_controls: int = 0  # sum of m_i: a control counts once per set
    open_at_horizon: int = 0  # of n_treated: no event and followed for less than H
    unresolved: int = 0  # of the matched treated: not known before Z+h
    unresolved_controls: int = 0  # of n_controls
    against: DaysContrasts | None = None  # unknown days: none for the treated, all for controls; p is of benefit
    in_favour: DaysContrasts | None = None  # unknown days: all for the treated, none for controls; the other bound
    treated_group: RestrictedMeans | None = None  # all treated; open patients as those still followed
    unmatched: tuple[str, ...] = ()  # treated patients without a control
    horizon: int = 0  # H
    same_day: str = "index"
    with_bounds: bool = True
    level: float = 0.95
    is_exact: bool = False  # every arrangement counted, none drawn
    arrangements: int = 0  # counted, or drawn and the observed one
    seed: int = 0
    method: str = "days by the state at its start, Z+1..Z+h; permutation within sets, interval by its inversion"
    assumptions: tuple[str, ...] = ASSUMPTIONS
    status: Status = Status.OK
    remedy: str = ""

    @property
    def estimate(self) -> float | None:
        """Difference in days off the ventilator, doubts against the treatment; None exactly when status is not OK."""
        return self.against.days_off.difference if self.against is not None and self.status is Status.OK else None


def days_free(
    data: AnalysisSet, *, with_bounds: bool = True, level: float = 0.95, draws: int = DRAWS, seed: int = 20200411
) -> DaysFree:
    """Days off the ventilator of the treated against their sets; all arrangements up to `draws` of them, else drawn."""
    if draws < 1 or not 0 < level < 1:
        raise ValueError(f"draws {draws}, level {level}: draws must be 1 or more and the level between 0 and 1")
    data = in_person_order(data)
    who = treated_follow_up(data)
    pairs = set_pairs(data, who)
    empty = DaysFree(
        n_treated=len(who.row),
        horizon=data.horizon,
        same_day=data.same_day,
        with_bounds=with_bounds,
        level=level,
        seed=seed,
    )
    status, remedy = state_refusal(data, who, pairs, last=0)
    if status is not Status.OK:
        return replace(empty, status=status, remedy=remedy)
    m = np.bincount(pairs.which, minlength=len(who.row))
    own = states_from(data, who.row, who.start, data.horizon + 1)
    is_known = bool(np.any(own[:, 0] != DayState.U))
    described = replace(
        empty,
        n_matched=int(np.sum(m > 0)),
        n_controls=int(m.sum()),
        open_at_horizon=int(np.sum((who.event == 0) & (who.end < who.start + data.horizon))),
        treated_group=restricted_means_of_states(own, horizon=data.horizon) if is_known else None,
        unmatched=tuple(name for name, k in zip(who.person, m, strict=True) if not k),
    )
    status, remedy = _status(described)
    described = replace(described, status=status, remedy=remedy)
    if status is Status.ONE_ARM or _needs_bounds(described):
        return described
    return _contrasted(data, who, pairs, described, draws)


def _needs_bounds(result: DaysFree) -> bool:
    return not result.with_bounds and result.open_at_horizon > MOST_UNRESOLVED * result.n_treated


def _status(result: DaysFree) -> tuple[Status, str]:
    """The gravest refusal first, so that the remedy names what to repair first."""
    if not result.n_matched:
        return Status.ONE_ARM, NO_CONTROLS
    if _needs_bounds(result):
        remedy = f"{result.open_at_horizon} of {result.n_treated} treated are open at day {result.horizon}: "
        return Status.REFUSED, remedy + "ask for the bounds too (with_bounds) or complete the follow-up."
    return matched_status(result.unmatched, result.n_matched)


def restricted_means(end_day: Ints, event: Ints, *, horizon: int) -> RestrictedMeans:
    """Means of one group from its follow-up (1 death, 2 off the ventilator for good, 0 open), days from day 0.

    Raises ValueError when nobody is at risk on day 0.
    """
    if not np.any(end_day >= 0):
        raise ValueError("nobody is at risk on day 0: the mean has no denominator")
    at_risk, died, left = day_counts(end_day, event, horizon=horizon)
    dead, off, remaining = (v[:horizon] for v in incidence_from_counts(at_risk, died, left))
    before = np.concatenate([[1.0], remaining])[:horizon]
    unknown = np.flatnonzero((at_risk[:horizon] <= 0) & (before > 1e-12))
    defined_to = int(unknown[0]) - 1 if len(unknown) else horizon - 1
    n = int(np.sum(end_day >= 0))
    return RestrictedMeans(float(off.sum()), float(np.sum(1 - dead)), horizon, n, defined_to)


def restricted_means_of_states(states: States, *, horizon: int) -> RestrictedMeans:
    """Means of one group from its states at the starts of days 0..horizon, shape (persons, horizon + 1) or wider.

    A person's last known day counts as a day without a move. Raises ValueError when nobody is known on day 0.
    """
    if states.shape[1] < horizon + 1 or not np.any(states[:, 0] != DayState.U):
        raise ValueError(f"states of shape {states.shape}: {horizon + 1} days and someone known on day 0 are needed")
    first = states[states[:, 0] != DayState.U, 0]
    share: Floats = np.bincount(first, minlength=4) / len(first)
    off = alive = 0.0
    defined_to = horizon - 1
    for d in range(horizon):
        now = states[:, d]
        after = np.where(states[:, d + 1] == DayState.U, now, states[:, d + 1])
        moves = np.zeros((4, 4))
        np.add.at(moves, (now[now != DayState.U], after[now != DayState.U]), 1.0)
        at_risk = moves.sum(1)
        if np.any((at_risk == 0)[: DayState.H] & (share > 1e-12)[: DayState.H]):
            defined_to = min(defined_to, d - 1)
        share = share @ np.where(at_risk[:, None] > 0, moves / np.maximum(at_risk, 1)[:, None], np.eye(4))
        off += float(share[DayState.E] + share[DayState.H])
        alive += float(1 - share[DayState.D])
    return RestrictedMeans(off, alive, horizon, len(first), defined_to)


@dataclass(frozen=True, slots=True, eq=False)
class _Days:
    """Whole days of each person over Z+1..Z+h, all of shape (persons,)."""

    off: Ints  # known off the ventilator and alive
    alive: Ints  # known alive
    unknown: Ints
    died: NDArray[np.bool_]  # by Z+h
    open: NDArray[np.bool_]  # not known at the start of Z+h

    def settled(self, all_days: bool) -> tuple[Floats, Floats, Floats, Floats]:
        """Days off, days alive, VFD and death, with all unknown days off the ventilator or none alive."""
        more = self.unknown if all_days else 0
        dead = self.died | (self.open & (not all_days))
        off, alive = self.off + more, self.alive + more
        return off.astype(np.float64), alive.astype(np.float64), np.where(dead, 0.0, off), dead.astype(np.float64)


def _days(data: AnalysisSet, row: Ints, start: Ints, horizon: Ints) -> _Days:
    states = states_from(data, row, start, data.horizon + 1)
    day = np.arange(data.horizon + 1)
    inside = (day >= 1) & (day <= horizon[:, None])
    off = inside & ((states == DayState.E) | (states == DayState.H))
    unknown = inside & (states == DayState.U)
    alive = inside & ~unknown & (states != DayState.D)
    end, event = (data.column(name)[row] for name in ("end_day", "event"))
    died = (event == 1) & (end <= start + horizon)
    is_open = (states[np.arange(len(row)), horizon] == DayState.U) & (horizon >= 1)
    return _Days(off.sum(1), alive.sum(1), unknown.sum(1), died, is_open)


def _contrasted(data: AnalysisSet, who: TreatedFollowUp, pairs: SetPairs, result: DaysFree, draws: int) -> DaysFree:
    m = np.bincount(pairs.which, minlength=len(who.row))
    kept = np.flatnonzero(m)
    order = np.argsort(pairs.which, kind="stable")
    which, control = pairs.which[order], pairs.control[order]
    own = _days(data, who.row[kept], who.start[kept], who.horizon[kept])
    others = _days(data, control, who.start[which], who.horizon[which])
    sizes = m[kept]
    is_exact = prod(int(k) + 1 for k in sizes) <= draws
    contrasts = [
        _settled(own.settled(best), others.settled(not best), sizes, result, draws)
        for best in ((False, True) if result.with_bounds else (False,))
    ]
    return replace(
        result,
        unresolved=int(own.open.sum()),
        unresolved_controls=int(others.open.sum()),
        against=contrasts[0],
        in_favour=contrasts[1] if result.with_bounds else None,
        is_exact=is_exact,
        arrangements=prod(int(k) + 1 for k in sizes) if is_exact else draws + 1,
    )


def _settled(
    own: tuple[Floats, ...], others: tuple[Floats, ...], sizes: Ints, result: DaysFree, draws: int
) -> DaysContrasts:
    cuts = np.cumsum(sizes)[:-1]
    sets = [np.split(values, cuts) for values in others]
    off, alive, free = (
        contrast_within_sets(values, controls, level=result.level, draws=draws, seed=result.seed)
        for values, controls in zip(own[:3], sets[:3], strict=True)
    )
    dead = float(np.mean([values.mean() for values in sets[3]]))
    return DaysContrasts(off, alive, free, float(own[3].mean()), dead)


def contrast_within_sets(
    treated: Floats, controls: Sequence[Floats], *, level: float = 0.95, draws: int = DRAWS, seed: int = 20200411
) -> DaysContrast:
    """Treated values against the values of their controls, one array of 1 or more per set.

    A shift delta is inside when both one-sided permutation p of (treated - delta, controls) exceed (1 - level)/2.
    """
    mean = float(np.mean([values.mean() for values in controls]))
    shifts, count = turning_shifts(treated, controls, draws=draws, seed=seed)
    same = count - len(shifts)  # arrangements that treat exactly the treated: as extreme under every shift
    place = floor(count * (1 - level) / 2 + 1e-9) - same
    slack = 1e-9  # equal fractions may differ by rounding
    is_bounded = 0 <= place < len(shifts)
    return DaysContrast(
        treated=float(treated.mean()),
        controls=mean,
        difference=float(treated.mean()) - mean,
        lower=float(shifts[place]) if is_bounded else None,
        upper=float(shifts[-1 - place]) if is_bounded else None,
        p=float(same + np.sum(shifts <= slack)) / count,
        p_harm=float(same + np.sum(shifts >= -slack)) / count,
    )


def turning_shifts(
    treated: Floats, controls: Sequence[Floats], *, draws: int = DRAWS, seed: int = 20200411
) -> tuple[Floats, int]:
    """Per other arrangement the shift at which it equals the observed difference, sorted; and the arrangements in all.

    Treating member k of set i instead changes the sum of differences by (1 + 1/m_i)(v_k - y_i + delta): linear in
    delta, so each arrangement is at least as extreme from one shift on, and the interval is a pair of quantiles.
    """
    sizes = [len(values) for values in controls]
    gain: Floats = np.zeros(1)
    slope: Floats = np.zeros(1)
    for y, values, choice in zip(treated, controls, _choices(sizes, draws, seed), strict=True):
        factor = 1 + 1 / len(values)
        gain = gain + np.concatenate([[0.0], factor * (values - y)])[choice]
        slope = slope + np.where(choice > 0, factor, 0.0)
    moved = slope > 0
    return np.sort(-gain[moved] / slope[moved]) + 0.0, len(slope)  # + 0.0: no minus zero


def _choices(sizes: Sequence[int], draws: int, seed: int) -> Iterator[Ints]:
    """Per set the member treated in each arrangement (0 is the treated): all of them, or the observed one and draws."""
    total = prod(m + 1 for m in sizes)
    rng = np.random.Generator(np.random.Philox(key=seed))
    every, stride = np.arange(total if total <= draws else 0), 1
    for m in sizes:
        if total <= draws:
            yield every // stride % (m + 1)
        else:
            yield np.concatenate([np.zeros(1, dtype=np.int64), rng.integers(0, m + 1, size=draws)])
        stride *= m + 1
