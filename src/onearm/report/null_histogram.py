"""Deaths in studies of a treatment that does nothing, with the seen count and the worst case marked (slot 4)."""

from onearm.report.drawing import BLUE, GREY, INK, LIGHT, PAPER, Drawing, width_of
from onearm.report.numbers import of_100
from onearm.report.words import Words
from onearm.results.charts import NullHistogram

WIDE, HIGH = 300.0, 110.0
_FLOOR = 76.0  # y of the axis


def null_histogram(chart: NullHistogram, n: int, words: Words, stamp: str = "") -> str:
    """One bar per count; at most the seen count is dark, the worst case hatched and outlined."""
    shown = _shown(chart)
    pen = Drawing(WIDE, HIGH)
    step = WIDE / len(shown)
    top = max(chart.mass[k] for k in shown) or 1.0
    for i, k in enumerate(shown):
        _bar(pen, i * step, step, chart, k, top)
    pen.line(0, _FLOOR, WIDE, _FLOOR, stroke_width=0.9)
    every = 1 if step >= 15 else 5 if step >= 4 else 10
    for i, k in enumerate(shown):
        if k % every == 0:
            pen.text(
                (i + 0.5) * step,
                _FLOOR + 11,
                str(k),
                anchor="middle",
                fill=INK if k == chart.observed else GREY,
                bold=k == chart.observed,
            )
    same = chart.observed == chart.worst_case
    _pointer(
        pen, (chart.observed + 0.5) * step, words("null.seen" if not same else "null.seen_and_worst", k=chart.observed)
    )
    if not same and chart.worst_case in shown:
        _pointer(pen, (chart.worst_case + 0.5) * step, words("null.worst_pointer", k=chart.worst_case))
    pen.text(WIDE, 9, words("null.axis", n=n), anchor="end", fill=GREY)
    told = "; ".join(f"{k}: {words.of_100(chart.mass[k])}" for k in shown)
    return pen.svg(
        "null-histogram", words("null.title", n=n, told=told, seen=chart.observed, worst=chart.worst_case), stamp=stamp
    )


def _shown(chart: NullHistogram) -> range:
    """Counts up to the last that matters: a long empty tail is left out."""
    last = max(k for k, m in enumerate(chart.mass) if m >= 0.001 or k in (chart.observed, chart.worst_case))
    return range(min(len(chart.mass), max(last + 2, 8)))


def _bar(pen: Drawing, x: float, step: float, chart: NullHistogram, k: int, top: float) -> None:
    high = (_FLOOR - 14) * chart.mass[k] / top
    y, inset = _FLOOR - high, min(1.5, 0.15 * step)
    seen, worst = k <= chart.observed, chart.observed < k <= chart.worst_case
    pen.rect(
        x + inset,
        y,
        step - 2 * inset,
        high,
        fill=INK if seen else LIGHT if worst else PAPER,
        stroke=INK if seen else BLUE,
        stroke_width=0.8,
    )
    if worst and step > 8:
        for k_line in range(int(high // 5) + 1):
            bottom = min(_FLOOR, y + 5 * k_line + 5)
            pen.line(x + inset, bottom, x + step - inset, max(y, bottom - 5), stroke=BLUE, stroke_width=0.5)
    x_of_100 = of_100(chart.mass[k])
    if step >= 15 and x_of_100 is not None:
        pen.text(x + step / 2, y - 3, str(x_of_100), anchor="middle", bold=k == chart.observed)


def _pointer(pen: Drawing, x: float, said: str) -> None:
    """A triangle under the axis and what it points at."""
    y = _FLOOR + 15
    pen.path(f"M{x:.2f} {y} l4 6 h-8 z", fill=INK)
    room = width_of(said, bold=True) / 2 + 2
    pen.text(min(max(x, room), WIDE - room), y + 16, said, anchor="middle", bold=True)
