"""Where the cells are: shares of one dose in lung, liver with spleen and blood, and lost; below, what a camera sees."""

from collections.abc import Sequence

from onearm.report.drawing import BLUE, GREY, INK, LIGHT, PAPER, WIDTH, Drawing, point, width_of, wrapped
from onearm.report.hatching import hatched
from onearm.report.scale import Scale
from onearm.report.ward_chart import VIRTUAL
from onearm.results.virtual_figures import CellPlaces, PublishedRange

_LEFT, _TOP, _AREAS, _LABEL = 30.0, 20.0, 150.0, 96.0
_TIMES = (
    (1.0, "1 min"),
    (10.0, "10 min"),
    (60.0, "1 h"),
    (360.0, "6 h"),
    (1440.0, "1 d"),
    (4320.0, "3 d"),
    (10080.0, "7 d"),
    (20160.0, "14 d"),
)
_DASHED, _DOTTED = "7 3", "1.5 2.5"


def cell_places(cells: CellPlaces) -> str:
    """Stacked areas that add to the dose, the label in the lung dashed; below, label beside the published ranges."""
    x = Scale(cells.minute[0], cells.minute[-1], _LEFT, WIDTH - 14, logarithmic=True)
    top = Scale(0, 1, _TOP + _AREAS, _TOP)
    under = Scale(0, 1, top.start + 38 + _LABEL, top.start + 38)
    source = wrapped(cells.source, WIDTH)
    pen = Drawing(WIDTH, under.start + 34 + 11.5 * len(source))
    pen.text(_LEFT, 11, "living cells, % of the dose; dashed: label in the lung", bold=True)
    _areas(pen, cells, x, top)
    _line(pen, cells.minute, cells.label_lung, x, top, INK, _DASHED)
    pen.text(
        _LEFT, under.end - 7, "label of living and dead cells, % of the dose, and ranges read in people", bold=True
    )
    _line(pen, cells.minute, cells.label_lung, x, under, INK, _DASHED)
    _line(pen, cells.minute, cells.label_organs, x, under, BLUE, _DOTTED)
    for published in cells.published:
        _bar(pen, published, x, under)
    _names(pen, cells, x, under)
    for y in (top, under):
        _frame(pen, x, y)
    for line, said in enumerate(source):
        pen.text(0, under.start + 34 + 11.5 * line, said, fill=GREY)
    return pen.svg("cell-places", _title(cells), _description(cells), VIRTUAL)


def _areas(pen: Drawing, cells: CellPlaces, x: Scale, y: Scale) -> None:
    """Lung at the floor, then liver and spleen, blood, and what is lost at the top."""
    fills = (
        BLUE,
        hatched(pen, "cells-organs", "rising", INK, "#cfd8df"),
        hatched(pen, "cells-blood", "dots", "#9c2a1b"),
        LIGHT,
    )
    base = [0.0] * len(cells.minute)
    for fill, shares in zip(fills, (cells.lung, cells.organs, cells.blood, cells.dead), strict=True):
        over = [b + s for b, s in zip(base, shares, strict=True)]
        corners = [f"{point(x.at(m))} {point(y.at(v))}" for m, v in zip(cells.minute, over, strict=True)]
        back = [
            f"{point(x.at(m))} {point(y.at(v))}" for m, v in zip(reversed(cells.minute), reversed(base), strict=True)
        ]
        pen.path(f"M{' L'.join([*corners, *back])} Z", fill=fill, stroke=PAPER, stroke_width=0.8)
        base = over
    _name_areas(pen, cells, x, y)


def _name_areas(pen: Drawing, cells: CellPlaces, x: Scale, y: Scale) -> None:
    """Each word where its area is tallest, on paper."""
    base = [0.0] * len(cells.minute)
    names = ("lung", "liver and spleen", "blood", "dead or cleared")
    for said, shares in zip(names, (cells.lung, cells.organs, cells.blood, cells.dead), strict=True):
        k = max(range(len(shares)), key=lambda i, s=shares: s[i])  # type: ignore[misc]
        wide = width_of(said, bold=True)
        left = min(max(x.at(cells.minute[k]) - wide / 2, _LEFT + 6), x.end - wide - 6)
        k = min(range(len(shares)), key=lambda i, at=left + wide / 2: abs(x.at(cells.minute[i]) - at))  # type: ignore[misc]
        middle = y.at(base[k] + shares[k] / 2)
        pen.rect(left - 3, middle - 6.5, wide + 6, 12.5, fill=PAPER, fill_opacity=0.9)
        pen.text(left, middle + 3.2, said, bold=True)
        base = [b + s for b, s in zip(base, shares, strict=True)]


def _line(
    pen: Drawing, minute: Sequence[float], share: Sequence[float], x: Scale, y: Scale, colour: str, dashes: str
) -> None:
    corners = [f"{point(x.at(m))} {point(y.at(v))}" for m, v in zip(minute, share, strict=True)]
    path = f"M{' L'.join(corners)}"
    pen.path(path, fill="none", stroke=PAPER, stroke_width=3.4)
    pen.path(path, fill="none", stroke=colour, stroke_width=1.6, stroke_dasharray=dashes, stroke_linecap="round")


def _bar(pen: Drawing, published: PublishedRange, x: Scale, y: Scale) -> None:
    """A range with its ends; the two places a little apart."""
    is_lung = published.place == "lung"
    at = x.at(published.minute) + (-5 if is_lung else 5)
    low, high = y.at(published.low), y.at(published.high)
    pen.rect(at - 3, high, 6, max(1.5, low - high), fill=INK if is_lung else PAPER, stroke=INK if is_lung else BLUE)
    if is_lung:
        pen.text(at - 6, (low + high) / 2 + 3.2, "lung", anchor="end")
    elif at + 6 + width_of("liver + spleen") > x.end:
        pen.text(x.end - 3, high - 4, "liver + spleen", anchor="end")
    else:
        pen.text(at + 6, (low + high) / 2 + 3.2, "liver + spleen")


def _names(pen: Drawing, cells: CellPlaces, x: Scale, y: Scale) -> None:
    k = min(range(len(cells.minute)), key=lambda i: abs(cells.minute[i] - 300))
    pen.text(x.at(cells.minute[k]), y.at(cells.label_lung[k]) - 5, "model, lung", anchor="middle", bold=True)
    low = y.at(cells.label_organs[k]) + 13
    pen.text(x.at(cells.minute[k]), low, "model, liver and spleen", anchor="middle", bold=True, fill=BLUE)


def _frame(pen: Drawing, x: Scale, y: Scale) -> None:
    pen.rect(x.start, y.end, x.end - x.start, y.start - y.end, fill="none", stroke=GREY, stroke_width=0.6)
    for share in (0.0, 0.5, 1.0):
        pen.text(x.start - 4, y.at(share) + 3.2, f"{100 * share:.0f}", anchor="end", fill=GREY)
    for minute, said in _TIMES:
        at = x.at(minute)
        pen.line(at, y.start, at, y.start + 3, stroke=GREY, stroke_width=0.6)
        pen.text(at, y.start + 12, said, anchor="middle", fill=GREY)


def _at(cells: CellPlaces, minute: float) -> str:
    k = min(range(len(cells.minute)), key=lambda i: abs(cells.minute[i] - minute))
    shares = zip(("lung", "liver and spleen", "blood", "dead or cleared"),
                 (cells.lung, cells.organs, cells.blood, cells.dead), strict=True)  # fmt: skip
    return ", ".join(f"{name} {share[k]:.0%}" for name, share in shares)


def _title(cells: CellPlaces) -> str:
    return (
        f"{VIRTUAL}: where the cells of one dose are. After an hour: {_at(cells, 60)}. After a day: {_at(cells, 1440)}."
    )


def _description(cells: CellPlaces) -> str:
    model = "; ".join(f"after {said}: {_at(cells, minute)}" for minute, said in _TIMES)
    read = "; ".join(f"{p.place} {p.when} {p.low:.1%} to {p.high:.1%}" for p in cells.published)
    return f"{model}. Read in people: {read}. {cells.source}"
