"""Published cohorts beside a series: role, chance of as few deaths at their rate, tipping number and drift."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from onearm.protocol.published import PublishedCohort
from onearm.protocol.reported import NOT_REPORTED, ReportedSeries
from onearm.results.estimate import Estimate
from onearm.results.status import Role
from onearm.results.study_result import ComparatorRow
from onearm.sensitivity.comparators import Admission, admit
from onearm.sensitivity.unresolved import drift_margin, p_at_most, tipping_number, tolerated_risk
from onearm.study.figures import Named, number

BINOMIAL = "exact binomial at dead/n of the cohort"


@dataclass(frozen=True, slots=True)
class Beside:
    """One comparator rate: a cohort with its admission, or a percentage that was claimed."""

    name: str
    rate: float | None  # dead / n, never the rounded percent; a claimed percentage where that is all there is
    admission: Admission
    cohort: PublishedCohort | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """What a series is set beside them with."""

    dead: int
    unresolved: int
    n: int

    @property
    def worst(self) -> int:
        return self.dead + self.unresolved


def counts_of(series: ReportedSeries) -> Counts | None:
    """None unless all three were reported."""
    n, dead, still = (series.count(k) for k in ("n", "dead", "open"))
    return None if n is None or dead is None or still is None else Counts(dead, still, n)


def beside(series: ReportedSeries, cohorts: Sequence[PublishedCohort]) -> tuple[Beside, ...]:
    """Every cohort in its role, then the percentages claimed; judged before any outcome is compared."""
    start, follow = series.quartiles("first_dose_after_ventilation"), series.quartiles("follow_up_after_first_dose")
    horizon = series.horizon_days()
    found = []
    for c in cohorts:
        admission = admit(
            c,
            country=series.study.get("country", ""),
            treated_from=series.study.get("treated_from", ""),
            treated_to=series.study.get("treated_to", ""),
            start_day=None if start is None else start.median,
            follow_up_days=follow.median if follow is not None else horizon,
        )
        rate = c.dead / c.n if c.dead is not None and c.n else None
        found.append(Beside(c.cohort, rate, admission, c))
    return (*found, *_claimed(series))


def _claimed(series: ReportedSeries) -> Iterator[Beside]:
    for end in ("low", "high"):
        percent = series.claim.get(f"comparator_{end}", NOT_REPORTED).number()
        if percent is not None:
            why = f"the cohort behind the {percent:g} % is not named"
            why_es = f"no se nombra la cohorte del {percent:g} %"
            yield Beside(f"claimed_{end}", percent / 100, Admission(Role.REFUSED, (why,), (why_es,), False))


def cohort_estimates(found: Sequence[Beside], counts: Counts | None) -> Iterator[Estimate]:
    """`comparator.<name>.*`: share dead, P(at most observed) and, always beside it, P(at most worst case)."""
    for b in found:
        role, c = b.admission.role, b.cohort
        if c is not None and b.rate is not None:
            named = Named(f"comparator.{b.name}.death", f"dead, {b.name}", f"fallecidos, {b.name}")
            source = f"{c.citation} ({c.status})"
            yield number(named, b.rate, n=c.n, events=c.dead, source=source, role=role, method="dead / n")
        if counts is None:
            continue
        refused = role is Role.REFUSED and c is not None
        for how, k in (("p_at_most_observed", counts.dead), ("p_at_most_worst_case", counts.worst)):
            named = Named(
                f"comparator.{b.name}.{how}",
                f"at most {k} of {counts.n} deaths beside {b.name}",
                f"{k} de {counts.n} muertes o menos junto a {b.name}",
            )
            p = None if refused or b.rate is None else p_at_most(k, counts.n, b.rate)
            yield number(named, p, n=counts.n, events=k, method=BINOMIAL, role=role, remedy=_remedy(b))


def _remedy(b: Beside) -> str:
    if b.rate is None:
        return "Give dead and n of the cohort: a rounded percentage carries no count."
    return "Refused: " + "; ".join(b.admission.reasons) + ". Give the number still in hospital at a fixed horizon."


def stress_estimates(sizes: Sequence[tuple[str, float]], counts: Counts) -> Iterator[Estimate]:
    """Tipping numbers and drift of every rate in `sizes` (similar cases and cohorts for size)."""
    for name, rate in sizes:
        named = Named(
            f"unresolved.tipping.{name}",
            f"fewest deaths among the {counts.unresolved} open that make the count usual beside {name}",
            f"muertes mínimas entre los {counts.unresolved} abiertos para una cifra habitual junto a {name}",
        )
        u = tipping_number(counts.dead, counts.unresolved, counts.n, rate)
        remedy = f"More than {counts.unresolved}: the count stays unusual beside {name}."
        yield number(named, None if u is None else float(u), n=counts.unresolved, remedy=remedy, method=BINOMIAL)
    for how, deaths, en, es in (
        ("theta0", counts.dead, "risk below which the deaths seen are not unusual", "riesgo bajo el cual no son raras"),
        ("theta0_worst_case", counts.worst, "the same, all open counted dead", "lo mismo, los abiertos muertos"),
    ):
        method = f"exact binomial, P(at most {deaths}) = .05"
        yield number(Named(f"drift.{how}", en, es), tolerated_risk(deaths, counts.n), n=counts.n, method=method)
    for name, rate in sizes:
        named = Named(
            f"drift.delta_star.{name}",
            f"fall of the log odds of death beside {name} until p passes .05",
            f"bajada del logit de muerte junto a {name} hasta p = ,05",
        )
        value = delta_star(rate, counts)
        yield number(named, value, method="logit of the rate minus logit of theta0; below 0: never unusual")


def delta_star(rate: float, counts: Counts) -> float | None:
    """delta* of one rate; None where a logit does not exist."""
    return drift_margin(rate, counts.dead, counts.n) if 0 < rate < 1 and counts.dead < counts.n else None


def comparator_rows(found: Sequence[Beside], estimates: Sequence[Estimate]) -> tuple[ComparatorRow, ...]:
    """Cohorts and claimed percentages as they are listed on the page."""
    return tuple(_row(b, tuple(e.id for e in estimates if e.id.startswith(f"comparator.{b.name}."))) for b in found)


def _row(b: Beside, figures: tuple[str, ...]) -> ComparatorRow:
    c = b.cohort
    return ComparatorRow(
        name=b.name,
        kind="claim" if c is None else c.kind,
        role=b.admission.role,
        reasons=b.admission.reasons,
        reasons_es=b.admission.reasons_es,
        favours_treatment=b.admission.favours_treatment,
        citation="" if c is None else c.citation,
        place="" if c is None else c.place,
        country="" if c is None else c.country,
        dates="" if c is None else " to ".join(d for d in (c.start, c.end) if d),
        population="" if c is None else c.population,
        clock="" if c is None else "intubation" if c.clock_day is None else f"day {c.clock_day}",
        n=None if c is None else c.n,
        dead=None if c is None else c.dead,
        out=None if c is None else c.out,
        open=None if c is None else c.open,
        horizon="" if c is None else c.horizon,
        status="" if c is None else c.status,
        note="" if c is None else c.note,
        figures=figures,
    )
