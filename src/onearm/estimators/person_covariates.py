"""Covariates given beside an analysis set, kept in step with its people when these are put in order."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onearm.cohort.analysis_set import AnalysisSet
from onearm.estimators.follow_up import in_person_order

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class PersonCovariates:
    """What is known of each person at the start of a day."""

    names: tuple[str, ...]
    values: Floats  # (persons, days, covariates); one day: the same on all

    def at(self, person: Ints, day: Ints) -> Floats:
        """Values of persons on days, shape (rows, covariates). Raises ValueError for a missing one."""
        days = self.values.shape[1]
        if days > 1 and len(day) and int(day.max()) >= days:
            raise ValueError(f"covariates end on day {days - 1}, day {int(day.max())} is needed: give more days")
        found: Floats = self.values[person, np.minimum(day, days - 1)]
        for name, column in zip(self.names, found.T, strict=True):
            missing = int(np.unique(person[~np.isfinite(column)]).size)
            if missing:
                raise ValueError(f"{name} is missing for {missing} persons: fill it, or drop the covariate or them")
        return found


def sorted_with(
    data: AnalysisSet, x: NDArray[Any] | None, names: tuple[str, ...] = ()
) -> tuple[AnalysisSet, PersonCovariates | None]:
    """`data` in person order, and the covariates `x` in the same order; None when there are none.

    `x` is aligned with `data.people`, shape (persons, covariates), or (persons, days, covariates) when they change
    with the day. Raises ValueError for shapes that do not fit.
    """
    if x is None:
        return in_person_order(data), None
    values = np.asarray(x, dtype=np.float64)
    values = values[:, None, :] if values.ndim == 2 else values
    if values.ndim != 3 or len(values) != data.people.height or (names and len(names) != values.shape[2]):
        raise ValueError(
            f"x of shape {np.shape(x)}, {len(names)} names: give {data.people.height} persons, a column per covariate"
        )
    ranked = data.people.with_row_index("row").sort("person", "source", maintain_order=True)
    names = names or tuple(f"covariate {k + 1}" for k in range(values.shape[2]))
    return in_person_order(data), PersonCovariates(names, values[ranked["row"].to_numpy()])
