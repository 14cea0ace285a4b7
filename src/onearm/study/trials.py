"""Two-arm reports beside a series: both arms, their contrast, and one sentence each. They never change its level."""

from collections.abc import Iterator, Sequence

from onearm.estimators.two_arm import TwoArm, two_arm
from onearm.protocol.published import ReportedTrial
from onearm.results.estimate import Estimate
from onearm.results.status import Role
from onearm.results.study_result import TrialReport
from onearm.study.figures import Named, number, of_share

ALPHA = 0.05  # two-sided, as trials report


def compare(trial: ReportedTrial) -> TwoArm:
    """The contrast of one report."""
    return two_arm(
        trial.treated_dead,
        trial.treated_n,
        trial.control_dead,
        trial.control_n,
        treated_open=trial.treated_open or 0,
        control_open=trial.control_open or 0,
    )


def trial_estimates(trials: Sequence[ReportedTrial]) -> Iterator[Estimate]:
    """`trial.<report>.*` of every report."""
    for trial in trials:
        yield from _estimates(trial, compare(trial))


def _estimates(trial: ReportedTrial, arms: TwoArm) -> Iterator[Estimate]:
    name, source = f"trial.{trial.report}", f"{trial.source} ({trial.status})"
    if arms.treated and arms.control:
        yield of_share(
            Named(f"{name}.treated.death", "dead, treated", "muertos, tratados"), arms.treated, source=source
        )
        yield of_share(Named(f"{name}.control.death", "dead, control", "muertos, control"), arms.control, source=source)
    yield number(
        Named(f"{name}.risk_ratio", "risk ratio", "razón de riesgos"),
        arms.risk_ratio,
        limits=(arms.ratio_lower, arms.ratio_upper),
        method="Wald on the log",
        source=source,
        role=Role.PRIMARY,
        remedy=arms.ratio_remedy,
    )
    yield number(
        Named(f"{name}.risk_difference", "risk difference", "diferencia de riesgos"),
        arms.risk_difference,
        limits=(arms.difference_lower, arms.difference_upper),
        method="Newcombe",
        source=source,
        role=Role.PRIMARY,
    )
    fisher = "Fisher exact, two-sided"
    p = Named(f"{name}.fisher.p", "Fisher p", "p de Fisher")
    yield number(p, arms.fisher_p, method=fisher, source=source, role=Role.PRIMARY, sides=2)
    if arms.fisher_p_worst_case is not None:
        worst = Named(f"{name}.fisher.p_worst_case", "Fisher p, worst case", "p de Fisher, peor caso")
        yield number(worst, arms.fisher_p_worst_case, method=fisher, source=source, sides=2)


def is_randomised(trial: ReportedTrial) -> bool:
    """Whether the design says so."""
    return trial.design.upper().startswith("RCT")


def trial_reports(trials: Sequence[ReportedTrial]) -> tuple[TrialReport, ...]:
    """Each report with what it says."""
    return tuple(_report(t, compare(t)) for t in trials)


def _report(trial: ReportedTrial, arms: TwoArm) -> TrialReport:
    fewer = (arms.risk_difference or 0) < 0
    if (arms.fisher_p or 0) > ALPHA:
        told, told_es = "no difference shown", "no se demuestra diferencia"
    elif fewer:
        told, told_es = "fewer deaths in the treated arm", "menos muertes en el grupo tratado"
    else:
        told, told_es = "more deaths in the treated arm", "más muertes en el grupo tratado"
    figures = tuple(e.id for e in _estimates(trial, arms))
    return TrialReport(
        report=trial.report,
        product=trial.product,
        design=trial.design,
        level="randomised" if is_randomised(trial) else "not randomised",
        sentence=told,
        sentence_es=told_es,
        treated_n=trial.treated_n,
        treated_dead=trial.treated_dead,
        control_n=trial.control_n,
        control_dead=trial.control_dead,
        horizon=trial.horizon,
        source=trial.source,
        note=trial.note,
        figures=figures,
    )
