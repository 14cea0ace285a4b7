"""Marker values of the treated and of their controls, aligned on the treated's index day: what was known, and when.

A control counts days from the index day of the treated patient of the set. Bounds stand for assay limits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.cohort.analysis_set import AnalysisSet
from onearm.cohort.build import Built, Cohort
from onearm.cohort.risk_sets import Group
from onearm.vocabulary.scales import DayState

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Codes = NDArray[np.int8]

READABLE, HIDDEN, NOT_KNOWN = 0, 1, 2  # codes of `hidden`
OFFSETS = (3, 7)
LOOK_BACK_DAYS = 2
TOLERANCE_DAYS = 1
_EVER = 2**20  # days: later than any sample
_JUST_ALIVE = float(-np.finfo(np.float64).max)  # worse than any value, better than dead


@dataclass(frozen=True, slots=True)
class Watched:
    """How a course marker is read."""

    better: int  # +1: a higher value is better; -1: a lower one
    log: bool = True  # changes are ratios; false: a score, changes are differences
    hidden_by: str = ""  # kind of the episode that moves the marker by itself
    hidden_days: int = 0  # such an episode hides the marker from so many days before the index day on


_TOCILIZUMAB = ("tocilizumab", 21)  # blocks the receptor: CRP stops and IL-6 piles up, whatever the patient does
_STEROID = ("corticosteroid", LOOK_BACK_DAYS)  # moves lymphocytes out of the blood within hours

#: The one place that says which way is better and what makes a marker unreadable (evidence.md 3.16).
WATCHED: Mapping[str, Watched] = MappingProxyType(
    {
        "crp": Watched(-1, True, *_TOCILIZUMAB),
        "ferritin": Watched(-1),
        "d_dimer_feu": Watched(-1),
        "d_dimer_ddu": Watched(-1),
        "ldh": Watched(-1),
        "il6": Watched(-1, True, *_TOCILIZUMAB),
        **{name: Watched(1, True, *_STEROID) for name in ("lymphocytes", "t_cd3", "t_cd4", "t_cd8", "b_cd19")},
        "pf_ratio": Watched(1),
        "sofa_total": Watched(-1, log=False),
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class MarkerCourses:
    """One entry per member of a risk set: the treated patient, or one of the controls (once per set).

    n_t sets, m members, k markers, o days after the index day. Values are bounds (low, high) in the canonical unit,
    equal for an exact value, NaN where nothing is known.
    """

    markers: tuple[str, ...]  # (k,), those of WATCHED measured in anybody
    offsets: tuple[int, ...]  # (o,), whole days after the index day Z, ascending
    treated: tuple[str, ...]  # (n_t,), persons in order of name
    which: Ints  # (m,), index into `treated`
    is_treated: NDArray[np.bool_]  # (m,)
    member: tuple[str, ...]  # (m,), person and source
    before: Floats  # (m, k, 2), last value known at the start of Z
    after: Floats  # (m, o, k, 2); ventilated: value near the day; off: last value carried; dead, unknown: NaN
    state: Codes  # (m, o), DayState at the start of Z + offset
    hidden: Codes  # (m, o, k): READABLE, HIDDEN by another drug, or NOT_KNOWN whether hidden

    @property
    def watched(self) -> tuple[Watched, ...]:
        """How each marker is read, (k,)."""
        return tuple(WATCHED[name] for name in self.markers)

    def in_member_order(self) -> "MarkerCourses":
        """The same members set by set, the treated first, then by name: draws no longer depend on the order of rows."""
        order = np.lexsort((np.array(self.member, dtype=np.str_), ~self.is_treated, self.which))
        names = ("which", "is_treated", "before", "after", "state", "hidden")
        moved = {name: getattr(self, name)[order] for name in names}
        return replace(self, member=tuple(self.member[k] for k in order), **moved)

    def number(self, o: int | None, k: int, *, log: bool) -> Floats:
        """One number for the bounds of marker k on day o (None: before), shape (m,); see `middle`."""
        return middle(self.before[:, k] if o is None else self.after[:, o, k], log)

    def worth(self, o: int | None, k: int) -> tuple[Floats, Floats]:
        """Least and best that marker k on day o (None: before) is worth, shape (m,), the higher the better.

        Dead is below every living; what is not measured may be anything alive; an unknown patient anything.
        """
        value = self.before[:, k] if o is None else self.after[:, o, k]
        low, high = (value[:, 0], value[:, 1]) if self.watched[k].better > 0 else (-value[:, 1], -value[:, 0])
        known = np.isfinite(value[:, 0])
        worst = np.where(known, np.maximum(low, _JUST_ALIVE), _JUST_ALIVE)
        best = np.where(known, high, np.inf)
        if o is None:
            return worst, best
        dead, lost = self.state[:, o] == DayState.D, self.state[:, o] == DayState.U
        return np.where(dead | lost, -np.inf, worst), np.where(dead, -np.inf, best)


@dataclass(frozen=True, slots=True, eq=False)
class DayValues:
    """Values of one marker by person and day, on the ventilator and readable only; all arrays of shape (values,)."""

    marker: str
    person: Ints  # row of `people`
    day: Ints  # from day zero; the value was taken in the day before its start
    low: Floats
    high: Floats
    index_day: Ints  # Z of that person, NEVER without one: a value with day <= Z is untreated


def marker_courses(
    cohort: Cohort,
    built: Built,
    *,
    offsets: Sequence[int] = OFFSETS,
    look_back_days: int = LOOK_BACK_DAYS,
    tolerance_days: int = TOLERANCE_DAYS,
) -> MarkerCourses:
    """Values of every member of the risk sets before Z (at most `look_back_days` old) and at Z + each offset.

    The value at a day is the last one known at its start and at most `tolerance_days` old, so nothing after the day is
    read. Raises ValueError when a value before Z could pass as one after it, or when the set holds no outcomes.
    """
    days = tuple(sorted(offsets))
    if not days or not 0 < tolerance_days < days[0] or look_back_days < 1:
        raise ValueError(f"offsets {days}, tolerance {tolerance_days}, look-back {look_back_days}: 0 < tolerance < day")
    data = built.data
    if data.states is None:
        raise ValueError("outcomes are closed: markers after the index day are read with them")
    treated, which, row, is_treated = _members(data)
    markers = tuple(name for name in WATCHED if any(_ever_measured(g, name) for g in cohort.groups))
    start = data.column("start_day")[treated][which]
    at = start[:, None] + np.array(days)
    inside = at < data.states.shape[1]
    state = np.where(inside, data.states[row[:, None], np.where(inside, at, 0)], DayState.U)
    shape = (len(row), len(days), len(markers))
    found = MarkerCourses(
        markers,
        days,
        tuple(data.people["person"].gather(treated).to_list()),
        which,
        is_treated,
        tuple(f"{p}, {s}" for p, s in data.people[row.tolist()].select("person", "source").iter_rows()),
        np.full((len(row), len(markers), 2), np.nan),
        np.full((*shape, 2), np.nan),
        np.asarray(state, dtype=np.int8),
        np.full(shape, READABLE, dtype=np.int8),
    )
    everybody = built.rows[row]
    for group in cohort.groups:
        own = (everybody >= group.offset) & (everybody < group.offset + group.facts.persons)
        for day in np.unique(start[own]):
            place = np.flatnonzero(own & (start == day))
            _fill(found, group, place, everybody[place] - group.offset, int(day), (look_back_days, tolerance_days))
    return found


def day_values(cohort: Cohort, built: Built, marker: str) -> DayValues:
    """Every value of a marker on the ventilator, person by person, treated days included and told apart by Z.

    Raises KeyError for a marker that is not WATCHED.
    """
    data, watched = built.data, WATCHED[marker]
    start, parts = data.column("start_day"), list[tuple[Ints, Ints, Floats, Floats]]()
    states = np.zeros((data.people.height, 0), dtype=np.int8) if data.states is None else data.states
    for group in cohort.groups:
        own = np.flatnonzero((built.rows >= group.offset) & (built.rows < group.offset + group.facts.persons))
        local = built.rows[own] - group.offset
        if not _ever_measured(group, marker):
            continue
        for day in range(states.shape[1]):
            low, high = (v[local] for v in group.facts.number(marker, day, 1))
            used = np.isfinite(low) & (states[own, day] == DayState.V)
            if used.any() and watched.hidden_by:
                used &= _hidden(group, watched, day, watched.hidden_days)[local] == READABLE
            parts.append((own[used], np.full(int(used.sum()), day), low[used], high[used]))
    empty = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros(0))
    person, when, low, high = (np.concatenate(v) for v in zip(empty, *parts, strict=True))
    return DayValues(marker, person, when, low, high, start[person])


def middle(value: Floats, log: bool) -> Floats:
    """One number for bounds (n, 2): the value, the limit it lies above, half the limit it lies below; its log.

    Zero has no log and is NaN: it counts in ranks, not in ratios.
    """
    low, high = value[..., 0], value[..., 1]
    found: Floats = np.where(np.isinf(high), low, (low + high) / 2)
    return np.asarray(np.log(np.where(found > 0, found, np.nan)) if log else found, dtype=np.float64)


def _members(data: AnalysisSet) -> tuple[Ints, Ints, Ints, NDArray[np.bool_]]:
    """Rows of the treated by name; and of each member its set, its row and whether it is the treated one."""
    pairs = data.sets.drop_nulls("control")
    index, control = (pairs[side].to_numpy().astype(np.int64) for side in ("treated", "control"))
    rows = data.sets["treated"].unique().to_numpy().astype(np.int64)
    names = data.people["person"].gather(pl.Series(rows)).to_list()
    treated = np.array([row for _, row in sorted(zip(names, rows.tolist(), strict=True))], dtype=np.int64)
    there = data.column("end_day")[control] >= data.column("start_day")[index] + (data.same_day == "after")
    place = np.full(data.people.height, -1, dtype=np.int64)
    place[treated] = np.arange(len(treated))
    which = np.concatenate([np.arange(len(treated)), place[index[there]]])
    row = np.concatenate([treated, control[there]])
    return treated, which, row, np.arange(len(row)) < len(treated)


def _ever_measured(group: Group, marker: str) -> bool:
    return bool(np.isfinite(group.facts.number(marker, _EVER, 2 * _EVER)[0]).any())


def _fill(found: MarkerCourses, group: Group, place: Ints, local: Ints, day: int, window: tuple[int, int]) -> None:
    """Values of the members at `place`, persons `local` of the group, whose day Z is `day`."""
    look_back, tolerance = window
    state = found.state[place]
    is_off = (state == DayState.E) | (state == DayState.H)
    hidden = dict[tuple[str, int], Codes]()
    for k, marker in enumerate(found.markers):
        watched = WATCHED[marker]
        found.before[place, k] = np.stack(group.facts.number(marker, day, look_back), axis=1)[local]
        for o, offset in enumerate(found.offsets):
            target = day + offset
            near, last = (
                np.stack(group.facts.number(marker, target, days), axis=1)[local]
                for days in (tolerance, offset + look_back)
            )
            value = np.where(is_off[:, o, None], last, np.where((state[:, o] == DayState.V)[:, None], near, np.nan))
            found.after[place, o, k] = value
            if watched.hidden_by:
                key = (watched.hidden_by, target)
                if key not in hidden:
                    hidden[key] = _hidden(group, watched, target, watched.hidden_days + offset)
                found.hidden[place, o, k] = hidden[key][local]


def _hidden(group: Group, watched: Watched, day: int, window_days: int) -> Codes:
    """Whether another drug hides the marker on `day`, per person of the group."""
    going_on = group.facts.going_on(watched.hidden_by, day, window_days)
    yes, unknown = going_on.fill_null(False).to_numpy(), going_on.is_null().to_numpy()
    return np.where(unknown, NOT_KNOWN, np.where(yes, HIDDEN, READABLE)).astype(np.int8)
