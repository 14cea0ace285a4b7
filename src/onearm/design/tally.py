"""What is kept of many trials: whole numbers only, so that pooling blocks is exact in any order and of any size."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

UNIT = 2**40  # a number is kept as a whole multiple of 1/UNIT, its square too


@dataclass(frozen=True, slots=True)
class Count:
    """How many of n trials something held in."""

    n: int = 0
    k: int = 0

    def plus(self, other: Self) -> "Count":
        """Both together."""
        return Count(self.n + other.n, self.k + other.k)


@dataclass(frozen=True, slots=True)
class Moments:
    """Sum and sum of squares of a number over the n trials that have one, in 1/UNIT."""

    n: int = 0
    total: int = 0
    squares: int = 0

    def plus(self, other: Self) -> "Moments":
        """Both together."""
        return Moments(self.n + other.n, self.total + other.total, self.squares + other.squares)


@dataclass(frozen=True, slots=True)
class Histogram:
    """In how many trials a whole number took each value."""

    counts: Mapping[int, int] = field(default_factory=dict)

    def plus(self, other: Self) -> "Histogram":
        """Both together."""
        both = Counter(self.counts) + Counter(other.counts)
        return Histogram(dict(sorted(both.items())))


Tally = Count | Moments | Histogram


def tallied(values: NDArray[Any]) -> Tally:
    """Of one value per trial: booleans are counted, floats summed (nan: this trial has none), integers put in bins."""
    if values.dtype.kind == "b":
        return Count(len(values), int(values.sum()))
    if values.dtype.kind == "f":
        known = values[~np.isnan(values)]
        whole = [round(float(v) * UNIT) for v in known]
        return Moments(len(whole), sum(whole), sum(w * w // UNIT for w in whole))
    if values.dtype.kind in "iu":
        found, times = np.unique(values, return_counts=True)
        return Histogram(dict(zip(found.tolist(), times.tolist(), strict=True)))
    raise ValueError(f"values of kind {values.dtype}: give booleans, floats or integers, one per trial")


def pooled(parts: list[Tally]) -> Tally:
    """All of one kind together. Raises ValueError for several kinds under one name."""
    first, *others = parts
    for other in others:
        if type(other) is not type(first):
            raise ValueError(
                f"{type(first).__name__} and {type(other).__name__} under one name: were analyses changed?"
            )
        first = first.plus(other)  # type: ignore[arg-type]  # the same kind, by the test above
    return first


def to_plain(tally: Tally) -> dict[str, Any]:
    """As JSON."""
    match tally:
        case Count(n, k):
            return {"n": n, "k": k}
        case Moments(n, total, squares):
            return {"n": n, "total": total, "squares": squares}
        case Histogram(counts):
            return {"counts": {str(value): times for value, times in counts.items()}}


def from_plain(plain: Mapping[str, Any]) -> Tally:
    """The reverse of `to_plain`. Raises ValueError for anything else."""
    match dict(plain):
        case {"n": int(n), "k": int(k)}:
            return Count(n, k)
        case {"n": int(n), "total": int(total), "squares": int(squares)}:
            return Moments(n, total, squares)
        case {"counts": dict(counts)}:
            return Histogram({int(value): int(times) for value, times in counts.items()})
    raise ValueError(f"not a tally: {plain}")
