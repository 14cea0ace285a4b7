"""Drugs beside the cells: who is given a corticosteroid, tocilizumab or an anticoagulant, and when.

Only the corticosteroid and tocilizumab act in the model (`w_s`, `i_toci`); no coagulation is modelled.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onearm.physiology.randomness import Floats, Key, Process, normal, uniform
from onearm.physiology.tables.ward import DrugCourse, Minutes, minutes_of

_STEROID_DAYS = (2.0, 10.0)  # latest start after ventilation, duration
_TOCILIZUMAB_DAYS = (1.0, 10.0)  # latest start, how long IL-6 is blocked
_ANTICOAGULANT_DAYS = (1.0, 28.0)
_STEROID, _TOCILIZUMAB, _ANTICOAGULANT, _WITH_CELLS = range(4)  # draws of Process.CO_TREATMENT
_START = 10  # added to the draw for the time


@dataclass(frozen=True, slots=True)
class CoTreatment:
    """Shares given each drug, all assumed. Raises ValueError with all that does not fit."""

    steroid_share: float = 0.6
    tocilizumab_share: float = 0.2
    anticoagulant_share: float = 0.8
    per_severity: float = 0.0  # log odds of the first two per unit of severity at intubation
    between_hospitals: float = 0.0  # SD of the log odds of the first two between hospitals
    tocilizumab_with_cells: float = 0.0  # share of the infused who get it with the first dose

    def __post_init__(self) -> None:
        shares = (self.steroid_share, self.tocilizumab_share, self.anticoagulant_share, self.tocilizumab_with_cells)
        wrong = {
            "shares must lie in 0..1": min(shares) < 0 or max(shares) > 1,
            "between_hospitals must not be negative": self.between_hospitals < 0,
        }
        found = [what for what, holds in wrong.items() if holds]
        if found:
            raise ValueError(f"{'; '.join(found)}: {self}")


@dataclass(frozen=True, slots=True, eq=False)
class DrugDays:
    """Days since ventilation from and until which a drug is given; inf for whom it is not. Shape (persons,) each."""

    steroid: tuple[Floats, Floats]
    tocilizumab: tuple[Floats, Floats]
    anticoagulant: tuple[Floats, Floats]

    @property
    def acting(self) -> Floats:
        """Corticosteroid and tocilizumab as the model takes them, shape (persons, 4)."""
        return np.column_stack([*self.steroid, *self.tocilizumab])

    def courses(self, zero: Minutes) -> tuple[DrugCourse, ...]:
        """In minutes, as the ward holds them."""
        named = (
            ("corticosteroid", "STER", self.steroid),
            ("tocilizumab", "TOCI", self.tocilizumab),
            ("anticoagulant", "COAG", self.anticoagulant),
        )
        return tuple(DrugCourse(kind, mark, *(minutes_of(zero, d) for d in days)) for kind, mark, days in named)

    def with_cells(self, policy: CoTreatment, key: Key, patient: NDArray[np.int64], infused: Floats) -> "DrugDays":
        """A share of the infused, at `infused` (days, inf: never), gets tocilizumab with the first dose."""
        joins = np.isfinite(infused) & (
            uniform(key, Process.CO_TREATMENT, patient, draw=_WITH_CELLS) < policy.tocilizumab_with_cells
        )
        start = np.where(joins, np.minimum(infused, self.tocilizumab[0]), self.tocilizumab[0])
        return DrugDays(self.steroid, (start, start + _TOCILIZUMAB_DAYS[1]), self.anticoagulant)


def drug_days(
    policy: CoTreatment, key: Key, patient: NDArray[np.int64], hospital: NDArray[np.int64], severity: Floats
) -> DrugDays:
    """Drugs by the policy of the hospital and by severity at intubation, whatever becomes of the cells."""
    lean = policy.per_severity * severity
    lean = lean + policy.between_hospitals * normal(key, Process.CENTRE, hospital, draw=2)
    steroid = steroid_days(key, patient, _leaning(policy.steroid_share, lean))
    tocilizumab = _given(key, patient, _TOCILIZUMAB, _leaning(policy.tocilizumab_share, lean), _TOCILIZUMAB_DAYS)
    share = np.full(patient.shape, policy.anticoagulant_share)
    return DrugDays(steroid, tocilizumab, _given(key, patient, _ANTICOAGULANT, share, _ANTICOAGULANT_DAYS))


def steroid_days(key: Key, patient: NDArray[np.int64], share: Floats | float) -> tuple[Floats, Floats]:
    """Days since ventilation from and until which a corticosteroid is given to a share; inf for whom it is not."""
    latest, length = _STEROID_DAYS
    given = uniform(key, Process.STEROID, patient) < share
    start = np.where(given, uniform(key, Process.STEROID, patient, draw=1) * latest, np.inf)
    return start, start + length


def _given(
    key: Key, patient: NDArray[np.int64], drug: int, share: Floats, days: tuple[float, float]
) -> tuple[Floats, Floats]:
    latest, length = days
    given = uniform(key, Process.CO_TREATMENT, patient, draw=drug) < share
    start = np.where(given, uniform(key, Process.CO_TREATMENT, patient, draw=_START + drug) * latest, np.inf)
    return start, start + length


def _leaning(share: float, lean: Floats) -> Floats:
    """The share, moved by so much on the log odds; 0 and 1 stay."""
    odds = share * np.exp(lean)
    return np.asarray(odds / (odds + 1 - share))
