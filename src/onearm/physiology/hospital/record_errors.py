"""Errors put into the records of one virtual trial on purpose, each told, so that a test can ask who notices them.

Which rows get an error is drawn by their key: the rows with the smallest numbers. The same seed gives the same errors,
one more moves no other, and neither does another kind. Every kind is drawn from the records without any error.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from onearm.physiology.randomness import Floats, Key, Process, uniform
from onearm.physiology.truth import InjectedError
from onearm.records.columns import canonical_json
from onearm.records.tables import TABLES

Tables = Mapping[str, pl.DataFrame]

_CHOICE, _HOW = 0, 1  # `day` of the draws: which rows, and how
_MISCODED = timedelta(days=2)
_INFUSION_TIMES = ("started_at", "stopped_at", "identity_checked_at", "assessed_until_at")
_BAG_TIMES = ("thaw_started_at", "thaw_ended_at", "counted_at", "first_drop_at", "last_drop_at")
_LATE = (("infusions", "infusion_id"), ("outcomes", "outcome_id"))
_LATE_DAYS = 14  # after the lock, at most; assumed
_UNIT, _SMALLER_UNIT_HOLDS = "mg/L", 10  # mg/L in one mg/dL
#: what the second hospital writes down too: the course, not the product, which it never saw
_COURSE = {"subjects": None, "episodes": "episode_id", "outcomes": "outcome_id", "measurements": "measurement_id"}
_RELEASES = ("release", "release_first_step", "confirm_second_step")


@dataclass(frozen=True, slots=True)
class RecordErrors:
    """How many rows get each kind of error; none by default. Raises ValueError with all that does not fit.

    Where fewer rows can have it, those get it.
    """

    infusion_day_miscoded: int = 0  # infusions with their bags 2 days too early or too late; custody keeps its times
    late_entry: int = 0  # infusions and outcomes entered 1 to 14 days after the lock: as known at the lock, not there
    wrong_unit: int = 0  # CRP written in mg/dL and marked mg/L: ten times too low
    duplicate_subject: int = 0  # patients whose course is entered again, under a second pseudonym
    lot_out_of_specification: int = 0  # release tests that failed, of lots released all the same and infused
    bedside_mismatch: int = 0  # bags scanned at another bed first, held, and matched without being cleared

    def __post_init__(self) -> None:
        wrong = [f.name for f in fields(self) if type(getattr(self, f.name)) is not int or getattr(self, f.name) < 0]
        if wrong:
            raise ValueError(f"{', '.join(wrong)} must be whole numbers, not below 0: {self}")


class _Draw(NamedTuple):
    """The numbers of one kind of error."""

    key: Key
    number: int  # of the kind

    def chosen(self, names: Sequence[str], count: int) -> list[int]:
        """Places of the `count` names with the smallest numbers, smallest first."""
        drawn = self._uniform(names, _CHOICE)
        return sorted(range(len(names)), key=lambda place: (drawn[place], names[place]))[:count]

    def how(self, name: str) -> float:
        """Uniform on (0, 1): how the error of that name looks."""
        return float(self._uniform([name], _HOW)[0])

    def _uniform(self, names: Sequence[str], day: int) -> Floats:
        """A row is known by a number made of its key, whatever other rows there are; shape (names,)."""
        numbers = [int.from_bytes(blake2b(n.encode(), digest_size=8).digest()) >> 1 for n in names]
        patient = np.array(numbers, dtype=np.int64)
        return uniform(self.key, Process.RECORD_ERROR, patient, day=day, draw=self.number)


def inject(
    tables: Mapping[str, pl.DataFrame], errors: RecordErrors, key: Key
) -> tuple[dict[str, pl.DataFrame], tuple[InjectedError, ...]]:
    """The tables with the errors in them, and the errors. A table without an error is the same object."""
    changed, told = dict(tables), list[InjectedError]()
    for number, (kind, put) in enumerate(_PUT.items()):
        count = getattr(errors, kind)
        if count:
            told += put(tables, changed, count, _Draw(key, number))
    return changed, tuple(told)


def _miscode(tables: Tables, changed: dict[str, pl.DataFrame], count: int, draw: _Draw) -> list[InjectedError]:
    """The day of a whole form is wrong: the times of pauses, of the check at the bed and of watching move too.

    Were the last two left, the row would be refused: identity is checked before the start, watched until after it.
    """
    infusions, told = _frame(tables, "infusions"), []
    names = infusions["infusion_id"].to_list()
    for place in draw.chosen(names, count):
        name = names[place]
        by = _MISCODED if draw.how(name) < 0.5 else -_MISCODED
        form = _moved(changed["infusions"], name, by, _INFUSION_TIMES)
        pauses = _pauses_moved(infusions["interruptions"][place], by)
        changed["infusions"] = _set(form, pl.col("infusion_id") == name, {"interruptions": pauses})
        if "infusion_containers" in changed:
            changed["infusion_containers"] = _moved(changed["infusion_containers"], name, by, _BAG_TIMES)
        start = infusions["started_at"][place]
        told.append(InjectedError("infusion_day_miscoded", "infusions", name, _shown(start), _shown(start + by)))
    return told


def _pauses_moved(interruptions: str, by: timedelta) -> str:
    pauses = json.loads(interruptions)
    for pause in pauses:
        for end in ("from", "to"):
            pause[end] = (datetime.fromisoformat(pause[end]) + by).strftime("%Y-%m-%dT%H:%MZ")
    return canonical_json(pauses)


def _enter_late(tables: Tables, changed: dict[str, pl.DataFrame], count: int, draw: _Draw) -> list[InjectedError]:
    """The lock is the latest time of entry before. A row entered after it is not in what was known at the lock."""
    rows = [(table, name) for table, column in _LATE for name in _frame(tables, table)[column].to_list()]
    entries: list[Any] = [frame["entered_at"].max() for frame in tables.values() if frame.height]
    told = []
    for place in draw.chosen([name for _, name in rows], count):
        table, name = rows[place]
        entered = max(entries) + timedelta(days=1 + int(draw.how(name) * _LATE_DAYS))
        row = pl.col(dict(_LATE)[table]) == name
        was = _frame(tables, table).filter(row)["entered_at"][0]
        changed[table] = _set(changed[table], row, {"entered_at": entered})
        told.append(InjectedError("late_entry", table, name, _shown(was), _shown(entered)))
    return told


def _mark_wrongly(tables: Tables, changed: dict[str, pl.DataFrame], count: int, draw: _Draw) -> list[InjectedError]:
    """A number in mg/dL marked mg/L; censored values are left alone."""
    number = (pl.col("marker") == "crp") & (pl.col("comparator") == "=") & pl.col("value").is_not_null()
    rows = _frame(tables, "measurements").filter(number)
    told = []
    for place in draw.chosen(rows["measurement_id"].to_list(), count):
        row = rows.row(place, named=True)
        value = Decimal(str(row["value"])) / _SMALLER_UNIT_HOLDS
        raw = row["raw_value"] if row["raw_unit"] != _UNIT else format(value, "f")
        name, new = row["measurement_id"], {"raw_value": raw, "raw_unit": _UNIT, "value": format(value, "f")}
        changed["measurements"] = _set(changed["measurements"], pl.col("measurement_id") == name, new)
        was, now = f"{row['raw_value']} {row['raw_unit']}", f"{raw} {_UNIT}"
        told.append(InjectedError("wrong_unit", "measurements", name, was, now))
    return told


def _enter_twice(tables: Tables, changed: dict[str, pl.DataFrame], count: int, draw: _Draw) -> list[InjectedError]:
    """The same course under a new pseudonym, at a hospital that is drawn, as somebody who was not treated."""
    names = _frame(tables, "subjects")["subject_id"].to_list()
    sites = sorted(set(_frame(tables, "subjects")["site_id"].to_list()))
    last = max((int(name.rpartition("-")[2]) for name in names), default=0)
    told = []
    for number, place in enumerate(draw.chosen(names, count), last + 1):
        old = names[place]
        site = sites[int(draw.how(old) * len(sites))]
        new = f"{site}-{number:03}"
        for table, column in _COURSE.items():
            if table in tables:
                again = _renamed(tables[table].filter(pl.col("subject_id") == old), column, old, new, site)
                changed[table] = pl.concat([changed[table], again])
        told.append(InjectedError("duplicate_subject", "subjects", new, old, new))
    return told


def _renamed(rows: pl.DataFrame, column: str | None, old: str, new: str, site: str) -> pl.DataFrame:
    """Rows of one patient under another pseudonym, tied to no infusion. The keys begin with the pseudonym."""
    given: dict[str, Any] = {"site_id": site, "subject_id": new, "cohort": "concurrent_untreated"}
    given |= {"infusion_id": None, "relative_minute": None}
    said = [pl.lit(v).cast(rows.schema[c]).alias(c) for c, v in given.items() if c in rows.columns]
    named = [] if column is None else [pl.col(column).str.replace(old, new, literal=True)]
    return rows.with_columns(*said, *named)


def _fail_tests(tables: Tables, changed: dict[str, pl.DataFrame], count: int, draw: _Draw) -> list[InjectedError]:
    """The result lies beyond the limit and its verdict says so; the lot was released and its bags were given."""
    rows, told = _release_tests(tables), []
    for place in draw.chosen(rows["lot_test_id"].to_list(), count):
        row = rows.row(place, named=True)
        name, result = row["lot_test_id"], _failing(row)
        assert result is not None
        new: dict[str, Any] = {"raw_value": result, "comparator": "=", "verdict": "fail"}
        new["result_text" if row["expected_text"] is not None else "value"] = result
        changed["lot_tests"] = _set(changed["lot_tests"], pl.col("lot_test_id") == name, new)
        told.append(
            InjectedError("lot_out_of_specification", "lot_tests", name, f"{row['raw_value']} pass", f"{result} fail")
        )
    return told


def _release_tests(tables: Tables) -> pl.DataFrame:
    """Tests that passed and were needed for the release of a lot with an infused bag; with their limits."""
    containers, given = _frame(tables, "containers"), _frame(tables, "infusion_containers")
    infused = containers.join(given, on="container_id", how="semi")
    released = _frame(tables, "release_decisions").filter(pl.col("decision").cast(pl.String).is_in(_RELEASES))
    lots = _frame(tables, "lots").join(infused, on="lot_id", how="semi").join(released, on="lot_id", how="semi")
    texts = [pl.col(name).cast(pl.String) for name in ("test", "stage")]
    limits = _frame(tables, "specifications").filter(pl.col("required_for") == "release").with_columns(*texts)
    limits = limits.sort("specification_version").unique(["specification_id", "test", "stage"], keep="last")
    lines = limits.select("specification_id", "test", "stage", "low", "high", "expected_text")
    tests = _frame(tables, "lot_tests").filter(pl.col("verdict") == "pass").with_columns(*texts)
    tests = tests.join(lots.select("lot_id", "specification_id"), on="lot_id")
    tests = tests.join(lines, on=["specification_id", "test", "stage"]).sort("lot_test_id")
    return tests.filter(pl.Series([_failing(row) is not None for row in tests.to_dicts()], dtype=pl.Boolean))


def _failing(limits: Mapping[str, Any]) -> str | None:
    """A result that fails: the lower limit less a tenth, else the upper one and 1 more; None when nothing can fail."""
    if limits["expected_text"] is not None:
        return f"not {limits['expected_text']}"
    low, high = (None if limits[end] is None else Decimal(str(limits[end])) for end in ("low", "high"))
    if low is not None and low > 0:
        return format(low * 9 / 10, "f")
    return None if high is None else format(high + 1, "f")


def _scan_elsewhere(tables: Tables, changed: dict[str, pl.DataFrame], count: int, draw: _Draw) -> list[InjectedError]:
    """Half way between issue and match the bag is scanned at the bed of another patient there, and is held.

    Nobody clears the hold before the match: that is the error.
    """
    matches, told = _other_beds(tables), []
    for place in draw.chosen(matches["custody_id"].to_list(), count):
        row = matches.row(place, named=True)
        others, bag = row["others"], row["container_id"]
        other = others[int(draw.how(row["custody_id"]) * len(others))]
        name, at = f"{bag}-{row['subject_id']}-MISMATCH", row["issued_at"] + (row["occurred_at"] - row["issued_at"]) / 2
        told_by = {"remark": f"wristband {other}, bag {bag}", "scanned": f"{other} {bag}"}
        new = {"custody_id": name, "event": "bedside_mismatched", "occurred_at": at, **told_by}
        custody = changed["custody"]
        missing = [pl.lit(None, pl.String).alias(c) for c in told_by if c not in custody.columns]
        custody = custody.with_columns(*missing)
        event = _set(custody.filter(pl.col("custody_id") == row["custody_id"]), pl.lit(True), new)
        changed["custody"] = pl.concat([custody, event])
        told.append(InjectedError("bedside_mismatch", "custody", name, "", f"bedside_mismatched: {told_by['remark']}"))
    return told


def _other_beds(tables: Tables) -> pl.DataFrame:
    """Matches with the time of issue before, and `others`: who else was then in intensive care of that hospital."""
    custody, event = _frame(tables, "custody"), pl.col("event").cast(pl.String)
    issued = custody.filter(event == "issued").group_by("container_id").agg(issued_at=pl.col("occurred_at").max())
    matches = custody.filter(event == "bedside_matched").join(issued, on="container_id")
    matches = matches.filter(pl.col("issued_at") < pl.col("occurred_at"))
    stays = _frame(tables, "episodes").filter(pl.col("kind") == "icu")
    beds = stays.select("site_id", other="subject_id", since="started_at", until="ended_at")
    there = matches.select("custody_id", "site_id", "subject_id", "occurred_at").join(beds, on="site_id")
    at = pl.col("occurred_at")
    present = (pl.col("since") <= at) & (pl.col("until").is_null() | (pl.col("until") > at))
    there = there.filter(present & (pl.col("other") != pl.col("subject_id")))
    others = there.group_by("custody_id").agg(others=pl.col("other").unique().sort())
    return matches.join(others, on="custody_id").sort("custody_id")


_Put = Callable[[Tables, dict[str, pl.DataFrame], int, _Draw], list[InjectedError]]
#: the place here is the number of the kind in its draws: never changed, new kinds at the end
_PUT: Mapping[str, _Put] = MappingProxyType(
    {
        "infusion_day_miscoded": _miscode,
        "late_entry": _enter_late,
        "wrong_unit": _mark_wrongly,
        "duplicate_subject": _enter_twice,
        "lot_out_of_specification": _fail_tests,
        "bedside_mismatch": _scan_elsewhere,
    }
)


def _frame(tables: Tables, name: str) -> pl.DataFrame:
    """A table, empty where there is none."""
    return tables[name] if name in tables else pl.DataFrame(TABLES[name].create_empty())


def _set(frame: pl.DataFrame, rows: pl.Expr, values: Mapping[str, Any]) -> pl.DataFrame:
    """Other values in some rows, in the types of the table."""
    return frame.with_columns(
        pl.when(rows).then(pl.lit(value).cast(frame.schema[name])).otherwise(pl.col(name)).alias(name)
        for name, value in values.items()
    )


def _moved(frame: pl.DataFrame, infusion_id: str, by: timedelta, times: Sequence[str]) -> pl.DataFrame:
    """The times of one infusion, so much later."""
    row = pl.col("infusion_id") == infusion_id
    there = [name for name in times if name in frame.columns]
    return frame.with_columns(pl.when(row).then(pl.col(t) + by).otherwise(pl.col(t)).alias(t) for t in there)


def _shown(at: datetime) -> str:
    return at.isoformat(timespec="minutes")
