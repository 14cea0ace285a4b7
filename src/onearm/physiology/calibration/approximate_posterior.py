"""Posteriors from a table of draws of the prior and what each would have shown (approximate Bayesian computation).

The targets are condensed to one predicted mean per parameter (Fearnhead & Prangle 2012, J R Stat Soc B 74:419), the
nearest rows are kept with Epanechnikov weights and moved along a local linear regression (Beaumont, Zhang & Balding
2002, Genetics 162:2025). One table serves every observation, so the procedure can be tried on its own draws.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onearm.physiology.randomness import Floats, Key, Process, uniform

KEPT = 0.04  # share of the table nearest to the observation
RANKED_DRAWS = 99
RANK_BINS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Draws of the prior that lie within it. Rows without every target are no rows."""

    shares: Floats  # place in the prior of each parameter, shape (rows, parameters)
    shown: Floats  # the targets of each, shape (rows, targets)


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """Weighted draws, as places in the prior."""

    shares: Floats  # shape (draws, parameters)
    weights: Floats  # shape (draws,), sum 1

    @property
    def middle(self) -> Floats:
        """Means on the logit scale, back as shares, shape (parameters,)."""
        return _unlogit(self.weights @ _logit(self.shares))

    @property
    def spread(self) -> Floats:
        """Standard deviations of the shares, shape (parameters,); that of the prior is 1/sqrt(12)."""
        centre = self.weights @ self.shares
        return np.asarray(np.sqrt(self.weights @ (self.shares - centre) ** 2))

    def quantile(self, chance: float) -> Floats:
        """Weighted quantile of each parameter, shape (parameters,)."""
        told = []
        for column in self.shares.T:
            order = np.argsort(column, kind="stable")
            place = np.searchsorted(np.cumsum(self.weights[order]), chance)
            told.append(column[order][min(int(place), column.size - 1)])
        return np.array(told)

    def draws(self, count: int, key: Key, patient: int = 0) -> Floats:
        """So many draws of equal weight, by one systematic start, shape (count, parameters), in a drawn order."""
        start = uniform(key, Process.POSTERIOR, patient)
        at = (np.arange(count) + start) / count
        place = np.minimum(np.searchsorted(np.cumsum(self.weights), at), self.weights.size - 1)
        order = np.argsort(uniform(key, Process.POSTERIOR, patient, draw=1 + np.arange(count)))
        return self.shares[place][order]


def table_of(shares: Floats, shown: Floats) -> Table:
    """The rows that have every target."""
    whole = np.isfinite(shown).all(axis=1)
    return Table(shares[whole], shown[whole])


def condensed(table: Table) -> tuple[Floats, Floats]:
    """Coefficients of the predicted means on the targets and their squares, and the predictions of the table.

    Shapes (1 + 2 targets, parameters), (rows, parameters).
    """
    design = _design(table, table.shown)
    coefficients = np.asarray(np.linalg.lstsq(design, _logit(table.shares), rcond=None)[0], dtype=np.float64)
    return coefficients, np.asarray(design @ coefficients, dtype=np.float64)


def posterior(table: Table, observed: Floats, *, kept: float = KEPT, without: int | None = None) -> Posterior:
    """The posterior at `observed`, shape (targets,); `without` leaves out a row, that of a pseudo-observation.

    Raises ValueError when the table is too small to keep 10 rows per parameter.
    """
    parameters = table.shares.shape[1]
    count = int(kept * table.shares.shape[0])
    if count < 10 * parameters:
        raise ValueError(
            f"{table.shares.shape[0]} rows keep {count}; {10 * parameters} or more are needed. Draw a larger table."
        )
    coefficients, predicted = condensed(table)
    own = (_design(table, observed[None, :]) @ coefficients)[0]
    distance = np.sqrt((((predicted - own) / predicted.std(axis=0)) ** 2).sum(axis=1))
    if without is not None:
        distance[without] = np.inf
    nearest = np.argpartition(distance, count)[: count + 1]
    width = distance[nearest].max()
    nearest = nearest[distance[nearest] < width]
    weights = 1 - (distance[nearest] / width) ** 2
    weights /= weights.sum()
    return Posterior(_moved(_logit(table.shares[nearest]), predicted[nearest] - own, weights), weights)


def _moved(values: Floats, away: Floats, weights: Floats) -> Floats:
    """Values moved to where the observation lies, along the weighted regression on the distance to it."""
    design = np.column_stack([np.ones(len(away)), away])
    root = np.sqrt(weights)[:, None]
    slopes = np.linalg.lstsq(root * design, root * values, rcond=None)[0][1:]
    return _unlogit(values - away @ slopes)


def _design(table: Table, shown: Floats) -> Floats:
    scaled = (shown - table.shown.mean(axis=0)) / table.shown.std(axis=0)
    return np.column_stack([np.ones(len(scaled)), scaled, scaled**2])


def ranks(table: Table, rows: NDArray[np.int64], key: Key) -> NDArray[np.int64]:
    """Rank of the true value of each of `rows` among 99 draws of its posterior, shape (rows, parameters), 0 to 99.

    Uniform when the procedure is calibrated (Talts et al. 2018, arXiv 1804.06788).
    """
    found = np.empty((rows.size, table.shares.shape[1]), dtype=np.int64)
    for place, row in enumerate(rows.tolist()):
        drawn = posterior(table, table.shown[row], without=row).draws(RANKED_DRAWS, key, 1 + row)
        found[place] = (drawn < table.shares[row]).sum(axis=0)
    return found


def rank_p(found: NDArray[np.int64]) -> Floats:
    """p of the chi-square of ranks in 20 bins against uniform, per parameter."""
    from scipy.special import chdtrc

    told = []
    for column in found.T:
        counts = np.bincount(column * RANK_BINS // (RANKED_DRAWS + 1), minlength=RANK_BINS)
        expected = column.size / RANK_BINS
        told.append(float(chdtrc(RANK_BINS - 1, ((counts - expected) ** 2 / expected).sum())))
    return np.array(told)


def tails(shown: Floats, observed: Floats) -> Floats:
    """Two-sided tail of each observed target among predictions, shape (targets,)."""
    below = (shown < observed).mean(axis=0) + (shown == observed).mean(axis=0) / 2
    return np.asarray(2 * np.minimum(below, 1 - below))


def _logit(share: Floats) -> Floats:
    return np.asarray(np.log(share) - np.log1p(-share))


def _unlogit(value: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-value)))
