"""`analyse`: a study with records of its own. The order of the steps, and nothing computed here."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from onearm.cohort.analysis_set import NEVER
from onearm.cohort.build import Cohort, build, build_cohort, matching_sha256
from onearm.cohort.confounders import completeness
from onearm.cohort.decisions import ScreeningLog, screening_log, without_product
from onearm.cohort.follow_up import first_treatment
from onearm.cohort.lots_given import lots_given
from onearm.cohort.marker_values import before_and_after, direction
from onearm.cohort.reactions import Reactions, infusion_reactions
from onearm.estimators.aalen_johansen import incidence
from onearm.estimators.sample_size import patients_per_arm
from onearm.estimators.score_matching import at_most
from onearm.estimators.untreated_hazard import untreated_follow_up
from onearm.protocol.inputs import StudyInputs
from onearm.protocol.locks import plan_came_first
from onearm.protocol.study import Protocol
from onearm.records import Records
from onearm.results.charts import Charts, IncidenceCurve, MarkerCourse, NullHistogram
from onearm.results.estimate import Estimate
from onearm.results.problems import Problem, StudyProblems
from onearm.results.status import Role
from onearm.results.study_result import About, ComparatorRow, StudyResult
from onearm.study.answer import answer
from onearm.study.checks import require_sound
from onearm.study.contrast import Contrast, contrast
from onearm.study.expected import without_product_estimates
from onearm.study.figures import Named, number, of_incidence
from onearm.study.headline import evidence_of
from onearm.study.likeness import Likeness, likeness, likeness_estimates
from onearm.study.marker_answers import marker_answers
from onearm.study.matching import match, scored
from onearm.study.public_claims import answer_counts, answers, own_record, upper_of
from onearm.study.reporting.tables import with_reporting
from onearm.study.similar_incidence import clock_words, drawn
from onearm.study.treated_records import (
    TreatedCourse,
    decision_estimates,
    safety_estimates,
    stopping_estimates,
    strips,
    treated_course,
    treated_estimates,
)
from onearm.study.treated_series import no_effect
from onearm.study.trials import trial_estimates
from onearm.verdict.break_points import hidden_bias_sentence
from onearm.verdict.evidence import Evidence
from onearm.verdict.flags import raise_flags
from onearm.verdict.gates import judge
from onearm.verdict.level import decide
from onearm.verdict.settle import REDUCTION, settle
from onearm.vocabulary.markers import MARKERS

MARKER_CONTROLS = 500  # of each treated patient; more would only cost time


def analyse(inputs: StudyInputs) -> StudyResult:
    """Records to a verdict. Raises StudyProblems when the folder holds no records or its clock fits nobody."""
    if inputs.records is None:
        told = "no records/: there are no patients to analyse."
        raise StudyProblems([Problem("records/", told, "Import them, or run `onearm appraise` on reported.toml.")])
    protocol, records = inputs.protocol, inputs.records
    cohort = build_cohort(protocol, records, [s.records for s in inputs.similar])
    require_sound(inputs, cohort)
    known = scored(protocol, cohort, build(protocol, cohort))
    matched = match(protocol, cohort, known)
    built = matched.built
    index = index_words(protocol)
    treated = treated_course(built.data, cohort.own)
    found = contrast(protocol, cohort, matched, known, lots_given(records))
    like = likeness(protocol, cohort, matched)
    reactions, log = infusion_reactions(records), screening_log(records)
    untreated = untreated_follow_up(built.data)
    similar, control = _from_entry(untreated, cohort.own.clock, protocol.horizon_days)
    estimates = [
        *treated_estimates(treated, index),
        *decision_estimates(log),
        *similar,
        *found.estimates,
        *likeness_estimates(like),
        *marker_answers(
            cohort,
            replace(built, data=at_most(matched.data, MARKER_CONTROLS)),
            seed=protocol.sap.seed,
            alpha=protocol.sap.alpha,
        ),
        *without_product_estimates(matched, without_product(records)),
        *safety_estimates(reactions),
        *stopping_estimates(reactions, protocol.stopping),
        *trial_estimates(inputs.trials),
    ]
    per_arm = patients_per_arm(control, control * (1 - REDUCTION)) if control is not None and 0 < control < 1 else None
    if per_arm is not None:
        named = Named("settle.per_arm", "patients per arm of a trial that would settle it", "pacientes por grupo")
        estimates.append(number(named, float(per_arm), method="two proportions, two-sided .05, power .8"))
    evidence = _evidence(inputs, cohort, treated, found, like, reactions, log)
    gates = judge(evidence)
    verdict = decide(evidence, gates, settle(per_arm, control, protocol.horizon_days))
    claims = answers(inputs.sentences, own_record(treated, verdict, evidence.reactions, estimates))
    estimates += answer_counts(claims)
    primary = found.primary
    breaks = (hidden_bias_sentence(primary.gamma_star, primary.gamma_star_text),) if primary.p is not None else ()
    result = answer(
        inputs,
        "analyse",
        _about(inputs, cohort, treated, index),
        verdict,
        estimates,
        attrition=matched.data.attrition,
        comparators=tuple(_sources(inputs, cohort, similar)),
        gates=gates,
        flags=raise_flags(evidence),
        public_claims=claims,
        charts=_charts(records, cohort, treated, found, untreated),
        break_points=breaks,
    )
    return with_reporting(inputs, result)


def index_words(protocol: Protocol) -> str:
    """What happens on the index day: "first infusion", "heart transplant"."""
    agent = protocol.strategies.agent
    return agent.replace("_", " ") if agent else protocol.time_zero.index.replace("_", " ")


Untreated = tuple[np.ndarray, np.ndarray]


def _from_entry(untreated: Untreated, clock: str, horizon: int) -> tuple[list[Estimate], float | None]:
    """Deaths of the untreated from day zero, and their risk."""
    end, event = untreated
    word, word_es = clock_words(clock)
    named = Named(
        f"similar.death.from_entry.day{horizon}",
        f"untreated, dead by day {horizon} from {word}",
        f"no tratados, muertos a {horizon} días {word_es}",
    )
    if not len(end):
        return [number(named, None, remedy="Nobody was untreated on any day.")], None
    curve = incidence(end, event, horizon=horizon)
    estimate = of_incidence(
        named,
        curve,
        "Aalen-Johansen over untreated days; index day 0: events on 0..day",
        source="all patients while untreated",
        assumptions=("open patients have the future of those still followed", "treatment is no sign of prognosis"),
    )
    return [estimate], curve.risk


def _evidence(
    inputs: StudyInputs,
    cohort: Cohort,
    treated: TreatedCourse,
    found: Contrast,
    like: Likeness,
    reactions: Reactions | None,
    log: ScreeningLog | None,
) -> Evidence:
    protocol, records = inputs.protocol, inputs.records
    assert records is not None
    exact, matched = treated.exact, found.matched
    sources = set(matched.data.people["source"])
    doses = records["infusions"].group_by("subject_id").len()["len"].value_counts().sort("len")
    confounders = protocol.confounder
    return Evidence(
        patients=True,
        virtual=protocol.study.virtual,
        cells=protocol.strategies.kind == "infusions",
        n=exact.n,
        dead=exact.events,
        unresolved=exact.unresolved,
        missing=() if exact.n else ("n",),
        start_median=float(np.median(treated.who.start)) if len(treated.who.start) else None,
        lag_logged=log is not None and not log.without_lag,
        claim_comparator="own records" if not inputs.similar else ", ".join(s.name for s in inputs.similar),
        same_setting=len(sources) == 1,
        confounders_complete=completeness(cohort, confounders, matched.built.sets.pairs),
        cotreatment_imbalance=like.cotreatment_imbalance,
        screened_share=None if log is None else log.share,
        locked_before=plan_came_first(inputs.locks, protocol.sha256, matching_sha256(matched.data)),
        infusions=records["infusions"].height or None,
        reactions=None if reactions is None else reactions.patients_with,
        assessed_patients=None if reactions is None else reactions.patients_assessed,
        reaction_upper=upper_of(tuple(safety_estimates(reactions))),
        extubated=treated.ends.out if treated.has_spells else None,
        changed=treated.has_spells,
        doses=dict(doses.iter_rows()),
        markers_reported=not records["measurements"].is_empty(),
        centres=cohort.own.people["centre"].n_unique(),
        foreign_comparator=bool(inputs.similar),
        **evidence_of(found.headline, matched, like.placebo_p),
        exclusions=tuple(r.text for r in protocol.population.rules if r.id.startswith("E") and r.text),
    )


def _about(inputs: StudyInputs, cohort: Cohort, treated: TreatedCourse, index: str) -> About:
    protocol, study = inputs.protocol, inputs.protocol.study
    own = cohort.own.people.filter((pl.col("start_day") < NEVER) & pl.col("zero_date").is_not_null())
    assert inputs.records is not None
    treatments = first_treatment(inputs.records, protocol.strategies)
    # of the calendar: a day number counts whole days since day zero and may fall a date short
    known = treatments.join(own, left_on="subject_id", right_on="person", how="semi")["at"].dt.date()
    centres = cohort.own.people["centre"].n_unique()
    return About(
        title=study.title,
        product=study.product,
        citation="",
        doi="",
        condition=protocol.population.description,
        place=f"{centres} {'hospital' if centres == 1 else 'hospitals'}",
        treated_from=str(known.min()) if len(known) else "",
        treated_to=str(known.max()) if len(known) else "",
        n=treated.exact.n,
        provenance="virtual" if study.virtual else "file",
        clock=protocol.clock.starts,
        index=index,
        data_lock="" if study.data_lock is None else study.data_lock.isoformat(),
    )


def _sources(inputs: StudyInputs, cohort: Cohort, figures: Sequence[Estimate]) -> Iterator[ComparatorRow]:
    """Each group of patients that gives controls."""
    names = ["own records", *(s.name for s in inputs.similar)]
    for k, (name, group) in enumerate(zip(names, cohort.groups, strict=True)):
        people = group.course.people
        start, event = people["start_day"].to_numpy(), people["event"].to_numpy()
        never = start == NEVER
        case = inputs.similar[k - 1] if k else None
        yield ComparatorRow(
            name=name,
            kind="patients",
            role=Role.PRIMARY,
            reasons=(),
            reasons_es=(),
            favours_treatment=False,
            citation="" if case is None else case.title,
            place="" if case is None else case.country,
            country="" if case is None else case.country,
            dates="" if case is None else case.dates,
            population="never treated; later treated ones are controls until then" if case is None else case.population,
            clock=group.course.clock,
            n=int(never.sum()),
            dead=int(np.sum(never & (event == 1))),
            out=int(np.sum(never & (event == 2))),
            open=int(np.sum(never & (event == 0))),
            horizon="",
            status="",
            note="",
            figures=tuple(e.id for e in figures) if k == 0 else (),
        )


def _charts(records: Records, cohort: Cohort, treated: TreatedCourse, found: Contrast, untreated: Untreated) -> Charts:
    curves: list[IncidenceCurve] = []
    course = found.incidence
    if course.treated is not None:
        told = ("treated, from the index day", "tratados, desde el día índice")
        curves.append(drawn(course.treated, "treated", *told, 0))
    if course.controls is not None:
        told = ("their similar patients, from the same day", "sus similares, desde el mismo día")
        curves.append(drawn(course.controls, "matched", *told, 0))
    end, event = untreated
    if len(end):
        word, word_es = clock_words(cohort.own.clock)
        curve = incidence(end, event, horizon=treated.horizon)
        curves.append(drawn(curve, "from_entry", f"untreated, from {word}", f"no tratados, desde {word_es}", 0))
    null = found.null
    return Charts(
        icons=treated.ends if treated.exact.n else None,
        null_histogram=None if null is None else NullHistogram(null.mass, null.observed, null.worst_case),
        incidence=tuple(curves),
        strips=strips(treated, cohort.own),
        markers=tuple(_markers(records, cohort)),
    )


def _markers(records: Records, cohort: Cohort) -> Iterator[MarkerCourse]:
    for m in before_and_after(records, cohort.own):
        why, why_es = no_effect(m.marker)
        unit = MARKERS[m.marker].unit
        yield MarkerCourse(
            m.marker,
            "" if unit == "1" else unit,
            direction(m.paired),
            len(m.before),
            len(m.after),
            float(np.median(m.before)) if m.before else None,
            float(np.median(m.after)) if m.after else None,
            why,
            why_es,
        )
