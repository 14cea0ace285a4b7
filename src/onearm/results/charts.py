"""Frozen values of the figures. A report draws them and computes nothing."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IconArray:
    """One icon per treated patient. The four counts add to n."""

    dead: int
    out: int  # off the ventilator (or out of the state that started the clock) and alive at the close
    open: int  # still in it when the report closed
    other: int  # alive, state at the close not reported


@dataclass(frozen=True, slots=True)
class NullHistogram:
    """Deaths in 100 studies of a drug that does nothing. `mass[k]` = P(k deaths), k = 0..n."""

    mass: tuple[float, ...]
    observed: int
    worst_case: int  # observed + unresolved


@dataclass(frozen=True, slots=True)
class IncidenceCurve:
    """Stacked cumulative incidence from a time zero; all tuples have one value per day, day 0 first."""

    name: str  # "from_entry", "landmark7", "treated"
    label: str
    label_es: str
    day: tuple[int, ...]
    dead: tuple[float, ...]
    out: tuple[float, ...]
    at_risk: tuple[int, ...]  # start of the day
    open: int  # patients whose follow-up ended before the last day without death or leaving


@dataclass(frozen=True, slots=True)
class DayStrip:
    """One treated patient: state at the start of each day from day zero, and the index day."""

    person: str
    index_day: int
    states: str  # one letter a day: V ventilated, E off, H left alive, D dead, ? not known; O for any other clock


@dataclass(frozen=True, slots=True)
class StartDays:
    """When treatment began, as reported: no patient rows exist."""

    median: float
    iqr_width: float | None
    q1: float | None
    q3: float | None


@dataclass(frozen=True, slots=True)
class MarkerCourse:
    """A laboratory marker before and after the index day. Direction only, never an effect."""

    marker: str
    unit: str
    direction: str  # fell, rose, no_change, not_reported
    n_before: int | None
    n_after: int | None
    median_before: float | None
    median_after: float | None
    reason: str  # why it cannot be read as an effect
    reason_es: str


@dataclass(frozen=True, slots=True)
class Charts:
    """All figures of a page; None or empty where the input does not carry them."""

    icons: IconArray | None = None
    null_histogram: NullHistogram | None = None
    incidence: tuple[IncidenceCurve, ...] = ()
    strips: tuple[DayStrip, ...] = ()
    start_days: StartDays | None = None
    markers: tuple[MarkerCourse, ...] = ()
