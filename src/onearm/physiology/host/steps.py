"""Steps: one step of Dormand and Prince 5(4) of the host of one patient, and how far the next may go.

Dormand and Prince 1980, J Comput Appl Math 6:19. The cells enter each stage by their closed form.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onearm.physiology.compiled import compiled
from onearm.physiology.host.cells import signal
from onearm.physiology.host.model_kernel import AT_EC50, SCALES, AT_emax, AT_k_E, rates

Floats = NDArray[np.float64]

STATES = len(SCALES)
FIRST_STEP_D = 0.01
_SMALLEST_STEP_D = 1e-13
_ABSOLUTE = 0.01  # absolute tolerance = this x relative tolerance x scale of the state
_NEGATIVE = 10.0  # a state below minus this x its absolute tolerance refuses the step

#: places of `now`, what changes along a course
DAY, STEP, FRESH, TAKEN, CHANGES, INPUT, OUTPUT, ACTING = range(8)
P_ON, VENT, OUT, AGAIN, T_EXT, STEROID, TOCI, T_VENT = range(8, 16)


class Host(NamedTuple):
    """Arrays of one patient while it is integrated; all are overwritten in place."""

    par: Floats  # (parameters,)
    y: Floats  # (states,)
    new: Floats  # (states,) at the end of the step
    between: Floats  # (states,) within the step
    k: Floats  # (7, states) rates at the stages
    now: Floats  # (16,)
    modes: Floats  # (5, 3) of `cells`
    segment: Floats  # (9,) of `cells`


@compiled
def effect_of(day: float, par: Floats, now: Floats, modes: Floats, segment: Floats) -> float:
    """Effect of the cells at a day; exactly 0 before the first dose that can act."""
    if now[ACTING] == 0.0:
        return 0.0
    at = signal(day, par[AT_k_E], modes, segment)
    return float(par[AT_emax] * at / (par[AT_EC50] + at))


@compiled
def refresh(host: Host) -> None:
    """Rates of `y` now into row 0 of `k`, after a change."""
    now = host.now
    u = effect_of(now[DAY], host.par, now, host.modes, host.segment)
    p_on, vent, out, again = now[P_ON], now[VENT], now[OUT], now[AGAIN]
    rates(now[DAY], host.y, host.par, u, p_on, vent, out, again, now[T_EXT], now[STEROID], now[TOCI], host.k[0])


@compiled
def _step(
    h: float, y: Floats, z: Floats, new: Floats, k: Floats, par: Floats, now: Floats, modes: Floats, segment: Floats
) -> None:
    t = now[DAY]
    p_on, vent, out, again = now[P_ON], now[VENT], now[OUT], now[AGAIN]
    t_ext, steroid, toci = now[T_EXT], now[STEROID], now[TOCI]
    u1 = u2 = u3 = u4 = u5 = 0.0
    if now[ACTING] != 0.0:
        u1 = effect_of(t + h / 5, par, now, modes, segment)
        u2 = effect_of(t + h * (3 / 10), par, now, modes, segment)
        u3 = effect_of(t + h * (4 / 5), par, now, modes, segment)
        u4 = effect_of(t + h * (8 / 9), par, now, modes, segment)
        u5 = effect_of(t + h, par, now, modes, segment)
    for i in range(STATES):
        z[i] = y[i] + h * (k[0, i] * (1 / 5))
    rates(t + h / 5, z, par, u1, p_on, vent, out, again, t_ext, steroid, toci, k[1])
    for i in range(STATES):
        z[i] = y[i] + h * (k[0, i] * (3 / 40) + k[1, i] * (9 / 40))
    rates(t + h * (3 / 10), z, par, u2, p_on, vent, out, again, t_ext, steroid, toci, k[2])
    for i in range(STATES):
        z[i] = y[i] + h * (k[0, i] * (44 / 45) - k[1, i] * (56 / 15) + k[2, i] * (32 / 9))
    rates(t + h * (4 / 5), z, par, u3, p_on, vent, out, again, t_ext, steroid, toci, k[3])
    for i in range(STATES):
        z[i] = y[i] + h * (
            k[0, i] * (19372 / 6561) - k[1, i] * (25360 / 2187) + k[2, i] * (64448 / 6561) - k[3, i] * (212 / 729)
        )
    rates(t + h * (8 / 9), z, par, u4, p_on, vent, out, again, t_ext, steroid, toci, k[4])
    for i in range(STATES):
        z[i] = y[i] + h * (
            k[0, i] * (9017 / 3168)
            - k[1, i] * (355 / 33)
            + k[2, i] * (46732 / 5247)
            + k[3, i] * (49 / 176)
            - k[4, i] * (5103 / 18656)
        )
    rates(t + h, z, par, u5, p_on, vent, out, again, t_ext, steroid, toci, k[5])
    for i in range(STATES):
        new[i] = y[i] + h * (
            k[0, i] * (35 / 384)
            + k[2, i] * (500 / 1113)
            + k[3, i] * (125 / 192)
            - k[4, i] * (2187 / 6784)
            + k[5, i] * (11 / 84)
        )
    rates(t + h, new, par, u5, p_on, vent, out, again, t_ext, steroid, toci, k[6])


@compiled
def step(h: float, host: Host) -> None:
    """Fill `new` and rows 1 to 6 of `k` for a step of h days from `y`, whose rates are row 0."""
    _step(h, host.y, host.between, host.new, host.k, host.par, host.now, host.modes, host.segment)


@compiled
def effect(day: float, host: Host) -> float:
    """Effect of the cells at a day."""
    return effect_of(day, host.par, host.now, host.modes, host.segment)


@compiled
def step_error(h: float, rtol: float, host: Host) -> float:
    """Root mean square of the local error in units of the tolerance; inf where the step must not be taken."""
    y, new, k, total = host.y, host.new, host.k, 0.0
    for i in range(STATES):
        e = h * (
            k[0, i] * (71 / 57600)
            - k[2, i] * (71 / 16695)
            + k[3, i] * (71 / 1920)
            - k[4, i] * (17253 / 339200)
            + k[5, i] * (22 / 525)
            - k[6, i] * (1 / 40)
        )
        absolute = _ABSOLUTE * rtol * SCALES[i]
        if i > 0 and new[i] < -_NEGATIVE * absolute:  # the first state is a logarithm
            return math.inf
        e /= absolute + rtol * max(abs(y[i]), abs(new[i]))
        total += e * e
    return math.sqrt(total / STATES)


@compiled
def next_step(h: float, error: float) -> float:
    """Length of the next try after one of `h` days with this error."""
    if not error < math.inf:
        return h / 2
    if error == 0.0:
        return 5 * h
    return float(h * min(5.0, max(0.2, 0.9 * error**-0.2)))


@compiled
def try_step(stop: float, rtol: float, host: Host) -> float:
    """Try one step towards `stop`; its length when it is good (in `new`, not yet taken), 0 to try again, < 0 failed."""
    now = host.now
    if now[FRESH] == 1.0:
        refresh(host)
        now[STEP], now[FRESH] = min(now[STEP], FIRST_STEP_D), 0.0
    left, proposed = float(stop - now[DAY]), float(now[STEP])
    cut = proposed >= left
    h = left if cut else proposed
    step(h, host)
    now[TAKEN] += 1
    error = step_error(h, rtol, host)
    if not error <= 1.0:
        now[STEP] = next_step(h, error)
        return 0.0 if now[STEP] > _SMALLEST_STEP_D else -1.0
    proposed = next_step(h, error)
    now[STEP] = max(now[STEP], proposed) if cut else proposed
    return h


@compiled
def take_step(day: float, host: Host) -> None:
    """The tried step becomes the state at `day`."""
    host.now[DAY] = day
    for i in range(STATES):
        host.y[i] = host.new[i]
        host.k[0, i] = host.k[6, i]


@compiled
def crossing(h: float, state: int, level: float, host: Host) -> float:
    """Length of the step after which a state reaches a level that it passes within h days; tried, not yet taken.

    Bisection on the cubic Hermite polynomial to 1e-9 d, then Newton on steps of their own.
    """
    y_0, y_1, f_0, f_1 = host.y[state], host.new[state], h * host.k[0, state], h * host.k[6, state]
    if y_0 >= level:
        step(0.0, host)
        return 0.0
    low, high = 0.0, 1.0
    while (high - low) * h > 1e-9:
        x = (low + high) / 2
        value = (1 - x) * (1 - x) * ((1 + 2 * x) * y_0 + x * f_0) + x * x * ((3 - 2 * x) * y_1 + (x - 1) * f_1)
        low, high = (x, high) if value < level else (low, x)
    at = float(high * h)
    for _ in range(4):
        step(at, host)
        short, slope = level - host.new[state], host.k[6, state]
        if abs(short) <= 1e-13 * abs(level) or not slope > 0.0:
            return float(at)
        at = min(h, max(0.0, at + short / slope))
    step(at, host)
    return float(at)
