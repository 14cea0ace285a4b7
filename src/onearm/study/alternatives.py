"""The same question by other methods: a trial on every day, clones with grace, weights. Never the claim."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from onearm.estimators.balanced_difference import balanced_difference
from onearm.estimators.clone_weights import clone_weights
from onearm.estimators.entropy_balance import most_covariates
from onearm.estimators.overlap_weights import overlap_weights
from onearm.estimators.sequential_trials import TREATED_PER_PARAMETER, sequential_trials
from onearm.protocol.study import Strategies
from onearm.results.estimate import Estimate
from onearm.results.status import Status
from onearm.study.figures import Named, number
from onearm.study.matching import Matched


@dataclass(frozen=True, slots=True, eq=False)
class _First:
    """The first covariates of the protocol, as many as the treated carry; unknown values at their mean."""

    names: tuple[str, ...]
    x: NDArray[np.float64] | None  # (persons, days, covariates), standardised; None: no score, or none carried

    @property
    def told(self) -> str:
        return f"; covariates {', '.join(self.names)}" if self.names else "; no covariates"


def alternative_estimates(matched: Matched, strategies: Strategies) -> Iterator[Estimate]:
    """`sequential_trials.*`, `clone_weights.*` where grace is planned, `overlap_weights.*`, `entropy_balance.*`."""
    yield from _sequential(matched)
    if strategies.grace_days is not None:
        yield from _clones(matched, strategies.grace_days)
    if matched.score is not None and matched.score.coefficients:
        yield from _weighted(matched)


def _first(matched: Matched, most: int) -> _First:
    score, data = matched.score, matched.built.data
    if score is None or not score.coefficients or data.x is None or most < 1:
        return _First((), None)
    names = score.covariates[:most]
    return _First(names, score.standardised(data.x)[..., : len(names)])


def _sequential(matched: Matched) -> Iterator[Estimate]:
    """Both rules for the day of treatment: they bracket the answer where deaths come before the hour of treatment."""
    first = _first(matched, len(matched.built.data.treated) // TREATED_PER_PARAMETER - 1)
    for same_day, id_, en, es in (
        ("index", "sequential_trials.risk_difference", "a trial on every day", "un ensayo cada día"),
        (
            "after",
            "sequential_trials.risk_difference.same_day_after",
            "a trial on every day, the untreated still there the next morning",
            "un ensayo cada día, no tratados aún ahí a la mañana siguiente",
        ),
    ):
        data = replace(matched.built.data, same_day=same_day)
        found, names = sequential_trials(data, x=first.x, names=first.names, firth=True), first
        if found.status is Status.TOO_FEW and first.x is not None:  # the deaths do not carry the covariates
            found, names = sequential_trials(data, firth=True), _First((), None)
        named = Named(id_, f"difference in risk, {en}", f"diferencia de riesgo, {es}")
        yield number(
            named,
            found.estimate,
            limits=(found.lower, found.upper),
            level=found.level,
            method=(found.method or "sequential trials") + names.told,
            n=found.n,
            status=found.status,
            remedy=found.remedy,
            assumptions=found.assumptions,
        )


def _clones(matched: Matched, grace: int) -> Iterator[Estimate]:
    found = clone_weights(matched.built.data, grace=grace)
    told, told_es = f"treated within {grace} days against nobody", f"tratados en {grace} días frente a nadie"
    named = Named("clone_weights.risk_difference", f"difference in risk, {told}", f"diferencia de riesgo, {told_es}")
    yield number(
        named,
        found.estimate,
        limits=(found.lower, found.upper) if found.status is Status.OK else (None, None),
        level=found.level,
        method=found.method or "clones censored when they leave their strategy, weights uncapped",
        n=found.n,
        status=found.status,
        remedy=found.remedy,
        assumptions=found.assumptions,
    )
    capped = found.capped.risk_difference if found.capped is not None and found.status is Status.OK else None
    beside = Named(
        "clone_weights.capped.risk_difference",
        "the same, weights cut at their 99th percentile: shows what cutting does",
        "lo mismo, pesos cortados en su percentil 99: muestra qué hace cortar",
    )
    yield number(beside, capped, n=found.n, status=found.status, remedy=found.remedy)
    weight = Named("clone_weights.largest_weight", "largest weight of a clone", "mayor peso de un clon")
    yield number(weight, found.largest_weight, n=found.n, status=found.status, remedy=found.remedy)


def _weighted(matched: Matched) -> Iterator[Estimate]:
    data = matched.built.data
    first = _first(matched, most_covariates(len(data.treated)))
    if first.x is None:
        return
    over = overlap_weights(data, x=first.x, names=first.names)
    named = Named("overlap_weights.risk_difference", "difference in risk, overlap weights", "dif. de riesgo, overlap")
    yield number(
        named,
        over.estimate,
        limits=(over.lower, over.upper),
        level=over.level,
        method=over.method + first.told,
        n=over.n_matched,
        status=over.status,
        remedy=over.remedy,
        assumptions=over.assumptions,
    )
    even = balanced_difference(data, x=first.x, names=first.names)
    named = Named(
        "entropy_balance.risk_difference",
        "difference in risk, controls weighted to the means of the treated",
        "diferencia de riesgo, controles ponderados a las medias de los tratados",
    )
    told = {"method": even.method + first.told, "n": even.n_treated, "status": even.status, "remedy": even.remedy}
    yield number(named, even.estimate, assumptions=even.assumptions, **told)  # type: ignore[arg-type]  # its words
    effective = Named("entropy_balance.effective_n", "its effective number of controls", "su número efectivo")
    yield number(effective, even.balance.effective_n if even.balance else None, **told)  # type: ignore[arg-type]
