"""Supply: which bags each decided patient gets, first decided first served."""

import heapq
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

NO_BAG = -1


def reserve(
    decided_at: NDArray[np.int64],
    freed_at: NDArray[np.int64],
    used: NDArray[np.bool_],
    bags: int | None,
    *,
    needed: NDArray[np.int64] | None = None,
    most: int | None = None,
    spent: NDArray[np.bool_] | None = None,
) -> NDArray[np.int64]:
    """Numbers of the bags reserved for each patient, NO_BAG where none is, shape (patients, most bags of one).

    All `needed` bags (one, unless it is said) are reserved at `decided_at`, or none. A patient who is not `used` gives
    them back at `freed_at`, without the first where it is `spent` by then, and the place among the `most` who are
    treated. Times are whole minutes. `bags` None: they are made as they are needed.
    """
    counts = np.ones(decided_at.size, dtype=np.int64) if needed is None else needed
    reserved = np.full((decided_at.size, int(counts.max(initial=1))), NO_BAG, dtype=np.int64)
    free, fresh, places = list(range(bags or 0)), _numbers(bags), most
    given_back: list[tuple[int, int, tuple[int, ...]]] = []
    for patient in np.argsort(decided_at, kind="stable"):
        while given_back and given_back[0][0] <= decided_at[patient]:
            for bag in heapq.heappop(given_back)[2]:
                heapq.heappush(free, bag)
            places = None if places is None else places + 1
        count = int(counts[patient])
        while bags is None and len(free) < count:
            heapq.heappush(free, next(fresh))
        if len(free) < count or places == 0:
            continue
        taken = tuple(heapq.heappop(free) for _ in range(count))
        reserved[patient, :count] = taken
        places = None if places is None else places - 1
        if not used[patient]:
            back = taken[1:] if spent is not None and spent[patient] else taken
            heapq.heappush(given_back, (int(freed_at[patient]), int(patient), back))
    return reserved


def _numbers(bags: int | None) -> Iterator[int]:
    """Numbers of bags that are made when none is free."""
    number = bags or 0
    while True:
        yield number
        number += 1
