"""One row per treated patient, state by day, a tick where treatment began (slot 9, `analyse`)."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from onearm.report.drawing import BLUE, GREY, INK, LIGHT, PAPER, RED, WIDTH, Drawing
from onearm.report.words import Words
from onearm.results.charts import DayStrip

_LABEL, _TOP = 62.0, 14.0
_NAMED = 40  # more rows than this are drawn thinner, without names
FILLS: dict[str, tuple[str, str]] = {
    "V": (BLUE, PAPER),
    "E": (LIGHT, INK),
    "H": (PAPER, INK),
    "D": (INK, PAPER),
    "?": (PAPER, INK),
    "O": (LIGHT, INK),
}
_NAMES = {"V": "ventilated", "E": "off", "H": "home", "D": "dead", "?": "unknown", "O": "followed"}


def day_strips(strips: Sequence[DayStrip], words: Words, stamp: str = "") -> str:
    """Runs of one state are one block with its letter where there is room; a red tick marks the index day."""
    last = max(max(len(s.states), s.index_day + 1) for s in strips)
    row = 12.5 if len(strips) <= _NAMED else 5.0
    bottom = _TOP + row * len(strips)
    pen = Drawing(WIDTH, bottom + 8)
    day = (WIDTH - _LABEL - 4) / last
    every = next(e for e in (1, 7, 28, 100, 365, 1000, 10_000) if e * day >= 22)
    for d in range(0, last + 1, every):
        pen.text(_LABEL + d * day, 9, str(d), anchor="middle", fill=GREY)
        pen.line(_LABEL + d * day, 11, _LABEL + d * day, bottom, stroke=LIGHT, stroke_width=0.6)
    for i, strip in enumerate(strips):
        y = _TOP + i * row
        if row > 9:
            pen.text(0, y + row - 3, strip.person[:11])
        for start, length, state in _runs(strip.states):
            _block(pen, _LABEL + start * day, y + 0.8, length * day, row - 1.6, state)
        x = _LABEL + strip.index_day * day
        pen.line(x, y - 0.4, x, y + row, stroke=PAPER, stroke_width=3.6)
        pen.line(x, y - 0.4, x, y + row, stroke=RED, stroke_width=1.8)
    told = "; ".join(f"{s.person} {words('strip.day', day=s.index_day)}" for s in strips)
    return pen.svg("day-strips", words("strip.title", n=len(strips)), told, stamp)


def strip_legend(strips: Sequence[DayStrip], words: Words) -> str:
    """What the letters that occur mean, and the tick."""
    found = [state for state in FILLS if any(state in s.states for s in strips)]
    told = " · ".join(f"{state} {words('strip.' + _NAMES[state])}" for state in found)
    return f"{told}. {words('strip.tick')}"


def _runs(states: str) -> Iterator[tuple[int, int, str]]:
    """Start, length and letter of each run of one state."""
    start = 0
    for state, run in groupby(states):
        length = len(list(run))
        yield start, length, state
        start += length


def _block(pen: Drawing, x: float, y: float, wide: float, high: float, state: str) -> None:
    fill, ink = FILLS.get(state, (PAPER, INK))
    dashes = "2 1.6" if state == "?" else None
    pen.rect(
        x, y, wide, high, fill=fill, stroke=GREY if fill == PAPER else fill, stroke_width=0.6, stroke_dasharray=dashes
    )
    if wide >= 10 and high >= 9:
        pen.text(x + min(wide / 2, 24), y + high - 2.2, state, anchor="middle", fill=ink)
