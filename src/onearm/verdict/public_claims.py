"""Public sentences beside the record: supported, wrong, or cannot be assessed. The first matching rule decides."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from onearm.protocol.published import PublicSentence
from onearm.results.study_result import Answer, ClaimState, PublicClaim

_NUMBER = r"\d+(?:\.\d+)?"
_COUNT = re.compile(r"(?<![\d./])(\d+)(?:\s*/\s*(\d+))?(?![\d.]*\s*%)(?![\d./])")
_PERCENT = re.compile(rf"({_NUMBER})\s*%")
_CONTRAST = re.compile(rf"({_NUMBER})(?:\s*-\s*({_NUMBER}))?\s*% to ({_NUMBER})\s*%")
_ARITHMETIC = re.compile(rf"({_NUMBER})\s*% to ({_NUMBER})\s*% is ({_NUMBER})\s*(%|points)")
_WITHIN = 1.0  # points


@dataclass(frozen=True, slots=True)
class ClaimRecord:
    """What public sentences are held against. Counts are None where they were not reported."""

    n: int | None
    counts: Mapping[str, int | None]  # mortality, survival, extubation, improvement, number_treated -> patients
    size_rates: Mapping[str, float]  # `size` cohort -> percent dead
    claims: Mapping[str, ClaimState]  # C1..C5
    reactions: int | None
    reaction_upper: float | None
    start_day: float | None
    dose_per_kg: float | None
    markers: Mapping[str, str] = field(default_factory=dict)  # marker -> "fell", "rose, T and B"


#: answer, ids of the figures, reason in English and Spanish
Judged = tuple[Answer, tuple[str, ...], str, str]
_FIGURES = {
    "mortality": ("treated.death.so_far", "treated.death.worst_case"),
    "survival": ("treated.death.so_far", "treated.unresolved"),
    "extubation": ("treated.extubated", "treated.unresolved"),
    "improvement": ("treated.improved",),
    "number_treated": ("treated.death.so_far",),
}


def check_sentence(sentence: PublicSentence, record: ClaimRecord) -> PublicClaim:
    """The answer for one sentence, with the figures it rests on and the reason."""
    answer, figures, reason, reason_es = _RULES[sentence.quantity](sentence, record)
    return PublicClaim(
        claim_id=sentence.claim_id,
        outlet=sentence.outlet,
        published=sentence.published,
        claim=sentence.claim,
        quantity=sentence.quantity,
        claimed_value=sentence.claimed_value,
        answer=answer,
        figures=figures,
        reason=reason,
        reason_es=reason_es,
        record_value=sentence.record_value,
        what_the_record_says=sentence.what_the_record_says,
        flaw=sentence.flaw,
    )


def _cannot(english: str, spanish: str, figures: tuple[str, ...] = ()) -> Judged:
    return Answer.CANNOT, figures, english, spanish


def _not_reported() -> Judged:
    return _cannot("the figure was not reported", "la cifra no consta")


def _counted(s: PublicSentence, r: ClaimRecord) -> Judged:
    """k, k/n, p %, both, or "most", against a reported count."""
    contrast = _CONTRAST.search(s.claimed_value)
    if s.quantity == "mortality" and contrast:
        return _contrast(contrast, r)
    seen, figures = r.counts.get(s.quantity), _FIGURES[s.quantity]
    if seen is None or not r.n:
        return _not_reported()
    told = f"{seen}/{r.n} = {100 * seen / r.n:.1f} %"
    told_es = told.replace(".", ",")
    if s.claimed_value.strip().lower() == "most":
        good = 2 * seen > r.n
        return (Answer.SUPPORTED if good else Answer.WRONG), figures, told, told_es
    count, percent = _COUNT.search(s.claimed_value), _PERCENT.search(s.claimed_value)
    if not count and not percent:
        return _cannot(
            f"no number in {s.claimed_value!r}; the record has {told}", f"sin cifra; consta {told_es}", figures
        )
    parts = []
    if count:
        parts.append(int(count.group(1)) == seen and (count.group(2) is None or int(count.group(2)) == r.n))
    if percent:
        parts.append(abs(float(percent.group(1)) - 100 * seen / r.n) <= _WITHIN)
    return (Answer.SUPPORTED if all(parts) else Answer.WRONG), figures, f"the record has {told}", f"consta {told_es}"


def _contrast(found: re.Match[str], r: ClaimRecord) -> Judged:
    """Mortality "p % to q %": q must be the series' own, p a size cohort's, and the contrast itself shown."""
    dead, figures = r.counts.get("mortality"), _FIGURES["mortality"]
    if dead is None or not r.n:
        return _not_reported()
    low, high, q = float(found.group(1)), float(found.group(2) or found.group(1)), float(found.group(3))
    rate = 100 * dead / r.n
    if abs(q - rate) > _WITHIN:
        return (
            Answer.WRONG,
            figures,
            f"{dead}/{r.n} = {rate:.1f} %, not {q:g} %",
            f"{dead}/{r.n} = {rate:.1f} %, no {q:g} %",
        )
    named = all(any(abs(p - size) <= _WITHIN for size in r.size_rates.values()) for p in (low, high))
    if named and r.claims.get("C4") is ClaimState.SHOWN:
        return (
            Answer.SUPPORTED,
            figures,
            "both ends and the contrast hold",
            "se sostienen ambos extremos y el contraste",
        )
    return _cannot(
        f"{q:g} % is deaths so far; {found.group(1)} % comes from no admitted comparator, so the fall cannot be read",
        f"{q:g} % son muertes hasta ahora; {found.group(1)} % no viene de ninguna comparación admitida",
        figures,
    )


def _arithmetic(s: PublicSentence, r: ClaimRecord) -> Judged:
    """p % to q % is r % (relative) or r points."""
    found = _ARITHMETIC.search(s.claimed_value)
    if not found:
        return _cannot("no arithmetic to check", "sin cálculo que comprobar")
    p, q, claimed, kind = float(found.group(1)), float(found.group(2)), float(found.group(3)), found.group(4)
    points = p - q
    relative = 100 * points / p if p else 0.0
    right = points if kind == "points" else relative
    good = abs(claimed - right) <= _WITHIN
    told = f"{points:g} points; {relative:.0f} % relative; not a contrast of like with like"
    told_es = f"{points:g} puntos; {relative:.0f} % relativo; no se compara lo mismo con lo mismo"
    return (Answer.SUPPORTED if good else Answer.WRONG), ("treated.death.so_far",), told, told_es


def _comparator(s: PublicSentence, r: ClaimRecord) -> Judged:
    percent = _PERCENT.search(s.claimed_value)
    if percent:
        p = float(percent.group(1))
        near = [name for name, size in r.size_rates.items() if abs(p - size) <= _WITHIN]
        if near:
            return (
                Answer.SUPPORTED,
                (f"comparator.{near[0]}.p_at_most_observed",),
                f"as in {near[0]}",
                f"como en {near[0]}",
            )
    return _cannot(
        "no named and complete cohort has this figure", "ninguna cohorte identificada y completa da esa cifra"
    )


def _safety(s: PublicSentence, r: ClaimRecord) -> Judged:
    figures = ("treated.infusion_reaction", "treated.infusion_reaction.per_infusion")
    if r.reactions:
        return Answer.WRONG, figures, f"{r.reactions} with a reaction", f"{r.reactions} con reacción"
    if r.reactions == 0 and r.claims.get("C2") is ClaimState.SHOWN:
        return (
            Answer.SUPPORTED,
            figures,
            "none seen, and common harm is excluded",
            "ninguna, y se descarta daño frecuente",
        )
    if r.reaction_upper is None:
        return _not_reported()
    bound = f"{100 * r.reaction_upper:.1f}"
    return _cannot(
        f"none seen does not exclude {bound} % per patient",
        f"no haber visto ninguna no descarta {bound.replace('.', ',')} % por paciente",
        figures,
    )


def _rounded(claimed: str, value: float | None, figures: tuple[str, ...]) -> Judged:
    """Equal after rounding the record to the digits claimed."""
    if value is None:
        return _not_reported()
    try:
        said = Decimal(claimed.strip())
    except InvalidOperation:
        return _cannot(f"no number in {claimed!r}", "sin cifra", figures)
    place = Decimal((0, (1,), int(said.as_tuple().exponent)))
    good = Decimal(str(value)).quantize(place) == said if place else False
    told = f"the record has {value:g}"
    return (Answer.SUPPORTED if good else Answer.WRONG), figures, told, f"consta {value:g}"


def _start_day(s: PublicSentence, r: ClaimRecord) -> Judged:
    return _rounded(s.claimed_value, r.start_day, ("treated.start_day.median",))


def _dose(s: PublicSentence, r: ClaimRecord) -> Judged:
    return _rounded(s.claimed_value, r.dose_per_kg, ())


def _markers(s: PublicSentence, r: ClaimRecord) -> Judged:
    """`<marker>, ...: fell` or `rose`; direction only, in survivors."""
    names, colon, direction = s.claimed_value.partition(":")
    said = direction.strip().lower()
    if not colon or said not in ("fell", "rose"):
        return _cannot(
            "values, tests and who was measured were not reported", "no constan valores, pruebas ni a quién se midió"
        )
    found = [r.markers.get(name.strip().lower()) for name in names.split(",")]
    if any(f is None for f in found):
        return _not_reported()
    directions = [str(f).replace(",", " ").split()[0].lower() for f in found]
    if any(d in ("fell", "rose") and d != said for d in directions):
        return Answer.WRONG, (), "one went the other way", "alguno fue al revés"
    if all(d == said for d in directions):
        return Answer.SUPPORTED, (), "direction only, survivors", "solo la dirección, en supervivientes"
    return _not_reported()


def _effect(s: PublicSentence, r: ClaimRecord) -> Judged:
    if all(r.claims.get(c) is ClaimState.SHOWN for c in ("C4", "C5")):
        return Answer.SUPPORTED, (), "shown by randomised evidence", "mostrado por un ensayo aleatorizado"
    return _cannot(
        "no effect can be read without a comparison",
        "sin comparación no se puede leer un efecto",
        ("treated.death.so_far",),
    )


def _interpretation(s: PublicSentence, r: ClaimRecord) -> Judged:
    if s.claimed_value.strip().lower() == "none":
        return Answer.SUPPORTED, (), "no effect is claimed", "no se afirma ningún efecto"
    return _by_hand(s, r)


def _by_hand(s: PublicSentence, r: ClaimRecord) -> Judged:
    if s.flaw == "none" and s.record_value:
        return Answer.SUPPORTED, (), f"read by hand: {s.record_value}", f"leído a mano: {s.record_value}"
    if s.flaw == "wrong_count":
        return Answer.WRONG, (), s.what_the_record_says or s.record_value, s.what_the_record_says or s.record_value
    return _cannot("nothing in the record tests it", "nada en el registro lo comprueba")


_RULES: dict[str, Callable[[PublicSentence, ClaimRecord], Judged]] = {
    **dict.fromkeys(_FIGURES, _counted),
    "arithmetic": _arithmetic,
    "comparator": _comparator,
    "safety": _safety,
    "start_day": _start_day,
    "dose": _dose,
    "markers": _markers,
    "effect": _effect,
    "interpretation": _interpretation,
    **dict.fromkeys(("population", "design", "product", "priority", "context"), _by_hand),
}
