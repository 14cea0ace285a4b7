"""The study file as phrases of a reporting cell: population, strategies, clock, outcomes, estimand, plan."""

from collections.abc import Sequence

from onearm.cohort.eligibility import in_words
from onearm.protocol.study import Estimand, Rule, Strategies
from onearm.study.reporting.figure_words import comma
from onearm.study.reporting.item import Cell, Run, filled, missing
from onearm.study.similar_incidence import clock_words

POPULATION, STRATEGIES, STUDY = "study.toml [population]", "study.toml [strategies]", "study.toml [study]"
ENDPOINT, ESTIMAND, SAP = "study.toml [[endpoint]]", "study.toml [estimand]", "study.toml [sap]"
CONFOUNDER, MATCHING = "study.toml [[confounder]]", "study.toml [matching]"
VENTILATED = ("ventilation", "icu", "severe_state")  # clocks of patients who are or may be on a ventilator
#: defaults of the study file that read as words; anything else is the study's own text and stands as written
_SPANISH = {
    Strategies().control: "no tratados hasta el día índice incluido",
    "deaths averted by H": "muertes evitadas hasta H",
    "days alive and off the ventilator to H": "días con vida y sin ventilador hasta H",
    "first infusion": "primera infusión",
    "first treatment": "primer tratamiento",
}


def spanish(told: str) -> str:
    """A default of the study file in Spanish; the study's own words in quotes."""
    return _SPANISH.get(told) or f"«{told}»"


def rules_text(rules: Sequence[Rule]) -> str:
    """Rules with their ids, as registered where that was written."""
    return "; ".join(f"{r.id} {r.text or in_words(r)}" for r in rules)


def population(run: Run) -> Cell:
    """Who may enter, as planned."""
    planned = run.protocol.population
    rules = rules_text(planned.rules)
    if not planned.description and not rules:
        return missing(("write description and rules", "escriba la descripción y las reglas"), POPULATION)
    parts = [p for p in (planned.description, rules) if p]
    return filled(("; ".join(parts), "; ".join(f"«{p}»" for p in parts)), POPULATION)


def strategies(run: Run) -> Cell:
    """What is compared with what."""
    index, control = run.result.about.index, run.protocol.strategies.control
    product = run.protocol.study.product or run.result.about.product
    of, of_es = (f" ({product})", f" («{product}»)") if product and product != index else ("", "")
    en = f"treated: {index} on the index day{of}; compared with: {control}"
    es = f"tratados: {spanish(index)} el día índice{of_es}; comparados con: {spanish(control)}"
    return filled((en, es), STRATEGIES)


def assignment(run: Run) -> Cell:
    """Nobody was randomised, and why."""
    why = run.protocol.study.why_not_randomised
    if not why:
        return missing(("not randomised; write why_not_randomised", "sin sorteo; escriba why_not_randomised"), STUDY)
    return filled((f"not randomised: {why}", f"sin sorteo: «{why}»"), STUDY)


def time_zero(run: Run) -> Cell:
    """When the clock starts, and from when to when a patient is followed."""
    start, start_es = clock_words(run.protocol.clock.starts)
    index, days = run.result.about.index, run.protocol.horizon_days
    en = f"day 0 of the clock is {start}; from the index day ({index}) patients are followed {days} days"
    es = f"día 0 del reloj: inicio {start_es}; desde el día índice ({spanish(index)}) se siguen {days} días"
    return filled((en, es), "study.toml [clock]", "study.toml [time_zero]", ENDPOINT)


def outcomes(run: Run) -> Cell:
    """Endpoints by rank."""
    told, told_es = [], []
    for e in sorted(run.protocol.endpoint, key=lambda e: e.rank):
        judged, judged_es = ("blinded", "con enmascaramiento") if e.blinded else ("open label", "sin enmascaramiento")
        states = ", ".join(e.states)
        told.append(f"{e.id} ({states}) by day {e.horizon_days}, {judged}")
        told_es.append(f"{e.id} ({states}) hasta el día {e.horizon_days}, {judged_es}")
    return filled(("; ".join(told), "; ".join(told_es)), ENDPOINT)


def summary(run: Run) -> Cell:
    """The number that answers the question, and the second one."""
    asked, days = run.protocol.estimand, run.protocol.horizon_days
    then = (
        asked.second != Estimand().second or run.protocol.clock.starts in VENTILATED
    )  # the default is of a ventilator
    second, second_es = (f", then {asked.second}", f", después {spanish(asked.second)}") if then else ("", "")
    en = f"{asked.summary}{second}; in the treated; H = {days} days"
    es = f"{spanish(asked.summary)}{second_es}; en los tratados; H = {days} días"
    return filled((en, es), ESTIMAND)


def confounders(run: Run) -> Cell:
    """What must be alike for the contrast to mean anything."""
    listed = "; ".join(f"{c.name} ({c.reason})" if c.reason else c.name for c in run.protocol.confounder)
    if not listed:
        told = "similar patients are taken as alike on the day alone: no [[confounder]] is named"
        told_es = "los similares se toman como parecidos solo por el día: no se nombra ningún [[confounder]]"
        return missing((told, told_es), CONFOUNDER)
    en, es = f"alike on the index day given: {listed}", f"parecidos el día índice dado: «{listed}»"
    return filled((en, es), CONFOUNDER)


def plan(run: Run) -> Cell:
    """Primary method, error rate, seed."""
    sap = run.protocol.sap
    if not run.analysed:
        en = f"exact intervals of reported counts and the null-predictive probability; no contrast; seed {sap.seed}"
        es = f"intervalos exactos de los recuentos y probabilidad predictiva nula; sin contraste; semilla {sap.seed}"
        return filled((en, es), SAP)
    en = f"{sap.primary}, one-sided alpha {sap.alpha:g}, Gamma {sap.gamma_required:g} required, seed {sap.seed}"
    alpha, gamma = comma(f"{sap.alpha:g}"), comma(f"{sap.gamma_required:g}")
    es = f"{sap.primary}, alfa unilateral {alpha}, Gamma exigida {gamma}, semilla {sap.seed}"
    order = ", ".join(sap.hierarchy)
    return filled((f"{en}; order: {order}", f"{es}; orden: «{order}»") if order else (en, es), SAP)
