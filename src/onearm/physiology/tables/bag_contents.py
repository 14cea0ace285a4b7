"""What is in a bag: how many cells were counted after thawing, how many of them lived, and what was true of it.

The dose is set by the count, the effect by what was there: viability and count are read with error, and cells die
between the count and the vein.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onearm.physiology.randomness import Floats, Key, Process, normal

Whole = NDArray[np.int64]

_VIABLE_MILLION = 160.0  # filled, so that the least is enough for 140 kg
_FILLING, _COUNTING, _STAINING = 0.02, 0.02, 0.01  # SD of the log: cells in a bag, of a count; SD of a viability


@dataclass(frozen=True, slots=True, eq=False)
class BagContents:
    """Of each bag; shapes are equal."""

    counted: Whole  # all cells, 0.1 million
    viability: Whole  # read, 0.1 %
    true_share: Floats  # viable cells that entered the vein, as a share of those the count told

    @property
    def told_million(self) -> Floats:
        """Viable cells by count and viability as read, 10^6."""
        return np.asarray(self.counted / 10 * self.viability / 1000)


def assumed_contents(key: Key, bag: Whole) -> BagContents:
    """Contents that are what they are told to be: no lot differs and nothing dies."""
    counted = _tenths(163 + 3 * normal(key, Process.BAG, bag))
    viability = _tenths(np.clip(93 + 1.2 * normal(key, Process.BAG, bag, draw=1), 85, 99))
    return BagContents(counted, viability, np.ones(bag.shape))


def fuller(m_per_kg: float) -> float:
    """How much more is filled into a bag so that one is enough for a dose above 10^6 per kg."""
    return max(m_per_kg, 1.0)


def living_contents(
    key: Key, bag: Whole, released: Floats, counted_alive: Floats, entering: Floats, *, fuller: float = 1.0
) -> BagContents:
    """Contents of bags by the true share alive at release, when counted and when given; shapes as `bag`."""
    cells = fuller * _VIABLE_MILLION / released * np.exp(_FILLING * normal(key, Process.BAG, bag, draw=2))
    counted = _tenths(cells * np.exp(_COUNTING * normal(key, Process.BAG, bag, draw=3)))
    viability = _tenths(np.clip(100 * counted_alive + 100 * _STAINING * normal(key, Process.BAG, bag, draw=4), 50, 100))
    told = BagContents(counted, viability, np.ones(bag.shape)).told_million
    return BagContents(counted, viability, np.asarray(cells * entering / told))


def _tenths(values: Floats) -> Whole:
    return np.asarray(np.rint(values * 10), dtype=np.int64)
