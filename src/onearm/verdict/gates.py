"""Gates G1-G12: one row each. A gate whose input is not reported fails: a limit of the source, not of the product."""

from collections.abc import Callable
from dataclasses import dataclass

from onearm.results.study_result import Gate
from onearm.verdict.evidence import LARGEST_DIFFERENCE, Evidence

LARGEST_SIZE = 0.07
PLACEBO_P = 0.05
NOT_REPORTED = ("not reported in what was read", "no consta en lo leído")
#: What a judge says: passed, the value in words, reason in English and Spanish.
Judged = tuple[bool, str, str, str]


@dataclass(frozen=True, slots=True)
class GateRule:
    """One condition, the level that cannot be exceeded when it fails, and how it is judged."""

    id: str
    title: str
    title_es: str
    threshold: str
    cap: str
    judge: Callable[[Evidence], Judged]


def _not_reported(value: str = "not reported") -> Judged:
    return (False, value, *NOT_REPORTED)


def _g1(e: Evidence) -> Judged:
    if e.patients and e.controls_with_days:
        return True, "both", "patients with a daily state on both sides", "pacientes con estado diario en ambos lados"
    if e.patients:
        return (
            False,
            "treated only",
            "no similar patients with a daily state",
            "sin pacientes similares con estado diario",
        )
    return (
        False,
        "counts only",
        "a publication gives counts, not patients",
        "una publicación da recuentos, no pacientes",
    )


def _g2(e: Evidence) -> Judged:
    if e.aligned:
        return (
            bool(e.lag_logged),
            "aligned; decision-to-treatment lag " + ("logged" if e.lag_logged else "not logged"),
            "each control was still there, untreated, on the day its treated match began"
            if e.lag_logged
            else "the time from decision to treatment was not logged",
            "cada control seguía ahí, sin tratar, el día en que empezó su pareja tratada"
            if e.lag_logged
            else "no consta el tiempo entre la decisión y el tratamiento",
        )
    if e.start_median is None:
        return _not_reported()
    width = "" if e.start_width is None else f", IQR width {e.start_width:g}"
    value = f"start median day {e.start_median:g}{width}"
    if e.start_median > 0:
        return (
            False,
            value,
            "the treated had to survive untreated until their first treatment; the patients compared did not",
            "los tratados tuvieron que sobrevivir hasta su primer tratamiento; los pacientes comparados, no",
        )
    return False, value, "the day of treatment was not matched", "no se emparejó el día del tratamiento"


def _g3(e: Evidence) -> Judged:
    share = e.unresolved_share
    if share is None:
        return _not_reported()
    value = f"{e.unresolved}/{e.n} unresolved"
    if share <= 0.10:
        return True, value, "at most 10 % unresolved", "como mucho un 10 % sin resolver"
    if e.holds_if_all_die:
        return True, value, "the conclusion holds if all of them die", "la conclusión se mantiene si todos mueren"
    return (
        False,
        value,
        "more than 10 % unresolved; if all of them died, no benefit could be claimed",
        "más del 10 % sin resolver; si todos murieran, no se podría afirmar un beneficio",
    )


def _g4(e: Evidence) -> Judged:
    if not e.claim_comparator:
        return False, "no comparator", "no comparator was named", "no se nombra ninguna comparación"
    if e.claim_admitted is None:
        return (
            False,
            e.claim_comparator,
            "the cohorts behind the claim are not named",
            "no se nombran las cohortes de la comparación",
        )
    if e.claim_admitted:
        return (
            True,
            e.claim_comparator,
            "named, whole, ventilated and followed long enough (K1-K4)",
            "nombrada, completa, ventilada y con seguimiento suficiente (K1-K4)",
        )
    return (
        False,
        e.claim_comparator,
        "the comparator leaves patients out, is another population or ends too early (K1-K4)",
        "la comparación omite pacientes, es otra población o termina demasiado pronto (K1-K4)",
    )


def _g5(e: Evidence) -> Judged:
    if e.same_setting:
        return (
            True,
            "same setting",
            "same era, centres and steroid policy",
            "misma época, centros y pauta de corticoides",
        )
    if e.drift:
        name, least = min(e.drift.items(), key=lambda item: item[1])
        value = f"least delta* {least:.2f} ({name})"
        if least > 0.4:
            return (
                True,
                value,
                "only a large fall in similar patients' risk could explain it",
                "solo una gran bajada del riesgo de los pacientes similares podría explicarlo",
            )
        return (
            False,
            value,
            "chance, another time or another place could explain the deaths seen",
            "el azar, otra época u otro lugar podrían explicar las muertes vistas",
        )
    if e.same_setting is False:
        return (
            False,
            "another setting",
            "another time, place or steroid policy",
            "otra época, lugar o pauta de corticoides",
        )
    return _not_reported()


def _g6(e: Evidence) -> Judged:
    if e.confounders_complete is None:
        return _not_reported()
    value = f"{100 * e.confounders_complete:.1f} % complete"
    ok = e.confounders_complete >= 0.9
    return (
        ok,
        value,
        "severity and other confounders recorded in both arms" if ok else "confounders missing in more than 10 %",
        "gravedad y otros factores de confusión registrados en ambos grupos"
        if ok
        else "faltan factores de confusión en más del 10 %",
    )


def _g7(e: Evidence) -> Judged:
    if e.unmatched is None or e.n is None:
        return _not_reported()
    if e.imbalance is None:
        return (
            False,
            f"{e.n - e.unmatched} of {e.n} matched on the day alone",
            "severity was not compared between treated and matched patients",
            "no se comparó la gravedad de los tratados y la de sus emparejados",
        )
    enough = e.effective_n is not None and e.effective_n >= 3 * e.n
    ok = e.unmatched == 0 and e.imbalance <= LARGEST_DIFFERENCE and enough
    effective = "not known" if e.effective_n is None else f"{e.effective_n:.0f}"
    value = f"{e.unmatched} unmatched, largest difference {e.imbalance:.2f}, effective n {effective}"
    return (
        ok,
        value,
        "all treated matched, with similar patients" if ok else "some unmatched, too different or too few to compare",
        "todos emparejados con pacientes similares"
        if ok
        else "algunos sin emparejar, demasiado distintos o demasiado pocos",
    )


def _g8(e: Evidence) -> Judged:
    if e.screened_share is None:
        return _not_reported("no screening log")
    ok = e.screened_share >= 0.9
    return (
        ok,
        f"{100 * e.screened_share:.1f} % of eligible accounted for",
        "consecutive screening log" if ok else "eligible patients are missing from the screening log",
        "registro de cribado consecutivo" if ok else "faltan pacientes elegibles en el registro de cribado",
    )


def _g9(e: Evidence) -> Judged:
    if e.cotreatment_balanced is None:
        return _not_reported()
    ok = e.cotreatment_balanced
    return (
        ok,
        f"largest difference {e.cotreatment_imbalance:.2f}",
        "other treatments alike, or modelled, after the index day"
        if ok
        else "other treatments differ after the index day",
        "otros tratamientos similares, o modelados, tras el día índice"
        if ok
        else "otros tratamientos distintos tras el día índice",
    )


def _g10(e: Evidence) -> Judged:
    if e.design_size is None:
        return (
            False,
            "not run",
            "the analysis was not tried on untreated patients as a placebo",
            "el análisis no se probó con pacientes sin tratar, como placebo",
        )
    placebo = "not run" if e.placebo_p is None else f"p {e.placebo_p:.3f}"
    value = f"{100 * e.design_size:.1f} % false positives, days before treatment {placebo}"
    if e.design_size > LARGEST_SIZE:
        return (
            False,
            value,
            "the analysis finds a benefit too often where there is none",
            "el análisis ve un beneficio demasiadas veces donde no lo hay",
        )
    if e.placebo_p is None:
        return (
            False,
            value,
            "the days before treatment could not be compared",
            "no se pudieron comparar los días previos al tratamiento",
        )
    ok = e.placebo_p > PLACEBO_P
    return (
        ok,
        value,
        "the analysis seldom finds a benefit where there is none"
        if ok
        else "the treated were on another course before anything was given",
        "el análisis rara vez ve un beneficio donde no lo hay"
        if ok
        else "los tratados evolucionaban de otro modo antes de recibir nada",
    )


def _g11(e: Evidence) -> Judged:
    if e.p_value is None and e.unmatched:
        return (
            False,
            f"{e.unmatched} without a similar patient",
            "an exact test of a part of the treated decides nothing",
            "una prueba exacta de una parte de los tratados no decide nada",
        )
    if e.p_value is None and e.patients:
        return False, "not computed", "the exact test was not possible", "la prueba exacta no fue posible"
    if e.p_value is None:
        return False, "needs patients", "no exact test without patients", "sin pacientes no hay prueba exacta"
    gamma = "none" if e.gamma_star is None else "above 20" if e.gamma_star > 20 else f"{e.gamma_star:.2f}"
    prob = "not computed" if e.pr_benefit is None else f"{e.pr_benefit:.3f}"
    ok = e.p_value <= 0.05 and (e.gamma_star or 0) >= 1.5 and (e.pr_benefit or 0) >= 0.9
    return (
        ok,
        f"p {e.p_value:.4g}, Gamma* {gamma}, Pr(HR < 1) {prob}",
        "fewer deaths than chance, hidden bias and other times would explain"
        if ok
        else "chance, hidden bias or other times could explain the deaths seen",
        "menos muertes de las que explicarían el azar, un sesgo oculto y otra época"
        if ok
        else "el azar, un sesgo oculto u otra época podrían explicar las muertes vistas",
    )


def _g12(e: Evidence) -> Judged:
    if e.locked_before:
        return True, "locked", "plan locked before outcomes were read", "plan cerrado antes de leer los desenlaces"
    if e.locked_before is None:
        return (
            False,
            "none located",
            "no plan made before the outcomes was located: exploratory",
            "no consta un plan anterior a los desenlaces: exploratorio",
        )
    return (
        False,
        "outcomes read first",
        "outcomes were read before a plan was locked: exploratory",
        "se leyeron los desenlaces antes de cerrar un plan: exploratorio",
    )


GATES: tuple[GateRule, ...] = (
    GateRule(
        "G1", "Patients on both sides", "Pacientes en ambos lados", "daily state of treated and comparator", "L1", _g1
    ),
    GateRule(
        "G2", "Clock started fairly", "Mismo punto de partida", "time zero matched on the day, lag logged", "L1", _g2
    ),
    GateRule("G3", "Outcomes known", "Desenlaces conocidos", "unresolved <= 10 %, or holds if all die", "L2", _g3),
    GateRule("G4", "Comparator named", "Comparación identificada", "named, and passes K1-K4", "L1", _g4),
    GateRule("G5", "Same times and places", "Misma época y lugar", "same setting, or every delta* > 0.4", "L2", _g5),
    GateRule("G6", "Severity recorded", "Gravedad registrada", "confounders >= 90 % complete in both arms", "L2", _g6),
    GateRule(
        "G7",
        "Like matched with like",
        "Emparejados con similares",
        "all matched, difference <= 0.25, effective n >= 3 n",
        "L2",
        _g7,
    ),
    GateRule("G8", "Nobody left out", "Nadie excluido", "screening log, >= 90 % of eligible", "L2", _g8),
    GateRule(
        "G9",
        "Other treatments alike",
        "Otros tratamientos iguales",
        "difference <= 0.25 after the index day",
        "L2",
        _g9,
    ),
    GateRule(
        "G10",
        "False alarms rare",
        "Pocas falsas alarmas",
        "pseudo-treated size <= 7 %, placebo in time p > .05",
        "L1",
        _g10,
    ),
    GateRule(
        "G11", "Beyond chance and bias", "Más que azar y sesgo", "p <= .05, Gamma* >= 1.5, Pr(HR < 1) >= .9", "L2", _g11
    ),
    GateRule(
        "G12",
        "Plan before results",
        "Plan antes que resultados",
        "locked before outcomes, nothing undeclared",
        "L2",
        _g12,
    ),
)


def judge(evidence: Evidence) -> tuple[Gate, ...]:
    """Every gate with its value, threshold and reason, in order."""
    found = []
    for rule in GATES:
        passed, value, reason, reason_es = rule.judge(evidence)
        found.append(
            Gate(
                id=rule.id,
                passed=passed,
                value=value,
                threshold=rule.threshold,
                reason=reason,
                reason_es=reason_es,
                title=rule.title,
                title_es=rule.title_es,
                cap=rule.cap,
            )
        )
    return tuple(found)
