"""What `onearm calibrate` does: which cells, how many trials, which analyses, and the table at the end."""

from collections.abc import Sequence
from pathlib import Path

from onearm.design.calibrate import ANALYSES, Progress, calibrate
from onearm.design.cells import cells_named, cells_of
from onearm.design.levels import LEVEL_TRIALS, VERDICT, level_cells
from onearm.design.table import NOT_MEASURED, Row, as_markdown, as_text, table
from onearm.design.targets import full_replicates

BLOCK, LEVEL_BLOCK = 5_000, 100


def run(
    file: Path,
    *,
    patterns: Sequence[str] = (),
    trials: int | None = None,
    levels: bool = False,
    seed: int,
    workers: int,
    markdown: Path | None = None,
    progress: Progress | None = None,
) -> str:
    """Do what is missing, and tell the table in words.

    Raises CalibrationProblem when the file belongs to another run, ValueError for a pattern that names no cell.
    """
    every = level_cells() if levels else cells_of()
    asked = trials or (LEVEL_TRIALS if levels else full_replicates)
    found = calibrate(
        file,
        cells=cells_named(patterns) if patterns else every,
        replicates=asked,
        seed=seed,
        analyses=(VERDICT,) if levels else ANALYSES,
        workers=workers,
        block=LEVEL_BLOCK if levels else BLOCK,
        progress=progress,
    )
    rows = [row for row in table(found) if row.answer != NOT_MEASURED]
    if markdown is not None:
        markdown.parent.mkdir(parents=True, exist_ok=True)
        markdown.write_text(as_markdown(rows), encoding="utf-8")
    return as_text(rows) + _counted(rows)


def _counted(rows: Sequence[Row]) -> str:
    short = sum(r.is_short for r in rows)
    met = sum(r.answer == "met" for r in rows)
    return f"{met} targets met, {short} short, {len(rows) - met - short} figures without a target.\n"
