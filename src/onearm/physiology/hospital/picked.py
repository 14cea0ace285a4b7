"""A scenario that shows one trial picked among many, and says so: which, of how many, for what."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from onearm.physiology.hospital.draw import draw_records
from onearm.physiology.hospital.world import World
from onearm.physiology.purpose import Purpose
from onearm.protocol.study import Protocol
from onearm.records import Records
from onearm.results.problems import Problem, StudyProblems


@dataclass(frozen=True, slots=True)
class Picked:
    """The first of the seeded trials whose treated ended so by the lock, and how many of those drawn did."""

    seed: int
    trial: int  # counted from 0
    drawn: int
    alike: int
    treated: int
    dead: int
    off_ventilator: int  # alive
    ventilated: int

    @property
    def sentence(self) -> str:
        """What a page must say of it."""
        return (
            f"Picked, not typical: of {self.drawn} trials drawn with seed {self.seed}, {self.alike} ended with "
            f"{self.dead} of {self.treated} treated dead, {self.off_ventilator} off the ventilator and "
            f"{self.ventilated} still on it, as was published of the 13 of BALMYS-19; this is the first, number "
            f"{self.trial + 1}. The cells do nothing in any of them."
        )


def read_picked(path: Path) -> Picked | None:
    """The table `[picked]` of a `world.toml`; None when there is none. Raises StudyProblems for one that is unfit."""
    told = tomllib.loads(path.read_text(encoding="utf-8")).get("picked")
    if told is None:
        return None
    names = list(Picked.__slots__)
    wrong = [name for name in names if type(told.get(name)) is not int] + [name for name in told if name not in names]
    if wrong:
        remedy = f"Whole numbers are needed for {', '.join(names)}, and nothing else."
        raise StudyProblems(
            [Problem(path.name, f"[picked] {', '.join(wrong)}: missing, unknown or no number.", remedy)]
        )
    return Picked(**told)


def _ends_of_treated(records: Records) -> tuple[int, int, int, int]:
    """Treated, dead, alive off the ventilator, still on it, as known at the lock."""
    treated = records["infusions"].select("subject_id").unique()
    outcomes, episodes = (records[name].join(treated, on="subject_id", how="semi") for name in ("outcomes", "episodes"))
    dead = outcomes.filter(pl.col("kind") == "died")["subject_id"].n_unique()
    on = episodes.filter((pl.col("kind") == "invasive_ventilation") & pl.col("ongoing"))["subject_id"].n_unique()
    return treated.height, dead, treated.height - dead - on, on


def alike(
    world: World,
    wanted: tuple[int, int, int, int],
    *,
    seed: int,
    trials: int,
    threads: int,
    protocol: Protocol | None = None,
) -> Iterator[int]:
    """Trials among the first `trials` whose treated ended as `wanted`: treated, dead, off the ventilator, on it."""
    for trial in range(trials):
        records = draw_records(
            world, seed=seed, trial=trial, purpose=Purpose.TEACHING, threads=threads, protocol=protocol
        )
        if _ends_of_treated(records) == wanted:
            yield trial
