"""A dot with its interval on one line, and the axis above a column of them. The row's words stand in the table."""

from collections.abc import Callable
from dataclasses import dataclass
from math import log

from onearm.report.drawing import BLUE, GREY, INK, LIGHT, PAPER, Drawing

_HIGH, _MARGIN = 16.0, 9.0


@dataclass(frozen=True, slots=True)
class Axis:
    """Where a value lies between the ends of the column, points. Values beyond the ends are drawn at the end."""

    width: float
    ticks: tuple[tuple[float, str], ...]  # value, label; first and last are the ends
    logarithmic: bool = False
    reference: float | None = None  # a line through all rows: no difference

    def x(self, value: float) -> float:
        """Position of a value."""
        scale: Callable[[float], float] = log if self.logarithmic else float
        low, high = scale(self.ticks[0][0]), scale(self.ticks[-1][0])
        place = (scale(max(value, 1e-9) if self.logarithmic else value) - low) / (high - low)
        return _MARGIN + (self.width - 2 * _MARGIN) * min(1.0, max(0.0, place))


def axis_head(axis: Axis, name: str, title: str, stamp: str = "") -> str:
    """The labels of the axis, drawn once in the table's head."""
    pen = Drawing(axis.width, 15.0)
    for value, label in axis.ticks:
        pen.text(axis.x(value), 9, label, anchor="middle", fill=GREY)
        pen.line(axis.x(value), 11.5, axis.x(value), 15, stroke=GREY, stroke_width=0.6)
    return pen.svg(name, title, stamp=stamp)


def interval_row(
    axis: Axis,
    name: str,
    title: str,
    value: float | None,
    lower: float | None,
    upper: float | None,
    kind: str,
    stamp: str = "",
) -> str:
    """`kind`: treated (black square), similar (blue dot), refused (hollow, dashed). No value draws the frame alone."""
    pen = Drawing(axis.width, _HIGH)
    middle = _HIGH / 2
    for tick, _ in axis.ticks:
        pen.line(axis.x(tick), 0, axis.x(tick), _HIGH, stroke=LIGHT, stroke_width=0.8)
    if axis.reference is not None:
        pen.line(axis.x(axis.reference), 0, axis.x(axis.reference), _HIGH, stroke=INK, stroke_width=0.8)
    ink = BLUE if kind == "similar" else GREY if kind == "refused" else INK
    if lower is not None and upper is not None:
        left, right = axis.x(lower), axis.x(upper)
        pen.line(
            left,
            middle,
            right,
            middle,
            stroke=ink,
            stroke_width=1.6,
            stroke_dasharray="3 2" if kind == "refused" else None,
        )
        for end in (left, right):
            pen.line(end, middle - 3, end, middle + 3, stroke=ink, stroke_width=1.1)
    if value is not None:
        x = axis.x(value)
        if kind == "treated":
            pen.rect(x - 4, middle - 4, 8, 8, fill=ink)
        else:
            pen.circle(x, middle, 4.2, fill=PAPER if kind == "refused" else ink, stroke=ink, stroke_width=1.3)
    return pen.svg(name, title, stamp=stamp)
