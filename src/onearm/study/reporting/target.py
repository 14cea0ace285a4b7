"""TARGET: the trial that was meant, what the records made of it, and what else a reader asks (own ids and words)."""

from onearm.results.status import Role
from onearm.study.reporting.figure_words import sensitivity
from onearm.study.reporting.flow_words import (
    analysis_in_data,
    answer,
    assigned_in_data,
    assumptions_in_data,
    contrast_in_data,
    eligible_in_data,
    flow,
    followed_in_data,
    outcomes_in_data,
    treated_in_data,
)
from onearm.study.reporting.item import Cell, Item, Run, filled, missing
from onearm.study.reporting.protocol_words import (
    assignment,
    confounders,
    outcomes,
    plan,
    population,
    strategies,
    summary,
    time_zero,
)


def _further(run: Run) -> Cell:
    return sensitivity(run, Role.SECOND, Role.SENSITIVITY)


def _funding(run: Run) -> Cell:
    reported = "" if run.inputs.series is None or run.analysed else run.inputs.series.study.get("funding", "")
    for paid, where in ((run.protocol.study.funding, "study.toml [study]"), (reported, "reported.toml [study]")):
        if paid:
            return filled((paid, f"«{paid}»"), where)
    told = "who paid is told nowhere in the study folder: say it beside the page"
    told_es = "quién pagó no consta en la carpeta del estudio: dígase junto a la página"
    return missing((told, told_es), "study.toml [study]" if run.analysed else "reported.toml [study]")


def _access(run: Run) -> Cell:
    read, records = run.result.inputs, run.inputs.records
    licences = [c.licence for c in run.inputs.similar]
    if run.analysed and records is not None:
        licences += records["sources"]["licence"].to_list()
    if not read:
        told = ("the files that were read are not listed", "no constan los archivos leídos")
        return missing(told, "results.json inputs")
    known = sorted({x for x in licences if x})
    more = f"; licences of patients' rows: {' | '.join(known)}" if known else ""
    more_es = f"; licencias de las filas de pacientes: {' | '.join(known)}" if known else ""
    en = f"{len(read)} files read, each with its SHA-256; onearm {run.result.onearm} is open source (Apache-2.0)"
    es = f"{len(read)} archivos leídos, cada uno con su SHA-256; onearm {run.result.onearm} es de código abierto"
    return filled((en + more, es + more_es), "results.json inputs", "results.json onearm")


ITEMS: tuple[Item, ...] = (
    Item("target.6a", "Planned: who may enter", "Previsto: quién puede entrar", population),
    Item("target.6b", "Planned: what is compared", "Previsto: qué se compara", strategies),
    Item(
        "target.6c", "Planned: how patients came to be treated", "Previsto: cómo se decide el tratamiento", assignment
    ),
    Item("target.6d", "Planned: time zero and follow-up", "Previsto: día cero y seguimiento", time_zero),
    Item("target.6e", "Planned: outcomes", "Previsto: desenlaces", outcomes),
    Item("target.6f", "Planned: the contrast, and in whom", "Previsto: el contraste y en quién", summary),
    Item("target.6g", "Planned: what has to be assumed", "Previsto: qué hay que suponer", confounders),
    Item("target.6h", "Planned: analysis", "Previsto: análisis", plan),
    Item("target.7a", "In the data: who entered", "En los datos: quién entró", eligible_in_data),
    Item("target.7b", "In the data: what was given", "En los datos: qué se administró", treated_in_data),
    Item("target.7c", "In the data: who is compared", "En los datos: con quién se compara", assigned_in_data),
    Item("target.7d", "In the data: time zero and follow-up", "En los datos: día cero y seguimiento", followed_in_data),
    Item("target.7e", "In the data: outcomes", "En los datos: desenlaces", outcomes_in_data),
    Item("target.7f", "In the data: the contrast", "En los datos: el contraste", contrast_in_data),
    Item("target.7g", "In the data: the assumptions", "En los datos: los supuestos", assumptions_in_data),
    Item("target.7h", "In the data: analysis", "En los datos: análisis", analysis_in_data),
    Item("target.flow", "How many were left after each step", "Cuántos quedan tras cada paso", flow),
    Item("target.estimate", "The answer with its uncertainty", "La respuesta con su incertidumbre", answer),
    Item("target.further", "Other analyses that were run", "Otros análisis realizados", _further),
    Item("target.funding", "Who paid", "Quién pagó", _funding),
    Item("target.access", "Where data and program are", "Dónde están los datos y el programa", _access),
)
