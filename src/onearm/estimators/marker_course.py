"""Marker courses of a small treated group: what changed, and whether similar untreated patients changed less.

Before against after is description: it falls in whoever survives. A claim needs the contrast within risk sets, by ranks
in which death is worst and values beyond an assay limit are bounds (Gehan 1965), tested by permutation within sets and
over all markers at once by the largest standardised statistic (Westfall and Young 1993).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from onearm.cohort.marker_courses import HIDDEN, READABLE, MarkerCourses
from onearm.estimators.follow_up import NO_TREATED
from onearm.estimators.sign_flips import SLACK, sign_flips
from onearm.estimators.state_days import NO_CONTROLS, matched_status
from onearm.estimators.win_odds import permutation_tails, set_scores
from onearm.results.status import Status
from onearm.vocabulary.scales import DayState

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

DRAWS = 20_000
DELTAS = tuple(k / 4 for k in range(17))  # of missing values, in SD
ASSUMPTIONS = (
    "within a set every patient was equally likely to be treated on that day",
    "drugs that hide a marker are given alike with and without treatment",
    "a value not measured ties with every living patient, an unknown patient with everybody",
    "no anticipation of treatment",
    "sets independent (a control in several sets makes the level approximate)",
)


@dataclass(frozen=True, slots=True)
class Change:
    """Treated patients before and after, survivors with both values only: a description, never an effect."""

    marker: str
    offset: int  # days after the index day
    n: int  # pairs of values
    median: float | None  # after - before, canonical unit; a value beyond a limit counts as the limit, below as half
    ratio: float | None  # geometric mean of after / before; None for a score
    p: float | None  # two-sided, all signs of the change
    p_family: float | None  # of the largest over all markers and days, same signs for all
    is_exact: bool  # all 2^n signs counted, none drawn


@dataclass(frozen=True, slots=True)
class Occupancy:
    """Where the patients of one arm are on the day, and the mean of those alive, ventilated and measured.

    Of controls every set weighs 1, so that both arms add to their number of sets.
    """

    mean: float | None = None  # canonical unit; geometric, of a score arithmetic
    measured: int = 0  # values in the mean (a control once per set)
    ventilated: float = 0.0
    off: float = 0.0  # off the ventilator, in hospital or at home
    dead: float = 0.0
    unknown: float = 0.0


@dataclass(frozen=True, slots=True)
class DeltaGrid:
    """The contrast when unmeasured treated patients had the middle value of their set, worse by delta SD."""

    missing: int  # treated without a value, alive or unknown
    p: tuple[float, ...] = ()  # one for each of DELTAS; empty: nothing missing, or not significant to begin with
    tipping: float | None = None  # least delta with p > alpha; None: none up to the last
    p_if_dead: float | None = None  # they count as dead


@dataclass(frozen=True, slots=True)
class MarkerContrast:
    """One marker on one day, treated against the controls of their sets."""

    marker: str
    offset: int  # days after the index day
    rank_difference: float | None  # (pairs better - pairs worse) / pairs, -1..1, above 0 the treated did better
    rank_difference_before: float | None  # the same on the last value before the index day: should be near 0
    p: float | None  # one-sided, treated better
    p_harm: float | None
    p_family: float | None  # of p, largest over all markers and days, same members drawn for all
    wins: int
    losses: int
    ties: int
    n_sets: int  # treated patients read who have a control read
    n_controls: int  # a control counts once per set
    hidden: int  # treated patients left out: another drug hides the marker
    not_known: int  # treated patients left out: not known whether one does
    treated: Occupancy  # all treated patients read, with and without a control
    controls: Occupancy
    grid: DeltaGrid
    status: Status
    remedy: str

    @property
    def estimate(self) -> float | None:
        """Rank difference; None exactly when status is not OK."""
        return self.rank_difference if self.status is Status.OK else None


@dataclass(frozen=True, slots=True)
class MarkerFamily:
    """Every marker on every day: descriptions and contrasts. A claim may rest on a contrast only."""

    contrasts: tuple[MarkerContrast, ...] = ()
    changes: tuple[Change, ...] = ()
    n_treated: int = 0
    alpha: float = 0.05
    draws: int = DRAWS
    seed: int = 0
    method: str = "ranks within sets, index day Z, death worst, last value carried off the ventilator; permutation"
    assumptions: tuple[str, ...] = ASSUMPTIONS
    status: Status = Status.OK
    remedy: str = ""


def marker_course(
    courses: MarkerCourses, *, alpha: float = 0.05, draws: int = DRAWS, seed: int = 20200411
) -> MarkerFamily:
    """Changes of the treated and their contrasts within sets, with p over the family of markers and days.

    Raises ValueError for `draws` below 1 or `alpha` outside 0..1.
    """
    if draws < 1 or not 0 < alpha < 1:
        raise ValueError(f"draws {draws}, alpha {alpha}: draws must be 1 or more and alpha between 0 and 1")
    data = courses.in_member_order()
    empty = MarkerFamily(n_treated=len(data.treated), alpha=alpha, draws=draws, seed=seed)
    if not data.treated:
        return replace(empty, status=Status.NO_PATIENTS, remedy=NO_TREATED)
    if not data.markers:
        return replace(empty, status=Status.NOT_REPORTED, remedy="No marker of the course was measured: enter them.")
    columns = [_column(data, o, k) for k in range(len(data.markers)) for o in range(len(data.offsets))]
    family = _family(columns, np.bincount(data.which), draws, seed)
    contrasts = tuple(_contrast(data, c, p, alpha) for c, p in zip(columns, family, strict=True))
    return replace(empty, contrasts=contrasts, changes=_changes(data, columns, draws, seed))


@dataclass(frozen=True, slots=True, eq=False)
class _Column:
    """One marker on one day. Worth: the higher the better, least and best it may be; members in order of sets."""

    o: int
    k: int
    worst: Floats  # (m,)
    best: Floats
    readable: Bools  # (m,)
    sets: dict[int, Ints]  # members read, the treated first, of the sets with the treated and a control read
    scores: list[Ints]  # wins - losses of each of them
    status: Status
    remedy: str

    @property
    def spread(self) -> float:
        """SD of the sum of scores when each member of a set is as likely the treated one (their mean is 0)."""
        return float(np.sqrt(sum(float(np.mean(s.astype(np.float64) ** 2)) for s in self.scores)))


def _column(data: MarkerCourses, o: int, k: int) -> _Column:
    readable = data.hidden[:, o, k] == READABLE
    worst, best = data.worth(o, k)
    sets = dict[int, Ints]()
    for i, members in enumerate(np.split(np.arange(len(data.which)), np.flatnonzero(data.is_treated)[1:])):
        read = members[readable[members]]
        if readable[members[0]] and len(read) > 1:
            sets[i] = read
    status, remedy = _status(data, o, k, list(sets.values()))
    if status not in (Status.OK, Status.TOO_FEW, Status.REFUSED):
        sets = {}
    return _Column(o, k, worst, best, readable, sets, _scores(worst, best, sets.values()), status, remedy)


def _scores(worst: Floats, best: Floats, sets: Iterable[Ints]) -> list[Ints]:
    ranks = np.unique(np.concatenate([worst, best]), return_inverse=True)[1].astype(np.int64)
    least, most = ranks[: len(worst)], ranks[len(worst) :]
    return [set_scores(least[members], most[members]) for members in sets]


def _family(columns: Sequence[_Column], sizes: Ints, draws: int, seed: int) -> list[float | None]:
    """P(largest standardised sum >= observed) of each column, the same member of a set drawn for all of them.

    Where another drug hides a marker in the drawn member, the next one in the same random order stands for it.
    """
    rng = np.random.Generator(np.random.Philox(key=seed))
    spread = np.array([c.spread for c in columns])
    scores = [dict(zip(c.sets, c.scores, strict=True)) for c in columns]
    total = np.zeros((len(columns), draws))
    for i, (size, end) in enumerate(zip(sizes, np.cumsum(sizes), strict=True)):
        order = rng.random((draws, size), dtype=np.float32)
        drawn = dict[bytes, Ints]()
        for row, column in enumerate(columns):
            if i in column.sets and spread[row]:
                members = column.sets[i] - (end - size)
                key = members.tobytes()
                drawn.setdefault(key, order.argmax(1) if len(members) == size else order[:, members].argmax(1))
                total[row] += scores[row][i][drawn[key]]
    seen = np.array([sum(float(s[0]) for s in c.scores) for c in columns]) / np.where(spread > 0, spread, 1.0)
    largest = (total / np.where(spread > 0, spread, 1.0)[:, None])[spread > 0].max(axis=0, initial=-np.inf)
    p = (1 + np.sum(largest >= seen[:, None] - SLACK, axis=1)) / (1 + draws)
    return [float(one) if c.sets else None for one, c in zip(p, columns, strict=True)]


def _contrast(data: MarkerCourses, column: _Column, p_family: float | None, alpha: float) -> MarkerContrast:
    treated, sets = np.flatnonzero(data.is_treated), list(column.sets.values())
    p, p_harm = permutation_tails(column.scores) if sets else (None, None)
    wins = sum(int(np.sum(column.worst[s[0]] > column.best[s[1:]])) for s in sets)
    losses = sum(int(np.sum(column.best[s[0]] < column.worst[s[1:]])) for s in sets)
    pairs = sum(len(s) - 1 for s in sets)
    before = _scores(*data.worth(None, column.k), sets)
    weights = [1 / (len(s) - 1) for s in sets for _ in s[1:]]
    others = np.concatenate([np.zeros(0, np.int64), *(s[1:] for s in sets)])
    own = treated[column.readable[treated]]
    return MarkerContrast(
        marker=data.markers[column.k],
        offset=data.offsets[column.o],
        rank_difference=(wins - losses) / pairs if pairs else None,
        rank_difference_before=sum(int(s[0]) for s in before) / pairs if pairs else None,
        p=p,
        p_harm=p_harm,
        p_family=None if p is None or p_family is None else max(p_family, p),
        wins=wins,
        losses=losses,
        ties=pairs - wins - losses,
        n_sets=len(sets),
        n_controls=pairs,
        hidden=int(np.sum(data.hidden[treated, column.o, column.k] == HIDDEN)),
        not_known=int(np.sum(data.hidden[treated, column.o, column.k] > HIDDEN)),
        treated=_occupancy(data, column, own, np.ones(len(own))),
        controls=_occupancy(data, column, others, np.array(weights)),
        grid=_grid(data, column, p, alpha),
        status=column.status,
        remedy=column.remedy,
    )


def _status(data: MarkerCourses, o: int, k: int, used: Sequence[Ints]) -> tuple[Status, str]:
    """The gravest refusal first. What is refused for want of a control for somebody is told of the others."""
    treated = np.flatnonzero(data.is_treated)
    hidden, drug = data.hidden[treated, o, k], data.watched[k].hidden_by
    sizes = np.bincount(data.which, minlength=len(treated))
    if not np.any(sizes > 1):
        return Status.ONE_ARM, NO_CONTROLS
    if np.all(hidden != READABLE):
        told = f"unreadable: {drug} in {np.sum(hidden == HIDDEN)} of {len(treated)} treated"
        return Status.REFUSED, f"{told}, not known in {np.sum(hidden > HIDDEN)}. Read a marker that it does not move."
    if not used:
        return Status.REFUSED, f"unreadable: {drug} was given to, or is not known of, every control. Record it."
    unmatched = tuple(name for name, size in zip(data.treated, sizes, strict=True) if size < 2)
    members = np.concatenate(used)
    known = np.isfinite(data.after[members, o, k, 0])
    for side, who in (("treated patient", data.is_treated[members]), ("control", ~data.is_treated[members])):
        if not np.any(known & who):
            return Status.NOT_REPORTED, f"No living {side} was measured about day {data.offsets[o]}: measure."
    status, remedy = matched_status(unmatched, len(used))
    if status is Status.TOO_FEW and len(used) < len(treated):
        remedy += f" Unreadable in {np.sum(hidden != READABLE)} treated: {drug}."
    return status, remedy


def _occupancy(data: MarkerCourses, column: _Column, members: Ints, weight: Floats) -> Occupancy:
    state, log = data.state[members, column.o], data.watched[column.k].log
    value = data.number(column.o, column.k, log=log)[members]
    measured = (state == DayState.V) & np.isfinite(value)
    mean = float(np.average(value[measured], weights=weight[measured])) if measured.any() else None
    ventilated, off, dead, unknown = (
        round(float(weight[np.isin(state, codes)].sum()), 9)
        for codes in ([DayState.V], [DayState.E, DayState.H], [DayState.D], [DayState.U])
    )
    mean = float(np.exp(mean)) if log and mean is not None else mean
    return Occupancy(mean, int(measured.sum()), ventilated, off, dead, unknown)


def _grid(data: MarkerCourses, column: _Column, p: float | None, alpha: float) -> DeltaGrid:
    """p with unmeasured treated patients at the middle of their set's living controls, worse by each of DELTAS."""
    watched = data.watched[column.k]
    value = data.number(column.o, column.k, log=watched.log)
    known = np.isfinite(value)
    sets = list(column.sets.values())
    told = np.isfinite(data.after[:, column.o, column.k, 0]) | (data.state[:, column.o] == DayState.D)
    missing = np.array([s[0] for s in sets if not told[s[0]]], dtype=np.int64)
    if not len(missing) or p is None or p > alpha:
        return DeltaGrid(len(missing))
    pooled = np.unique(np.concatenate(sets))
    sd = float(np.std(value[pooled][known[pooled]], ddof=1)) if known[pooled].sum() > 1 else 0.0
    plain, before = (data.number(o, column.k, log=False) for o in (column.o, None))
    middle = {s[0]: float(np.median(plain[s[1:]][known[s[1:]]])) if known[s[1:]].any() else before[s[0]] for s in sets}
    base = np.array([middle[i] for i in missing])
    found = []
    for delta in DELTAS:
        worse = -watched.better * delta * sd
        moved = base * np.exp(worse) if watched.log else base + worse
        found.append(_p_with(column, missing, watched.better * moved))
    tipping = next((d for d, one in zip(DELTAS, found, strict=True) if one > alpha), None)
    return DeltaGrid(len(missing), tuple(found), tipping, _p_with(column, missing, np.full(len(missing), -np.inf)))


def _p_with(column: _Column, missing: Ints, worth: Floats) -> float:
    """One-sided p when the members `missing` are worth that much; a NaN leaves the tie."""
    worst, best = column.worst.copy(), column.best.copy()
    told = ~np.isnan(worth)
    worst[missing[told]] = best[missing[told]] = worth[told]
    return permutation_tails(_scores(worst, best, column.sets.values()))[0]


def _changes(data: MarkerCourses, columns: Sequence[_Column], draws: int, seed: int) -> tuple[Change, ...]:
    """Every column before and after in the treated alive, p by sign flips with one sign a patient for all columns."""
    treated = np.flatnonzero(data.is_treated)
    change, raw = np.full((2, len(columns), len(treated)), np.nan)
    for c, column in enumerate(columns):
        for into, log in ((change, data.watched[column.k].log), (raw, False)):
            moved = data.number(column.o, column.k, log=log) - data.number(None, column.k, log=log)
            into[c] = np.where(column.readable, moved, np.nan)[treated]
    p, family, is_exact = sign_flips(np.nan_to_num(change), draws=draws, seed=seed)
    found = []
    for c, column in enumerate(columns):
        known = np.isfinite(change[c])
        middle = ratio = None
        if known.any():
            middle = float(np.median(raw[c][known]))
            ratio = float(np.exp(change[c][known].mean())) if data.watched[column.k].log else None
        one, of_all = (float(p[c]), float(family[c])) if known.any() else (None, None)
        marker, offset = data.markers[column.k], data.offsets[column.o]
        found.append(Change(marker, offset, int(known.sum()), middle, ratio, one, of_all, is_exact))
    return tuple(found)
