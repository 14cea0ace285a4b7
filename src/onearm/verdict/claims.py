"""The claim ladder C1-C5: how far each is carried by what was read."""

from onearm.results.study_result import Claim, ClaimState
from onearm.verdict.evidence import Evidence

FEWEST_ASSESSED = 59  # none of 59 excludes more than 5 % (one-sided 95 %)
_NOT_REPORTED = ("not reported in what was read", "no consta en lo leído")


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _patients(number: int) -> tuple[str, str]:
    return _counted(number, "patient", "patients"), _counted(number, "paciente", "pacientes")


def _c1(e: Evidence) -> Claim:
    if not e.cells:
        state = ClaimState.SHOWN if e.n else ClaimState.CANNOT
        told, told_es = _patients(e.n or 0)
        reasons = (f"given to {told}", f"aplicado a {told_es}") if e.n else _NOT_REPORTED
        return Claim("C1", "It can be given", "Se puede aplicar", state, *reasons)
    title, title_es = "It can be made and given", "Se puede fabricar y administrar"
    if not e.infusions:
        reasons = _NOT_REPORTED if e.infusions is None else ("none was given", "no se administró ninguna")
        return Claim("C1", title, title_es, ClaimState.CANNOT, *reasons)
    chain = e.chain or "the chain from lot to patient cannot be assessed"
    chain_es = f"la cadena del lote al paciente {'se describe aparte' if e.chain else 'no es valorable'}"
    reason = f"{_counted(e.infusions, 'infusion', 'infusions')} recorded; {chain}"
    reason_es = f"{_counted(e.infusions, 'infusión registrada', 'infusiones registradas')}; {chain_es}"
    return Claim("C1", title, title_es, ClaimState.SHOWN, reason, reason_es)


def _c2(e: Evidence) -> Claim:
    title, title_es = "No common acute harm", "Sin daño agudo frecuente"

    def claim(state: ClaimState, reason: str, reason_es: str) -> Claim:
        return Claim("C2", title, title_es, state, reason, reason_es)

    if e.reactions:
        told, told_es = _patients(e.reactions)
        return claim(ClaimState.NOT_SHOWN, f"{told} with a reaction", f"{told_es} con reacción")
    if e.reactions is None or e.reaction_upper is None:
        return claim(ClaimState.CANNOT, "reactions were not reported", "no constan las reacciones")
    one_in = int(1 / e.reaction_upper + 0.5)
    if one_in < 2:
        return claim(
            ClaimState.COMPATIBLE,
            "none seen, in too few to exclude anything",
            "no se vio ninguna, en demasiado pocos para descartar nada",
        )
    shown = e.assessed_patients is not None and e.assessed_patients >= FEWEST_ASSESSED
    return claim(
        ClaimState.SHOWN if shown else ClaimState.COMPATIBLE,
        f"none seen; excludes more than about 1 in {one_in} patients",
        f"no se vio ninguna; se descarta que afecte a más de 1 de cada {one_in} pacientes, aproximadamente",
    )


def _c3(e: Evidence) -> Claim:
    title, title_es = "The course changed", "La evolución cambió"
    if not e.changed:
        return Claim("C3", title, title_es, ClaimState.CANNOT, "no course was described", "no se describe la evolución")
    return Claim(
        "C3",
        title,
        title_es,
        ClaimState.COMPATIBLE,
        "a change was seen; its cause cannot be assessed",
        "se vio un cambio; no se puede valorar la causa",
    )


def _c4(level: str) -> Claim:
    state = {"L3": ClaimState.SHOWN, "L4": ClaimState.SHOWN, "L2": ClaimState.COMPATIBLE}.get(level, ClaimState.CANNOT)
    reason, reason_es = {
        "L0": ("too little was reported", "consta demasiado poco"),
        "L1": ("a condition it depends on is not met", "no se cumple una condición de la que depende"),
        "L2": ("compatible with benefit, no effect and harm", "compatible con beneficio, ningún efecto y daño"),
    }.get(level, ("all conditions are met", "se cumplen todas las condiciones"))
    return Claim(
        "C4",
        "Better than similar untreated patients",
        "Mejor que pacientes similares sin tratar",
        state,
        reason,
        reason_es,
    )


def ladder(evidence: Evidence, level: str) -> dict[str, Claim]:
    """C1 to C5 by id. C5, a cause, is never given to a single arm."""
    c5 = Claim(
        "C5",
        "The product caused it" if evidence.cells else "The treatment caused it",
        "El producto fue la causa" if evidence.cells else "El tratamiento fue la causa",
        ClaimState.CANNOT,
        "only a randomised trial can show a cause",
        "solo un ensayo aleatorizado puede mostrar la causa",
    )
    return {c.id: c for c in (_c1(evidence), _c2(evidence), _c3(evidence), _c4(level), c5)}
