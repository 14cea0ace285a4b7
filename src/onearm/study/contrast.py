"""Treated against similar patients on the same day: exact test first, then the methods that read the same sets."""

from collections.abc import Iterator
from dataclasses import dataclass

from onearm.cohort.build import Built, Cohort
from onearm.cohort.day_zero import EPISODE_CLOCKS
from onearm.cohort.lots_given import Origins
from onearm.estimators.aalen_johansen import AalenJohansen, aalen_johansen
from onearm.estimators.attributable import Attributable, attributable
from onearm.estimators.landmark import Landmark, landmark
from onearm.estimators.observed_expected import observed_expected
from onearm.estimators.one_sample_logrank import OneSampleLogrank
from onearm.estimators.risk_set_test import RiskSetTest, risk_set_test
from onearm.estimators.time_dependent_cox import HazardRatio, ever_treated_cox, time_dependent_cox
from onearm.protocol.study import Protocol
from onearm.results.estimate import Estimate
from onearm.results.status import Role, Status
from onearm.sensitivity.completion import completion
from onearm.sensitivity.leave_one_out import leave_one_out
from onearm.sensitivity.set_null_predictive import SetNullPredictive
from onearm.study.alternatives import alternative_estimates
from onearm.study.better_days import better_days
from onearm.study.expected import observed_expected_estimates, other_matchings
from onearm.study.figures import Named, number, of_incidence
from onearm.study.headline import Headline, headline
from onearm.study.matching import Matched, Scored, match
from onearm.study.stress import (
    completion_estimates,
    drift_estimates,
    e_value_estimate,
    error_rate_estimates,
    left_out_estimates,
)

FEW_DEATHS = 10  # on treated days: below it the hazard ratio is penalised


@dataclass(frozen=True, slots=True, eq=False)
class Contrast:
    """Every result of the patient-level comparison, refusals included."""

    matched: Matched
    headline: Headline
    incidence: AalenJohansen
    estimates: tuple[Estimate, ...]

    @property
    def primary(self) -> RiskSetTest:
        """The exact test."""
        return self.headline.primary

    @property
    def null(self) -> SetNullPredictive | None:
        """What chance alone gives."""
        return self.headline.null


def contrast(protocol: Protocol, cohort: Cohort, matched: Matched, known: Scored | None, origins: Origins) -> Contrast:
    """The primary test and its companions on the matched sets; `origins`: lots and donors to leave out in turn."""
    data, sap, built = matched.data, protocol.sap, matched.built
    head, course = headline(matched, sap), aalen_johansen(data)
    primary = head.primary
    after = risk_set_test(match(protocol, cohort, known, same_day="after").data, alpha=sap.alpha)
    estimates = (
        *_exact(primary, after),
        *_exact_sensitivities(protocol, cohort, matched, known),
        *other_matchings(matched, protocol.matching),
        _averted(attributable(data)),
        *_incidence(course, data.horizon),
        *(better_days(data, seed=sap.seed) if cohort.own.clock in EPISODE_CLOCKS else ()),
        *_hazard_ratios(built),
        *alternative_estimates(matched, protocol.strategies),
        *_landmarks(protocol, cohort, built),
        *_chance(head.null),
        *drift_estimates(head.delta_star, primary),
        *left_out_estimates(leave_one_out(data, origins)),
        *completion_estimates(completion(data)),
        *_one_sample(head.logrank),
        *observed_expected_estimates(observed_expected(built.data, seed=sap.seed)),
        *error_rate_estimates(head.rates),
    )
    return Contrast(matched, head, course, estimates)


def _exact(test: RiskSetTest, after: RiskSetTest) -> Iterator[Estimate]:
    part, part_es = "", ""
    if 0 < test.n_matched < test.n_treated:
        part = f", {test.n_matched} of {test.n_treated} matched"
        part_es = f", {test.n_matched} de {test.n_treated} emparejados"
    told = f"exact p, one-sided, fewer deaths{part}", f"p exacta, unilateral, menos muertes{part_es}"
    p = Named("primary.exact.p", *told)
    yield _test(p, test.p, test, Role.PRIMARY)
    yield _test(Named("primary.exact.midp", "mid-p", "mid-p"), test.mid_p, test, Role.PRIMARY)
    told = "exact p, controls still there the next morning", "p exacta, controles aún ahí a la mañana siguiente"
    yield _test(Named("primary.exact.p.same_day_after", *told), after.p, after, Role.SENSITIVITY)
    harm = Named("primary.exact.p_harm", "exact p, one-sided, more deaths", "p exacta, unilateral, más muertes")
    yield _test(harm, test.p_harm, test, Role.SENSITIVITY)
    seen = Named(
        "primary.exact.observed", "deaths counted (lost count as dead)", "muertes contadas (perdidos, muertos)"
    )
    yield number(seen, _float(test.observed), n=test.n_matched, role=Role.PRIMARY, remedy=test.remedy)
    expected = Named("primary.exact.expected", "deaths expected from the sets", "muertes esperadas por los conjuntos")
    yield number(expected, test.expected, n=test.n_matched, role=Role.PRIMARY, remedy=test.remedy)
    gamma = Named("primary.exact.gamma_star", "hidden bias that would undo it", "sesgo oculto que lo desharía")
    remedy = {"none": "p is above .05 without any bias.", ">20": "Above 20."}.get(test.gamma_star_text, test.remedy)
    yield number(gamma, test.gamma_star, role=Role.PRIMARY, remedy=remedy)


def _float(value: int | None) -> float | None:
    return None if value is None else float(value)


def _test(named: Named, value: float | None, test: RiskSetTest, role: Role) -> Estimate:
    lost = f"lost treated {test.treated_lost}, lost controls {test.controls_lost}"
    method = f"{test.method}; {lost}" + ("; controls there at Z+1" if test.same_day == "after" else "")
    return number(
        named,
        value,
        method=method,
        n=test.n_matched,
        events=test.observed,
        role=role,
        sides=1,
        remedy=test.remedy,
        assumptions=test.assumptions,
    )


def _exact_sensitivities(
    protocol: Protocol, cohort: Cohort, matched: Matched, known: Scored | None
) -> Iterator[Estimate]:
    """Lost patients the other way; everybody given the whole horizon; and the form that conditions on the future."""
    for how, en, es, settings in (
        ("treated_lost_alive", "lost treated alive", "tratados perdidos, vivos", {"treated_lost": "alive"}),
        ("treated_lost_dropped", "lost treated and their sets dropped", "sin perdidos", {"treated_lost": "dropped"}),
        ("controls_lost_dropped", "lost controls dropped", "sin controles perdidos", {"controls_lost": "dropped"}),
    ):
        test = risk_set_test(matched.data, **settings)  # type: ignore[arg-type]  # literal words
        yield _test(
            Named(f"primary.exact.p.{how}", f"exact p, {en}", f"p exacta, {es}"), test.p, test, Role.SENSITIVITY
        )
    if protocol.study.data_lock is not None:
        free = risk_set_test(match(protocol, cohort, known, calendar_rule=False).data, treated_lost="alive")
        told = "exact p, no calendar rule, all lost alive", "p exacta, sin regla de calendario, perdidos vivos"
        yield _test(Named("primary.exact.p.no_calendar_rule", *told), free.p, free, Role.SENSITIVITY)
    never = match(protocol, cohort, known, calendar_rule=False, never_treated_only=True)
    if never.data.sets.height != matched.data.sets.height:
        wrong = risk_set_test(never.data, treated_lost="alive")
        told = "exact p against the never treated: refused", "p exacta frente a nunca tratados: rechazada"
        yield _test(Named("naive.never_treated.exact.p", *told), wrong.p, wrong, Role.REFUSED)


def _averted(found: Attributable) -> Estimate:
    return number(
        Named("attributable.deaths", "deaths averted among the treated", "muertes evitadas en tratados"),
        found.averted,
        limits=(_float(found.lower), _float(found.upper)),
        level=found.level,
        method=found.method,
        events=found.observed,
        n=found.n_matched,
        role=Role.PRIMARY,
        status=found.status,
        remedy=found.remedy,
        assumptions=found.assumptions,
    )


def _incidence(found: AalenJohansen, horizon: int) -> Iterator[Estimate]:
    method = "Aalen-Johansen, events on Z..Z+h"
    if found.treated is not None:
        treated = Named(
            f"treated.death.day{horizon}",
            f"dead by day {horizon}, the open weighed in",
            f"muertos a {horizon} días, ponderando abiertos",
        )
        yield of_incidence(treated, found.treated, method, assumptions=found.assumptions)
    if found.controls is not None:
        matched = Named(
            f"similar.death.matched.day{horizon}",
            f"similar on that day, dead within {horizon} days",
            f"similares ese día, muertos en {horizon} días",
        )
        weighted = f"{method}; each set weighs one"
        yield of_incidence(matched, found.controls, weighted, source="similar patients in the sets", counted=False)
    if found.difference is not None:
        yield number(
            Named(
                "matched.risk_difference",
                "difference in risk, treated minus their similar patients",
                "diferencia de riesgo, tratados menos similares",
            ),
            found.difference,
            limits=(found.difference_lower, found.difference_upper),
            level=found.level,
            method="Aalen-Johansen difference, infinitesimal jackknife by person",
            role=Role.SECOND,
        )


def _hazard_ratios(built: Built) -> Iterator[Estimate]:
    naive = Named("naive.ever_treated.hazard_ratio", "ever against never treated", "alguna vez frente a nunca tratado")
    yield _ratio(naive, ever_treated_cox(built.data), Role.REFUSED)
    aligned = Named(
        "time_dependent.hazard_ratio", "treated from the day of treatment on", "tratado desde el día del tratamiento"
    )
    plain = time_dependent_cox(built.data)
    few = plain.deaths_treated < FEW_DEATHS and plain.status is not Status.NO_PATIENTS
    told = time_dependent_cox(built.data, firth=True) if few else plain
    yield _ratio(aligned, told, Role.SENSITIVITY)
    yield e_value_estimate(told)


def _ratio(named: Named, found: HazardRatio, role: Role) -> Estimate:
    return number(
        named,
        found.hazard_ratio,
        limits=(found.lower, found.upper),
        level=found.level,
        method=found.method,
        events=found.deaths_treated + found.deaths_untreated,
        n=found.n,
        role=role,
        status=found.status,
        remedy=found.remedy,
        assumptions=found.assumptions,
    )


def _landmarks(protocol: Protocol, cohort: Cohort, built: Built) -> Iterator[Estimate]:
    """Fixed landmarks of the protocol; a clock with spells keeps those still in the first one."""
    spell = cohort.own.clock in EPISODE_CLOCKS
    for day in protocol.time_zero.landmark_days:
        found = landmark(built.data, day=day, spell=spell, from_day=None if spell else day)
        told = f"landmark day {day}, {found.n_treated} of {found.n} treated by then"
        told_es = f"hito en el día {day}, {found.n_treated} de {found.n} ya tratados"
        yield _difference(day, found, told, told_es)
        if found.hazard_ratio is not None:
            named = Named(f"landmark{day}.hazard_ratio", told, told_es)
            yield _ratio(named, found.hazard_ratio, Role.SENSITIVITY)


def _difference(day: int, found: Landmark, told: str, told_es: str) -> Estimate:
    return number(
        Named(
            f"landmark{day}.risk_difference",
            f"difference in risk, {told}",
            f"diferencia de riesgo, {told_es}",
        ),
        found.risk_difference,
        limits=(found.lower, found.upper),
        level=found.level,
        method=found.method,
        n=found.n,
        status=found.status,
        remedy=found.remedy,
        assumptions=found.assumptions,
    )


def _chance(found: SetNullPredictive | None) -> Iterator[Estimate]:
    p = Named(
        "null_predictive.p", "at most the deaths seen, if nothing works", "como mucho las vistas, si nada funciona"
    )
    worst = Named("null_predictive.p_worst_case", "the same, all lost counted dead", "lo mismo, perdidos como muertos")
    if found is None:
        for named in (p, worst):
            yield number(named, None, role=Role.PRIMARY, remedy="No treated patient has a similar one on that day.")
        return
    method = f"Poisson-binomial from the risk sets, {found.bootstraps:,} redraws of persons"
    for named, value, k in ((p, found.p, found.observed), (worst, found.p_worst_case, found.worst_case)):
        yield number(named, value, method=method, n=found.n, events=k, role=Role.PRIMARY, sides=1)
    for k, mass in enumerate(found.mass):
        yield number(
            Named(f"null_predictive.mass.{k}", f"exactly {k} deaths", f"exactamente {k} muertes"),
            mass,
            n=found.n,
            role=Role.PRIMARY,
        )


def _one_sample(found: OneSampleLogrank) -> Iterator[Estimate]:
    """Deaths against those the hazards of all untreated days on the same days expect."""
    expected = Named("one_sample.expected", "deaths expected from all untreated days", "muertes esperadas, sin tratar")
    yield number(expected, found.expected, n=found.n_treated, status=found.status, remedy=found.remedy)
    ratio = Named("one_sample.ratio", "standardised mortality ratio", "razón de mortalidad estandarizada")
    yield number(
        ratio,
        found.ratio,
        limits=(found.lower, found.upper),
        level=found.level,
        method=found.method,
        events=found.observed,
        n=found.n_treated,
        status=found.status,
        remedy=found.remedy,
        assumptions=found.assumptions,
    )
    p = Named("one_sample.p", "its p, one-sided, fewer deaths", "su p, unilateral, menos muertes")
    yield number(p, found.p, sides=1, method=found.method, status=found.status, remedy=found.remedy)
    fewer = Named(
        "one_sample.p_fewer",
        "probability of a lower hazard after the usual bias of external controls",
        "probabilidad de menor riesgo tras el sesgo habitual de controles externos",
    )
    mean, sd = found.bias
    method = f"normal posterior of the log ratio, bias N({mean:g}, {sd:g} squared) against the treatment"
    yield number(fewer, found.p_fewer, method=method, status=found.status, remedy=found.remedy)
