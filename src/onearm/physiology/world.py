"""World: what is put into the virtual hospitals of the mechanistic generator."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from onearm.physiology.parameters import ParameterSet, default_parameters
from onearm.physiology.purpose import Efficacy


@dataclass(frozen=True, slots=True)
class World:
    """Hospitals, their patients, who is treated, and what the cells do: nothing, unless an `Efficacy` is given.

    All numbers but those of `parameters` are settings of the study, not of the disease. Raises ValueError with all that
    does not fit.
    """

    parameters: ParameterSet = field(default_factory=default_parameters)
    efficacy: Efficacy | None = None
    patients: int = 163  # who come to ventilation
    hospitals: int = 6
    first_entry: date = date(2020, 3, 12)  # ventilation starts evenly over `entry_days` from here
    entry_days: int = 42
    data_lock: date = date(2020, 6, 30)  # known to the end of this day
    treat_per_day: float = 0.04  # rate of deciding to treat on a ventilated day, at severity 0; 0: nobody is treated
    gamma: float = 0.0  # log rate per unit of severity: negative treats the less severe
    severity: Literal["measured", "hidden"] = "measured"  # that moves the decision: the morning's P/F, or the damage
    offer_from_days: int = 0  # treating is not decided on an earlier morning
    lag_days: float = 1.0  # decision to infusion
    containers: int | None = 13  # bags made, given in the order of decisions; None: as many as are needed
    m_per_kg: float = 1.0  # 1e6 viable cells per kg
    steroid_share: float = 0.6  # given a corticosteroid, whatever the severity; what it does: `w_s`
    measured_days: int = 28  # markers from the day before ventilation to this day
    source_id: str = "VIRTUAL-A"

    def __post_init__(self) -> None:
        last_entry = self.first_entry.toordinal() + self.entry_days
        wrong = {
            "patients and entry_days must be above 0": min(self.patients, self.entry_days) < 1,
            "hospitals must lie in 1..99": not 1 <= self.hospitals <= 99,
            "treat_per_day, lag_days and m_per_kg must not be negative": min(
                self.treat_per_day, self.lag_days, self.m_per_kg
            )
            < 0,
            "steroid_share must lie in 0..1": not 0 <= self.steroid_share <= 1,
            "measured_days and offer_from_days must not be negative": min(self.measured_days, self.offer_from_days) < 0,
            "data_lock must not be before the last entry": self.data_lock.toordinal() < last_entry,
        }
        found = [what for what, holds in wrong.items() if holds]
        if found:
            raise ValueError(f"{'; '.join(found)}: {self}")

    @property
    def sha256(self) -> str:
        """SHA-256 of the settings, the parameters among them, as sorted JSON."""
        told = {name: str(getattr(self, name)) for name in self.__slots__ if name != "parameters"}
        text = json.dumps(told | {"parameters": self.parameters.sha256}, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()
