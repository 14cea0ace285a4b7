"""What every page shares: templates, style sheets, percent signs that stay with their number."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from onearm.report.numbers import NO_BREAK

if TYPE_CHECKING:
    from jinja2 import Environment


def fill(template: str, **values: object) -> str:
    """The text of a page; `css` and `narrow` are given to every template. The same values give the same text."""
    page = _templates().get_template(template).render(**_sheets(), **values)
    return page.replace(" %", NO_BREAK + "%")  # a sentence of the study must not leave its percent sign behind


@cache
def _templates() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined  # loaded on use

    environment = Environment(
        loader=PackageLoader("onearm.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["sentence"] = lambda text: text[:1].upper() + text[1:]
    return environment


def _sheets() -> Mapping[str, str]:
    """The style sheets. The narrow one stands apart: its media query is not for the PDF writer."""
    folder = files("onearm.report").joinpath("templates")
    names = {"css": "page.css", "narrow": "narrow.css"}
    return {name: folder.joinpath(file).read_text(encoding="utf-8") for name, file in names.items()}
