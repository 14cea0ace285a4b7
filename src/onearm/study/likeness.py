"""Were like compared with like: balance, other treatments, placebo in time, negative controls, other comparators."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

import numpy as np

from onearm.cohort.build import Cohort
from onearm.cohort.cotreatments import CoTreatment, cotreatments
from onearm.estimators.balance import LoveTable
from onearm.protocol.study import Protocol
from onearm.results.estimate import Estimate
from onearm.sensitivity.admission_sweep import AdmissionSweep, admission_sweep
from onearm.sensitivity.measured_bias import MeasuredBias, measured_bias
from onearm.sensitivity.placebo_in_time import Placebo, placebo_in_time, placebo_p
from onearm.sensitivity.within_set_ranks import SetRanks, set_ranks
from onearm.study.figures import Named, number
from onearm.study.matching import Matched


@dataclass(frozen=True, slots=True)
class Likeness:
    """What the gates of likeness read."""

    love: LoveTable | None
    cotreatments: tuple[CoTreatment, ...]
    placebo: tuple[Placebo, ...]
    negative: tuple[tuple[str, SetRanks], ...]  # marker fixed before the index day, and how the treated rank
    sweep: AdmissionSweep | None
    measured: tuple[MeasuredBias, ...]

    @property
    def cotreatment_imbalance(self) -> float | None:
        """Largest standardised difference in a drug after the index day; None without a record of any."""
        return max((abs(c.difference) for c in self.cotreatments), default=None)

    @property
    def placebo_p(self) -> float | None:
        """Smallest p of the days before, corrected for their number."""
        return placebo_p(self.placebo)


def likeness(protocol: Protocol, cohort: Cohort, matched: Matched) -> Likeness:
    """Everything about the matched sets that needs no outcome of the treated."""
    seed = protocol.sap.seed
    placebo = placebo_in_time(matched.data, matched.score, seed=seed) if matched.score is not None else ()
    return Likeness(
        matched.love,
        cotreatments(cohort, matched.built, matched.data),
        placebo,
        tuple((name, _negative(name, cohort, matched, seed)) for name in protocol.sap.negative_controls),
        admission_sweep(matched.data),
        measured_bias(matched.built.data),
    )


def _negative(name: str, cohort: Cohort, matched: Matched, seed: int) -> SetRanks:
    """Ranks of a value known on day zero, before any treatment."""
    values = np.concatenate([_first(g.facts.number(name, 0, window_days=2)) for g in cohort.groups])
    pairs = matched.data.sets.drop_nulls("control")
    mine, theirs = (
        values[matched.built.rows[pairs[side].to_numpy().astype(np.int64)]] for side in ("treated", "control")
    )
    return set_ranks(matched.data, mine, theirs, seed=seed)


def _first(bounds: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    return np.where(np.isfinite(bounds[0]), bounds[0], bounds[1])


def likeness_estimates(found: Likeness) -> Iterator[Estimate]:
    """`balance.*`, `cotreatment.*`, `placebo.*`, `negative_control.*`, `bias_factor.*` and what goes with them."""
    yield from _balance(found.love)
    for c in found.cotreatments:
        drug = c.drug.replace("_", " ")
        told, told_es = f"{drug} within a week", f"{drug} en una semana"
        for side, en, es, share in (
            ("treated", "treated", "tratados", c.treated),
            ("similar", "similar", "similares", c.similar),
        ):
            yield number(Named(f"cotreatment.{c.drug}.{side}", f"{told}, {en}", f"{told_es}, {es}"), share)
        named = Named(f"cotreatment.{c.drug}.smd", f"{told}, standardised difference", f"{told_es}, dif. tipificada")
        yield number(named, c.difference if isfinite(c.difference) else None, remedy="Given to all of one side only.")
    for one in found.placebo:
        told = f"{one.shift} days before the index day, place by expected death (.5 alike)"
        told_es = f"{one.shift} días antes del día índice, lugar por muerte esperada (.5 iguales)"
        yield from _ranks(f"placebo.day{one.shift}", told, told_es, one.ranks)
    for name, ranks in found.negative:
        told, told_es = f"{name} on day zero, place (.5 alike)", f"{name} en el día cero, lugar (.5 iguales)"
        yield from _ranks(f"negative_control.{name}", told, told_es, ranks)
    for known in found.measured:
        told = f"a hidden cause as strong as {known.name} could move a risk ratio by a factor of at most"
        told_es = f"una causa oculta tan fuerte como {known.name} podría mover la razón por un factor de hasta"
        method = f"bias factor: {known.with_death:.2f} with death, {known.with_treatment:.2f} with treatment"
        yield number(Named(f"bias_factor.{known.name}", told, told_es), known.factor, method=method)
    if found.sweep is not None:
        p = [v for v in found.sweep.p if v is not None]
        for end, end_es, value in (("lowest", "mínima", min(p)), ("highest", "máxima", max(p))):
            told = f"{end} p over {len(p)} choices of similar cases"
            told_es = f"p {end_es} entre {len(p)} elecciones de similares"
            yield number(Named(f"admission_sweep.p.{end}", told, told_es), value, sides=1)


def _balance(love: LoveTable | None) -> Iterator[Estimate]:
    if love is None:
        return
    for row in love.rows:
        for when, en, es, value in (
            ("before", "there that day", "presentes ese día", row.before),
            ("after", "matched", "emparejados", row.after),
        ):
            told = f"{row.name}: standardised difference, treated minus similar, {en}"
            told_es = f"{row.name}: diferencia tipificada, tratados menos similares, {es}"
            remedy = "Not known in one of the two groups, or the same in all."
            yield number(Named(f"balance.{row.name}.{when}", told, told_es), value, remedy=remedy)
    named = Named("matching.effective_n", "effective number of controls", "número efectivo de controles")
    yield number(named, love.effective_n, method="(sum w)^2 / sum w^2, every set weighs one")


def _ranks(id_: str, told: str, told_es: str, ranks: SetRanks) -> Iterator[Estimate]:
    method = "place in the set, mean; one member of each set drawn 9,999 times"
    remedy = "Fewer than five sets have the value on both sides."
    yield number(Named(f"{id_}.place", told, told_es), ranks.place, n=ranks.sets, method=method, remedy=remedy)
    when, when_es = (t.split(",")[0] for t in (told, told_es))
    yield number(Named(f"{id_}.p", f"{when}, p", f"{when_es}, p"), ranks.p, sides=2, remedy=remedy)
