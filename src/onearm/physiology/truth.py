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

#: The same of the virtual hospital, with the doses and days free of the ventilator among 28 (0 for the dead).
HOST_PEOPLE = TRUTH_PEOPLE | {
    "lost_day": pl.Int32,  # moved out of sight
    "doses": pl.Int64,
    "true_m_per_kg": pl.Float64,  # viable cells that entered, all doses together
    "ventilator_free_days": pl.Float64,
    "untreated_ventilator_free_days": pl.Float64,
}
_HORIZON_DAYS = 28


@dataclass(frozen=True, slots=True)
class InjectedError:
    """One error in one row, as the records show it."""

    kind: str  # field of RecordErrors
    table: str
    row: str  # its key
    was: str  # empty: the row was not there
    now: str


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What was put into one virtual trial. `people` has a row per patient, columns `TRUTH_PEOPLE` or `HOST_PEOPLE`."""

    purpose: Purpose
    generator: str
    settings_sha256: str
    seed: int
    trial: int
    death_ratio: float | None  # ratio of death hazards from the infusion on; 1 = no effect; None: the hospital has none
    people: pl.DataFrame
    emax: float | None = None  # of the hospital: 0 = no effect
    errors: tuple[InjectedError, ...] = ()  # put into the records on purpose
    hosts: pl.DataFrame | None = None  # of the hospital: every parameter of every patient

    @property
    def risk_difference(self) -> float:
        """Dead by day 28 of the infused, with the cells minus without: the effect on them, share."""
        infused = self.people.filter(pl.col("infused_day").is_not_null())
        dead = (infused[name].fill_null(2**30) <= _HORIZON_DAYS for name in ("death_day", "untreated_death_day"))
        treated, untreated = (float(d.sum()) for d in dead)
        return (treated - untreated) / infused.height if infused.height else 0.0


def whole_days(days: Floats) -> pl.Series:
    """Whole days since day zero; null for inf and nan."""
    happens = np.isfinite(days)
    whole = np.floor(np.where(happens, days, 0)).astype(np.int32)
    return pl.Series(whole).set(pl.Series(~happens), None)
