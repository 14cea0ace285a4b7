"""Matching on the prognostic score: of the patients still there on the same day, those who were expected to fare alike.

Distance = difference of logit m0, both taken on the treated patient's index day with the same follow-up. The SD of the
caliper is over distinct control person-days of the sets before matching.
"""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.cohort.analysis_set import SETS, AnalysisSet
from onearm.estimators.prognosis import Prognosis, logit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CALIPER = 0.2  # SD of logit m0
LONE_CALIPER = 1.0  # for whoever has nobody within the caliper: the nearest one, up to here
NEAREST = 5
ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class ScorePairs:
    """Pairs of an analysis set with the score of both sides; shape (pairs,), rows of `sets` with a control."""

    treated: Ints  # rows of `people`
    control: Ints
    day: Ints  # Z of the treated
    score_treated: Floats  # logit m0
    score_control: Floats
    sd: float  # of logit m0 over distinct control person-days; 0 with fewer than two

    @property
    def distance(self) -> Floats:
        """Absolute difference of logit m0."""
        return np.abs(self.score_treated - self.score_control)


def score_pairs(data: AnalysisSet, score: Prognosis) -> ScorePairs:
    """Scores of every pair. `data.x` must be there and `score` fitted."""
    if data.x is None or not score.coefficients:
        raise ValueError("the pairs have no score: fit the prognosis on a set with covariates first")
    pairs = data.sets.drop_nulls("control")
    treated, control = (pairs[side].to_numpy().astype(np.int64) for side in ("treated", "control"))
    day = data.column("start_day")[treated]
    h = np.minimum(data.horizon, data.column("potential_days")[treated] - day)
    mine, which = _scores(data, score, treated, day, h)
    theirs, pair = _scores(data, score, control, day, h)
    sd = float(np.std(theirs, ddof=1)) if len(theirs) > 1 else 0.0
    return ScorePairs(treated, control, day, mine[which], theirs[pair], sd)


def _scores(data: AnalysisSet, score: Prognosis, person: Ints, day: Ints, h: Ints) -> tuple[Floats, Ints]:
    """logit m0 of the distinct (person, day, h), and which of them each row is."""
    assert data.x is not None
    days = data.x.shape[1]
    packed, which = np.unique((person * days + day) * (data.horizon + 1) + h, return_inverse=True)
    rest, horizon = np.divmod(packed, data.horizon + 1)
    who, when = np.divmod(rest, days)
    return logit(score.risk(data.x[who, when], when, horizon)), which.reshape(-1)


def within_caliper(data: AnalysisSet, pairs: ScorePairs, caliper: float = CALIPER) -> AnalysisSet:
    """Everybody at most `caliper` SD of logit m0 away; who has nobody there gets the nearest within LONE_CALIPER."""
    inside = pairs.distance <= caliper * pairs.sd + ROUNDING
    served = np.zeros(data.people.height, dtype=np.bool_)
    served[pairs.treated[inside]] = True
    lone = ~served[pairs.treated] & (pairs.distance <= LONE_CALIPER * pairs.sd + ROUNDING)
    return keep_pairs(data, inside | (lone & _among_nearest(data, pairs, 1)))


def nearest(data: AnalysisSet, pairs: ScorePairs, k: int = NEAREST) -> AnalysisSet:
    """The `k` nearest of each treated patient; ties by person id."""
    return keep_pairs(data, _among_nearest(data, pairs, k))


def _among_nearest(data: AnalysisSet, pairs: ScorePairs, k: int) -> NDArray[np.bool_]:
    names = data.people["person"].gather(pairs.control).to_numpy()
    order = np.lexsort((names, pairs.distance, pairs.treated))
    first = np.concatenate([[True], np.diff(pairs.treated[order]) != 0]) if len(order) else np.zeros(0, dtype=np.bool_)
    begins = np.flatnonzero(first)
    place = np.arange(len(order)) - np.repeat(begins, np.diff(np.append(begins, len(order))))
    kept = np.zeros(len(order), dtype=np.bool_)
    kept[order[place < k]] = True
    return kept


def keep_pairs(data: AnalysisSet, kept: NDArray[np.bool_]) -> AnalysisSet:
    """The set with those of its pairs (rows with a control); a set that loses all keeps its treated patient."""
    there = data.sets.drop_nulls("control").filter(pl.Series(kept, dtype=pl.Boolean))
    lone = data.sets.filter(~pl.col("set_id").is_in(there["set_id"].unique().implode())).unique("set_id")
    lone = lone.with_columns(pl.lit(None, dtype=pl.Int32).alias("control"))
    return replace(data, sets=pl.concat([there, lone]).sort("set_id", "control").select(SETS.keys()))


def at_most(data: AnalysisSet, k: int) -> AnalysisSet:
    """The set with at most `k` controls of each treated patient, a fixed draw whatever the order of rows."""
    pairs = data.sets.drop_nulls("control")
    if pairs.is_empty() or pairs.group_by("set_id").len()["len"].max() <= k:  # type: ignore[operator]  # whole numbers
        return data
    name = data.people["person"].gather(pairs["control"]).to_numpy()
    rank = np.argsort(np.argsort(data.people["person"].to_numpy(), kind="stable"), kind="stable")
    drawn = np.random.Generator(np.random.Philox(key=0)).random(len(rank))[rank[pairs["control"].to_numpy()]]
    which = pairs["set_id"].to_numpy().astype(np.int64)
    order = np.lexsort((name, drawn, which))
    place = np.arange(len(order)) - np.searchsorted(which[order], which[order])
    kept = np.zeros(len(order), dtype=np.bool_)
    kept[order[place < k]] = True
    return keep_pairs(data, kept)


def unmatched(data: AnalysisSet) -> tuple[str, ...]:
    """Treated patients of the sets without a control, by name."""
    alone = data.sets.filter(pl.col("control").is_null())["treated"]
    return tuple(sorted(data.people["person"].gather(alone).to_list()))
