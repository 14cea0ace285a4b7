"""The ledger as a printed document, PDF/A, to lie beside an archive: readable when no program reads the rest."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, select_autoescape

from onearm.bedside.rendering import show
from onearm.bedside.serving import promise_of
from onearm.ledger.ledger import Ledger
from onearm.ledger.tables import STATE
from onearm.report.pdf import pdf_of


def printed_ledger(ledger: Ledger, folder: Path) -> dict[str, bytes]:
    """`ledger.pdf`: every table as it stands, with the head of the chain on each side."""
    promise = promise_of(folder)
    with ledger.reading() as view:
        head = view.head()
        tables = {name: view.rows(name) for name in STATE}
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "pages"), autoescape=select_autoescape(default=True)
    )
    html = environment.get_template("printed_ledger.html").render(
        study=promise.protocol.study,
        virtual=promise.virtual,
        head=head,
        tables={name: rows for name, rows in tables.items() if rows},
        show=lambda value: show(value, "en", "UTC"),
    )
    return {"ledger.pdf": pdf_of(html)}
