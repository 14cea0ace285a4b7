"""`make bench`: every benchmark, or those whose id starts with ONLY, beside their peers.

Example:  .venv/bin/python bench/run.py appraise.import
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rich.console import Console

from bench import (
    app_fuzz,
    app_kill,
    app_load,
    commands,
    evidence,
    host_figures,
    import_fuzz,
    import_rows,
    ledger,
    null_predictive,
    physiology,
    product,
)
from bench.measure import Measure, MeasureFailed, Reading, Row, row_of
from bench.output import shown, table, write
from bench.process import ROOT

MEASURES: tuple[Measure, ...] = (
    *import_rows.MEASURES,
    *import_fuzz.MEASURES,
    *commands.MEASURES,
    *null_predictive.MEASURES,
    *evidence.MEASURES,
    *product.MEASURES,
    *ledger.MEASURES,
    *app_kill.MEASURES,
    *app_load.MEASURES,
    *app_fuzz.MEASURES,
    *physiology.MEASURES,
    *host_figures.MEASURES,
)
OUT = ROOT / "build" / "bench.json"
_WIDTH = 140  # columns where the output is no terminal


def main(only: str = "", out: Path = OUT, measures: Sequence[Measure] = MEASURES) -> int:
    """Take the readings, writing each as it comes; exit code 1 when one could not be taken, or none was meant."""
    wanted = [m for m in measures if m.id.startswith(only)]
    console, progress = (
        Console(stderr=error) if stream.isatty() else Console(stderr=error, width=_WIDTH)
        for error, stream in ((False, sys.stdout), (True, sys.stderr))
    )
    if not wanted:
        progress.print(f"no benchmark starts with {only!r}. There are: {', '.join(m.id for m in measures)}")
        return 1
    title = machine()
    taken: list[tuple[Measure, Reading, Row]] = []
    for number, measure in enumerate(wanted, 1):
        told = f"{number} of {len(wanted)}  {measure.id}: {measure.question}"
        with progress.status(told):
            try:
                reading = measure.take()
            except MeasureFailed as error:
                progress.print(f"{told}: {error}", markup=False, highlight=False)
                continue
        row = row_of(measure, reading)
        write(out, [row])
        taken.append((measure, reading, row))
        progress.print(f"{told}: {shown(row.value)} {row.unit}", markup=False, highlight=False)
    console.print(table(title, taken))
    console.print(f"{out.relative_to(ROOT) if out.is_relative_to(ROOT) else out}: {len(taken)} written.")
    return 0 if len(taken) == len(wanted) else 1


def machine() -> str:
    """What the numbers were taken on: cores, threads, and how busy it was before they were."""
    import polars as pl

    load = os.getloadavg()[0]
    cores = len(os.sched_getaffinity(0))
    busy = "" if load < cores / 2 else ", busy with something else: times are too long"
    return (
        f"onearm benchmarks: {cores} cores, polars with {pl.thread_pool_size()} threads, "
        f"null-predictive with one; load {load:.1f} before the start{busy}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
