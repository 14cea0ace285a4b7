"""From the rows that break a rule to findings in words; and when one time is surely after another."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl

from onearm.records.tables import TABLES
from onearm.results.finding import Finding, Severity
from onearm.vocabulary.clock import Precision


@dataclass(frozen=True, slots=True)
class Wording:
    """What a rule says of a row. Names in braces are columns of the broken rows; `{key}` is the key of the row."""

    rule: str
    severity: Severity
    value: str
    limit: str
    en: str
    es: str
    remedy: str

    def tell(self, table: str, broken: pl.DataFrame) -> Iterable[Finding]:
        """One finding per row of `broken`, which holds the key columns of `table`."""
        if broken.is_empty():
            return
        parts = [pl.col(k).cast(pl.String) for k in TABLES[table].primary_key()]
        for row in broken.with_columns(pl.concat_str(parts, separator="/").alias("key")).iter_rows(named=True):
            shown = {name: _shown(value) for name, value in row.items()}
            told = (text.format_map(shown) for text in (self.value, self.limit, self.en, self.es, self.remedy))
            value, limit, en, es, remedy = told
            yield Finding(self.rule, self.severity, table, shown["key"], value, limit, en, es, remedy)


def surely_after(a: pl.Expr, a_known: pl.Expr, b: pl.Expr, b_known: pl.Expr) -> pl.Expr:
    """Whether time `a` is after `b` as far as both are known: to the minute, else by date, else by month."""
    minute = (a_known == Precision.MINUTE.value) & (b_known == Precision.MINUTE.value)
    month = (a_known == Precision.MONTH.value) | (b_known == Precision.MONTH.value)
    by_month = a.dt.truncate("1mo") > b.dt.truncate("1mo")
    return pl.when(minute).then(a > b).when(month).then(by_month).otherwise(a.dt.date() > b.dt.date())


def known(table: str, time: str) -> pl.Expr:
    """The precision of a time: its companion column as text, or minute where it has none."""
    companion = f"{time}_precision"
    if companion in TABLES[table].columns():
        return pl.col(companion).cast(pl.String)
    return pl.lit(Precision.MINUTE.value)


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return f"{value:g}" if isinstance(value, float) else str(value)
