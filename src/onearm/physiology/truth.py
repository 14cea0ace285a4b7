"""Truth: what only the simulator knows. Nobody but `design` may read it."""

from dataclasses import dataclass
from enum import StrEnum

import polars as pl


class Purpose(StrEnum):
    """What virtual records may be drawn for. Evidence about a product, or about one person, is none of it."""

    METHOD_VALIDATION = "method_validation"
    DESIGN = "design"
    SAMPLING_PLAN = "sampling_plan"
    TEACHING = "teaching"
    SENSITIVITY = "sensitivity"


#: Days are whole, counted from day zero, and null where it never happens; no data lock cuts them.
TRUTH_PEOPLE = {
    "subject_id": pl.String,
    "severity": pl.Float64,  # U, standard normal, not in the records
    "measured": pl.Float64,  # W, the part the markers follow
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
    death_ratio: float  # ratio of death hazards from the infusion on; 1 = no effect
    people: pl.DataFrame
