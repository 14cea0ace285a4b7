"""Cells: how infused cells spread over blood, lung and liver with spleen, die, and act; exact, without time steps.

Amounts in 1e6 viable cells per kg, time in days. Blood is a hub with two spokes, so the three rates of the system are
real, distinct and negative: after one dose each amount is a sum of three exponentials, and the effect signal E, which
follows the potent cells in the lung at rate k_E, is their convolution with an exponential. Doses add up. The lumping
of the organs to three places is ours; see `parameters.toml`.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.physiology.compiled import compiled

Floats = NDArray[np.float64]

SHORT_INFUSION_D = 1 / 24  # up to this length, an infusion is a bolus at its midpoint
_NOTHING = -45.0  # exp of less is left out
_NEAR = 0.5  # below, a difference of exponentials goes by expm1
_EQUAL = 1e-6  # below, by its series
_CLOSE = 1e-3  # below, three exponentials by their series

#: rows of `modes`, shape (5, 3): one column per exponential, amounts after a unit dose into blood
ROOT, BLOOD, LUNG, ORGANS, LOSS = range(5)
#: places of a `segment`, shape (9,): the signal since the last change of input
SINCE, SIGNAL, RATE, AMOUNT, WEIGHT = 0, 1, 2, 3, 6


class CellRates(NamedTuple):
    """Rates per day: k_b out of blood; shares f of it to lung and organs; deaths d and returns r of those two."""

    k_b: float
    f_L: float
    f_O: float
    d_L: float
    d_O: float
    r_L: float
    r_O: float


@compiled
def cell_modes(rates: CellRates, modes: Floats) -> None:
    """Fill `modes`: the three rates per day (all < 0) and what each carries of a unit dose."""
    k_b, f_L, f_O, d_L, d_O, r_L, r_O = rates
    a_L, a_O, e_L, e_O = f_L * k_b, f_O * k_b, r_L + d_L, r_O + d_O
    to_lung, to_organs = a_L * r_L, a_O * r_O
    b = k_b + e_L + e_O
    c = k_b * (e_L + e_O) + e_L * e_O - to_lung - to_organs
    d = k_b * e_L * e_O - to_lung * e_O - to_organs * e_L
    p, q = b * b / 9 - c / 3, b * (b * b / 27 - c / 6) + d / 2
    angle = math.acos(min(1.0, max(-1.0, -q / (p * math.sqrt(p)))))
    for j in range(3):
        x = 2 * math.sqrt(p) * math.cos((angle - 2 * math.pi * j) / 3) - b / 3
        for _ in range(3):  # Newton
            blood, lung, organs = x + k_b, x + e_L, x + e_O
            value = blood * lung * organs - to_lung * organs - to_organs * lung
            slope = lung * organs + blood * organs + blood * lung - to_lung - to_organs
            x -= value / slope
        modes[ROOT, j] = x
    for j in range(3):
        x = modes[ROOT, j]
        others = (x - modes[ROOT, (j + 1) % 3]) * (x - modes[ROOT, (j + 2) % 3])
        modes[BLOOD, j] = (x + e_L) * (x + e_O) / others
        modes[LUNG, j] = a_L * (x + e_O) / others
        modes[ORGANS, j] = a_O * (x + e_L) / others
        dead = (1 - f_L - f_O) * k_b * modes[BLOOD, j]
        modes[LOSS, j] = dead + d_L * modes[LUNG, j] + d_O * modes[ORGANS, j]


@compiled
def start_segment(segment: Floats) -> None:
    """No cells and no signal from day 0 on."""
    segment[:] = 0.0


@compiled
def signal(day: float, k_E: float, modes: Floats, segment: Floats) -> float:
    """Effect signal E at a day not before the start of the segment."""
    s = day - segment[SINCE]
    faded = -k_E * s
    decay = math.exp(faded) if faded > _NOTHING else 0.0
    total = float(segment[SIGNAL]) * decay
    for j in range(3):
        weight = segment[WEIGHT + j]
        if weight != 0.0:
            x = modes[ROOT, j] + k_E
            total += weight * k_E * _convolved(modes[ROOT, j] * s, x, x * s, s, decay)
    if segment[RATE] != 0.0:
        level = 0.0
        for j in range(3):
            level -= modes[LUNG, j] * segment[RATE] / modes[ROOT, j]
        total -= level * math.expm1(faded)
    return total


@compiled
def _convolved(exponent: float, x: float, y: float, s: float, decay: float) -> float:
    """Integral over 0..s of exp(l v) exp(-k (s - v)): exponent = l s, x = l + k, y = x s, decay = exp(-k s)."""
    if abs(y) < _EQUAL:
        return s * decay * (1 + y / 2 + y * y / 6)
    if abs(y) < _NEAR:
        return decay * math.expm1(y) / x
    return ((math.exp(exponent) if exponent > _NOTHING else 0.0) - decay) / x


@compiled
def change_input(day: float, bolus: float, rate: float, k_E: float, modes: Floats, segment: Floats) -> None:
    """Begin a new segment at `day`: a bolus enters blood at once and the constant input changes by `rate` per day."""
    s = day - segment[SINCE]
    now = signal(day, k_E, modes, segment)
    before = segment[RATE]
    segment[SINCE], segment[SIGNAL], segment[RATE] = day, now, before + rate
    for j in range(3):
        x = modes[ROOT, j]
        kept = math.exp(x * s) if x * s > _NOTHING else 0.0
        segment[AMOUNT + j] = segment[AMOUNT + j] * kept + before * math.expm1(x * s) / x + bolus
        segment[WEIGHT + j] = modes[LUNG, j] * (segment[AMOUNT + j] + segment[RATE] / x)


@compiled
def input_events(doses: Floats, emax: float, events: Floats) -> int:
    """Fill `events` with rows (day, bolus, change of input per day) in order; how many there are.

    `doses`: rows (start day, length in days, 1e6 viable cells per kg, potency). A dose that cannot act gives no event.
    """
    n = 0
    for k in range(doses.shape[0]):
        potent = doses[k, 2] * doses[k, 3]
        if not potent * emax > 0.0:
            continue
        if doses[k, 1] <= SHORT_INFUSION_D:
            n = _insert(events, n, doses[k, 0] + doses[k, 1] / 2, potent, 0.0)
        else:
            n = _insert(events, n, doses[k, 0], 0.0, potent / doses[k, 1])
            n = _insert(events, n, doses[k, 0] + doses[k, 1], 0.0, -potent / doses[k, 1])
    return n


@compiled
def _insert(events: Floats, n: int, day: float, bolus: float, rate: float) -> int:
    place = n
    while place > 0 and events[place - 1, 0] > day:
        events[place] = events[place - 1]
        place -= 1
    events[place, 0], events[place, 1], events[place, 2] = day, bolus, rate
    return n + 1


def cell_amounts(rates: CellRates, k_E: float, doses: ArrayLike, days: ArrayLike) -> Floats:
    """Columns Mb, ML, MO, X (lost) and E of one patient at each of `days`, shape (days, 5).

    `doses`: rows (start day, length in days, 1e6 viable cells per kg, potency). On the day of a bolus it is counted.
    """
    given = np.atleast_2d(np.asarray(doses, dtype=np.float64))
    out = np.zeros((np.size(days), 5))
    modes = np.empty((5, 3))
    cell_modes(CellRates(*map(float, rates)), modes)
    _fill_amounts(modes, float(k_E), given, np.asarray(days, dtype=np.float64).reshape(-1), out)
    return out


@compiled
def _fill_amounts(modes: Floats, k_E: float, doses: Floats, days: Floats, out: Floats) -> None:
    events = np.empty((2 * doses.shape[0] + 1, 3))
    alone, segment = np.empty((1, 4)), np.empty(9)
    for k in range(doses.shape[0]):  # doses add up
        if not doses[k, 2] > 0.0:
            continue
        alone[0] = doses[k]
        alone[0, 3] = 1.0
        n = input_events(alone, 1.0, events)
        for i in range(days.size):
            start_segment(segment)
            lost = 0.0
            for e in range(n):
                if events[e, 0] <= days[i]:
                    lost += _lost(events[e, 0], modes, segment)
                    change_input(events[e, 0], events[e, 1], events[e, 2], k_E, modes, segment)
            out[i, 3] += lost + _lost(days[i], modes, segment)
            out[i, 4] += doses[k, 3] * signal(days[i], k_E, modes, segment)
            change_input(days[i], 0.0, 0.0, k_E, modes, segment)
            for j in range(3):
                for place in range(3):
                    out[i, place] += modes[BLOOD + place, j] * segment[AMOUNT + j]


@compiled
def _lost(day: float, modes: Floats, segment: Floats) -> float:
    """Cells lost since the start of the segment."""
    s, total = day - segment[SINCE], 0.0
    for j in range(3):
        x = modes[ROOT, j]
        grown = math.expm1(x * s) / x
        total += modes[LOSS, j] * (segment[AMOUNT + j] * grown + segment[RATE] * (grown - s) / x)
    return total


def cell_label(rates: CellRates, c_L: float, c_O: float, doses: ArrayLike, days: ArrayLike) -> Floats:
    """Label of dead cells in lung (BL) and in liver with spleen (BO) at each of `days`, shape (days, 2).

    For images only: label stays where a cell died, moves from lung to liver and spleen at rate c_L per day and leaves
    them at c_O. A camera sees living and dead: in the lung ML + BL. `doses` as in `cell_amounts`, 1e6 cells per kg.
    Raises ValueError for an infusion that is no bolus (longer than an hour).
    """
    given, at = np.atleast_2d(np.asarray(doses, dtype=np.float64)), np.asarray(days, dtype=np.float64).reshape(-1)
    if (given[:, 1] > SHORT_INFUSION_D).any():
        raise ValueError("the label is known after a bolus only; give infusions of at most an hour")
    modes = np.empty((5, 3))
    cell_modes(CellRates(*map(float, rates)), modes)
    out = np.zeros((at.size, 2))
    for start, length, amount, _ in given:
        since = at - (start + length / 2)
        out += amount * np.where(since[:, None] < 0, 0.0, _label_of_one(rates, c_L, c_O, modes, np.maximum(since, 0)))
    return out


def _label_of_one(rates: CellRates, c_L: float, c_O: float, modes: Floats, s: Floats) -> Floats:
    """BL and BO so many days after a unit bolus, shape (days, 2)."""
    out = np.zeros((s.size, 2))
    lost_from_blood = (1 - rates.f_L - rates.f_O) * rates.k_b
    for j in range(3):
        x, died_in_lung = modes[ROOT, j], rates.d_L * modes[LUNG, j]
        died_there = rates.d_O * modes[ORGANS, j] + lost_from_blood * modes[BLOOD, j]
        out[:, 0] += died_in_lung * _passed(s, x, -c_L)
        out[:, 1] += died_there * _passed(s, x, -c_O) + c_L * died_in_lung * _passed_twice(s, (x, -c_L, -c_O))
    return out


def _passed(s: Floats, a: float, b: float) -> Floats:
    """Integral over 0..s of exp(a v) exp(b (s - v)), exact for a near b too."""
    low, high = min(a, b), max(a, b)
    return np.asarray(np.exp(high * s) * (-np.expm1((low - high) * s) / (high - low) if high > low else s))


def _passed_twice(s: Floats, rates: tuple[float, float, float]) -> Floats:
    """The convolution of three exponentials: their second divided difference, by its series where they are close."""
    a, b, c = sorted(rates)
    mean = (a + b + c) / 3
    off = np.array([a - mean, b - mean, c - mean])
    series = s**2 * np.exp(mean * s) * (1 / 2 + (off**2).sum() / 48 * s**2 + off.prod() / 120 * s**3)
    far = (c - a) * s > _CLOSE
    return np.where(far, (_passed(s, b, c) - _passed(s, a, b)) / (c - a if c > a else 1.0), series)


def viable_m_per_kg(
    counted_m: float, weight_kg: float, viability: float, hours_after_thaw: float, k_age: float
) -> float:
    """Dose that enters the blood, 1e6 viable cells per kg: true count, viability at release, loss since thawing.

    Raises ValueError for a weight that is not positive or a share outside 0..1.
    """
    if not weight_kg > 0 or not 0 <= viability <= 1 or counted_m < 0 or hours_after_thaw < 0:
        raise ValueError(
            f"weight {weight_kg} kg, viability {viability}, count {counted_m}, {hours_after_thaw} h after thaw: "
            "weight must be above 0, viability within 0..1, count and hours not negative"
        )
    return counted_m / weight_kg * viability * math.exp(-k_age * hours_after_thaw)
