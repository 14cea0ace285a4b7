"""If the drug did nothing: null-predictive probability of a series from similar cases, with every variant."""

from collections.abc import Iterator
from dataclasses import dataclass

from onearm.protocol.reported import ReportedSeries
from onearm.protocol.study import Protocol
from onearm.results.charts import NullHistogram
from onearm.results.estimate import Estimate
from onearm.results.status import Role
from onearm.sensitivity.null_predictive import NullPredictive, SimilarSpells, null_predictive
from onearm.sensitivity.reported_days import LAST_DAY
from onearm.study.figures import Named, not_reported, number
from onearm.study.similar_incidence import SimilarCourse

_VARIANTS = {
    "plug_in": ("without redrawing persons", "sin volver a sortear personas"),
    "weibull": ("times Weibull instead of gamma", "tiempos Weibull en vez de gamma"),
    "lognormal": ("times log-normal instead of gamma", "tiempos log-normales en vez de gamma"),
    "rounded": ("days rounded instead of cut", "días redondeados en vez de truncados"),
    "opposed": ("late starters followed least", "quien empieza tarde, menos seguido"),
    "horizon28": ("all followed for 28 days", "todos seguidos 28 días"),
    "fixed_landmark": ("all at the median day, for the median follow-up", "todos el día mediano, seguimiento mediano"),
}
_P = Named(
    "null_predictive.p", "at most the deaths seen, if nothing works", "como mucho las muertes vistas, si nada funciona"
)
_WORST = Named(
    "null_predictive.p_worst_case", "the same, all open counted dead", "lo mismo, contando muertos los abiertos"
)


@dataclass(frozen=True, slots=True)
class Chance:
    """The answer for one folder of similar cases; None where the report does not carry it."""

    result: NullPredictive | None
    remedy: str = ""
    assumptions: tuple[str, ...] = ()


def chance(series: ReportedSeries, protocol: Protocol, course: SimilarCourse) -> Chance:
    """Similar cases sampled at the reported days of treatment and followed as reported."""
    n, dead, still = (series.count(k) for k in ("n", "dead", "open"))
    start, follow = series.quartiles("first_dose_after_ventilation"), series.quartiles("follow_up_after_first_dose")
    horizon = series.horizon_days()
    if n is None or dead is None or still is None:
        return Chance(None, "Needs treated.n, dead and open.")
    if start is None:
        return Chance(None, "Needs time.first_dose_after_ventilation_median: similar cases are sampled on that day.")
    if follow is None and horizon is None:
        return Chance(None, "Needs time.follow_up_after_first_dose_median or time.horizon_days.")
    followed = (follow.median, follow.iqr_width) if follow is not None else (float(horizon or 0), None)
    capped = followed[0] > LAST_DAY
    try:
        result = null_predictive(
            SimilarSpells(course.spell, course.end, course.event),
            n=n,
            dead=dead,
            unresolved=still,
            start=(start.median, start.iqr_width),
            follow_up=(float(LAST_DAY), None) if capped else followed,
            bootstraps=protocol.sap.bootstraps,
            seed=protocol.sap.seed,
        )
    except ValueError as error:  # no distribution has the reported median and width
        return Chance(None, f"{error}; check the reported times.")
    if result is None:
        return Chance(None, "Fewer than 10 similar patients are still in the state on the days of treatment.")
    return Chance(result, assumptions=_ASSUMED + (_CAPPED if capped else ()))


def chance_estimates(found: Chance, course: SimilarCourse) -> Iterator[Estimate]:
    """`null_predictive.*` of the first folder of similar cases."""
    result = found.result
    if result is None:
        yield not_reported(_P, found.remedy)
        yield not_reported(_WORST, found.remedy)
        return
    method = (
        f"similar cases at the reported start days, followed as reported; gamma from median and IQR width; "
        f"{result.bootstraps:,} redraws of persons; start days above {result.last_day_used} cut "
        f"({100 * result.mass_cut:.1f} % of the mass)"
    )
    common = {"method": method, "n": result.n, "source": course.source, "sides": 1}
    yield number(_P, result.p, events=result.observed, role=Role.PRIMARY, assumptions=found.assumptions, **common)  # type: ignore[arg-type]  # dict of mixed values
    yield number(_WORST, result.p_worst_case, events=result.worst_case, role=Role.PRIMARY, **common)  # type: ignore[arg-type]  # dict of mixed values
    risk = Named("null_predictive.death", "risk of death by then, similar cases", "riesgo de muerte, casos similares")
    yield number(risk, result.risk, method=method, source=course.source, role=Role.SECOND)
    for key, value in result.variants:
        en, es = _VARIANTS[key]
        remedy = "The reported times fit no such distribution, or nobody is at risk then."
        yield number(Named(f"null_predictive.{key}", en, es), value, n=result.n, source=course.source, remedy=remedy)
    for k, mass in enumerate(result.mass):
        named = Named(f"null_predictive.mass.{k}", f"exactly {k} deaths", f"exactamente {k} muertes")
        yield number(named, mass, n=result.n, source=course.source, role=Role.PRIMARY)


_ASSUMED = (
    "treated patients are like similar ones still in the state on that day",
    "day of treatment and follow-up independent of each other",
)


#: Longer follow-up of similar cases would only add deaths: the probability printed is too large, not too small.
_CAPPED = (f"similar cases are followed to day {LAST_DAY} only",)


def histogram(found: Chance) -> NullHistogram | None:
    """Frozen values of the figure."""
    r = found.result
    return None if r is None else NullHistogram(r.mass, r.observed, r.worst_case)
