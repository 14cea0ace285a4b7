"""Level L0-L4, variant and the sentences a reader takes away, from gates and evidence."""

from dataclasses import dataclass
from math import floor

from onearm.results.study_result import Gate, VerdictText
from onearm.verdict.claims import ladder
from onearm.verdict.evidence import Evidence

ALPHA = 0.05
_NUMBERS = {
    "en": ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    "es": (
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
    ),
}


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence in both languages."""

    en: str = ""
    es: str = ""

    def __add__(self, other: "Said") -> "Said":
        return Said(f"{self.en} {other.en}".strip(), f"{self.es} {other.es}".strip())


def level_of(evidence: Evidence, gates: tuple[Gate, ...]) -> tuple[str, tuple[str, ...]]:
    """Lowest cap among failed gates, and the gates that hold it there. A series is never above L1, one arm never L4."""
    if evidence.missing:
        return "L0", ()
    failed = [g for g in gates if not g.passed]
    level = min((g.cap for g in failed), default="L3")
    return level, tuple(g.id for g in failed if g.cap == level)


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


def _lead(e: Evidence) -> Said:
    dead, n, still = e.dead or 0, e.n or 0, e.unresolved or 0
    what, what_es = ("the cells", "las células") if e.cells else ("the treatment", "el tratamiento")
    changed = "cambiaron" if e.cells else "cambió"
    if still:
        known = f"{in_words(still, 'en')} {'was' if still == 1 else 'were'} unresolved"
        known_es = f"{in_words(still, 'es')} {'seguía' if still == 1 else 'seguían'} sin resolver"
    else:
        known, known_es = "all outcomes were known", "se conocían todos los desenlaces"
    died_es = "había" if dead <= 1 else "habían"
    return Said(
        f"{in_words(dead, 'en', start=True)} of {n} had died and {known}; these "
        f"{'records' if e.patients else 'reports'} describe the patients and cannot show whether {what} changed "
        "the outcome.",
        f"{in_words(dead, 'es', start=True)} de {n} {died_es} muerto y {known_es}; estos datos describen a los "
        f"pacientes y no muestran si {what_es} {changed} el desenlace.",
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
        head, head_es = f"Beside {name}, a", f"Junto a {name}, un"
    return Said(
        f"{head} result like this is expected in {of_100(p)} of 100 studies of {nothing} nothing.",
        f"{head_es} resultado así se espera en {_of_100_es(p)} de cada 100 estudios de {nothing_es} nada.",
    )


def _variant_sentence(e: Evidence, variant: str) -> Said:
    if variant == "a":
        return _expected(e)
    if variant == "b":
        u = e.unresolved or 0
        return Said(
            f"The result hangs on the {u} patients whose outcome is not known.",
            f"El resultado depende de los {u} pacientes cuyo desenlace no se conoce.",
        )
    if variant == "c":
        return Said(
            "Fewer deaths than chance explains; selection is not excluded.",
            "Menos muertes de las que explica el azar; no se descarta la selección.",
        )
    return Said("Nothing was given to compare with.", "No se aportó nada con lo que comparar.")


def _sentences(e: Evidence, level: str, variant: str) -> tuple[Said, Said]:
    if level == "L0":
        lacking = ", ".join(e.missing)
        return (
            Said(
                f"This claim cannot be assessed: {lacking} not reported.", f"No se puede valorar: no consta {lacking}."
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
            "Murieron menos que pacientes similares: una señal que merece un ensayo aleatorizado, no una prueba.",
        ),
        Said(),
    )


def _lay(e: Evidence, level: str, variant: str) -> Said:
    if level == "L0":
        return Said("Too little was reported to say anything.", "Se informó de muy poco para decir algo.")
    what, what_es = ("the cells", "las células") if e.cells else ("the treatment", "el tratamiento")
    helped = "ayudaron" if e.cells else "ayudó"
    second = {
        "a": Said("As few deaths are common without it.", "Tan pocas muertes son frecuentes sin tratar."),
        "b": Said("It depends on patients still in care.", "Depende de pacientes aún ingresados."),
        "c": Said(
            "Deaths were few, but the patients may have been chosen well.",
            "Hubo pocas muertes, pero quizá se eligió bien a los pacientes.",
        ),
        "": Said("There was nothing to compare with.", "No había con qué comparar."),
    }[variant]
    if level in ("L2", "L3"):
        second = Said("A randomised trial is needed to know.", "Para saberlo hace falta un ensayo aleatorizado.")
    return (
        Said(
            f"Nobody can tell from these {e.n} patients whether {what} helped.",
            f"Con estos {e.n} pacientes nadie puede saber si {what_es} {helped}.",
        )
        + second
    )


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
