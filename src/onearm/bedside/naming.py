"""Names of new rows: numbered under what they belong to, never given twice, not even after a withdrawal."""

from collections.abc import Iterable

import sqlalchemy as sa

from onearm.ledger.reading import View
from onearm.ledger.tables import ENTRIES


def used_numbers(view: View, table: str, stem: str) -> Iterable[int]:
    """Numbers after `stem` in the keys that rows of a table have or had."""
    query = sa.select(ENTRIES.c.record_key).where(
        ENTRIES.c.table_name == table,
        ENTRIES.c.version == 1,
        ENTRIES.c.record_key.startswith(stem, autoescape=True),
    )
    for (key,) in view.connection.execute(query):
        rest = key[len(stem) :]
        if key.startswith(stem) and rest.isascii() and rest.isdigit():
            yield int(rest)
