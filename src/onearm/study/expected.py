"""Deaths the score expects, and the exact test with other controls: matched otherwise, or without product."""

from collections.abc import Iterator

from onearm.estimators.observed_expected import ObservedExpected
from onearm.estimators.optimal_matching import optimal_matching
from onearm.estimators.risk_set_test import RiskSetTest, risk_set_test
from onearm.estimators.score_matching import keep_pairs, nearest
from onearm.protocol.study import Matching
from onearm.results.estimate import Estimate
from onearm.results.status import Role
from onearm.study.figures import Named, number
from onearm.study.matching import Matched


def observed_expected_estimates(found: ObservedExpected) -> Iterator[Estimate]:
    """`oe.*`."""
    told = {"method": found.method, "n": found.n_treated, "role": Role.SECOND}
    observed = Named("oe.observed", "deaths, the lost counted dead", "muertes, contando perdidos")
    expected = Named("oe.expected", "deaths the prognostic score expects", "muertes que espera el pronóstico")
    ratio = Named("oe.ratio", "observed / expected deaths", "muertes observadas / esperadas")
    p = Named("oe.p", "p of at most so many, one-sided", "p de como mucho tantas, unilateral")
    seen = None if found.observed is None else float(found.observed)
    refusal = {"status": found.status, "remedy": found.remedy}
    yield number(observed, seen, **told, **refusal)  # type: ignore[arg-type]  # words of `number`
    yield number(expected, found.expected, **told, **refusal)  # type: ignore[arg-type]
    limits = (found.lower, found.upper)
    yield number(
        ratio,
        found.ratio,
        limits=limits,
        level=found.level,
        events=found.observed,
        assumptions=found.assumptions,
        **told,  # type: ignore[arg-type]
        **refusal,  # type: ignore[arg-type]
    )
    yield number(p, found.p, sides=1, **told, **refusal)  # type: ignore[arg-type]


def other_matchings(matched: Matched, matching: Matching) -> Iterator[Estimate]:
    """`primary.exact.p.day_alone`, `.nearest`, `.optimal`, where the study matches on a score."""
    if matched.pairs is None:
        return
    alone = risk_set_test(matched.built.data)
    yield _p("day_alone", "matched on the day alone", "emparejando solo por el día", alone)
    if matching.score != "nearest":
        k = matching.nearest
        close = risk_set_test(nearest(matched.built.data, matched.pairs, k))
        yield _p("nearest", f"the {k} nearest prognoses", f"los {k} pronósticos más próximos", close)
    best = optimal_matching(matched.built.data, matched.pairs, per_treated=matching.per_treated)
    told = f"{matching.per_treated} each, nobody twice, balanced, closest in all"
    told_es = f"{matching.per_treated} cada uno, sin repetir, equilibrados"
    if best.data is None:
        named = Named("primary.exact.p.optimal", f"exact p, {told}", f"p exacta, {told_es}")
        yield number(named, None, status=best.status, remedy=best.remedy)
        return
    yield _p("optimal", told, told_es, risk_set_test(best.data))


def without_product_estimates(matched: Matched, names: frozenset[str]) -> Iterator[Estimate]:
    """`product_unavailable.exact.p` and `.controls`: against patients who went without for want of a bag."""
    if not names:
        return
    data = matched.built.data
    control = data.sets.drop_nulls("control")["control"]
    kept = data.people["person"].gather(control).is_in(list(names)).to_numpy()
    test = risk_set_test(keep_pairs(data, kept))
    told = "patients approved, still there that day, and not treated for want of product"
    told_es = "aprobados, presentes ese día y no tratados por falta de producto"
    n = len(set(control.to_numpy()[kept].tolist()))
    yield number(Named("product_unavailable.controls", told, told_es), float(n), unit="patients")
    named = Named("product_unavailable.exact.p", f"exact p against {told}", f"p exacta frente a {told_es}")
    yield number(named, test.p, n=test.n_matched, events=test.observed, sides=1, remedy=test.remedy, method=test.method)


def _p(how: str, en: str, es: str, test: RiskSetTest) -> Estimate:
    named = Named(f"primary.exact.p.{how}", f"exact p, {en}", f"p exacta, {es}")
    return number(named, test.p, n=test.n_matched, events=test.observed, sides=1, method=test.method)
