"""Ridge: what is believed of two parameters before and after the data, side by side on the same axes.

A long ridge after the data is the finding: the study cannot tell the two apart.
"""

from onearm.report.drawing import GREY, INK, RED, WIDTH, Drawing, wrapped
from onearm.report.scale import Scale, plain
from onearm.report.ward_chart import VIRTUAL
from onearm.results.virtual_figures import Density, Ridge

_LEFT, _BETWEEN, _TOP, _PLOT = 44.0, 34.0, 34.0, 190.0
_SHADES = ((0.5, "#3c4650"), (0.9, "#a9b6c1"), (0.99, "#e3e9ee"))  # smallest share of the mass, its fill


def ridge(ridge: Ridge) -> str:
    """Cells that hold half, nine in ten and 99 in 100 of the belief, darker where it is denser."""
    floor = _TOP + _PLOT
    pen = Drawing(WIDTH, floor + 44)
    wide = (WIDTH - _LEFT - _BETWEEN) / 2 - 4
    y = Scale(ridge.y_edges[0], ridge.y_edges[-1], floor, _TOP, ridge.y_logarithmic)
    for place, density in enumerate((ridge.prior, ridge.posterior)):
        left = _LEFT + place * (wide + _BETWEEN)
        x = Scale(ridge.x_edges[0], ridge.x_edges[-1], left, left + wide, ridge.x_logarithmic)
        pen.text(left, 10, density.name, bold=True)
        _cells(pen, ridge, density, x, y)
        _axes(pen, ridge, x, y)
        if ridge.truth is not None:
            at, high = x.at(ridge.truth[0]), y.at(ridge.truth[1])
            pen.path(f"M{at - 5:.2f} {high:.2f} h10 M{at:.2f} {high - 5:.2f} v10", stroke=RED, stroke_width=2)
    pen.text(0, 24, ridge.y_name, bold=True, fill=GREY)
    _key(pen, floor + 40, ridge.truth is not None)
    return pen.svg("ridge", _title(ridge), _description(ridge), VIRTUAL)


def _cells(pen: Drawing, ridge: Ridge, density: Density, x: Scale, y: Scale) -> None:
    levels = _levels(density)
    for i, column in enumerate(density.mass):
        left, right = x.at(ridge.x_edges[i]), x.at(ridge.x_edges[i + 1])
        for k, mass in enumerate(column):
            fill = next((shade for level, (_, shade) in zip(levels, _SHADES, strict=True) if mass >= level > 0), None)
            if fill is not None:
                high, low = y.at(ridge.y_edges[k + 1]), y.at(ridge.y_edges[k])
                pen.rect(left, high, right - left + 0.2, low - high + 0.2, fill=fill)


def _levels(density: Density) -> list[float]:
    """The smallest cell within the densest cells that hold each share of the mass."""
    cells = sorted((m for column in density.mass for m in column), reverse=True)
    total = sum(cells)
    levels = []
    for share, _ in _SHADES:
        summed = 0.0
        for mass in cells:
            summed += mass
            if summed >= share * total * (1 - 1e-12):
                levels.append(mass)
                break
    return levels


def _axes(pen: Drawing, ridge: Ridge, x: Scale, y: Scale) -> None:
    pen.rect(x.start, y.end, x.end - x.start, y.start - y.end, fill="none", stroke=GREY, stroke_width=0.6)
    for tick in x.ticks(6):
        pen.line(x.at(tick), y.start, x.at(tick), y.start + 3, stroke=GREY, stroke_width=0.6)
        pen.text(x.at(tick), y.start + 12, plain(tick), anchor="middle", fill=GREY)
    for tick in y.ticks(7):
        pen.line(x.start - 3, y.at(tick), x.start, y.at(tick), stroke=GREY, stroke_width=0.6)
        pen.text(x.start - 5, y.at(tick) + 3.2, plain(tick), anchor="end", fill=GREY)
    pen.text(x.start, y.start + 25, wrapped(ridge.x_name, x.end - x.start)[0], fill=GREY)


def _key(pen: Drawing, y: float, with_truth: bool) -> None:
    at = _LEFT
    for share, shade in _SHADES:
        pen.rect(at, y - 8, 12, 9, fill=shade, stroke=GREY, stroke_width=0.4)
        pen.text(at + 16, y, f"{share:.0%} of the belief")
        at += 118
    if with_truth:
        pen.path(f"M{at:.2f} {y - 3:.2f} h10 M{at + 5:.2f} {y - 8:.2f} v10", stroke=RED, stroke_width=2)
        pen.text(at + 14, y, "what was put in", fill=INK)


def _title(ridge: Ridge) -> str:
    return f"{VIRTUAL}: {ridge.y_name} against {ridge.x_name}, {ridge.prior.name} beside {ridge.posterior.name}."


def _description(ridge: Ridge) -> str:
    told = []
    for density in (ridge.prior, ridge.posterior):
        best = max((m, i, k) for i, column in enumerate(density.mass) for k, m in enumerate(column))
        _, i, k = best
        told.append(
            f"{density.name}: densest at {ridge.x_name} {ridge.x_edges[i]:.3g} to {ridge.x_edges[i + 1]:.3g}, "
            f"{ridge.y_name} {ridge.y_edges[k]:.3g} to {ridge.y_edges[k + 1]:.3g}"
        )
    return "; ".join(told)
