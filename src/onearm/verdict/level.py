"""Level L0-L4, variant and the sentences a reader takes away, from gates and evidence."""

from dataclasses import dataclass
from math import floor

from onearm.results.study_result import Gate, VerdictText
from onearm.verdict.claims import ladder
from onearm.verdict.evidence import Evidence

ALPHA = 0.05
_NUMBERS = {
    "en": ["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"],
    "es": [
        "ninguno",
        "uno",
        "dos",
        "tres",
        "cuatro",
        "cinco",
        "seis",
        "siete",
        "ocho",
        "nueve",
        "diez",
        "once",
        "doce",
    ],
}
#: Names under which an unreported figure is told, in English and Spanish; any other name is told as it is.
_LACKING = {
    "n": ("number treated", "número de tratados"),
    "dead": ("deaths", "muertes"),
    "deaths": ("deaths", "muertes"),
    "open": ("number unresolved", "número sin resolver"),
    "number still open": ("number unresolved", "número sin resolver"),
    "horizon_days or follow_up_after_first_dose_median": ("length of follow-up", "duración del seguimiento"),
    "horizon": ("length of follow-up", "duración del seguimiento"),
}
_COHORTS_ES = {"similar cases": "casos similares", "similar patients": "pacientes similares"}


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence in both languages."""

    en: str = ""
    es: str = ""

    def __add__(self, other: "Said") -> "Said":
        return Said(f"{self.en} {other.en}".strip(), f"{self.es} {other.es}".strip())


def level_of(evidence: Evidence, gates: tuple[Gate, ...]) -> tuple[str, tuple[str, ...]]:
    """Lowest cap among failed gates, and the gates that hold it there. A series is never above L1, one arm never L4."""
    if lacking(evidence):
        return "L0", ()
    failed = [g for g in gates if not g.passed]
    level = min((g.cap for g in failed), default="L3")
    return level, tuple(g.id for g in failed if g.cap == level)


def lacking(e: Evidence) -> tuple[str, ...]:
    """What forbids any assessment: as told in `missing`, else counts that are None (or nobody treated)."""
    absent = {"n": not e.n, "dead": e.dead is None, "open": e.unresolved is None}
    return e.missing or tuple(name for name, is_absent in absent.items() if is_absent)


def variant_of(evidence: Evidence) -> str:
    """a: chance alone would do it; b: it hangs on the unresolved; c: fewer than chance. "" without a comparison."""
    if not evidence.chance:
        return ""
    if any(seen > ALPHA for _, seen, _ in evidence.chance):
        return "a"
    return "b" if any(worst > ALPHA for _, _, worst in evidence.chance) else "c"


def in_words(number: int, language: str, *, start: bool = False) -> str:
    """Small numbers as words, others as digits; capital at the start of a sentence."""
    words = _NUMBERS[language]
    text = words[number] if number < len(words) else str(number)
    return text[:1].upper() + text[1:] if start else text


def of_100(p: float) -> str:
    """100 p to whole numbers, half up; "fewer than 1" below .5."""
    x = floor(100 * p + 0.5)
    return str(x) if 100 * p >= 0.5 else "fewer than 1"


def _of_100_es(p: float) -> str:
    return of_100(p).replace("fewer than 1", "menos de 1")


def _named(e: Evidence) -> Said:
    return Said("the cells", "las células") if e.cells else Said("the treatment", "el tratamiento")


def _lead(e: Evidence) -> Said:
    dead, n, still = e.dead or 0, e.n or 0, e.unresolved or 0
    what, changed = _named(e), "cambiaron" if e.cells else "cambió"
    died_es = "había muerto" if dead <= 1 else "habían muerto"
    known = Said("all outcomes were known", "constan todos los desenlaces")
    if still:
        known = Said(
            f"{in_words(still, 'en')} {'was' if still == 1 else 'were'} unresolved",
            f"{in_words(still, 'es')} {'seguía' if still == 1 else 'seguían'} sin resolver",
        )
    return Said(
        f"{in_words(dead, 'en', start=True)} of {n} had died and {known.en}; these "
        f"{'records' if e.patients else 'reports'} describe the patients and cannot show whether {what.en} changed "
        "the outcome.",
        f"{in_words(dead, 'es', start=True)} de {n} {died_es} y {known.es}; estos datos "
        f"describen a los pacientes y no muestran si {what.es} {changed} el desenlace.",
    )


def _expected(e: Evidence) -> Said:
    """Variant a: from the null-predictive probability where it decides, else from the least unusual cohort."""
    nothing, nothing_es = (
        ("cells that do", "células que no hacen")
        if e.cells
        else ("a treatment that does", "un tratamiento que no hace")
    )
    if e.null_p and e.null_p[0] > ALPHA:
        head, head_es, p = "A", "Un", e.null_p[0]
    else:
        name, p, _ = max(e.chance, key=lambda c: c[1])
        head, head_es = f"Beside {name}, a", f"Junto a {_COHORTS_ES.get(name, name)}, un"
    return Said(
        f"{head} result like this is expected in {of_100(p)} of 100 studies of {nothing} nothing.",
        f"{head_es} resultado así se espera en {_of_100_es(p)} de cada 100 estudios de {nothing_es} nada.",
    )


def _variant_sentence(e: Evidence, variant: str) -> Said:
    if variant == "a":
        return _expected(e)
    if variant == "b":
        one = e.unresolved == 1
        who, who_es = (
            ("one patient", "del único paciente")
            if one
            else (f"{e.unresolved} patients", f"de los {e.unresolved} pacientes")
        )
        return Said(
            f"The result hangs on the {who} whose outcome is not known.",
            f"El resultado depende {who_es} cuyo desenlace no se conoce.",
        )
    if variant == "c":
        return Said(
            "Fewer deaths than chance explains; selection is not excluded.",
            "Menos muertes de las que explica el azar; no se descarta la selección.",
        )
    return Said("Nothing was given to compare with.", "No se aportó nada con lo que comparar.")


def _sentences(e: Evidence, level: str, variant: str) -> tuple[Said, Said]:
    if level == "L0":
        told = [_LACKING.get(name, (name, name)) for name in lacking(e)]
        what, what_es = ("These records", "Estos registros") if e.patients else ("This claim", "Esta afirmación")
        verb_es = "no se pueden" if e.patients else "no se puede"
        return (
            Said(
                f"{what} cannot be assessed; not reported: {', '.join(english for english, _ in told)}.",
                f"{what_es} {verb_es} valorar; no consta: {', '.join(spanish for _, spanish in told)}.",
            ),
            Said(),
        )
    if level == "L1":
        return _lead(e), _variant_sentence(e, variant)
    if level == "L2":
        return (
            Said(
                "These records are compatible with benefit, with no effect and with harm.",
                "Estos registros son compatibles con beneficio, con ningún efecto y con daño.",
            ),
            _variant_sentence(e, variant),
        )
    return (
        Said(
            "Fewer died than among similar patients: a signal worth a randomised trial, not proof.",
            "Murieron menos que entre pacientes similares: una señal que merece un ensayo aleatorizado, no una prueba.",
        ),
        Said(),
    )


def _lay(e: Evidence, level: str, variant: str) -> Said:
    if level == "L0":
        return Said("Too little was reported to say anything.", "Consta demasiado poco para decir algo.")
    what, helped = _named(e), "ayudaron" if e.cells else "ayudó"
    these, these_es = (
        ("this one patient", "este único paciente") if e.n == 1 else (f"these {e.n} patients", f"estos {e.n} pacientes")
    )
    if level == "L3":
        return Said(
            f"Fewer of {these} died than of similar ones. Only a randomised trial can tell whether {what.en} helped.",
            f"De {these_es} murieron menos que de otros similares. Solo un ensayo aleatorizado puede decir si "
            f"{what.es} {helped}.",
        )
    second = {
        "a": Said("Chance alone can give a result like this.", "El azar por sí solo puede dar un resultado así."),
        "b": Said(
            "It depends on what became of those still in care.", "Depende de cómo acabaran los que seguían ingresados."
        ),
        "c": Said(
            "Deaths were few, but perhaps those likely to live were chosen.",
            "Hubo pocas muertes, pero quizá se eligió a quienes tenían más probabilidades de vivir.",
        ),
        "": Said("There was nothing to compare with.", "No había con qué comparar."),
    }[variant]
    if level == "L2":
        second = Said("A randomised trial is needed to know.", "Para saberlo hace falta un ensayo aleatorizado.")
    first = Said(
        f"Nobody can tell from {these} whether {what.en} helped.",
        f"Con {these_es} nadie puede saber si {what.es} {helped}.",
    )
    return first + second


def decide(evidence: Evidence, gates: tuple[Gate, ...], settle: Said) -> VerdictText:
    """The verdict. A virtual study gets its sentences and no level."""
    level, caps = level_of(evidence, gates)
    variant = variant_of(evidence) if level in ("L1", "L2") else ""
    lead, second = _sentences(evidence, level, variant)
    lay = _lay(evidence, level, variant)
    whole = lead + second
    return VerdictText(
        level="" if evidence.virtual else level,
        variant="" if evidence.virtual else variant,
        sentence=whole.en,
        sentence_es=whole.es,
        lead=lead.en,
        lead_es=lead.es,
        variant_sentence=second.en,
        variant_sentence_es=second.es,
        lay=lay.en,
        lay_es=lay.es,
        settle=settle.en,
        settle_es=settle.es,
        caps=caps,
        claims=ladder(evidence, level),
    )
