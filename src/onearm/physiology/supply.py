"""Supply: which bag each decided order gets, first decided first served."""

import heapq

import numpy as np
from numpy.typing import NDArray

NO_BAG = -1


def reserve(
    decided_at: NDArray[np.int64], freed_at: NDArray[np.int64], used: NDArray[np.bool_], bags: int | None
) -> NDArray[np.int64]:
    """Number of the bag reserved for each order, NO_BAG where none was free; shape (orders,).

    A bag is reserved at `decided_at`. An order that is not `used` gives it back at `freed_at`. Times are whole
    minutes. `bags` None: one more is made whenever none is free.
    """
    reserved = np.full(decided_at.size, NO_BAG, dtype=np.int64)
    free = list(range(bags or 0))
    made = len(free)
    given_back: list[tuple[int, int]] = []
    for order in np.argsort(decided_at, kind="stable"):
        while given_back and given_back[0][0] <= decided_at[order]:
            heapq.heappush(free, heapq.heappop(given_back)[1])
        if not free and bags is None:
            free, made = [made], made + 1
        if not free:
            continue
        bag = heapq.heappop(free)
        reserved[order] = bag
        if not used[order]:
            heapq.heappush(given_back, (int(freed_at[order]), bag))
    return reserved
