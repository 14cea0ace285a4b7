"""The results a verdict rests on, from matched sets alone: for `analyse`, and for virtual trials in their thousands."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np

from onearm.estimators.one_sample_logrank import OneSampleLogrank, one_sample_logrank
from onearm.estimators.risk_set_test import RiskSetTest, risk_set_test
from onearm.protocol.study import Sap
from onearm.sensitivity.error_rates import ErrorRates, error_rates
from onearm.sensitivity.hidden_bias import drift_of_sets
from onearm.sensitivity.set_null_predictive import SetNullPredictive, set_null_predictive
from onearm.study.matching import Matched

DRAWS = 2_000  # pseudo-treated draws: Monte Carlo error half a point at 5 %


@dataclass(frozen=True, slots=True, eq=False)
class Headline:
    """Exact test, what chance alone gives, drift it withstands, bias prior, error rates of this very test."""

    primary: RiskSetTest
    null: SetNullPredictive | None
    delta_star: float | None
    logrank: OneSampleLogrank
    rates: ErrorRates | None


def headline(
    matched: Matched, sap: Sap, *, draws: int = DRAWS, hazard_ratios: tuple[float, ...] = (1.0, 0.5, 0.2)
) -> Headline:
    """All five on the matched sets; `draws` 0: error rates are left out."""
    data = matched.data
    primary = risk_set_test(data, alpha=sap.alpha)
    drift = None
    if primary.counts is not None and primary.p is not None and primary.observed is not None:
        deaths, controls = np.array(primary.counts.deaths), np.array(primary.counts.controls)
        drift = drift_of_sets(deaths, controls, primary.observed, sap.alpha)
    return Headline(
        primary,
        set_null_predictive(data, bootstraps=sap.bootstraps, seed=sap.seed),
        drift,
        one_sample_logrank(data),
        _rates(matched, sap, draws, hazard_ratios) if draws else None,
    )


def _rates(matched: Matched, sap: Sap, draws: int, hazard_ratios: tuple[float, ...]) -> ErrorRates | None:
    """Pseudo-treated draws of the study's own sets on the day, matched anew as the study was."""
    caliper = matched.repeated()
    return error_rates(
        matched.built.data, draws=draws, seed=sap.seed, alpha=sap.alpha, hazard_ratios=hazard_ratios, caliper=caliper
    )


def evidence_of(found: Headline, matched: Matched, placebo_p: float | None) -> Mapping[str, Any]:
    """The fields of `Evidence` these results fill."""
    primary, null, love = found.primary, found.null, matched.love
    return {
        "null_p": None if null is None else (null.p, null.p_worst_case),
        "chance": () if null is None else (("similar patients", null.p, null.p_worst_case),),
        "aligned": True,
        "controls_with_days": bool(primary.n_controls),
        "claim_admitted": bool(primary.n_controls),
        "drift": {} if found.delta_star is None else {"sets": found.delta_star},
        "unmatched": len(matched.unmatched),
        "imbalance": None if love is None else love.largest,
        "effective_n": None if love is None else love.effective_n,
        "design_size": None if found.rates is None else found.rates.false_positive,
        "placebo_p": placebo_p,
        "p_value": primary.estimate,
        "gamma_star": inf if primary.gamma_star_text.startswith(">") else primary.gamma_star,
        "pr_benefit": found.logrank.p_fewer,
    }
