"""The exact test with one patient, lot, donor, centre or source of similar cases left out at a time.

Who is left out is gone from both sides: as treated, and as a control of the others until the day of treatment. Sets
are not formed again, so only who is there changes. A source of similar cases takes its untreated with it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.cohort.analysis_set import NEVER, AnalysisSet
from onearm.cohort.lots_given import Origins
from onearm.estimators.follow_up import set_pairs, treated_follow_up
from onearm.estimators.risk_set_test import tails

Ints = NDArray[np.int64]
KINDS = ("patient", "lot", "donor", "centre", "source")


@dataclass(frozen=True, slots=True)
class LeaveOneOut:
    """One-sided p for benefit without each part in turn, in order of name; open treated count as dead."""

    kind: str  # of KINDS
    without: tuple[str, ...]
    p: tuple[float, ...]
    untestable: tuple[str, ...] = ()  # parts without which no treated patient has a control

    @property
    def lowest(self) -> tuple[str, float]:
        """The part whose absence speaks most for the treatment, and the p without it; first by name among equals."""
        return min(zip(self.without, self.p, strict=True), key=lambda part: part[1])

    @property
    def highest(self) -> tuple[str, float]:
        """The part on which a low p leans most, and the p without it; first by name among equals."""
        return max(zip(self.without, self.p, strict=True), key=lambda part: part[1])


@dataclass(frozen=True, slots=True, eq=False)
class _Sets:
    """Counts of every set, and how many of its controls, and of their deaths, each part holds."""

    died: NDArray[np.bool_]  # of the treated, the open counted dead; shape (sets,)
    controls: Ints  # of each set
    deaths: Ints  # among them
    which: Ints  # set of each pair
    control: Ints  # row of `people` of each pair
    dead: NDArray[np.bool_]  # of each pair

    def held(self, label: Ints, parts: int) -> tuple[Ints, Ints]:
        """Controls and deaths among them, shape (sets, parts); `label` per person, `parts` where it is in none."""
        cell = self.which * (parts + 1) + label[self.control]
        size = len(self.died) * (parts + 1)
        counts = (np.bincount(c, minlength=size).reshape(-1, parts + 1)[:, :parts] for c in (cell, cell[self.dead]))
        controls, deaths = counts
        return controls, deaths

    def p_without(self, controls: Ints, deaths: Ints, gone: NDArray[np.bool_]) -> float | None:
        """p when each set loses so many controls and deaths, shape (sets,), and the sets `gone` altogether."""
        left, dead = self.controls - controls, self.deaths - deaths
        stays = ~gone & (left > 0)
        if not stays.any():
            return None
        died = self.died[stays]
        return float(tails((dead[stays] + died) / (left[stays] + 1), int(died.sum()))[0])


def leave_one_out(data: AnalysisSet, origins: Origins) -> tuple[LeaveOneOut, ...]:
    """One result per kind that can be left out: two parts or more, and not the same parts as another kind.

    Empty when the sets are misaligned, as in `risk_set_test`.
    """
    treated = treated_follow_up(data)
    pairs = set_pairs(data, treated)
    if pairs.misaligned:
        return ()
    end, event = (data.column(name)[pairs.control] for name in ("end_day", "event"))
    dead = np.asarray((event == 1) & (end <= (treated.start + treated.horizon)[pairs.which]), dtype=np.bool_)
    controls, deaths = (np.bincount(w, minlength=len(treated.row)) for w in (pairs.which, pairs.which[dead]))
    sets = _Sets(treated.died | treated.lost, controls, deaths, pairs.which, pairs.control, dead)
    found = (
        _by_patient("patient", sets, treated.row, data, {p: frozenset([p]) for p in treated.person}),
        *(_by_patient(kind, sets, treated.row, data, names) for kind, names in _telling(origins).items()),
        _by_place("centre", sets, treated.row, _centres(data)),
        _by_place("source", sets, treated.row, data.people["source"], data.column("start_day") == NEVER),
    )
    return tuple(one for one in found if one is not None)


def _centres(data: AnalysisSet) -> pl.Series:
    """Name of each person's centre, with that of the source where there are several."""
    centre, source = data.people["centre"], data.people["source"]
    return centre if source.n_unique() < 2 else source + " " + centre


def _telling(origins: Origins) -> Origins:
    """Kinds that add something: not each patient a lot of their own, nor each donor the donor of one lot."""
    told: dict[str, Mapping[str, frozenset[str]]] = {}
    for kind, names in origins.items():
        same = any(set(names.values()) == set(other.values()) for other in told.values())
        if not same and any(len(patients) > 1 for patients in names.values()):
            told[kind] = names
    return told


def _by_patient(
    kind: str, sets: _Sets, rows: Ints, data: AnalysisSet, names: Mapping[str, frozenset[str]]
) -> LeaveOneOut | None:
    """Parts made of treated patients; one patient may be in several."""
    person = data.people["person"].to_list()
    size = len(rows)
    label = np.full(len(person), size)
    label[rows] = np.arange(size)
    controls, deaths = sets.held(label, size)
    parts = {name: np.array([person[r] in patients for r in rows]) for name, patients in sorted(names.items())}
    parts = {name: members for name, members in parts.items() if members.any()}
    return _told(kind, ((n, sets.p_without(controls @ g, deaths @ g, g)) for n, g in parts.items()), len(parts))


def _by_place(
    kind: str, sets: _Sets, rows: Ints, place: pl.Series, who: NDArray[np.bool_] | None = None
) -> LeaveOneOut | None:
    """Parts made of everybody at a place, or of those of them in `who`; `place` has an entry per person."""
    names = place.unique().sort()
    label = place.rank("dense").to_numpy().astype(np.int64) - 1
    if who is not None:
        label = np.where(who, label, len(names))
    controls, deaths = sets.held(label, len(names))
    found = ((name, sets.p_without(controls[:, k], deaths[:, k], label[rows] == k)) for k, name in enumerate(names))
    return _told(kind, found, len(names))


def _told(kind: str, found: Iterator[tuple[str, float | None]], parts: int) -> LeaveOneOut | None:
    if parts < 2:
        return None
    pairs = list(found)
    tested = [(name, p) for name, p in pairs if p is not None]
    if not tested:
        return None
    without, p = zip(*tested, strict=True)
    return LeaveOneOut(kind, without, p, tuple(name for name, value in pairs if value is None))
