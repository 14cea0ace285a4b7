"""Small marks beside words: passed, failed, up, down, unchanged. Shapes, because fonts differ in their glyphs."""

from onearm.report.drawing import GREY, INK, RED, Drawing

SIDE = 9.0  # points


def passed(name: str, said: str) -> str:
    """A check mark; `said` is what it means in words."""
    pen = Drawing(SIDE, SIDE)
    pen.path("M1.2 4.9 L3.6 7.4 L7.9 1.8", fill="none", stroke=INK, stroke_width=1.7)
    return pen.svg(name, said)


def failed(name: str, said: str) -> str:
    """A cross."""
    pen = Drawing(SIDE, SIDE)
    pen.path("M1.8 1.8 L7.2 7.2 M7.2 1.8 L1.8 7.2", fill="none", stroke=RED, stroke_width=1.7)
    return pen.svg(name, said)


def unknown(name: str, said: str) -> str:
    """An open ring: cannot be told."""
    pen = Drawing(SIDE, SIDE)
    pen.circle(4.5, 4.5, 3.1, fill="none", stroke=GREY, stroke_width=1.4, stroke_dasharray="1.6 1.2")
    return pen.svg(name, said)


def arrow(name: str, said: str, direction: str) -> str:
    """An arrow for "rose" or "fell", a level bar for "no_change", an open ring for anything else."""
    shapes = {
        "rose": "M4.5 8 V1.6 M1.8 4.2 L4.5 1.4 L7.2 4.2",
        "fell": "M4.5 1 V7.4 M1.8 4.8 L4.5 7.6 L7.2 4.8",
        "no_change": "M1.2 4.5 H7.8",
    }
    if direction not in shapes:
        return unknown(name, said)
    pen = Drawing(SIDE, SIDE)
    pen.path(shapes[direction], fill="none", stroke=INK, stroke_width=1.5)
    return pen.svg(name, said)
