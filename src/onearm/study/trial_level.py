"""The level a set of matched records would be given, when everything that needs no record of a patient is in order.

For virtual trials: the plan was locked, screening was complete, the setting was the same. What is left is what the
patients themselves show, so a false level is the fault of the analysis.
"""

from dataclasses import dataclass

import numpy as np

from onearm.cohort.analysis_set import NEVER, AnalysisSet
from onearm.cohort.build import Built
from onearm.cohort.risk_sets import RiskSets
from onearm.estimators.prognosis import fitted
from onearm.protocol.study import Matching, Sap
from onearm.sensitivity.placebo_in_time import placebo_in_time, placebo_p
from onearm.study.headline import Headline, evidence_of, headline
from onearm.study.matching import Matched, match_sets
from onearm.verdict.evidence import Evidence
from onearm.verdict.gates import judge
from onearm.verdict.level import level_of

MATCHING, SAP = Matching(), Sap()  # the defaults of study.toml


@dataclass(frozen=True, slots=True, eq=False)
class TrialLevel:
    """Level, the gates that failed, and the results behind them."""

    level: str
    failed: tuple[str, ...]
    headline: Headline
    matched: Matched


def matched_trial(data: AnalysisSet, matching: Matching = MATCHING, *, ridge: float | None = None) -> Matched:
    """Sets on the day, with states and covariates, matched on the prognostic score; `ridge` None: by five folds."""
    rows = np.arange(data.people.height, dtype=np.int64)
    return match_sets(Built(data, RiskSets(data.sets, (), ()), rows), fitted(data, ridge=ridge)[0], matching)


def trial_level(matched: Matched, sap: Sap = SAP, *, draws: int = 1_000, same_setting: bool = True) -> TrialLevel:
    """Gates and level of one matched trial; `draws`: pseudo-treated draws for G10."""
    data = matched.data
    found = headline(matched, sap, draws=draws, hazard_ratios=(1.0,))
    placebo = placebo_in_time(data, matched.score, seed=sap.seed) if matched.score is not None else ()
    end, event, start = (data.column(c)[data.treated] for c in ("end_day", "event", "start_day"))
    horizon = data.follow_up_horizon()[data.treated]
    evidence = Evidence(
        patients=True,
        virtual=False,
        cells=True,
        n=int((start < NEVER).sum()),
        dead=int(((event == 1) & (end <= start + horizon)).sum()),
        unresolved=int(((event == 0) & (end < start + data.horizon)).sum()),
        lag_logged=True,
        claim_comparator="similar patients",
        same_setting=same_setting,
        confounders_complete=1.0,
        screened_share=1.0,
        cotreatment_imbalance=0.0,
        locked_before=True,
        **evidence_of(found, matched, placebo_p(placebo)),
    )
    gates = judge(evidence)
    return TrialLevel(level_of(evidence, gates)[0], tuple(g.id for g in gates if not g.passed), found, matched)
