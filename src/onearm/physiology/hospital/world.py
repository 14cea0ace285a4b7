"""World: what is put into the virtual hospitals of the mechanistic generator."""

import hashlib
import json
import math
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from onearm.physiology.hospital.record_errors import RecordErrors
from onearm.physiology.host.parameters import ParameterSet, default_parameters
from onearm.physiology.purpose import Efficacy
from onearm.physiology.tables.co_treatment import CoTreatment
from onearm.physiology.tables.measurement_policy import MeasurementPolicy
from onearm.physiology.tables.product_policy import ProductPolicy

_MOST_M_PER_KG = 2.5  # so that no dose is beyond the context of use by an error of the count


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
    treat_per_day: float = 0.04  # rate of deciding to treat on a ventilated day to day 28, at severity 0; 0: never
    gamma: float = 0.0  # log rate per unit of severity: negative treats the less severe
    severity: Literal["measured", "hidden"] = "measured"  # that moves the decision: the morning's P/F, or the damage
    offer_from_days: int = 0  # treating is not decided on an earlier morning
    lag_days: float = 1.0  # decision to infusion
    most_treated: int | None = 13  # patients, in the order of decisions; None: no limit
    containers: int | None = None  # bags made; None: as many as are needed
    m_per_kg: float = 1.0  # 1e6 viable cells per kg and dose
    refuse_share: float = 0.05  # of those decided on, who do not agree
    site_treat: float = 0.0  # SD of the log rate of treating between hospitals
    product_from_day: int = 0  # of the entry; nothing is decided before
    drift: float = 1.0  # hazard of death by the lung for who enters first, against who enters last
    transfer_per_day: float = 0.0  # rate of being moved out of sight on such a day, at severity 0
    transfer_gamma: float = 0.0  # log rate per unit of severity
    measured_days: int = 28  # markers from the day before ventilation to this day
    co_treatment: CoTreatment = CoTreatment()  # drugs beside the cells
    product: ProductPolicy = ProductPolicy()  # doses, lots that fail, transport, reactions
    measurement: MeasurementPolicy = MeasurementPolicy()  # what is missing, units, limits, images, visits
    errors: RecordErrors = RecordErrors()  # put into the records on purpose
    source_id: str = "VIRTUAL-A"

    def __post_init__(self) -> None:
        last_entry = self.first_entry.toordinal() + self.entry_days
        wrong = {
            "patients and entry_days must be above 0": min(self.patients, self.entry_days) < 1,
            "hospitals must lie in 1..99": not 1 <= self.hospitals <= 99,
            "numbers must be finite": not all(map(math.isfinite, self._numbers)),
            "rates, spreads and lag_days must not be negative": min(
                self.treat_per_day, self.transfer_per_day, self.site_treat, self.lag_days
            )
            < 0,
            f"m_per_kg must be above 0 and at most {_MOST_M_PER_KG:g}": not 0 < self.m_per_kg <= _MOST_M_PER_KG,
            "most_treated and containers must not be negative": min(self.most_treated or 0, self.containers or 0) < 0,
            "refuse_share must lie in 0..1": not 0 <= self.refuse_share <= 1,
            "drift must be above 0": self.drift <= 0,
            "measured_days, offer_from_days and product_from_day must not be negative": min(
                self.measured_days, self.offer_from_days, self.product_from_day
            )
            < 0,
            "data_lock must not be before the last entry": self.data_lock.toordinal() < last_entry,
        }
        found = [what for what, holds in wrong.items() if holds]
        if found:
            raise ValueError("; ".join(found))

    @property
    def _numbers(self) -> list[float]:
        return [value for value in (getattr(self, name) for name in self.__slots__) if isinstance(value, int | float)]

    @property
    def sha256(self) -> str:
        """SHA-256 of the settings, the parameters among them, as sorted JSON."""
        told = {name: str(getattr(self, name)) for name in self.__slots__ if name != "parameters"}
        text = json.dumps(told | {"parameters": self.parameters.sha256}, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()
