"""How many were left after each rule, and why."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AttritionRow:
    """One step from screening to set."""

    rule: str  # id of the rule, or a short name
    n_before: int
    n_after: int
    reason: str
    reason_es: str = ""
