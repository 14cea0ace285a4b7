"""State occupation P(s, t) = prod(I + dA) from transition rows (Aalen and Johansen 1978), several states, any moves.

Covariance: Greenwood-type recursion of Andersen, Borgan, Gill and Keiding (1993), equation 4.4.19, as in R etm.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CENSORED = -1  # `to` of a row that ends without a transition


@dataclass(frozen=True, slots=True, eq=False)
class Occupation:
    """P(s, t) for t = s .. last tick; index [t - s, from, to]."""

    from_tick: int  # s: transitions after it count
    probability: Floats  # shape (ticks + 1, states, states); rows add to 1
    se: Floats  # same shape
    at_risk: Ints  # shape (ticks + 1, states): in the state just before the tick; row 0 is 0


def occupation(
    entered: Ints, left: Ints, state: Ints, to: Ints, *, states: int, from_tick: int = 0, last_tick: int
) -> Occupation:
    """P(from_tick, t) from one row per stay, all arrays of shape (rows,).

    A row is in `state` after tick `entered` up to tick `left`, where it moves to `to` (0..states-1) or is CENSORED.
    Moves on a tick happen together; give finer ticks (2 per day) when a patient moves twice in a day.
    Raises ValueError for a stay without length or a state that does not exist.
    """
    if np.any(left <= entered):
        raise ValueError("a stay must end after its first tick: use finer ticks for two moves in a day")
    if np.any((state < 0) | (state >= states) | (to < CENSORED) | (to >= states)):
        raise ValueError(f"states are 0..{states - 1}, and {CENSORED} for a censored stay")
    size = last_tick - from_tick
    p, se = np.zeros((2, size + 1, states, states))
    p[0] = np.eye(states)
    covariance = np.zeros((states, states, states))  # [from, j, k]
    at_risk, moves = _counts(entered, left, state, to, states, from_tick, last_tick)
    for k in range(1, size + 1):
        y = np.maximum(at_risk[k], 1)[:, None]
        hazard = moves[k] / y
        stay = hazard.sum(1)
        step = hazard + np.diag(1 - stay)
        # rows of dA are multinomial: (diag(a) - a a') / y, with the diagonal of dA minus their sum
        full = hazard - np.diag(stay)
        spread = np.stack([np.diag(h) - np.outer(h, h) for h in step]) / y[:, :, None]
        covariance = np.einsum("ja,ljk,kb->lab", step, covariance, step)
        covariance += np.einsum("lh,hab->lab", p[k - 1] ** 2, spread)
        p[k] = p[k - 1] + p[k - 1] @ full
        se[k] = np.sqrt(np.maximum(np.einsum("ljj->lj", covariance), 0))
    return Occupation(from_tick, p, se, at_risk)


def _counts(
    entered: Ints, left: Ints, state: Ints, to: Ints, states: int, from_tick: int, last_tick: int
) -> tuple[Ints, Ints]:
    """At risk (ticks + 1, states) and moves (ticks + 1, states, states) on each tick after from_tick."""
    size = last_tick - from_tick
    first = np.maximum(entered - from_tick, 0) + 1  # first tick at risk
    last = left - from_tick
    used = (last >= first) & (first <= size)
    change = np.zeros((size + 2, states), dtype=np.int64)
    np.add.at(change, (first[used], state[used]), 1)
    np.add.at(change, (np.minimum(last[used], size) + 1, state[used]), -1)
    moves = np.zeros((size + 1, states, states), dtype=np.int64)
    moved = used & (last <= size) & (to != CENSORED)
    np.add.at(moves, (last[moved], state[moved], to[moved]), 1)
    return np.cumsum(change, axis=0)[: size + 1], moves
