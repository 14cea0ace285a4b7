"""ReportedSeries: what a publication says of a treated group, every value with its status and source."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class ReadingStatus(StrEnum):
    """How a value was obtained."""

    VERIFIED = "verified"  # read in the abstract, table, register or article named
    VERIFIED_PERCENT = "verified_percent"  # only the percentage was read
    DERIVED = "derived"  # arithmetic from other values
    STATED = "stated"  # from a description, not read in the paper
    UNKNOWN = "unknown"  # not read anywhere


@dataclass(frozen=True, slots=True)
class Reported:
    """One reported value. `value` is None exactly when it was not reported."""

    value: bool | int | float | str | None = None
    unit: str = ""
    status: ReadingStatus = ReadingStatus.UNKNOWN
    source: str = ""
    note: str = ""

    def number(self) -> float | None:
        """The value as a number, None when it is not one."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            return None
        return float(self.value)


NOT_REPORTED = Reported()

#: Keys of `reported.toml` that are counts of patients and must be whole.
COUNTS = ("n", "dead", "open", "extubated", "ever_extubated", "improved")


@dataclass(frozen=True, slots=True)
class Quartiles:
    """A reported time in whole or fractional days: median, and quartiles or the width between them."""

    median: float
    q1: float | None = None
    q3: float | None = None
    iqr_width: float | None = None


@dataclass(frozen=True, slots=True)
class ReportedSeries:
    """Tables of `reported.toml`. A key that is absent was not reported."""

    study: Mapping[str, str]
    treated: Mapping[str, Reported]
    time: Mapping[str, Reported] = field(default_factory=dict)
    safety: Mapping[str, Reported] = field(default_factory=dict)
    product: Mapping[str, Reported] = field(default_factory=dict)
    doses: Mapping[str, Reported] = field(default_factory=dict)
    markers: Mapping[str, Reported] = field(default_factory=dict)
    claim: Mapping[str, Reported] = field(default_factory=dict)

    def count(self, key: str) -> int | None:
        """A count of `[treated]`, None when it was not reported."""
        value = self.treated.get(key, NOT_REPORTED).number()
        return None if value is None else int(value)

    def quartiles(self, name: str) -> Quartiles | None:
        """`first_dose_after_ventilation` or `follow_up_after_first_dose`; None without a median."""

        def read(suffix: str) -> float | None:
            return self.time.get(f"{name}_{suffix}", NOT_REPORTED).number()

        median = read("median")
        if median is None:
            return None
        q1, q3, width = read("q1"), read("q3"), read("iqr_width")
        if width is None and q1 is not None and q3 is not None:
            width = q3 - q1
        return Quartiles(median, q1, q3, width)

    def infusions(self) -> int | None:
        """Infusions given: as reported, else the sum over patients by number of doses, else None."""
        total = self.doses.get("infusions", NOT_REPORTED).number()
        if total is not None:
            return int(total)
        by_number = self.patients_by_doses()
        return sum(k * v for k, v in by_number.items()) if by_number else None

    def patients_by_doses(self) -> dict[int, int]:
        """Patients by number of doses, {1: 2, 2: 10, 3: 1} for BALMYS-19; empty when not reported."""
        found: dict[int, int] = {}
        for key, reported in self.doses.items():
            head, _, tail = key.partition("patients_with_")
            number = reported.number()
            if head == "" and tail.split("_")[0].isdigit() and number is not None:
                found[int(tail.split("_")[0])] = int(number)
        return found

    def missing(self) -> tuple[str, ...]:
        """What stands between the publication and any assessment (level L0)."""
        absent = [k for k in ("n", "dead", "open") if self.count(k) is None]
        if self.horizon_days() is None and self.quartiles("follow_up_after_first_dose") is None:
            absent.append("horizon_days or follow_up_after_first_dose_median")
        return tuple(absent)

    def horizon_days(self) -> int | None:
        """Fixed horizon of the reported outcome in days, None when there is none."""
        value = self.time.get("horizon_days", NOT_REPORTED).number()
        return None if value is None else int(value)
