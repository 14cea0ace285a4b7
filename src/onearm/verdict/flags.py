"""Flags F1-F14: weaknesses a reader must know, each with its trigger."""

from collections.abc import Callable
from dataclasses import dataclass

from onearm.results.study_result import Flag
from onearm.verdict.evidence import Evidence


@dataclass(frozen=True, slots=True)
class FlagRule:
    """When a flag is raised, and what it says then."""

    id: str
    trigger: Callable[[Evidence], bool]
    text: Callable[[Evidence], tuple[str, str]]


def _say(english: str, spanish: str) -> Callable[[Evidence], tuple[str, str]]:
    return lambda _: (english, spanish)


def _start(e: Evidence) -> tuple[str, str]:
    if e.start_median is None:
        return "day of first treatment not reported", "no consta el día del primer tratamiento"
    day = f"{e.start_median:g}"
    return (
        f"treatment began later than the comparator's clock (median day {day})",
        f"el tratamiento empezó más tarde que el reloj de la comparación (mediana, día {day})",
    )


def _selected(e: Evidence) -> tuple[str, str]:
    if e.screened_share is None:
        log, log_es = "no screening log", "sin registro de cribado"
    else:
        log, log_es = (
            f"{100 * e.screened_share:.0f} % of eligible accounted for",
            f"constan {100 * e.screened_share:.0f} % de los elegibles",
        )
    out = "; registered exclusions: " + ", ".join(e.exclusions) if e.exclusions else ""
    out_es = "; exclusiones registradas: " + ", ".join(f"«{x}»" for x in e.exclusions) if e.exclusions else ""
    return f"selected for treatment, {log}{out}", f"seleccionados para el tratamiento, {log_es}{out_es}"


def _open(e: Evidence) -> tuple[str, str]:
    if e.unresolved is None:
        return "number of open outcomes not reported", "no consta el número de desenlaces abiertos"
    counts = f"{e.unresolved}" if e.n is None else f"{e.unresolved}/{e.n}"
    return f"open outcomes ({counts})", f"desenlaces abiertos ({counts})"


def _cotreatment(e: Evidence) -> tuple[str, str]:
    if e.cotreatment_imbalance is not None:
        by = f"{e.cotreatment_imbalance:.2f}"
        return (
            f"other treatments differ, largest standardised difference {by}",
            f"otros tratamientos difieren, diferencia tipificada máxima {by.replace('.', ',')}",
        )
    if not e.cotreatment:
        return "other treatments given: not reported", "otros tratamientos recibidos: no constan"
    return f"other treatments given: {e.cotreatment}", f"otros tratamientos recibidos: «{e.cotreatment}»"


def _small(e: Evidence) -> tuple[str, str]:
    points = f"{100 / (e.n or 1):.1f}"
    return (
        f"fewer than 20 treated: one death is {points} percentage points",
        f"menos de 20 tratados: cada muerte son {points.replace('.', ',')} puntos porcentuales",
    )


def _plan(e: Evidence) -> tuple[str, str]:
    if e.locked_before is None:
        return "no prior plan (not located)", "sin plan previo (no localizado)"
    return "outcomes were read before a plan was locked", "se leyeron los desenlaces antes de cerrar un plan"


def _doses(e: Evidence) -> tuple[str, str]:
    numbers = "/".join(str(k) for k in sorted(e.doses))
    patients = "/".join(str(e.doses[k]) for k in sorted(e.doses))
    return (
        f"doses differ ({numbers} in {patients} patients): later doses only reach survivors; no dose-response can be "
        "read",
        f"dosis distintas ({numbers} en {patients} pacientes): las últimas solo llegan a los supervivientes; no se "
        "puede leer una relación dosis-respuesta",
    )


def _composite(e: Evidence) -> tuple[str, str]:
    still = 0 if e.improved is None or e.extubated is None else e.improved - e.extubated
    more = f"includes {still} still ventilated" if still > 0 else "is not defined"
    more_es = f"incluye {still} aún con ventilación" if still > 0 else "no está definido"
    told = "not reported" if e.improved is None else e.improved
    told_es = "no consta" if e.improved is None else e.improved
    return f'"improved" ({told}) {more}: not compared', f"«mejorados» ({told_es}) {more_es}: no se compara"


def _clusters(e: Evidence) -> tuple[str, str]:
    where = "number of centres not reported" if e.centres is None else f"{e.centres} centres"
    where_es = "no consta el número de centros" if e.centres is None else f"{e.centres} centros"
    what, what_es = ("centres and lots", "centros y lotes") if e.cells else ("centres", "centros")
    return f"patients share {what} ({where})", f"los pacientes comparten {what_es} ({where_es})"


def _small_series(e: Evidence) -> tuple[str, str]:
    seen = ": 15-18 % dead in small series of such cells, 47 of 99 in a large one" if e.cells else ""
    seen_es = ": 15-18 % de muertes en series pequeñas de estas células, 47 de 99 en una grande" if e.cells else ""
    return (
        f"small series are selected for publication{seen}",
        f"las series pequeñas que se publican están seleccionadas{seen_es}",
    )


FLAGS: tuple[FlagRule, ...] = (
    FlagRule("F1", lambda e: not e.aligned and (e.start_median is None or e.start_median > 0), _start),
    FlagRule("F2", lambda e: e.screened_share is None or e.screened_share < 0.9 or bool(e.exclusions), _selected),
    FlagRule("F3", lambda e: e.unresolved is None or e.unresolved > 0, _open),
    FlagRule(
        "F4",
        lambda e: not e.claim_admitted or e.foreign_comparator or e.resolved_only_comparator,
        _say(
            "a comparator is aggregate, unnamed, foreign, earlier or counts ended stays only",
            "alguna comparación es agregada, sin nombre, de otro país, anterior o solo de estancias terminadas",
        ),
    ),
    FlagRule("F5", lambda e: e.cotreatment_balanced is not True, _cotreatment),
    FlagRule("F6", lambda e: e.n is not None and e.n < 20, _small),
    FlagRule("F7", lambda e: e.locked_before is not True, _plan),
    FlagRule("F8", lambda e: len(e.doses) > 1, _doses),
    FlagRule(
        "F9",
        lambda e: e.markers_reported,
        _say(
            "markers before and after in survivors, or in patients picked because they improved",
            "marcadores antes y después en supervivientes, o en pacientes elegidos porque mejoraron",
        ),
    ),
    FlagRule("F10", lambda e: e.improved is not None, _composite),
    FlagRule("F11", lambda e: e.centres is None or e.centres > 1, _clusters),
    FlagRule(
        "F12",
        lambda e: bool(e.dead),
        _say(
            "deaths may have been attributed elsewhere (not verified): all deaths count",
            "alguna muerte puede haberse atribuido a otra causa (no verificado): cuentan todas",
        ),
    ),
    FlagRule("F13", lambda e: e.n is not None and e.n < 50, _small_series),
    FlagRule(
        "F14",
        lambda e: True,
        _say(
            "open-label: whoever judged the outcome knew who was treated",
            "abierto: quien juzgó el desenlace sabía quién recibió el tratamiento",
        ),
    ),
)


def raise_flags(evidence: Evidence) -> tuple[Flag, ...]:
    """All flags, raised or not, with their text."""
    return tuple(Flag(rule.id, rule.trigger(evidence), *rule.text(evidence)) for rule in FLAGS)
