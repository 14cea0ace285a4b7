"""HARPER topics: the protocol and the run as a table of windows, sources and versions (own words)."""

from onearm.protocol.eligibility import FIXED, Asked, asked
from onearm.protocol.locks import Act
from onearm.protocol.study import Rule
from onearm.results.status import Role
from onearm.study.reporting.figure_words import conditions, figures, sensitivity
from onearm.study.reporting.flow_words import followed_in_data, treated_in_data
from onearm.study.reporting.item import Cell, Item, Run, filled, missing, not_applicable, together
from onearm.study.reporting.protocol_words import (
    CONFOUNDER,
    MATCHING,
    POPULATION,
    outcomes,
    rules_text,
    strategies,
    time_zero,
)


def window_of(rule: Rule) -> tuple[str, str]:
    """When what a rule asks for must have been known."""
    if rule.marker_or_state in FIXED:
        return "known on arrival", "conocido al ingreso"
    if asked(rule) is Asked.DATE or rule.marker_or_state == "day":
        return "on the index day", "el día índice"
    days = rule.window_days
    unit, unit_es = ("day", "día") if days == 1 else ("days", "días")
    return f"within {days} {unit} before the index day", f"en {days} {unit_es} antes del día índice"


def _windows(run: Run, letter: str) -> Cell:
    rules = [r for r in run.protocol.population.rules if r.id.startswith(letter)]
    if not rules:
        told = "no rule: everybody on the clock" if letter == "I" else "no exclusion rule"
        told_es = "sin regla: todos los del reloj" if letter == "I" else "sin regla de exclusión"
        return not_applicable((told, told_es), POPULATION)
    en = "; ".join(f"{rules_text([r])}, {window_of(r)[0]}" for r in rules)
    es = "; ".join(f"«{rules_text([r])}», {window_of(r)[1]}" for r in rules)
    return filled((en, es), POPULATION)


def _setting(run: Run) -> Cell:
    about = run.result.about
    dates = " to ".join(d for d in (about.treated_from, about.treated_to) if d)
    dates_es = " a ".join(d for d in (about.treated_from, about.treated_to) if d)
    if not about.place:
        return missing(("place not reported", "no consta el lugar"), "results.json about")
    en = "; ".join(p for p in (about.place, dates and f"treated {dates}") if p)
    es = "; ".join(p for p in (f"«{about.place}»", dates and f"tratados {dates_es}") if p)
    return filled((en, es), "results.json about")


def _exposure(run: Run) -> Cell:
    return together(strategies(run), treated_in_data(run))


def _outcome(run: Run) -> Cell:
    return together(outcomes(run), figures(run, "treated.death.so_far"))


def _covariates(run: Run) -> Cell:
    matching, days = run.protocol.matching, run.protocol.matching.window_days
    named = [c.name for c in run.protocol.confounder]
    parts = [f"the same {', '.join(matching.same)}"] if matching.same else []
    parts += [f"age within {matching.age_years:g} years"] if matching.age_years is not None else []
    parts += [f"{m} within {width:g}" for m, width in matching.markers.items()]
    parts += [f"dates within {matching.calendar_days} days"] if matching.calendar_days is not None else []
    if not named and not parts:
        return missing(("no covariate is named", "no se nombra ninguna covariable"), CONFOUNDER, MATCHING)
    chosen, matched = ", ".join(named) or "none", "; ".join(parts) or "the day alone"
    en = f"confounders: {chosen}; matched on: {matched}; markers and states within {days} d before the index day"
    chosen_es, matched_es = f"«{chosen}»" if named else "ninguno", f"«{matched}»" if parts else "solo el día"
    es = f"factores: {chosen_es}; emparejado por: {matched_es}; marcadores y estados en {days} d antes del día índice"
    return filled((en, es), *([CONFOUNDER] if named else []), *([MATCHING] if parts else []))


def _sensitivity(run: Run) -> Cell:
    return sensitivity(run, Role.SENSITIVITY)


def _sources(run: Run) -> Cell:
    records = run.inputs.records if run.analysed else None
    titles = [] if records is None else records["sources"]["title"].to_list()
    titles += [s.title for s in run.inputs.similar]
    titles += [run.result.about.citation] if not run.analysed and run.result.about.citation else []
    cohorts = len(run.inputs.cohorts)
    if not titles and not cohorts:
        return missing(("no source is named", "no se nombra ninguna fuente"), "records/sources")
    listed = "; ".join(titles)
    en = f"{listed}; {cohorts} published cohorts" if cohorts else listed
    es = f"«{listed}»; {cohorts} cohortes publicadas" if cohorts else f"«{listed}»"
    own = ["records/sources"] if records is not None else ["reported.toml [study]"]
    return filled((en, es), *own, *(["results.json comparators"] if cohorts or run.inputs.similar else []))


def _software(run: Run) -> Cell:
    r = run.result
    en, es = f"onearm {r.onearm}, command {r.command}, seed {r.seed}", f"onearm {r.onearm}, orden {r.command}, semilla"
    return filled((en, f"{es} {r.seed}"), "results.json onearm", "results.json seed", "study.toml [sap]")


def _amendments(run: Run) -> Cell:
    frozen = [e for e in run.inputs.locks if e.action is Act.FREEZE]
    if not frozen:
        told = "no version was ever frozen, so changes cannot be told: `onearm lock` freezes one"
        told_es = "nunca se congeló una versión, así que no se sabe qué cambió: `onearm lock` la congela"
        return missing((told, told_es), "G12")
    last, more = frozen[-1].entered_at[:10], len(frozen) - 1
    en = f"{len(frozen)} versions frozen, {more} after the first, the last on {last}"
    es = f"{len(frozen)} versiones congeladas, {more} tras la primera, la última el {last}"
    return together(filled((en, es), "locks.jsonl"), conditions(run, "G12"))


def _inclusion(run: Run) -> Cell:
    return _windows(run, "I")


def _exclusion(run: Run) -> Cell:
    return _windows(run, "E")


ITEMS: tuple[Item, ...] = (
    Item("harper.setting", "Where and when", "Dónde y cuándo", _setting),
    Item("harper.time0", "Day that starts the comparison", "Día en que empieza la comparación", time_zero),
    Item("harper.inclusion_windows", "When inclusion is judged", "Cuándo se juzga la inclusión", _inclusion),
    Item("harper.exclusion_windows", "When exclusion is judged", "Cuándo se juzga la exclusión", _exclusion),
    Item("harper.exposure", "What counts as treated", "Qué cuenta como tratado", _exposure),
    Item("harper.outcome", "What counts as the outcome", "Qué cuenta como desenlace", _outcome),
    Item("harper.followup", "From when to when", "Desde cuándo hasta cuándo", followed_in_data),
    Item("harper.covariate_windows", "What was measured before, and when", "Qué se midió antes, y cuándo", _covariates),
    Item(
        "harper.sensitivity", "Figures that try other assumptions", "Cifras que prueban otros supuestos", _sensitivity
    ),
    Item("harper.sources", "Where the patients come from", "De dónde vienen los pacientes", _sources),
    Item("harper.software", "Program, command, seed", "Programa, orden, semilla", _software),
    Item(
        "harper.amendments", "What changed after the first version", "Qué cambió tras la primera versión", _amendments
    ),
)
