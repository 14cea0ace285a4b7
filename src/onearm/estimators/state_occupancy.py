"""Where patients are h days after the index day: Aalen-Johansen over five states, treated beside their sets.

Ventilated, off the ventilator, ventilated again, left hospital alive, dead. Moves between the starts of two days are
one step; a patient no longer known leaves the risk set. Controls of a set share the weight of one.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from onearm.cohort.analysis_set import AnalysisSet
from onearm.estimators.follow_up import set_pairs, treated_follow_up
from onearm.estimators.state_days import matched_status, state_refusal, states_from
from onearm.results.status import Status
from onearm.vocabulary.scales import DayState

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

STATES = ("ventilated", "off", "ventilated_again", "left_alive", "dead")
_V, _OFF, _AGAIN, _LEFT, _DEAD = range(5)
_UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class StateOccupancy:
    """Probability of each of STATES at the start of day Z+h+1, and days spent in each from Z+1 on."""

    treated: tuple[float, ...] = ()
    controls: tuple[float, ...] = ()
    treated_days: tuple[float, ...] = ()  # expected, over the starts of Z+1..Z+h+1: restricted means
    controls_days: tuple[float, ...] = ()
    horizon: int = 0
    n_matched: int = 0
    method: str = "Aalen-Johansen over five states, day by day from Z; each set weighs one"
    assumptions: tuple[str, ...] = ("whoever is no longer known moves like those still followed in the same state",)
    status: Status = Status.OK
    remedy: str = ""

    @property
    def estimate(self) -> float | None:
        """Probability of death of the treated; None exactly when status is not OK."""
        return self.treated[_DEAD] if self.status is Status.OK else None


def state_occupancy(data: AnalysisSet) -> StateOccupancy:
    """Both groups from the index day of each set to the horizon of `data`."""
    who = treated_follow_up(data)
    pairs = set_pairs(data, who)
    empty = StateOccupancy(horizon=data.horizon)
    status, remedy = state_refusal(data, who, pairs, last=1)
    if status is not Status.OK:
        return replace(empty, status=status, remedy=remedy)
    m = np.bincount(pairs.which, minlength=len(who.row))
    status, remedy = matched_status(tuple(p for p, k in zip(who.person, m, strict=True) if not k), int((m > 0).sum()))
    if not len(pairs.which):
        return replace(empty, status=Status.ONE_ARM, remedy=remedy)
    own = occupancy(_paths(data, who.row, who.start, who.horizon), np.ones(len(who.row)))
    start, h = who.start[pairs.which], who.horizon[pairs.which]
    others = occupancy(_paths(data, pairs.control, start, h), 1.0 / m[pairs.which])
    return replace(
        empty,
        treated=tuple(own[-1].tolist()),
        controls=tuple(others[-1].tolist()),
        treated_days=tuple(own[1:].sum(axis=0).tolist()),
        controls_days=tuple(others[1:].sum(axis=0).tolist()),
        n_matched=int((m > 0).sum()),
        status=status,
        remedy=remedy,
    )


def _paths(data: AnalysisSet, row: Ints, start: Ints, h: Ints) -> Ints:
    """Index into STATES at the starts of Z..Z+H+1, shape (rows, H + 2); -1 beyond Z+h+1 and where not known."""
    days = data.horizon + 2
    raw = states_from(data, row, start, days)
    path = np.full(raw.shape, _UNKNOWN, dtype=np.int64)
    for state, code in ((DayState.V, _V), (DayState.E, _OFF), (DayState.H, _LEFT), (DayState.D, _DEAD)):
        path[raw == state] = code
    been_off = np.cumsum(path == _OFF, axis=1) > 0
    path[(path == _V) & been_off] = _AGAIN
    path[np.arange(days)[None, :] > h[:, None] + 1] = _UNKNOWN
    return path


def occupancy(path: Ints, weight: Floats) -> Floats:
    """Probabilities of STATES at the start of each day, from all in their first state; (days, 5).

    `path` (rows, days) holds indices into STATES, -1 where not known; a state nobody is seen in keeps what it holds.
    """
    p = np.zeros((path.shape[1], len(STATES)))
    for state in range(len(STATES)):
        p[0, state] = weight[path[:, 0] == state].sum()
    p[0] /= max(p[0].sum(), 1e-300)
    for day in range(path.shape[1] - 1):
        now, then = path[:, day], path[:, day + 1]
        known = (now >= 0) & (then >= 0)
        moves = np.zeros((len(STATES), len(STATES)))
        np.add.at(moves, (now[known], then[known]), weight[known])
        total = moves.sum(axis=1, keepdims=True)
        step = np.where(total > 0, moves / np.where(total > 0, total, 1.0), np.eye(len(STATES)))
        p[day + 1] = p[day] @ step
    return p
