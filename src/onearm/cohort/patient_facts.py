"""What is known of each patient at the start of a day: bounds of numbers and dates, words, episodes going on.

Nothing after the start of the day is looked at. A number is a pair of bounds: equal for an exact value, apart for an
age band, a month, or a value beyond an assay limit; NaN when nothing is known.
"""

from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.cohort.day_zero import days_since_zero
from onearm.cohort.follow_up import FollowUp
from onearm.protocol.eligibility import FAILING_SOFA_PART
from onearm.records import Records
from onearm.vocabulary.clock import Precision
from onearm.vocabulary.scales import SOFA_PARTS

Floats = NDArray[np.float64]
Bounds = tuple[Floats, Floats]  # lower and upper, both of shape (persons,)
_OWN = ("own_study", "concurrent_untreated", "virtual")
_DAY_MS = 86_400_000


class PatientFacts:
    """Facts of the patients of one source, in the row order of `course.people`."""

    def __init__(self, records: Records, course: FollowUp) -> None:
        self._records = records
        self._course = course
        self._rows = course.people.select("zero", subject_id="person").with_row_index("row")
        self._markers: dict[str, tuple[NDArray[np.int64], Floats, NDArray[np.bool_], Floats, Floats]] = {}

    @property
    def persons(self) -> int:
        """How many patients there are."""
        return self._course.people.height

    @cached_property
    def _subjects(self) -> pl.DataFrame:
        """Rows of `subjects` in the order of the people, and the kind and time basis of their source."""
        sources = self._records["sources"].select(
            "source_id", source_kind=pl.col("kind").cast(pl.String), basis=pl.col("time_basis").cast(pl.String)
        )
        joined = self._rows.join(self._records["subjects"], on="subject_id", how="left", maintain_order="left")
        return joined.join(sources, on="source_id", how="left", maintain_order="left")

    def number(self, name: str, day: int, window_days: int = 1) -> Bounds:
        """Bounds of age, day, apache2, organ_failures, calendar (ordinal) or a marker, as known on `day`."""
        if name == "age":
            return self._age()
        if name == "day":
            return self._same(np.full(self.persons, float(day)))
        if name == "apache2":
            return self._same(self._floats(self._subjects["apache2"]))
        if name == "organ_failures":
            parts = [self._marker(part, day, window_days)[0] for part in SOFA_PARTS]
            known = np.all([np.isfinite(p) for p in parts], axis=0)
            failing = np.sum([p >= FAILING_SOFA_PART for p in parts], axis=0, dtype=np.float64)
            return self._same(np.where(known, failing, np.nan))
        return self._calendar(day) if name == "calendar" else self._marker(name, day, window_days)

    def word(self, name: str) -> pl.Series:
        """sex, site, region or a comorbidity of each person; null when it is not known."""
        told = self._subjects["site_id" if name == "site" else name].cast(pl.String)
        return told.set(told == "unknown", None)

    def going_on(self, kind: str, day: int, window_days: int = 1) -> pl.Series:
        """Whether an episode of that kind touched the `window_days` before the start of `day`; null when not recorded.

        A source of ours records every kind; another one only those that occur in it.
        """
        episodes = self._records["episodes"].filter(pl.col("kind") == kind)
        there = self._rows.with_columns(zero_precision=self._zero_precision)
        joined = episodes.join(there, on="subject_id")
        starts = days_since_zero("started_at", pl.col("started_at_precision").cast(pl.String))
        ends = days_since_zero("ended_at", pl.col("ended_at_precision").cast(pl.String))
        begun = (starts < day) | ((starts <= 0) & (day == 0))
        touched = joined.filter(begun & (pl.col("ended_at").is_null() | (ends >= day - window_days)))
        found = np.zeros(self.persons, dtype=np.bool_)
        found[touched["row"].to_numpy()] = True
        recorded = self._subjects["source_kind"].is_in(_OWN) | bool(episodes.height)
        return pl.Series(found).set(~recorded, None)

    @cached_property
    def _zero_precision(self) -> pl.Series:
        noon = self._rows["zero"].dt.truncate("1d").dt.offset_by("12h") == self._rows["zero"]
        return noon.replace_strict({True: Precision.DAY.value, False: Precision.MINUTE.value}, return_dtype=pl.String)

    @staticmethod
    def _floats(column: pl.Series) -> Floats:
        return np.asarray(column.cast(pl.Float64).fill_null(np.nan).to_numpy(), dtype=np.float64)

    @staticmethod
    def _same(values: Floats) -> Bounds:
        return values, values

    def _age(self) -> Bounds:
        years, low, high = (self._floats(self._subjects[c]) for c in ("age_years", "age_low", "age_high"))
        lower = np.where(np.isfinite(years), years, np.where(np.isfinite(low), low, 0.0))
        top = np.where(np.isfinite(high), np.nextafter(high, 0.0), np.inf)  # age < age_high
        return lower, np.where(np.isfinite(years), years, top)

    def _calendar(self, day: int) -> Bounds:
        subjects = self._subjects
        dated = subjects["basis"].is_in(["calendar", "shifted"])
        date = self._floats(subjects["zero"].dt.date().to_physical()) + _EPOCH + day
        month = subjects["calendar_month"].str.to_date("%Y-%m", strict=False)
        first = self._floats(month.to_physical()) + _EPOCH + day
        last = self._floats(month.dt.month_end().to_physical()) + _EPOCH + day
        known = dated.to_numpy()
        return np.where(known, date, first), np.where(known, date, last)

    def _marker(self, name: str, day: int, window_days: int) -> Bounds:
        """The latest value known at the start of `day`, at most `window_days` old."""
        if name not in self._markers:
            self._markers[name] = self._samples(name)
        row, since, by_date, low, high = self._markers[name]
        known = np.where(by_date, (since < day) | ((day == 0) & (since <= 0)), since <= day)
        used = np.flatnonzero(known & (since >= day - window_days))
        lower, upper = np.full((2, self.persons), np.nan)
        lower[row[used]], upper[row[used]] = low[used], high[used]  # samples are in order of time: the last one stays
        return lower, upper

    def _samples(self, name: str) -> tuple[NDArray[np.int64], Floats, NDArray[np.bool_], Floats, Floats]:
        """Row, days since day zero, whether known to the day only, and bounds of every value, in order of time."""
        samples = self._records["measurements"].filter((pl.col("marker") == name) & pl.col("value").is_not_null())
        joined = samples.join(self._rows, on="subject_id").sort("collected_at", "replicate")
        since = joined.select((pl.col("collected_at") - pl.col("zero")).dt.total_milliseconds() / _DAY_MS).to_series()
        value, sign = self._floats(joined["value"]), joined["comparator"].cast(pl.String)
        below, above = sign.is_in(["<", "<="]).to_numpy(), sign.is_in([">", ">="]).to_numpy()
        by_date = (joined["collected_at_precision"] != Precision.MINUTE.value).to_numpy()
        low, high = np.where(below, 0.0, value), np.where(above, np.inf, value)
        return joined["row"].to_numpy().astype(np.int64), self._floats(since), by_date, low, high


_EPOCH = 719_163  # ordinal of 1970-01-01
