"""Many virtual trials at once, as whole days on the clock: what an AnalysisSet would say of each, and the truth.

The days are those of the records of `draw_multistate` (minutes cut, lock included), without making records.
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from onearm.design.cells import Cell
from onearm.design.virtual_arm import NEVER_DAY, Arm, Days, draw_arm, first_infused
from onearm.physiology.randomness import Floats, Key

HORIZON = 28
Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Trials as rows. Days are int16, NEVER_DAY where it never happens or is not known; shape (trials, persons)."""

    cell: Cell
    seed: int
    trial: NDArray[np.uint64]  # numbers, shape (trials,)
    patient: NDArray[np.int64]  # numbers of the persons
    start: Days  # Z
    spell: Days  # last day of the first spell of ventilation
    end: Days  # T
    event: NDArray[np.int8]  # e: 1 death, 2 left alive, 0 open
    potential: Days  # days from day zero to the data lock
    moribund: Days  # day on which a person who dies in the first spell is seen to be dying
    improved: Days  # day of the change of state, in worlds that have one
    measured: Floats  # W
    severity: Floats  # truth: U
    died: Days  # truth: as it happened, no lock
    untreated_died: Days  # truth: the same patient without the infusion
    treated: NDArray[np.int64]  # places of the treated in each row, in order of patient, -1 where there is none
    own: int  # so many first columns are of the source of the treated; the others are of another population

    @property
    def trials(self) -> int:
        """How many."""
        return len(self.trial)

    @property
    def has_treated(self) -> NDArray[np.bool_]:
        """Whether a column of `treated` holds somebody, shape (trials, most treated)."""
        return self.treated >= 0

    def of_treated(self, values: NDArray[Scalar]) -> NDArray[Scalar]:
        """`values`, shape (trials, persons), of the treated; whatever stands first where there is none."""
        return np.asarray(np.take_along_axis(values, np.maximum(self.treated, 0), axis=1), dtype=values.dtype)


def draw_batch(cell: Cell, *, seed: int, first: int, count: int) -> Batch:
    """Trials `first` to `first + count - 1` of a cell. Whatever is drawn beside a trial changes no bit of it."""
    key = Key.of_trials(seed, first, count)
    recording, similar = cell.scenario.recording, cell.similar
    if similar is None:
        arms = [draw_arm(cell.treated, recording, key, np.arange(cell.treated.patients))]
    else:
        numbers = similar.first_patient + np.arange(similar.patients)
        arms = [
            first_infused(cell.treated, recording, key, cell.n_treated),
            draw_arm(similar, recording, key, numbers),
        ]
    joined = Arm.joined(arms)
    return Batch(
        cell=cell,
        seed=seed,
        trial=np.arange(first, first + count, dtype=np.uint64),
        patient=joined.patient,
        start=joined.start,
        spell=joined.spell,
        end=joined.end,
        event=joined.event,
        potential=joined.potential,
        moribund=joined.moribund,
        improved=joined.improved,
        measured=joined.measured,
        severity=joined.severity,
        died=joined.died,
        untreated_died=joined.untreated_died,
        treated=treated_places(joined.start),
        own=arms[0].start.shape[1],
    )


def treated_places(start: Days) -> NDArray[np.int64]:
    """Columns with an index day in each row, padded with -1; shape (trials, most treated)."""
    given = start < NEVER_DAY
    most = int(given.sum(axis=1).max(initial=0))
    order = np.argsort(~given, axis=1, kind="stable")[:, :most]
    return np.where(np.take_along_axis(given, order, axis=1), order, -1)
