"""Treated patients from their index day on, in one order whatever the order of rows."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.cohort.analysis_set import AnalysisSet

Days = NDArray[np.int64]

NO_TREATED = "Nobody has an index day: check `[strategies] treat` and the records of the treatment."


@dataclass(frozen=True, slots=True, eq=False)
class TreatedFollowUp:
    """One entry per treated patient, sorted by person; all arrays have shape (n_t,)."""

    row: Days  # row of `people`
    person: tuple[str, ...]
    start: Days  # Z
    end: Days  # T, from day zero
    event: Days  # e: 1 death, 2 left alive, 0 open
    horizon: Days  # h_i = min(H, potential - Z)

    @property
    def died(self) -> NDArray[np.bool_]:
        """Death on Z..Z+h."""
        return np.asarray((self.event == 1) & (self.end <= self.start + self.horizon), dtype=np.bool_)

    @property
    def lost(self) -> NDArray[np.bool_]:
        """Open before Z+h: e = 0 and T < Z + h."""
        return np.asarray((self.event == 0) & (self.end < self.start + self.horizon), dtype=np.bool_)

    @property
    def misaligned(self) -> tuple[str, ...]:
        """Persons whose index day lies after their last day or after the data lock."""
        wrong = (self.end < self.start) | (self.horizon < 0)
        return tuple(p for p, bad in zip(self.person, wrong, strict=True) if bad)


@dataclass(frozen=True, slots=True, eq=False)
class SetPairs:
    """One entry per treated-control pair at risk, all arrays of shape (pairs,)."""

    which: Days  # index into TreatedFollowUp
    control: Days  # row of `people`
    row: Days  # of `sets`, counting only rows with a control
    misaligned: tuple[str, ...]  # treated patients with an impossible index day, or a control already gone or treated


def set_pairs(data: AnalysisSet, treated: TreatedFollowUp) -> SetPairs:
    """Pairs of `data.sets`; with `same_day="after"` a control whose last day is Z_i is not in the set."""
    pairs = data.sets.drop_nulls("control")
    index, control = (pairs[side].to_numpy().astype(np.int64) for side in ("treated", "control"))
    place = np.full(data.people.height, -1)
    place[treated.row] = np.arange(len(treated.row))
    which = place[index]
    zero = data.column("start_day")[index]
    end, start = data.column("end_day")[control], data.column("start_day")[control]
    wrong = (which < 0) | (end < zero) | (start <= zero)
    names = set(data.people["person"].gather(np.unique(index[wrong])).to_list()) | set(treated.misaligned)
    there = ~wrong & (end >= zero + (data.same_day == "after"))
    return SetPairs(which[there], control[there], np.flatnonzero(there), tuple(sorted(names)))


def treated_follow_up(data: AnalysisSet) -> TreatedFollowUp:
    """Follow-up of the treated patients of `data`."""
    row = data.treated
    names = data.people["person"].gather(row).to_list()
    order = sorted(range(len(row)), key=lambda k: (names[k], int(row[k])))
    row = row[order] if len(row) else row
    start, end, event = (data.column(name)[row] for name in ("start_day", "end_day", "event"))
    return TreatedFollowUp(row, tuple(names[k] for k in order), start, end, event, data.follow_up_horizon()[row])


def misaligned_remedy(persons: tuple[str, ...]) -> str:
    """What to do when days contradict each other."""
    return (
        f"Index day outside the follow-up, or a control already gone or treated by then: {', '.join(persons)}. "
        "Correct the treatment day, the end of follow-up, the lock or the sets."
    )


def in_person_order(data: AnalysisSet) -> AnalysisSet:
    """The same set with `people` sorted by person and `sets` by treated and control: sums no longer depend on order."""
    people = data.people.with_row_index("row").sort("person", "source", maintain_order=True)
    place = np.empty(data.people.height, dtype=np.int32)
    place[people["row"].to_numpy()] = np.arange(data.people.height, dtype=np.int32)
    rank = pl.DataFrame({"row": np.arange(len(place), dtype=np.int32), "place": place})
    sets = data.sets
    for side in ("treated", "control"):
        sets = sets.join(rank, left_on=side, right_on="row", how="left").drop(side).rename({"place": side})
    row = people["row"].to_numpy()
    states, x = (None if a is None else a[row] for a in (data.states, data.x))
    sets = sets.sort("treated", "control").select(data.sets.columns)
    return replace(data, people=people.drop("row"), sets=sets, states=states, x=x)
