"""The patient-level contrast of `analyse`: exact test, deaths averted, hazard ratios naive and aligned (slot 10)."""

import re
from dataclasses import dataclass

from onearm.report.figures_by_id import FiguresById, figures_of
from onearm.report.interval import Axis, axis_head, interval_row
from onearm.report.printed import counts_text, interval_text, value_text
from onearm.report.words import Words
from onearm.results.estimate import Estimate
from onearm.results.status import Role
from onearm.results.study_result import StudyResult

_EXACT = ("primary.exact.", "naive.never_treated.", "oe.", "one_sample.", "days_free.", "win_odds")
#: Companions of a line of the table, told under "more numbers".
ASIDE = re.compile(
    r"^(primary\.exact\.(midp|p_harm|p\.(?!same_day_after$|day_alone$).*)|oe\.(observed|p)|one_sample\.(expected|p)"
    r"|days_free\.(treated|similar)|sequential_trials\..*\.same_day_after)$"
)
_TICKS = ((0.1, "0.1"), (0.25, "0.25"), (0.5, "0.5"), (1.0, "1"), (2.0, "2"), (4.0, "4"), (10.0, "10"))
_POWER = ("false_positive.this_design", "power.exact.hr50", "power.exact.hr20")


@dataclass(frozen=True, slots=True)
class NumberLine:
    """A number with its interval and how it was made."""

    label: str
    value: str
    interval: str  # or why there is no value
    method: str


@dataclass(frozen=True, slots=True)
class RatioRow:
    """A hazard ratio on the common axis. The naive form is struck through."""

    label: str
    counts: str
    value: str
    interval: str
    figure: str  # SVG
    refused: bool


@dataclass(frozen=True, slots=True)
class Analysis:
    """Slot 10. Everything is empty after `appraise`."""

    numbers: tuple[NumberLine, ...]
    averted: str  # "between 1 more and 7 fewer deaths"
    ratios: tuple[RatioRow, ...]
    axis: str  # SVG
    error_rates: tuple[NumberLine, ...]


def analysis_of(result: StudyResult, words: Words, stamp: str = "") -> Analysis | None:
    """None unless the study has patients of its own."""
    if result.command != "analyse":
        return None
    figures = figures_of(result)
    exact = [e for prefix in _EXACT for e in figures.under(prefix)] + [
        e for e in figures.all.values() if "risk_difference" in e.id and not e.id.startswith("trial.")
    ]
    exact = [e for e in exact if not ASIDE.match(e.id)]
    ticks = tuple((v, label.replace(".", ",") if words.language == "es" else label) for v, label in _TICKS)
    axis = Axis(200.0, ticks, logarithmic=True, reference=1.0)
    ratios = [e for e in figures.all.values() if e.id.endswith("hazard_ratio")]
    return Analysis(
        numbers=tuple(number_line(e, words) for e in exact),
        averted=averted_text(figures.get("attributable.deaths"), words),
        ratios=tuple(_ratio(i, e, axis, words, stamp) for i, e in enumerate(ratios)),
        axis=axis_head(axis, "ratio-axis", words("analysis.ratio_axis"), stamp) if ratios else "",
        error_rates=_error_rates(figures, words),
    )


def number_line(estimate: Estimate, words: Words) -> NumberLine:
    """One line; a refused estimate says why instead of a value."""
    if estimate.value is None:
        return NumberLine(words.of(estimate, "label"), words("word.refused"), estimate.remedy, estimate.method)
    return NumberLine(
        words.of(estimate, "label"), value_text(estimate, words), interval_text(estimate, words), estimate.method
    )


def averted_text(estimate: Estimate | None, words: Words) -> str:
    """The integer interval of deaths averted as a sentence; below zero means more deaths. "" when it is missing."""
    if estimate is None or estimate.lower is None or estimate.upper is None:
        return ""
    low, high, n = round(estimate.lower), round(estimate.upper), estimate.n
    of_n = words("analysis.of_n", n=n) if n else ""
    if low < 0 < high:
        return words("analysis.more_and_fewer", more=-low, fewer=high, of_n=of_n)
    if high <= 0:
        return words("analysis.only_more", low=-high, high=-low, of_n=of_n)
    return words("analysis.only_fewer", low=low, high=high, of_n=of_n)


def _ratio(i: int, estimate: Estimate, axis: Axis, words: Words, stamp: str) -> RatioRow:
    refused = estimate.role is Role.REFUSED or estimate.id.startswith("naive.")
    label, value, span = words.of(estimate, "label"), value_text(estimate, words), interval_text(estimate, words)
    told = f"{label}: {value}" + (f" ({span})" if span else "")
    kind = "refused" if refused else "treated"
    figure = interval_row(axis, f"ratio-{i}", told, estimate.value, estimate.lower, estimate.upper, kind, stamp)
    return RatioRow(label, counts_text(estimate, words), value, span, figure, refused)


def _error_rates(figures: FiguresById, words: Words) -> tuple[NumberLine, ...]:
    """How often this page would be wrong, and how often it would see an effect; said so when not computed."""
    lines = []
    for id in _POWER:
        estimate = figures.get(id)
        label = words("analysis." + id.replace(".", "_"))
        if estimate is None or estimate.value is None:
            lines.append(NumberLine(label, words("word.not_computed"), "", ""))
        else:
            lines.append(
                NumberLine(label, words.percent(estimate.value), interval_text(estimate, words), estimate.method)
            )
    return tuple(lines)
