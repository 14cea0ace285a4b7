"""The chart of one patient: what the records hold by day since ventilation, and nothing that they do not.

Of a virtual patient it may also carry what nobody at a bed ever has: the true course, and the course of the same
patient without the infusions.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChartPoint:
    """One recorded value. A value beyond an assay limit keeps the limit and its sign."""

    day: float  # since ventilation
    value: float  # in the unit of the line
    comparator: str  # "=" for a number; "<", "<=", ">", ">=" beyond a limit


@dataclass(frozen=True, slots=True)
class ChartLine:
    """A course, one value per day of `day`; it ends where the patient dies."""

    day: tuple[float, ...]
    value: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ChartMarker:
    """One marker of a strip."""

    name: str  # as printed: "CRP"
    unit: str
    points: tuple[ChartPoint, ...]
    truth: ChartLine | None = None
    twin: ChartLine | None = None  # the same patient, untreated


@dataclass(frozen=True, slots=True)
class ChartStrip:
    """Markers that share an axis."""

    name: str
    low: float  # ends of the axis
    high: float
    logarithmic: bool
    limit: float | None  # a line to read against
    markers: tuple[ChartMarker, ...]


@dataclass(frozen=True, slots=True)
class ChartSpan:
    """Something with a start and an end."""

    kind: str  # "ventilated", "off", or the drug
    start: float  # days since ventilation
    end: float | None  # None: the end is not known, or lies after the last contact
    ongoing: bool  # when last seen


@dataclass(frozen=True, slots=True)
class ChartInfusion:
    """One infusion."""

    day: float
    dose_no: int
    lot: str  # "?" where no bag is recorded
    whole: bool  # False: stopped early, or not known to have ended


@dataclass(frozen=True, slots=True)
class ChartEnd:
    """The last that is known of a patient."""

    state: str  # "died", "left hospital alive", "alive, ventilated" ...
    day: float


@dataclass(frozen=True, slots=True)
class WardChart:
    """One patient."""

    person: str  # pseudonym
    virtual: bool
    last_day: float  # of the axis; it begins on day -1
    breathing: tuple[ChartSpan, ...]
    infusions: tuple[ChartInfusion, ...]
    strips: tuple[ChartStrip, ...]
    drugs: tuple[ChartSpan, ...]
    end: ChartEnd
    twin_end: ChartEnd | None = None  # of the same patient, untreated
    twin_is_the_same: bool = False  # True: the infusions changed nothing
