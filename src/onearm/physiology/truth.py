"""Truth: what only the simulator knows. Nobody but `design` may read it."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from onearm.physiology.purpose import Purpose
from onearm.physiology.randomness import Floats

#: Days are whole, counted from day zero, and null where it never happens; no data lock cuts them.
TRUTH_PEOPLE = {
    "subject_id": pl.String,
    "severity": pl.Float64,  # not in the records: U, standard normal; of the hospital, damage d when ventilation began
    "measured": pl.Float64,  # the part the markers follow: W; of the hospital, from the first P/F
    "infused_day": pl.Int32,
    "death_day": pl.Int32,  # as it happened
    "extubation_day": pl.Int32,  # first one
    "leaving_day": pl.Int32,  # left hospital alive
    "untreated_death_day": pl.Int32,  # the same patient without the infusion
    "untreated_extubation_day": pl.Int32,
    "untreated_leaving_day": pl.Int32,
}


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What was put into one virtual trial. `people` has a row per patient, columns `TRUTH_PEOPLE`."""

    purpose: Purpose
    generator: str
    settings_sha256: str
    seed: int
    trial: int
    death_ratio: float | None  # ratio of death hazards from the infusion on; 1 = no effect; None: the hospital has none
    people: pl.DataFrame
    emax: float | None = None  # of the hospital: 0 = no effect


def whole_days(days: Floats) -> pl.Series:
    """Whole days since day zero; null for inf and nan."""
    happens = np.isfinite(days)
    whole = np.floor(np.where(happens, days, 0)).astype(np.int32)
    return pl.Series(whole).set(pl.Series(~happens), None)
