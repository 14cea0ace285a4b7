"""How often our own answers are wrong: every analysis in many virtual trials of worlds whose truth is known.

Trials are done in blocks, each appended to a file when finished: a run can be stopped and gone on with, and the counts
depend neither on the size or order of blocks nor on the number of processes.
"""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from onearm.design.analyses import Analysis
from onearm.design.calibration_file import Block, Calibration, Header, check_settings, missing, open_for_more
from onearm.design.cells import Cell
from onearm.design.exact_tests import by_day, in_caliper, lone_source
from onearm.design.naive import naive
from onearm.design.tally import Tally, pooled, tallied
from onearm.design.trials import draw_batch

#: what `onearm calibrate` does with every trial, beside whatever is passed on top
ANALYSES = (
    Analysis("by_day", by_day),
    Analysis("in_caliper", in_caliper),
    Analysis("lone_source", lone_source),
    Analysis("naive", naive),
)
BLOCK = 500
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "POLARS_MAX_THREADS")
_AT_ONCE = 100  # trials drawn together

Progress = Callable[[int, int], None]  # (trials done, trials to do) of this call


def calibrate(
    out_file: Path,
    *,
    cells: Sequence[Cell],
    replicates: int | Callable[[Cell], int],
    seed: int,
    analyses: Sequence[Analysis] = ANALYSES,
    workers: int = 1,
    block: int = BLOCK,
    progress: Progress | None = None,
) -> Calibration:
    """Do what is missing of `replicates` trials of each cell, append it to `out_file`, give back all of it.

    `replicates` may be a function of the cell, such as `targets.full_replicates`.

    Raises CalibrationProblem when the file belongs to another seed, version, list of analyses or world; ValueError for
    numbers below 1 or two analyses of one name.
    """
    names = tuple(a.name for a in analyses)
    wanted = {c: replicates(c) if callable(replicates) else replicates for c in cells}
    if min(*wanted.values(), workers, block) < 1 or len(set(names)) < len(names):
        raise ValueError("replicates, workers and block must be 1 or more, and no two analyses have one name")
    found = open_for_more(out_file, Header(seed, names))
    check_settings(found, {c.id: c.sha256() for c in cells})
    todo = [(c, *part) for c, trials in wanted.items() for part in missing(found, c.id, trials, block)]
    total, done, blocks = sum(count for _, _, count in todo), 0, list(found.blocks)
    with out_file.open("a", encoding="utf-8", newline="\n") as file:
        for one in _results([(c, seed, first, count, tuple(analyses)) for c, first, count in todo], workers):
            file.write(one.line())
            file.flush()
            blocks.append(one)
            done += one.count
            if progress is not None:
                progress(done, total)
    return Calibration(found.header, tuple(blocks))


_Task = tuple[Cell, int, int, int, tuple[Analysis, ...]]


def _results(tasks: list[_Task], workers: int) -> Iterator[Block]:
    """Blocks in the order of the tasks, so that any number of processes writes the same bytes."""
    if workers == 1 or len(tasks) < 2:
        yield from map(_one_block, tasks)
        return
    for name in _ONE_THREAD:  # read by the new processes: as many threads as processes, no more
        os.environ.setdefault(name, "1")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(tasks)), mp_context=context) as pool:
        yield from pool.map(_one_block, tasks)


def _one_block(task: _Task) -> Block:
    cell, seed, first, count, analyses = task
    return run_block(cell, seed=seed, first=first, count=count, analyses=analyses)


def run_block(cell: Cell, *, seed: int, first: int, count: int, analyses: Sequence[Analysis] = ANALYSES) -> Block:
    """Trials `first` to `first + count - 1` of a cell, without a file."""
    parts: dict[str, list[Tally]] = {}
    for start in range(first, first + count, _AT_ONCE):
        batch = draw_batch(cell, seed=seed, first=start, count=min(_AT_ONCE, first + count - start))
        for analysis in analyses:
            for key, values in analysis.of_batch(batch).items():
                parts.setdefault(f"{analysis.name}.{key}", []).append(tallied(values))
    return Block(cell.id, cell.sha256(), first, count, {name: pooled(found) for name, found in parts.items()})
