"""Outcome stack: ventilated, off the ventilator and dead by day, groups beside each other on one axis."""

from collections.abc import Sequence

from onearm.report.drawing import BLUE, GREY, INK, PAPER, WIDTH, Drawing, point, wrapped
from onearm.report.hatching import hatched
from onearm.report.scale import Scale
from onearm.report.ward_chart import VIRTUAL
from onearm.results.virtual_figures import OutcomeStack

_LEFT, _BETWEEN, _PLOT, _TOP = 36.0, 16.0, 120.0, 42.0


def outcome_stack(stacks: Sequence[OutcomeStack]) -> str:
    """The dead from below, those off the ventilator from above, the ventilated between; each word on its area."""
    pen = Drawing(WIDTH, _TOP + _PLOT + 30)
    wide = (WIDTH - _LEFT - _BETWEEN * (len(stacks) - 1)) / max(3, len(stacks))
    y = Scale(0, 1, _TOP + _PLOT, _TOP)
    for share in (0.0, 0.5, 1.0):
        pen.text(_LEFT - 4, y.at(share) + 3.2, f"{share:.0%}", anchor="end", fill=GREY)
    off = hatched(pen, "stack-off", "falling", "#8a9199")
    for place, stack in enumerate(stacks):
        left = _LEFT + place * (wide + _BETWEEN)
        _panel(pen, stack, Scale(0, len(stack.dead) - 1, left, left + wide - 6), y, off)
    return pen.svg("outcomes", _title(stacks), _description(stacks), VIRTUAL)


def _panel(pen: Drawing, stack: OutcomeStack, x: Scale, y: Scale, off: str) -> None:
    for line, said in enumerate(wrapped(stack.title, x.end - x.start)[:2]):
        pen.text(x.start, 10 + 11 * line, said, bold=True)
    pen.text(x.start, _TOP - 8, f"n = {stack.n}", fill=GREY)
    pen.rect(x.start, y.end, x.end - x.start, y.start - y.end, fill=off)
    alive = [d + v for d, v in zip(stack.dead, stack.ventilated, strict=True)]
    for heights, fill in ((alive, BLUE), (stack.dead, INK)):
        corners = " L".join(f"{point(x.at(k))} {point(y.at(h))}" for k, h in enumerate(heights))
        area = f"M{point(x.start)} {point(y.start)} L{corners} L{point(x.end)} {point(y.start)} Z"
        pen.path(area, fill=fill, stroke=PAPER, stroke_width=0.8)
    pen.rect(x.start, y.end, x.end - x.start, y.start - y.end, fill="none", stroke=GREY, stroke_width=0.6)
    end = (stack.dead[-1], stack.ventilated[-1], stack.off[-1])
    for said, share, middle in (
        ("dead", end[0], end[0] / 2),
        ("ventilated", end[1], end[0] + end[1] / 2),
        ("off", end[2], 1 - end[2] / 2),
    ):
        if share * _PLOT < 13:
            continue
        told = f"{said} {share:.0%}"
        if said == "off":  # words on lines need paper under them
            wide = 6.2 * len(told)
            pen.rect(x.end - 5 - wide, y.at(middle) - 5.5, wide + 3, 11, fill=PAPER)
        pen.text(x.end - 4, y.at(middle) + 3.2, told, anchor="end", bold=True, fill=INK if said == "off" else PAPER)
    for day in range(0, len(stack.dead), 7):
        pen.text(x.at(day), y.start + 12, str(day), anchor="middle", fill=GREY)
    pen.text(x.start, y.start + 24, "day since ventilation", fill=GREY)


def _title(stacks: Sequence[OutcomeStack]) -> str:
    told = "; ".join(f"{s.title} (n {s.n}): {_shares(s, -1)}" for s in stacks)
    return f"{VIRTUAL} people on the last day. {told}."


def _shares(stack: OutcomeStack, k: int) -> str:
    return f"{stack.dead[k]:.0%} dead, {stack.ventilated[k]:.0%} ventilated, {stack.off[k]:.0%} off the ventilator"


def _description(stacks: Sequence[OutcomeStack]) -> str:
    return "; ".join(f"{s.title}, day {k}: {_shares(s, k)}" for s in stacks for k in range(0, len(s.dead), 7))
