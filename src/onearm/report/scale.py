"""A scale of a figure: values to points, and the round values to write on it. What lies beyond goes to its end."""

import math
from dataclasses import dataclass

_STEPS = (1.0, 2.0, 5.0, 10.0)
_OF_A_DECADE = ((1.0, 2.0, 5.0), (1.0, 3.0), (1.0,))


@dataclass(frozen=True, slots=True)
class Scale:
    """`low` stands at point `start`, `high` at point `end`; for an upright axis `start` is the lower edge."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def at(self, value: float) -> float:
        """Point of a value; of one beyond the scale, the end."""
        inside = min(self.high, max(self.low, value))
        share = (inside - self.low) / (self.high - self.low)
        if self.logarithmic:
            share = math.log(inside / self.low) / math.log(self.high / self.low)
        return self.start + share * (self.end - self.start)

    def beyond(self, value: float) -> int:
        """-1 below the scale, 1 above it, 0 on it."""
        return (value > self.high) - (value < self.low)

    def ticks(self, most: int) -> tuple[float, ...]:
        """Round values on the scale, at most so many."""
        return (_logarithmic if self.logarithmic else _linear)(self.low, self.high, most)


def _linear(low: float, high: float, most: int) -> tuple[float, ...]:
    size = 10 ** math.floor(math.log10((high - low) / most))
    step = next(s * size for s in (*_STEPS, 20.0) if (high - low) / (s * size) <= most - 1)
    first = math.ceil(low / step - 1e-9)
    return tuple(k * step for k in range(first, math.floor(high / step + 1e-9) + 1))


def _logarithmic(low: float, high: float, most: int) -> tuple[float, ...]:
    decades = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    found: list[float] = []
    for parts in _OF_A_DECADE:
        found = [p * 10.0**k for k in decades for p in parts if low * (1 - 1e-9) <= p * 10.0**k <= high * (1 + 1e-9)]
        if len(found) <= most:
            break
    return tuple(found)


def plain(value: float) -> str:
    """A value of an axis: no exponent, thousands apart."""
    return f"{value:,.10g}"
