"""Days of start and follow-up from reported quartiles: whole-day masses of a fitted distribution."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Family = Literal["gamma", "weibull", "lognormal"]
LAST_DAY = 60
_LEAST_MASS = 1e-6
_SEARCH = {"gamma": (1e-2, 1e4), "weibull": (5e-2, 1e2), "lognormal": (1e-3, 20.0)}  # shape, shape, sd of the log


@dataclass(frozen=True, slots=True)
class DayDistribution:
    """A positive time in days; `shape` None means everyone at the median (no spread was reported)."""

    family: Family
    median: float
    shape: float | None

    def quantile(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Time at cumulative probability u in (0, 1)."""
        if self.shape is None:
            return np.full_like(u, self.median)
        unit = _unit_quantile(self.family, self.shape)
        return np.asarray(self.median / unit(np.array([0.5]))[0] * unit(u))

    def cdf(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probability of a time of at most x days."""
        from scipy.special import gammainc, ndtr

        if self.shape is None:
            return (x >= self.median).astype(float)
        scale = self.median / _unit_quantile(self.family, self.shape)(np.array([0.5]))[0]
        y = np.maximum(x, 0) / scale
        if self.family == "gamma":
            return np.asarray(gammainc(self.shape, y))
        if self.family == "weibull":
            return np.asarray(-np.expm1(-(y**self.shape)), dtype=np.float64)
        with np.errstate(divide="ignore"):
            return np.asarray(ndtr(np.log(y) / self.shape), dtype=np.float64)

    def day_mass(self, *, rounded: bool = False) -> NDArray[np.float64]:
        """Mass of whole days 0..60, shape (61,), summing to 1: by floor, or to the nearest day when `rounded`.

        Raises ValueError when days 0 to 60 hold next to nothing of it.
        """
        d = np.arange(LAST_DAY + 1, dtype=float)
        if self.shape is None:
            mass = (d == np.floor(self.median + (0.5 if rounded else 0.0))).astype(float)
        else:
            low, high = (np.maximum(d - 0.5, 0), d + 0.5) if rounded else (d, d + 1)
            mass = self.cdf(high) - self.cdf(low)
        total = float(mass.sum())
        if total < _LEAST_MASS:
            raise ValueError(f"a median of {self.median:g} days leaves nothing on days 0 to {LAST_DAY}")
        return np.asarray(mass / total, dtype=np.float64)


def _unit_quantile(family: Family, shape: float) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    from scipy.special import gammaincinv, ndtri

    if family == "gamma":
        return lambda u: np.asarray(gammaincinv(shape, u))
    if family == "weibull":
        return lambda u: np.asarray((-np.log1p(-u)) ** (1 / shape))
    return lambda u: np.asarray(np.exp(shape * ndtri(u)))


def fit_days(median: float, iqr_width: float | None, family: Family = "gamma") -> DayDistribution:
    """Distribution with the reported median m and IQR width w: shape solves Q3 - Q1 = w (Q2 / m), then scale.

    Widths are all that some abstracts print; they are not turned into quartiles. Without a width, or with a
    width or median of 0, everyone is put at the median. Raises ValueError when no shape has that width or the
    median is negative.
    """
    from scipy.optimize import brentq

    if median < 0:
        raise ValueError(f"a median of {median:g} days is negative")
    if not iqr_width or median == 0:
        return DayDistribution(family, median, None)

    def excess(shape: float) -> float:
        q1, q2, q3 = _unit_quantile(family, shape)(np.array([0.25, 0.5, 0.75]))
        return float((q3 - q1) / q2 - iqr_width / median)

    low, high = _SEARCH[family]
    if excess(low) * excess(high) > 0:
        raise ValueError(f"no {family} distribution has median {median:g} and interquartile width {iqr_width:g}")
    return DayDistribution(family, median, float(brentq(excess, low, high, xtol=1e-12)))
