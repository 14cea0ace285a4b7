"""ICH E9(R1): the five attributes of the estimand, and a strategy for every intercurrent event (own words)."""

from collections.abc import Callable
from functools import partial

from onearm.protocol.intercurrent import EVENTS, Handling, handlings
from onearm.protocol.study import Strategy
from onearm.results.status import Role
from onearm.study.reporting.figure_words import sensitivity
from onearm.study.reporting.flow_words import doses_given
from onearm.study.reporting.item import Both, Cell, Item, Run, filled, not_applicable
from onearm.study.reporting.protocol_words import ESTIMAND, VENTILATED, outcomes, strategies, summary
from onearm.study.reporting.seen_events import seen_after_treatment

INTERCURRENT = "study.toml [[intercurrent]]"
_STRATEGIES: dict[Strategy, tuple[str, str]] = {
    "treatment_policy": ("treatment policy", "política de tratamiento"),
    "composite": ("composite", "compuesta"),
    "hypothetical": ("hypothetical", "hipotética"),
    "while_on_treatment": ("while on treatment", "mientras dura el tratamiento"),
    "principal_stratum": ("principal stratum", "estrato principal"),
}
#: events of a patient on a ventilator
_OF_A_VENTILATOR = ("extubation", "reintubation")


def _population(run: Run) -> Cell:
    about = run.result.about
    who = f"{about.n} treated: {about.condition}" if about.condition else f"{about.n} treated"
    who_es = f"{about.n} tratados: «{about.condition}»" if about.condition else f"{about.n} tratados"
    en, es = f"{who}; the effect is asked for in them alone", f"{who_es}; el efecto se pregunta solo en ellos"
    return filled((en, es), ESTIMAND, "results.json about")


def _sensitivity(run: Run) -> Cell:
    return sensitivity(run, Role.SENSITIVITY)


def _event(event: str, run: Run) -> Cell:
    how = next(h for h in handlings(run.protocol) if h.event.id == event)
    if event == "later_dose" and not run.cells:
        told = ("the treatment is given once", "el tratamiento se da una sola vez")
        return not_applicable(told, "study.toml [strategies]")
    if event in _OF_A_VENTILATOR and run.protocol.clock.starts not in VENTILATED:
        told = ("the patients are not on a ventilator at time zero", "los pacientes no están ventilados el día cero")
        return not_applicable(told, "study.toml [clock]")
    said, said_es = _handled(how)
    (often, often_es), sources = _often(event, run)
    return filled((f"{said}; {often}", f"{said_es}; {often_es}"), INTERCURRENT, *sources)


def _often(event: str, run: Run) -> tuple[Both, tuple[str, ...]]:
    """In how many treated it was seen, and where that stands."""
    records = run.inputs.records
    if not run.analysed or records is None:
        return _reported(event, run)
    seen = seen_after_treatment(records, run.protocol.strategies, event)
    if seen is None:
        return ("no table records it", "ninguna tabla lo registra"), ()
    if not seen.ever:
        told = (
            "never recorded for anybody: none, or not collected",
            "nunca registrado en nadie: ninguno, o no se recogió",
        )
        return told, (f"records/{seen.table}",)
    en = f"recorded in {seen.patients} of {seen.treated} after their first treatment"
    es = f"registrado en {seen.patients} de {seen.treated} tras su primer tratamiento"
    return (en, es), (f"records/{seen.table}",)


def _reported(event: str, run: Run) -> tuple[Both, tuple[str, ...]]:
    """What a publication tells of it: deaths, the extubated, later doses."""
    ids = {"death": "treated.death.so_far", "extubation": "treated.extubated"}
    figure = run.figure(ids.get(event, ""))
    if figure is not None:
        told = f"{figure.events} of {figure.n}", f"{figure.events} de {figure.n}"
        return (f"reported in {told[0]}", f"consta en {told[1]}"), (figure.id,)
    doses = doses_given(run) if event == "later_dose" else {}
    if doses:
        more, all_told = sum(n for k, n in doses.items() if k > 1), sum(doses.values())
        return (f"reported in {more} of {all_told}", f"consta en {more} de {all_told}"), ("reported.toml [doses]",)
    return ("how often is not reported", "no consta cuántas veces"), ()


def _handled(how: Handling) -> tuple[str, str]:
    """The strategy, "default" where the study file is silent, and what is only asked as a sensitivity."""
    word, word_es = _STRATEGIES[how.strategy]
    origin, origin_es = ("", "") if how.stated else (" (default)", " (por defecto)")
    en = f"{word}{origin}: {how.event.meaning}"
    es = f"{word_es}{origin_es}: {how.event.meaning_es}"
    for strategy in how.sensitivity:
        more, more_es = _STRATEGIES[strategy]
        en += f"; as a sensitivity: {more}, planned, not computed here"
        es += f"; como sensibilidad: {more_es}, prevista, no se calcula aquí"
    return en, es


def _of_event(event: str) -> Callable[[Run], Cell]:
    return partial(_event, event)


ITEMS: tuple[Item, ...] = (
    Item("e9.population", "In whom the effect is asked for", "En quién se pregunta el efecto", _population),
    Item(
        "e9.treatment", "The treatment and what it is compared with", "El tratamiento y con qué se compara", strategies
    ),
    Item("e9.endpoint", "What is measured on each patient", "Qué se mide en cada paciente", outcomes),
    *(
        Item(f"e9.intercurrent.{e.id}", f"If this happens: {e.title}", f"Si ocurre: {e.title_es}", _of_event(e.id))
        for e in EVENTS
    ),
    Item("e9.summary", "The number that sums it up", "El número que lo resume", summary),
    Item("e9.sensitivity", "Figures that try other assumptions", "Cifras que prueban otros supuestos", _sensitivity),
)
