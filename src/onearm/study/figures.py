"""Results of estimators as the estimates of results.json: one constructor per kind, no arithmetic."""

from dataclasses import dataclass

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
    method: str = "",
    n: int | None = None,
    events: int | None = None,
    unit: str = "",
    source: str = "",
    role: Role = Role.SENSITIVITY,
    remedy: str = "",
    sides: int | None = None,
    assumptions: tuple[str, ...] = (),
) -> Estimate:
    """A number without interval. None keeps its id, is refused and says what to do."""
    return Estimate(
        named.id,
        named.en,
        named.es,
        value,
        method=method,
        n=n,
        events=events,
        unit=unit,
        source=source,
        role=role,
        sides=sides,
        assumptions=assumptions,
        status=Status.OK if value is not None else Status.REFUSED,
        remedy="" if value is not None else remedy or "Not enough was given to compute it.",
    )


def not_reported(named: Named, remedy: str, role: Role = Role.PRIMARY) -> Estimate:
    """An estimate whose input was not reported."""
    return Estimate(named.id, named.en, named.es, None, role=role, status=Status.NOT_REPORTED, remedy=remedy)
