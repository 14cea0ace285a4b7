"""ROBINS-I triage: judgements filled from the rule table, each open to a person's own with name and reason.

Judged as version 2 does: one of the two first items critical, and the rest is not judged. A doubt is settled
against the treatment.
"""

from collections.abc import Callable
from functools import partial

from onearm.protocol.study import Judgement, Matching, RobinsItem, RobinsJudgement
from onearm.study.reporting.item import Both, Cell, Item, Run, filled, missing, not_applicable

OVERRIDE = "study.toml [[robins]]"
_GATES = ("G5", "G6", "G7", "G9", "G10")
_SPANISH: dict[Judgement, str] = {
    "low": "bajo",
    "moderate": "moderado",
    "serious": "grave",
    "critical": "crítico",
    "no information": "sin información",
}
_STOPS: tuple[RobinsItem, ...] = ("robins.b2", "robins.b3")

Judged = tuple[Judgement, Both, tuple[str, ...]]  # judgement, why in both languages, provenance


def _b2(run: Run) -> Judged:
    """No control of confounding worth considering."""
    if not run.gate("G1").passed:
        why = "no patients with a daily state on both sides: nothing was done about confounding"
        why_es = "sin pacientes con estado diario en ambos lados: no se hizo nada frente a la confusión"
        return "critical", (why, why_es), ("G1",)
    p = run.protocol
    if not p.confounder and p.matching == Matching():
        why = "the day alone was matched: no severity, age or other cause of both was considered"
        why_es = "solo se emparejó el día: no se consideró gravedad, edad ni otra causa común"
        return "critical", (why, why_es), ("study.toml [[confounder]]", "study.toml [matching]", "G7")
    named = ("something beside the day was compared: go on", "se comparó algo más que el día: se sigue")
    return "low", named, ("study.toml [[confounder]]", "study.toml [matching]")


def _b3(run: Run) -> Judged:
    """The way the outcome was measured cannot be used."""
    if _death_alone(run):
        why = ("death from any cause with its day: go on", "muerte por cualquier causa con su día: se sigue")
    else:
        why = ("the outcome is defined in the plan: go on, see d5", "el desenlace está definido: se sigue, véase d5")
    return "low", why, ("study.toml [[endpoint]]",)


def _death_alone(run: Run) -> bool:
    return min(run.protocol.endpoint, key=lambda e: e.rank).states == ("dead",)


def _d1(run: Run) -> Judged:
    """Confounding: severity recorded and alike, other treatments, other times."""
    failed = [g for g in _GATES if not run.gate(g).passed]
    if not failed:
        why = (
            "G5-G7, G9 and G10 met; what nobody wrote down remains",
            "G5-G7, G9 y G10 se cumplen; queda lo no anotado",
        )
        return "moderate", why, _GATES
    listed = ", ".join(failed)
    both = {"G6", "G7"} <= set(failed)
    return "critical" if both else "serious", (f"not met: {listed}", f"no se cumplen: {listed}"), tuple(failed)


def _d2(run: Run) -> Judged:
    """Whether it is clear who was treated, and when."""
    if not run.analysed:
        why = ("treated as the publication counts them", "tratados según los cuenta la publicación")
        return "no information", why, ("reported.toml [treated]",)
    table = "records/infusions" if run.cells else "records/episodes"
    why = ("each treatment stands in the records with its time", "cada tratamiento consta en los registros con su hora")
    return "low", why, (table, "study.toml [strategies]")


def _d3(run: Run) -> Judged:
    """Whether follow-up starts with the strategies."""
    gate = run.gate("G2")
    judgement: Judgement = "low" if gate.passed else "moderate" if run.analysed else "serious"
    return judgement, (gate.reason, gate.reason_es), ("G2",)


def _d4(run: Run) -> Judged:
    """Missing outcomes and missing severity."""
    gates = [run.gate("G3"), run.gate("G6")]
    failed = [g for g in gates if not g.passed]
    judgement: Judgement = "low" if not failed else "moderate" if len(failed) == 1 and gates[0].passed else "serious"
    told = failed or gates
    return judgement, ("; ".join(g.reason for g in told), "; ".join(g.reason_es for g in told)), ("G3", "G6")


def _d5(run: Run) -> Judged:
    """Whether who judged the outcome knew the treatment, and whether that matters."""
    if _death_alone(run):
        why = ("open label, but death needs no judgement", "abierto, pero la muerte no exige juicio")
        return "low", why, ("F14", "study.toml [[endpoint]]")
    blinded = min(run.protocol.endpoint, key=lambda e: e.rank).blinded
    flag = run.flag("F14")
    return "moderate" if blinded else "serious", (flag.text, flag.text_es), ("F14", "study.toml [[endpoint]]")


def _d6(run: Run) -> Judged:
    """Whether the result was chosen among many."""
    gate = run.gate("G12")
    return "low" if gate.passed else "serious", (gate.reason, gate.reason_es), ("G12",)


_JUDGES: dict[RobinsItem, Callable[[Run], Judged]] = {
    "robins.b2": _b2,
    "robins.b3": _b3,
    "robins.d1": _d1,
    "robins.d2": _d2,
    "robins.d3": _d3,
    "robins.d4": _d4,
    "robins.d5": _d5,
    "robins.d6": _d6,
}


def judged(item: RobinsItem, run: Run) -> tuple[Judgement, Judged, RobinsJudgement | None]:
    """The judgement that counts, the one the rule table gives, and the person's own if there is one."""
    filled_in = _JUDGES[item](run)
    person = next((r for r in run.protocol.robins if r.id == item), None)
    return (person.judgement if person else filled_in[0]), filled_in, person


def stopped_at(run: Run) -> RobinsItem | None:
    """The first item that ends the triage; None when all is judged."""
    return next((item for item in _STOPS if judged(item, run)[0] == "critical"), None)


def _cell(item: RobinsItem, run: Run) -> Cell:
    stop = stopped_at(run)
    if stop is not None and item != stop and (item not in _STOPS or _STOPS.index(item) > _STOPS.index(stop)):
        told = (f"not judged: critical at {stop}", f"no se juzga: crítico en {stop}")
        return not_applicable(told, *judged(stop, run)[1][2])
    counts, (rule, why, provenance), person = judged(item, run)
    en, es = f"{counts}: {why[0]}", f"{_SPANISH[counts]}: {why[1]}"
    if person is not None:
        en = f"{counts}, judged by {person.by}: {person.reason} (the rule table said {rule}: {why[0]})"
        es = f"{_SPANISH[counts]}, según {person.by}: «{person.reason}» (la tabla decía {_SPANISH[rule]}: {why[1]})"
        provenance = (OVERRIDE, *provenance)
    if item == stop:
        en, es = f"{en}; the triage stops here", f"{es}; la valoración se detiene aquí"
    return missing((en, es), *provenance) if counts == "no information" else filled((en, es), *provenance)


def _of(item: RobinsItem) -> Callable[[Run], Cell]:
    return partial(_cell, item)


_ASKED: tuple[tuple[RobinsItem, str, str], ...] = (
    ("robins.b2", "Was confounding left uncontrolled altogether?", "¿Quedó la confusión sin control alguno?"),
    ("robins.b3", "Was the outcome measured in a useless way?", "¿Se midió el desenlace de forma inservible?"),
    ("robins.d1", "Bias from confounding", "Sesgo de confusión"),
    ("robins.d2", "Bias in who counts as treated", "Sesgo en quién cuenta como tratado"),
    ("robins.d3", "Bias from a clock that starts elsewhere", "Sesgo por un reloj que empieza en otro momento"),
    ("robins.d4", "Bias from what is missing", "Sesgo por lo que falta"),
    ("robins.d5", "Bias in measuring the outcome", "Sesgo al medir el desenlace"),
    ("robins.d6", "Bias from choosing what is told", "Sesgo por elegir qué se cuenta"),
)
ITEMS: tuple[Item, ...] = tuple(Item(id, text, text_es, _of(id)) for id, text, text_es in _ASKED)
