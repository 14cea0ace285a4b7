"""How the mechanistic virtual hospitals measure: what is missing, in which units it is written, when one looks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onearm.physiology.randomness import Floats

LATEST_DAY = 365  # an image or a visit is planned no later
HIGHEST_RALE = 48
_DAY = 1440  # minutes
_THURSDAY = 3  # 1970-01-01, when Monday is 0
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class MeasurementPolicy:
    """Settings of measuring, all assumed. Raises ValueError with all that does not fit."""

    missing_share: float = 0.05  # of values, images and visits, at random
    weekend_missing: float = 0.15  # more on Saturday and Sunday, UTC
    hospital_units: bool = True  # each hospital writes some markers in its own unit; False: all in the canonical one
    limits: bool = True  # beyond what the assay of that hospital can tell, `<` or `>` and the limit are written
    image_days: tuple[int, ...] = (0, 3, 7, 14, 28)  # since ventilation, of a chest X-ray scored by RALE
    reads_agree_within: int = 0  # points of RALE; further apart, or with another change, a third reader decides
    visit_days: tuple[int, ...] = (0, 3, 7, 14, 28)  # since ventilation

    def __post_init__(self) -> None:
        shares = (self.missing_share, self.weekend_missing)
        wrong = {
            "missing_share and weekend_missing must not be negative": min(shares) < 0,
            "missing_share and weekend_missing together must not be above 1": sum(shares) > 1,
            f"image_days must rise from 0 to at most {LATEST_DAY}": not _rise(self.image_days),
            f"reads_agree_within must lie in 0..{HIGHEST_RALE}": not 0 <= self.reads_agree_within <= HIGHEST_RALE,
            f"visit_days must rise from 0 to at most {LATEST_DAY}": not _rise(self.visit_days),
        }
        found = [what for what, holds in wrong.items() if holds]
        if found:
            raise ValueError(f"{'; '.join(found)}: {self}")

    def chance_missing(self, minutes: NDArray[np.int64]) -> Floats:
        """Chance that what was due at these minutes since 1970 is missing; the shape is kept."""
        weekend = (minutes // _DAY + _THURSDAY) % 7 >= _SATURDAY
        return np.asarray(self.missing_share + self.weekend_missing * weekend, dtype=np.float64)


def _rise(days: tuple[int, ...]) -> bool:
    return all(0 <= day <= LATEST_DAY for day in days) and list(days) == sorted(set(days))
