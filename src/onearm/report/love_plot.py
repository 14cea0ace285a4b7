"""Love plot: standardised differences of every covariate before and after matching, from the `balance.*` estimates."""

from onearm.report.drawing import GREY, INK, LIGHT, PAPER, WIDTH, Drawing, width_of
from onearm.report.figures_by_id import figures_of
from onearm.report.words import Words
from onearm.results.study_result import StudyResult
from onearm.verdict.evidence import LARGEST_DIFFERENCE

_ROW, _TOP, _BOTTOM = 15.0, 4.0, 16.0
_TICKS = (-1.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0)


def love_plot(result: StudyResult, words: Words, stamp: str = "") -> str:
    """Hollow ring: everybody there that day; filled dot: the matched. "" where nothing was matched on a score."""
    figures = figures_of(result)
    names = list(dict.fromkeys(e.id.split(".")[1] for e in figures.under("balance.")))
    if not names:
        return ""
    rows = [(n, figures.value(f"balance.{n}.before"), figures.value(f"balance.{n}.after")) for n in names]
    pen = Drawing(WIDTH, _TOP + _ROW * len(rows) + _BOTTOM)
    left = max(width_of(_title(n)) for n in names) + 12
    right, bottom = WIDTH - 16, _TOP + _ROW * len(rows)

    def x(value: float) -> float:
        return left + (right - left) * (min(1.0, max(-1.0, value)) + 1) / 2

    band = x(LARGEST_DIFFERENCE) - x(-LARGEST_DIFFERENCE)
    pen.rect(x(-LARGEST_DIFFERENCE), _TOP, band, bottom - _TOP, fill=LIGHT)
    for tick in _TICKS:
        pen.line(x(tick), _TOP, x(tick), bottom, stroke=INK if tick == 0 else GREY, stroke_width=0.5)
        pen.text(x(tick), bottom + 11, words.plain(tick), anchor="middle", fill=GREY)
    for k, (name, before, after) in enumerate(rows):
        y = _TOP + _ROW * (k + 0.5)
        pen.text(0, y + 3, _title(name))
        if before is not None and after is not None:
            pen.line(x(before), y, x(after), y, stroke=GREY, stroke_width=0.8)
        if before is not None:
            pen.circle(x(before), y, 4, fill=PAPER, stroke=INK, stroke_width=1.2)
        if after is not None:
            pen.circle(x(after), y, 4, fill=INK)
        if before is None and after is None:
            pen.text(x(0) + 6, y + 3, words("love.not_known"), fill=GREY)
    told = "; ".join(f"{_title(n)} {_told(b, words)}, {_told(a, words)}" for n, b, a in rows)
    return pen.svg("love-plot", f"{words('love.heading')}: {told}", stamp=stamp)


def _title(name: str) -> str:
    return name.replace("_", " ")


def _told(value: float | None, words: Words) -> str:
    return words("love.not_known") if value is None else words.plain(round(value, 2))
