"""Published cohorts as context for size, and two-arm trials, to check (slot 6)."""

import re
from dataclasses import dataclass

from onearm.report.figures_by_id import FiguresById, figures_of
from onearm.report.marks import unknown
from onearm.report.printed import interval_text, value_text
from onearm.report.words import Words
from onearm.results.status import Role
from onearm.results.study_result import ComparatorRow, StudyResult, TrialReport

ROLES = (Role.SIZE, Role.BACKGROUND, Role.REFUSED)


@dataclass(frozen=True, slots=True)
class CohortLine:
    """One cohort. The probability of the seen count never stands without the worst case and the similar cases' own."""

    name: str
    where: str  # place, dates, horizon; of the others the reasons matter more
    counts: str
    rate: str
    seen: str
    worst: str
    similar: str  # null_predictive.p
    reasons: str  # the first rule that decides; all of them stand in results.json
    favours: bool
    mark: str  # SVG, a hollow ring on a refused one


@dataclass(frozen=True, slots=True)
class CohortGroup:
    """Cohorts of one role."""

    role: str
    title: str
    lines: tuple[CohortLine, ...]


@dataclass(frozen=True, slots=True)
class TrialLine:
    """A two-arm report: counts, contrast and what it says."""

    name: str
    level: str
    treated: str  # dead/n
    treated_risk: str  # percent and interval
    control: str
    control_risk: str
    contrast: str
    sentence: str
    note: str


def cohort_groups(result: StudyResult, words: Words) -> tuple[CohortGroup, ...]:
    """Cohorts by role, in the order of the result; similar cases with patients are told in `patient_sources`."""
    figures = figures_of(result)
    groups = []
    for role in ROLES:
        rows = [c for c in result.comparators if c.role is role and c.kind != "patients"]
        if rows:
            lines = tuple(_line(i, c, figures, words) for i, c in enumerate(rows))
            groups.append(CohortGroup(role.value, words(f"cohorts.{role.value}"), lines))
    return tuple(groups)


def patient_sources(result: StudyResult, words: Words) -> tuple[str, ...]:
    """One sentence for each folder of similar cases: who, where, how many, and how they ended."""
    told = []
    for c in result.comparators:
        if c.kind == "patients":
            ends = [(c.dead, "dead"), (c.out, "out"), (c.open, "open")]
            counts = ", ".join(f"{words.whole(k)} {words(f'cohorts.{end}')}" for k, end in ends if k is not None)
            where = ", ".join(p for p in (c.citation, c.place, c.dates, c.population) if p)
            n = words("word.not_reported") if c.n is None else words.whole(c.n)
            told.append(words("cohorts.patients", name=c.name, where=where, n=n, counts=counts))
    return tuple(told)


def trial_lines(result: StudyResult, words: Words) -> tuple[TrialLine, ...]:
    """Two-arm reports in the order of the result."""
    figures = figures_of(result)
    return tuple(_trial(t, figures, words) for t in result.trials)


def _chance(figures: FiguresById, id: str, words: Words) -> str:
    p = figures.value(id)
    return "–" if p is None else words.probability(p)


def _line(i: int, c: ComparatorRow, figures: FiguresById, words: Words) -> CohortLine:
    counted = c.dead is not None and c.n is not None
    rate = figures.value(f"comparator.{c.name}.death")
    title = words(f"cohort_names.{c.name}") if words.has(f"cohort_names.{c.name}") else c.name
    return CohortLine(
        name=title,
        where=" · ".join(p for p in (c.place, _months(c.dates), c.horizon) if p) if c.role is Role.SIZE else "",
        counts=f"{words.whole(c.dead or 0)}/{words.whole(c.n or 0)}" if counted else "–",
        rate="" if rate is None else words.percent(rate),
        seen=_chance(figures, f"comparator.{c.name}.p_at_most_observed", words),
        worst=_chance(figures, f"comparator.{c.name}.p_at_most_worst_case", words),
        similar=_chance(figures, "null_predictive.p", words),
        reasons=next(iter(c.reasons_es if words.language == "es" and c.reasons_es else c.reasons), ""),
        favours=c.favours_treatment,
        mark=unknown(f"refused-{i}", words("word.refused")) if c.role is Role.REFUSED else "",
    )


def _months(dates: str) -> str:
    """Dates to the month: the day matters to nobody here."""
    return re.sub(r"(\d{4}-\d\d)-\d\d", r"\1", dates)


def _risk(figures: FiguresById, id: str, words: Words) -> str:
    found = figures.get(id)
    return "" if found is None or found.value is None else f"{value_text(found, words)} ({interval_text(found, words)})"


def _trial(t: TrialReport, figures: FiguresById, words: Words) -> TrialLine:
    told = []
    for what in ("risk_ratio", "risk_difference", "fisher.p"):
        estimate = figures.get(f"trial.{t.report}.{what}")
        if estimate is not None and estimate.value is not None:
            span = interval_text(estimate, words)
            value = value_text(estimate, words)
            told.append(f"{words.of(estimate, 'label')} {value}" + (f" ({span})" if span else ""))
    return TrialLine(
        name=t.report,
        level=words("trials.randomised" if t.level == "randomised" else "trials.not_randomised"),
        treated=f"{words.whole(t.treated_dead)}/{words.whole(t.treated_n)}",
        treated_risk=_risk(figures, f"trial.{t.report}.treated.death", words),
        control=f"{words.whole(t.control_dead)}/{words.whole(t.control_n)}",
        control_risk=_risk(figures, f"trial.{t.report}.control.death", words),
        contrast="; ".join(told),
        sentence=words.of(t, "sentence"),
        note=" · ".join(p for p in (t.product, t.design, t.horizon, t.source) if p),
    )
