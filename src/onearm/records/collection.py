"""Records: all tables of one study, validated, never changed."""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType

import polars as pl

from onearm.records.cells import written
from onearm.records.tables import TABLES
from onearm.records.validation import check_frame
from onearm.results.problems import Problem, StudyProblems


class Provenance(StrEnum):
    """Where records come from. Virtual ones are stamped on every output and refused as comparators of real patients."""

    BEDSIDE = "bedside"
    FILE = "file"
    VIRTUAL = "virtual"


@dataclass(frozen=True, eq=False)
class Records:
    """Validated tables by name, rows in order of their key. Made by `Records.of`, which checks every row.

    `records["infusions"]` is a frame of the schema of the table, empty when there are no rows. Two Records are equal
    when provenance and rows are, whatever the order the rows came in.
    """

    provenance: Provenance
    tables: Mapping[str, pl.DataFrame]  # those with rows, in the order of TABLES

    def __post_init__(self) -> None:
        for name, frame in self.tables.items():
            if frame.schema != _empty(name).schema:
                raise TypeError(f"{name} has not the columns of its schema; make Records with Records.of.")
        kept = {name: self.tables[name].clone() for name in TABLES if name in self.tables and self.tables[name].height}
        object.__setattr__(self, "provenance", Provenance(self.provenance))
        object.__setattr__(self, "tables", MappingProxyType(kept))

    @classmethod
    def of(cls, tables: Mapping[str, pl.DataFrame], *, provenance: Provenance | str) -> "Records":
        """Records from frames: absent optional columns become null, types are cast, every row is checked.

        Raises StudyProblems with all that is wrong.
        """
        problems = [
            Problem(name, "is no record table.", f"Tables are: {', '.join(TABLES)}.")
            for name in tables
            if name not in TABLES
        ]
        checked = {}
        for name in (n for n in tables if n in TABLES):
            checked[name], found = check_frame(name, tables[name], file=name)
            problems += found
        if problems:
            raise StudyProblems(problems, "no records were made")
        return cls(Provenance(provenance), checked)

    def __getitem__(self, table: str) -> pl.DataFrame:
        if table in self.tables:
            return self.tables[table].clone()  # a frame can be written into; this one cannot be reached
        return _empty(table).clone()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Records):
            return NotImplemented
        return (
            self.provenance == other.provenance
            and self.tables.keys() == other.tables.keys()
            and all(frame.equals(other.tables[name]) for name, frame in self.tables.items())
        )

    def __hash__(self) -> int:
        return hash((self.provenance, tuple((name, frame.height) for name, frame in self.tables.items())))

    def __repr__(self) -> str:
        rows = ", ".join(f"{name} {frame.height:,}" for name, frame in self.tables.items())
        return f"Records({self.provenance.value}: {rows or 'no rows'})"

    def csv(self, table: str) -> bytes:
        """The canonical CSV of one table: key order, UTF-8, LF, RFC 4180. Equal rows have equal bytes."""
        columns = TABLES[table].columns()
        texts = self[table].select(written(name, column) for name, column in columns.items())
        out = io.BytesIO()
        texts.write_csv(out, line_terminator="\n", null_value="")
        return out.getvalue()

    def sha256(self) -> str:
        """SHA-256 over one line `name sha256-of-its-canonical-CSV` per table with rows, in the order of TABLES."""
        digest = hashlib.sha256()
        for name in self.tables:
            digest.update(f"{name} {hashlib.sha256(self.csv(name)).hexdigest()}\n".encode())
        return digest.hexdigest()


@cache
def _empty(table: str) -> pl.DataFrame:
    """No rows, in the types of the schema; made once, for rules ask for it often."""
    return pl.DataFrame(TABLES[table].create_empty())
