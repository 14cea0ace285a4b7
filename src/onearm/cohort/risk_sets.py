"""Risk sets: for each treated patient, everybody still there, untreated and alike on the same day.

Patients treated later are controls until then. Leaving out the ever-treated would condition on the future: whoever
dies early has no time left to be treated, so "never treated" collects the early deaths. A source in which everybody
was treated gives no controls, for the same reason the other way round: all of them lived to be treated.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.cohort.analysis_set import NEVER, SETS, stays_untreated
from onearm.cohort.day_states import in_state_on
from onearm.cohort.eligibility import eligible_on_day
from onearm.cohort.follow_up import FollowUp
from onearm.cohort.patient_facts import PatientFacts
from onearm.protocol.study import Matching, Rule
from onearm.records.episodes import KINDS

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """One source on the clock with what is known of its patients; `offset` is the row of its first one in all."""

    course: FollowUp
    facts: PatientFacts
    offset: int


@dataclass(frozen=True, slots=True, eq=False)
class RiskSets:
    """Pairs (columns SETS) of the treated who count, and why the others do not."""

    pairs: pl.DataFrame
    left_out: tuple[tuple[str, str], ...]  # treated patient and reason: OFF_STATE or the id of the rule broken
    unmatched: tuple[str, ...]  # treated patients who count but for whom nobody fits


OFF_STATE = "state"  # not in the state of the clock on the index day


def risk_sets(
    groups: Sequence[Group],
    rules: Sequence[Rule],
    matching: Matching,
    horizon: int,
    *,
    never_treated_only: bool = False,
) -> RiskSets:
    """Sets of the treated patients of the study, the first of `groups`, in order of person.

    A patient of another source who was treated there is a control until then, never a treated patient of this study.
    `never_treated_only` is the form that conditions on the future: refused as an analysis, made to show what it does.
    """
    own = groups[0]
    people = own.course.people.select("person", "start_day").with_row_index("row")
    treated = people.filter(pl.col("start_day") < NEVER).sort("person")
    eligible = _by_day(groups, rules)
    parts, left_out, unmatched = list[pl.DataFrame](), list[tuple[str, str]](), list[str]()
    for row, name, index in treated.iter_rows():
        reason = _reason(own, rules, row, index)
        if reason:
            left_out.append((name, reason))
            continue
        controls = _controls(groups, row, index, horizon, matching, eligible, never_treated_only)
        if not len(controls):
            unmatched.append(name)
        parts.append(_rows(len(parts), own.offset + row, controls))
    return RiskSets(pl.concat(parts) if parts else pl.DataFrame(schema=SETS), tuple(left_out), tuple(unmatched))


def _reason(group: Group, rules: Sequence[Rule], row: int, index: int) -> str:
    """Why a treated patient does not count; "" when nothing stands against it."""
    if not in_state_on(group.course, index)[row]:
        return OFF_STATE
    own = np.zeros(group.facts.persons, dtype=np.bool_)
    own[row] = True
    judged = eligible_on_day(rules, group.facts, index, own).attrition
    return next((step.rule for step in judged if step.n_after < step.n_before), "")


def _rows(number: int, treated: int, controls: NDArray[np.int64]) -> pl.DataFrame:
    size = max(1, len(controls))
    values = controls if len(controls) else [None]
    return pl.DataFrame({"set_id": [number] * size, "treated": [treated] * size, "control": values}, schema=SETS)


def _by_day(groups: Sequence[Group], rules: Sequence[Rule]) -> Callable[[int, int], Bools]:
    """Who of group k is eligible on a day, judged once per day."""
    known: dict[tuple[int, int], Bools] = {}

    def eligible(k: int, day: int) -> Bools:
        if (k, day) not in known:
            known[k, day] = eligible_on_day(rules, groups[k].facts, day).eligible
        return known[k, day]

    return eligible


def _controls(
    groups: Sequence[Group],
    row: int,
    index: int,
    horizon: int,
    matching: Matching,
    eligible: Callable[[int, int], Bools],
    never_treated_only: bool,
) -> NDArray[np.int64]:
    """Rows of all people who are controls of one treated patient of the study, over all groups, ascending.

    The patient is not among them, being treated on `index` and not after it.
    """
    room = int(groups[0].course.people["potential_days"][row]) - index
    follow = min(horizon, room)
    found = []
    for g, group in enumerate(groups):
        people = group.course.people
        start, potential = (people[c].to_numpy().astype(np.int64) for c in ("start_day", "potential_days"))
        fits = in_state_on(group.course, index) & eligible(g, index)
        fits &= (start == NEVER) if never_treated_only else (start > index)
        fits &= stays_untreated(people["source"], start)
        fits &= potential - index >= follow
        fits &= alike(groups[0], row, group, index, matching)
        found.append(group.offset + np.flatnonzero(fits))
    return np.concatenate(found)


def alike(own: Group, row: int, group: Group, day: int, matching: Matching) -> Bools:
    """Persons of `group` within every caliper of one treated patient on `day`; what is unknown does not match."""
    fits = np.ones(group.facts.persons, dtype=np.bool_)
    for name in matching.same:
        fits &= _same(own, row, group, day, name, matching.window_days)
    if matching.age_years is not None:
        fits &= _near(own, row, group, day, "age", matching.age_years, matching.window_days)
    if matching.calendar_days is not None:
        fits &= _near(own, row, group, day, "calendar", matching.calendar_days, matching.window_days)
    for marker, caliper in matching.markers.items():
        fits &= _near(own, row, group, day, marker, caliper, matching.window_days)
    return fits


def _same(own: Group, row: int, group: Group, day: int, name: str, window: int) -> Bools:
    if name in KINDS:
        mine, theirs = (g.facts.going_on(name, day, window) for g in (own, group))
    else:
        mine, theirs = own.facts.word(name), group.facts.word(name)
    if mine[row] is None:
        return np.zeros(group.facts.persons, dtype=np.bool_)
    return np.asarray((theirs == mine[row]).fill_null(False).to_numpy(), dtype=np.bool_)


def _near(own: Group, row: int, group: Group, day: int, name: str, caliper: float, window: int) -> Bools:
    """Middles of the bounds at most `caliper` apart; an open band has no middle and matches nobody."""
    low, high = own.facts.number(name, day, window)
    low_theirs, high_theirs = group.facts.number(name, day, window)
    with np.errstate(invalid="ignore"):
        apart = np.abs(low_theirs + high_theirs - low[row] - high[row]) / 2
        near: Bools = apart <= caliper
        return near
