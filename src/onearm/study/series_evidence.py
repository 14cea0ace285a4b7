"""What the rule table reads of a publication: counts, chances, what the claim rests on."""

from collections.abc import Sequence

from onearm.protocol.inputs import StudyInputs
from onearm.protocol.reported import NOT_REPORTED, Reported, ReportedSeries
from onearm.protocol.study import Protocol
from onearm.results.estimate import Estimate
from onearm.results.status import Role
from onearm.sensitivity.null_predictive import NullPredictive
from onearm.study.cohorts import Beside, counts_of, delta_star
from onearm.study.public_claims import upper_of
from onearm.verdict.evidence import Evidence


def series_evidence(
    inputs: StudyInputs,
    series: ReportedSeries,
    null: Sequence[tuple[str, NullPredictive]],
    found: Sequence[Beside],
    sizes: Sequence[tuple[str, float]],
    estimates: Sequence[Estimate],
) -> Evidence:
    """Evidence of `appraise`. `null`: folder of similar cases and its null-predictive answer, the headline first."""
    counts = counts_of(series)
    reaction = next((e for e in estimates if e.id == "treated.infusion_reaction"), None)
    start = series.quartiles("first_dose_after_ventilation")
    country = series.study.get("country", "")
    extubated, improved, told = series.count("extubated"), series.count("improved"), markers_told(series)
    return Evidence(
        patients=False,
        virtual=inputs.protocol.study.virtual,
        cells="cells" in series.product,
        n=series.count("n"),
        dead=series.count("dead"),
        unresolved=series.count("open"),
        missing=series.missing(),
        null_p=(null[0][1].p, null[0][1].p_worst_case) if null else None,
        chance=(*((name, r.p, r.p_worst_case) for name, r in null), *_beside_sizes(found, estimates)),
        start_median=None if start is None else start.median,
        start_width=None if start is None else start.iqr_width,
        claim_comparator=_claim_words(series, inputs.protocol),
        claim_admitted=_claim_admitted(series, inputs.protocol, found),
        drift={} if counts is None else {n: d for n, r in sizes if (d := delta_star(r, counts)) is not None},
        infusions=series.infusions(),
        reactions=_whole(series.safety.get("patients_with_infusion_reaction", NOT_REPORTED)),
        assessed_patients=None if reaction is None else reaction.n,
        reaction_upper=upper_of(estimates),
        improved=improved,
        extubated=extubated,
        changed=bool(improved or extubated or told),
        doses=series.patients_by_doses(),
        markers_reported=told,
        cotreatment=_text(series.treated.get("prior_treatment", NOT_REPORTED)),
        centres=int(series.study["centres"]) if series.study.get("centres", "").isdigit() else None,
        foreign_comparator=any(s.country != country for s in inputs.similar)
        or any(b.cohort is not None and b.cohort.country not in (country, "INT") for b in found),
        resolved_only_comparator=any(b.cohort is not None and b.cohort.resolved_only for b in found),
        exclusions=tuple(r.text for r in inputs.protocol.population.rules if r.id.startswith("E") and r.text),
    )


def _beside_sizes(found: Sequence[Beside], estimates: Sequence[Estimate]) -> list[tuple[str, float, float]]:
    """P(at most observed) and P(at most worst case) of every cohort for size."""
    by_id, chances = {e.id: e.value for e in estimates}, []
    for b in found:
        seen, worst = (by_id.get(f"comparator.{b.name}.p_at_most_{k}") for k in ("observed", "worst_case"))
        if b.admission.role is Role.SIZE and seen is not None and worst is not None:
            chances.append((b.name, seen, worst))
    return chances


def markers_told(series: ReportedSeries) -> bool:
    """Whether any marker was reported."""
    return any(r.value is not None for r in series.markers.values())


def _text(reported: Reported) -> str | None:
    return None if reported.value is None else str(reported.value)


def _whole(reported: Reported) -> int | None:
    value = reported.number()
    return None if value is None else int(value)


def _claim_words(series: ReportedSeries, protocol: Protocol) -> str:
    """What the claim rests on, in words."""
    named = _text(series.claim.get("comparator_cohorts", NOT_REPORTED))
    ends = [series.claim.get(f"comparator_{e}", NOT_REPORTED).number() for e in ("low", "high")]
    known = [f"{p:g}" for p in ends if p is not None]
    if named:
        return named
    if known:
        return f"cohorts of {'-'.join(known)} %, not named"
    return ", ".join(c.name for c in protocol.comparator)


def _claim_admitted(series: ReportedSeries, protocol: Protocol, found: Sequence[Beside]) -> bool | None:
    """Whether what the claim rests on is named and passes K1-K4; None when it is not named."""
    if "comparator_cohorts" in series.claim:
        told = _text(series.claim["comparator_cohorts"])
        names = [] if told is None else [n.strip() for n in told.split(",")]
    else:
        names = [c.name for c in protocol.comparator]
    by_name = {b.name: b for b in found}
    if not names or any(n not in by_name for n in names):
        return None
    return all(by_name[n].admission.may_carry_a_claim for n in names)
