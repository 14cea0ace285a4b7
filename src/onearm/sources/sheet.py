"""The rows one table is made from, and the book in which refusals are kept while it is made."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from onearm.sources.mapping import Reading

ROW = "\x01row"  # number of the row over all files of the import
FILE = "\x01file"  # number of its file
_BOOK = {ROW: pl.UInt32, "column": pl.String, "value": pl.String, "rule": pl.String, "remedy": pl.String}


@dataclass
class Book:
    """What was refused, filled and left unmapped so far."""

    refusals: list[pl.DataFrame] = field(default_factory=list)
    filled: int = 0
    joined: int = 0  # ages of 90 and more brought into one band
    paths: dict[str, object] = field(default_factory=dict)  # state paths read so far
    unmapped: Counter[tuple[str, str]] = field(default_factory=Counter)  # (column, value)

    def refuse(self, rows: pl.Series, column: str, value: pl.Series | str, rule: pl.Series | str, remedy: str) -> None:
        """Note a refusal for each row number in `rows`."""
        if len(rows):
            frame = pl.DataFrame({ROW: rows.cast(pl.UInt32)}).with_columns(
                pl.lit(column).alias("column"),
                (value.cast(pl.String) if isinstance(value, pl.Series) else pl.lit(value)).alias("value"),
                (rule if isinstance(rule, pl.Series) else pl.lit(rule)).alias("rule"),
                pl.lit(remedy).alias("remedy"),
            )
            self.refusals.append(frame.select(pl.col(c).cast(t) for c, t in _BOOK.items()))

    def all(self) -> pl.DataFrame:
        """One frame: ROW, column, value, rule, remedy."""
        return pl.concat([pl.DataFrame(schema=_BOOK), *self.refusals]).unique(maintain_order=True)

    def rows(self) -> pl.Series:
        """Numbers of the rows refused so far, each once."""
        return self.all()[ROW].unique()


@dataclass(frozen=True)
class Sheet:
    """Rows of the files as text cells, with ROW and FILE, and how to read them."""

    frame: pl.DataFrame
    reading: Reading
    book: Book

    @property
    def rows(self) -> pl.Series:
        return self.frame[ROW]

    def keep(self, mask: pl.Series) -> "Sheet":
        return Sheet(self.frame.filter(mask), self.reading, self.book)

    def refuse(self, mask: pl.Series, column: str, value: pl.Series | str, rule: str, remedy: str) -> None:
        """Note a refusal for each row where `mask` is true (null counts as false)."""
        mask = mask.fill_null(False)
        if mask.any():
            told = value.filter(mask) if isinstance(value, pl.Series) else value
            self.book.refuse(self.rows.filter(mask), column, told, rule, remedy)


def by_unique(values: pl.Series, function: Callable[[str], Any], dtype: Any) -> pl.Series:
    """`function` of every different text, called once each; null stays null."""
    known = values.drop_nulls().unique()
    if not len(known):
        return pl.Series(values.name, [None] * len(values), dtype=dtype)
    made = pl.Series("made", [function(v) for v in known], dtype=dtype)
    pairs = pl.DataFrame({"key": known, "made": made})
    return pl.DataFrame({"key": values}).join(pairs, on="key", how="left", maintain_order="left")["made"]
