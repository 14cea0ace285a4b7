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
    out = "; registered exclusions: " + ", ".join(e.exclusions) if e.exclusions else ""
    out_es = "; exclusiones registradas: " + ", ".join(e.exclusions) if e.exclusions else ""
    return (
        f"selected for treatment, no screening log{out}",
        f"seleccionados para tratar, sin registro de cribado{out_es}",
    )


def _open(e: Evidence) -> tuple[str, str]:
    return f"open outcomes ({e.unresolved}/{e.n})", f"desenlaces abiertos ({e.unresolved}/{e.n})"


def _cotreatment(e: Evidence) -> tuple[str, str]:
    told = e.cotreatment or "not reported"
    return f"co-treatment: {told}", f"cotratamiento: {e.cotreatment or 'no consta'}"


def _small(e: Evidence) -> tuple[str, str]:
    points = f"{100 / (e.n or 1):.1f}"
    return (
        f"fewer than 20 treated: one death is {points} points",
        f"menos de 20 tratados: una muerte son {points.replace('.', ',')} puntos",
    )


def _doses(e: Evidence) -> tuple[str, str]:
    numbers = "/".join(str(k) for k in sorted(e.doses))
    patients = "/".join(str(e.doses[k]) for k in sorted(e.doses))
    return (
        f"doses differ ({numbers} in {patients}): later doses only reach survivors, no dose-response",
        f"dosis distintas ({numbers} en {patients}): las últimas solo llegan a supervivientes, sin dosis-respuesta",
    )


def _composite(e: Evidence) -> tuple[str, str]:
    still = (e.improved or 0) - (e.extubated or 0)
    more = f" includes {still} still ventilated" if still > 0 else " is not defined"
    more_es = f" incluye {still} aún ventilados" if still > 0 else " no está definido"
    return (
        f"'improved' ({e.improved}){more}: no comparison of it",
        f"«mejorados» ({e.improved}){more_es}: no se compara",
    )


def _clusters(e: Evidence) -> tuple[str, str]:
    where = "number of centres not reported" if e.centres is None else f"{e.centres} centres"
    where_es = "no consta el número de centros" if e.centres is None else f"{e.centres} centros"
    return f"patients share centres and lots ({where})", f"los pacientes comparten centros y lotes ({where_es})"


FLAGS: tuple[FlagRule, ...] = (
    FlagRule("F1", lambda e: not e.aligned and (e.start_median is None or e.start_median > 0), _start),
    FlagRule("F2", lambda e: e.screened_share is None, _selected),
    FlagRule("F3", lambda e: bool(e.unresolved), _open),
    FlagRule(
        "F4",
        lambda e: e.claim_admitted is None or e.foreign_comparator or e.resolved_only_comparator,
        _say(
            "a comparator is aggregate, unnamed, foreign, earlier or counts ended stays only",
            "alguna comparación es agregada, sin nombre, extranjera, anterior o solo de estancias terminadas",
        ),
    ),
    FlagRule("F5", lambda e: e.cotreatment_balanced is not True, _cotreatment),
    FlagRule("F6", lambda e: e.n is not None and e.n < 20, _small),
    FlagRule(
        "F7",
        lambda e: e.locked_before is not True,
        _say("no prior plan (not located)", "sin plan previo (no localizado)"),
    ),
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
    FlagRule(
        "F13",
        lambda e: e.n is not None and e.n < 50,
        _say(
            "small series are selected for publication: 15-18 % dead in small ones, 47 of 99 in a large one",
            "las series pequeñas se publican si salen bien: 15-18 % de muertes en pequeñas, 47 de 99 en una grande",
        ),
    ),
    FlagRule(
        "F14",
        lambda e: True,
        _say("open-label, outcome judged by people who knew", "abierto, desenlace juzgado por quien lo sabía"),
    ),
)


def raise_flags(evidence: Evidence) -> tuple[Flag, ...]:
    """All flags, raised or not, with their text."""
    return tuple(Flag(rule.id, rule.trigger(evidence), *rule.text(evidence)) for rule in FLAGS)
