"""The study's own treated patients: deaths by the horizon three ways, the other ends, times, reactions, decisions."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from onearm.cohort.analysis_set import AnalysisSet
from onearm.cohort.day_states import day_states, in_state, letters
from onearm.cohort.day_zero import EPISODE_CLOCKS
from onearm.cohort.decisions import ScreeningLog
from onearm.cohort.follow_up import FollowUp
from onearm.cohort.reactions import Reactions
from onearm.estimators.exact_interval import ExactInterval, exact_interval, share
from onearm.estimators.follow_up import TreatedFollowUp, treated_follow_up
from onearm.estimators.sequential_stopping import least_events, probability_above
from onearm.protocol.study import Stopping
from onearm.results.charts import DayStrip, IconArray
from onearm.results.estimate import Estimate
from onearm.results.status import Role
from onearm.study.figures import Named, not_reported, number, of_share
from onearm.study.treated_series import bounded

SOURCE = "the study's own records"


@dataclass(frozen=True, slots=True, eq=False)
class TreatedCourse:
    """The treated of the analysis set, sorted by person, with their state at the end of the horizon."""

    who: TreatedFollowUp
    exact: ExactInterval
    ends: IconArray
    horizon: int
    has_spells: bool  # the clock has a state that can be left alive (ventilation, severe state)


def treated_course(data: AnalysisSet, own: FollowUp) -> TreatedCourse:
    """Counts by min(T, Z + H)."""
    who = treated_follow_up(data)
    ends = _ends(who, own, data.horizon)
    return TreatedCourse(who, exact_interval(data), ends, data.horizon, own.clock in EPISODE_CLOCKS)


def _ends(who: TreatedFollowUp, own: FollowUp, horizon: int) -> IconArray:
    """How each is known to have ended by min(T, Z + H): dead, out of the state and alive, or still in it.

    A clock without a state to leave (a waiting list): out is alive at Z + H, open is not known then.
    """
    last = np.minimum(who.end, who.start + horizon)
    dead = (who.event == 1) & (who.end <= last)
    left = (who.event == 2) & (who.end <= last)
    if own.spells.is_empty():
        inside = who.end < who.start + horizon
    else:
        row = {name: k for k, name in enumerate(own.people["person"])}
        held = in_state(own, int(last.max(initial=0)) + 2)
        inside = np.array([held[row[p], d + 1] for p, d in zip(who.person, last, strict=True)], dtype=np.bool_)
    out = ~dead & (left | ~inside)
    return IconArray(int(dead.sum()), int(out.sum()), int((~dead & ~out).sum()), 0)


def treated_estimates(course: TreatedCourse, index: str) -> Iterator[Estimate]:
    """Deaths by the horizon, unresolved, off the ventilator, day of treatment and follow-up."""
    exact, h = course.exact, course.horizon
    n, lost = exact.n, exact.unresolved
    if exact.so_far is None or exact.worst_case is None:
        told = Named("treated.death.so_far", f"dead within {h} days", f"fallecidos en {h} días")
        yield not_reported(told, exact.remedy)
        return
    of = (f"dead within {h} days of the {index}, so far", f"fallecidos en {h} días desde el tratamiento, hasta ahora")
    yield of_share(Named("treated.death.so_far", *of), exact.so_far, source=SOURCE)
    one = ("if the unresolved one dies", "si muere el único sin resolver")
    dead = one if lost == 1 else (f"if the {lost} unresolved die", f"si mueren los {lost} sin resolver")
    worst = Named("treated.death.worst_case", *dead)
    yield of_share(worst, exact.worst_case, source=SOURCE)
    if exact.resolved_only:
        ended = Named("treated.death.resolved_only", "dead among resolved", "fallecidos entre resueltos")
        yield of_share(ended, exact.resolved_only, source=SOURCE, role=Role.REFUSED)
    yield of_share(Named("treated.unresolved", "unresolved", "sin resolver"), share(lost, n), source=SOURCE)
    if course.has_spells:
        off = Named("treated.extubated", "off the ventilator and alive by then", "sin ventilador y vivos para entonces")
        yield of_share(off, share(course.ends.out, n), source=SOURCE)
    start = Named("treated.start_day.median", "day of first treatment, median", "día del primer tratamiento, mediana")
    follow = Named("treated.followup.median", "follow-up, median", "seguimiento, mediana")
    for named, days in ((start, course.who.start), (follow, course.who.end - course.who.start)):
        yield number(named, float(np.median(days)), unit="days", n=n, source=SOURCE, role=Role.PRIMARY)


def safety_estimates(found: Reactions | None) -> Iterator[Estimate]:
    """Reactions per patient and per infusion, over the assessed ones."""
    if found is None:
        return
    patients = Named(
        "treated.infusion_reaction",
        f"patients with an infusion reaction ({found.patients_assessed} assessed of {found.patients} treated)",
        f"pacientes con reacción ({found.patients_assessed} valorados de {found.patients} tratados)",
    )
    infusions = Named(
        "treated.infusion_reaction.per_infusion",
        f"infusions with a reaction ({found.infusions_assessed} assessed of {found.infusions} started)",
        f"infusiones con reacción ({found.infusions_assessed} valoradas de {found.infusions} iniciadas)",
    )
    for named, seen, n in (
        (patients, found.patients_with, found.patients_assessed),
        (infusions, found.infusions_with, found.infusions_assessed),
    ):
        if n:
            yield from bounded(named, share(seen, n), SOURCE, ())
        else:
            yield not_reported(named, "Nobody looked for reactions: record the assessment.")


def decision_estimates(log: ScreeningLog | None) -> Iterator[Estimate]:
    """Lag from the decision to the first infusion, and who was approved and never infused."""
    if log is None:
        return
    lag = Named("treated.lag.median", "hours from decision to first infusion, median", "horas de decisión a infusión")
    yield number(lag, log.lag_hours_median, unit="hours", source=SOURCE, remedy="No decision precedes an infusion.")
    never = Named("treated.approved_not_infused", "approved, never infused", "aprobados, nunca infundidos")
    yield number(never, float(log.approved_not_treated), n=log.subjects, source=SOURCE)


def strips(course: TreatedCourse, own: FollowUp) -> tuple[DayStrip, ...]:
    """State by day of every treated patient, to the last day of the longest horizon."""
    if not course.who.person:
        return ()
    row = {name: k for k, name in enumerate(own.people["person"])}
    days = int((course.who.start + course.horizon).max()) + 1
    states = day_states(own, days)
    found = []
    for person, start in zip(course.who.person, course.who.start, strict=True):
        told = letters(states[row[person], : int(start) + course.horizon + 1])
        found.append(DayStrip(person, int(start), told if course.has_spells else told.replace("V", "O")))
    return tuple(found)


def stopping_estimates(found: Reactions | None, rule: Stopping) -> Iterator[Estimate]:
    """The stopping line at the patients assessed, and how sure it is that reactions are commoner than the limit."""
    if found is None or not found.patients_assessed:
        return
    n = found.patients_assessed
    least = least_events(n, prior=rule.prior, limit=rule.limit, certainty=rule.certainty)[-1]
    told = f"Beta({rule.prior[0]:g}, {rule.prior[1]:g}), stop when Pr(risk > {rule.limit:g}) > {rule.certainty:g}"
    line = Named(
        "stopping.boundary",
        f"patients with a reaction, of {n} assessed, at which the rule stops",
        f"pacientes con reacción, de {n} valorados, con los que la regla para",
    )
    remedy = "No number of reactions stops the rule yet."
    yield number(line, _float(least), method=told, remedy=remedy)
    now = Named(
        "stopping.p_above_limit",
        f"probability that more than {100 * rule.limit:g} % react",
        f"probabilidad de que reaccione más del {100 * rule.limit:g} %",
    )
    yield number(now, probability_above(found.patients_with, n, rule.prior, rule.limit), method=told)


def _float(value: int | None) -> float | None:
    return None if value is None else float(value)
