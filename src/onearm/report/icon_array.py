"""One figure per treated patient: dead filled, out outlined, open dashed (slot 2)."""

from dataclasses import dataclass

from onearm.report.drawing import BLUE, GREY, INK, LIGHT, PAPER, WIDTH, Drawing, point, width_of, wrapped
from onearm.report.words import Words
from onearm.results.charts import IconArray

_ONE_ROW = 26  # more patients than this stand in rows, with the legend below
_MOST = 400  # more than this are told in words alone
_TALL = 34.0


@dataclass(frozen=True, slots=True)
class Group:
    """Patients with the same end."""

    state: str  # dead, out, open, other
    count: int
    label: str


def groups_of(icons: IconArray, clock: str, words: Words, horizon: int | None = None) -> tuple[Group, ...]:
    """The ends in fixed order, without empty ones; labels in the terms of the clock.

    `horizon`: records that end so many days after the index day; without it, a report that closed.
    """
    kind = "ventilation" if clock in ("ventilation", "intubation") else "other"
    labels = {"dead": "icons.dead", "out": f"icons.out_{kind}", "open": f"icons.open_{kind}", "other": "icons.other"}
    if horizon is not None and kind == "ventilation":
        labels["open"] = "icons.open_records"
    return tuple(
        Group(state, getattr(icons, state), words.counted(label, getattr(icons, state), horizon=horizon))
        for state, label in labels.items()
        if getattr(icons, state)
    )


def icon_array(icons: IconArray, clock: str, words: Words, stamp: str = "", horizon: int | None = None) -> str:
    """Human shapes in groups, each labelled with its count in words; "" beyond 400 patients or with none."""
    groups = groups_of(icons, clock, words, horizon)
    total = sum(g.count for g in groups)
    if not 0 < total <= _MOST:
        return ""
    pen = _one_row(groups, total) if total <= _ONE_ROW else _rows(groups)
    return pen.svg("icons", words("icons.title", n=total, groups="; ".join(g.label for g in groups)), stamp=stamp)


def _one_row(groups: tuple[Group, ...], total: int) -> Drawing:
    """Every group beside the next, its label straight below it."""
    gap = 16.0
    step = min(30.0, (WIDTH - gap * (len(groups) - 1)) / max(total, 4 * len(groups)))
    widths = [max(step * g.count, 74.0) for g in groups]
    spare = WIDTH - gap * (len(groups) - 1) - sum(widths)
    widths[-1] += max(0.0, min(spare, 60.0))  # the last label is the longest and has room to its right
    lines = [wrapped(g.label, w + 6, 9.8) for g, w in zip(groups, widths, strict=True)]
    pen = Drawing(WIDTH, _TALL + 8 + 11.5 * max(map(len, lines)))
    x = 0.0
    for group, width, label in zip(groups, widths, lines, strict=True):
        for i in range(group.count):
            _person(pen, x + i * step, 0, min(1.0, step / 21), group.state)
        pen.line(x, _TALL + 4, x + width, _TALL + 4, stroke=GREY, stroke_width=0.6)
        for k, line in enumerate(label):
            pen.text(x, _TALL + 14.5 + 11.5 * k, line, bold=True)
        x += width + gap
    return pen


def _rows(groups: tuple[Group, ...]) -> Drawing:
    """Rows of 40, then one legend line for each end."""
    per_row, step, scale = 40, WIDTH / 40, 0.56
    states = [g.state for g in groups for _ in range(g.count)]
    tall = _TALL * scale + 4
    rows = -(-len(states) // per_row)
    legend = _legend_rows(groups)
    pen = Drawing(WIDTH, rows * tall + 14.0 * len(legend) + 4)
    for i, state in enumerate(states):
        _person(pen, (i % per_row) * step, (i // per_row) * tall, scale, state)
    for k, row in enumerate(legend):
        for x, group in row:
            y = rows * tall + 14 * k + 1
            _person(pen, x, y, 0.36, group.state)
            pen.text(x + 13, y + 10, group.label, bold=True)
    return pen


def _legend_rows(groups: tuple[Group, ...]) -> list[list[tuple[float, Group]]]:
    rows: list[list[tuple[float, Group]]] = [[]]
    x = 0.0
    for group in groups:
        wide = 30 + width_of(group.label, bold=True)
        if rows[-1] and x + wide > WIDTH:
            rows.append([])
            x = 0.0
        rows[-1].append((x, group))
        x += wide
    return rows


_STYLES: dict[str, dict[str, object]] = {
    "dead": {"fill": INK, "stroke": INK},
    "out": {"fill": LIGHT, "stroke": BLUE},
    "open": {"fill": PAPER, "stroke": INK, "stroke_dasharray": "2.6 1.8"},
    "other": {"fill": PAPER, "stroke": GREY, "stroke_dasharray": "0.8 1.6"},
}


def _person(pen: Drawing, x: float, y: float, scale: float, state: str) -> None:
    """A head and a body, 20 by 34 points at scale 1."""

    def at(*values: float) -> str:
        return " ".join(
            f"{point(x + scale * a)} {point(y + scale * b)}" for a, b in zip(values[::2], values[1::2], strict=True)
        )

    style = {"stroke_width": 1.3 * min(1.0, scale + 0.2), **_STYLES[state]}
    pen.circle(x + 10 * scale, y + 5.4 * scale, 4.3 * scale, **style)
    pen.path(
        f"M{at(2.5, 24)} L{at(2.5, 15.5)} Q{at(2.5, 11.2, 7, 11.2)} L{at(13, 11.2)} Q{at(17.5, 11.2, 17.5, 15.5)} "
        f"L{at(17.5, 24)} L{at(14.6, 24)} L{at(14, 33)} L{at(6, 33)} L{at(5.4, 24)} Z",
        stroke_linejoin="round",
        **style,
    )
