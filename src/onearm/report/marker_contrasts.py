"""Laboratory markers against similar patients, one row each, from the `marker.*` estimates of the last day."""

from dataclasses import dataclass

from onearm.report.figures_by_id import FiguresById, figures_of
from onearm.report.printed import value_text
from onearm.report.words import Words
from onearm.results.estimate import Estimate
from onearm.results.study_result import StudyResult


@dataclass(frozen=True, slots=True)
class MarkerContrastRow:
    """One marker; "–" where there is no number, and why in `remedy`."""

    name: str  # with its unit
    sets: str
    difference: str  # -1..1, above 0 the treated did better
    before: str  # the same before the index day
    p: str
    p_family: str
    treated: str  # mean of those still ventilated and measured, with their number
    similar: str
    remedy: str


def marker_contrast_rows(result: StudyResult, words: Words) -> tuple[MarkerContrastRow, ...]:
    """Markers in the order of the result."""
    figures = figures_of(result)
    names = dict.fromkeys(e.id.split(".")[1] for e in figures.under("marker."))
    return tuple(_row(name, figures, words) for name in names)


def _row(name: str, figures: FiguresById, words: Words) -> MarkerContrastRow:
    main = figures.get(f"marker.{name}.contrast.rank_difference")
    label = "" if main is None else words.of(main, "label").split(",")[0]

    def told(what: str) -> str:
        return _value(figures, f"marker.{name}.{what}", words)

    return MarkerContrastRow(
        f"{label or name}{_unit(figures.get(f'marker.{name}.treated.mean'))}",
        "–" if main is None or main.n is None else words.whole(main.n),
        told("contrast.rank_difference"),
        told("before.rank_difference"),
        told("contrast.p"),
        told("contrast.p_family"),
        _mean(figures, f"marker.{name}.treated.mean", words),
        _mean(figures, f"marker.{name}.similar.mean", words),
        "" if main is None or main.value is not None else main.remedy,
    )


def _value(figures: FiguresById, id: str, words: Words) -> str:
    found = figures.get(id)
    return "–" if found is None or found.value is None else value_text(found, words)


def _mean(figures: FiguresById, id: str, words: Words) -> str:
    found = figures.get(id)
    if found is None or found.value is None:
        return "–"
    return f"{value_text(found, words)} ({words('word.n', n=words.whole(found.n or 0))})"


def _unit(mean: Estimate | None) -> str:
    return f", {mean.unit}" if mean is not None and mean.unit else ""
