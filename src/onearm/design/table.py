"""The table of a calibration: each figure with its Monte Carlo error, its target, and whether it is met."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from onearm.design.calibration_file import Calibration
from onearm.design.cells import Cell, cell_of
from onearm.design.metrics import Figure, Tallies, figure
from onearm.design.naive import NAIVE
from onearm.design.scenarios import SCENARIO
from onearm.design.tally import Count
from onearm.design.targets import PRIOR_WORLDS, TARGETS, WORDS_RIGHT, WORDS_TREATED, Target

MET, REPORTED, NOT_MEASURED = "met", "reported", "not measured"
HEADINGS = ("cell", "figure", "value", "error", "trials", "target", "answer")
WORDS_FROM = "verdict.level3"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of one cell. `value` None: not measured."""

    cell: str
    tally: str
    told: str
    value: float | None
    error: float | None  # Monte Carlo standard error; None where there is none
    trials: int
    target: str  # "at most 0.0544", or ""
    answer: str  # "met", "short by 0.012", "reported", "not measured"

    @property
    def is_short(self) -> bool:
        """Whether a target was missed."""
        return self.answer.startswith("short")

    def texts(self) -> tuple[str, ...]:
        """As printed, in the order of HEADINGS."""
        value = "" if self.value is None else f"{self.value:.4f}"
        error = "" if self.error is None else f"{self.error:.4f}"
        return (self.cell, self.told, value, error, str(self.trials), self.target, self.answer)


def table(found: Calibration, targets: Sequence[Target] = TARGETS) -> tuple[Row, ...]:
    """A row for each target and cell of the file it concerns, one where no cell has the figure; then words, naive."""
    pooled = {cell_of(id): found.pooled(id) for id in found.cells()}
    rows = [row for target in targets for row in _rows(target, pooled)]
    return (*rows, *_words(pooled), *_naive(pooled))


def _rows(target: Target, pooled: Mapping[Cell, Tallies]) -> Iterable[Row]:
    known = [
        _row(cell.id, target, seen)
        for cell, tallies in pooled.items()
        if target.concerns(cell) and (seen := figure(tallies, target.tally, target.kind))
    ]
    return known or [_row(", ".join(target.scenarios), target, None)]


def _row(cell: str, target: Target, seen: Figure | None) -> Row:
    side = "at least" if target.least else "at most"
    bound = "" if target.bound is None else f"{side} {target.bound:g}"
    if seen is None:
        return Row(cell, target.tally, target.told, None, None, 0, bound, NOT_MEASURED)
    missed = target.missed_by(seen.value)
    answer = REPORTED if target.bound is None else MET if missed == 0 else f"short by {missed:.4f}"
    error = None if math.isnan(seen.error) else seen.error
    return Row(cell, target.tally, target.told, seen.value, error, seen.n, bound, answer)


def _words(pooled: Mapping[Cell, Tallies]) -> Iterable[Row]:
    """Of the level-3 answers in a mixture of worlds, the share given where the cells do help."""
    told = "level 3 given where the cells help, of half the worlds without, 30 % with HR .65, 20 % with HR .4"
    target = Target(WORDS_FROM, told, tuple(s for s, _ in PRIOR_WORLDS), WORDS_RIGHT, least=True)
    sizes = {(c.population, c.n_similar) for c in pooled if c.n_treated == WORDS_TREATED}
    rows = []
    for population, n_similar in sorted(sizes):
        cells = [Cell(SCENARIO[s], population, WORDS_TREATED, n_similar) for s, _ in PRIOR_WORLDS]
        rates = [figure(pooled.get(c, {}), WORDS_FROM, "share") for c in cells]
        given = [w * r.value for (_, w), r in zip(PRIOR_WORLDS, rates, strict=True) if r is not None]
        if len(given) == len(PRIOR_WORLDS) and sum(given) > 0:
            fewest = min(r.n for r in rates if r is not None)
            right = Figure(1 - given[0] / sum(given), math.nan, fewest)
            rows.append(_row(f"S3 mixture/{population}/{WORDS_TREATED}/{n_similar}", target, right))
    return rows or [_row("S3 mixture", target, None)]


def _naive(pooled: Mapping[Cell, Tallies]) -> Iterable[Row]:
    """How often each naive analysis finds a benefit, beside ours."""
    for cell, tallies in pooled.items():
        for name, told in NAIVE.items():
            if isinstance(tallies.get(f"naive.{name}"), Count):
                target = Target(f"naive.{name}", told, (cell.scenario.id,))
                yield _row(cell.id, target, figure(tallies, f"naive.{name}", "share"))


def as_text(rows: Sequence[Row]) -> str:
    """Columns padded with blanks."""
    lines = [HEADINGS, *(r.texts() for r in rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(HEADINGS))]
    padded = ("  ".join(t.ljust(w) for t, w in zip(line, widths, strict=True)).rstrip() for line in lines)
    return "\n".join(padded) + "\n"


def as_markdown(rows: Sequence[Row]) -> str:
    """A table of a documentation page."""
    lines = [HEADINGS, ("---",) * len(HEADINGS), *(r.texts() for r in rows)]
    return "\n".join("| " + " | ".join(t.replace("|", "\\|") for t in line) + " |" for line in lines) + "\n"
