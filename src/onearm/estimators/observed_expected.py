"""Observed against expected deaths: the treated against a prognostic score of the untreated.

E = sum of m0 over the treated; O ~ Poisson-binomial(m0) if the treatment changes nobody. Ratio O/E with Poisson limits
chi2(.025; 2O)/2E and chi2(.975; 2O+2)/2E, widened by redrawing the persons the score was fitted on: the 2.5th
percentile of the lower limits and the 97.5th of the upper ones.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from onearm.cohort.analysis_set import AnalysisSet
from onearm.estimators.follow_up import (
    NO_TREATED,
    TreatedFollowUp,
    in_person_order,
    misaligned_remedy,
    treated_follow_up,
)
from onearm.estimators.multinomial_fit import probabilities
from onearm.estimators.prognosis import UNPENALISED, FittedDays, Prognosis, chained, fitted
from onearm.estimators.risk_set_test import FEWEST_TREATED, tails
from onearm.results.status import Status

Floats = NDArray[np.float64]

REDRAWS = 2_000
ASSUMPTIONS = (
    "the covariates hold what decides death",
    "the treated would have met the hazards of untreated days",
    "lost treated count as dead",
)


@dataclass(frozen=True, slots=True)
class ObservedExpected:
    """Deaths of the treated by Z+h beside those the score of the untreated expects."""

    observed: int | None = None
    expected: float | None = None
    ratio: float | None = None
    lower: float | None = None  # widened
    upper: float | None = None
    poisson_lower: float | None = None  # with the score taken as known
    poisson_upper: float | None = None
    p: float | None = None  # P(at most O), Poisson-binomial of the scores
    mid_p: float | None = None
    expected_each: tuple[float, ...] = ()  # in order of person
    level: float = 0.95
    n_treated: int = 0
    persons: int = 0  # of the fit
    deaths: int = 0
    ridge: float | None = None
    method: str = "observed / expected by the prognostic score, Poisson limits widened by redraws of the fit"
    assumptions: tuple[str, ...] = ASSUMPTIONS
    status: Status = Status.OK
    remedy: str = ""

    @property
    def estimate(self) -> float | None:
        """O/E; None exactly when status is not OK."""
        return self.ratio if self.status is Status.OK else None


def observed_expected(
    data: AnalysisSet, *, seed: int = 20200710, redraws: int = REDRAWS, ridge: float | None = None
) -> ObservedExpected:
    """O, E and their ratio for the treated of `data`; lost treated count as dead."""
    data = in_person_order(data)
    treated = treated_follow_up(data)
    empty = ObservedExpected(n_treated=len(treated.row))
    if not len(treated.row):
        return replace(empty, status=Status.NO_PATIENTS, remedy=NO_TREATED)
    if treated.misaligned:
        return replace(empty, status=Status.REFUSED, remedy=misaligned_remedy(treated.misaligned))
    score, frame = fitted(data, ridge=ridge)
    empty = replace(empty, persons=score.persons, deaths=score.deaths, ridge=score.ridge)
    if frame is None:
        return replace(empty, status=score.status, remedy=score.remedy)
    outside = _outside(data, treated, score, frame)
    if outside:
        return replace(empty, status=Status.REFUSED, remedy=outside)
    assert data.x is not None
    z = score.standardised(data.x[treated.row, treated.start])
    each = chained(score, score.matrix[None], z, treated.start, treated.horizon)[0]
    drawn = _redrawn(score, frame, z, treated, seed, redraws)
    deaths = int((treated.died | treated.lost).sum())
    return _answer(empty, each, drawn, deaths)


def _answer(empty: ObservedExpected, each: Floats, drawn: Floats, deaths: int) -> ObservedExpected:
    expected = float(each.sum())
    low, high = poisson_limits(deaths, np.array([expected]))
    lows, highs = poisson_limits(deaths, drawn)
    p, mid_p, _, _ = (float(v) for v in tails(each, deaths))
    few = empty.n_treated < FEWEST_TREATED
    remedy = f"{empty.n_treated} treated: report without a claim; a claim needs {FEWEST_TREATED}." if few else ""
    return replace(
        empty,
        observed=deaths,
        expected=expected,
        ratio=deaths / expected,
        lower=float(np.percentile(lows, 2.5)),
        upper=float(np.percentile(highs, 97.5)),
        poisson_lower=float(low[0]),
        poisson_upper=float(high[0]),
        p=p,
        mid_p=mid_p,
        expected_each=tuple(each.tolist()),
        status=Status.TOO_FEW if few else Status.OK,
        remedy=remedy,
    )


def poisson_limits(observed: int, expected: Floats, level: float = 0.95) -> tuple[Floats, Floats]:
    """Exact limits of O/E (Garwood 1936), each of the shape of `expected`."""
    from scipy.special import chdtri  # loaded on use

    tail = (1 - level) / 2
    low = float(chdtri(2 * observed, 1 - tail)) if observed else 0.0
    high = float(chdtri(2 * observed + 2, tail))
    return low / (2 * expected), high / (2 * expected)


def _outside(data: AnalysisSet, treated: TreatedFollowUp, score: Prognosis, frame: FittedDays) -> str:
    """Who lies where the untreated never were; "" when nobody does."""
    assert data.x is not None
    x = data.x[treated.row, treated.start].astype(np.float64)
    with np.errstate(invalid="ignore"):
        beyond = (x < frame.lowest) | (x > frame.highest)
    if not beyond.any():
        return ""
    told = [
        f"{treated.person[i]} ({score.covariates[k]} {x[i, k]:g}, "
        f"untreated {frame.lowest[k]:g} to {frame.highest[k]:g})"
        for i, k in zip(*np.nonzero(beyond), strict=True)
    ]
    return f"Outside what the untreated cover: {', '.join(told)}. Add similar cases, or restrict who is eligible."


def _redrawn(
    score: Prognosis, frame: FittedDays, z: Floats, treated: TreatedFollowUp, seed: int, redraws: int
) -> Floats:
    """Expected deaths under `redraws` fits to redrawn persons, ridge kept; one Newton step each, shape (redraws,)."""
    gradient, hessian, q = _person_slopes(score, frame)
    rng = np.random.Generator(np.random.Philox(key=seed))
    persons = len(gradient)
    counts = rng.multinomial(persons, np.full(persons, 1 / persons), size=redraws).astype(np.float64)
    penalty = np.full(q, score.ridge or 0.0)
    penalty[:UNPENALISED] = 0.0
    k = gradient.shape[1] // q
    ridge = np.tile(penalty, k)
    flat = score.matrix.T.ravel()
    slope = counts @ gradient - ridge * flat
    curve = (counts @ hessian.reshape(persons, -1)).reshape(redraws, k * q, k * q) + np.diag(ridge)
    moved = flat + np.linalg.solve(curve, slope[..., None])[..., 0]
    b = moved.reshape(redraws, k, q).transpose(0, 2, 1)
    return np.asarray(chained(score, b, z, treated.start, treated.horizon).sum(axis=1))


def _person_slopes(score: Prognosis, frame: FittedDays) -> tuple[Floats, Floats, int]:
    """Gradient (persons, k q) and information (persons, k q, k q) of each person's days at the fitted coefficients."""
    p = probabilities(frame.design, score.matrix)
    q, k = frame.design.shape[1], p.shape[1]
    begins = np.flatnonzero(np.concatenate([[True], np.diff(frame.person) != 0]))
    gradient = np.empty((len(begins), k * q))
    hessian = np.empty((len(begins), k * q, k * q))
    outer = frame.design[:, :, None] * frame.design[:, None, :]
    for i in range(k):
        rows = slice(i * q, (i + 1) * q)
        gradient[:, rows] = np.add.reduceat(frame.design * (frame.outcome[:, i] - p[:, i])[:, None], begins)
        for j in range(k):
            weight = p[:, i] * ((i == j) - p[:, j])
            hessian[:, rows, j * q : (j + 1) * q] = np.add.reduceat(outer * weight[:, None, None], begins)
    return gradient, hessian, q
