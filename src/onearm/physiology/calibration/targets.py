"""Targets of the calibration: published aggregates of ventilated patients without cell therapy, and nothing else.

Never a target: a quoted mortality of 70 to 85 %, or any outcome of BALMYS-19, which is what such a model is checked on.
"""

from dataclasses import dataclass

LEAST_PATIENTS = 10


@dataclass(frozen=True, slots=True)
class CalibrationTarget:
    """One aggregate. Raises ValueError for fewer than 10 patients or no source: nothing is fitted to a person."""

    name: str
    value: float
    unit: str
    patients: int
    source: str

    def __post_init__(self) -> None:
        if self.patients < LEAST_PATIENTS:
            raise ValueError(
                f"{self.name}: {self.patients} patients; a target needs {LEAST_PATIENTS} or more. The model is not "
                "fitted to a person."
            )
        if not self.source.strip():
            raise ValueError(f"{self.name}: no source; say where {self.value:g} {self.unit} is published")


_TRIAL = "Bowdish 2023, Am J Respir Crit Care Med 207:261, control arm: 47 of 110"
_LUNG = "Monsel 2022, STROMA-CoV-2, placebo arm: median +25.3, quartiles -33.3 and 104.6"
_STEROID = "RECOVERY 2021, N Engl J Med, ventilated at randomisation: 95 of 324 against 283 of 683"
_COHORTS = "Hazard 2020, BMC Med Res Methodol 20:206, abstract"

TARGETS = (
    CalibrationTarget("dead by day 30, trial", 47 / 110, "share", 110, _TRIAL),
    CalibrationTarget("P/F change in 7 days, quartile 1", -33.3, "mmHg", 24, _LUNG),
    CalibrationTarget("P/F change in 7 days, median", 25.3, "mmHg", 24, _LUNG),
    CalibrationTarget("P/F change in 7 days, quartile 3", 104.6, "mmHg", 24, _LUNG),
    CalibrationTarget("dead by day 28, cohort of 24", 0.54, "share", 24, _COHORTS),
    CalibrationTarget("days ventilated to day 28, cohort of 24", 12.25, "d", 24, _COHORTS),
    CalibrationTarget("dead by day 28, cohort of 53", 0.20, "share", 53, _COHORTS),
    CalibrationTarget("days ventilated to day 28, cohort of 53", 14.57, "d", 53, _COHORTS),
    CalibrationTarget("deaths by day 28 with over without corticosteroid", 95 / 324 / (283 / 683), "1", 1007, _STEROID),
)
