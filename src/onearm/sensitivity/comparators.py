"""Which published cohorts may stand beside a series "for size": rules K1-K6, judged before any outcome is read."""

import calendar
from dataclasses import dataclass
from datetime import date

from onearm.protocol.published import PublishedCohort
from onearm.results.status import Role

_VENTILATED = ("ventilated", "invasively ventilated", "intubated")
_MOST_OPEN = 0.05
_SHORTEST_HORIZON = 21
_ORDER = (Role.SIZE, Role.BACKGROUND, Role.REFUSED)


@dataclass(frozen=True, slots=True)
class Admission:
    """Role of one cohort, every reason against it in both languages, and whether it flatters the treatment."""

    role: Role
    reasons: tuple[str, ...]
    reasons_es: tuple[str, ...]
    favours_treatment: bool


def admit(
    cohort: PublishedCohort,
    *,
    country: str,
    treated_from: str,
    treated_to: str,
    start_day: float | None,
    follow_up_days: float | None,
) -> Admission:
    """The worst role of K1-K5 decides; K6 (clock) only flags.

    `country` is ISO alpha-2, the dates ISO 8601 to the precision known, days the treated medians.
    """
    found = [
        *_whole_group(cohort),
        *_complete(cohort),
        *_population(cohort),
        *_horizon(cohort),
        *_setting(cohort, country, treated_from, treated_to),
    ]
    if cohort.dead is None or cohort.n is None:
        found.append((Role.BACKGROUND, "the count of deaths was not reported", "no consta el número de muertes"))
    role = max((r for r, _, _ in found), key=_ORDER.index, default=Role.SIZE)
    early = start_day is not None and (cohort.clock_day is None or cohort.clock_day < start_day)
    longer = follow_up_days is not None and (cohort.horizon_days or 0) > follow_up_days
    return Admission(role, tuple(e for _, e, _ in found), tuple(s for _, _, s in found), early or longer)


def _whole_group(c: PublishedCohort) -> list[tuple[Role, str, str]]:
    if c.resolved_only:
        return [(Role.REFUSED, "only ended stays were counted", "solo se contaron las estancias terminadas")]
    return []


def _complete(c: PublishedCohort) -> list[tuple[Role, str, str]]:
    if c.open is not None and c.n:
        if c.open > _MOST_OPEN * c.n:
            return [
                (Role.REFUSED, f"{c.open} of {c.n} were still unresolved", f"{c.open} de {c.n} seguían sin resolver")
            ]
        return []
    if c.horizon_days is None and not c.resolved_only:
        return [
            (
                Role.BACKGROUND,
                "neither the number unresolved nor a fixed horizon was reported",
                "no constan ni los casos sin resolver ni un plazo fijo",
            )
        ]
    return []


def _population(c: PublishedCohort) -> list[tuple[Role, str, str]]:
    if c.population.lower().startswith(_VENTILATED):
        return []
    return [
        (
            Role.BACKGROUND,
            f"not all ventilated at entry ({c.population})",
            f"no todos ventilados al entrar ({c.population})",
        )
    ]


def _horizon(c: PublishedCohort) -> list[tuple[Role, str, str]]:
    if c.horizon_days is not None and c.horizon_days < _SHORTEST_HORIZON:
        return [(Role.BACKGROUND, f"horizon of {c.horizon_days} days only", f"plazo de solo {c.horizon_days} días")]
    if c.horizon_days is None:
        return [(Role.BACKGROUND, "no fixed horizon", "sin plazo fijo")]
    return []


def _setting(c: PublishedCohort, country: str, treated_from: str, treated_to: str) -> list[tuple[Role, str, str]]:
    theirs, ours = _window(c.start, c.end), _window(treated_from, treated_to)
    if theirs is None or ours is None:
        return [(Role.BACKGROUND, "dates were not reported", "no constan las fechas")]
    if theirs[0] > ours[1] or theirs[1] < ours[0]:
        return [(Role.BACKGROUND, f"another time ({c.start} to {c.end})", f"otra época ({c.start} a {c.end})")]
    if c.country not in (country, "INT") and c.kind != "trial_arm":
        return [(Role.BACKGROUND, f"another country ({c.country})", f"otro país ({c.country})")]
    return []


def _window(start: str, end: str) -> tuple[date, date] | None:
    """First and last day of a period told to the precision known; a year alone is the whole year."""
    if not start or not end:
        return None
    return _day(start, first=True), _day(end, first=False)


def _day(text: str, *, first: bool) -> date:
    parts = [int(p) for p in text.split("-")]
    year = parts[0]
    month = parts[1] if len(parts) > 1 else (1 if first else 12)
    last = calendar.monthrange(year, month)[1]
    return date(year, month, parts[2] if len(parts) > 2 else (1 if first else last))
