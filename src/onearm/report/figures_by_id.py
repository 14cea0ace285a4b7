"""Estimates of a result by their id: the page looks up, a missing one is None and never an error."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from onearm.results.estimate import Estimate
from onearm.results.study_result import StudyResult


@dataclass(frozen=True, slots=True)
class FiguresById:
    """All estimates of one result."""

    all: dict[str, Estimate] = field(default_factory=dict)

    def get(self, id: str) -> Estimate | None:
        """The estimate of that id, also a refused one."""
        return self.all.get(id)

    def value(self, id: str) -> float | None:
        """Its value; None where it is missing or refused."""
        found = self.all.get(id)
        return None if found is None else found.value

    def under(self, prefix: str) -> Iterator[Estimate]:
        """Estimates whose id begins so, in the order of the result."""
        return (e for id, e in self.all.items() if id.startswith(prefix))


def figures_of(result: StudyResult) -> FiguresById:
    """The estimates of a result."""
    return FiguresById({e.id: e for e in result.estimates})
