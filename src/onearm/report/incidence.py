"""Stacked cumulative incidence: dead from below, out from above, still there between, numbers at risk (slot 9)."""

from collections.abc import Sequence

from onearm.report.drawing import GREY, INK, LIGHT, PAPER, Drawing, point, wrapped
from onearm.report.words import Words
from onearm.results.charts import IncidenceCurve

_LEFT, _PLOT, _UNDER = 30.0, 96.0, 40.0


def heading_of(curve: IncidenceCurve, words: Words, width: float) -> list[str]:
    """The lines of a panel's heading."""
    label = words.of(curve, "label")
    return wrapped(label[:1].upper() + label[1:], 0.9 * width)


def incidence(curve: IncidenceCurve, words: Words, width: float, lines: int, stamp: str = "") -> str:
    """One panel, `width` points wide, with room for `lines` of heading, so that panels side by side share an axis.

    The open patients stand in the heading: no curve without them.
    """
    heading = heading_of(curve, words, width)
    top = 11.5 * (max(lines, len(heading)) + 1) + 5
    pen = Drawing(width, top + _PLOT + _UNDER)
    for k, line in enumerate(heading):
        pen.text(0, 9 + 11.5 * k, line, bold=True)
    pen.text(0, 9 + 11.5 * len(heading), words("incidence.open", open=curve.open, n=curve.at_risk[0]))
    _areas(pen, curve, width, top, words)
    _axes(pen, curve, width, top, words)
    last = len(curve.day) - 1
    told = words(
        "incidence.title",
        label=words.of(curve, "label"),
        day=curve.day[last],
        dead=words.percent(curve.dead[last]),
        out=words.percent(curve.out[last]),
        open=curve.open,
        n=curve.at_risk[0],
    )
    return pen.svg(f"incidence-{curve.name.replace('_', '-')}", told, stamp=stamp)


def _scale(curve: IncidenceCurve, width: float) -> float:
    """Points per day."""
    return (width - _LEFT - 6) / max(1, curve.day[-1] + 1 - curve.day[0])


def _steps(curve: IncidenceCurve, heights: Sequence[float], width: float, top: float) -> list[str]:
    """Corners of a step function, left to right; `heights` are shares from the floor."""
    per_day = _scale(curve, width)
    corners = []
    for day, height in zip(curve.day, heights, strict=True):
        x, y = _LEFT + (day - curve.day[0]) * per_day, top + _PLOT * (1 - height)
        corners += [f"{point(x)} {point(y)}", f"{point(x + per_day)} {point(y)}"]
    return corners


def _areas(pen: Drawing, curve: IncidenceCurve, width: float, top: float, words: Words) -> None:
    floor, right = top + _PLOT, _LEFT + _scale(curve, width) * len(curve.day)
    pen.rect(_LEFT, top, right - _LEFT, _PLOT, fill=PAPER)
    dead = _steps(curve, curve.dead, width, top)
    pen.path(f"M{point(_LEFT)} {point(floor)} L{' L'.join(dead)} L{point(right)} {point(floor)} Z", fill=INK)
    out = _steps(curve, [1 - o for o in curve.out], width, top)
    pen.path(
        f"M{point(_LEFT)} {point(top)} L{' L'.join(out)} L{point(right)} {point(top)} Z",
        fill=LIGHT,
        stroke=GREY,
        stroke_width=0.6,
    )
    end = len(curve.day) - 1
    x = right - 5
    _name(pen, x, floor - _PLOT * curve.dead[end] / 2, curve.dead[end], words("incidence.dead"), PAPER)
    _name(pen, x, top + _PLOT * curve.out[end] / 2, curve.out[end], words("incidence.out"), INK)
    between = 1 - curve.dead[end] - curve.out[end]
    _name(pen, x, floor - _PLOT * (curve.dead[end] + between / 2), between, words("incidence.still"), INK)


def _name(pen: Drawing, x: float, y: float, share: float, said: str, ink: str) -> None:
    """The word on its area, where the area is tall enough for it."""
    if share * _PLOT >= 13:
        pen.text(x, y + 3.2, said, anchor="end", fill=ink, bold=True)


def _axes(pen: Drawing, curve: IncidenceCurve, width: float, top: float, words: Words) -> None:
    floor, per_day = top + _PLOT, _scale(curve, width)
    for share in (0.0, 0.5, 1.0):
        y = floor - _PLOT * share
        pen.text(_LEFT - 4, y + 3.2, words.whole(100 * share), anchor="end", fill=GREY)
        pen.line(_LEFT - 2.5, y, _LEFT, y, stroke=GREY, stroke_width=0.6)
    days = curve.day[-1] - curve.day[0]
    every = next(e for e in (1, 7, 14, 28, 100, 365, 1000, 10_000) if e * per_day >= 32)
    for d in range(0, days + 1, every):
        x = _LEFT + d * per_day
        pen.line(x, floor, x, floor + 3, stroke=GREY, stroke_width=0.6)
        pen.text(x, floor + 12, str(curve.day[d]), anchor="middle", fill=GREY)
        pen.text(x, floor + 36, words.whole(curve.at_risk[d]), anchor="middle")
    pen.text(_LEFT, floor + 24, words("incidence.at_risk"), fill=GREY)
