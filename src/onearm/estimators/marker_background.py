"""Background of a marker: the course untreated days expect of the treated, beside what was seen. Description only."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from onearm.cohort.analysis_set import NEVER
from onearm.cohort.marker_courses import WATCHED, DayValues, middle
from onearm.results.status import Status

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

FEWEST_PERSONS = 20  # untreated with two values: 10 for each coefficient of the day
BACKGROUND_ASSUMPTIONS = (
    "the marker of those still ventilated follows the day of ventilation alike in everybody",
    "level of a person by centring within the person (least squares), not a random intercept",
    "no regression to the mean: a patient treated at a peak falls below what is expected",
)


@dataclass(frozen=True, slots=True)
class Background:
    """log y = f(day) + level of the person, on untreated person-days; what the treated would show if nothing else."""

    marker: str
    n_persons: int  # untreated, with two values or more
    n_values: int  # of untreated person-days
    curve: tuple[float, float] | None = None  # f = a log(d+1) + b log(d+1)^2
    offsets: tuple[int, ...] = ()  # days after Z
    n: tuple[int, ...] = ()  # treated with a level before Z and a value on that day
    expected: tuple[float | None, ...] = ()  # geometric mean over these patients, canonical unit
    seen: tuple[float | None, ...] = ()
    bend: float | None = None  # b1: change of log y per day after Z beyond f, treated still ventilated
    method: str = "least squares with the person's own mean taken off (fixed levels); untreated person-days only"
    assumptions: tuple[str, ...] = BACKGROUND_ASSUMPTIONS
    status: Status = Status.OK
    remedy: str = ""


def background(values: DayValues, *, offsets: Sequence[int] = (3, 7)) -> Background:
    """Expected course of the treated from untreated person-days: f(day) from these alone, level from days <= Z.

    A refusal below FEWEST_PERSONS untreated persons with two values. No test: with a level and a curve that others
    gave, a patient treated at a peak seems to improve.
    """
    y = middle(np.stack([values.low, values.high], axis=1), WATCHED[values.marker].log)
    order = np.lexsort((values.day, values.person))
    order = order[np.isfinite(y[order])]
    person, day, start, y = values.person[order], values.day[order], values.index_day[order], y[order]
    untreated = day <= start
    count = np.bincount(person[untreated], minlength=int(person.max(initial=0)) + 1)
    fitted = untreated & (count[person] > 1)
    result = Background(values.marker, int(np.sum(count > 1)), int(fitted.sum()))
    if result.n_persons < FEWEST_PERSONS:
        remedy = f"{result.n_persons} untreated with two values: {FEWEST_PERSONS} are needed for f(day)."
        return replace(result, status=Status.TOO_FEW, remedy=remedy)
    t = np.log(day + 1.0)
    x = np.stack([t, t**2], axis=1)
    centred = [v[fitted] - _means(v, person, fitted)[person[fitted]] for v in (y, x[:, 0], x[:, 1])]
    a, b = (float(v) for v in np.linalg.lstsq(np.stack(centred[1:], axis=1), centred[0], rcond=None)[0])
    rest = y - x @ np.array([a, b])
    level = _means(rest, person, untreated)[person]
    after = (start < NEVER) & (day > start) & np.isfinite(level)
    since = np.where(after, day - np.where(after, start, 0), 0)
    bend = float(np.sum(since * np.where(after, rest - level, 0.0)) / np.sum(since**2)) if after.any() else None
    back = np.exp if WATCHED[values.marker].log else np.asarray
    expected, seen, n = list[float | None](), list[float | None](), list[int]()
    for offset in offsets:
        there = after & (since == offset)
        n.append(int(there.sum()))
        expected.append(float(back((y - rest + level)[there].mean())) if n[-1] else None)
        seen.append(float(back(y[there].mean())) if n[-1] else None)
    return replace(
        result, curve=(a, b), offsets=tuple(offsets), n=tuple(n), expected=tuple(expected), seen=tuple(seen), bend=bend
    )


def _means(values: Floats, person: Ints, used: Bools) -> Floats:
    """Mean of each person over the used values, shape (largest person + 1,); NaN without one."""
    count = np.bincount(person[used], minlength=int(person.max(initial=0)) + 1)
    total = np.bincount(person[used], weights=values[used], minlength=len(count))
    mean: Floats = np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)
    return mean
