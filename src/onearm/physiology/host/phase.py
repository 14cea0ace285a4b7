"""Phase picture: where the model of the host settles, and the border between healing and not.

Without pathogen the model has two resting states, recovery and inflammation that keeps itself going. The border is
drawn for the middle patient with the anti-inflammatory mediator in balance with the start; others have their own.
"""

import numpy as np
from numpy.typing import NDArray

from onearm.physiology.compiled import compiled
from onearm.physiology.host.model_kernel import (
    SCALES,
    AT_c_inf,
    AT_k_cn,
    AT_k_cnd,
    AT_mu_c,
    AT_s_c,
    C,
    D,
    N,
    rates,
    start,
)
from onearm.physiology.host.parameters import ParameterSet
from onearm.results.virtual_figures import Attractor

Floats = NDArray[np.float64]

_STEP_D = 1 / 24  # of the published pace: an hour
_STEPS = 1500
_HEALED = 0.2  # damage below which a start is on the way down for good
_SEPTIC_K_PG = 0.6  # growth of pathogen at which it is not cleared, Reynolds 2006


@compiled
def settled(par: Floats, n: float, d: float, p_on: float, y: Floats) -> None:
    """Run the host from N, D and the balance of C for a long time; `y` (states,) ends where it settles.

    `p_on` 0: without pathogen; 1: with P_0, N, D as given.
    """
    start(par, y)
    y[N], y[D] = n, d
    low, high = 0.0, 10.0  # C in balance with N and D: its equation falls with C
    inhibit = par[AT_c_inf]
    for _ in range(60):
        c = (low + high) / 2
        g = (n + par[AT_k_cnd] * d) / (1 + (c / inhibit) ** 2)
        rises = par[AT_s_c] + par[AT_k_cn] * g / (1 + g) > par[AT_mu_c] * c
        low, high = (c, high) if rises else (low, c)
    y[C] = low
    k = np.empty((4, y.size))
    z = np.empty(y.size)
    for _ in range(_STEPS):
        for stage in range(4):
            h = 0.0 if stage == 0 else _STEP_D if stage == 3 else _STEP_D / 2
            for i in range(y.size):
                z[i] = y[i] + (h * k[stage - 1, i] if stage > 0 else 0.0)
            rates(0.0, z, par, 0.0, p_on, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, k[stage])
        for i in range(y.size):
            y[i] += _STEP_D / 6 * (k[0, i] + 2 * k[1, i] + 2 * k[2, i] + k[3, i])


def middle(parameters: ParameterSet, **values: float) -> Floats:
    """Values of the middle patient, shape (parameters,), at the published pace: pace does not move where it settles."""
    par = parameters.medians.copy()
    for symbol, value in ({"tempo": 1.0} | values).items():
        par[parameters.column(symbol)] = value
    return par


def attractors(parameters: ParameterSet) -> tuple[Attractor, ...]:
    """Recovery, inflammation that persists without pathogen, and infection that is not cleared."""
    y = np.empty(len(SCALES))
    found = []
    for name, values, start_at, p_on in (
        ("recovery", {}, (0.0, 0.0), 0.0),
        ("persistent inflammation", {}, (0.6, 15.0), 0.0),
        ("uncontrolled infection", {"k_pg": _SEPTIC_K_PG}, (0.0, 0.0), 1.0),
    ):
        settled(middle(parameters, **values), *start_at, p_on, y)
        found.append(Attractor(name, max(0.0, float(y[N])), max(0.0, float(y[D]))))
    return tuple(found)


def boundary(parameters: ParameterSet, n: Floats, highest: float = 20.0) -> Floats:
    """Damage above which a host that starts with N = `n` without pathogen does not heal, shape (n,)."""
    par, y = middle(parameters), np.empty(len(SCALES))
    out = np.empty(n.size)
    for place, at in enumerate(n):
        low, high = 0.0, highest
        for _ in range(24):
            d = (low + high) / 2
            settled(par, float(at), d, 0.0, y)
            low, high = (d, high) if y[D] < _HEALED else (low, d)
        out[place] = (low + high) / 2
    return out
