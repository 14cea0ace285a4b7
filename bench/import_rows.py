"""How fast does a foreign file become checked records, and in how much memory?

Beside a script that a statistician would write for this one file: polars reads it and works out the first entry to
state 4 and the end state, and checks nothing. Both read the same million rows, each in a fresh process, timed after
its imports; nothing is written, as when `appraise` reads a folder of similar cases.
"""

import json
import resource
import statistics
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

from bench.measure import Measure, MeasureFailed, Reading
from bench.process import answer
from bench.similar_rows import FILE, grow

ROWS = 1_000_000
_REPEATS = 3


def import_rows() -> Reading:
    """Rows a second, ours and the peer's: medians."""
    ours, peer = ([ROWS / run["seconds"] for run in runs] for runs in _both())
    return Reading(statistics.median(ours), min(ours), max(ours), _REPEATS, peer_value=statistics.median(peer))


def import_memory() -> Reading:
    """Peak resident memory of the process that imports, interpreter and libraries included: the worst run."""
    peaks = [run["peak_mb"] for run in _both()[0]]
    return Reading(max(peaks), min(peaks), max(peaks), _REPEATS)


MEASURES = (
    Measure(
        "appraise.import_rows",
        "a million similar cases into checked records",
        "rows/s",
        import_rows,
        peer="polars script for this one file, nothing checked",
    ),
    Measure(
        "appraise.import_memory",
        "peak memory of importing a million similar cases",
        "MB",
        import_memory,
        target="< 4,000",
    ),
)


@cache
def _both() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What our processes and the peer's answer, run in turn; all must have found the same."""
    with tempfile.TemporaryDirectory(prefix="onearm-bench-") as name:
        grow(Path(name), ROWS)
        runs = [answer("bench.import_rows", who, name) for _ in range(_REPEATS) for who in ("onearm", "polars")]
    ours, peer = runs[::2], runs[1::2]
    if any(run["found"] != peer[0]["found"] for run in runs):
        raise MeasureFailed(f"onearm found {ours[0]['found']}, the polars script {peer[0]['found']}")
    return ours, peer


def by_onearm(folder: Path) -> tuple[float, dict[str, int]]:
    """(seconds, counts) of `import_files`."""
    from onearm.sources.import_files import import_files

    begun = time.perf_counter()
    report = import_files([folder / FILE], folder / "mapping.toml")
    seconds = time.perf_counter() - begun
    severe = next(share.n for share in report.completeness if share.what.startswith("day zero"))
    return seconds, {"rows": report.rows_stored, "severe": severe, "ended": report.tables["outcomes"]}


def by_polars(folder: Path) -> tuple[float, dict[str, int]]:
    """(seconds, counts) of the script for this one file."""
    import polars as pl

    begun = time.perf_counter()
    states = [f"type{k}" for k in range(12)]
    entered = [pl.sum_horizontal([f"time{j}" for j in range(1, k + 1)]) if k else pl.lit(0) for k in range(12)]
    severe = pl.coalesce(pl.when(pl.col(s) == 4).then(t) for s, t in zip(states, entered, strict=True))
    end_state = pl.coalesce(pl.when(pl.col(s) != 0).then(s) for s in reversed(states))
    made = (
        pl.scan_csv(folder / FILE, try_parse_dates=True)
        .select(
            "id",
            "sex",
            "age_group",
            (pl.col("first_date") + pl.duration(days=severe)).alias("severe_at"),
            end_state.alias("end_state"),
            (pl.col("first_date") + pl.duration(days=entered[-1])).alias("end_at"),
        )
        .collect()
    )
    seconds = time.perf_counter() - begun
    return seconds, {"rows": made.height, "severe": made["severe_at"].count(), "ended": made["end_state"].count()}


def _child(who: str, folder: Path) -> None:
    seconds, found = {"onearm": by_onearm, "polars": by_polars}[who](folder)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(json.dumps({"seconds": seconds, "peak_mb": peak_mb, "found": found}))


if __name__ == "__main__":
    _child(sys.argv[1], Path(sys.argv[2]))
