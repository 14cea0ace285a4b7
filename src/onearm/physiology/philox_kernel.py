"""The rounds of Philox4x64-10 (Salmon et al., SC 2011) as machine code; `randomness` says what they are for."""

import numpy as np
from numpy.typing import NDArray

from onearm.physiology.compiled import compiled

Words = NDArray[np.uint64]

ROUNDS = 10
_M0, _M1 = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)
_W0, _W1 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)
_HALF, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)


@compiled
def _high(a: np.uint64, x: np.uint64) -> np.uint64:
    """High word of the product of two 64-bit numbers."""
    a_high, a_low = a >> _HALF, a & _LOW
    x_high, x_low = x >> _HALF, x & _LOW
    upper, lower = a_low * x_high, a_high * x_low
    middle = ((a_low * x_low) >> _HALF) + (upper & _LOW) + (lower & _LOW)
    return a_high * x_high + (upper >> _HALF) + (lower >> _HALF) + (middle >> _HALF)


@compiled
def first_words(seed: np.uint64, trial: Words, c0: Words, c1: Words, c2: Words, c3: Words, out: Words) -> None:
    """First word of each block into `out`; a word given once stands for all, so each has the length of `out` or 1."""
    for i in range(out.size):
        k0 = seed
        k1 = trial[i] if trial.size > 1 else trial[0]
        x0 = c0[i] if c0.size > 1 else c0[0]
        x1 = c1[i] if c1.size > 1 else c1[0]
        x2 = c2[i] if c2.size > 1 else c2[0]
        x3 = c3[i] if c3.size > 1 else c3[0]
        for _ in range(ROUNDS):
            high0, low0 = _high(_M0, x0), _M0 * x0
            high1, low1 = _high(_M1, x2), _M1 * x2
            x0, x1, x2, x3 = high1 ^ x1 ^ k0, low1, high0 ^ x3 ^ k1, low0
            k0 += _W0
            k1 += _W1
        out[i] = x0
