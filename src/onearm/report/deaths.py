"""Deaths of the treated beside similar cases, one row each (slot 3)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from onearm.report.figures_by_id import FiguresById, figures_of
from onearm.report.interval import Axis, axis_head, interval_row
from onearm.report.printed import counts_text, interval_text, value_text
from onearm.report.words import Words
from onearm.results.estimate import Estimate
from onearm.results.status import Role
from onearm.results.study_result import ComparatorRow, StudyResult

_LANDMARK = re.compile(r"^similar\.death\.landmark(\d+)\.day(\d+)$")
_WIDTH = 140.0
_MOST = 4  # rows of similar cases that are no struck-through form


@dataclass(frozen=True, slots=True)
class DeathRow:
    """One line of the figure: words for the table, the drawn interval, and whether it is struck through."""

    label: str
    counts: str
    value: str
    interval: str
    figure: str  # SVG
    refused: bool


@dataclass(frozen=True, slots=True)
class DeathGroup:
    """Lines about the same people: who, where, when, by which clock."""

    title: str
    detail: str
    rows: tuple[DeathRow, ...]


@dataclass(frozen=True, slots=True)
class DeathTable:
    """The treated, then each source of similar cases; and whether one source is told in several ways."""

    groups: tuple[DeathGroup, ...]
    axis: str  # SVG
    same_patients: bool
    refused: bool  # some line is struck through


def death_table(result: StudyResult, words: Words, stamp: str = "") -> DeathTable:
    """Seen so far, worst case, from the landmark, from entry; the refused forms last in their group."""
    figures = figures_of(result)
    axis = Axis(_WIDTH, tuple((k / 4, words.whole(25 * k)) for k in range(5)))
    by_title: dict[tuple[str, str], list[Estimate]] = {}
    chosen = [*treated_deaths(figures), *similar_deaths(figures)]
    for estimate in chosen:
        by_title.setdefault(_who(estimate, result, words), []).append(estimate)
    rows = {e.id: _row(i, e, axis, words, stamp) for i, e in enumerate(chosen)}
    similar = [e for e in chosen if e.id.startswith("similar.") and e.value is not None]
    return DeathTable(
        tuple(
            DeathGroup(title, detail, tuple(rows[e.id] for e in found)) for (title, detail), found in by_title.items()
        ),
        axis_head(axis, "death-axis", words("deaths.axis"), stamp),
        len({e.source for e in similar}) == 1 and len(similar) > 1 and any(e.role is Role.REFUSED for e in similar),
        any(e.role is Role.REFUSED for e in chosen),
    )


def treated_deaths(figures: FiguresById) -> Iterator[Estimate]:
    """So far, worst case, by a horizon, resolved only: those that are there, and that say more than the first."""
    all_known = figures.value("treated.unresolved") == 0
    if found := figures.get("treated.death.so_far"):
        yield found
    if (found := figures.get("treated.death.worst_case")) and not all_known:
        yield found
    yield from (e for e in figures.under("treated.death.day"))
    if (found := figures.get("treated.death.resolved_only")) and not all_known:
        yield found


def similar_deaths(figures: FiguresById) -> list[Estimate]:
    """The headline landmark, then from entry, then the forms that are refused. Sweeps stay in results.json."""
    every = list(figures.under("similar.death."))
    refused = [e for e in every if e.role is Role.REFUSED]
    shown = [e for e in every if e.role not in (Role.REFUSED, Role.SENSITIVITY) and not _LANDMARK.match(e.id)]
    landmark = headline_landmark(figures)
    return ([landmark] if landmark else []) + shown[: _MOST - 1] + refused[:2]


def headline_landmark(figures: FiguresById) -> Estimate | None:
    """Similar cases still there on the median start day; of several horizons, one that is no sensitivity analysis."""
    found = [
        (int(m[1]), int(m[2]), e)
        for e in figures.under("similar.death.landmark")
        if (m := _LANDMARK.match(e.id)) and e.role is not Role.REFUSED
    ]
    if not found:
        return None
    start, follow = figures.value("treated.start_day.median"), figures.value("treated.followup.median")

    def distance(row: tuple[int, int, Estimate]) -> tuple[float, bool, float]:
        landmark, horizon, estimate = row
        return (
            abs(landmark - start) if start is not None else 0.0,
            estimate.role is Role.SENSITIVITY,
            abs(horizon - follow) if follow is not None else 0.0,
        )

    return min(found, key=distance)[2]


def source_of(estimate: Estimate, comparators: tuple[ComparatorRow, ...]) -> ComparatorRow | None:
    """The comparator that lists the estimate among its figures, else the only one made of patients."""
    for row in comparators:
        if estimate.id in row.figures:
            return row
    patients = [c for c in comparators if c.kind == "patients"]
    return patients[0] if len(patients) == 1 and estimate.id.startswith("similar.") else None


def clock_text(clock: str, words: Words) -> str:
    """The event that starts a clock, in words; its own name where the catalogue has none."""
    return words(f"clock.{clock}") if words.has(f"clock.{clock}") else clock.replace("_", " ")


def dates_text(begin: str, end: str, words: Words) -> str:
    """ "2020-03 to 2020-06"; one date alone; "" with none."""
    return words("word.span", low=begin, high=end) if begin and end else begin or end


def index_text(index: str, words: Words) -> str:
    """What happens on the index day, in words; its own name where the catalogue has none."""
    key = "index." + index.replace(" ", "_")
    return words(key) if words.has(key) else index


def _who(estimate: Estimate, result: StudyResult, words: Words) -> tuple[str, str]:
    """Heading of the group a line belongs to, and its where, when and clock."""
    about = result.about
    if estimate.id.startswith("treated."):
        dates = dates_text(about.treated_from, about.treated_to, words)
        parts = (about.place, dates, words("deaths.from_index", index=index_text(about.index, words)))
        return words("deaths.treated"), " · ".join(p for p in parts if p)
    row = source_of(estimate, result.comparators)
    if row is None:
        return words("deaths.similar"), estimate.source
    parts = (row.place, row.dates, words("deaths.clock", clock=clock_text(row.clock, words)))
    return words("deaths.similar"), " · ".join(p for p in parts if p)


def _row(i: int, estimate: Estimate, axis: Axis, words: Words, stamp: str) -> DeathRow:
    refused, treated = estimate.role is Role.REFUSED, estimate.id.startswith("treated.")
    label = words.of(estimate, "label")
    counts, value, interval = counts_text(estimate, words), value_text(estimate, words), interval_text(estimate, words)
    who = words("deaths.treated" if treated else "deaths.similar")
    told = f"{who}, {label}: " + ", ".join(p for p in (counts, value, interval) if p)
    kind = "refused" if refused else "treated" if treated else "similar"
    figure = interval_row(axis, f"death-{i}", told, estimate.value, estimate.lower, estimate.upper, kind, stamp)
    return DeathRow(label[:1].upper() + label[1:], counts, value, interval, figure, refused)
