"""From arrays to columns of record tables: times, exact decimals as text, and the columns every table has."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.physiology.tables.ward import NEVER, Minutes, Ward

UNIT = "VPU"  # production unit of the virtual product


def table(ward: Ward, sites: Any, columns: Mapping[str, Any]) -> pl.DataFrame:
    """A frame of `columns` with `site_id`, version 1 and `entered_at` at the lock; a plain value fills its column."""
    entered = moment(np.array([ward.lock]))[0]
    height = max(len(c) for c in columns.values() if not isinstance(c, str | int))
    given = {"site_id": sites, "version": 1, "entered_at": entered} | dict(columns)
    return pl.DataFrame({name: _filled(value, height) for name, value in given.items()})


def moment(minutes: Minutes) -> pl.Series:
    """Times of a record; NEVER is null."""
    times = pl.Series(minutes * 60_000).cast(pl.Datetime("ms", "UTC"))
    return times.set(pl.Series(minutes == NEVER), None)


def timed(name: str, minutes: Minutes, precision: str = "minute") -> dict[str, pl.Series]:
    """A time and its companion `<name>_precision`."""
    known = pl.Series([precision]).new_from_index(0, minutes.size).set(pl.Series(minutes == NEVER), None)
    return {name: moment(minutes), f"{name}_precision": known}


def decimal_text(parts: NDArray[np.int64], places: int) -> pl.Series:
    """Whole numbers of 10^-places as text with that many digits after the point; none is below 0."""
    if places == 0:
        return pl.Series(parts).cast(pl.String)
    digits = pl.Series(parts).cast(pl.String).str.zfill(places + 1)
    whole, rest = digits.str.head(-places), digits.str.tail(places)
    return whole + "." + rest


def rounded(values: NDArray[np.float64], places: int) -> NDArray[np.int64]:
    """Values as whole numbers of 10^-places."""
    return np.asarray(np.rint(values * 10**places), dtype=np.int64)


def site_ids(hospital: NDArray[np.int64]) -> pl.Series:
    """`V01` for hospital 1."""
    return "V" + pl.Series(hospital).cast(pl.String).str.zfill(2)


def of(ids: Sequence[str] | pl.Series, rows: NDArray[np.int64]) -> pl.Series:
    """The ids of `rows`."""
    return pl.Series(ids, dtype=pl.String).gather(rows)


def _filled(value: Any, height: int) -> Any:
    if isinstance(value, pl.Series | np.ndarray | list):
        return value
    return pl.Series([value]).new_from_index(0, height)
