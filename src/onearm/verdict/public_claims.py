"""Public sentences beside the record: supported, wrong, or cannot be assessed. The first matching rule decides.

A claimed value that is not in one of the forms of its rule cannot be assessed: a range, "about", a number in words.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from onearm.protocol.published import PublicSentence
from onearm.results.study_result import Answer, ClaimState, PublicClaim

_NUMBER = r"[0-9]{1,9}(?:[.,][0-9]{1,9})?"  # "15.4" or "15,4": a comma is a decimal sign
_PERCENT = rf"({_NUMBER})\s*%"
_COUNT = r"([0-9]{1,9})(?:\s*(?:/|of)\s*([0-9]{1,9}))?"
_RANGE = rf"({_NUMBER})(?:\s*%?\s*[-–]\s*({_NUMBER}))?\s*%"
_THEN = r"(?:\s*(?:[=;(]|,\s)\s*|\s+)"  # between a count and its percentage
_COUNTED = re.compile(rf"{_COUNT}(?:{_THEN}{_PERCENT}\s*\)?)?")
_SHARE = re.compile(rf"{_PERCENT}(?:{_THEN}{_COUNT}\s*\)?)?")
_RATE = re.compile(_RANGE)
_CONTRAST = re.compile(rf"(?:from )?{_RANGE}\s+to\s+{_PERCENT}")
_ARITHMETIC = re.compile(rf"(?:from )?{_PERCENT}\s+to\s+{_PERCENT}\s+is\s+({_NUMBER})\s*(%|points?)")
_WITHIN = 1.0 + 1e-9  # points; 16.4 against 15.4 is within one


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
    answer, figures, reason, reason_es = _RULES.get(sentence.quantity, _unknown)(sentence, record)
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


def _unknown(s: PublicSentence, r: ClaimRecord) -> Judged:
    return _cannot("a quantity onearm does not know", "una magnitud que onearm no conoce")


def _unread(figures: tuple[str, ...] = (), told: str = "", told_es: str = "") -> Judged:
    """The claimed value is in no form of its rule."""
    more, more_es = (f"; {told}", f"; {told_es}") if told else ("", "")
    return _cannot(f"no figure that can be checked{more}", f"sin una cifra que se pueda comprobar{more_es}", figures)


def _answer(good: bool) -> Answer:
    return Answer.SUPPORTED if good else Answer.WRONG


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _near(claimed: float, value: float) -> bool:
    return abs(claimed - value) <= _WITHIN


def _es(number: str) -> str:
    return number.replace(".", ",")


def _counted(s: PublicSentence, r: ClaimRecord) -> Judged:
    """k, k/n, p %, both, or "most", against a reported count."""
    claimed = s.claimed_value.strip()
    contrast = _CONTRAST.fullmatch(claimed)
    if s.quantity == "mortality" and contrast:
        return _contrast(contrast, r)
    seen, figures = r.counts.get(s.quantity), _FIGURES[s.quantity]
    if seen is None or not r.n:
        return _not_reported()
    rate = 100 * seen / r.n
    told, told_es = f"the record has {seen}/{r.n} = {rate:.1f} %", f"consta {seen}/{r.n} = {_es(f'{rate:.1f}')} %"
    if s.quantity == "number_treated":
        told, told_es = f"the record has {seen} treated", f"constan {seen} tratados"
    if claimed.lower() == "most":
        return _answer(2 * seen > r.n), figures, told, told_es
    if found := _COUNTED.fullmatch(claimed):
        count, of, percent = found.groups()
    elif found := _SHARE.fullmatch(claimed):
        percent, count, of = found.groups()
    else:
        return _unread(figures, told, told_es)
    good = (
        (count is None or int(count) == seen)
        and (of is None or int(of) == r.n)
        and (percent is None or _near(_number(percent), rate))
    )
    return _answer(good), figures, told, told_es


def _contrast(found: re.Match[str], r: ClaimRecord) -> Judged:
    """Mortality "p % to q %": q must be the series' own, p a size cohort's, and the contrast itself shown."""
    dead, figures = r.counts.get("mortality"), _FIGURES["mortality"]
    if dead is None or not r.n:
        return _not_reported()
    low, high, q = found.groups()
    rate = 100 * dead / r.n
    told, told_es = f"{dead}/{r.n} = {rate:.1f} %", f"{dead}/{r.n} = {_es(f'{rate:.1f}')} %"
    if not _near(_number(q), rate):
        return Answer.WRONG, figures, f"the record has {told}, not {q} %", f"consta {told_es}, no {_es(q)} %"
    before = f"{low}-{high}" if high else low
    if not all(_cohort_at(_number(p), r) for p in (low, high or low)):
        return _cannot(
            f"{told} is deaths so far; no complete cohort beside it has {before} %, so no fall can be read",
            f"{told_es} son muertes hasta ahora; ninguna cohorte completa da {_es(before)} %: no se puede leer bajada",
            figures,
        )
    if r.claims.get("C4") is not ClaimState.SHOWN:
        return _cannot(
            f"{told} is deaths so far; {before} % is that of other patients, so no fall can be read",
            f"{told_es} son muertes hasta ahora; {_es(before)} % es de otros pacientes: no se puede leer bajada",
            figures,
        )
    return Answer.SUPPORTED, figures, "both ends and the contrast hold", "se sostienen ambos extremos y el contraste"


def _cohort_at(percent: float, r: ClaimRecord) -> str | None:
    """The `size` cohort nearest to that percent dead, within one point; None when there is none."""
    near = [(abs(percent - rate), name) for name, rate in r.size_rates.items() if _near(percent, rate)]
    return min(near)[1] if near else None


def _arithmetic(s: PublicSentence, r: ClaimRecord) -> Judged:
    """p % to q % is r % (relative) or r points, up or down."""
    found = _ARITHMETIC.fullmatch(s.claimed_value.strip())
    if not found:
        return _unread()
    p, q, claimed = (_number(found.group(k)) for k in (1, 2, 3))
    points = abs(p - q)
    told, told_es = f"{points:.4g} points", f"{_es(f'{points:.4g}')} puntos"
    if p > 0:
        told, told_es = f"{told}; {100 * points / p:.0f} % relative", f"{told_es}; {100 * points / p:.0f} % relativo"
    if found.group(4) == "%" and p == 0:
        return _cannot(f"{told}; no percentage of 0 %", f"{told_es}; no hay porcentaje de 0 %")
    good = _near(claimed, 100 * points / p if found.group(4) == "%" else points)
    end, end_es = "not a contrast of like with like", "no se compara lo mismo con lo mismo"
    return _answer(good), ("treated.death.so_far",), f"{told}; {end}", f"{told_es}; {end_es}"


def _comparator(s: PublicSentence, r: ClaimRecord) -> Judged:
    found = _RATE.fullmatch(s.claimed_value.strip())
    if not found:
        return _unread()
    ends = [_cohort_at(_number(p), r) for p in found.groups() if p]
    names = list(dict.fromkeys(name for name in ends if name))
    if None in ends:
        return _cannot(
            "no named and complete cohort has this figure", "ninguna cohorte identificada y completa da esa cifra"
        )
    figures = tuple(f"comparator.{name}.p_at_most_observed" for name in names)
    return Answer.SUPPORTED, figures, f"as in {' and '.join(names)}", f"como en {' y '.join(names)}"


def _safety(s: PublicSentence, r: ClaimRecord) -> Judged:
    figures = ("treated.infusion_reaction", "treated.infusion_reaction.per_infusion")
    if s.claimed_value.strip().lower() not in ("none seen", "does not cause"):
        return _unread(figures)
    if r.reactions:
        who, who_es = ("patient", "paciente") if r.reactions == 1 else ("patients", "pacientes")
        return Answer.WRONG, figures, f"{r.reactions} {who} with a reaction", f"{r.reactions} {who_es} con reacción"
    if r.reactions is None or r.reaction_upper is None:
        return _not_reported()
    if r.claims.get("C2") is ClaimState.SHOWN:
        return (
            Answer.SUPPORTED,
            figures,
            "none seen, and common harm is excluded",
            "no se vio ninguna, y se descarta un daño frecuente",
        )
    bound = f"{100 * r.reaction_upper:.1f}"
    return _cannot(
        f"none seen; reactions in up to {bound} % of patients are not excluded",
        f"no se vio ninguna; no se descartan reacciones en hasta un {_es(bound)} % de los pacientes",
        figures,
    )


def _rounded(claimed: str, value: float | None, figures: tuple[str, ...]) -> Judged:
    """Equal after rounding the record, half up, to the digits claimed."""
    if value is None:
        return _not_reported()
    told, told_es = f"the record has {value:.10g}", f"consta {_es(f'{value:.10g}')}"
    try:
        said = Decimal(claimed.strip())
        rounded = Decimal(str(value)).quantize(said, rounding=ROUND_HALF_UP)
    except InvalidOperation:
        return _unread(figures, told, told_es)
    return (_answer(rounded == said) if said.is_finite() else Answer.CANNOT), figures, told, told_es


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
    found = [_direction(r.markers.get(re.sub(r"[ -]+", "_", name.strip().lower()), "")) for name in names.split(",")]
    if any(d in ("fell", "rose") and d != said for d in found):
        return Answer.WRONG, (), "at least one went the other way", "al menos uno fue al revés"
    if all(d == said for d in found):
        return Answer.SUPPORTED, (), "direction only, survivors", "solo la dirección, en supervivientes"
    return _not_reported()


def _direction(told: str) -> str:
    """First word of a reported direction: "rose, T and B" gives "rose"."""
    return (told.replace(",", " ").lower().split() or [""])[0]


def _effect(s: PublicSentence, r: ClaimRecord) -> Judged:
    if all(r.claims.get(c) is ClaimState.SHOWN for c in ("C4", "C5")):
        return Answer.SUPPORTED, (), "shown by randomised evidence", "mostrado por evidencia aleatorizada"
    return _cannot(
        "no effect can be read without a randomised comparison",
        "sin una comparación aleatorizada no se puede leer un efecto",
        ("treated.death.so_far",),
    )


def _interpretation(s: PublicSentence, r: ClaimRecord) -> Judged:
    if s.claimed_value.strip().lower() == "none":
        return Answer.SUPPORTED, (), "no effect is claimed", "no se afirma ningún efecto"
    return _cannot("a reading, not a figure", "una lectura, no una cifra")


def _by_hand(s: PublicSentence, r: ClaimRecord) -> Judged:
    if s.flaw == "none" and s.record_value:
        return Answer.SUPPORTED, (), f"read by hand: {s.record_value}", f"leído a mano: «{s.record_value}»"
    if s.flaw == "wrong_count":
        note = s.what_the_record_says or s.record_value or "wrong count"
        return Answer.WRONG, (), f"read by hand: {note}", f"leído a mano: «{note}»"
    return _cannot("nothing in the record tests it", "nada de lo registrado permite comprobarlo")


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
