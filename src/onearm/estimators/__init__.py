"""One method per file: settings and an AnalysisSet (or counts) in, a frozen result or a refusal with its remedy out."""

from onearm.estimators.aalen_johansen import aalen_johansen
from onearm.estimators.attributable import attributable
from onearm.estimators.exact_interval import exact_interval
from onearm.estimators.landmark import landmark
from onearm.estimators.risk_set_test import risk_set_test
from onearm.estimators.time_dependent_cox import ever_treated_cox, time_dependent_cox

#: Every estimator that takes an AnalysisSet.
ESTIMATORS = (
    exact_interval,
    risk_set_test,
    attributable,
    aalen_johansen,
    landmark,
    time_dependent_cox,
    ever_treated_cox,
)
