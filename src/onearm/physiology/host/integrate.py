"""Integrate: the course of each patient, in steps that end where something changes; events found where they happen.

A step ends at each output day, at an input of cells that can act, and at changes of steroid and tocilizumab; after a
change it starts anew. Ventilation begins a lag after P/F falls below its limit; extubation, ventilation again and death
happen when their summed hazard reaches a threshold drawn before. Patients share nothing, so threads change no bit.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onearm.physiology.compiled import compiled
from onearm.physiology.host.cells import CellRates, cell_modes, change_input, input_events, start_segment
from onearm.physiology.host.model_kernel import (
    AT_D50,
    LD,
    LV,
    AT_d_L,
    AT_d_O,
    AT_emax,
    AT_f_L,
    AT_k_b,
    AT_k_E,
    AT_l_bg,
    AT_lag_vent,
    AT_pf_vent,
    AT_phi_O,
    AT_r_L,
    AT_r_O,
    D,
    observe,
    start,
)
from onearm.physiology.host.steps import (
    ACTING,
    AGAIN,
    CHANGES,
    DAY,
    FIRST_STEP_D,
    FRESH,
    INPUT,
    OUT,
    OUTPUT,
    P_ON,
    STATES,
    STEP,
    STEROID,
    T_EXT,
    T_VENT,
    TAKEN,
    TOCI,
    VENT,
    Host,
    crossing,
    effect,
    take_step,
    try_step,
)

Floats = NDArray[np.float64]

SPELLS = 3  # of ventilation, at most
MOST_STEPS = 50_000
COLUMNS = ("P", "N", "D", "C", "CRP", "F", "LDH", "DD", "T", "A", "Lv", "Ld", "u", "L", "PF")
#: columns of `events`: day of each change of ventilation (begins, ends, begins ...), of death, its cause, and the rest
DEATH, CAUSE, ONSET, STEPS, STATUS = 2 * SPELLS, 2 * SPELLS + 1, 2 * SPELLS + 2, 2 * SPELLS + 3, 2 * SPELLS + 4
EVENTS = 2 * SPELLS + 5
FINISHED, FAILED = 0.0, 1.0
LUNG, OTHER = 1.0, 2.0


class Plan(NamedTuple):
    """What is done to patients and drawn for them; inf where never."""

    doses: Floats  # (patients, doses, 4): start day, length in days, 1e6 viable cells per kg, potency
    drugs: Floats  # (patients, 4): steroid from, until; tocilizumab from, until
    thresholds: Floats  # (patients, 2 x SPELLS): of each change of ventilation, of death
    chance: Floats  # (patients,): uniform, for the cause of death


class Clock(NamedTuple):
    """What is the same for all patients."""

    days: Floats  # (days,) of output, rising
    from_onset: bool  # day 0 is onset, not ventilation
    longest_wait: float  # days from onset to ventilation after which none comes
    rtol: float


@compiled
def new_host(par: Floats) -> Host:
    """A patient at onset, nothing given."""
    host = Host(
        par,
        np.zeros(STATES),
        np.zeros(STATES),
        np.zeros(STATES),
        np.zeros((7, STATES)),
        np.zeros(16),
        np.zeros((5, 3)),
        np.zeros(9),
    )
    now = host.now
    now[P_ON] = start(par, host.y)
    now[STEP], now[FRESH], now[T_VENT] = FIRST_STEP_D, 1.0, math.inf
    start_segment(host.segment)
    return host


@compiled
def set_modes(par: Floats, modes: Floats) -> None:
    """Fill `modes` of `cells` from the parameters of a patient."""
    f_L = par[AT_f_L]
    f_O = (1 - f_L) * par[AT_phi_O]
    cell_modes(CellRates(par[AT_k_b], f_L, f_O, par[AT_d_L], par[AT_d_O], par[AT_r_L], par[AT_r_O]), modes)


@compiled
def damage_at_ventilation(par: Floats) -> float:
    """D at which P/F is at the limit below which ventilation follows."""
    intact = min(1.0, max(0.0, (par[AT_pf_vent] - 50) / 400)) ** (2 / 3)
    return par[AT_D50] * (1 - intact) / intact if intact > 0.0 else math.inf


@compiled
def _write(host: Host, row: Floats) -> None:
    observed = np.empty(3)
    observe(host.y, host.par, host.now[P_ON], observed)
    row[:STATES] = host.y
    row[0] = observed[0]
    row[STATES] = effect(host.now[DAY], host)
    row[STATES + 1], row[STATES + 2] = observed[1], observed[2]


@compiled
def begin_ventilation(host: Host, clock: Clock, events: Floats) -> None:
    """A spell of ventilation begins now; the first one sets the clock."""
    now = host.now
    if now[CHANGES] == 0.0:
        events[ONSET] = now[DAY]
        if not clock.from_onset:
            now[DAY] = 0.0
    events[int(now[CHANGES])] = now[DAY]
    now[T_VENT] = math.inf
    now[VENT], now[OUT], now[AGAIN], now[FRESH] = 1.0, 0.0, 0.0, 1.0
    now[CHANGES] += 1
    host.y[LV] = 0.0


@compiled
def _end_ventilation(host: Host, events: Floats) -> None:
    now = host.now
    events[int(now[CHANGES])] = now[DAY]
    now[CHANGES] += 1
    now[VENT], now[OUT], now[FRESH], now[T_EXT] = 0.0, 1.0, 1.0, now[DAY]
    now[AGAIN] = 1.0 if now[CHANGES] < 2 * SPELLS else 0.0
    host.y[LV] = 0.0


@compiled
def _due(host: Host, drugs: Floats, inputs: Floats, n_inputs: int, clock: Clock, daily: Floats) -> None:
    """Do what is due on this day: output, cells, steroid, tocilizumab."""
    now = host.now
    while now[OUTPUT] < clock.days.size and clock.days[int(now[OUTPUT])] <= now[DAY]:
        _write(host, daily[int(now[OUTPUT])])
        now[OUTPUT] += 1
    while now[INPUT] < n_inputs and inputs[int(now[INPUT]), 0] <= now[DAY]:
        day, bolus, rate = inputs[int(now[INPUT])]
        change_input(day, bolus, rate, host.par[AT_k_E], host.modes, host.segment)
        now[INPUT] += 1
        now[ACTING], now[FRESH] = 1.0, 1.0
        now[STEP] = min(now[STEP], 1.0 / host.par[AT_k_b])  # a passage through the blood is not stepped over
    for place, drug in ((STEROID, 0), (TOCI, 2)):
        on = 1.0 if drugs[drug] <= now[DAY] < drugs[drug + 1] else 0.0
        if on != now[place]:
            now[place], now[FRESH] = on, 1.0


@compiled
def _next_stop(host: Host, drugs: Floats, inputs: Floats, n_inputs: int, clock: Clock) -> float:
    """Next day on which a step must end."""
    now = host.now
    stop = float(now[T_VENT])
    if not clock.from_onset and now[CHANGES] == 0.0:
        return min(stop, clock.longest_wait)
    stop = min(stop, float(clock.days[int(now[OUTPUT])]))
    if now[INPUT] < n_inputs:
        stop = min(stop, float(inputs[int(now[INPUT]), 0]))
    for day in drugs:
        if day > now[DAY]:
            stop = min(stop, float(day))
    return stop


@compiled
def _level(state: int, host: Host, thresholds: Floats, damage: float) -> float:
    """What a state must reach for its event, inf where that cannot happen now."""
    now = host.now
    changes = int(now[CHANGES])
    if state == D:
        return damage if changes == 0 and now[T_VENT] == math.inf else math.inf
    if changes == 0:
        return math.inf
    if state == LD:
        return float(thresholds[2 * SPELLS - 1])
    return float(thresholds[changes - 1]) if now[VENT] + now[AGAIN] > 0.0 else math.inf


@compiled
def _to_stop(stop: float, host: Host, thresholds: Floats, damage: float, rtol: float) -> int:
    """Go on to `stop` (returns -1) or to the first event before it (the state that makes it); -2 when it fails."""
    now = host.now
    while now[DAY] < stop:
        left = stop - now[DAY]
        h = try_step(stop, rtol, host) if now[TAKEN] < MOST_STEPS else -1.0
        if h < 0.0:
            return -2
        if h == 0.0:
            continue
        event, at = -1, h
        for state in (D, LV, LD):
            level = _level(state, host, thresholds, damage)
            if host.new[state] >= level:
                event, at = state, crossing(at, state, level, host)
        take_step(stop if at == left else now[DAY] + at, host)
        if event >= 0:
            return event
    return -1


@compiled
def _happen(event: int, host: Host, chance: float, clock: Clock, events: Floats) -> bool:
    """Do what an event brings; whether the patient is dead."""
    now = host.now
    if event == D:
        now[T_VENT] = now[DAY] + host.par[AT_lag_vent]
    elif event == LV:
        if now[VENT] == 1.0:
            _end_ventilation(host, events)
        else:
            begin_ventilation(host, clock, events)
    elif event == LD:
        background = host.par[AT_l_bg] / host.k[0, LD]
        events[DEATH], events[CAUSE] = now[DAY], OTHER if chance < background else LUNG
        return True
    return False


@compiled
def _course(host: Host, doses: Floats, drugs: Floats, thresholds: Floats, chance: float, clock: Clock,
            daily: Floats, events: Floats) -> float:  # fmt: skip
    """Fill the output days and events of one patient; its status."""
    now, par = host.now, host.par
    inputs = np.empty((2 * doses.shape[0] + 1, 3))
    n_inputs = input_events(doses, par[AT_emax], inputs)
    if n_inputs > 0:
        set_modes(par, host.modes)
    damage = damage_at_ventilation(par)
    while True:
        if now[DAY] >= now[T_VENT]:
            begin_ventilation(host, clock, events)
        if clock.from_onset or now[CHANGES] > 0.0:
            _due(host, drugs, inputs, n_inputs, clock, daily)
            if now[OUTPUT] == clock.days.size:
                return FINISHED
        elif now[DAY] >= clock.longest_wait:
            return FINISHED
        stop = _next_stop(host, drugs, inputs, n_inputs, clock)
        event = _to_stop(stop, host, thresholds, damage, clock.rtol)
        if event == -2:
            return FAILED
        if event >= 0 and _happen(event, host, chance, clock, events):
            return FINISHED


@compiled
def _courses(par: Floats, plan: Plan, clock: Clock, first: int, last: int, daily: Floats, events: Floats) -> None:
    """Fill rows `first` to `last - 1`."""
    for i in range(first, last):
        host = new_host(par[i])
        status = _course(
            host, plan.doses[i], plan.drugs[i], plan.thresholds[i], plan.chance[i], clock, daily[i], events[i]
        )
        events[i, STEPS], events[i, STATUS] = host.now[TAKEN], status
        if status == FAILED:
            daily[i] = math.nan


def integrate(par: Floats, plan: Plan, clock: Clock, *, threads: int = 1, chunk: int = 256) -> tuple[Floats, Floats]:
    """Daily values (patients, days, COLUMNS) and events (patients, EVENTS); nan where there is none.

    `par` has shape (patients, parameters). Neither `threads` nor `chunk` changes a bit.
    """
    patients = par.shape[0]
    daily = np.full((patients, clock.days.size, len(COLUMNS)), np.nan)
    events = np.full((patients, EVENTS), np.nan)
    rows = np.ascontiguousarray(par, dtype=np.float64)
    parts = [(first, min(first + chunk, patients)) for first in range(0, patients, chunk)]

    def fill(part: tuple[int, int]) -> None:
        _courses(rows, plan, clock, part[0], part[1], daily, events)

    if threads == 1 or len(parts) == 1:
        for part in parts:
            fill(part)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(fill, parts))
    return daily, events
