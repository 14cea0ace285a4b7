"""Purpose: what the model may be asked for, and the limits outside which it refuses.

No published model joins stromal-cell kinetics to markers and outcomes of lung failure. This one joins four published
pieces with assumptions; about three quarters of its parameters are assumptions. It tests methods. It does not predict
patients.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

MOST_DOSES = 3
MOST_M_PER_KG = 3.0  # 1e6 viable cells per kg and dose
GREATEST_EMAX = 5.0
ROUTES = ("intravenous", "central_venous", "peripheral_venous")
CELL_SOURCE = "adipose"


class Purpose(StrEnum):
    """What virtual courses may be drawn for. Evidence about a product, or about one person, is none of it."""

    METHOD_VALIDATION = "method_validation"
    DESIGN = "design"
    SAMPLING_PLAN = "sampling_plan"
    TEACHING = "teaching"
    SENSITIVITY = "sensitivity"


class OutsideContextOfUse(ValueError):
    """The model was asked for something it was not made for; the message names the limit."""


@dataclass(frozen=True, slots=True)
class Efficacy:
    """An effect that is put in: greatest effect, where it comes from, and why it is this large.

    Raises ValueError for an empty source or rationale, OutsideContextOfUse for emax outside 0..5.
    """

    emax: float
    source: str
    rationale: str

    def __post_init__(self) -> None:
        empty = [f for f in ("source", "rationale") if not getattr(self, f).strip()]
        if empty:
            raise ValueError(
                f"Efficacy without {' and '.join(empty)}: say where emax = {self.emax} comes from and why."
            )
        if not 0 <= self.emax <= GREATEST_EMAX:
            raise OutsideContextOfUse(
                f"emax = {self.emax} is outside 0 to {GREATEST_EMAX:g}. Harm is a hazard factor of the world, not emax."
            )


def require_purpose(purpose: Purpose) -> Purpose:
    """`purpose` itself. Raises TypeError unless it is a Purpose."""
    if not isinstance(purpose, Purpose):
        raise TypeError(
            f"purpose = {purpose!r} is no Purpose; give one of {', '.join('Purpose.' + p.name for p in Purpose)}"
        )
    return purpose


def require_context(m_per_kg: NDArray[np.float64], route: str, cell_source: str) -> None:
    """Raises OutsideContextOfUse for doses, shape (patients, doses), beyond the limits; the message names the limit."""
    most = int((m_per_kg > 0).sum(axis=1).max(initial=0))
    if most > MOST_DOSES:
        raise OutsideContextOfUse(f"{most} doses in one patient; the limit is {MOST_DOSES}. Give fewer.")
    highest = float(m_per_kg.max(initial=0.0))
    if highest > MOST_M_PER_KG:
        raise OutsideContextOfUse(
            f"a dose of {highest:g}e6 viable cells per kg; the limit is {MOST_M_PER_KG:g}e6 per kg. Give less."
        )
    if route not in ROUTES:
        raise OutsideContextOfUse(f"route {route}; the limit is {', '.join(ROUTES)}. Nothing is known of another here.")
    if cell_source != CELL_SOURCE:
        raise OutsideContextOfUse(f"cells from {cell_source}; the limit is {CELL_SOURCE} tissue. Use another model.")
