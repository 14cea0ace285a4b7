"""How far the answer of `analyse` bends: drift, one part left out, the open completed, error rates of this test."""

from collections.abc import Iterator

from onearm.estimators.exact_interval import share
from onearm.estimators.risk_set_test import RiskSetTest
from onearm.estimators.time_dependent_cox import HazardRatio
from onearm.results.estimate import Estimate
from onearm.sensitivity.completion import Completion
from onearm.sensitivity.e_value import e_value_of_limits, risk_ratio_of
from onearm.sensitivity.error_rates import ErrorRates
from onearm.sensitivity.leave_one_out import LeaveOneOut
from onearm.study.figures import Named, number


def drift_estimates(delta: float | None, test: RiskSetTest) -> Iterator[Estimate]:
    """Drift of the times that would undo a low p."""
    named = Named("drift.delta_star.sets", "fall of the log odds in the sets until p passes .05", "bajada del logit")
    remedy = test.remedy or "p stays on one side of .05 over every drift looked at."
    yield number(named, delta, method="ln Gamma*, Gamma on .05 to 20", remedy=remedy)


def e_value_estimate(found: HazardRatio) -> Estimate:
    """`time_dependent.evalue`: of the limit nearest 1, on the scale of a risk ratio; 1 when the interval holds 1."""
    named = Named(
        "time_dependent.evalue",
        "E-value: risk ratio of a hidden cause with treatment and death (1: none needed)",
        "valor E: razón de riesgo de una causa oculta con tratamiento y muerte (1: no hace falta)",
    )
    if found.lower is None or found.upper is None:
        return number(named, None, status=found.status, remedy=found.remedy)
    value = e_value_of_limits(risk_ratio_of(found.lower), risk_ratio_of(found.upper))
    method = "E-value of the limit nearest 1; hazard ratio turned into a risk ratio for a common outcome"
    return number(named, value, method=method, n=found.n)


_PARTS = {"patient": "paciente", "lot": "lote", "donor": "donante", "centre": "centro", "source": "fuente"}


def left_out_estimates(found: tuple[LeaveOneOut, ...]) -> Iterator[Estimate]:
    """Lowest and highest p with one part left out; a part without which nothing can be tested is named."""
    for one in found:
        part, part_es = one.kind, _PARTS[one.kind]
        method = f"exact test without each {part} in turn, {len(one.p)} of {len(one.p) + len(one.untestable)} testable"
        for end, end_es, (name, p) in (("lowest", "mínima", one.lowest), ("highest", "máxima", one.highest)):
            told, told_es = f"without {part} {name}, {end} p", f"sin {part_es} {name}, p {end_es}"
            named = Named(f"leave_one_out.{part}.p.{end}", told, told_es)
            yield number(named, p, method=method, sides=1)


def completion_estimates(found: Completion) -> Iterator[Estimate]:
    """`completion.hr<100 x ratio>.deaths`, for a study with open outcomes."""
    if not found.unresolved:
        return
    for one in found.completed:
        ratio = f"{one.hazard_ratio:g}"
        fate = "fare like untreated" if one.hazard_ratio == 1 else f"have {ratio} times the untreated risk"
        fate_es = "evolucionan como no tratados" if one.hazard_ratio == 1 else f"tienen {ratio} veces el riesgo"
        yield number(
            Named(
                f"completion.hr{100 * one.hazard_ratio:.0f}.deaths",
                f"deaths in the end if the open {fate}",
                f"muertes al final si los abiertos {fate_es.replace('.', ',')}",
            ),
            one.expected,
            limits=(float(one.lower), float(one.upper)),
            level=found.level,
            method=found.method,
            n=found.n_treated,
            assumptions=found.assumptions,
        )
    if not found.completed:
        named = Named("completion.hr100.deaths", "deaths in the end", "muertes al final")
        yield number(named, None, status=found.status, remedy=found.remedy)


_RATES = {
    1.0: Named("false_positive.this_design", "false positives when nothing works", "falsos positivos si nada funciona"),
    0.5: Named("power.exact.hr50", "power at half the hazard of death", "potencia con la mitad de riesgo"),
    0.2: Named("power.exact.hr20", "power at a fifth of the hazard of death", "potencia con la quinta parte de riesgo"),
}


def error_rate_estimates(found: ErrorRates | None) -> Iterator[Estimate]:
    """False-positive rate and power of this very test, with Monte Carlo limits."""
    if found is None:
        for named in _RATES.values():
            yield number(named, None, remedy="No treated patient has two controls or more.")
        return
    for ratio, rejected in found.rejected:
        share_ = share(rejected, found.draws)
        method = f"{found.draws:,} pseudo-treated draws of the study's own sets, HR {ratio:g}; limits: Monte Carlo"
        yield number(
            _RATES[ratio],
            share_.estimate,
            limits=(share_.lower, share_.upper),
            method=method,
            n=found.n_treated,
            assumptions=("controls stand in for the treated on the same days",),
        )
