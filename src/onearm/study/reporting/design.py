"""Time zero, look-back windows, index day and follow-up of a study with records of its own."""

from collections.abc import Iterator

from onearm.protocol.eligibility import FIXED
from onearm.protocol.study import Rule
from onearm.results.reporting import DesignWindow, StudyDesign
from onearm.study.reporting.harper import window_of
from onearm.study.reporting.item import Run
from onearm.study.reporting.protocol_words import rules_text, spanish
from onearm.study.similar_incidence import clock_words


def study_design(run: Run) -> StudyDesign | None:
    """The windows of the design, in days from the index day; None for a publication."""
    if not run.analysed:
        return None
    starts = sorted(s.index_day for s in run.result.charts.strips)
    median, followed = run.figure("treated.start_day.median"), run.figure("treated.followup.median")
    return StudyDesign(
        clock=run.protocol.clock.starts,
        index=run.result.about.index,
        horizon=run.protocol.horizon_days,
        start_first=starts[0] if starts else None,
        start_median=None if median is None else median.value,
        start_last=starts[-1] if starts else None,
        followed_median=None if followed is None else followed.value,
        windows=tuple(_windows(run, -starts[-1] if starts else None)),
    )


def _windows(run: Run, earliest: int | None) -> Iterator[DesignWindow]:
    start, start_es = clock_words(run.protocol.clock.starts)
    told = f"day 0 of the clock ({start}) to the index day, untreated"
    told_es = f"del día 0 (inicio {start_es}) al día índice, sin tratar"
    yield DesignWindow("entry", told, told_es, earliest, 0)
    for rule in run.protocol.population.rules:
        when, when_es = window_of(rule)
        text = rules_text([rule])
        yield DesignWindow("lookback", f"{text}: {when}", f"«{text}»: {when_es}", *_days(rule))
    matching, names = run.protocol.matching, [c.name for c in run.protocol.confounder]
    matched = list(dict.fromkeys((*names, *matching.same, *matching.markers)))
    if matched:
        listed = ", ".join(matched)
        en, es = f"covariates: {listed}", f"covariables: «{listed}»"
        yield DesignWindow("lookback", en, es, -matching.window_days, 0)
    yield DesignWindow("index", run.result.about.index, spanish(run.result.about.index), 0, 0)
    days = run.protocol.horizon_days
    en = f"follow-up to day {days}, death, leaving alive or last seen"
    es = f"seguimiento hasta el día {days}, muerte, salida con vida o último contacto"
    yield DesignWindow("follow_up", en, es, 0, days)


def _days(rule: Rule) -> tuple[int | None, int]:
    if rule.marker_or_state in FIXED:
        return None, 0
    if rule.marker_or_state in ("day", "calendar"):
        return 0, 0
    return -rule.window_days, 0
