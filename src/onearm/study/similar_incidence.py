"""Similar cases from another source: deaths from entry, and of those still in the state at each landmark day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.cohort.build import clock_of
from onearm.cohort.eligibility import eligible_on_day
from onearm.cohort.follow_up import follow_up
from onearm.cohort.patient_facts import PatientFacts
from onearm.estimators.aalen_johansen import CumulativeIncidence, incidence
from onearm.estimators.exact_interval import share
from onearm.protocol.inputs import SimilarCases
from onearm.protocol.study import Protocol
from onearm.results.attrition import AttritionRow
from onearm.results.charts import IncidenceCurve
from onearm.results.estimate import Estimate
from onearm.results.status import Role, Status
from onearm.study.figures import Named, number, of_incidence, of_share

Days = NDArray[np.int64]
LANDMARKS = range(22)
ENTRY_HORIZONS = (28, 40)
#: What an incidence with open patients rests on.
_ASSUMED = ("open patients have the future of those still followed", "leaving alive competes with death")
_CLOCKS = {
    "severe_state": ("severe state", "del estado grave"),
    "ventilation": ("ventilation", "de la ventilación"),
    "icu": ("admission to intensive care", "del ingreso en UCI"),
    "hospital": ("admission", "del ingreso"),
    "listing": ("listing", "de la inclusión en lista"),
}
_STILL = {
    "severe_state": ("still severe", "aún graves"),
    "ventilation": ("still ventilated", "aún ventilados"),
}


@dataclass(frozen=True, slots=True, eq=False)
class SimilarCourse:
    """Eligible similar patients of one source on their clock; arrays of shape (persons,)."""

    case: SimilarCases
    clock: str
    spell: Days
    end: Days
    event: Days
    zero_date: tuple[date, ...]
    attrition: tuple[AttritionRow, ...]
    unknown: tuple[tuple[str, int], ...]  # rule, patients kept although its answer is not known

    @property
    def persons(self) -> int:
        return len(self.end)

    @property
    def source(self) -> str:
        """What an estimate says of where it comes from."""
        return f"similar cases: {self.case.name}"

    def after(self, day: int) -> NDArray[np.bool_]:
        """Persons whose first spell in the state lasts longer than `day` (landmark convention)."""
        return (self.spell > day) & (self.end > day)


def similar_course(protocol: Protocol, case: SimilarCases) -> SimilarCourse:
    """The patients of `case` who fulfil the eligibility rules on their day zero, with the attrition."""
    clock = clock_of(case.records, protocol.clock.starts)
    course = follow_up(case.records, clock=clock, treat=protocol.strategies, lock=None, calendar=True)
    people = course.people
    judged = eligible_on_day(protocol.population.rules, PatientFacts(case.records, course), 0)
    kept = people.filter(pl.Series(judged.eligible))
    every = people.height + course.without_zero
    first = AttritionRow(
        f"{case.name}: clock",
        every,
        people.height,
        f"ever in the state ({clock})",
        f"alguna vez en el estado ({clock})",
    )
    steps = tuple(
        AttritionRow(f"{case.name}: {s.rule}", s.n_before, s.n_after, s.reason, s.reason_es) for s in judged.attrition
    )
    spell, end, event = (kept[c].to_numpy().astype(np.int64) for c in ("spell_days", "end_day", "event"))
    dates = tuple(kept["zero"].dt.date().to_list())
    return SimilarCourse(case, clock, spell, end, event, dates, (first, *steps), judged.unknown)


def similar_estimates(
    course: SimilarCourse, *, prefix: str, headline: int | None, follow_up_days: int | None, resolved_on: date | None
) -> Iterator[Estimate]:
    """From entry, from every landmark, and what counting ended stays alone would say on one day."""
    for horizon in ENTRY_HORIZONS:
        yield from_entry(course, prefix, horizon)
    horizons = sorted({28} | ({follow_up_days} if follow_up_days else set()))
    for day in LANDMARKS:
        for horizon in horizons:
            main = day == headline and horizon == (follow_up_days or 28)
            yield from_landmark(course, prefix, day, horizon, Role.SECOND if main else Role.SENSITIVITY)
    if resolved_on is not None:
        yield resolved_only(course, prefix, resolved_on)


def clock_words(clock: str) -> tuple[str, str]:
    """The event of day zero in words, English and Spanish."""
    return _CLOCKS.get(clock, (clock.replace("_", " "), f"de {clock}"))


def still_words(clock: str) -> tuple[str, str]:
    """How a patient who is still in the state of the clock is called, English and Spanish."""
    return _STILL.get(clock, ("still there", "aún ahí"))


def from_entry(course: SimilarCourse, prefix: str, horizon: int) -> Estimate:
    """Death by `horizon` days from day zero, everybody counted: events on days 0..horizon."""
    event, event_es = clock_words(course.clock)
    named = Named(
        f"{prefix}from_entry.day{horizon}",
        f"dead by day {horizon} from {event}",
        f"muertos a {horizon} días {event_es}",
    )
    method = "Aalen-Johansen from entry; index day 0: events on 0..day"
    if not course.persons:
        return _nobody(named, course, method)
    curve = incidence(course.end, course.event, horizon=horizon)
    return of_incidence(named, curve, method, source=course.source, assumptions=_ASSUMED)


def from_landmark(course: SimilarCourse, prefix: str, day: int, horizon: int, role: Role) -> Estimate:
    """Death within `horizon` days of those still in the state after `day`: events on day+1..day+horizon."""
    still, still_es = still_words(course.clock)
    named = Named(
        f"{prefix}landmark{day}.day{horizon}",
        f"{still} after day {day}, dead within {horizon} days",
        f"{still_es} tras el día {day}, muertos en {horizon} días",
    )
    method = "Aalen-Johansen from landmark s; spell longer than s, events on s+1..s+day"
    there = course.after(day)
    if not there.any():
        return _nobody(named, course, method)
    curve = incidence(course.end[there], course.event[there], from_day=day + 1, horizon=horizon - 1)
    return of_incidence(named, curve, method, source=course.source, role=role, assumptions=_ASSUMED)


def _nobody(named: Named, course: SimilarCourse, method: str) -> Estimate:
    remedy = "No similar patient is at risk then: widen the eligibility, or read an earlier day."
    return number(named, None, method=method, n=0, source=course.source, status=Status.NO_PATIENTS, remedy=remedy)


def resolved_only(course: SimilarCourse, prefix: str, on: date) -> Estimate:
    """Dead among stays ended by the end of a day: what is printed when the open are left out. Refused, shown."""
    ended = [
        event
        for zero, end, event in zip(course.zero_date, course.end, course.event, strict=True)
        if event and zero.toordinal() + int(end) <= on.toordinal()
    ]
    named = Named(
        f"{prefix}resolved_only.{on.isoformat()}",
        f"dead among ended stays on {on.isoformat()}",
        f"muertos entre estancias terminadas el {on.isoformat()}",
    )
    if not ended:
        return _nobody(named, course, "deaths / (deaths + left alive)")
    return of_share(named, share(ended.count(1), len(ended)), source=course.source, role=Role.REFUSED)


def curve_from_entry(course: SimilarCourse, horizon: int = 40) -> IncidenceCurve:
    """Stacked incidence from day zero."""
    event, event_es = clock_words(course.clock)
    curve = incidence(course.end, course.event, horizon=horizon)
    return drawn(curve, "from_entry", f"similar cases, from {event}", f"casos similares, desde {event_es}", 0)


def curve_from_landmark(course: SimilarCourse, day: int, horizon: int = 28) -> IncidenceCurve | None:
    """Stacked incidence of those still in the state after `day`, days counted from the landmark."""
    there = course.after(day)
    if not there.any():
        return None
    still, still_es = still_words(course.clock)
    curve = incidence(course.end[there], course.event[there], from_day=day + 1, horizon=horizon - 1)
    told, told_es = f"similar cases {still} after day {day}", f"casos similares {still_es} tras el día {day}"
    return drawn(curve, f"landmark{day}", told, told_es, day)


def drawn(curve: CumulativeIncidence, name: str, label: str, label_es: str, zero: int) -> IncidenceCurve:
    """The frozen values of a figure; days count from `zero`."""
    return IncidenceCurve(
        name,
        label,
        label_es,
        tuple(d - zero for d in curve.day),
        curve.dead,
        curve.left,
        tuple(int(r + 0.5) for r in curve.at_risk),
        curve.open,
    )
