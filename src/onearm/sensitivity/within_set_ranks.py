"""Did the treated differ from their similar patients in something no treatment can have changed? Ranks within sets.

Each treated patient's value is ranked among those of the set; under an equal chance of treatment within the set any
member could have had that rank. Two-sided p by drawing one member per set (a Monte Carlo permutation test: Phipson and
Smyth 2010, so p is never 0).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.cohort.analysis_set import AnalysisSet

Floats = NDArray[np.float64]
DRAWS = 9_999
FEWEST_SETS = 5


@dataclass(frozen=True, slots=True)
class SetRanks:
    """Mean place of the treated in their sets, 0 lowest, 1 highest, .5 no difference; p is None with too few sets."""

    sets: int  # with the value of the treated and of a control
    place: float | None
    p: float | None


def set_ranks(data: AnalysisSet, treated: Floats, control: Floats, *, seed: int) -> SetRanks:
    """`treated`, `control`: one value per row of `data.sets` with a control, NaN where not known."""
    pairs = (
        data.sets.drop_nulls("control")
        .select("set_id")
        .with_columns(mine=pl.Series(treated), theirs=pl.Series(control))
    )
    known = pairs.filter(pl.col("mine").is_finite() & pl.col("theirs").is_finite())
    places, own = list[Floats](), list[float]()
    for _, rows in sorted(known.group_by("set_id"), key=lambda item: item[0]):
        values = np.append(rows["theirs"].sort().to_numpy(), rows["mine"][0])
        ordered = np.sort(values)
        below = np.searchsorted(ordered, values, side="left")
        tied = np.searchsorted(ordered, values, side="right") - below - 1
        place = (below + tied / 2) / (len(values) - 1)
        places.append(place)
        own.append(float(place[-1]))
    if not own:
        return SetRanks(0, None, None)
    mean = float(np.mean(own))
    if len(own) < FEWEST_SETS:
        return SetRanks(len(own), mean, None)
    rng = np.random.Generator(np.random.Philox(key=seed))
    drawn = np.mean([p[rng.integers(0, len(p), DRAWS)] for p in places], axis=0)
    as_far = int((np.abs(drawn - 0.5) >= abs(mean - 0.5) - 1e-12).sum())
    return SetRanks(len(own), mean, (as_far + 1) / (DRAWS + 1))
