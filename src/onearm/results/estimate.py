"""One printed number with everything needed to defend it."""

from dataclasses import dataclass

from onearm.results.status import Role, Status


@dataclass(frozen=True, slots=True)
class Estimate:
    """A row of `estimates` in results.json. A refused estimate keeps its id, has `value` None and a remedy."""

    id: str  # <side>.<event>.<how>[.<when>], lower case, stable
    label: str  # English
    label_es: str
    value: float | None
    lower: float | None = None
    upper: float | None = None
    level: float | None = None  # confidence level of lower and upper
    sides: int | None = None  # 2, or 1 where a one-sided bound is the headline (lower then None)
    method: str = ""
    events: int | None = None
    n: int | None = None
    unit: str = ""
    source: str = ""
    role: Role = Role.PRIMARY
    status: Status = Status.OK
    remedy: str = ""
    assumptions: tuple[str, ...] = ()
