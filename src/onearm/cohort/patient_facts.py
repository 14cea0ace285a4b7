"""What is known of each patient at the start of a day: bounds of numbers and dates, words, episodes going on.

Nothing after the start of the day is looked at. A number is a pair of bounds: equal for an exact value, apart for an
age band, a month, or a value beyond an assay limit; NaN when nothing is known.
"""

from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.cohort.day_zero import days_since_zero, is_by_date
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
        self._rows = course.people.select("zero", "zero_precision", subject_id="person").with_row_index("row")
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
        """Whether an episode of that kind touched the `window_days` before the start of `day`; null when not known.

        A source of ours records every kind; another one only those that occur in it. An episode without an end that is
        not ongoing has an end that is not known.
        """
        episodes = self._records["episodes"].filter(pl.col("kind") == kind)
        joined = episodes.join(self._rows, on="subject_id")
        precision = pl.col("started_at_precision").cast(pl.String)
        starts = days_since_zero("started_at", precision)
        ends = days_since_zero("ended_at", pl.col("ended_at_precision").cast(pl.String))
        at_zero = (starts <= 0) & (is_by_date(precision) | (pl.col("started_at") <= pl.col("zero")))
        begun = (starts < day) | (at_zero & (day == 0))
        unknown_end = pl.col("ended_at").is_null() & ~pl.col("ongoing")
        first = day - window_days
        surely = begun & (pl.col("ongoing") | (starts >= first) | (ends >= first).fill_null(False))
        touched, perhaps = (self._anybody(joined.filter(rows)) for rows in (surely, begun & unknown_end))
        recorded = self._subjects["source_kind"].is_in(_OWN).to_numpy() | bool(episodes.height)
        return pl.Series(touched).set(pl.Series(~recorded | (perhaps & ~touched)), None)

    def _anybody(self, rows: pl.DataFrame) -> NDArray[np.bool_]:
        """Whose rows these are, shape (persons,)."""
        found = np.zeros(self.persons, dtype=np.bool_)
        found[rows["row"].to_numpy()] = True
        return found

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
        """Date of `day` as its ordinal.

        Shifted dates that agree with the month of arrival are perturbed by days and are taken as they are; where they
        do not, or there are no dates, the month of arrival and the days waited since are what is known.
        """
        subjects = self._subjects
        date = self._floats(subjects["zero"].dt.date().to_physical()) + _EPOCH + day
        month = subjects["calendar_month"].str.to_date("%Y-%m", strict=False)
        arrived = subjects.select(pl.min_horizontal("hospital_at", "icu_at").dt.date()).to_series()
        waited = self._floats((subjects["zero"].dt.date() - arrived).dt.total_days().fill_null(0).clip(0))
        first, last = (self._floats(d.to_physical()) + _EPOCH + waited + day for d in (month, month.dt.month_end()))
        perturbed = (subjects["basis"] == "shifted") & (arrived.dt.strftime("%Y-%m") == subjects["calendar_month"])
        known = ((subjects["basis"] == "calendar") | perturbed.fill_null(False)).to_numpy()
        return np.where(known, date, first), np.where(known, date, last)

    def _marker(self, name: str, day: int, window_days: int) -> Bounds:
        """The latest value known at the start of `day`, at most `window_days` old."""
        if name not in self._markers:
            self._markers[name] = self._samples(name)
        row, since, by_date, low, high = self._markers[name]
        known = np.where(by_date, (since < day) | ((day == 0) & (since <= 0)), since <= day)
        used = np.flatnonzero(known & (since >= day - window_days))
        latest = np.full(self.persons, -1)
        np.maximum.at(latest, row[used], used)  # samples are in order of time
        there = latest >= 0
        lower, upper = np.full((2, self.persons), np.nan)
        lower[there], upper[there] = low[latest[there]], high[latest[there]]
        return lower, upper

    def _samples(self, name: str) -> tuple[NDArray[np.int64], Floats, NDArray[np.bool_], Floats, Floats]:
        """Row, days since day zero, whether known to the day only, and bounds of every value, in order of time.

        A value known to the month only says nothing of a day and is left out.
        """
        precision = pl.col("collected_at_precision").cast(pl.String)
        usable = pl.col("value").is_not_null() & (precision != Precision.MONTH.value)
        samples = self._records["measurements"].filter((pl.col("marker") == name) & usable)
        joined = samples.join(self._rows, on="subject_id").sort("collected_at", "replicate", "measurement_id")
        by_date = is_by_date(precision)
        exact = (pl.col("collected_at") - pl.col("zero")).dt.total_milliseconds() / _DAY_MS
        timed = joined.select(
            "row",
            by_date=by_date,
            since=pl.when(by_date).then(days_since_zero("collected_at", precision)).otherwise(exact),
        )
        value, sign = self._floats(joined["value"]), joined["comparator"].cast(pl.String).to_numpy()
        low = np.select([sign == "<", sign == "<=", sign == ">"], [0.0, 0.0, np.nextafter(value, np.inf)], value)
        high = np.select([sign == ">", sign == ">=", sign == "<"], [np.inf, np.inf, np.nextafter(value, 0.0)], value)
        row, known_by_date = timed["row"].to_numpy().astype(np.int64), timed["by_date"].to_numpy()
        return row, self._floats(timed["since"]), known_by_date, low, high


_EPOCH = 719_163  # ordinal of 1970-01-01
