"""`reported.toml` to a ReportedSeries: one value per line with status and source; unknown stays unknown."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from onearm.protocol.eligibility import in_toml
from onearm.protocol.reported import COUNTS, ReadingStatus, Reported, ReportedSeries
from onearm.results.problems import Problem
from onearm.sources.publications import COUNTRY, COUNTRY_FORM, DATE_FORM, is_date
from onearm.sources.typed_file import build, line_of, read_toml
from onearm.sources.value_faults import near

NAME = "reported.toml"
_TABLES = ("treated", "time", "safety", "product", "doses", "markers", "claim")
_PERCENT = {"percent", "%", "per cent"}
_TIMES = ("first_dose_after_ventilation", "follow_up_after_first_dose")
_SAFETY = ("related_adverse_events", "patients_with_infusion_reaction", "assessed_patients", "assessed_infusions")
#: Keys that are read, by table: one that looks like them is a slip, any other is kept and only shown.
_READ: Mapping[str, tuple[str, ...]] = {
    "treated": COUNTS,
    "time": ("horizon_days", *(f"{t}_{part}" for t in _TIMES for part in ("median", "iqr_width", "q1", "q3"))),
    "safety": _SAFETY,
    "doses": ("infusions",),
}
_BY_DOSES = re.compile(r"patients_with_[1-9]\d*_doses?")
_VALUE_KEYS = tuple(f.name for f in fields(Reported))

Wrong = Callable[[str, str, str, str], None]  # table, key, sentence, remedy


def read_reported(folder: Path, problems: list[Problem]) -> ReportedSeries | None:
    """The series of `folder/reported.toml`; None after adding what is wrong with it to `problems`."""
    path = folder / NAME
    raw = read_toml(path, NAME, problems)
    if raw is None:
        return None
    before = len(problems)
    known = ("study", *_TABLES)
    for table in raw:
        if table not in ("schema", *known):
            close = near(table, list(known))
            remedy = f"Did you mean {close}?" if close else "Tables: " + ", ".join(known) + "."
            told = f"[{table}] is not a table of a reported series."
            problems.append(Problem(NAME, told, remedy, line_of(path, (table,))))
    if "treated" not in raw:
        told = "[treated] is missing: nobody is told to have been treated."
        problems.append(
            Problem(NAME, told, 'Write [treated] with n, dead and open; status = "unknown" where not read.')
        )
    tables = {t: _values(path, t, raw.get(t, {}), problems) for t in _TABLES}
    series = ReportedSeries(study=_study(path, raw.get("study", {}), problems), **tables)
    check_reported(series, path, problems)
    return series if len(problems) == before else None


def _study(path: Path, raw: Any, problems: list[Problem]) -> dict[str, str]:
    """`[study]`: plain texts."""
    if not isinstance(raw, dict):
        problems.append(Problem(NAME, "study must be a table.", "Write [study].", line_of(path, ("study",))))
        return {}
    for key, value in raw.items():
        if isinstance(value, dict | list):
            told = f"study.{key} = {in_toml(value)} is no plain text."
            problems.append(Problem(NAME, told, f'Write {key} = "...".', line_of(path, ("study", key))))
        elif key in ("treated_from", "treated_to") and value and not is_date(str(value)):
            told = f"study.{key} = {in_toml(value)} is no date."
            problems.append(Problem(NAME, told, DATE_FORM, line_of(path, ("study", key))))
        elif key == "country" and not COUNTRY.fullmatch(str(value)):
            told = f"study.country = {in_toml(value)} is no country code."
            problems.append(Problem(NAME, told, COUNTRY_FORM, line_of(path, ("study", key))))
    return {k: str(v) for k, v in raw.items()}


def _values(path: Path, table: str, raw: Any, problems: list[Problem]) -> dict[str, Reported]:
    if not isinstance(raw, dict):
        problems.append(Problem(NAME, f"{table} must be a table.", f"Write [{table}].", line_of(path, (table,))))
        return {}
    found: dict[str, Reported] = {}
    for key, value in raw.items():

        def wrong(sentence: str, remedy: str, key: str = key) -> None:
            problems.append(Problem(NAME, f"{table}.{key} {sentence}", remedy, line_of(path, (table, key))))

        read = [k for k in _READ.get(table, ()) if k not in raw]
        slip = None if key in _READ.get(table, ()) else near(key, read, 0.8)
        if slip:
            wrong("is not read.", f"Did you mean {slip}?")
        if not isinstance(value, dict):
            told = f'Write {key} = {{ value = {in_toml(value)}, status = "verified", source = "..." }}.'
            wrong(f"= {in_toml(value)} has no status and source.", told)
            continue
        for name in value:
            if name not in _VALUE_KEYS:
                close = near(name, list(_VALUE_KEYS))
                remedy = f"Did you mean {close}?" if close else "Keys are " + ", ".join(_VALUE_KEYS) + "."
                wrong(f"has the key {name}, which is not known.", remedy)
        if set(value) - set(_VALUE_KEYS):
            continue
        reported = build(Reported, {"status": "unknown", **value}, path, NAME, problems, (table, key))
        if reported is None:
            continue
        if isinstance(reported.value, float) and not math.isfinite(reported.value):
            wrong(f"= {reported.value} is no number.", 'Give the number, or status = "unknown" without a value.')
            continue
        if (reported.value is None) != (reported.status is ReadingStatus.UNKNOWN):
            told = "has a value but status unknown" if reported.value is not None else "has a status but no value"
            wrong(f"{told}.", "Say how the value was read (verified, stated, derived), or leave the value out.")
        if reported.value is not None and not reported.source:
            wrong("has no source.", "Name where it was read.")
        found[key] = reported
    return found


def check_reported(series: ReportedSeries, path: Path, problems: list[Problem]) -> None:
    """Rules of evidence.md 2.1 on counts, doses, percentages and horizons; adds to `problems`."""

    def wrong(table: str, key: str, sentence: str, remedy: str) -> None:
        problems.append(Problem(NAME, sentence, remedy, line_of(path, (table, key))))

    for key in COUNTS:
        _check_count(series.treated, "treated", key, "patients", wrong)
    for key in _SAFETY:
        _check_count(series.safety, "safety", key, "infusions" if key == "assessed_infusions" else "patients", wrong)
    for key in series.doses:
        if key == "infusions" or _BY_DOSES.fullmatch(key):
            _check_count(series.doses, "doses", key, "infusions" if key == "infusions" else "patients", wrong)
        elif key.startswith("patients_with_"):
            wrong("doses", key, f"{key}: the number of doses is not readable.", "Write patients_with_2_doses.")
    _check_times(series, wrong)
    _check_percentages(series, wrong)
    if any(p.file == NAME for p in problems):
        return  # sums of what is wrong already would only say it again
    n, dead = series.count("n"), series.count("dead")
    if "n" not in series.treated and dead is not None:
        wrong("treated", "dead", f"{dead} dead without n: a mortality needs its denominator.", "Give treated.n.")
    no_time = bool(series.missing()) and series.missing()[-1].startswith("horizon") and not _horizon_named(series)
    if dead is not None and no_time:
        wrong(
            "time",
            "horizon_days",
            "no horizon and no median follow-up: a mortality needs the time it was counted over.",
            'Give time.horizon_days or time.follow_up_after_first_dose_median, or say status = "unknown".',
        )
    if n is not None:
        _check_sums(series, n, wrong)


def _check_count(values: Mapping[str, Reported], table: str, key: str, of: str, wrong: Wrong) -> None:
    reported = values.get(key)
    if reported is None or reported.value is None:
        return
    value = reported.number()
    if reported.unit.lower() in _PERCENT or (isinstance(reported.value, str) and "%" in reported.value):
        wrong(table, key, f"{key} = {reported.value} is a percentage.", f"Give the count of {of}, and n.")
    elif value is None or value != int(value) or value < 0:
        told = f"{key} = {in_toml(reported.value)} is not a whole number of {of}."
        wrong(table, key, told, 'Give the count; where it was not reported, status = "unknown" without a value.')


def _horizon_named(series: ReportedSeries) -> bool:
    return bool({"horizon_days", "follow_up_after_first_dose_median"} & set(series.time))


def _check_sums(series: ReportedSeries, n: int, wrong: Wrong) -> None:
    if n == 0:
        wrong("treated", "n", "n = 0: nobody was treated.", "Give the number treated.")
        return
    ends = {k: series.count(k) or 0 for k in ("dead", "open", "extubated")}
    if sum(ends.values()) > n:
        told = " + ".join(f"{v} {k}" for k, v in ends.items())
        remedy = "Each patient has one end; extubated who died later are dead."
        wrong("treated", "dead", f"{told} = {sum(ends.values())} patients, n = {n}.", remedy)
    for key in ("ever_extubated", "improved"):
        if (series.count(key) or 0) > n:
            wrong("treated", key, f"{key} = {series.count(key)} of n = {n}.", "Correct one of the two.")
    by_number = series.patients_by_doses()
    first = next((k for k in series.doses if _BY_DOSES.fullmatch(k)), "")
    if by_number and sum(by_number.values()) != n:
        told = ", ".join(f"{v} with {k}" for k, v in by_number.items())
        remedy = "Correct them; leave them out where they were not all reported."
        wrong("doses", first, f"patients by doses ({told}) add to {sum(by_number.values())}, n = {n}.", remedy)
    infusions = series.doses.get("infusions")
    total = sum(k * v for k, v in by_number.items())
    if by_number and infusions is not None and infusions.number() not in (None, float(total)):
        told = f"infusions = {infusions.value}, doses times patients give {total}."
        wrong("doses", "infusions", told, "Correct one of the two.")
    safety = {k: v.number() for k, v in series.safety.items()}
    reactions, assessed = safety.get("patients_with_infusion_reaction"), safety.get("assessed_patients")
    for key, value, most, of in (
        ("patients_with_infusion_reaction", reactions, n, "n"),
        ("assessed_patients", assessed, n, "n"),
        ("patients_with_infusion_reaction", reactions, assessed, "assessed_patients"),
        ("assessed_infusions", safety.get("assessed_infusions"), series.infusions(), "infusions"),
    ):
        if value is not None and most is not None and value > most:
            wrong("safety", key, f"{key} = {value:g}, {of} = {most:g}.", "Correct one of the two.")


def _check_percentages(series: ReportedSeries, wrong: Wrong) -> None:
    for key in ("comparator_low", "comparator_high"):
        value = series.claim[key].number() if key in series.claim else None
        if value is not None and not 0 <= value <= 100:
            wrong("claim", key, f"{key} = {value:g} is no percentage.", "Give 0 to 100.")


def _check_times(series: ReportedSeries, wrong: Wrong) -> None:
    for key in _READ["time"]:
        reported = series.time.get(key)
        value = None if reported is None else reported.number()
        if reported is None or reported.value is None:
            continue
        if value is None:
            told = f"{key} = {in_toml(reported.value)} is not a number of days."
            wrong("time", key, told, 'Give the number; where it was not reported, status = "unknown" without a value.')
        elif reported.unit not in ("", "day", "days"):
            wrong("time", key, f"{key} = {value:g} {reported.unit}: times count in days.", "Give days.")
        elif value < 0:
            wrong("time", key, f"{key} = {value:g}: a time is not negative.", "Days count from the clock's start.")
        elif key == "horizon_days" and (value != int(value) or value < 1):
            wrong("time", key, f"{key} = {value:g} is not a whole number of days.", "Give 1 or more.")
    for name in _TIMES:
        q = series.quartiles(name)
        if q is not None and q.q1 is not None and q.q3 is not None and not q.q1 <= q.median <= q.q3:
            told = f"{name}: quartiles {q.q1:g}, {q.median:g}, {q.q3:g} are not in order."
            wrong("time", f"{name}_median", told, "Correct them.")
