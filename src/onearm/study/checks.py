"""What only shows when protocol and records meet: clocks without anybody, treatment before day zero."""

from collections.abc import Iterator

import polars as pl

from onearm.cohort.build import Cohort, build_cohort
from onearm.cohort.covariates import has_number
from onearm.product.checks import check_product
from onearm.protocol.eligibility import asked_name, near_name
from onearm.protocol.inputs import StudyInputs
from onearm.protocol.rulebook import Rulebook
from onearm.records import Records
from onearm.results.finding import Severity
from onearm.results.problems import Problem, StudyProblems


def check_inputs(inputs: StudyInputs, rulebook: Rulebook | None = None) -> tuple[str, ...]:
    """Notes worth reading; nothing is computed. Raises StudyProblems with all that would stop a run.

    With a `rulebook` the rules of product and dose are judged too: what they block is a problem, what they ask a note.
    """
    notes = [f"{p.file}{f' line {p.line}' if p.line else ''}: {p.sentence} {p.remedy}" for p in inputs.to_confirm]
    if inputs.series is not None and inputs.series.missing():
        notes.append("reported.toml: level L0 for want of " + ", ".join(inputs.series.missing()) + ".")
    if inputs.records is not None:
        cohort = build_cohort(inputs.protocol, inputs.records, [s.records for s in inputs.similar])
        require_sound(inputs, cohort)
        notes.extend(_notes(inputs, cohort))
        if rulebook is not None:
            notes.extend(_product_notes(inputs.records, rulebook))
    return tuple(notes)


def _product_notes(records: Records, rulebook: Rulebook) -> Iterator[str]:
    """What the rules of product and dose ask of the records. Raises StudyProblems with what they forbid."""
    found = check_product(records, rulebook)
    broken = [
        Problem(f"records/{f.table}.csv", f"{f.rule}: {f.sentence}", f.remedy)
        for f in found
        if f.severity is Severity.BLOCK
    ]
    if broken:
        raise StudyProblems(broken, "the records break rules of the product")
    for f in found:
        if f.severity is Severity.CONFIRM:
            yield f"records/{f.table}.csv: {f.rule}: {f.sentence} {f.remedy}"


def _notes(inputs: StudyInputs, cohort: Cohort) -> Iterator[str]:
    """Treated patients outside the clock, and confounders that no record can hold."""
    without = cohort.own.first_treatment.filter(pl.col("day").is_null())["subject_id"].sort()
    if len(without):
        clock = inputs.protocol.clock.starts
        yield f"records/: treated without a day zero ({clock}), and not analysed: {', '.join(without)}."
    for name in (c.name for c in inputs.protocol.confounder if asked_name(c.name) is None):
        meant = near_name(name)
        told = f" Did you mean {meant}?" if meant else ""
        yield f"study.toml: no record can hold the confounder {name}: it counts as never known.{told}"
    for name in (c.name for c in inputs.protocol.confounder if asked_name(c.name) is not None):
        if not has_number(name):
            told = f"the confounder {name} has no number and is not in the score"
            yield f"study.toml: {told}: match on it, in [matching] same."


def require_sound(inputs: StudyInputs, cohort: Cohort) -> None:
    """Raises StudyProblems when nobody has a day zero, or a patient was treated before it."""
    protocol, problems = inputs.protocol, list[Problem]()
    clock, treat = protocol.clock.starts, protocol.strategies
    for group, name in zip(cohort.groups, ("", *(s.name for s in inputs.similar)), strict=True):
        if not group.course.people.height:
            where = f"comparators/{name}/records" if name else "records"
            told = f"no patient has a day zero: {group.course.clock} was never recorded, or only after the lock."
            remedy = "Correct clock_start of its source" if name else "Correct [clock] starts"
            problems.append(Problem(f"{where}/", told, f"{remedy}, or record the event."))
    table = "infusions" if treat.kind == "infusions" else "episodes"
    days = dict(cohort.own.first_treatment.select("subject_id", "day").iter_rows())
    for person in cohort.early:
        told = f"first treatment of {person} is on day {days[person]}, before its day zero ({clock})."
        problems.append(Problem(f"records/{table}.csv", told, "Check both times, or correct [clock] starts."))
    if problems:
        raise StudyProblems(problems)
