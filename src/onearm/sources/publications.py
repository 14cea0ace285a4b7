"""`comparators/published.csv`, `comparators/trials.csv` and `claims.csv` to frozen rows."""

import re
from pathlib import Path

from onearm.protocol.published import QUANTITIES, PublicSentence, PublishedCohort, ReportedTrial
from onearm.results.problems import Problem
from onearm.sources.typed_file import read_rows

NAME_FORM = re.compile(r"[a-z0-9_]+")


def read_cohorts(path: Path, name: str, problems: list[Problem]) -> tuple[PublishedCohort, ...]:
    """Aggregate comparators. dead + out + open must be n where all are given; a count never exceeds n."""
    found = []
    for line, row, _ in read_rows(path, name, PublishedCohort, "cohort", problems):

        def wrong(sentence: str, remedy: str, line: int = line, who: str = row.cohort) -> None:
            problems.append(Problem(name, f"{who}: {sentence}", remedy, line))

        if not NAME_FORM.fullmatch(row.cohort):
            wrong("the name becomes part of an id.", "Use small letters, digits and _ only.")
        counts = {"n": row.n, "dead": row.dead, "out": row.out, "open": row.open}
        for key, value in counts.items():
            if value is not None and value < 0:
                wrong(f"{key} = {value} is negative.", "Give the count.")
        ends = [v for v in (row.dead, row.out, row.open) if v is not None]
        if row.n is None and ends:
            wrong(
                f"{row.dead} dead without n: a mortality needs its denominator.", "Give n, or leave the counts empty."
            )
        elif row.n is not None and (sum(ends) > row.n or (len(ends) == 3 and sum(ends) != row.n)):
            told = f"dead {row.dead}, out {row.out}, open {row.open}"
            wrong(f"end states ({told}) add to {sum(ends)}, n = {row.n}.", "They must sum to n.")
        if row.dead is not None and row.n is not None and not (row.horizon or row.horizon_days):
            wrong("a mortality without horizon.", "Give horizon in words, and horizon_days where it is fixed.")
        found.append(row)
    return tuple(found)


def read_trials(path: Path, name: str, problems: list[Problem]) -> tuple[ReportedTrial, ...]:
    """Two-arm reports. A row without control_n is a series and is refused here."""
    found, raised = [], list[Problem]()
    for line, row, cells in read_rows(path, name, ReportedTrial, "report", raised):
        for arm in ("treated", "control"):
            n, dead = getattr(row, f"{arm}_n"), getattr(row, f"{arm}_dead")
            still = getattr(row, f"{arm}_open") or 0
            if not 0 <= dead <= n or still < 0 or dead + still > n:
                problems.append(
                    Problem(name, f"{cells['report']}: {arm} {dead} dead, {still} open of {n}.", "Correct it.", line)
                )
        if not NAME_FORM.fullmatch(row.report):
            problems.append(
                Problem(name, f"{row.report!r} becomes part of an id.", "Use small letters, digits and _ only.", line)
            )
        found.append(row)
    series = {p.line: p.sentence.split(":")[0] for p in raised if "control_n = None" in p.sentence}
    for at, who in series.items():
        problems.append(Problem(name, f"{who}: no control group.", "A series belongs in reported.toml.", at))
    problems.extend(p for p in raised if p.line not in series)
    return tuple(found)


def read_sentences(path: Path, name: str, problems: list[Problem]) -> tuple[PublicSentence, ...]:
    """Public sentences to check."""
    found = []
    for line, row, _ in read_rows(path, name, PublicSentence, "claim_id", problems):
        if row.quantity not in QUANTITIES:
            problems.append(
                Problem(
                    name,
                    f"{row.claim_id}: quantity {row.quantity!r} is not known.",
                    "One of " + ", ".join(QUANTITIES) + ".",
                    line,
                )
            )
        found.append(row)
    return tuple(found)
