"""The verdict page as one self-contained HTML text, drawn from a StudyResult alone."""

from collections.abc import Mapping

from onearm.report.analysis import analysis_of
from onearm.report.cohorts import cohort_groups, patient_sources, trial_lines
from onearm.report.day_strips import day_strips, strip_legend
from onearm.report.deaths import clock_text, dates_text, death_table, index_text, source_of
from onearm.report.design_diagram import design_diagram
from onearm.report.drawing import WIDTH
from onearm.report.figures_by_id import figures_of
from onearm.report.flow_diagram import flow_diagram
from onearm.report.icon_array import icon_array
from onearm.report.incidence import heading_of, incidence
from onearm.report.landmarks import landmark_tables
from onearm.report.level_bar import level_bar
from onearm.report.love_plot import love_plot
from onearm.report.marker_contrasts import marker_contrast_rows
from onearm.report.marks import failed, passed
from onearm.report.more_numbers import more_numbers
from onearm.report.null_histogram import null_histogram
from onearm.report.paper import fill
from onearm.report.provenance import input_lines, method_lines, provenance_text
from onearm.report.public_sentences import answer_groups
from onearm.report.reporting_page import REPORTING, filled_text
from onearm.report.safety import marker_lines, safety_lines
from onearm.report.start_days import start_days
from onearm.report.words import Language, Words
from onearm.results.study_result import StudyResult


def render(result: StudyResult, language: Language = "en") -> str:
    """The whole page; the same result gives the same text."""
    words = Words(language)
    stamp = words("page.virtual_word") if result.virtual else ""
    return fill(
        "page.html.j2",
        r=result,
        w=words,
        stamp=stamp,
        **_side_one(result, words, stamp),
        **_side_two(result, words, stamp),
    )


def _side_one(result: StudyResult, words: Words, stamp: str) -> Mapping[str, object]:
    """What the first minute needs."""
    charts, about = result.charts, result.about
    dates = dates_text(about.treated_from, about.treated_to, words)
    horizon = result.design.horizon if result.design else None
    return {
        "about": " · ".join(p for p in (words("page.of_study", n=about.n), about.condition, about.place, dates) if p),
        "bar": level_bar(result.verdict.level, words, stamp),
        "icons": icon_array(charts.icons, about.clock, words, stamp, horizon) if charts.icons else "",
        "course": _course(result, words),
        "deaths": death_table(result, words, stamp),
        "proxy": _proxy(result),
        "histogram": null_histogram(charts.null_histogram, about.n, words, stamp) if charts.null_histogram else "",
        "chance": _chance(result, words),
    }


def _side_two(result: StudyResult, words: Words, stamp: str) -> Mapping[str, object]:
    """What a reader needs who wants to check."""
    charts = result.charts
    beside = charts.start_days is not None and not charts.strips
    panels = min(3, max(2, beside + len(charts.incidence)))  # one alone keeps half the width
    panel_width = (WIDTH - 18.0 * (panels - 1)) / panels
    lines = max((len(heading_of(c, words, panel_width)) for c in charts.incidence), default=1)
    groups = cohort_groups(result, words)
    return {
        "cohorts": groups,
        "favours": any(line.favours for g in groups for line in g.lines),
        "patients": patient_sources(result, words),
        "trials": trial_lines(result, words),
        "breaks": tuple(es if words.language == "es" else en for en, es in result.break_points),
        "answers": answer_groups(result, words),
        "strip_legend": strip_legend(charts.strips, words),
        "strips": day_strips(charts.strips, words, stamp) if charts.strips else "",
        "panels": (
            *((start_days(charts.start_days, words, panel_width, stamp),) if charts.start_days and beside else ()),
            *(incidence(c, words, panel_width, lines, stamp) for c in charts.incidence),
        ),
        "curves": bool(charts.incidence),
        "analysis": analysis_of(result, words, stamp),
        "safety": safety_lines(result, words),
        "markers": marker_lines(result, words),
        "gate_marks": {
            g.id: passed(f"gate-{g.id}", words("gates.passed"))
            if g.passed
            else failed(f"gate-{g.id}", words("gates.failed"))
            for g in result.gates
        },
        "flags": tuple(f for f in result.flags if f.raised),
        "landmarks": landmark_tables(result, words),
        "marker_contrasts": marker_contrast_rows(result, words),
        "love": love_plot(result, words, stamp),
        "more": more_numbers(result, words),
        "methods": method_lines(result),
        "inputs": input_lines(result),
        "design": design_diagram(result.design, words, stamp) if result.design else "",
        "flow": flow_diagram(result.attrition, words, stamp) if result.design and result.attrition else "",
        "reporting": words("reporting.beside", file=REPORTING, counts=filled_text(result.reporting, words))
        if result.reporting
        else "",
        "provenance": provenance_text(result, words),
    }


def _course(result: StudyResult, words: Words) -> str:
    """When the first dose was given and how long patients were followed, in one sentence."""
    figures, about = figures_of(result), result.about
    start, follow = figures.value("treated.start_day.median"), figures.value("treated.followup.median")
    parts = []
    if start is not None:
        day, clock, index = words.plain(start), clock_text(about.clock, words), index_text(about.index, words)
        told = words("icons.first_day", clock=clock, index=index, day=day)
        spread = result.charts.start_days
        if spread is not None and spread.iqr_width is not None:
            told += words("icons.width", days=words.plain(spread.iqr_width))
        parts.append(told)
    if follow is not None:
        parts.append(words("icons.followed", days=words.plain(follow)))
    return "; ".join(parts) + "." if parts else ""


def _proxy(result: StudyResult) -> bool:
    """Whether the similar cases are severe, not proven ventilated."""
    similar = (e for e in result.estimates if e.id.startswith(("similar.", "null_predictive.")))
    sources = (source_of(e, result.comparators) for e in similar)
    own = any(c.kind == "patients" and c.clock == "severe_state" for c in result.comparators)
    return own or any(s is not None and s.clock == "severe_state" for s in sources)


def _chance(result: StudyResult, words: Words) -> Mapping[str, object] | None:
    """The null-predictive sentences; None when the probability is missing or refused."""
    figures, chart = figures_of(result), result.charts.null_histogram
    seen, worst = figures.value("null_predictive.p"), figures.value("null_predictive.p_worst_case")
    if seen is None or chart is None:
        return None
    apart = worst is not None and chart.worst_case != chart.observed
    n = len(chart.mass) - 1  # of the matched: it may be fewer than were treated
    p = words("null.p_alone", p=words.probability(seen))
    return {
        "big": words("null.big", x=words.of_100(seen)),
        "rest": words("null.big_rest" if chart.observed else "null.big_rest_none", k=chart.observed, n=n),
        "worst": words("null.worst", k=chart.worst_case, n=n, x=words.of_100(worst))
        if apart and worst is not None
        else "",
        "p": p if worst is None else words("null.p", p=words.probability(seen), worst=words.probability(worst)),
    }
