"""The ladder of evidence L0-L4 with the step this study stands on (slot 1)."""

from onearm.report.drawing import GREY, INK, LIGHT, PAPER, WIDTH, Drawing, wrapped
from onearm.report.words import Words

LEVELS = ("L0", "L1", "L2", "L3", "L4")
_HEIGHT, _GAP = 32.0, 4.0


def level_bar(level: str, words: Words, stamp: str = "") -> str:
    """Five steps; the one reached is filled black with white words, so that it reads in black and white.

    `level` "" (a virtual study) fills none.
    """
    pen = Drawing(WIDTH, _HEIGHT)
    step = (WIDTH - _GAP * (len(LEVELS) - 1)) / len(LEVELS)
    for i, name in enumerate(LEVELS):
        x, here = i * (step + _GAP), name == level
        never = name == "L4" and level not in ("", "L4")
        pen.rect(
            x + 0.5,
            0.5,
            step - 1,
            _HEIGHT - 1,
            fill=INK if here else PAPER if never else LIGHT,
            stroke=INK if here else GREY if never else LIGHT,
            stroke_dasharray="3 2" if never else None,
            stroke_width=0.8,
        )
        ink = PAPER if here else INK
        pen.text(x + 7, 15, name, size=11, bold=True, fill=ink)
        for k, line in enumerate(wrapped(words(f"level.{name}_short"), step - 34)):
            pen.text(x + 30, 14.5 + 11 * k, line, fill=ink)
    said = (
        words("level.bar_title", level=level, meaning=words(f"level.{level}_short")) if level else words("level.none")
    )
    return pen.svg("level-bar", said, words("level.bar_more"), stamp)
