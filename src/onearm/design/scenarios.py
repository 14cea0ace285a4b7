"""The worlds of the calibration (design, evidence 6.2): what is true in each, in one sentence and as settings.

Every world has three settings: `treated`, the hospitals that give the cells; `similar`, another population to whom
nothing is offered; and `cohort`, hospitals whose own untreated patients are the similar ones.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any

from onearm.physiology.simple.settings import MultistateSettings

#: 28-day deaths about 30 %; records close 3 to 35 days after the infusion, 16 in the middle (evidence 6.1)
BASE = MultistateSettings(follow_up="from_infusion", measured_days=-1)
#: everybody can be followed for 28 days
FOLLOWED = replace(BASE, follow_up_mean_days=31.5, follow_up_least_days=28.0, follow_up_most_days=35.0)
CONFOUNDED = -0.7  # log rate of treating per unit of severity: the less ill are treated


@dataclass(frozen=True, slots=True)
class Recording:
    """What goes wrong between what happens and what is recorded."""

    lost_per_day: float = 0.0  # transferred and not heard of again, per day in hospital at severity 0
    lost_slope: float = 0.0  # log hazard of it per unit of severity
    miscoded_days: int = 0  # the infusion day is off by up to so many days, evenly


@dataclass(frozen=True, slots=True)
class Scenario:
    """One world. `is_null`: the treatment changes nobody."""

    id: str  # "S2.rho80"
    told: str
    treated: MultistateSettings
    similar: MultistateSettings
    cohort: MultistateSettings | None  # None: this world has no run of that kind
    recording: Recording = Recording()

    @property
    def is_null(self) -> bool:
        """Whether the treatment changes nobody's death."""
        return self.treated.death_ratio == 1

    @property
    def same_setting(self) -> bool:
        """Whether a protocol would say that the similar patients are of the era, places and policy of the treated."""
        return self.group != "S4"

    @property
    def group(self) -> str:
        """ "S2" of "S2.rho80"."""
        return self.id.partition(".")[0]


def _scenario(
    id: str,
    told: str,
    base: MultistateSettings = BASE,
    *,
    similar: dict[str, Any] | None = None,
    cohort: dict[str, Any] | None = None,
    same_cohort: bool = True,
    recording: Recording = Recording(),
    **changes: Any,
) -> Scenario:
    """`changes` hold for everybody, `similar` and `cohort` on top of them for those."""
    treated = replace(base, **changes)
    own = replace(treated, **(cohort or {})) if same_cohort else None
    return Scenario(id, told, treated, replace(treated, **(similar or {})), own, recording)


def _earlier(ratio: float) -> dict[str, Any]:
    return {
        "similar": {"death_per_day": round(BASE.death_per_day * ratio, 6)},
        "cohort": {"earlier_share": 0.5, "earlier_death_ratio": ratio},
    }


SCENARIOS = (
    _scenario("S0", "The cells do nothing, and who gets them, and when, has nothing to do with how ill they are."),
    _scenario("S0.followed", "As S0, and everybody can be followed for 28 days.", FOLLOWED),
    _scenario("S1", "As S0, but nobody is treated before day 7.", offer_from_days=7.0),
    *(
        _scenario(
            f"S2.rho{round(100 * rho)}",
            f"The less ill are treated; {round(100 * rho)} % of the variance of how ill they are is measured.",
            gamma=CONFOUNDED,
            rho=rho,
        )
        for rho in (1.0, 0.8, 0.5)
    ),
    _scenario(
        "S3", "The less ill are treated, and nothing that was measured tells who is ill.", gamma=CONFOUNDED, rho=0.0
    ),
    _scenario("S3.strong", "As S3, and the choice depends more on how ill they are.", gamma=-1.0, rho=0.0),
    *(
        _scenario(
            f"S3.hr{round(100 * ratio)}",
            f"As S3, and the cells cut deaths per day to {round(100 * ratio)} %.",
            gamma=CONFOUNDED,
            rho=0.0,
            death_ratio=ratio,
        )
        for ratio in (0.65, 0.4)
    ),
    *(
        _scenario(
            f"S4.x{round(100 * ratio)}",
            f"Similar patients of an earlier era, when deaths per day were {ratio} times as many.",
            **_earlier(ratio),
        )
        for ratio in (1.2, 1.4, 1.8)
    ),
    _scenario("S12.harm", "The cells raise deaths per day 1.5 times.", FOLLOWED, death_ratio=1.5),
    *(
        _scenario(
            f"E.hr{round(100 * ratio)}",
            f"The cells cut deaths per day to {round(100 * ratio)} %; nothing else is wrong; 28 days of follow-up.",
            FOLLOWED,
            death_ratio=ratio,
        )
        for ratio in (0.65, 0.5, 0.35, 0.2)
    ),
    *(
        _scenario(
            f"S6.lag{lag}",
            f"{lag} days from decision to infusion; who is seen to be dying is not treated.",
            lag_days=float(lag),
            moribund_days=2.0,
        )
        for lag in (0, 1, 3)
    ),
    _scenario(
        "S9",
        "Hospitals differ in how many die and in how many they treat, the two unrelated.",
        centre_death_sd=0.5,
        centre_rate_sd=0.5,
    ),
    _scenario(
        "S5",
        "One patient in a hundred a day is transferred and not heard of again, the more ill more often.",
        FOLLOWED,
        recording=Recording(lost_per_day=0.01, lost_slope=0.5),
    ),
    _scenario(
        "S7",
        "A corticosteroid cuts deaths per day to 65 %, and the treated get it more often.",
        steroid_death_ratio=0.65,
        steroid_share=0.9,
        similar={"steroid_share": 0.4},
        cohort={"steroid_share": 0.6, "steroid_gamma": 1.5},
    ),
    _scenario(
        "S8.late", "HR .35 that begins 3 days after the infusion.", FOLLOWED, death_ratio=0.35, effect_delay_days=3
    ),
    _scenario("S8.severe", "HR .35 in the more ill half only.", FOLLOWED, death_ratio=0.35, effect_in="severe"),
    _scenario(
        "S10",
        "Patients improve on the way: from then on fewer die, more come off, and more are treated.",
        improve_per_day=0.08,
        improved_death_ratio=0.3,
        improved_extubation_ratio=2.0,
        improved_gamma=2.0,
    ),
    _scenario(
        "S14",
        "The day of the infusion is recorded up to two days off.",
        recording=Recording(miscoded_days=2),
    ),
    _scenario(
        "S11",
        "The similar patients are a report made early: records close 3 to 35 days after ventilation began.",
        same_cohort=False,
        similar={"longest_wait_days": 0.0},
    ),
    _scenario("S15", "Up to three doses five days apart, while in hospital: later doses reach survivors.", FOLLOWED),
)
SCENARIO = {s.id: s for s in SCENARIOS}


def plain_sha256(values: object) -> str:
    """SHA-256 of plain values as sorted JSON."""
    return hashlib.sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
