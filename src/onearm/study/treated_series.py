"""A publication's treated group: every count with its exact interval, the unresolved never counted as survivors."""

from collections.abc import Iterator
from dataclasses import replace

from onearm.estimators.exact_interval import Share, exact_share, share
from onearm.protocol.reported import NOT_REPORTED, ReportedSeries
from onearm.results.charts import IconArray, MarkerCourse, StartDays
from onearm.results.estimate import Estimate
from onearm.results.status import Role
from onearm.study.figures import EXACT, Named, not_reported, number, of_share

_SOFAR = Named("treated.death.so_far", "dead so far", "fallecidos hasta ahora")
_GIVE = "Give treated.{key} in reported.toml, with its source."
_COUNTS = (
    Named("treated.extubated", "off the ventilator and alive at the close", "sin ventilador y vivos al cierre"),
    Named("treated.ever_extubated", "ever taken off the ventilator", "alguna vez retirados del ventilador"),
    Named("treated.improved", "called improved", "descritos como mejorados"),
)
_TIMES = (
    (
        Named("treated.start_day.median", "day of first treatment, median", "día del primer tratamiento, mediana"),
        "first_dose_after_ventilation",
    ),
    (Named("treated.followup.median", "follow-up, median", "seguimiento, mediana"), "follow_up_after_first_dose"),
)


def treated_estimates(series: ReportedSeries) -> tuple[Estimate, ...]:
    """Deaths three ways, the other ends, times and reactions of the series."""
    return (*_deaths(series), *_other_counts(series), *_times(series), *reactions(series))


def source_of(series: ReportedSeries, table: str, key: str) -> str:
    """Where a value was read, with its status."""
    reported = getattr(series, table).get(key, NOT_REPORTED)
    return f"{reported.source} ({reported.status.value})" if reported.source else ""


def _deaths(series: ReportedSeries) -> Iterator[Estimate]:
    n, dead, still = (series.count(k) for k in ("n", "dead", "open"))
    if n is None or dead is None:
        yield not_reported(_SOFAR, _GIVE.format(key="n and treated.dead"))
        return
    source = source_of(series, "treated", "dead")
    if still is None:
        yield of_share(_SOFAR, share(dead, n), source=source)
        worst = Named("treated.death.worst_case", "if the open die", "si mueren los abiertos")
        yield not_reported(worst, _GIVE.format(key="open"))
        return
    exact = exact_share(dead, n, still)
    worst = Named("treated.death.worst_case", f"if the {still} still open die", f"si mueren los {still} abiertos")
    ended = Named("treated.death.resolved_only", "dead among resolved", "fallecidos entre resueltos")
    if exact.so_far and exact.worst_case:
        yield of_share(_SOFAR, exact.so_far, source=source)
        yield of_share(worst, exact.worst_case, source=source)
    if exact.resolved_only:
        yield of_share(ended, exact.resolved_only, source=source, role=Role.REFUSED)
    open_ = Named("treated.unresolved", "unresolved", "sin resolver")
    yield of_share(open_, share(still, n), source=source_of(series, "treated", "open"))


def _other_counts(series: ReportedSeries) -> Iterator[Estimate]:
    n = series.count("n")
    for named in _COUNTS:
        key = named.id.removeprefix("treated.")
        count = series.count(key)
        if count is not None and n:
            yield of_share(named, share(count, n), source=source_of(series, "treated", key))
        elif key != "ever_extubated":
            yield not_reported(named, _GIVE.format(key=key))


def _times(series: ReportedSeries) -> Iterator[Estimate]:
    n = series.count("n")
    for named, key in _TIMES:
        quartiles = series.quartiles(key)
        if quartiles is None:
            yield not_reported(named, f"Give time.{key}_median in reported.toml, with its source.")
        else:
            source = source_of(series, "time", f"{key}_median")
            yield number(named, quartiles.median, unit="days", n=n, source=source, role=Role.PRIMARY)
    horizon = series.horizon_days()
    if horizon is not None:
        named = Named("treated.horizon", "fixed horizon of the report", "plazo fijo del informe")
        source = source_of(series, "time", "horizon_days")
        yield number(named, float(horizon), unit="days", n=n, source=source, role=Role.PRIMARY)


def reactions(series: ReportedSeries) -> Iterator[Estimate]:
    """Infusion reactions per patient and per infusion, over those assessed; all of them where that is not reported."""
    seen = series.safety.get("patients_with_infusion_reaction", NOT_REPORTED).number()
    patients = Named("treated.infusion_reaction", "patients with an infusion reaction", "pacientes con reacción")
    infusions = Named("treated.infusion_reaction.per_infusion", "infusions with a reaction", "infusiones con reacción")
    source = source_of(series, "safety", "patients_with_infusion_reaction")
    if seen is None:
        yield not_reported(patients, "Give safety.patients_with_infusion_reaction; not reported is not zero.")
        return
    for named, key, every, unit in (
        (patients, "assessed_patients", series.count("n"), "patients"),
        (infusions, "assessed_infusions", series.infusions(), "infusions"),
    ):
        told = series.safety.get(key, NOT_REPORTED).number()
        n = int(told) if told is not None else every
        if not n or (unit == "infusions" and seen):
            yield not_reported(named, f"Give safety.{key}, and the number of {unit} with a reaction.")
            continue
        assumed = () if told is not None else (f"all {n} {unit} assessed (not reported)",)
        yield from bounded(named, share(int(seen), n), source, assumed)


def bounded(named: Named, seen: Share, source: str, assumed: tuple[str, ...]) -> Iterator[Estimate]:
    """Nobody with the event: the one-sided bound is the headline, the two-sided one stands beside it."""
    if seen.events:
        yield replace(of_share(named, seen, source=source), assumptions=assumed)
        return
    yield replace(
        of_share(named, seen, source=source),
        lower=None,
        upper=seen.upper_one_sided,
        sides=1,
        method=f"{EXACT}, one-sided",
        assumptions=assumed,
    )
    both = Named(f"{named.id}.two_sided", named.en, named.es)
    yield replace(of_share(both, seen, source=source), assumptions=assumed)


def icons(series: ReportedSeries) -> IconArray | None:
    """One icon per patient; None unless n and the deaths were reported."""
    n, dead = series.count("n"), series.count("dead")
    if n is None or dead is None:
        return None
    out, still = series.count("extubated") or 0, series.count("open") or 0
    return IconArray(dead, out, still, n - dead - out - still)


def start_days(series: ReportedSeries) -> StartDays | None:
    """When treatment began, as reported."""
    q = series.quartiles("first_dose_after_ventilation")
    return None if q is None else StartDays(q.median, q.iqr_width, q.q1, q.q3)


_WHY = {
    "crp": (
        "survivors only; tocilizumab and steroids lower it",
        "solo supervivientes; tocilizumab y corticoides lo bajan",
    ),
    "lymphocytes": ("survivors only; steroids change them", "solo supervivientes; los corticoides los alteran"),
}
_SURVIVORS = ("survivors only", "solo supervivientes")


def no_effect(marker: str) -> tuple[str, str]:
    """Why a change of the marker is no effect of the treatment, English and Spanish."""
    return _WHY.get(marker, _SURVIVORS)


def marker_courses(series: ReportedSeries) -> tuple[MarkerCourse, ...]:
    """Directions as told, with the reason why none is an effect."""
    found = []
    for marker, reported in series.markers.items():
        words = str(reported.value or "").replace(",", " ").split()
        direction = words[0] if words and words[0] in ("fell", "rose") else "no_change" if words else "not_reported"
        why, why_es = no_effect(marker) if words else ("not reported", "no consta")
        found.append(MarkerCourse(marker, "", direction, None, None, None, None, why, why_es))
    return tuple(found)
