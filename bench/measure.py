"""What a benchmark is: an id, a question, a unit, a peer, and how a reading is taken."""

from collections.abc import Callable
from dataclasses import dataclass

LOW_IS_BETTER = ("s", "h", "MB", "faults", "errors", "of peak", "of the value", "of the dose", "lost/500 kills")


class MeasureFailed(Exception):
    """A benchmark that gave no number, and why."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One number as measured, the peer's beside it, and what a reader must know of both."""

    value: float
    lowest: float  # over the repeats; equal to value when there was one
    highest: float
    repeats: int = 1
    peer_value: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """One benchmark."""

    id: str
    question: str
    unit: str  # s, MB, or a rate such as rows/s
    take: Callable[[], Reading]
    peer: str | None = None
    target: str = ""  # as the reader sees it: "< 5"


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of build/bench.json: these six keys and no other."""

    id: str
    value: float
    unit: str
    peer: str | None
    peer_value: float | None
    ratio: float | None  # how many times better than the peer; above 1 is better


def row_of(measure: Measure, reading: Reading) -> Row:
    """The entry of a reading."""
    peer_value = reading.peer_value if measure.peer is not None else None
    times_better = None if peer_value is None else ratio(reading.value, peer_value, measure.unit)
    return Row(measure.id, reading.value, measure.unit, measure.peer, peer_value, times_better)


def ratio(value: float, peer_value: float, unit: str) -> float:
    """How many times better than the peer: peer / value for seconds and MB, value / peer for a rate.

    Raises ValueError for a unit that does not say which way is better.
    """
    if unit in LOW_IS_BETTER:
        return peer_value / value
    if "/" in unit:
        return value / peer_value
    raise ValueError(f"is more {unit} better or worse? Add it to bench/measure.py.")
