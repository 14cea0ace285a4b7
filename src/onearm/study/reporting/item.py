"""A reporting item: what is asked, and the cell that a run gives for it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from onearm.protocol.inputs import StudyInputs
from onearm.protocol.study import Protocol
from onearm.results.estimate import Estimate
from onearm.results.reporting import ReportingRow, RowStatus
from onearm.results.study_result import Flag, Gate, StudyResult

Both = tuple[str, str]  # English, Spanish


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Everything a cell may be filled from: what was read, and what came of it."""

    inputs: StudyInputs
    result: StudyResult

    @property
    def protocol(self) -> Protocol:
        """The study file."""
        return self.inputs.protocol

    @property
    def analysed(self) -> bool:
        """Own records; False: a publication."""
        return self.result.command == "analyse"

    @property
    def cells(self) -> bool:
        """Whether the treatment is a cell product."""
        return self.protocol.strategies.kind == "infusions"

    def figure(self, id: str) -> Estimate | None:
        """The estimate of that id if it has a value."""
        return next((e for e in self.result.estimates if e.id == id and e.value is not None), None)

    def gate(self, id: str) -> Gate:
        """A condition of the rule table."""
        return next(g for g in self.result.gates if g.id == id)

    def flag(self, id: str) -> Flag:
        """A weakness of the rule table, raised or not."""
        return next(f for f in self.result.flags if f.id == id)


@dataclass(frozen=True, slots=True)
class Cell:
    """Value of one item in both languages, where it comes from, and whether it is filled."""

    en: str
    es: str
    provenance: tuple[str, ...]
    status: RowStatus = RowStatus.FILLED

    @property
    def is_filled(self) -> bool:
        """Neither missing nor not applicable."""
        return self.status is RowStatus.FILLED


def filled(said: Both, *provenance: str) -> Cell:
    """A cell with its value."""
    return Cell(*said, provenance)


def missing(said: Both, *provenance: str) -> Cell:
    """A cell that says what is not known, and where it would stand."""
    return Cell(*said, provenance, RowStatus.MISSING)


def not_applicable(said: Both, *provenance: str) -> Cell:
    """A cell that says why nothing is asked here."""
    return Cell(*said, provenance, RowStatus.NOT_APPLICABLE)


def together(*cells: Cell) -> Cell:
    """One cell of the filled ones; of all of them where none is filled, with the status of the first."""
    kept = [c for c in cells if c.is_filled] or list(cells)
    sources = tuple(dict.fromkeys(p for c in kept for p in c.provenance))
    text, text_es = "; ".join(c.en for c in kept), "; ".join(c.es for c in kept)
    return replace(kept[0], en=text, es=text_es, provenance=sources)


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a checklist in our own words, and what fills it."""

    id: str
    text: str
    text_es: str
    fill: Callable[[Run], Cell]


def rows_of(checklist: str, items: Sequence[Item], run: Run) -> tuple[ReportingRow, ...]:
    """Every item of a checklist, filled from the run, in order."""
    return tuple(_row(checklist, item, item.fill(run)) for item in items)


def _row(checklist: str, item: Item, cell: Cell) -> ReportingRow:
    return ReportingRow(item.id, checklist, item.text, item.text_es, cell.en, cell.es, cell.provenance, cell.status)
