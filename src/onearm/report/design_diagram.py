"""The study design on one axis of days: day zero, look-back windows, the index day, follow-up (annex)."""

from onearm.report.deaths import index_text
from onearm.report.drawing import BLUE, GREY, INK, LIGHT, PAPER, RED, WIDTH, Drawing, wrapped
from onearm.report.numbers import MINUS
from onearm.report.words import Words
from onearm.results.reporting import DesignWindow, StudyDesign

_LEFT = 262.0  # words of the rows; the axis begins after them
_AXIS, _LINE, _PAD = 20.0, 11.5, 7.0
_LEAST, _MOST = 0.2, 0.45  # share of the axis before the index day
_APART = 24.0  # between two labels of the axis
_FILLS = {"entry": PAPER, "lookback": LIGHT, "index": RED, "follow_up": BLUE}


def design_diagram(design: StudyDesign, words: Words, stamp: str = "") -> str:
    """One row a window: its words, then its bar; an open beginning has an arrow head and a dashed end."""
    told = [wrapped(_said(w, design, words), _LEFT - 10) for w in design.windows]
    rows = [max(16.0, _LINE * len(lines) + _PAD) for lines in told]
    pen = Drawing(WIDTH, _AXIS + sum(rows) + 2)
    before = _days_before(design)
    scale = _Scale(before, design.horizon)
    _axis(pen, scale, words)
    y = _AXIS
    for window, lines, high in zip(design.windows, told, rows, strict=True):
        pen.line(0, y, WIDTH, y, stroke=LIGHT, stroke_width=0.7)
        for k, line in enumerate(lines):
            pen.text(0, y + (high - _LINE * len(lines)) / 2 + 9 + k * _LINE, line)
        _bar(pen, scale, window, y + high / 2)
        y += high
    zero = scale.x(0)
    pen.line(zero, _AXIS - 4, zero, y, stroke=RED, stroke_width=1.2, stroke_dasharray="3 2")
    title = words("design.title", index=index_text(design.index, words), days=design.horizon)
    return pen.svg(
        "design-diagram", f"{title}: " + "; ".join(_said(w, design, words) for w in design.windows), "", stamp
    )


class _Scale:
    """Where a day lies; days before the first one drawn fall on the left end."""

    def __init__(self, before: int, after: int) -> None:
        self.before, self.after = before, after
        self.left, self.right = _LEFT + 12, WIDTH - 8
        share = max(_LEAST, min(_MOST, before / (before + after)))
        self.zero = self.left + share * (self.right - self.left)

    def x(self, day: int | None) -> float:
        """Position of the start of a day."""
        if day is None or day <= -self.before:
            return self.left
        if day < 0:
            return self.zero + day * (self.zero - self.left) / self.before
        return self.zero + min(day, self.after) * (self.right - self.zero) / self.after


def _days_before(design: StudyDesign) -> int:
    """The longest stretch before the index day worth drawing: no more than the follow-up."""
    lookback = [-w.first for w in design.windows if w.first is not None and w.first < 0]
    return min(design.horizon, max([design.start_last or 0, 7, *lookback]))


def _said(window: DesignWindow, design: StudyDesign, words: Words) -> str:
    """The words of a window, with what the data show of it."""
    said = words.of(window, "label")
    if window.kind == "entry" and design.start_median is not None and design.start_first is not None:
        said += words(
            "design.starts",
            first=words.whole(design.start_first),
            median=words.plain(design.start_median),
            last=words.whole(design.start_last or 0),
        )
    if window.kind == "follow_up" and design.followed_median is not None:
        said += words("design.followed", days=words.plain(design.followed_median))
    return said


def _axis(pen: Drawing, scale: _Scale, words: Words) -> None:
    pen.text(0, 9, words("design.axis"), fill=GREY)
    for day in _ticks(scale):
        x = scale.x(day)
        said = words.whole(day) if day >= 0 else f"{MINUS}{words.whole(-day)}"
        pen.text(x, 9, said, anchor="middle", fill=GREY)
        pen.line(x, 12, x, 16, stroke=GREY, stroke_width=0.7)
    pen.line(scale.left, 16, scale.right, 16, stroke=GREY, stroke_width=0.7)


def _ticks(scale: _Scale) -> list[int]:
    """The ends, the index day, and whole weeks, months or years that leave room for their labels."""
    kept = [-scale.before, 0, scale.after]
    step = next(s for s in (7, 28, 100, 365, 100_000) if scale.x(s) - scale.x(0) >= _APART or s > scale.after)
    for day in range(step, scale.after, step):
        if all(abs(scale.x(day) - scale.x(other)) >= _APART for other in kept):
            kept.append(day)
    return kept


def _bar(pen: Drawing, scale: _Scale, window: DesignWindow, middle: float) -> None:
    left, right = scale.x(window.first), scale.x(window.last)
    fill = _FILLS[window.kind]
    if window.kind == "index" or left == right:
        pen.path(
            f"M{left:.2f} {middle - 6:.2f} L{left + 5:.2f} {middle:.2f} L{left:.2f} {middle + 6:.2f} "
            f"L{left - 5:.2f} {middle:.2f} Z",
            fill=fill,
            stroke=INK,
            stroke_width=0.8,
        )
        return
    pen.rect(left, middle - 5, right - left, 10, fill=fill, stroke=INK, stroke_width=0.8)
    if window.first is None or window.first < -scale.before:  # it reaches back beyond the axis
        pen.path(f"M{left:.2f} {middle - 5:.2f} L{left - 7:.2f} {middle:.2f} L{left:.2f} {middle + 5:.2f} Z", fill=INK)
