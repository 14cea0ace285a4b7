"""Reactions with their bounds, and laboratory markers with what they cannot tell (slot 11)."""

from dataclasses import dataclass

from onearm.report.figures_by_id import FiguresById, figures_of
from onearm.report.marks import arrow
from onearm.report.printed import interval_text, level_text, value_text
from onearm.report.words import Words
from onearm.results.charts import MarkerCourse
from onearm.results.estimate import Estimate
from onearm.results.study_result import StudyResult
from onearm.vocabulary.markers import MARKERS

_PREFIXES = ("treated.infusion_reaction", "treated.adverse", "safety.", "stopping.")


@dataclass(frozen=True, slots=True)
class MarkerLine:
    """A marker: direction as an arrow and in words, and why it is no effect."""

    name: str
    mark: str  # SVG
    direction: str
    values: str
    reason: str


def safety_lines(result: StudyResult, words: Words) -> tuple[str, ...]:
    """One sentence for each count of reactions, its two-sided bound in the same sentence."""
    figures = figures_of(result)
    return tuple(_sentence(e, figures, words) for e in safety_estimates(figures))


def safety_estimates(figures: FiguresById) -> tuple[Estimate, ...]:
    """Reactions and stopping figures; a two-sided companion is told with its one-sided headline."""
    found = (e for prefix in _PREFIXES for e in figures.under(prefix))
    return tuple(e for e in found if not e.id.endswith(".two_sided"))


def _sentence(e: Estimate, figures: FiguresById, words: Words) -> str:
    label = words.of(e, "label")
    if e.value is None:
        return f"{label}: {e.remedy or words('word.not_reported')}"
    value = value_text(e, words)
    counts = words("safety.counts", events=e.events, n=e.n) if e.n is not None else value
    counts += f", {value}" if e.events else ""
    bounds = [f"{interval_text(e, words)} ({level_text(e, words)})"] if e.upper is not None else []
    other = figures.get(f"{e.id}.two_sided")
    if other is not None and other.upper is not None:
        bounds.append(f"{interval_text(other, words)} ({level_text(other, words)})")
    assumed = f" {words('safety.assumed')}: {'; '.join(e.assumptions)}." if e.assumptions else ""
    return f"{label}: {counts}" + (f"; {'; '.join(bounds)}." if bounds else ".") + assumed


def marker_lines(result: StudyResult, words: Words) -> tuple[MarkerLine, ...]:
    """Directions only; no effect is ever read from them here."""
    return tuple(_marker(i, m, words) for i, m in enumerate(result.charts.markers))


def _marker(i: int, m: MarkerCourse, words: Words) -> MarkerLine:
    known = MARKERS.get(m.marker)
    said = m.marker if known is None else known.title_es if words.language == "es" else known.title_en
    name = words(f"marker_names.{m.marker}") if words.has(f"marker_names.{m.marker}") else said
    direction = words(f"markers.{m.direction}") if words.has(f"markers.{m.direction}") else m.direction
    values = ""
    if m.median_before is not None and m.median_after is not None:
        values = words(
            "markers.values",
            before=words.plain(m.median_before),
            after=words.plain(m.median_after),
            unit=m.unit,
            n_before=m.n_before,
            n_after=m.n_after,
        )
    return MarkerLine(
        name[:1].upper() + name[1:],
        arrow(f"marker-{i}", direction, m.direction),
        direction,
        values,
        words.of(m, "reason"),
    )
