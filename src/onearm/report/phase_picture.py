"""Phase picture: damage against phagocytes, where the model rests, and the border between healing and not."""

from onearm.report.drawing import BLUE, GREY, INK, LIGHT, PAPER, RED, WIDTH, Drawing, point, width_of
from onearm.report.hatching import symbol
from onearm.report.scale import Scale, plain
from onearm.report.ward_chart import VIRTUAL
from onearm.results.virtual_figures import PhasePath, PhasePicture

_LEFT, _TOP, _PLOT = 34.0, 32.0, 236.0
#: outcome: how it is told, colour, dashes, sign at its end (circle, square, triangle), filled
_STYLES = {
    "dead": ("dead", INK, None, 1, True),
    "ventilated": ("ventilated", "#7d858d", "5 2", 2, False),
    "off": ("off the ventilator", BLUE, "1.5 2", 0, False),
}


def phase_picture(picture: PhasePicture) -> str:
    """A path for each patient from the first day of ventilation, marked at its end by what became of the patient."""
    floor = _TOP + _PLOT
    pen = Drawing(WIDTH, floor + 30)
    highest_n = max([1.05, *(v for p in picture.paths for v in p.n)])
    highest_d = max([18.0, *(v for p in picture.paths for v in p.d)])
    x, y = Scale(0, 1.04 * highest_n, _LEFT, WIDTH - 6), Scale(0, 1.06 * highest_d, floor, _TOP)
    _head(pen, picture)
    _axes(pen, x, y)
    _border(pen, picture, x, y)
    for path in sorted(picture.paths, key=lambda p: list(_STYLES).index(p.outcome)):
        _path(pen, path, x, y)
    _rests(pen, picture, x, y)
    return pen.svg("phase", _title(picture), _description(picture), VIRTUAL)


def _head(pen: Drawing, picture: PhasePicture) -> None:
    pen.text(
        0,
        10,
        f"damage D (upright) against activated phagocytes N; end of a path = day {picture.horizon} or death",
        bold=True,
    )
    at = 0.0
    for told, colour, dashes, kind, full in _STYLES.values():
        pen.line(at, 21, at + 22, 21, stroke=colour, stroke_width=1.3, stroke_dasharray=dashes)
        symbol(pen, kind, at + 25, 21, 3, colour if full else PAPER, colour)
        pen.text(at + 33, 24, told, fill=GREY)
        at += 46 + width_of(told)


def _axes(pen: Drawing, x: Scale, y: Scale) -> None:
    for tick in y.ticks(6):
        pen.line(x.start, y.at(tick), x.end, y.at(tick), stroke=LIGHT, stroke_width=0.5)
        pen.text(x.start - 4, y.at(tick) + 3.2, plain(tick), anchor="end", fill=GREY)
    for tick in x.ticks(7):
        pen.text(x.at(tick), y.start + 12, plain(tick), anchor="middle", fill=GREY)
    pen.rect(x.start, y.end, x.end - x.start, y.start - y.end, fill="none", stroke=GREY, stroke_width=0.6)
    pen.text(x.start, y.start + 24, "N and D in the amounts of Reynolds 2006", fill=GREY)


def _border(pen: Drawing, picture: PhasePicture, x: Scale, y: Scale) -> None:
    corners = [
        f"{point(x.at(n))} {point(y.at(d))}" for n, d in zip(picture.boundary_n, picture.boundary_d, strict=True)
    ]
    if not corners:
        return
    pen.path(f"M{' L'.join(corners)} L{point(x.start)} {point(y.start)} Z", fill="#eef1f4")
    pen.path(f"M{' L'.join(corners)}", fill="none", stroke=RED, stroke_width=2.2, stroke_dasharray="9 3")


def _path(pen: Drawing, path: PhasePath, x: Scale, y: Scale) -> None:
    _, colour, dashes, kind, full = _STYLES[path.outcome]
    if not path.n:
        return
    corners = [f"{point(x.at(n))} {point(y.at(d))}" for n, d in zip(path.n, path.d, strict=True)]
    pen.path(f"M{' L'.join(corners)}", fill="none", stroke=colour, stroke_width=0.9, stroke_dasharray=dashes)
    symbol(pen, kind, x.at(path.n[-1]), y.at(path.d[-1]), 2.6, colour if full else PAPER, colour)


def _rests(pen: Drawing, picture: PhasePicture, x: Scale, y: Scale) -> None:
    """The attractors, named; and what the border is."""
    for place, attractor in enumerate(picture.attractors):
        at, high = x.at(attractor.n), y.at(attractor.d)
        pen.circle(at, high, 6, fill="none", stroke=RED, stroke_width=2)
        wide = width_of(attractor.name, bold=True)
        left = min(max(at + 9, x.start + 3), x.end - wide - 3)
        base = high + 19 if place % 2 else high - 9  # neighbours do not cover each other
        pen.rect(left - 2, base - 9, wide + 4, 12, fill=PAPER, fill_opacity=0.85)
        pen.text(left, base, attractor.name, bold=True, fill=RED)
    if picture.boundary_n:
        said = "border: below it the middle patient heals once the pathogen is gone"
        pen.rect(x.start + 8, y.end + 5, width_of(said), 12, fill=PAPER, fill_opacity=0.85)
        pen.text(x.start + 10, y.end + 14, said, fill=RED)


def _title(picture: PhasePicture) -> str:
    counts = {o: sum(p.outcome == o for p in picture.paths) for o in _STYLES}
    told = ", ".join(f"{n} {_STYLES[o][0]}" for o, n in counts.items())
    return f"{VIRTUAL} people, phagocytes against damage from ventilation on. On day {picture.horizon}: {told}."


def _description(picture: PhasePicture) -> str:
    rests = "; ".join(f"{a.name} at N {a.n:.3g}, D {a.d:.3g}" for a in picture.attractors)
    border = ", ".join(f"N {n:.2g} D {d:.2g}" for n, d in zip(picture.boundary_n, picture.boundary_d, strict=True))
    return f"The model rests in: {rests}. Border: {border}."
