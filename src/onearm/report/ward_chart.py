"""Ward chart of one patient: breathing, markers, drugs and the end on one axis of days since ventilation.

Filled: a recorded number. Open with an arrow: beyond the limit of the assay. Lines are drawn only where somebody may
know the true course, which of a real patient is nobody.
"""

from collections.abc import Sequence

from onearm.report.drawing import BLUE, GREY, INK, LIGHT, PAPER, RED, WIDTH, Drawing, point, width_of
from onearm.report.hatching import symbol
from onearm.report.scale import Scale, plain
from onearm.results.ward_chart import ChartInfusion, ChartLine, ChartMarker, ChartSpan, ChartStrip, WardChart

VIRTUAL = "VIRTUAL"
_LEFT, _RIGHT, _ROW = 98.0, 8.0, 13.0
_STRIP, _GAP, _BAND = 74.0, 9.0, 15.0
_COLOURS = (INK, BLUE, "#6f7780")
_TWIN = "#9aa1a8"
_DASHES = (None, "6 2", "1.5 2")  # of a marker's lines, so that grey print tells them apart
_DRUGS = ("corticosteroid", "tocilizumab", "anticoagulant")


def ward_chart(chart: WardChart) -> str:
    """The chart; everything on it stands in its description too. A virtual patient is marked across it."""
    rows = _label_rows(chart.infusions, _axis(chart))
    top = 44.0 + _ROW * (max(rows, default=0) + 1)
    under = top + _BAND + _GAP
    floor = under + len(chart.strips) * (_STRIP + _GAP)
    bottom = floor + _ROW * len(_DRUGS)
    pen, x = Drawing(WIDTH, bottom + 44), _axis(chart)
    _head(pen, chart)
    _days(pen, x, top, bottom, chart)
    _breathing(pen, chart, x, top)
    for place, strip in enumerate(chart.strips):
        _strip(pen, strip, x, under + place * (_STRIP + _GAP), chart.twin_is_the_same)
    _drugs(pen, chart.drugs, x, floor, chart.end.day)
    _infusions(pen, chart.infusions, rows, x, top, floor - _GAP)
    _end(pen, chart, x, top, bottom)
    return pen.svg(f"ward-{chart.person}", _title(chart), _description(chart), VIRTUAL if chart.virtual else "")


def _axis(chart: WardChart) -> Scale:
    return Scale(-1.0, chart.last_day, _LEFT, WIDTH - _RIGHT)


def _head(pen: Drawing, chart: WardChart) -> None:
    """Who, and what the signs mean."""
    told = f"{chart.person} · {VIRTUAL}, does not exist" if chart.virtual else chart.person
    pen.text(0, 11, told, size=11, bold=True)
    lines = any(m.truth for s in chart.strips for m in s.markers)
    at = 0.0
    for kind, said in (("full", "recorded"), ("open", "beyond the assay's limit")):
        symbol(pen, 0, at + 4, 22, 2.4, PAPER if kind == "open" else INK)
        if kind == "open":
            _arrow(pen, at + 4, 22, 1, INK)
        pen.text(at + 11, 25, said, fill=GREY)
        at += 24 + width_of(said)
    if not lines:
        return
    twin = "untreated twin: the same line" if chart.twin_is_the_same else "the same patient untreated"
    for colour, wide, said in ((INK, 0.8, "true course"), (_TWIN, 1.6, twin)):
        pen.line(at, 22, at + 14, 22, stroke=colour, stroke_width=wide)
        pen.text(at + 18, 25, said, fill=GREY)
        at += 30 + width_of(said)


def _days(pen: Drawing, x: Scale, top: float, bottom: float, chart: WardChart) -> None:
    """Day numbers above and below, and the part after the end shaded."""
    if chart.end.day < chart.last_day:
        pen.rect(x.at(chart.end.day), top, x.end - x.at(chart.end.day), bottom - top, fill="#f1f3f5")
    for day in range(0, int(chart.last_day) + 1, 2):
        is_week = day % 7 == 0
        pen.line(x.at(day), top, x.at(day), bottom, stroke=GREY if is_week else LIGHT, stroke_width=0.5)
        pen.text(x.at(day), bottom + 11, str(day), anchor="middle", bold=is_week)
    pen.text(0, bottom + 11, "day of ventilation", fill=GREY)


def _label_rows(infusions: Sequence[ChartInfusion], x: Scale) -> list[int]:
    """Row of each label, 0 next to the band: above the ticks of later doses that it reaches over, covering no label."""
    placed: list[tuple[float, float, float, int]] = []  # tick, ends of the label, row
    for infusion in reversed(infusions):
        tick, (left, right) = x.at(infusion.day), _reach(infusion, x)
        row = 1 + max((r for t, _, _, r in placed if left <= t <= right), default=-1)
        while any(r == row and a <= right + 5 and left <= b + 5 for _, a, b, r in placed):
            row += 1
        placed.append((tick, left, right, row))
    return [row for *_, row in reversed(placed)]


def _reach(infusion: ChartInfusion, x: Scale) -> tuple[float, float]:
    """Ends of a label: right of its tick, left of it at the edge of the page."""
    at, wide = x.at(infusion.day), width_of(_dose(infusion), bold=True)
    return (at + 3, at + 3 + wide) if at + 3 + wide <= WIDTH else (at - 3 - wide, at - 3)


def _dose(infusion: ChartInfusion) -> str:
    return f"dose {infusion.dose_no}: {infusion.lot}{'' if infusion.whole else ', not whole'}"


def _infusions(
    pen: Drawing, infusions: Sequence[ChartInfusion], rows: Sequence[int], x: Scale, top: float, floor: float
) -> None:
    for infusion, row in zip(infusions, rows, strict=True):
        at, y = x.at(infusion.day), top - 4 - _ROW * row
        pen.line(at, top + _BAND, at, floor, stroke=RED, stroke_width=0.7, stroke_dasharray="3 2")
        pen.line(at, y - 9, at, top + _BAND, stroke=PAPER, stroke_width=4)
        pen.line(at, y - 9, at, top + _BAND, stroke=RED, stroke_width=2)
    for infusion, row in zip(infusions, rows, strict=True):
        left, right = _reach(infusion, x)
        y = top - 4 - _ROW * row
        pen.rect(left - 1, y - 9, right - left, 11, fill=PAPER)  # a tick behind a word would be read as a letter
        pen.text(left, y, _dose(infusion), bold=True, fill=RED)


def _breathing(pen: Drawing, chart: WardChart, x: Scale, y: float) -> None:
    """The band of spells; their words keep clear of the ticks of the infusions."""
    pen.text(0, y + 11, "breathing", bold=True)
    ticks = [x.at(i.day) for i in chart.infusions]
    for span in chart.breathing:
        on = span.kind == "ventilated"
        until = chart.end.day if span.end is None else span.end
        left, right = x.at(span.start), x.at(until)
        known = span.end is not None or span.ongoing
        pen.rect(
            left,
            y,
            max(0.5, right - left),
            _BAND,
            fill=BLUE if on else LIGHT,
            stroke=INK,
            stroke_width=0.6,
            stroke_dasharray=None if known else "2 2",
        )
        said = ("ventilated" if on else "off the ventilator") + ("" if known else ", end not known")
        for text in (said, "V" if on else "off"):
            starts = (s + 4 for s in (left, *ticks) if left <= s and s + 6 + width_of(text) <= right)
            clear = (s for s in starts if not any(s - 3 < t < s + width_of(text) + 2 for t in ticks))
            start = next(clear, None)
            if start is not None:
                pen.text(start, y + 11, text, fill=PAPER if on else INK)
                break


def _strip(pen: Drawing, strip: ChartStrip, x: Scale, top: float, twin_is_the_same: bool) -> None:
    """Names and units at the left, each with its sign; the markers on their shared axis."""
    y = Scale(strip.low, strip.high, top + _STRIP, top, strip.logarithmic)
    pen.rect(x.start, top, x.end - x.start, _STRIP, fill="none", stroke=GREY, stroke_width=0.6)
    for tick in y.ticks(5) if strip.limit is None else (strip.low, strip.limit, 2 * strip.limit, strip.high):
        is_limit = tick == strip.limit
        pen.line(
            x.start,
            y.at(tick),
            x.end,
            y.at(tick),
            stroke=INK if is_limit else LIGHT,
            stroke_width=1.0 if is_limit else 0.5,
            stroke_dasharray="5 2" if is_limit else None,
        )
        pen.text(x.start - 4, y.at(tick) + 3.2, plain(tick), anchor="end", bold=is_limit, fill=INK)
    room = _STRIP / len(strip.markers)
    for place, marker in enumerate(strip.markers):
        at = top + room * place + room / 2 - 3
        symbol(pen, place, 4, at, 2.4, _COLOURS[place], _COLOURS[place])
        pen.text(11, at + 3.2, marker.name, bold=True)
        pen.text(11, at + 13, marker.unit, fill=GREY)
        if not twin_is_the_same:
            _curve(pen, marker.twin, x, y, _TWIN, 1.8, _DASHES[place])
        _curve(pen, marker.truth, x, y, _COLOURS[place], 0.8, _DASHES[place])
    for place, marker in enumerate(strip.markers):
        _points(pen, marker, place, x, y)


def _curve(
    pen: Drawing, line: ChartLine | None, x: Scale, y: Scale, colour: str, wide: float, dashes: str | None
) -> None:
    if line is None or len(line.day) < 2:
        return
    corners = [f"{point(x.at(d))} {point(y.at(v))}" for d, v in zip(line.day, line.value, strict=True)]
    pen.path(f"M{' L'.join(corners)}", fill="none", stroke=colour, stroke_width=wide, stroke_dasharray=dashes)


def _points(pen: Drawing, marker: ChartMarker, place: int, x: Scale, y: Scale) -> None:
    colour = _COLOURS[place]
    for recorded in marker.points:
        if x.beyond(recorded.day):
            continue
        at, high = x.at(recorded.day), y.at(recorded.value)
        is_number = recorded.comparator == "="
        direction = y.beyond(recorded.value) if is_number else (1 if recorded.comparator.startswith(">") else -1)
        if direction:
            _arrow(pen, at, high, direction, colour)
        symbol(pen, place, at, high, 2.2, colour if is_number else PAPER, colour)


def _arrow(pen: Drawing, x: float, y: float, direction: int, colour: str) -> None:
    """Up or down from a point: the true value lies there."""
    tip = y - 7.0 * direction
    barb = tip + 2.2 * direction
    pen.path(
        f"M{point(x)} {point(y)} V{point(tip)} M{point(x - 1.8)} {point(barb)} L{point(x)} {point(tip)} "
        f"L{point(x + 1.8)} {point(barb)}",
        fill="none",
        stroke=colour,
        stroke_width=0.9,
    )


def _drugs(pen: Drawing, spans: Sequence[ChartSpan], x: Scale, top: float, last: float) -> None:
    for place, drug in enumerate(_DRUGS):
        y = top + _ROW * place
        given = [s for s in spans if s.kind == drug]
        pen.text(0, y + 9, drug, fill=INK if given else GREY)
        if not given:
            pen.text(x.start + 4, y + 9, "none recorded", fill=GREY)
        for span in given:
            left, right = x.at(span.start), x.at(last if span.end is None else span.end)
            pen.rect(
                left, y + 2, max(1.5, right - left), _ROW - 5, fill=GREY if span.end is not None else PAPER, stroke=GREY
            )


def _end(pen: Drawing, chart: WardChart, x: Scale, top: float, bottom: float) -> None:
    at = x.at(chart.end.day)
    if chart.end.day <= chart.last_day:
        pen.line(at, top, at, bottom, stroke=INK, stroke_width=1.6)
    pen.text(0, bottom + 26, f"End: {_told_end(chart.end.state, chart.end.day)}", bold=True, size=10)
    if chart.twin_end is not None:
        told = f"Untreated twin: {_told_end(chart.twin_end.state, chart.twin_end.day)}"
        pen.text(0, bottom + 39, told, fill=GREY)


def _told_end(state: str, day: float) -> str:
    return f"{state}, day {day:.1f}"


def _title(chart: WardChart) -> str:
    doses = "; ".join(f"{_dose(i)} on day {i.day:.1f}" for i in chart.infusions) or "no infusion"
    said = f"{chart.person}: {doses}. {_told_end(chart.end.state, chart.end.day)}."
    return f"{VIRTUAL} patient {said}" if chart.virtual else f"Patient {said}"


def _description(chart: WardChart) -> str:
    parts = []
    for marker in (m for s in chart.strips for m in s.markers):
        told = ", ".join(
            f"{'' if p.comparator == '=' else p.comparator}{p.value:g} on day {p.day:.1f}"
            for p in marker.points
            if p.day <= chart.last_day
        )
        parts.append(f"{marker.name} ({marker.unit}): {told or 'not recorded'}")
    drugs = [f"{s.kind} from day {s.start:.1f}" for s in chart.drugs]
    return "; ".join([*parts, *drugs])
