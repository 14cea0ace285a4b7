"""Population bands: one marker in three selections of the same people, beside each other on one axis.

The eye should see that who is counted moves the middle as much as any treatment could.
"""

from collections.abc import Sequence

from onearm.report.drawing import GREY, INK, LIGHT, PAPER, WIDTH, Drawing, point
from onearm.report.hatching import hatched
from onearm.report.scale import Scale, plain
from onearm.report.ward_chart import VIRTUAL
from onearm.results.virtual_figures import BandPanel, PopulationBands

_LEFT, _BETWEEN, _PLOT, _DEAD = 44.0, 14.0, 116.0, 30.0
_MIDDLE = "#a9bccb"


def population_bands(bands: PopulationBands) -> str:
    """Median, 50 and 90 % of the people by day; the dead, where counted, stand at the worse end and grow below."""
    top = 36.0
    floor = top + _PLOT
    pen = Drawing(WIDTH, floor + _DEAD + 47)
    y = Scale(*_ends(bands), floor, top, bands.logarithmic)
    wide = (WIDTH - _LEFT - _BETWEEN * (len(bands.panels) - 1)) / max(3, len(bands.panels))
    _head(pen, bands)
    for tick in y.ticks(6):
        pen.text(_LEFT - 4, y.at(tick) + 3.2, plain(tick), anchor="end", fill=GREY)
    dots = hatched(pen, f"dead-{_slug(bands)}", "rising", PAPER, INK)
    for place, panel in enumerate(bands.panels):
        left = _LEFT + place * (wide + _BETWEEN)
        x = Scale(panel.day[0], panel.day[-1], left, left + wide - 4)
        _panel(pen, panel, bands.worse, x, y)
        _below(pen, panel, x, floor, dots)
    return pen.svg(f"bands-{_slug(bands)}", _title(bands), _description(bands), VIRTUAL)


def _slug(bands: PopulationBands) -> str:
    return "".join(c if c.isalnum() else "-" for c in bands.marker)


def _ends(bands: PopulationBands) -> tuple[float, float]:
    """Ends of the axis that all panels share."""
    values = [v for p in bands.panels for q in p.quantiles for v in q if v is not None]
    if not values:
        return (1.0, 10.0)
    low, high = min(values), max(values)
    if bands.logarithmic:
        return low / 1.15, high * 1.15
    return 0.0, high * 1.05


def _head(pen: Drawing, bands: PopulationBands) -> None:
    pen.text(0, 10, f"{bands.marker}, {bands.unit}", bold=True, size=10)
    at = 190.0
    for fill, high, said in ((LIGHT, 9.0, "9 in 10"), (_MIDDLE, 9.0, "half of them"), (INK, 2.0, "median")):
        pen.rect(at, 7 - high / 2, 16, high, fill=fill)
        pen.text(at + 20, 10, said, fill=GREY)
        at += 100


def _panel(pen: Drawing, panel: BandPanel, worse: str, x: Scale, y: Scale) -> None:
    pen.text(x.start, 29, panel.title, bold=True)
    for tick in y.ticks(6):
        pen.line(x.start, y.at(tick), x.end, y.at(tick), stroke=LIGHT, stroke_width=0.5)
    pen.rect(x.start, y.end, x.end - x.start, y.start - y.end, fill="none", stroke=GREY, stroke_width=0.6)
    lowest, low, middle, high, highest = (_heights(panel, q, worse, y) for q in panel.quantiles)
    for lower, upper, fill in ((lowest, highest, LIGHT), (low, high, _MIDDLE)):
        _area(pen, panel, lower, upper, x, fill)
    known = [(d, h) for d, h in zip(panel.day, middle, strict=True) if h is not None]
    if len(known) > 1:
        corners = " L".join(f"{point(x.at(d))} {point(h)}" for d, h in known)
        pen.path(f"M{corners}", fill="none", stroke=INK, stroke_width=1.8)


def _heights(panel: BandPanel, values: Sequence[float | None], worse: str, y: Scale) -> list[float | None]:
    """Points of a quantile; among the dead it lies at the worse end, without anybody nowhere."""
    end = y.start if worse == "low" else y.end
    return [None if not n else end if v is None else y.at(v) for v, n in zip(values, panel.n, strict=True)]


def _area(
    pen: Drawing, panel: BandPanel, lower: Sequence[float | None], upper: Sequence[float | None], x: Scale, fill: str
) -> None:
    there = [(d, a, b) for d, a, b in zip(panel.day, lower, upper, strict=True) if a is not None and b is not None]
    if len(there) < 2:
        return
    over = [f"{point(x.at(d))} {point(b)}" for d, _, b in there]
    back = [f"{point(x.at(d))} {point(a)}" for d, a, _ in reversed(there)]
    pen.path(f"M{' L'.join([*over, *back])} Z", fill=fill)


def _below(pen: Drawing, panel: BandPanel, x: Scale, floor: float, fill: str) -> None:
    """Days, how many are counted, and the dead as a growing share of everyone."""
    days = [d for d in panel.day if d % 7 == 0]
    for day in days:
        anchor = "end" if day == panel.day[-1] else "start" if day == panel.day[0] else "middle"
        pen.line(x.at(day), floor, x.at(day), floor + 3, stroke=GREY, stroke_width=0.6)
        pen.text(x.at(day), floor + 12, str(day), anchor=anchor, fill=GREY)
        pen.text(x.at(day), floor + 24, f"{panel.n[panel.day.index(day)]}", anchor=anchor)
    pen.text(x.start, floor + _DEAD + 42, f"day since {panel.clock}", fill=GREY)
    if x.start <= _LEFT:
        pen.text(0, floor + 24, "counted", fill=GREY)
    if not any(panel.dead):
        return
    share = Scale(0, 1, floor + _DEAD + 30, floor + 30)
    over = [f"{point(x.at(d))} {point(share.at(v))}" for d, v in zip(panel.day, panel.dead, strict=True)]
    pen.rect(x.start, share.end, x.end - x.start, _DEAD, fill=PAPER, stroke=GREY, stroke_width=0.6)
    pen.path(
        f"M{point(x.start)} {point(share.start)} L{' L'.join(over)} L{point(x.end)} {point(share.start)} Z", fill=fill
    )
    pen.text(x.start + 4, share.end + 10, f"dead {panel.dead[-1]:.0%}", bold=True)


def _title(bands: PopulationBands) -> str:
    told = []
    for panel in bands.panels:
        first, last = (_told(panel.quantiles[2][k], panel.n[k]) for k in (_start(panel), -1))
        told.append(f"{panel.title}: median {first}, at the end {last}")
    return f"{VIRTUAL} people, {bands.marker} ({bands.unit}). {'; '.join(told)}."


def _start(panel: BandPanel) -> int:
    return panel.day.index(0) if 0 in panel.day else 0


def _told(value: float | None, n: int) -> str:
    return f"{value:.3g} (n {n})" if value is not None else f"among the dead (n {n})" if n else "nobody"


def _description(bands: PopulationBands) -> str:
    told = [
        f"{p.title}, day {d}: n {p.n[k]}, {', '.join(_told(q[k], p.n[k]) for q in p.quantiles)}"
        for p in bands.panels
        for k, d in enumerate(p.day)
        if d % 7 == 0
    ]
    return "5, 25, 50, 75 and 95 %. " + "; ".join(told)
