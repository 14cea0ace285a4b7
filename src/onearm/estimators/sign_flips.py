"""Paired sign flips (Fisher 1935): before against after of the same patients, alone and over a family of rows."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

EXACT_FLIPS = 20  # pairs up to which all 2^n signs are counted
SLACK = 1e-9  # equal sums may differ by rounding
DRAWS = 20_000


def sign_flips(change: Floats, *, draws: int = DRAWS, seed: int = 20200411) -> tuple[Floats, Floats, bool]:
    """Two-sided p of each row, p of the largest over all rows, and whether all signs were counted.

    `change` has shape (rows, patients), 0 where unknown. All 2^n signs up to EXACT_FLIPS patients with any change,
    else `draws` of them and the observed one. A sum is standardised by the root of its squares.
    """
    change = change[:, np.any(change != 0, axis=0)]
    n, rows = change.shape[1], len(change)
    is_exact = n <= EXACT_FLIPS
    size = np.sqrt((change**2).sum(axis=1))
    scaled = change / np.where(size > 0, size, 1.0)[:, None]
    signs = np.ones((1 if is_exact else draws + 1, n))
    if not is_exact:
        signs[1:] = np.random.Generator(np.random.Philox(key=seed)).integers(0, 2, (draws, n)) * 2.0 - 1.0
    largest, p = np.zeros(2**n if is_exact else draws + 1), np.ones(rows)
    for r in range(rows):
        sums = np.abs(signed_sums(scaled[r]) if is_exact else signs @ scaled[r])
        p[r] = np.mean(sums >= sums[0] - SLACK)
        largest = np.maximum(largest, sums)
    seen = np.abs(scaled.sum(axis=1))
    return p, np.array([np.mean(largest >= s - SLACK) for s in seen]), is_exact


def signed_sums(values: Floats) -> Floats:
    """All 2^n sums of +-values, the observed one first, shape (2^n,)."""
    sums = np.zeros(1)
    for v in values:
        sums = np.concatenate([sums + v, sums - v])
    return sums
