"""`appraise`: what a published claim is worth. The order of the steps A2-A11, and nothing computed here."""

from collections.abc import Sequence
from dataclasses import dataclass

from onearm.estimators.sample_size import patients_per_arm
from onearm.protocol.inputs import StudyInputs
from onearm.protocol.reported import NOT_REPORTED, ReportedSeries
from onearm.protocol.study import Protocol
from onearm.results.charts import Charts
from onearm.results.estimate import Estimate
from onearm.results.problems import Problem, StudyProblems
from onearm.results.status import Role
from onearm.results.study_result import (
    About,
    ComparatorRow,
    StudyResult,
)
from onearm.sensitivity.unresolved import tipping_number, tolerated_risk
from onearm.study.answer import answer
from onearm.study.chance import Chance, chance, chance_estimates, histogram
from onearm.study.cohorts import (
    Beside,
    Counts,
    beside,
    cohort_estimates,
    comparator_rows,
    counts_of,
    stress_estimates,
)
from onearm.study.figures import Named, number
from onearm.study.predictive import predictive_estimates
from onearm.study.public_claims import answer_counts, answers, series_record
from onearm.study.reporting.tables import with_reporting
from onearm.study.series_evidence import series_evidence
from onearm.study.similar_incidence import (
    SimilarCourse,
    curve_from_entry,
    curve_from_landmark,
    similar_course,
    similar_estimates,
)
from onearm.study.treated_series import icons, marker_courses, start_days, treated_estimates
from onearm.study.trials import trial_estimates, trial_reports
from onearm.verdict.break_points import Both, drift_sentence, tipping_sentences
from onearm.verdict.flags import raise_flags
from onearm.verdict.gates import judge
from onearm.verdict.level import decide
from onearm.verdict.randomised import decide_randomised
from onearm.verdict.settle import REDUCTION, settle


@dataclass(frozen=True, slots=True, eq=False)
class Similar:
    """One folder of similar cases as it was read for a series."""

    course: SimilarCourse
    chance: Chance
    estimates: tuple[Estimate, ...]
    headline: Estimate | None  # of those still in the state on the median start day, by the median follow-up


def appraise(inputs: StudyInputs) -> StudyResult:
    """A ReportedSeries against similar cases and published cohorts, or a randomised report alone.

    Raises StudyProblems when the folder holds neither.
    """
    if inputs.series is None:
        if any(t.control_n for t in inputs.trials):
            return _trials_alone(inputs)
        told = "no reported.toml: there is no published claim to appraise."
        raise StudyProblems([Problem("reported.toml", told, "Write one, or run `onearm analyse` on records.")])
    series, protocol = inputs.series, inputs.protocol
    counts = counts_of(series)
    similar = tuple(_similar(inputs, k) for k in range(len(inputs.similar)))
    found = beside(series, inputs.cohorts)
    sizes = _rates(similar, found)
    estimates = [*treated_estimates(series)]
    for one in similar:
        estimates += one.estimates
    estimates += cohort_estimates(found, counts)
    if counts is not None:
        estimates += stress_estimates(sizes, counts)
        if inputs.cohorts:
            estimates += predictive_estimates(found, counts)
    estimates.append(_no_e_value())
    estimates += trial_estimates(inputs.trials)
    per_arm, control = _cost(sizes)
    if per_arm is not None:
        named = Named("settle.per_arm", "patients per arm of a trial that would settle it", "pacientes por grupo")
        estimates.append(number(named, float(per_arm), method="two proportions, two-sided .05, power .8"))
    null = [(s.course.case.name, s.chance.result) for s in similar if s.chance.result is not None]
    evidence = series_evidence(inputs, series, null, found, sizes, estimates)
    gates = judge(evidence)
    verdict = decide(evidence, gates, settle(per_arm, control, protocol.horizon_days))
    claims = answers(inputs.sentences, series_record(series, found, verdict, estimates))
    estimates += answer_counts(claims)
    result = answer(
        inputs,
        "appraise",
        _about(series, protocol),
        verdict,
        estimates,
        attrition=[step for one in similar for step in one.course.attrition],
        comparators=[*(_patients(one) for one in similar), *comparator_rows(found, estimates)],
        gates=gates,
        flags=raise_flags(evidence),
        public_claims=claims,
        charts=_charts(series, similar),
        break_points=_break_points(counts, sizes),
    )
    return with_reporting(inputs, result)


def _similar(inputs: StudyInputs, k: int) -> Similar:
    """The first folder gives the headline and the unnamed ids; others carry their name in theirs."""
    case, protocol, series = inputs.similar[k], inputs.protocol, inputs.series
    assert series is not None
    course = similar_course(protocol, case)
    start, follow = series.quartiles("first_dose_after_ventilation"), series.quartiles("follow_up_after_first_dose")
    headline = None if start is None else int(start.median)
    days = int(follow.median) if follow is not None else series.horizon_days()
    prefix = "similar.death." if k == 0 else f"similar.death.{case.name}."
    resolved_on = next((c.resolved_on for c in protocol.comparator if c.name == case.name), None)
    estimates = list(
        similar_estimates(course, prefix=prefix, headline=headline, follow_up_days=days, resolved_on=resolved_on)
    )
    found = chance(series, protocol, course)
    if k == 0:
        estimates += chance_estimates(found, course)
    wanted = f"{prefix}landmark{headline}.day{days or 28}"
    main = next((e for e in estimates if e.id == wanted and e.value is not None), None)
    return Similar(course, found, tuple(estimates), main)


def _rates(similar: Sequence[Similar], found: Sequence[Beside]) -> tuple[tuple[str, float], ...]:
    """Rates that count for size: the headline of the first similar cases, then every cohort for size."""
    first = [("similar", s.headline.value) for s in similar[:1] if s.headline and s.headline.value]
    return (*first, *((b.name, b.rate) for b in found if b.admission.role is Role.SIZE and b.rate is not None))


def _cost(sizes: Sequence[tuple[str, float]]) -> tuple[int | None, float | None]:
    """Patients per arm to see the risk of the similar cases (else of the first cohort for size) fall by a quarter."""
    control = next((rate for _, rate in sizes if 0 < rate < 1), None)
    return (None, None) if control is None else (patients_per_arm(control, control * (1 - REDUCTION)), control)


def _no_e_value() -> Estimate:
    named = Named("evalue.limit", "E-value of the limit", "valor E del límite")
    return number(named, None, remedy="An E-value needs a contrast of patients with patients, not of counts.")


def _about(series: ReportedSeries, protocol: Protocol) -> About:
    told = series.study
    return About(
        title=told.get("name", protocol.study.title),
        product=protocol.study.product or str(series.product.get("cells", NOT_REPORTED).value or ""),
        citation=told.get("citation", ""),
        doi=told.get("doi", ""),
        condition=protocol.population.description,
        place=told.get("place", told.get("country", "")),
        treated_from=told.get("treated_from", ""),
        treated_to=told.get("treated_to", ""),
        n=series.count("n") or 0,
        provenance="virtual" if protocol.study.virtual else "reported",
        clock=protocol.clock.starts,
        index=protocol.time_zero.index.replace("_", " "),
        data_lock="" if protocol.study.data_lock is None else protocol.study.data_lock.isoformat(),
    )


def _patients(one: Similar) -> ComparatorRow:
    course, case = one.course, one.course.case
    dead, out, still = (int((course.event == e).sum()) for e in (1, 2, 0))
    figures = tuple(e.id for e in one.estimates)
    return ComparatorRow(
        name=case.name,
        kind="patients",
        role=Role.SIZE,
        reasons=(),
        reasons_es=(),
        favours_treatment=False,
        citation=case.title,
        place=case.country,
        country=case.country,
        dates=case.dates,
        population=case.population,
        clock=course.clock,
        n=course.persons,
        dead=dead,
        out=out,
        open=still,
        horizon="",
        status="",
        note="; ".join(f"{rule}: {k} kept, not known" for rule, k in course.unknown),
        figures=figures,
    )


def _charts(series: ReportedSeries, similar: Sequence[Similar]) -> Charts:
    curves = []
    start = series.quartiles("first_dose_after_ventilation")
    for one in similar[:1]:
        if one.course.persons:
            curves.append(curve_from_entry(one.course))
        later = None if start is None else curve_from_landmark(one.course, int(start.median))
        if later is not None:
            curves.append(later)
    return Charts(
        icons=icons(series),
        null_histogram=histogram(similar[0].chance) if similar else None,
        incidence=tuple(curves),
        start_days=start_days(series),
        markers=marker_courses(series),
    )


def _break_points(counts: Counts | None, sizes: Sequence[tuple[str, float]]) -> list[Both]:
    if counts is None:
        return []
    tipping = [(name, tipping_number(counts.dead, counts.unresolved, counts.n, rate)) for name, rate in sizes]
    theta = tolerated_risk(counts.dead, counts.n)
    worst = tolerated_risk(counts.worst, counts.n) if counts.unresolved else None
    return [*tipping_sentences(tipping, counts.unresolved), drift_sentence(counts.dead, counts.n, theta, worst)]


def _trials_alone(inputs: StudyInputs) -> StudyResult:
    """Two-arm reports without a series: randomised evidence speaks for itself."""
    protocol, reports = inputs.protocol, trial_reports(inputs.trials)
    first = next((t for t in reports if t.level == "randomised"), reports[0])
    about = About(
        title=protocol.study.title,
        product=protocol.study.product or first.product,
        citation=first.source,
        doi="",
        condition=protocol.population.description,
        place="",
        treated_from="",
        treated_to="",
        n=first.treated_n,
        provenance="reported",
        clock=protocol.clock.starts,
        index="randomisation",
        data_lock="",
    )
    return answer(inputs, "appraise", about, decide_randomised(first), tuple(trial_estimates(inputs.trials)))
