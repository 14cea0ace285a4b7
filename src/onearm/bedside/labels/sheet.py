"""Label sheets: ten labels on A4, as tagged PDF, the head of the ledger in the footer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal

from onearm.bedside.labels.code import Code, Kind, write
from onearm.bedside.labels.symbol import data_matrix_svg
from onearm.bedside.labels.words import LabelWords
from onearm.report.pdf import pdf_of
from onearm.report.words import Language

if TYPE_CHECKING:
    from jinja2 import Template

PER_SHEET = 10
_LONGEST_NAME = 70  # characters of a product or lot; more would push the warning off the label


@dataclass(frozen=True, slots=True)
class ContainerLabel:
    """One container; `subject_id` once it is allocated, "" before."""

    container_id: str
    product: str
    lot_id: str
    number: int
    of: int
    viable_cells_m: Decimal
    volume_ml: Decimal
    storage_c: Decimal
    expires_at: datetime  # in the zone it is to be read in
    subject_id: str = ""


@dataclass(frozen=True, slots=True)
class WristbandLabel:
    """The pseudonym and nothing else: whom it belongs to stands in the site's own key list."""

    subject_id: str


@dataclass(frozen=True, slots=True)
class DoseOrderLabel:
    """One ordered dose."""

    dose_order_id: str
    subject_id: str
    dose_no: int
    target_m: Decimal
    requested_for: datetime  # in the zone it is to be read in


Label = ContainerLabel | WristbandLabel | DoseOrderLabel


@dataclass(frozen=True, slots=True)
class LedgerHead:
    """The last entry of the ledger when the sheet was printed: an anchor on paper."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text on a label."""

    said: str
    role: Literal["", "warning", "for", "expires"] = ""


@dataclass(frozen=True, slots=True)
class DrawnLabel:
    """A label in words, its symbol drawn."""

    kind: str
    printed_id: str
    symbol: str
    lines: tuple[Line, ...]


def label_sheet(
    labels: Sequence[Label], study: str, head: LedgerHead, language: Language = "en", virtual: bool = False
) -> bytes:
    """PDF/A-2a of the labels in their order. `study` is written as labels write it (`study_code`).

    `virtual` stamps every label. Raises ValueError without labels, for an id that no label can carry, or a time without
    a zone.
    """
    return pdf_of(label_page(labels, study, head, language, virtual))


def label_page(
    labels: Sequence[Label], study: str, head: LedgerHead, language: Language = "en", virtual: bool = False
) -> str:
    """The same sheet as self-contained HTML."""
    if not labels:
        raise ValueError("a label sheet needs at least one label.")
    words = LabelWords(language)
    drawn = [_drawn(label, study, words) for label in labels]
    return _template().render(
        w=words,
        css=files("onearm.bedside.labels").joinpath("templates/sheet.css").read_text(encoding="utf-8"),
        title=words("sheet.title", study=study),
        running=f"{words('sheet.research_use')}\n{words('sheet.head', seq=head.seq, hash=head.hash)}",
        stamp=words("sheet.virtual") if virtual else "",
        sheets=[drawn[i : i + PER_SHEET] for i in range(0, len(drawn), PER_SHEET)],
    )


def _drawn(label: Label, study: str, words: LabelWords) -> DrawnLabel:
    match label:
        case ContainerLabel():
            code, lines = Code(study, Kind.CONTAINER, label.container_id), _container_lines(label, words)
        case WristbandLabel():
            code, lines = Code(study, Kind.WRISTBAND, label.subject_id), ()
        case DoseOrderLabel():
            code, lines = Code(study, Kind.DOSE_ORDER, label.dose_order_id), _order_lines(label, words)
    text = write(code)
    symbol = data_matrix_svg(text, words("sheet.symbol", text=text))
    return DrawnLabel(words(f"kind.{code.kind}"), code.printed_id, symbol, lines)


def _container_lines(label: ContainerLabel, words: LabelWords) -> tuple[Line, ...]:
    cells, volume = words.number(label.viable_cells_m), words.number(label.volume_ml)
    number = words("container.number", n=label.number, of=label.of)
    return (
        Line(words("container.unmatched"), "warning"),
        *((Line(words("container.allocated", subject=label.subject_id), "for"),) if label.subject_id else ()),
        Line(_short(label.product)),
        Line(f"{words('container.lot', lot=_short(label.lot_id))} · {number}"),
        Line(words("container.cells", cells=cells, volume=volume)),
        Line(words("container.storage", celsius=words.number(label.storage_c))),
        Line(words("container.expires", at=words.moment(label.expires_at)), "expires"),
    )


def _order_lines(label: DoseOrderLabel, words: LabelWords) -> tuple[Line, ...]:
    return (
        Line(words("order.dose", n=label.dose_no, subject=label.subject_id), "for"),
        Line(words("order.target", cells=words.number(label.target_m))),
        Line(words("order.requested", at=words.moment(label.requested_for))),
    )


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


@cache
def _template() -> "Template":
    from jinja2 import Environment, PackageLoader, StrictUndefined  # loaded on use

    environment = Environment(
        loader=PackageLoader("onearm.bedside.labels"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("sheet.html.j2")
