"""Results of estimators as the estimates of results.json: one constructor per kind, no arithmetic."""

from dataclasses import dataclass

from onearm.estimators.aalen_johansen import FEW, CumulativeIncidence
from onearm.estimators.exact_interval import Share
from onearm.results.estimate import Estimate
from onearm.results.status import Role, Status

EXACT = "Clopper-Pearson, exact"
INDEPENDENT = ("patients independent, each with the same risk",)


@dataclass(frozen=True, slots=True)
class Named:
    """Id and label of an estimate, English and Spanish."""

    id: str
    en: str
    es: str


def of_share(
    named: Named, share: Share, *, level: float = 0.95, source: str = "", role: Role = Role.PRIMARY
) -> Estimate:
    """A proportion with its two-sided exact interval."""
    return Estimate(
        named.id,
        named.en,
        named.es,
        share.estimate,
        share.lower,
        share.upper,
        level,
        2,
        EXACT,
        share.events,
        share.n,
        source=source,
        role=role,
        assumptions=INDEPENDENT,
    )


def number(
    named: Named,
    value: float | None,
    *,
    limits: tuple[float | None, float | None] = (None, None),
    level: float = 0.95,
    method: str = "",
    n: int | None = None,
    events: int | None = None,
    unit: str = "",
    source: str = "",
    role: Role = Role.SENSITIVITY,
    status: Status = Status.REFUSED,
    remedy: str = "",
    sides: int | None = None,
    assumptions: tuple[str, ...] = (),
) -> Estimate:
    """A number with its two-sided limits where it has any.

    Without a value it keeps its id, takes `status` (REFUSED where that says OK) and says what to do.
    """
    lower, upper = limits
    has_limits = lower is not None or upper is not None
    known = value is not None
    return Estimate(
        named.id,
        named.en,
        named.es,
        value,
        lower,
        upper,
        level if has_limits else None,
        2 if has_limits else sides,
        method,
        events,
        n,
        unit,
        source,
        role,
        Status.OK if known else status if status is not Status.OK else Status.REFUSED,
        "" if known else remedy or "Not enough was given to compute it.",
        assumptions,
    )


def of_incidence(
    named: Named,
    curve: CumulativeIncidence,
    method: str,
    *,
    source: str = "",
    role: Role = Role.SECOND,
    counted: bool = True,
    assumptions: tuple[str, ...] = (),
) -> Estimate:
    """Risk at the last day of a curve; `counted` false where its counts are weights."""
    few = ("fewer than 20 at risk: the interval is rough",) if counted and curve.n < FEW else ()
    return number(
        named,
        curve.risk,
        limits=(curve.lower[-1], curve.upper[-1]),
        level=curve.level,
        method=f"{method}; {curve.method} error, complementary log-log",
        events=curve.deaths if counted else None,
        n=curve.n if counted else None,
        source=source,
        role=role,
        assumptions=assumptions + few,
    )


def not_reported(named: Named, remedy: str, role: Role = Role.PRIMARY) -> Estimate:
    """An estimate whose input was not reported."""
    return Estimate(named.id, named.en, named.es, None, role=role, status=Status.NOT_REPORTED, remedy=remedy)
