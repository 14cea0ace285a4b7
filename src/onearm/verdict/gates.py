"""Gates G1-G12: one row each. A gate whose input is not reported fails: a limit of the source, not of the product."""

from collections.abc import Callable
from dataclasses import dataclass

from onearm.results.study_result import Gate
from onearm.verdict.evidence import Evidence

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
            "sin pacientes parecidos con estado diario",
        )
    return (
        False,
        "counts only",
        "a publication gives counts, not patients",
        "una publicación da recuentos, no pacientes",
    )


def _g2(e: Evidence) -> Judged:
    if e.aligned:
        reason = "each control was there, untreated, on the day of its treated match"
        return (
            bool(e.lag_logged),
            "aligned; decision-to-treatment lag " + ("logged" if e.lag_logged else "not logged"),
            reason if e.lag_logged else "the time from decision to treatment was not logged",
            "cada control seguía ahí, sin tratar, el día de su pareja tratada"
            if e.lag_logged
            else "no consta el tiempo entre la decisión y el tratamiento",
        )
    if e.start_median is None:
        return _not_reported()
    width = "" if e.start_width is None else f", IQR width {e.start_width:g}"
    return (
        False,
        f"start median day {e.start_median:g}{width}",
        "the treated had to survive untreated until their first dose; the quoted comparison did not",
        "los tratados tuvieron que sobrevivir sin tratar hasta su primera dosis; los comparados no",
    )


def _g3(e: Evidence) -> Judged:
    share = e.unresolved_share
    if share is None:
        return _not_reported()
    value = f"{e.unresolved}/{e.n} unresolved"
    if share <= 0.10:
        return True, value, "at most 10 % unresolved", "10 % sin resolver como mucho"
    if e.holds_if_all_die:
        return True, value, "the conclusion holds if all of them die", "la conclusión se mantiene si todos mueren"
    return (
        False,
        value,
        "more than 10 % unresolved and the conclusion hangs on them",
        "más del 10 % sin resolver y la conclusión depende de ellos",
    )


def _g4(e: Evidence) -> Judged:
    if e.claim_admitted is None:
        told = e.claim_comparator or "no comparator"
        return False, told, "the cohorts behind the claim are not named", "no se nombran las cohortes de la comparación"
    if e.claim_admitted:
        return True, e.claim_comparator, "named and complete", "nombrada y completa"
    return False, e.claim_comparator, "the comparator does not pass K1-K4", "la comparación no cumple K1-K4"


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
                "a large drift would be needed to explain it",
                "haría falta un gran cambio para explicarlo",
            )
        return (
            False,
            value,
            "other times or places could explain the difference",
            "otra época u otro lugar podrían explicar la diferencia",
        )
    return _not_reported()


def _g6(e: Evidence) -> Judged:
    if e.confounders_complete is None:
        return _not_reported()
    value = f"{100 * e.confounders_complete:.0f} % complete"
    ok = e.confounders_complete >= 0.9
    return (
        ok,
        value,
        "confounders recorded in both arms" if ok else "confounders missing in more than 10 %",
        "factores de confusión registrados en ambos grupos" if ok else "faltan factores de confusión en más del 10 %",
    )


def _g7(e: Evidence) -> Judged:
    if e.unmatched is None or e.n is None:
        return _not_reported()
    if e.imbalance is None:
        return (
            False,
            f"{e.n - e.unmatched} of {e.n} matched on the day alone",
            "severity was not compared between the matched",
            "no se comparó la gravedad entre emparejados",
        )
    enough = e.effective_n is not None and e.effective_n >= 3 * e.n
    ok = e.unmatched == 0 and e.imbalance <= 0.25 and enough
    effective = "not known" if e.effective_n is None else f"{e.effective_n:.0f}"
    value = f"{e.unmatched} unmatched, largest difference {e.imbalance:.2f}, effective n {effective}"
    return (
        ok,
        value,
        "matched groups are alike" if ok else "matched groups differ or are too few",
        "los grupos emparejados se parecen" if ok else "los grupos emparejados difieren o son pocos",
    )


def _g8(e: Evidence) -> Judged:
    if e.screened_share is None:
        return _not_reported("no screening log")
    ok = e.screened_share >= 0.9
    return (
        ok,
        f"{100 * e.screened_share:.0f} % of eligible accounted for",
        "screening log is consecutive" if ok else "eligible patients are missing from the log",
        "el registro de cribado es consecutivo" if ok else "faltan pacientes elegibles en el registro",
    )


def _g9(e: Evidence) -> Judged:
    if e.cotreatment_balanced is None:
        return _not_reported()
    ok = e.cotreatment_balanced
    return (
        ok,
        "balanced" if ok else "unbalanced",
        "other treatments alike after the index day" if ok else "other treatments differ after the index day",
        "otros tratamientos parecidos tras el día índice" if ok else "otros tratamientos distintos tras el día índice",
    )


def _g10(e: Evidence) -> Judged:
    if e.design_size is None:
        return (
            False,
            "not run",
            "placebo-in-time and pseudo-treated runs were not made",
            "no se hicieron pruebas placebo",
        )
    ok = e.design_size <= 0.07
    return (
        ok,
        f"{100 * e.design_size:.1f} % false positives",
        "the page rarely cries signal when nothing works" if ok else "the page cries signal too often",
        "la página rara vez da falsas alarmas" if ok else "la página da demasiadas falsas alarmas",
    )


def _g11(e: Evidence) -> Judged:
    if e.p_value is None:
        return False, "needs patients", "no exact test without patients", "sin pacientes no hay prueba exacta"
    gamma = "none" if e.gamma_star is None else f"{e.gamma_star:.2f}"
    prob = "not computed" if e.pr_benefit is None else f"{e.pr_benefit:.2f}"
    ok = e.p_value <= 0.05 and (e.gamma_star or 0) >= 1.5 and (e.pr_benefit or 0) >= 0.9
    return (
        ok,
        f"p {e.p_value:.3f}, Gamma* {gamma}, Pr(HR < 1) {prob}",
        "fewer deaths than chance, hidden bias and drift explain"
        if ok
        else "chance, hidden bias or drift can explain it",
        "menos muertes de las que explican azar y sesgo"
        if ok
        else "el azar, un sesgo oculto o la época pueden explicarlo",
    )


def _g12(e: Evidence) -> Judged:
    if e.locked_before:
        return True, "locked", "plan locked before outcomes were read", "plan cerrado antes de leer resultados"
    return (
        False,
        "none located" if e.locked_before is None else "outcomes read first",
        "no plan locked before outcomes was located: exploratory",
        "no consta un plan cerrado antes de los resultados: exploratorio",
    )


GATES: tuple[GateRule, ...] = (
    GateRule(
        "G1", "Patients on both sides", "Pacientes en ambos lados", "daily state of treated and comparator", "L1", _g1
    ),
    GateRule("G2", "Clock started fairly", "Reloj bien puesto", "time zero matched on the day, lag logged", "L1", _g2),
    GateRule("G3", "Outcomes known", "Desenlaces conocidos", "unresolved <= 10 %, or holds if all die", "L2", _g3),
    GateRule("G4", "Comparator named", "Comparación identificada", "named, and passes K1-K4", "L1", _g4),
    GateRule("G5", "Same times and places", "Misma época y lugar", "same setting, or every delta* > 0.4", "L2", _g5),
    GateRule("G6", "Severity recorded", "Gravedad registrada", "confounders >= 90 % complete in both arms", "L2", _g6),
    GateRule(
        "G7",
        "Like matched with like",
        "Semejantes emparejados",
        "all matched, difference <= 0.25, effective n >= 3 n",
        "L2",
        _g7,
    ),
    GateRule("G8", "Nobody left out", "Nadie excluido", "screening log, >= 90 % of eligible", "L2", _g8),
    GateRule(
        "G9",
        "Other treatments alike",
        "Otros tratamientos iguales",
        "balanced or modelled after the index day",
        "L2",
        _g9,
    ),
    GateRule("G10", "False alarms rare", "Pocas falsas alarmas", "placebo and pseudo-treated size <= 7 %", "L1", _g10),
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
