"""From sets on the day to sets on day and prognosis: the matching that `onearm lock` freezes and `analyse` reads.

The score is fitted on untreated days only, so no outcome under treatment has been looked at when the sets are frozen.
"""

from dataclasses import dataclass, replace

import numpy as np

from onearm.cohort.analysis_set import AnalysisSet
from onearm.cohort.build import Built, Cohort, build
from onearm.cohort.covariates import DayCovariates, day_covariates, with_covariates
from onearm.estimators.balance import LoveTable, love_table
from onearm.estimators.prognosis import Prognosis, fitted
from onearm.estimators.score_matching import LONE_CALIPER, ScorePairs, nearest, score_pairs, unmatched, within_caliper
from onearm.protocol.study import Matching, Protocol
from onearm.results.attrition import AttritionRow
from onearm.sensitivity.error_rates import ScoreCaliper


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """The sets everything is computed on, and how they came about."""

    built: Built  # on the day, with the covariates
    data: AnalysisSet  # after matching on the score; the sets of the day where there is none
    score: Prognosis | None  # None: no confounders, or not asked for
    pairs: ScorePairs | None
    love: LoveTable | None
    matching: Matching = Matching()

    @property
    def unmatched(self) -> tuple[str, ...]:
        """Treated patients nobody is compared with."""
        return unmatched(self.data)

    def repeated(self) -> ScoreCaliper | None:
        """The matching as pseudo-treated draws repeat it; None where there is no score."""
        if self.pairs is None:
            return None
        kept = set(self.data.sets.drop_nulls("control").select("treated", "control").iter_rows())
        there = zip(self.pairs.treated.tolist(), self.pairs.control.tolist(), strict=True)
        is_kept = np.array([pair in kept for pair in there], dtype=np.bool_)
        if self.matching.score == "nearest":
            return ScoreCaliper(self.pairs.score_control, is_kept, -1.0, self.matching.nearest, np.inf)
        width, farthest = (c * self.pairs.sd for c in (self.matching.score_caliper, LONE_CALIPER))
        return ScoreCaliper(self.pairs.score_control, is_kept, width, 1, farthest)


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Covariates and score of a cohort: fitted once, used for every variant of the sets."""

    covariates: DayCovariates
    score: Prognosis


def scored(protocol: Protocol, cohort: Cohort, built: Built) -> Scored | None:
    """Covariates of the protocol and the score they give; None without confounders or where none is asked for."""
    if not protocol.confounder or protocol.matching.score == "none" or built.data.states is None:
        return None
    covariates = day_covariates(cohort, protocol.confounder, built.data.states.shape[1])
    score, _ = fitted(with_covariates(built, covariates).data)
    return Scored(covariates, score)


def match(protocol: Protocol, cohort: Cohort, known: Scored | None = None, **variant: object) -> Matched:
    """Sets of `build(protocol, cohort, **variant)` matched on the score; `known` spares a second fit."""
    built = build(protocol, cohort, **variant)  # type: ignore[arg-type]  # its own keywords
    known = known or scored(protocol, cohort, built)
    if known is None:
        return Matched(built, built.data, None, None, None)
    built = with_covariates(built, known.covariates)
    return match_sets(built, known.score, protocol.matching)


def match_sets(built: Built, score: Prognosis, matching: Matching) -> Matched:
    """Sets on the day narrowed to those within the caliper, or the nearest."""
    if not score.coefficients:
        return Matched(built, built.data, score, None, None)
    pairs = score_pairs(built.data, score)
    if matching.score == "nearest":
        data = nearest(built.data, pairs, matching.nearest)
    else:
        data = within_caliper(built.data, pairs, matching.score_caliper)
    n = built.data.sets["set_id"].n_unique()
    lone = tuple(len(unmatched(one)) for one in (built.data, data))
    told = ("somebody with a like prognosis was there", "había alguien con pronóstico parecido")
    row = AttritionRow("score", n - lone[0], n - lone[1], *told)
    data = replace(data, attrition=(*data.attrition, row))
    return Matched(built, data, score, pairs, love_table(built.data, data), matching)
