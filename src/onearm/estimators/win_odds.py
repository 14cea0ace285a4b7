"""Win odds within risk sets (Pocock et al. 2012; win odds: Dong et al. 2020), exact permutation test.

A treated patient meets the controls of the own set only, over Z..Z+h: survival beats death, a later death an earlier
one; of two survivors the earlier final extubation wins. A scale at Z+h would come next; it is not in the analysis set.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from onearm.cohort.analysis_set import AnalysisSet
from onearm.estimators.follow_up import SetPairs, TreatedFollowUp, in_person_order, set_pairs, treated_follow_up
from onearm.estimators.state_days import NO_CONTROLS, matched_status, state_refusal, states_from
from onearm.results.status import Status
from onearm.vocabulary.scales import DayState

Ints = NDArray[np.int64]

LONG_WORK = 2e9  # multiplications beyond which the convolution goes by Fourier transform
ASSUMPTIONS = (
    "within a set every patient was equally likely to be treated on that day",
    "who becomes unknown, and when, is the same with and without treatment",
    "no anticipation of treatment",
    "sets independent (a control in several sets makes the level approximate)",
)


@dataclass(frozen=True, slots=True)
class WinCounts:
    """Pairs of a treated patient and a control of the same set."""

    wins: int = 0  # the treated patient did better
    losses: int = 0
    ties: int = 0  # undecided ones counted
    undecided: int = 0  # of the ties: one of the two is open and could still do better or worse

    @property
    def pairs(self) -> int:
        """All pairs."""
        return self.wins + self.losses + self.ties

    @property
    def odds(self) -> float | None:
        """(wins + ties/2) / (losses + ties/2); None without losses and ties."""
        below = self.losses + self.ties / 2
        return (self.wins + self.ties / 2) / below if below else None

    @property
    def ratio(self) -> float | None:
        """Wins / losses, ties left out; None without losses."""
        return self.wins / self.losses if self.losses else None

    @property
    def net_benefit(self) -> float | None:
        """(wins - losses) / pairs; None without pairs."""
        return (self.wins - self.losses) / self.pairs if self.pairs else None


@dataclass(frozen=True, slots=True)
class WinOdds:
    """Who did better, the treated or their similar patients, by death and then by final extubation."""

    odds: float | None = None  # above 1 the treated did better; None without losses and ties
    ratio: float | None = None  # None without losses
    net_benefit: float | None = None  # -1..1
    by_death: WinCounts = WinCounts()  # all pairs; ties here go on to extubation
    by_extubation: WinCounts = WinCounts()  # pairs that death did not decide
    counts: WinCounts = WinCounts()  # both steps together
    n_treated: int = 0  # all treated patients, matched or not
    n_matched: int = 0
    p: float | None = None  # one-sided for benefit: P(wins - losses >= observed)
    p_harm: float | None = None  # P(wins - losses <= observed)
    unmatched: tuple[str, ...] = ()  # treated patients without a control
    same_day: str = "index"
    method: str = "pairs within sets, index day Z: events on Z..Z+h; exact permutation within sets"
    assumptions: tuple[str, ...] = ASSUMPTIONS
    status: Status = Status.OK
    remedy: str = ""

    @property
    def estimate(self) -> float | None:
        """Win odds; None exactly when status is not OK."""
        return self.odds if self.status is Status.OK else None


def win_odds(data: AnalysisSet) -> WinOdds:
    """Wins and losses of the treated against the controls of their sets."""
    data = in_person_order(data)
    who = treated_follow_up(data)
    pairs = set_pairs(data, who)
    empty = WinOdds(n_treated=len(who.row), same_day=data.same_day)
    status, remedy = state_refusal(data, who, pairs, last=1)
    if status is not Status.OK:
        return replace(empty, status=status, remedy=remedy)
    m = np.bincount(pairs.which, minlength=len(who.row))
    unmatched = tuple(name for name, k in zip(who.person, m, strict=True) if not k)
    empty = replace(empty, n_matched=int(np.sum(m > 0)), unmatched=unmatched)
    if not empty.n_matched:
        return replace(empty, status=Status.ONE_ARM, remedy=NO_CONTROLS)
    sets = _sets(data, who, pairs)
    by_death = _sum_counts([_death_only(s) for s in sets])
    counts = _sum_counts(sets)
    p, p_harm = permutation_tails([set_scores(s.worst, s.best) for s in sets])
    status, remedy = matched_status(unmatched, empty.n_matched)
    if status is Status.OK and counts.odds is None:
        status, remedy = Status.NO_EVENTS, "No pair was lost or tied: odds have no value. Read the net benefit and p."
    return replace(
        empty,
        odds=counts.odds,
        ratio=counts.ratio,
        net_benefit=counts.net_benefit,
        by_death=by_death,
        by_extubation=WinCounts(
            counts.wins - by_death.wins, counts.losses - by_death.losses, counts.ties, counts.undecided
        ),
        counts=counts,
        p=p,
        p_harm=p_harm,
        status=status,
        remedy=remedy,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Set:
    """Least and best rank each member may still reach, the treated first; equal when the course is known to Z+h."""

    worst: Ints
    best: Ints
    horizon: int


def _sets(data: AnalysisSet, who: TreatedFollowUp, pairs: SetPairs) -> list[_Set]:
    order = np.argsort(pairs.which, kind="stable")
    which, control = pairs.which[order], pairs.control[order]
    own = outcome_ranks(data, who.row, who.start, who.horizon)
    others = outcome_ranks(data, control, who.start[which], who.horizon[which])
    m = np.bincount(which, minlength=len(who.row))
    stops = np.cumsum(m)
    found = []
    for i in np.flatnonzero(m):
        part = slice(stops[i] - m[i], stops[i])
        worst, best = (np.concatenate([[a[i]], b[part]]) for a, b in zip(own, others, strict=True))
        found.append(_Set(worst, best, int(who.horizon[i])))
    return found


def outcome_ranks(data: AnalysisSet, row: Ints, start: Ints, horizon: Ints) -> tuple[Ints, Ints]:
    """Least and best rank by Z+h, each of shape (persons,): the higher the better.

    Death on Z+d ranks d, alive on the ventilator at the end h + 1, final extubation on Z+x (h + 2) + (h - x); x = -1
    when off since before Z. An open patient may die the day after the last one known, or be off as soon as possible.
    """
    states = states_from(data, row, start, data.horizon + 2)
    day = np.arange(data.horizon + 2)
    inside = day <= horizon[:, None] + 1
    last = np.where(inside & (states == DayState.V), day, -1).max(axis=1)  # last start on the ventilator
    alive = np.where(last == horizon + 1, horizon + 1, 2 * horizon + 2 - last)
    end, event = (data.column(name)[row] for name in ("end_day", "event"))
    died = (event == 1) & (end <= start + horizon)
    lost = (event == 0) & (end < start + horizon)
    # followed to Z+h and open then: the start of Z+h+1 is not known, so the day Z+h passes without a move
    still = (event == 0) & (end == start + horizon) & (states[np.arange(len(row)), horizon] == DayState.V)
    known = np.where(died, end - start, np.where(still, horizon + 1, alive))
    return np.where(lost, end - start + 1, known), np.where(lost, alive, known)


def set_scores(worst: Ints, best: Ints) -> Ints:
    """Wins minus losses of each member of a set against all others; undecided pairs count 0. Shape (members,)."""
    wins = np.searchsorted(np.sort(best), worst, side="left")
    losses = len(worst) - np.searchsorted(np.sort(worst), best, side="right")
    return np.asarray(wins - losses, dtype=np.int64)


def permutation_tails(scores: Sequence[Ints]) -> tuple[float, float]:
    """P(sum >= observed) and P(sum <= observed) when each member of a set is as likely the treated one.

    `scores` holds one array per set, the observed treated member first. Exact up to rounding, by convolution.
    """
    masses = [np.bincount(s - s.min()) / len(s) for s in scores]
    at = int(sum(s[0] - s.min() for s in scores))
    size = sum(len(mass) - 1 for mass in masses) + 1
    if size * max(len(mass) for mass in masses) * len(masses) < LONG_WORK:
        total = np.ones(1)
        for mass in masses:
            total = np.convolve(total, mass)
    else:
        product = np.ones(size // 2 + 1, dtype=np.complex128)
        for mass in masses:
            product *= np.fft.rfft(mass, size)
        total = np.maximum(np.fft.irfft(product, size), 0.0)
    return min(float(total[at:].sum()), 1.0), min(float(total[: at + 1].sum()), 1.0)


def _death_only(members: _Set) -> _Set:
    """The same set when only death counts: all survivors rank alike."""
    top = members.horizon + 1
    return _Set(np.minimum(members.worst, top), np.minimum(members.best, top), members.horizon)


def _sum_counts(sets: Sequence[_Set]) -> WinCounts:
    """Pairs of the treated (the first member) with each control."""
    wins = losses = undecided = pairs = 0
    for s in sets:
        won, lost = s.worst[0] > s.best[1:], s.best[0] < s.worst[1:]
        is_open = (s.worst[0] < s.best[0]) | (s.worst[1:] < s.best[1:])
        wins, losses, pairs = wins + int(won.sum()), losses + int(lost.sum()), pairs + len(won)
        undecided += int(np.sum(is_open & ~won & ~lost))
    return WinCounts(wins, losses, pairs - wins - losses, undecided)
