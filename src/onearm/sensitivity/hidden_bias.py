"""How far the times may drift before an exact test within risk sets passes .05: delta* = ln Gamma*."""

from math import log

import numpy as np
from numpy.typing import NDArray

from onearm.estimators.risk_set_test import worst_case_p

LOWEST, HIGHEST = 0.05, 20.0


def drift_of_sets(deaths: NDArray[np.int64], controls: NDArray[np.int64], t: int, alpha: float = 0.05) -> float | None:
    """delta* with every logit pi_i shifted by -delta: ln of the root Gamma of p(Gamma) = alpha on .05..20.

    Negative: p is above alpha to begin with. None when p stays on one side over the whole range.
    """
    low, high = LOWEST, HIGHEST
    if worst_case_p(deaths, controls, t, low) > alpha or worst_case_p(deaths, controls, t, high) <= alpha:
        return None
    for _ in range(60):
        middle = (low * high) ** 0.5
        low, high = (low, middle) if worst_case_p(deaths, controls, t, middle) > alpha else (middle, high)
    return log(low)
