"""The claim ladder C1-C5: how far each is carried by what was read."""

from onearm.results.study_result import Claim, ClaimState
from onearm.verdict.evidence import Evidence

FEWEST_ASSESSED = 59  # none of 59 excludes more than 5 % (one-sided 95 %)


def _c1(e: Evidence) -> Claim:
    given = bool(e.infusions) if e.cells else bool(e.n)
    chain = e.chain or "the chain from lot to patient cannot be assessed"
    return Claim(
        "C1",
        "It can be made and given",
        "Se puede fabricar y administrar",
        ClaimState.SHOWN if given else ClaimState.CANNOT,
        (f"{e.infusions} infusions recorded; {chain}" if e.cells else f"given to {e.n}") if given else "none recorded",
        (
            f"{e.infusions} infusiones registradas; no se puede valorar la cadena del lote al paciente"
            if e.cells
            else f"administrado a {e.n}"
        )
        if given
        else "ninguna registrada",
    )


def _c2(e: Evidence) -> Claim:
    title, title_es = "No common acute harm", "Sin daño agudo frecuente"
    if e.reactions is None or e.reaction_upper is None:
        return Claim(
            "C2", title, title_es, ClaimState.CANNOT, "reactions were not reported", "no constan las reacciones"
        )
    assessed = e.assessed_patients or 0
    one_in = max(1, int(1 / e.reaction_upper + 0.5)) if e.reaction_upper else 0
    bound = f"excludes more than about 1 in {one_in} per patient"
    bound_es = f"descarta más de 1 de cada {one_in} pacientes, aproximadamente"
    if e.reactions:
        return Claim(
            "C2", title, title_es, ClaimState.NOT_SHOWN, f"{e.reactions} with a reaction", f"{e.reactions} con reacción"
        )
    shown = assessed >= FEWEST_ASSESSED
    return Claim("C2", title, title_es, ClaimState.SHOWN if shown else ClaimState.COMPATIBLE, bound, bound_es)


def _c3(e: Evidence) -> Claim:
    title, title_es = "The course changed", "El curso cambió"
    if not e.changed:
        return Claim("C3", title, title_es, ClaimState.CANNOT, "no course described", "no se describe el curso")
    return Claim(
        "C3",
        title,
        title_es,
        ClaimState.COMPATIBLE,
        "seen; its cause cannot be assessed",
        "visto; no se puede valorar la causa",
    )


def _c4(level: str) -> Claim:
    state = {"L3": ClaimState.SHOWN, "L4": ClaimState.SHOWN, "L2": ClaimState.COMPATIBLE}.get(level, ClaimState.CANNOT)
    reason, reason_es = {
        ClaimState.SHOWN: ("all gates passed", "se cumplen todas las condiciones"),
        ClaimState.COMPATIBLE: ("compatible with benefit, none and harm", "compatible con beneficio, nada y daño"),
    }.get(state, ("a gate that decides it failed", "falla una condición decisiva"))
    return Claim("C4", "Better than similar untreated", "Mejor que similares no tratados", state, reason, reason_es)


def ladder(evidence: Evidence, level: str) -> dict[str, Claim]:
    """C1 to C5 by id. C5, a cause, is never given to a single arm."""
    c5 = Claim(
        "C5",
        "The product caused it",
        "El producto fue la causa",
        ClaimState.CANNOT,
        "only a randomised trial can show a cause",
        "solo un ensayo aleatorizado puede mostrar la causa",
    )
    return {c.id: c for c in (_c1(evidence), _c2(evidence), _c3(evidence), _c4(level), c5)}
