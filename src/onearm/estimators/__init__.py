"""One method per file: settings and an AnalysisSet (or counts) in, a frozen result or a refusal with its remedy out."""

from onearm.estimators.aalen_johansen import aalen_johansen
from onearm.estimators.attributable import attributable
from onearm.estimators.clone_weights import clone_weights
from onearm.estimators.days_free import days_free
from onearm.estimators.exact_interval import exact_interval
from onearm.estimators.landmark import landmark
from onearm.estimators.one_sample_logrank import one_sample_logrank
from onearm.estimators.risk_set_test import risk_set_test
from onearm.estimators.sequential_trials import sequential_trials
from onearm.estimators.state_occupancy import state_occupancy
from onearm.estimators.time_dependent_cox import ever_treated_cox, time_dependent_cox
from onearm.estimators.untreated_hazard import untreated_hazard
from onearm.estimators.win_odds import win_odds

#: Every estimator that takes an AnalysisSet.
ESTIMATORS = (
    exact_interval,
    risk_set_test,
    attributable,
    aalen_johansen,
    landmark,
    time_dependent_cox,
    ever_treated_cox,
    days_free,
    win_odds,
    untreated_hazard,
    one_sample_logrank,
    sequential_trials,
    state_occupancy,
    clone_weights,
)
