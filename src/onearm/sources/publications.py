"""`comparators/published.csv`, `comparators/trials.csv` and `claims.csv` to frozen rows."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from onearm.protocol.published import QUANTITIES, PublicSentence, PublishedCohort, ReportedTrial
from onearm.results.problems import Problem
from onearm.sources.typed_file import read_rows
from onearm.sources.value_faults import near

NAME_FORM = re.compile(r"[a-z0-9_]+")
COUNTRY = re.compile(r"[A-Z]{2}|INT|")
COUNTRY_FORM = "Write its two letters (ES, US), INT for several, or leave it empty."
DATE_FORM = "Write 2020-03-08, 2020-03 or 2020, as far as it is known."
Wrong = tuple[str, str]  # sentence, remedy


def read_cohorts(path: Path, name: str, problems: list[Problem]) -> tuple[PublishedCohort, ...]:
    """Aggregate comparators. dead + out + open must be n where all are given; a count never exceeds n."""
    found = []
    for line, row, _ in read_rows(path, name, PublishedCohort, "cohort", problems):
        wrong = [*_name(row.cohort), *_counts(row), *_horizon(row), *_place(row), *_dates(row)]
        problems.extend(Problem(name, f"{row.cohort}: {told}", remedy, line) for told, remedy in wrong)
        found.append(row)
    return tuple(found)


def _name(name: str) -> Iterator[Wrong]:
    if not NAME_FORM.fullmatch(name):
        yield "its name becomes part of an id.", "Use small letters, digits and _ only."


def _counts(row: PublishedCohort) -> Iterator[Wrong]:
    ends = {"dead": row.dead, "out": row.out, "open": row.open}
    negative = [k for k, v in {"n": row.n, **ends}.items() if v is not None and v < 0]
    if negative:
        yield from ((f"{k} = {getattr(row, k)} is negative.", "Give the count.") for k in negative)
        return
    told = {k: v for k, v in ends.items() if v is not None}
    words = " + ".join(f"{v} {k}" for k, v in told.items())
    if row.n is None:
        if told:
            yield f"{words} without n: a mortality needs its denominator.", "Give n, or leave the counts empty."
    elif row.n == 0:
        yield "n = 0: nobody is in the cohort.", "Give n, or leave it empty where it was not reported."
    elif row.dead is not None and row.dead > row.n:
        yield f"{row.dead} dead of n = {row.n}.", "Correct one of the two."
    elif sum(told.values()) > row.n or (len(told) == 3 and sum(told.values()) != row.n):
        yield f"{words} = {sum(told.values())} patients, n = {row.n}.", "dead, out and open must sum to n."


def _horizon(row: PublishedCohort) -> Iterator[Wrong]:
    if row.dead is not None and row.n is not None and not row.horizon and row.horizon_days is None:
        yield "a mortality without horizon.", "Give horizon in words, and horizon_days where it is fixed."
    if row.horizon_days is not None and row.horizon_days < 1:
        yield f"horizon_days = {row.horizon_days}.", "Give 1 or more, or leave it empty where it is not fixed."
    if row.clock_day is not None and row.clock_day < 0:
        yield f"clock_day = {row.clock_day} is negative.", "Give the day of ventilation the risk is counted from."


def _place(row: PublishedCohort) -> Iterator[Wrong]:
    if not COUNTRY.fullmatch(row.country):
        yield f"country {row.country} is no country code.", COUNTRY_FORM


def _dates(row: PublishedCohort) -> Iterator[Wrong]:
    wrong = [(k, v) for k, v in (("start", row.start), ("end", row.end)) if v and not is_date(v)]
    yield from ((f"{k} {v} is no date.", DATE_FORM) for k, v in wrong)
    known = min(len(row.start), len(row.end))
    if not wrong and row.start[:known] > row.end[:known]:
        yield f"start {row.start} is after end {row.end}.", "Correct one of the two."


def is_date(text: str) -> bool:
    """Whether it is a year, a year and month, or a day of the calendar."""
    if not re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", text):
        return False
    try:
        date.fromisoformat(text + "-01-01"[len(text) - 4 :])
    except ValueError:
        return False
    return True


def read_trials(path: Path, name: str, problems: list[Problem]) -> tuple[ReportedTrial, ...]:
    """Two-arm reports. A row without control_n is a series and is refused here."""
    found, raised = [], list[Problem]()
    for line, row, _ in read_rows(path, name, ReportedTrial, "report", raised):
        wrong = [*_name(row.report), *_arm(row, "treated"), *_arm(row, "control")]
        problems.extend(Problem(name, f"{row.report}: {told}", remedy, line) for told, remedy in wrong)
        found.append(row)
    series = {p.line: p.sentence.split(":")[0] for p in raised if p.sentence.endswith(": control_n is empty.")}
    for at, who in series.items():
        problems.append(Problem(name, f"{who}: no control group.", "A series belongs in reported.toml.", at))
    problems.extend(p for p in raised if p.line not in series)
    return tuple(found)


def _arm(row: ReportedTrial, arm: str) -> Iterator[Wrong]:
    n, dead, still = (getattr(row, f"{arm}_{what}") for what in ("n", "dead", "open"))
    if n < 1:
        yield f"{arm}_n = {n}: nobody is in the {arm} arm.", "Give the number of patients."
    elif dead < 0 or (still or 0) < 0:
        yield f"{arm}: {dead} dead, {still or 0} open; a count is not negative.", "Give the counts."
    elif dead + (still or 0) > n:
        yield f"{arm}: {dead} dead and {still or 0} open of {n}.", "Correct one of them."


def read_sentences(path: Path, name: str, problems: list[Problem]) -> tuple[PublicSentence, ...]:
    """Public sentences to check."""
    found = []
    for line, row, _ in read_rows(path, name, PublicSentence, "claim_id", problems):
        if row.quantity not in QUANTITIES:
            close = near(row.quantity, list(QUANTITIES))
            remedy = f"Did you mean {close}?" if close else "One of " + ", ".join(QUANTITIES) + "."
            problems.append(Problem(name, f'{row.claim_id}: quantity "{row.quantity}" is not known.', remedy, line))
        found.append(row)
    return tuple(found)
