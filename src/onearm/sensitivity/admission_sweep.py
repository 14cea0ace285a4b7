"""Would another choice of similar cases have told another story? The exact test with every set of sources let in."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl

from onearm.cohort.analysis_set import AnalysisSet
from onearm.estimators.risk_set_test import risk_set_test
from onearm.estimators.score_matching import keep_pairs

MOST_SOURCES = 6  # 63 choices


@dataclass(frozen=True, slots=True)
class AdmissionSweep:
    """One-sided p for every non-empty choice of sources of controls, in order of size and name."""

    admitted: tuple[tuple[str, ...], ...]
    p: tuple[float | None, ...]  # of the matched part; None: nobody is matched


def admission_sweep(data: AnalysisSet) -> AdmissionSweep | None:
    """None with a single source, or more than six."""
    control = data.sets.drop_nulls("control")["control"].to_numpy().astype(np.int64)
    source = data.people["source"].gather(control).to_numpy()
    names = sorted(set(source.tolist()))
    if not 1 < len(names) <= MOST_SOURCES:
        return None
    choices = [c for size in range(1, len(names) + 1) for c in combinations(names, size)]
    p = [risk_set_test(keep_pairs(data, pl.Series(source).is_in(c).to_numpy())).p for c in choices]
    return AdmissionSweep(tuple(choices), tuple(p))
