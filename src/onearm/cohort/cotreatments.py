"""Other treatments after the index day, in the treated and in their similar patients."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.cohort.analysis_set import AnalysisSet
from onearm.cohort.build import Built, Cohort

AFTER_DAYS = 7
DRUGS = ("corticosteroid", "tocilizumab", "anakinra", "remdesivir", "other_antiviral", "anticoagulant")


@dataclass(frozen=True, slots=True)
class CoTreatment:
    """Share given a drug on the index day or in the week after; every set weighs one."""

    drug: str
    treated: float
    similar: float
    difference: float  # standardised: (treated - similar) / sqrt of the mean of p(1 - p)


def cotreatments(cohort: Cohort, built: Built, data: AnalysisSet) -> tuple[CoTreatment, ...]:
    """Drugs recorded for anybody; `data` holds the matched sets of `built`. Empty without sets or without a record."""
    pairs = data.sets.drop_nulls("control")
    if pairs.is_empty():
        return ()
    treated, control, which = (pairs[c].to_numpy().astype(np.int64) for c in ("treated", "control", "set_id"))
    index = data.column("start_day")[treated]
    weight = 1.0 / np.bincount(which)[which]
    found = []
    for drug in DRUGS:
        mine, theirs = (_given(cohort, built, person, index, drug) for person in (treated, control))
        known = np.isfinite(mine) & np.isfinite(theirs)
        if not known.any() or not (mine[known].any() or theirs[known].any()):
            continue
        w = weight[known] / weight[known].sum()
        p, q = float(w @ mine[known]), float(w @ theirs[known])
        spread = np.sqrt((p * (1 - p) + q * (1 - q)) / 2)
        found.append(CoTreatment(drug, p, q, 0.0 if p == q else float((p - q) / spread) if spread > 0 else np.inf))
    return tuple(found)


def _given(
    cohort: Cohort, built: Built, person: NDArray[np.int64], index: NDArray[np.int64], drug: str
) -> NDArray[np.float64]:
    """1 given, 0 not, NaN not known, of each pair; persons are rows of the set."""
    given = np.full(len(person), np.nan)
    for day in np.unique(index):
        last = int(day) + AFTER_DAYS + 1
        told = (g.facts.going_on(drug, last, AFTER_DAYS + 1) for g in cohort.groups)
        everybody = np.concatenate([t.cast(pl.Float64).fill_null(np.nan).to_numpy() for t in told])
        rows = index == day
        given[rows] = everybody[built.rows[person[rows]]]
    return given
