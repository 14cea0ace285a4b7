"""`reported.toml` to a ReportedSeries: one value per line with status and source; unknown stays unknown."""

from pathlib import Path
from typing import Any

from onearm.protocol.reported import COUNTS, ReadingStatus, Reported, ReportedSeries
from onearm.results.problems import Problem
from onearm.sources.typed_file import build, line_of, read_toml

NAME = "reported.toml"
_TABLES = ("treated", "time", "safety", "product", "doses", "markers", "claim")
_PERCENT = {"percent", "%"}


def read_reported(folder: Path, problems: list[Problem]) -> ReportedSeries | None:
    """The series of `folder/reported.toml`; None after adding what is wrong with it to `problems`."""
    path = folder / NAME
    raw = read_toml(path, NAME, problems)
    if raw is None:
        return None
    before = len(problems)
    for table in raw:
        if table not in ("study", "schema", *_TABLES):
            problems.append(
                Problem(
                    NAME,
                    f"[{table}] is not a table of a reported series.",
                    "Tables: study, " + ", ".join(_TABLES) + ".",
                    line_of(path, (table,)),
                )
            )
    tables = {t: _values(path, t, raw.get(t, {}), problems) for t in _TABLES}
    study = {k: str(v) for k, v in raw.get("study", {}).items() if not isinstance(v, dict)}
    series = ReportedSeries(study=study, **tables)
    check_reported(series, path, problems)
    return series if len(problems) == before else None


def _values(path: Path, table: str, raw: Any, problems: list[Problem]) -> dict[str, Reported]:
    if not isinstance(raw, dict):
        problems.append(Problem(NAME, f"{table} must be a table.", f"Write [{table}].", line_of(path, (table,))))
        return {}
    found: dict[str, Reported] = {}
    for key, value in raw.items():
        line = line_of(path, (table, key))
        if not isinstance(value, dict):
            problems.append(
                Problem(
                    NAME,
                    f"{table}.{key} = {value!r} has no status and source.",
                    f'Write {key} = {{value = {value!r}, status = "verified", source = "..."}}.',
                    line,
                )
            )
            continue
        reported = build(Reported, {"status": "unknown", **value}, path, NAME, problems)
        if reported is None:
            continue
        if (reported.value is None) != (reported.status is ReadingStatus.UNKNOWN):
            told = "a value but status unknown" if reported.value is not None else "a status but no value"
            problems.append(
                Problem(
                    NAME,
                    f"{table}.{key} has {told}.",
                    "Say how the value was read (verified, stated, derived), or leave the value out.",
                    line,
                )
            )
        if reported.value is not None and not reported.source:
            problems.append(Problem(NAME, f"{table}.{key} has no source.", "Name where it was read.", line))
        found[key] = reported
    return found


def check_reported(series: ReportedSeries, path: Path, problems: list[Problem]) -> None:
    """Rules of evidence.md 2.1 on counts, doses, percentages and horizons; adds to `problems`."""

    def wrong(table: str, key: str, sentence: str, remedy: str) -> None:
        problems.append(Problem(NAME, sentence, remedy, line_of(path, (table, key))))

    for key in COUNTS:
        reported = series.treated.get(key)
        if reported is None or reported.value is None:
            continue
        value = reported.number()
        if reported.unit in _PERCENT:
            wrong("treated", key, f"{key} = {reported.value} is a percentage.", "Give the count of patients, and n.")
        elif value is None or value != int(value) or value < 0:
            wrong("treated", key, f"{key} = {reported.value!r} is not a whole number of patients.", "Give the count.")
    if any(p.file == NAME for p in problems):
        return
    n, dead = series.count("n"), series.count("dead")
    if "n" not in series.treated and dead is not None:
        wrong("treated", "dead", f"{dead} dead without n: a mortality needs its denominator.", "Give treated.n.")
    if series.missing() and series.missing()[-1].startswith("horizon") and not _horizon_named(series):
        wrong(
            "time",
            "horizon_days",
            "no horizon and no median follow-up: a mortality needs the time it was counted over.",
            'Give time.horizon_days or time.follow_up_after_first_dose_median, or say status = "unknown".',
        )
    _check_sums(series, n, wrong)
    _check_quartiles(series, wrong)


def _horizon_named(series: ReportedSeries) -> bool:
    return bool({"horizon_days", "follow_up_after_first_dose_median"} & set(series.time))


def _check_sums(series: ReportedSeries, n: int | None, wrong: Any) -> None:
    if n is None:
        return
    if n == 0:
        wrong("treated", "n", "n = 0: nobody was treated.", "Give the number treated.")
    ends = {k: series.count(k) or 0 for k in ("dead", "open", "extubated")}
    if sum(ends.values()) > n:
        told = " + ".join(f"{v} {k}" for k, v in ends.items())
        wrong("treated", "dead", f"{told} = {sum(ends.values())} end states, n = {n}.", "Extubated who died are dead.")
    for key in ("ever_extubated", "improved"):
        if (series.count(key) or 0) > n:
            wrong("treated", key, f"{key} = {series.count(key)} of n = {n}.", "Correct one of the two.")
    by_number = series.patients_by_doses()
    if by_number and sum(by_number.values()) != n:
        told = ", ".join(f"{v} with {k}" for k, v in by_number.items())
        wrong("doses", "patients_with_1_dose", f"patients by doses ({told}) do not add to n = {n}.", "Correct them.")
    infusions = series.doses.get("infusions")
    total = sum(k * v for k, v in by_number.items())
    if by_number and infusions is not None and infusions.number() not in (None, float(total)):
        wrong("doses", "infusions", f"infusions = {infusions.value}, doses x patients = {total}.", "Correct one.")
    for key, most in (("patients_with_infusion_reaction", n), ("assessed_patients", n)):
        value = series.safety[key].number() if key in series.safety else None
        if value is not None and not 0 <= value <= most:
            wrong("safety", key, f"{key} = {value:g} of n = {n}.", "Correct one of the two.")


def _check_quartiles(series: ReportedSeries, wrong: Any) -> None:
    for name in ("first_dose_after_ventilation", "follow_up_after_first_dose"):
        q = series.quartiles(name)
        if q is None:
            continue
        if q.median < 0 or (q.iqr_width is not None and q.iqr_width < 0):
            wrong("time", f"{name}_median", f"{name}: a time is negative.", "Days count from the clock's start.")
        if q.q1 is not None and q.q3 is not None and not q.q1 <= q.median <= q.q3:
            wrong(
                "time", f"{name}_median", f"{name}: quartiles {q.q1}, {q.median}, {q.q3} are not in order.", "Correct."
            )
