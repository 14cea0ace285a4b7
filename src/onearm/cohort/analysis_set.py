"""Who counts, from when, as columns: the only thing an estimator sees."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.results.attrition import AttritionRow

#: `start_day` of a patient never treated in follow-up: later than any day.
NEVER = 2**30

PEOPLE = {
    "person": pl.String,
    "source": pl.String,
    "centre": pl.String,
    "zero_date": pl.Date,  # calendar date of day zero; null when the source has none
    "start_day": pl.Int32,  # Z, day of the index treatment; NEVER when there is none
    "spell_days": pl.Int32,  # T of the first spell in the state that starts the clock; NEVER when it has not ended
    "end_day": pl.Int32,  # T
    "event": pl.Int8,  # e: 1 death, 2 competing (left alive), 0 open
    "potential_days": pl.Int32,  # days from day zero to the data lock, whatever happened; NEVER when unknown
}
SETS = {
    "set_id": pl.Int32,  # 0.. in order of the treated person's id
    "treated": pl.Int32,  # row of `people`
    "control": pl.Int32,  # row of `people`; null in a set without controls
}


@dataclass(frozen=True, slots=True, eq=False)
class AnalysisSet:
    """One row per person in `people` (columns `PEOPLE`), one row per treated-control pair in `sets` (columns `SETS`).

    Days are whole and count from day zero. A person is at risk on day d when `end_day` >= d, so events on a day
    precede censoring on it and events on day 0 count. Index day Z: at risk at the start of Z, events on Z..Z+h.
    Everything is unsorted on purpose: an estimator must not rely on row order.
    """

    people: pl.DataFrame
    sets: pl.DataFrame
    horizon: int  # H, days after the index day
    same_day: str  # "index": controls there at the start of Z; "after": at the start of Z+1
    protocol_sha256: str
    attrition: tuple[AttritionRow, ...] = ()
    states: NDArray[np.int8] | None = None  # `DayState` at the start of days 0.., shape (persons, days)
    covariates: tuple[str, ...] = ()
    x: NDArray[np.float32] | None = None  # as known at the start of each day, (persons, days, covariates); NaN: unknown

    def column(self, name: str) -> NDArray[np.int64]:
        """A whole-number column of `people`, shape (persons,)."""
        return self.people[name].to_numpy().astype(np.int64)

    @property
    def treated(self) -> NDArray[np.int64]:
        """Rows of `people` with an index day, in row order."""
        return np.flatnonzero(self.column("start_day") < NEVER)

    @property
    def gives_untreated_days(self) -> NDArray[np.bool_]:
        """Persons of a source in which somebody stayed untreated, shape (persons,); see `stays_untreated`."""
        return stays_untreated(self.people["source"], self.column("start_day"))

    def follow_up_horizon(self) -> NDArray[np.int64]:
        """h of each person, were they indexed on `start_day`: min(H, potential - Z); shape (persons,)."""
        return np.minimum(
            self.horizon, self.column("potential_days") - np.minimum(self.column("start_day"), NEVER // 2)
        )

    def blinded(self) -> "AnalysisSet":
        """The same set without outcomes: `end_day`, `event` and `states` are gone."""
        return replace(self, people=self.people.drop("end_day", "event"), states=None)


def stays_untreated(source: pl.Series, start_day: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each person's source holds anybody never treated.

    Where everybody was treated, all are known to have lived until then: their days before treatment hold no death and
    are no sign of what happens untreated (docs/decisions/012).
    """
    known = pl.DataFrame({"source": source, "never": start_day == NEVER})
    return known.select(pl.col("never").any().over("source")).to_series().to_numpy()
