"""A publication with two arms: risk ratio, risk difference, Fisher's exact test, and its worst case.

Risk ratio: Wald interval on the log (Katz 1978). Difference: Newcombe (1998, Stat Med 17:873, method 10). Fisher:
two-sided, all tables at most as probable as the seen one, relative slack 1e-7.
"""

from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np

from onearm.estimators.exact_interval import Share, share, wilson
from onearm.results.status import Status

SLACK = 1e-7


@dataclass(frozen=True, slots=True)
class TwoArm:
    """Deaths of the treated against those of the controls of one report."""

    treated: Share | None = None  # Clopper-Pearson
    control: Share | None = None
    risk_ratio: float | None = None  # treated over control; None at a zero cell, see ratio_remedy
    ratio_lower: float | None = None
    ratio_upper: float | None = None
    ratio_remedy: str = ""
    risk_difference: float | None = None  # treated minus control
    difference_lower: float | None = None  # Newcombe
    difference_upper: float | None = None
    fisher_p: float | None = None  # two-sided
    fisher_p_worst_case: float | None = None  # treated open dead, control open alive; None when nobody is open
    level: float = 0.95
    method: str = "Wald on the log ratio; Newcombe difference; Fisher two-sided"
    assumptions: tuple[str, ...] = ("patients independent",)
    status: Status = Status.OK
    remedy: str = ""

    @property
    def estimate(self) -> float | None:
        """Risk difference; None exactly when status is not OK."""
        return self.risk_difference if self.status is Status.OK else None


def two_arm(
    treated_dead: int,
    treated_n: int,
    control_dead: int,
    control_n: int | None,
    *,
    treated_open: int = 0,
    control_open: int = 0,
    level: float = 0.95,
) -> TwoArm:
    """Both arms and their contrast. Raises ValueError when counts contradict each other."""
    if treated_n == 0 or not control_n:
        status = Status.NO_PATIENTS if treated_n == 0 else Status.ONE_ARM
        return TwoArm(level=level, status=status, remedy="A series belongs in reported.toml; give the control arm's n.")
    for arm, dead, open_, n in (
        ("treated", treated_dead, treated_open, treated_n),
        ("control", control_dead, control_open, control_n),
    ):
        if min(dead, open_, n) < 0 or dead + open_ > n:
            raise ValueError(f"{arm} arm: {dead} dead and {open_} open do not fit into {n}")
    ratio, low, high, remedy = risk_ratio(treated_dead, treated_n, control_dead, control_n, level)
    difference = risk_difference(treated_dead, treated_n, control_dead, control_n, level)
    worst = fisher_p(treated_dead + treated_open, treated_n, control_dead, control_n)
    return TwoArm(
        treated=share(treated_dead, treated_n, level=level),
        control=share(control_dead, control_n, level=level),
        risk_ratio=ratio,
        ratio_lower=low,
        ratio_upper=high,
        ratio_remedy=remedy,
        risk_difference=difference[0],
        difference_lower=difference[1],
        difference_upper=difference[2],
        fisher_p=fisher_p(treated_dead, treated_n, control_dead, control_n),
        fisher_p_worst_case=worst if treated_open or control_open else None,
        level=level,
    )


def risk_ratio(
    dead_1: int, n_1: int, dead_2: int, n_2: int, level: float = 0.95
) -> tuple[float | None, float | None, float | None, str]:
    """Ratio, limits, remedy; the three numbers are None when a cell is zero, also one of survivors."""
    from scipy.special import ndtri

    if 0 in (dead_1, dead_2, n_1 - dead_1, n_2 - dead_2):
        return None, None, None, "A cell is zero: read the difference and Fisher's test."
    value = (dead_1 / n_1) / (dead_2 / n_2)
    half = float(ndtri((1 + level) / 2)) * sqrt(1 / dead_1 - 1 / n_1 + 1 / dead_2 - 1 / n_2)
    return value, exp(log(value) - half), exp(log(value) + half), ""


def risk_difference(dead_1: int, n_1: int, dead_2: int, n_2: int, level: float = 0.95) -> tuple[float, float, float]:
    """Difference 1 - 2 and Newcombe's hybrid of the two Wilson intervals, without continuity correction."""
    p, q = dead_1 / n_1, dead_2 / n_2
    (low_1, high_1), (low_2, high_2) = wilson(dead_1, n_1, level), wilson(dead_2, n_2, level)
    lower = p - q - sqrt((p - low_1) ** 2 + (high_2 - q) ** 2)
    upper = p - q + sqrt((high_1 - p) ** 2 + (q - low_2) ** 2)
    return p - q, lower, upper


def fisher_p(dead_1: int, n_1: int, dead_2: int, n_2: int) -> float:
    """Two-sided Fisher: total mass of the tables with the same margins at most as probable as the seen one."""
    from scipy.special import gammaln

    dead = dead_1 + dead_2
    k = np.arange(max(0, dead - n_2), min(dead, n_1) + 1)
    log_mass = -(gammaln(k + 1) + gammaln(n_1 - k + 1) + gammaln(dead - k + 1) + gammaln(n_2 - dead + k + 1))
    mass = np.exp(log_mass - log_mass.max())
    seen = mass[dead_1 - k[0]]
    return float(min(1.0, mass[mass <= seen * (1 + SLACK)].sum() / mass.sum()))
