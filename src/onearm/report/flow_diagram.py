"""Who was left after each rule, top to bottom: a box with the count, the rule on the arrow to the next (annex)."""

from collections.abc import Sequence

from onearm.report.drawing import GREY, INK, LIGHT, PAPER, TYPE, WIDTH, Drawing, width_of, wrapped
from onearm.report.words import Words
from onearm.results.attrition import AttritionRow

_BOX, _HIGH, _LINE, _GAP = 84.0, 18.0, 11.5, 8.0
_RULE = 98.0  # where the rule beside the arrow begins
_LONGEST = 120.0  # room for the name of a rule, points


def flow_diagram(steps: Sequence[AttritionRow], words: Words, stamp: str = "") -> str:
    """Boxes of those left, joined by arrows; beside each arrow the rule, its reason, and whether nobody left."""
    reason_x = _RULE + min(_LONGEST, max(width_of(s.rule, bold=True) for s in steps)) + 8
    told = [wrapped(_reason(step, words), WIDTH - reason_x) for step in steps]
    arrows = [max(20.0, _LINE * len(lines) + _GAP) for lines in told]
    pen = Drawing(WIDTH, (_HIGH + 1) * (len(steps) + 1) + sum(arrows) + 1)
    y = 0.5
    _box(pen, y, words.whole(steps[0].n_before), words("flow.start"))
    for step, lines, high in zip(steps, told, arrows, strict=True):
        y += _HIGH
        _arrow(pen, y, high)
        top = y + (high - _LINE * len(lines)) / 2 + TYPE
        pen.text(_RULE, top, step.rule, bold=True)
        for k, line in enumerate(lines):
            pen.text(reason_x, top + k * _LINE, line)
        y += high + 1
        last = step is steps[-1]
        _box(pen, y, words.whole(step.n_after), words("flow.end") if last else "", strong=last)
    path = "; ".join(f"{s.rule}: {words.whole(s.n_before)} → {words.whole(s.n_after)}" for s in steps)
    return pen.svg("flow-diagram", words("flow.title", path=path), stamp=stamp)


def _reason(step: AttritionRow, words: Words) -> str:
    """Why, and whether anybody left."""
    kept = "" if step.n_before != step.n_after else f"; {words('flow.nobody')}"
    return words.of(step, "reason") + kept


def _box(pen: Drawing, y: float, count: str, beside: str, strong: bool = False) -> None:
    pen.rect(0.5, y, _BOX, _HIGH, fill=LIGHT if strong else PAPER, stroke=INK, stroke_width=1.6 if strong else 0.9)
    pen.text(0.5 + _BOX / 2, y + 12.8, count, size=11, anchor="middle", bold=True)
    pen.text(_RULE, y + 12.5, beside, fill=GREY)


def _arrow(pen: Drawing, y: float, high: float) -> None:
    x = 0.5 + _BOX / 2
    pen.line(x, y, x, y + high - 3, stroke_width=1.0)
    pen.path(f"M{x - 3:g} {y + high - 4:.2f} L{x:g} {y + high + 0.6:.2f} L{x + 3:g} {y + high - 4:.2f} Z", fill=INK)
