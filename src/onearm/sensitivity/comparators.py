"""Which published cohorts may stand beside a series "for size": rules K1-K6, judged before any outcome is read."""

import calendar
import re
from dataclasses import dataclass
from datetime import date

from onearm.protocol.published import PublishedCohort
from onearm.results.status import Role

_VENTILATED = ("ventilated", "invasively ventilated", "intubated")
_OPEN_ONE_IN = 20  # at most 5 % unresolved
_SHORTEST_HORIZON = 21
_ORDER = (Role.SIZE, Role.BACKGROUND, Role.REFUSED)
_YEAR, _MONTH = re.compile("[0-9]{4}"), re.compile("[0-9]{4}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Admission:
    """Role of one cohort, every reason against it in both languages, and whether it flatters the treatment."""

    role: Role
    reasons: tuple[str, ...]
    reasons_es: tuple[str, ...]
    favours_treatment: bool
    failed: tuple[str, ...] = ()  # rule of each reason: K1..K5, or "count" where deaths or n were not reported

    @property
    def may_carry_a_claim(self) -> bool:
        """Whether K1-K4 hold and the deaths are counted: what gate G4 asks of the comparator of a claim."""
        return self.role is not Role.REFUSED and set(self.failed) <= {"K5"}


#: rule that is not met, the role it leaves, reason in English and Spanish
Objection = tuple[str, Role, str, str]


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

    `country` is ISO alpha-2, the dates ISO 8601 to the precision known, days the treated medians. A date that
    cannot be read counts as missing and is named; files are checked for it where they are read.
    """
    found = [
        *_whole_group(cohort),
        *_complete(cohort),
        *_population(cohort),
        *_horizon(cohort),
        *_time(cohort, treated_from, treated_to),
        *_place(cohort, country),
    ]
    if cohort.dead is None or not cohort.n:
        found.append(
            ("count", Role.BACKGROUND, "the count of deaths was not reported", "no consta el número de muertes")
        )
    role = max((role for _, role, _, _ in found), key=_ORDER.index, default=Role.SIZE)
    early = cohort.clock_day is None or start_day is None or cohort.clock_day < start_day
    longer = follow_up_days is not None and (cohort.horizon_days or 0) > follow_up_days
    return Admission(
        role,
        tuple(english for _, _, english, _ in found),
        tuple(spanish for _, _, _, spanish in found),
        early or longer,
        tuple(rule for rule, _, _, _ in found),
    )


def _whole_group(c: PublishedCohort) -> list[Objection]:
    if c.resolved_only:
        return [("K1", Role.REFUSED, "only ended stays were counted", "solo se contaron las estancias terminadas")]
    return []


def _complete(c: PublishedCohort) -> list[Objection]:
    if c.open is not None and c.n:
        told = f"{c.open} of {c.n} were still unresolved", f"{c.open} de {c.n} seguían sin resolver"
        return [("K2", Role.REFUSED, *told)] if _OPEN_ONE_IN * c.open > c.n else []
    if c.horizon_days is None and not c.resolved_only:
        return [
            (
                "K2",
                Role.BACKGROUND,
                "the number still unresolved was not reported",
                "no consta cuántos seguían sin resolver",
            )
        ]
    return []


def _population(c: PublishedCohort) -> list[Objection]:
    if c.population.lower().startswith(_VENTILATED):
        return []
    told = "not all known to be ventilated at entry", "no consta que todos estuvieran ventilados al entrar"
    who = f" ({c.population})" if c.population else ""
    return [("K3", Role.BACKGROUND, told[0] + who, told[1] + who)]


def _horizon(c: PublishedCohort) -> list[Objection]:
    if c.horizon_days is None:
        return [("K4", Role.BACKGROUND, "no fixed horizon", "sin plazo fijo")]
    if c.horizon_days < _SHORTEST_HORIZON:
        told = f"horizon of {c.horizon_days} days only", f"plazo de solo {c.horizon_days} días"
        return [("K4", Role.BACKGROUND, *told)]
    return []


def _time(c: PublishedCohort, treated_from: str, treated_to: str) -> list[Objection]:
    ours = _window(treated_from, treated_to)
    theirs = _window(c.start, c.end)
    if not c.start or not c.end:
        told = "dates were not reported", "no constan las fechas"
    elif theirs is None:
        told = f"dates cannot be read ({c.start} to {c.end})", f"las fechas no se entienden ({c.start} a {c.end})"
    elif ours is None:
        told = "dates of treatment were not reported", "no constan las fechas de tratamiento"
    elif theirs[0] > ours[1] or theirs[1] < ours[0]:
        told = f"another time ({c.start} to {c.end})", f"otra época ({c.start} a {c.end})"
    else:
        return []
    return [("K5", Role.BACKGROUND, *told)]


def _place(c: PublishedCohort, country: str) -> list[Objection]:
    if c.kind == "trial_arm" or c.country == "INT" or (c.country and c.country == country):
        return []
    told = f"another country ({c.country})", f"otro país ({c.country})"
    if not c.country or not country:
        told = "country not reported", "no consta el país"
    return [("K5", Role.BACKGROUND, *told)]


def _window(start: str, end: str) -> tuple[date, date] | None:
    """First and last day of a period told to the precision known; a year alone is the whole year. None: unreadable."""
    first, last = _day(start, first=True), _day(end, first=False)
    return None if first is None or last is None or first > last else (first, last)


def _day(text: str, *, first: bool) -> date | None:
    """First or last calendar day of an ISO 8601 year, month or day; None when it is none of them."""
    if _YEAR.fullmatch(text):
        text += "-01" if first else "-12"
    try:
        if not _MONTH.fullmatch(text):
            return date.fromisoformat(text)
        begin = date.fromisoformat(text + "-01")
    except ValueError:
        return None
    return begin if first else begin.replace(day=calendar.monthrange(begin.year, begin.month)[1])
