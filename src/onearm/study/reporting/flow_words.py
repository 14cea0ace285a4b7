"""Who was left after each rule, how they were treated and what was done, as phrases of a reporting cell."""

from onearm.results.attrition import AttritionRow
from onearm.results.reporting import RowStatus
from onearm.study.reporting.figure_words import comma, conditions, figures
from onearm.study.reporting.item import Cell, Run, filled, missing, not_applicable, together

FLOW = "results.json attrition"


def flow(run: Run) -> Cell:
    """The steps from everybody to the compared; of a publication only those of the similar cases are known."""
    steps = run.result.attrition
    if not run.analysed:
        told = "how the treated were found and chosen is not reported"
        told_es = "no consta cómo se encontró y eligió a los tratados"
        more = f"; similar cases: {_steps(steps)}" if steps else ""
        more_es = f"; casos similares: {_steps(steps, spanish=True)}" if steps else ""
        return missing((told + more, told_es + more_es), *([FLOW] if steps else ["G8"]))
    if not steps:
        return missing(("nobody to count", "nadie a quien contar"), FLOW)
    return filled((_steps(steps), _steps(steps, spanish=True)), FLOW)


def _steps(steps: tuple[AttritionRow, ...], *, spanish: bool = False) -> str:
    """ "163 > 13 (treated) > 13 (state)"."""

    def count(n: int) -> str:
        return comma(f"{n:,}") if spanish else f"{n:,}"

    return count(steps[0].n_before) + "".join(f" > {count(s.n_after)} ({s.rule})" for s in steps)


def eligible_in_data(run: Run) -> Cell:
    """The flow and whether the screening log is whole."""
    return together(flow(run), conditions(run, "G8"))


def treated_in_data(run: Run) -> Cell:
    """How many got the treatment, and how many doses."""
    n, index = run.result.about.n, run.result.about.index
    if run.analysed and not run.cells:
        return filled((f"{n} with {index}", f"{n} con «{index}»"), "records/episodes", "records/subjects")
    doses = doses_given(run)
    en = "; ".join(f"{k} {'dose' if k == 1 else 'doses'} in {count}" for k, count in sorted(doses.items()))
    es = "; ".join(f"{k} dosis en {count}" for k, count in sorted(doses.items()))
    where = "records/infusions" if run.analysed else "reported.toml [doses]"
    if not doses:
        return missing(("doses are not reported", "no constan las dosis"), where)
    return filled((en, es), where)


def doses_given(run: Run) -> dict[int, int]:
    """Patients by number of infusions; empty where that is not known."""
    if run.inputs.records is not None and run.analysed:
        counts = run.inputs.records["infusions"].group_by("subject_id").len()["len"].to_list()
        return {k: counts.count(k) for k in set(counts)}
    return {} if run.inputs.series is None else run.inputs.series.patients_by_doses()


def assigned_in_data(run: Run) -> Cell:
    """Who served as comparison, and how alike."""
    if not run.analysed:
        told = ("counts only: nobody was assigned or matched", "solo recuentos: no se asignó ni emparejó a nadie")
        return not_applicable(told, "G1")
    return conditions(run, "G1", "G7")


def followed_in_data(run: Run) -> Cell:
    """Whether the clocks agree, the index day and the follow-up."""
    days = figures(run, "treated.start_day.median", "treated.followup.median")
    return together(days, conditions(run, "G2"))


def outcomes_in_data(run: Run) -> Cell:
    """Deaths, and those whose outcome is not known."""
    return figures(run, "treated.death.so_far", "treated.unresolved")


def contrast_in_data(run: Run) -> Cell:
    """The comparison as it was computed."""
    if not run.analysed:
        told = ("a publication of one arm gives no contrast", "una publicación de un grupo no da contraste")
        return not_applicable(told, "G1", "G11")
    return figures(run, "primary.exact.p", "primary.exact.observed", "primary.exact.expected", "attributable.deaths")


def assumptions_in_data(run: Run) -> Cell:
    """What the records say of the assumptions."""
    cell = conditions(run, "G5", "G6", "G9")
    if not run.analysed and cell.is_filled:  # G5 alone is no answer about confounders
        return missing((cell.en, cell.es), *cell.provenance)
    return cell


def analysis_in_data(run: Run) -> Cell:
    """The method of the primary figure, and how often it is wrong."""
    main = run.figure("primary.exact.p") or run.figure("null_predictive.p") or run.figure("treated.death.so_far")
    if main is None:
        return missing(("nothing could be computed", "no se pudo calcular nada"), "results.json estimates")
    how = filled((main.method, f"«{main.method}»"), main.id)
    rates = figures(run, "false_positive.this_design", "power.exact.hr50")
    return together(how, rates) if rates.status is RowStatus.FILLED else how


def answer(run: Run) -> Cell:
    """The figures the sentence of the page rests on."""
    if run.analysed:
        return figures(run, "attributable.deaths", "primary.exact.p", "matched.risk_difference")
    return figures(run, "treated.death.so_far", "treated.death.worst_case", "null_predictive.p")
