"""Cells of the calibration: a world, how many are treated, how many are similar, and where those come from."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Literal

from onearm.design.scenarios import SCENARIO, SCENARIOS, Scenario, plain_sha256
from onearm.design.treated_share import wait_for
from onearm.physiology.simple.settings import MultistateSettings

Population = Literal["separate", "same_cohort"]
POPULATIONS: tuple[Population, ...] = ("separate", "same_cohort")
TREATED = (13, 40)
SIMILAR = (150, 600)
#: number of the first similar patient of a separate population; another number is another person
FIRST_SIMILAR = 500_000


@dataclass(frozen=True, slots=True)
class Cell:
    """`separate`: the first n_treated infused of one population, n_similar never offered of another.

    `same_cohort`: n_treated + n_similar patients of one population, n_treated of them infused on average.
    """

    scenario: Scenario
    population: Population
    n_treated: int
    n_similar: int

    def __post_init__(self) -> None:
        if self.population == "same_cohort" and self.scenario.cohort is None:
            raise ValueError(f"{self.scenario.id} has no same_cohort run: its similar patients are an aggregate")
        if min(self.n_treated, self.n_similar) < 1:
            raise ValueError(f"n_treated {self.n_treated} and n_similar {self.n_similar} must be 1 or more")

    @property
    def id(self) -> str:
        """ "S0/separate/13/150"."""
        return f"{self.scenario.id}/{self.population}/{self.n_treated}/{self.n_similar}"

    @property
    def treated(self) -> MultistateSettings:
        """Settings of whoever may be treated; of everybody in `same_cohort`."""
        if self.population == "separate" or self.scenario.cohort is None:
            return self.scenario.treated
        return _cohort(self.scenario.cohort, self.n_treated, self.n_similar)

    @property
    def similar(self) -> MultistateSettings | None:
        """Settings of the separate population; None in `same_cohort`."""
        if self.population == "same_cohort":
            return None
        never = float("inf")
        settings = replace(self.scenario.similar, wait_days=never, first_patient=FIRST_SIMILAR)
        return replace(settings, patients=self.n_similar)

    def sha256(self) -> str:
        """SHA-256 over everything that decides what is drawn."""
        similar = self.similar
        return plain_sha256(
            {
                "treated": self.treated.sha256(),
                "similar": similar.sha256() if similar else None,
                "n": [self.n_treated, self.n_similar],
                "recording": asdict(self.scenario.recording),
            }
        )


@lru_cache(maxsize=256)
def _cohort(settings: MultistateSettings, n_treated: int, n_similar: int) -> MultistateSettings:
    everybody = n_treated + n_similar
    return replace(settings, patients=everybody, wait_days=wait_for(settings, n_treated / everybody))


def cells_of(
    scenarios: Iterable[Scenario] = SCENARIOS,
    *,
    populations: Iterable[Population] = POPULATIONS,
    n_treated: Iterable[int] = TREATED,
    n_similar: Iterable[int] = SIMILAR,
) -> tuple[Cell, ...]:
    """Every cell of these worlds, in order."""
    return tuple(
        Cell(s, p, t, c)
        for s in scenarios
        for p in populations
        if p == "separate" or s.cohort is not None
        for t in n_treated
        for c in n_similar
    )


def cell_of(id: str) -> Cell:
    """The cell of "S0/separate/13/150". Raises ValueError for another id."""
    try:
        scenario, name, n_treated, n_similar = id.split("/")
        (population,) = (p for p in POPULATIONS if p == name)
        return Cell(SCENARIO[scenario], population, int(n_treated), int(n_similar))
    except (KeyError, ValueError) as error:
        raise ValueError(f"{id} is no cell: give world/separate or same_cohort/treated/similar patients") from error


def cells_named(patterns: Iterable[str]) -> tuple[Cell, ...]:
    """Cells of the grid whose id, or world, matches one of the shell patterns ("S2.*", "S0/*/13/*"), in order.

    Raises ValueError for a pattern that matches none.
    """
    every, wanted = cells_of(), tuple(patterns)
    hits = {p: {c.id for c in every if fnmatchcase(c.id, p) or fnmatchcase(c.scenario.id, p)} for p in wanted}
    for pattern, found in hits.items():
        if not found:
            raise ValueError(f"{pattern} matches no cell; worlds are {', '.join(SCENARIO)}")
    return tuple(c for c in every if any(c.id in found for found in hits.values()))
