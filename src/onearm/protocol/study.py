"""Protocol: one `study.toml`, frozen and hashed before outcomes are read."""

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

_FORBID = {"extra": "forbid"}  # a misspelt key is a problem, not a silent default

RobinsItem = Literal[
    "robins.b2", "robins.b3", "robins.d1", "robins.d2", "robins.d3", "robins.d4", "robins.d5", "robins.d6"
]
Judgement = Literal["low", "moderate", "serious", "critical", "no information"]
Strategy = Literal["treatment_policy", "composite", "hypothetical", "while_on_treatment", "principal_stratum"]


@dataclass(frozen=True, slots=True)
class Study:
    """`[study]`: what is studied, who decided it, and why nobody was randomised."""

    __pydantic_config__ = _FORBID
    id: str
    title: str
    product: str = ""
    version: str = "1"  # of the protocol: persons are trained for it
    why_not_randomised: str = ""
    funding: str = ""
    decided_by: str = ""
    decided_on: date | None = None
    data_lock: date | None = None  # follow-up is known up to this day
    virtual: bool = False  # drawn by a simulator: no level is given


@dataclass(frozen=True, slots=True)
class Clock:
    """`[clock]`: the event of day zero."""

    __pydantic_config__ = _FORBID
    starts: Literal["ventilation", "icu", "hospital", "severe_state", "listing"] = "ventilation"


@dataclass(frozen=True, slots=True)
class Rule:
    """One inclusion (I*) or exclusion (E*) rule, evaluated by day. Exclusions drop whoever fulfils them."""

    __pydantic_config__ = _FORBID
    id: str
    marker_or_state: str  # age, sex, calendar, site, region, a comorbidity, a marker, an episode kind
    op: Literal[">=", ">", "<=", "<", "==", "!=", "in", "not_in", "between"]
    value: bool | int | float | str | date | list[str] | list[int] | list[float] | list[date]
    unit: str = ""
    window_days: int = 1  # markers: latest value at most this many days before the day judged
    missing: Literal["exclude", "include_flag"] = "exclude"
    text: str = ""  # the rule as registered


@dataclass(frozen=True, slots=True)
class Population:
    """`[population]`: who may enter, judged by day for treated and similar patients alike."""

    __pydantic_config__ = _FORBID
    rules: tuple[Rule, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True)
class Strategies:
    """`[strategies]`. `treat` names the index treatment: `infusions`, or an episode kind and its agent."""

    __pydantic_config__ = _FORBID
    treat: str = "infusions"
    control: str = "not treated up to and on the index day"
    grace_days: int | None = None

    @property
    def kind(self) -> str:
        """`infusions`, or the episode kind."""
        return self.treat.split()[0]

    @property
    def agent(self) -> str | None:
        """The agent of an episode kind; None where any agent counts."""
        words = self.treat.split(maxsplit=1)
        return words[1] if len(words) == 2 else None


@dataclass(frozen=True, slots=True)
class TimeZero:
    """`[time_zero]`: similar patients take the day of their treated match."""

    __pydantic_config__ = _FORBID
    index: str = "first_infusion"
    landmark_days: tuple[int, ...] = ()  # fixed landmarks with a prospective reason


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`[[endpoint]]`."""

    __pydantic_config__ = _FORBID
    id: str
    states: tuple[str, ...] = ("dead",)
    horizon_days: int = 28
    rank: int = 1
    direction: Literal["lower", "higher"] = "lower"
    blinded: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True)
class Intercurrent:
    """`[[intercurrent]]`: what else may happen after the index day, and how; events are in `protocol.intercurrent`."""

    __pydantic_config__ = _FORBID
    event: str
    strategy: Strategy
    role: Literal["primary", "sensitivity"] = "primary"


@dataclass(frozen=True, slots=True)
class Estimand:
    """`[estimand]`."""

    __pydantic_config__ = _FORBID
    population: Literal["treated"] = "treated"
    summary: str = "deaths averted by H"
    second: str = "days alive and off the ventilator to H"


@dataclass(frozen=True, slots=True)
class Comparator:
    """`[[comparator]]`: what the claim rests on, and why it was let in."""

    __pydantic_config__ = _FORBID
    name: str
    kind: Literal["patients", "aggregate"] = "patients"
    admitted_because: str = ""
    locked_on: date | None = None
    resolved_on: date | None = None  # day on which to count ended stays only: shows what that form does, never used


@dataclass(frozen=True, slots=True)
class Confounder:
    """`[[confounder]]`: chosen without outcomes."""

    __pydantic_config__ = _FORBID
    name: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Matching:
    """`[matching]`: how alike a control must be, beside being there on the same day. None = not used."""

    __pydantic_config__ = _FORBID
    same: tuple[str, ...] = ()  # sex, site, region, a comorbidity, or an episode kind going on that day
    age_years: float | None = None
    calendar_days: int | None = None
    markers: dict[str, float] = field(default_factory=dict)  # marker -> caliper in its canonical unit
    window_days: int = 1
    score: Literal["caliper", "nearest", "none"] = "caliper"  # on the prognostic score of the [[confounder]]
    score_caliper: float = 0.2  # SD of its logit
    nearest: int = 5  # controls of each treated patient
    per_treated: int = 2  # of the optimal matching, a sensitivity analysis


@dataclass(frozen=True, slots=True)
class Stopping:
    """`[stopping]`: the safety stopping rule."""

    __pydantic_config__ = _FORBID
    prior: tuple[float, float] = (0.5, 4.5)
    limit: float = 0.15
    certainty: float = 0.8
    min_hours_between_first_infusions: float | None = None
    hold_on_grade: int | None = None


@dataclass(frozen=True, slots=True)
class RobinsJudgement:
    """`[[robins]]`: a person's judgement of one item of the bias triage, in place of the one filled in."""

    __pydantic_config__ = _FORBID
    id: RobinsItem
    judgement: Judgement
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Sap:
    """`[sap]`: the statistical analysis plan in numbers. alpha is one-sided."""

    __pydantic_config__ = _FORBID
    primary: str = "risk_set_test"
    hierarchy: tuple[str, ...] = ()
    alpha: float = 0.05
    gamma_required: float = 1.5
    seed: int = 20200710
    bootstraps: int = 2000
    negative_controls: tuple[str, ...] = ()  # numbers fixed before treatment, such as creatinine


@dataclass(frozen=True, slots=True)
class Protocol:
    """The whole of `study.toml`. `sha256` is the hash of the file's bytes."""

    __pydantic_config__ = _FORBID
    study: Study
    clock: Clock = Clock()
    population: Population = Population()
    strategies: Strategies = Strategies()
    time_zero: TimeZero = TimeZero()
    endpoint: tuple[Endpoint, ...] = (Endpoint("death", horizon_days=28),)
    intercurrent: tuple[Intercurrent, ...] = ()
    estimand: Estimand = Estimand()
    comparator: tuple[Comparator, ...] = ()
    confounder: tuple[Confounder, ...] = ()
    matching: Matching = Matching()
    stopping: Stopping = Stopping()
    robins: tuple[RobinsJudgement, ...] = ()
    sap: Sap = Sap()
    schema: str = "onearm.study/1"
    sha256: str = ""

    @property
    def horizon_days(self) -> int:
        """H of the primary endpoint."""
        return min(self.endpoint, key=lambda e: e.rank).horizon_days
