"""Fills that stay apart in grey print: lines and dots on paper."""

from collections.abc import Mapping

from onearm.report.drawing import GREY, INK, PAPER, Drawing

_LINES: Mapping[str, str] = {
    "rising": "M-1 5 L5 -1 M3 9 L9 3 M-1 13 L13 -1",
    "falling": "M-1 3 L5 9 M3 -1 L9 5",
    "level": "M0 2 H8 M0 6 H8",
    "dots": "M2 2 h.01 M6 6 h.01",
}


def hatched(pen: Drawing, name: str, kind: str, ink: str = GREY, paper: str = PAPER) -> str:
    """A fill for shapes drawn later; `name` is unique in the page, `kind` is rising, falling, level or dots."""
    wide = 1.8 if kind == "dots" else 0.8
    pen.parts.append(
        f'<defs><pattern id="{name}" width="8" height="8" patternUnits="userSpaceOnUse">'
        f'<rect width="8" height="8" fill="{paper}"/>'
        f'<path d="{_LINES[kind]}" fill="none" stroke="{ink}" stroke-width="{wide}" stroke-linecap="round"/>'
        "</pattern></defs>"
    )
    return f"url(#{name})"


def symbol(pen: Drawing, kind: int, x: float, y: float, r: float, fill: str, stroke: str = INK) -> None:
    """Circle, square or triangle by number; shapes tell series apart without colour."""
    style = {"fill": fill, "stroke": stroke, "stroke_width": 0.9}
    if kind % 3 == 0:
        pen.circle(x, y, r, **style)
    elif kind % 3 == 1:
        pen.rect(x - 0.9 * r, y - 0.9 * r, 1.8 * r, 1.8 * r, **style)
    else:
        corners = f"M{x - 1.15 * r:.2f} {y + 0.9 * r:.2f} H{x + 1.15 * r:.2f} L{x:.2f} {y - 1.15 * r:.2f} Z"
        pen.path(corners, **style)
