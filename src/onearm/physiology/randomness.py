"""Random numbers keyed by what they are for: seed, trial, patient, process and day.

Counter-based Philox4x64-10 (Salmon et al., SC 2011): key = (seed, trial), counter = (day + 2^31, process, patient,
draw). One block gives one variate, from its first word; normals and exponentials by inverse CDF. Nothing has a state:
another patient, day or process moves no number, and neither do blocks, cores or order.
"""

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Words = NDArray[np.uint64]

DAY_OFFSET = 2**31  # so that days before day zero are legal
_ROUNDS = 10
_MULTIPLIERS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
_WEYL = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)
_WORD = 2**64
_HALF, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)
_CHUNK = 1 << 14  # blocks at a time, so that the work fits the cache
_LARGEST = 1 - 2.0**-53


class Process(IntEnum):
    """What a number is drawn for. A number here is never used for anything else and never changed."""

    SEVERITY = 1
    MEASURED_SEVERITY = 2
    DEATH = 3
    EXTUBATION = 4  # draw = spell
    DECISION = 5
    FOLLOW_UP = 6
    LEAVING = 7  # draw = spell
    REINTUBATION = 8  # draw = spell
    SITE = 9
    ENTRY = 10
    ARRIVAL = 11  # draw = symptoms, hospital, intensive care
    AGE = 12
    SEX = 13
    COMORBIDITY = 14  # draw = place in COMORBIDITIES
    BODY = 15  # draw = height, weight
    STEROID = 16  # draw = given, start
    SAMPLE = 17
    MARKER = 18  # draw = number of the marker
    MISSING = 19  # draw = number of the marker
    BAG = 20  # patient = number of the bag; draw = count, viability
    LOT = 21  # patient = number of the lot
    CENTRE = 22  # patient = number of the hospital; draw = death, rate of treating
    ERA = 23
    LOSS = 24
    MISCODING = 25
    TEST = 26  # patient = 0; what a randomised p needs
    IMPROVEMENT = 27
    PARAMETER = 28  # draw = number of the parameter in parameters.toml
    HOST_DEATH = 29
    HOST_CHANGE = 30  # draw = 0 first extubation, 1 first reintubation, 2 second extubation ...
    HOST_CAUSE = 31
    HOST_MARKER = 32  # draw = number of the marker
    HOST_ASSAY = 33  # the same
    HOST_DECISION = 34


class Key(NamedTuple):
    """What all numbers of one virtual trial share, or those of many: `trial` may be an array, shape (trials, 1)."""

    seed: int
    trial: int | NDArray[np.uint64]

    @classmethod
    def of_trials(cls, seed: int, first: int, count: int) -> "Key":
        """Trials `first` to `first + count - 1`, one row each. A row holds the bits of its trial drawn alone."""
        return cls(seed, np.arange(first, first + count, dtype=np.uint64)[:, None])


def uniform(key: Key, process: Process, patient: ArrayLike, *, day: ArrayLike = 0, draw: ArrayLike = 0) -> Floats:
    """Uniform on (0, 1); patient, day and draw, with an array of trials, broadcast and give the shape."""
    patients, days, draws = np.broadcast_arrays(*(np.asarray(x, dtype=np.int64) for x in (patient, day, draw)))
    if isinstance(key.trial, np.ndarray):
        trials, patients, days, draws = np.broadcast_arrays(key.trial, patients, days, draws)
        key = Key(key.seed, trials.ravel())
    counter = ((days + DAY_OFFSET).ravel(), process, patients.ravel(), draws.ravel())
    return _unit(philox(key, *counter)).reshape(patients.shape)


def normal(key: Key, process: Process, patient: ArrayLike, *, day: ArrayLike = 0, draw: ArrayLike = 0) -> Floats:
    """Standard normal."""
    from scipy.special import ndtri

    return np.asarray(ndtri(uniform(key, process, patient, day=day, draw=draw)), dtype=np.float64)


def exponential(key: Key, process: Process, patient: ArrayLike, *, day: ArrayLike = 0, draw: ArrayLike = 0) -> Floats:
    """Exponential with mean 1."""
    return np.asarray(-np.log1p(-uniform(key, process, patient, day=day, draw=draw)), dtype=np.float64)


def philox(key: Key, *counter: ArrayLike) -> Words:
    """First word of the Philox4x64-10 block of each counter of four words, which broadcast to one dimension.

    An array of trials has that dimension too.
    """
    if not all(0 <= k < _WORD for k in key if isinstance(k, int)):
        raise ValueError(f"seed and trial must lie in 0..2^64-1, not {key.seed}, {key.trial}")
    words = np.broadcast_arrays(*(np.atleast_1d(np.asarray(c)).astype(np.uint64) for c in counter))
    first = np.empty(words[0].shape, dtype=np.uint64)
    trial = key.trial
    for start in range(0, first.size, _CHUNK):
        part = slice(start, start + _CHUNK)
        second = trial[part] if isinstance(trial, np.ndarray) else trial
        first[part] = _block((key.seed, second), *(w[part] for w in words))
    return first


def _block(key: tuple[int, int | Words], c0: Words, c1: Words, c2: Words, c3: Words) -> Words:
    for i in range(_ROUNDS):
        k0, k1 = (_turned(k, i * w) for k, w in zip(key, _WEYL, strict=True))
        high0, low0 = _product(_MULTIPLIERS[0], c0)
        high1, low1 = _product(_MULTIPLIERS[1], c2)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
    return c0


def _turned(k: int | Words, by: int) -> np.uint64 | Words:
    return np.uint64((k + by) % _WORD) if isinstance(k, int) else k + np.uint64(by % _WORD)


def _product(a: int, x: Words) -> tuple[Words, Words]:
    """High and low word of the product of two 64-bit numbers."""
    a_high, a_low = np.uint64(a >> 32), np.uint64(a & 0xFFFFFFFF)
    x_high, x_low = x >> _HALF, x & _LOW
    upper, lower = a_low * x_high, a_high * x_low
    middle = ((a_low * x_low) >> _HALF) + (upper & _LOW) + (lower & _LOW)
    high = a_high * x_high + (upper >> _HALF) + (lower >> _HALF) + (middle >> _HALF)
    return high, np.uint64(a) * x


def _unit(words: Words) -> Floats:
    """((word >> 11) + 1/2) 2^-53, kept below 1 where the sum rounds up."""
    halves = (words >> np.uint64(11)).astype(np.float64) + 0.5
    return np.asarray(np.minimum(halves * 2.0**-53, _LARGEST), dtype=np.float64)
