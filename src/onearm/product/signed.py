"""Signatures known: who signed which row, in which role, saying what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Signature(NamedTuple):
    """One signature on a row."""

    role: str  # PT QC QP PH IN NU RR SP MO CO ST AD IP
    meaning: str  # released, released_out_of_spec, ...
    signer: str


@dataclass(frozen=True, slots=True)
class Signed:
    """Signatures by table and record key (parts joined by /).

    Where records come from files nobody knows who signed: rules then get None and ask nothing of signatures.
    """

    by_row: Mapping[tuple[str, str], frozenset[Signature]]

    @classmethod
    def of(cls, rows: Iterable[tuple[str, str, str, str, str]]) -> "Signed":
        """From (table, record key, role, meaning, signer)."""
        found: dict[tuple[str, str], set[Signature]] = {}
        for table, key, role, meaning, signer in rows:
            found.setdefault((table, key), set()).add(Signature(role, meaning, signer))
        return cls({row: frozenset(signatures) for row, signatures in found.items()})

    def on(self, table: str, key: str) -> frozenset[Signature]:
        """All signatures on a row."""
        return self.by_row.get((table, key), frozenset())
