"""A small SVG pen: shapes in points, so that 9 is nine-point type on paper. Same calls, same bytes."""

import re
from dataclasses import dataclass, field
from html import escape

INK, GREY, LIGHT, BLUE, RED, PAPER = "#16191d", "#545b63", "#dde5eb", "#1d5480", "#9c2a1b", "#ffffff"
TYPE = 9.0  # smallest type of the page, points
_LOW = 20.0  # a figure lower than this is one line of a table
WIDTH = 521.0  # text width of the page, points


def point(value: float) -> str:
    """A coordinate: two decimals, no trailing zeros, so that bytes do not depend on the machine's last digit."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def width_of(text: str, size: float = TYPE, bold: bool = False) -> float:
    """About how wide a text is in DejaVu Sans, points; only to place and wrap labels."""
    return len(text) * size * (0.64 if bold else 0.58)


def wrapped(text: str, width: float, size: float = TYPE) -> list[str]:
    """Lines no wider than `width`, broken at blanks."""
    lines: list[str] = []
    for word in text.split():
        if lines and width_of(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


@dataclass(slots=True)
class Drawing:
    """Shapes in drawing order; `svg` closes it with a title and a description that state the numbers."""

    width: float
    height: float
    parts: list[str] = field(default_factory=list)

    def _add(self, tag: str, inside: str | None = None, /, **attributes: object) -> None:
        told = "".join(
            f' {name.rstrip("_").replace("_", "-")}="{point(v) if isinstance(v, float) else escape(str(v))}"'
            for name, v in attributes.items()
            if v is not None
        )
        self.parts.append(f"<{tag}{told}>{inside}</{tag}>" if inside else f"<{tag}{told}/>")

    def rect(self, x: float, y: float, w: float, h: float, **style: object) -> None:
        """A rectangle."""
        self._add("rect", x=float(x), y=float(y), width=float(w), height=float(h), **style)

    def line(self, x1: float, y1: float, x2: float, y2: float, **style: object) -> None:
        """A line, ink unless told otherwise."""
        self._add("line", x1=float(x1), y1=float(y1), x2=float(x2), y2=float(y2), **{"stroke": INK, **style})

    def circle(self, x: float, y: float, r: float, **style: object) -> None:
        """A circle."""
        self._add("circle", cx=float(x), cy=float(y), r=float(r), **style)

    def path(self, d: str, **style: object) -> None:
        """A path."""
        self._add("path", d=d, **style)

    def text(
        self,
        x: float,
        y: float,
        said: str,
        *,
        size: float = TYPE,
        anchor: str = "start",
        bold: bool = False,
        fill: str = INK,
    ) -> None:
        """One line of text with its baseline at y."""
        weight = "bold" if bold else None
        self._add(
            "text",
            escape(said),
            x=float(x),
            y=float(y),
            font_size=float(size),
            text_anchor=anchor,
            font_weight=weight,
            fill=fill,
        )

    def svg(self, name: str, title: str, description: str = "", stamp: str = "") -> str:
        """The figure as an accessible inline image; the title states the numbers, as a PDF keeps nothing but the title.

        `name` is unique in the page. `stamp` is written across the figure, behind the shapes of a low one.
        """
        name = re.sub(r"[^A-Za-z0-9]+", "-", name)
        box = f"{point(self.width)} {point(self.height)}"
        behind = across = _stamp(stamp, self.width, self.height) if stamp else ""
        if self.height < _LOW:
            across = ""
        else:
            behind = ""
        more = f'<desc id="{name}-more">{escape(description)}</desc>' if description else ""
        described = f' aria-describedby="{name}-more"' if description else ""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="{name}-title"{described} '
            f'width="{point(self.width)}pt" height="{point(self.height)}pt" viewBox="0 0 {box}" '
            f'font-family="DejaVu Sans, Verdana, sans-serif" font-size="9">'
            f'<title id="{name}-title">{escape(title)}</title>{more}{behind}{"".join(self.parts)}{across}</svg>'
        )


def _stamp(said: str, width: float, height: float) -> str:
    size = max(TYPE, min(0.6 * height, width / (0.8 * len(said))))
    x, y = point(width / 2), point(height / 2 + 0.36 * size)
    return (
        f'<text x="{x}" y="{y}" font-size="{point(size)}" font-weight="bold" text-anchor="middle" '
        f'fill="#8a9199" fill-opacity="0.28">{escape(said)}</text>'
    )
