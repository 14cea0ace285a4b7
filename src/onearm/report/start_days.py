"""When treatment began, as a publication tells it: a median and the width of the middle half (slot 9, `appraise`)."""

from onearm.report.drawing import BLUE, GREY, INK, Drawing, wrapped
from onearm.report.words import Words
from onearm.results.charts import StartDays

_LEFT, _HIGH = 8.0, 144.0


def start_days(chart: StartDays, words: Words, width: float, stamp: str = "") -> str:
    """A day axis with the median; the middle half at its place where quartiles are known, else as a bare length."""
    last = max(21.0, *(v for v in (chart.median, chart.q3, chart.iqr_width) if v is not None)) + 3
    days = range(0, int(last) + 1, 7)
    pen = Drawing(width, _HIGH)

    def x(day: float) -> float:
        return _LEFT + (width - 2 * _LEFT) * day / last

    for k, line in enumerate(wrapped(words("start.day_axis"), 0.9 * width)):
        pen.text(0, 9 + 11.5 * k, line, bold=True)
    pen.line(x(0), 60, x(last), 60, stroke_width=0.9)
    for day in days:
        pen.line(x(day), 60, x(day), 64, stroke_width=0.7)
        pen.text(x(day), 74, str(day), anchor="middle", fill=GREY)
    if chart.q1 is not None and chart.q3 is not None:
        pen.rect(x(chart.q1), 54, x(chart.q3) - x(chart.q1), 6, fill=BLUE)
    pen.path(f"M{x(chart.median):.2f} 59 l4.5 -9 h-9 z", fill=INK)
    pen.text(
        max(x(chart.median), 36), 46, words("start.median", day=words.plain(chart.median)), anchor="middle", bold=True
    )
    told = [words("start.median", day=words.plain(chart.median))]
    if chart.q1 is not None and chart.q3 is not None:
        told.append(words("start.quartiles", q1=words.plain(chart.q1), q3=words.plain(chart.q3)))
    elif chart.iqr_width is not None:
        _length(pen, x(chart.iqr_width) - x(0))
        told.append(words("start.width", days=words.plain(chart.iqr_width)))
        for k, line in enumerate(wrapped(words("start.width_label", days=words.plain(chart.iqr_width)), width - _LEFT)):
            pen.text(_LEFT, 107 + 11.5 * k, line)
    return pen.svg("start-days", "; ".join(told), stamp=stamp)


def _length(pen: Drawing, length: float) -> None:
    """A scale bar: a length without a place, for a width whose ends were not reported."""
    for a, b in (
        ((_LEFT, 89), (_LEFT + length, 89)),
        ((_LEFT, 85.5), (_LEFT, 92.5)),
        ((_LEFT + length, 85.5), (_LEFT + length, 92.5)),
    ):
        pen.line(*a, *b, stroke=BLUE, stroke_width=1.4)
