"""Settings of the simple multistate generator: hazards, who is treated and when, follow-up, hospitals."""

import hashlib
import json
import math
from dataclasses import asdict, dataclass, fields
from datetime import date
from types import MappingProxyType
from typing import Literal

#: share dead at day 28, percent -> (death, extubation) per ventilated day at severity 0 (design, evidence 6.1)
BASELINES = MappingProxyType({30: (0.0185, 0.042), 37: (0.0245, 0.036), 46: (0.034, 0.032), 61: (0.058, 0.024)})

#: settings that came after the first hashes were printed
_LATER = frozenset(
    (
        "offer_from_days",
        "moribund_days",
        "effect_delay_days",
        "effect_in",
        "centre_death_sd",
        "centre_rate_sd",
        "steroid_death_ratio",
        "steroid_gamma",
        "earlier_share",
        "earlier_death_ratio",
        "improve_per_day",
        "improved_death_ratio",
        "improved_extubation_ratio",
        "improved_gamma",
    )
)


@dataclass(frozen=True, slots=True)
class MultistateSettings:
    """One virtual world. Hazards and the spread of severity: design, evidence 6.1; all else is assumed.

    Nobody dies off the ventilator. `death_ratio` multiplies the death hazard from the infusion on; 1 is no effect.
    """

    patients: int = 200
    first_patient: int = 0  # number of the first one: another number is another person
    death_per_day: float = 0.0185  # per ventilated day, at severity 0
    extubation_per_day: float = 0.042  # the same
    death_slope: float = 0.8  # log hazard per unit of severity
    extubation_slope: float = -0.5  # the same
    rho: float = 1.0  # share of the variance of measured severity that is true severity
    wait_days: float = 25.0  # mean from ventilation to the decision to treat, at severity 0; inf: nobody is treated
    gamma: float = 0.0  # log rate of treating per unit of severity: negative treats the less severe
    lag_days: float = 0.0  # decision to infusion
    death_ratio: float = 1.0
    containers: int | None = None  # bags made, given in the order of decisions; None: as many as are needed
    reintubation_per_day: float = 0.0  # per day off the ventilator in hospital, at most twice
    leaving_median_days: float = 7.0  # extubation to leaving hospital alive, log-normal
    leaving_log_sd: float = 0.5
    follow_up: Literal["lock", "from_infusion"] = "lock"
    first_entry: date = date(2020, 3, 12)  # lock: ventilation starts evenly over `entry_days` from here
    entry_days: int = 60
    data_lock: date = date(2020, 7, 31)  # known to the end of this day
    follow_up_mean_days: float = 16.0  # from_infusion: normal, truncated; the median is that of the published series
    follow_up_sd_days: float = 6.7
    follow_up_least_days: float = 3.0
    follow_up_most_days: float = 35.0
    longest_wait_days: float = 60.0  # from_infusion: whoever would wait longer is followed as if treated then
    hospitals: int = 6
    first_hospital: int = 1
    steroid_share: float = 0.6  # given a corticosteroid, whatever the severity; what it does: `steroid_...`
    measured_days: int = 28  # markers from the day before ventilation to this day; -1: none
    source_id: str = "VIRTUAL-B"
    offer_from_days: float = 0.0  # treating is not decided earlier; the wait begins then
    moribund_days: float = 0.0  # so long before an untreated death on the ventilator nobody is treated any more
    effect_delay_days: float = 0.0  # from the infusion to `death_ratio`
    effect_in: Literal["all", "mild", "severe"] = "all"  # whom `death_ratio` concerns: severity below, above 0
    centre_death_sd: float = 0.0  # of the log hazard of death between hospitals
    centre_rate_sd: float = 0.0  # of the log rate of treating between hospitals
    steroid_death_ratio: float = 1.0  # of the death hazard, all of ventilation, in those who get a corticosteroid
    steroid_gamma: float = 0.0  # log rate of treating in those who get a corticosteroid
    earlier_share: float = 0.0  # of an earlier era: nothing was on offer
    earlier_death_ratio: float = 1.0  # of the death hazard in the earlier era
    improve_per_day: float = 0.0  # of a change of state; from then on the ratios below
    improved_death_ratio: float = 1.0
    improved_extubation_ratio: float = 1.0
    improved_gamma: float = 0.0  # log rate of treating

    def __post_init__(self) -> None:
        positive = (self.death_per_day, self.extubation_per_day, self.wait_days, self.death_ratio, self.patients)
        ratios = (
            self.steroid_death_ratio,
            self.earlier_death_ratio,
            self.improved_death_ratio,
            self.improved_extubation_ratio,
        )
        delays = (self.offer_from_days, self.moribund_days, self.effect_delay_days)
        last_entry = self.first_entry.toordinal() + self.entry_days
        wrong = {
            "death_per_day, extubation_per_day, wait_days, death_ratio, patients must be above 0": min(positive) <= 0,
            "lag_days and reintubation_per_day must not be negative": min(self.lag_days, self.reintubation_per_day) < 0,
            "steroid_, earlier_, improved_death_ratio and improved_extubation_ratio must be above 0": min(ratios) <= 0,
            "improve_per_day must not be negative": self.improve_per_day < 0,
            "offer_from_days, moribund_days and effect_delay_days must not be negative": min(delays) < 0,
            "centre_death_sd and centre_rate_sd must not be negative": min(self.centre_death_sd, self.centre_rate_sd)
            < 0,
            "earlier_share must lie in 0..1": not 0 <= self.earlier_share <= 1,
            "rho and steroid_share must lie in 0..1": not (0 <= self.rho <= 1 and 0 <= self.steroid_share <= 1),
            "first_patient must not be negative, its last number not above 999999": self.first_patient < 0
            or self.first_patient + self.patients > 999_999,
            "hospitals must be numbered in 1..99": self.hospitals < 1
            or self.first_hospital < 1
            or self.first_hospital + self.hospitals > 100,
            "data_lock must not be before the last entry": self.follow_up == "lock"
            and self.data_lock.toordinal() < last_entry,
        }
        for what, holds in wrong.items():
            if holds:
                raise ValueError(f"{what}: {self}")

    def sha256(self) -> str:
        """SHA-256 of the settings as sorted JSON, without `_LATER` ones at their default: old hashes stay."""
        defaults = {f.name: f.default for f in fields(self) if f.name in _LATER}
        values = {name: _plain(v) for name, v in asdict(self).items() if name not in defaults or v != defaults[name]}
        return hashlib.sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _plain(value: object) -> object:
    return str(value) if isinstance(value, date) or (isinstance(value, float) and math.isinf(value)) else value
