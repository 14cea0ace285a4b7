"""The product rules that `onearm verify` replays over a whole ledger."""

from collections.abc import Iterable
from pathlib import Path

from onearm.bedside.judging import signed_in
from onearm.bedside.serving import promise_of
from onearm.ledger.reading import View
from onearm.ledger.verification import Check
from onearm.product.checks import check_product
from onearm.records import Records, check_records
from onearm.results.finding import Finding


def checks_of(folder: Path) -> tuple[Check, ...]:
    """Rules of the records and of the product, under the rule book of the study."""
    rulebook = promise_of(folder).rulebook

    def of_records(_: View, records: Records) -> Iterable[Finding]:
        return check_records(records)

    def of_product(view: View, records: Records) -> Iterable[Finding]:
        return check_product(records, rulebook, signed_in(view))

    return of_records, of_product
