"""Several two-arm reports pooled: risk ratio by three routes, risk difference, and how much the reports disagree.

Mantel-Haenszel ratio with the variance of Greenland and Robins (1985, Biometrics 41:55), difference with that of Sato
(1989, Biometrics 45:1323). Between-trial variance of the log ratio: DerSimonian and Laird (1986), and restricted
maximum likelihood. Interval: Hartung and Knapp (2001, Stat Med 20:3875) with its factor floored at 1 (Roever 2015, BMC
Med Res Methodol 15:99): never narrower than the fixed-effect interval. Prediction: Higgins (2009, J R Stat Soc A
172:137), t with k - 2 degrees of freedom.
"""

from collections import Counter
from dataclasses import dataclass
from math import exp, sqrt

import numpy as np
from numpy.typing import NDArray

from onearm.results.status import Status

Floats = NDArray[np.float64]

NO_TRIALS = "Give the dead and the patients of both arms of at least one trial."
NO_VARIANCE = "In every arm all died or all lived: nothing measures chance. Read each arm with exact_interval."
NO_RATIO = "Nobody died in any treated arm, or in any control arm: read the risk difference."
ONE_RATIO = "Fewer than two trials carry a ratio: nothing to pool. Read each report with two_arm."
METHOD = (
    "Mantel-Haenszel without correction; inverse variance, DerSimonian-Laird and REML on the log ratio; 1/2 added to "
    "every cell of a trial with a zero cell, there only; t interval, factor floored at 1"
)


@dataclass(frozen=True, slots=True)
class Trial:
    """Counts of one report. Reports that share a control group carry the same `control_group`."""

    name: str
    treated_dead: int
    treated_n: int
    control_dead: int | None  # None: a series without controls, refused by name
    control_n: int | None
    control_group: str = ""  # "": its own


@dataclass(frozen=True, slots=True)
class Pooled:
    """One pooled number with its Wald interval; of a ratio on the log."""

    estimate: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class RandomEffects:
    """Mean ratio over trials that may differ, its t interval, and where the ratio of a next trial may lie."""

    tau2: float  # between-trial variance of the log ratio
    estimate: float
    lower: float  # t with k - 1 degrees of freedom, factor floored at 1
    upper: float
    factor: float  # of Hartung and Knapp before the floor: below 1 the floor was used
    prediction_lower: float | None = None  # t with k - 2 degrees of freedom; None with two trials
    prediction_upper: float | None = None


@dataclass(frozen=True, slots=True)
class MetaAnalysis:
    """Treated over control, or treated minus control, over all reports. No evidence synthesis: reports are missing."""

    ratio: Pooled | None = None  # Mantel-Haenszel risk ratio; None: see ratio_remedy
    difference: Pooled | None = None  # Mantel-Haenszel risk difference, every trial; None when status is not OK
    fixed_ratio: Pooled | None = None  # inverse variance, one common ratio
    dersimonian_laird: RandomEffects | None = None
    reml: RandomEffects | None = None
    q: float | None = None  # Cochran's Q around fixed_ratio, on q_df degrees of freedom
    q_df: int | None = None
    i2: float | None = None  # share of the spread beyond chance, 0..1, from Q
    intervals_agree: bool | None = None  # all four ratio intervals hold 1, or none does; False must be said
    ratio_remedy: str = ""
    trials: tuple[str, ...] = ()  # names, in the order given
    double_zero: tuple[str, ...] = ()  # nobody died in either arm: in the difference, in no ratio
    all_dead: tuple[str, ...] = ()  # everybody died in both arms: no inverse variance; in the difference and `ratio`
    corrected: tuple[str, ...] = ()  # 1/2 added to every cell, for inverse variance and random effects only
    level: float = 0.95
    method: str = METHOD
    assumptions: tuple[str, ...] = (
        "reports independent: no patient and no control group counted twice",
        "reports without counts do not differ from those with counts (null trials are the likelier to be missing)",
    )
    status: Status = Status.OK
    remedy: str = ""

    @property
    def estimate(self) -> float | None:
        """Mantel-Haenszel risk difference; None exactly when status is not OK."""
        return self.difference.estimate if self.difference is not None and self.status is Status.OK else None


def meta_analysis(trials: tuple[Trial, ...], *, level: float = 0.95) -> MetaAnalysis:
    """Pool the deaths of several reports. Raises ValueError when counts contradict each other."""
    if not 0 < level < 1:
        raise ValueError(f"level {level}: give a number between 0 and 1, such as 0.95")
    names = tuple(t.name for t in trials)
    status, remedy = _refusal(trials)
    if status is not Status.OK:
        return MetaAnalysis(trials=names, level=level, status=status, remedy=remedy)
    counts = _counts(trials)
    difference = mantel_haenszel_difference(counts, level)
    a, n, c, m = counts.T
    if difference is None:
        status = Status.REFUSED if (a + c).any() else Status.NO_EVENTS
        return MetaAnalysis(trials=names, level=level, status=status, remedy=NO_VARIANCE)
    double_zero, all_dead = a + c == 0, (a == n) & (c == m)
    used = ~double_zero & ~all_dead
    zero = used & ((a == 0) | (a == n) | (c == 0) | (c == m))
    ratio = mantel_haenszel_ratio(counts[~double_zero], level)
    several = used.sum() > 1
    y, v = log_ratios(counts[used])
    fixed = fixed_effect(y, v, level) if several else None
    q = cochran_q(y, v) if several else None
    laird = random_effects(y, v, dersimonian_laird(y, v), level) if several else None
    reml = random_effects(y, v, reml_tau2(y, v), level) if several else None
    return MetaAnalysis(
        ratio=ratio,
        difference=difference,
        fixed_ratio=fixed,
        dersimonian_laird=laird,
        reml=reml,
        q=q,
        q_df=len(y) - 1 if several else None,
        i2=None if q is None else (max(0.0, 1 - (len(y) - 1) / q) if q > 0 else 0.0),
        intervals_agree=_agree(ratio, fixed, laird, reml),
        ratio_remedy=" ".join((NO_RATIO,) * (ratio is None) + (ONE_RATIO,) * (not several)),
        trials=names,
        double_zero=_named(names, double_zero),
        all_dead=_named(names, all_dead),
        corrected=_named(names, zero) if several else (),
        level=level,
    )


def _refusal(trials: tuple[Trial, ...]) -> tuple[Status, str]:
    """Why these reports cannot be pooled; OK when they can."""
    if not trials:
        return Status.NO_PATIENTS, NO_TRIALS
    alone = [t.name for t in trials if t.treated_n == 0 or not t.control_n or t.control_dead is None]
    if alone:
        return Status.ONE_ARM, f"Without two arms: {', '.join(alone)}. Leave it out, or give the counts of both arms."
    twice = [name for name, k in Counter(t.name for t in trials).items() if k > 1]
    if twice:
        return Status.REFUSED, f"Given more than once: {', '.join(twice)}. Count each report once."
    groups = Counter(t.control_group for t in trials if t.control_group)
    shared = [
        f"{' and '.join(t.name for t in trials if t.control_group == group)} share the control group {group}"
        for group, k in groups.items()
        if k > 1
    ]
    if shared:
        return Status.REFUSED, f"{'; '.join(shared)}. Keep one of them, or join their treated arms into one row."
    return (Status.OK, "") if len(trials) > 1 else (Status.TOO_FEW, "One report is no pool: read it with two_arm.")


def _counts(trials: tuple[Trial, ...]) -> Floats:
    """Columns: treated dead, treated n, control dead, control n."""
    rows = []
    for t in trials:
        control_dead, control_n = t.control_dead or 0, t.control_n or 0
        for arm, dead, n in (("treated", t.treated_dead, t.treated_n), ("control", control_dead, control_n)):
            if not 0 <= dead <= n:
                raise ValueError(f"{t.name}, {arm} arm: {dead} dead do not fit into {n}")
        rows.append((t.treated_dead, t.treated_n, control_dead, control_n))
    return np.array(rows, dtype=np.float64)


def _named(names: tuple[str, ...], chosen: NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(name for name, k in zip(names, chosen, strict=True) if k)


def _agree(*intervals: Pooled | RandomEffects | None) -> bool | None:
    known = [i.lower <= 1 <= i.upper for i in intervals if i is not None]
    return len(set(known)) == 1 if len(known) > 1 else None


def mantel_haenszel_ratio(counts: Floats, level: float = 0.95) -> Pooled | None:
    """Ratio of risks, Greenland-Robins variance of its log; None when no treated or no control patient died."""
    a, n, c, m = counts.T
    treated, control = float(np.sum(a * m / (n + m))), float(np.sum(c * n / (n + m)))
    if treated == 0 or control == 0:
        return None
    spread = float(np.sum((a + c) * n * m / (n + m) ** 2 - a * c / (n + m)))
    return _of_log(np.log(treated / control), _normal(level) * sqrt(max(0.0, spread) / (treated * control)))


def mantel_haenszel_difference(counts: Floats, level: float = 0.95) -> Pooled | None:
    """Difference of risks with Sato's variance; None when every arm is all dead or all alive, so that it vanishes."""
    a, n, c, m = counts.T
    total = n + m
    weight = float(np.sum(n * m / total))
    value = float(np.sum((a * m - c * n) / total)) / weight
    sparse = c * (n / total) ** 2 - a * (m / total) ** 2 + (n / total) * (m / total) * (m - n) / 2
    large = (a * (m - c) + c * (n - a)) / (2 * total)
    variance = (value * float(np.sum(sparse)) + float(np.sum(large))) / weight**2
    if variance <= 1e-12 / weight:
        return None
    half = _normal(level) * sqrt(variance)
    return Pooled(value, max(-1.0, value - half), min(1.0, value + half))


def log_ratios(counts: Floats) -> tuple[Floats, Floats]:
    """Log risk ratio of each trial and its variance; 1/2 is added to every cell of a trial that has a zero cell."""
    a, n, c, m = counts.T
    add = np.where((a == 0) | (a == n) | (c == 0) | (c == m), 0.5, 0.0)
    a, n, c, m = a + add, n + 2 * add, c + add, m + 2 * add
    return np.asarray(np.log(a / n) - np.log(c / m)), np.asarray(1 / a - 1 / n + 1 / c - 1 / m)


def fixed_effect(y: Floats, v: Floats, level: float = 0.95) -> Pooled:
    """Inverse-variance ratio common to all trials, from log ratios `y` with variances `v`."""
    mean, total = _weighted(y, 1 / v)
    return _of_log(mean, _normal(level) / sqrt(total))


def cochran_q(y: Floats, v: Floats) -> float:
    """Weighted squares around the inverse-variance mean."""
    return float(np.sum((y - _weighted(y, 1 / v)[0]) ** 2 / v))


def dersimonian_laird(y: Floats, v: Floats) -> float:
    """Between-trial variance by moments."""
    w = 1 / v
    spare = float(w.sum() - np.sum(w**2) / w.sum())
    return max(0.0, (cochran_q(y, v) - (len(y) - 1)) / spare)


def reml_tau2(y: Floats, v: Floats) -> float:
    """Between-trial variance of largest restricted likelihood: best of a grid, then the root of the score beside it."""
    from scipy.optimize import brentq  # loaded on use

    highest = len(y) * float(np.ptp(y)) ** 2 + float(v.max())  # beyond, the score is negative
    grid = np.concatenate([[0.0], np.geomspace(1e-6 * float(v.min()), highest, 200)])
    best = int(np.argmax([_restricted(t, y, v) for t in grid]))
    low, high = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, len(grid) - 1)])
    if _score(low, y, v) <= 0 or _score(high, y, v) >= 0:
        return float(grid[best])
    return float(brentq(_score, low, high, args=(y, v), xtol=1e-15, rtol=1e-14))


def _restricted(tau2: float, y: Floats, v: Floats) -> float:
    w = 1 / (v + tau2)
    return float(np.sum(np.log(w)) - np.log(w.sum()) - np.sum(w * (y - _weighted(y, w)[0]) ** 2)) / 2


def _score(tau2: float, y: Floats, v: Floats) -> float:
    w = 1 / (v + tau2)
    squares = np.sum((w * (y - _weighted(y, w)[0])) ** 2)
    return float(squares - w.sum() + np.sum(w**2) / w.sum()) / 2


def random_effects(y: Floats, v: Floats, tau2: float, level: float = 0.95) -> RandomEffects:
    """Mean log ratio at that `tau2`, Hartung-Knapp interval floored at factor 1, prediction interval from 3 trials."""
    k = len(y)
    w = 1 / (v + tau2)
    mean, total = _weighted(y, w)
    factor = sqrt(float(np.sum(w * (y - mean) ** 2)) / (k - 1))
    error = max(1.0, factor) / sqrt(total)
    inner = _of_log(mean, _student(k - 1, level) * error)
    next_one = _of_log(mean, _student(k - 2, level) * sqrt(tau2 + error**2)) if k > 2 else None
    return RandomEffects(
        tau2=tau2,
        estimate=inner.estimate,
        lower=inner.lower,
        upper=inner.upper,
        factor=factor,
        prediction_lower=None if next_one is None else next_one.lower,
        prediction_upper=None if next_one is None else next_one.upper,
    )


def _weighted(y: Floats, w: Floats) -> tuple[float, float]:
    """Weighted mean and the sum of the weights."""
    total = float(w.sum())
    return float(np.sum(w * y)) / total, total


def _of_log(mean: float, half: float) -> Pooled:
    return Pooled(exp(mean), exp(mean - half), exp(mean + half))


def _normal(level: float) -> float:
    from scipy.special import ndtri

    return float(ndtri((1 + level) / 2))


def _student(df: int, level: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(df, (1 + level) / 2))
