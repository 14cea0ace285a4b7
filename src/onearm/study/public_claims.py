"""Public sentences beside what a run found: the record they are held against, the answers and their counts."""

from collections.abc import Sequence

from onearm.protocol.published import PublicSentence
from onearm.protocol.reported import NOT_REPORTED, ReportedSeries
from onearm.results.estimate import Estimate
from onearm.results.status import Role
from onearm.results.study_result import Answer, PublicClaim, VerdictText
from onearm.study.cohorts import Beside
from onearm.study.figures import Named, number
from onearm.study.treated_records import TreatedCourse
from onearm.verdict.public_claims import ClaimRecord, check_sentence

_ANSWERS = (
    (Answer.SUPPORTED, "frases públicas: sostenidas"),
    (Answer.WRONG, "frases públicas: erróneas"),
    (Answer.CANNOT, "frases públicas: no valorables"),
)


def answers(sentences: Sequence[PublicSentence], record: ClaimRecord) -> tuple[PublicClaim, ...]:
    """Each sentence with its answer, in the order of the file."""
    return tuple(check_sentence(s, record) for s in sentences)


def answer_counts(claims: Sequence[PublicClaim]) -> list[Estimate]:
    """`claims.supported`, `.wrong`, `.cannot_be_assessed`; none without sentences."""
    return [
        number(
            Named(f"claims.{answer.value.replace(' ', '_')}", f"public sentences: {answer.value}", es),
            float(sum(c.answer is answer for c in claims)),
            n=len(claims),
            role=Role.PRIMARY,
        )
        for answer, es in _ANSWERS
        if claims
    ]


def series_record(
    series: ReportedSeries, found: Sequence[Beside], verdict: VerdictText, estimates: Sequence[Estimate]
) -> ClaimRecord:
    """What a publication says."""
    n, dead = series.count("n"), series.count("dead")
    reactions = series.safety.get("patients_with_infusion_reaction", NOT_REPORTED).number()
    start = series.quartiles("first_dose_after_ventilation")
    return ClaimRecord(
        n=n,
        counts=_counts(n, dead, series.count("extubated"), series.count("improved")),
        size_rates={b.name: 100 * b.rate for b in found if b.admission.role is Role.SIZE and b.rate is not None},
        claims={id: claim.state for id, claim in verdict.claims.items()},
        reactions=None if reactions is None else int(reactions),
        reaction_upper=upper_of(estimates),
        start_day=None if start is None else start.median,
        dose_per_kg=series.product.get("cells_per_dose_median", NOT_REPORTED).number(),
        markers={m: str(r.value) for m, r in series.markers.items() if r.value is not None},
    )


def own_record(
    treated: TreatedCourse, verdict: VerdictText, reactions: int | None, estimates: Sequence[Estimate]
) -> ClaimRecord:
    """What the study's own records say."""
    n, dead = treated.exact.n, treated.exact.events
    start = next((e.value for e in estimates if e.id == "treated.start_day.median"), None)
    return ClaimRecord(
        n=n,
        counts=_counts(n, dead, treated.ends.out if treated.has_spells else None, None),
        size_rates={},
        claims={id: claim.state for id, claim in verdict.claims.items()},
        reactions=reactions,
        reaction_upper=upper_of(estimates),
        start_day=start,
        dose_per_kg=None,
    )


def _counts(n: int | None, dead: int | None, extubated: int | None, improved: int | None) -> dict[str, int | None]:
    return {
        "mortality": dead,
        "survival": None if n is None or dead is None else n - dead,
        "extubation": extubated,
        "improvement": improved,
        "number_treated": n,
    }


def upper_of(estimates: Sequence[Estimate]) -> float | None:
    """Upper bound of infusion reactions per patient; None where it was not reported."""
    return next((e.upper for e in estimates if e.id == "treated.infusion_reaction"), None)
