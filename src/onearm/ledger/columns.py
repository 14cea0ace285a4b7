"""SQL tables from the record schemas: the same column set on SQLite and PostgreSQL, nothing lost on either.

The types that dataframely generates lose digits and time zones on SQLite and know no allowed values and no foreign
keys; both are added here. SQL never compares or sums a decimal.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import dataframely as dy
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from onearm.ledger.entry import number_text
from onearm.records.columns import PRECISION, SCALE, TEXT_LENGTH
from onearm.records.tables import ForeignKey
from onearm.vocabulary.clock import text_of

# one text per value: another text for the same value was written by somebody else
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")


class ExactDecimal(sa.types.TypeDecorator[Decimal]):
    """A decimal with 12 digits after the point: NUMERIC(38, 12) on PostgreSQL, canonical text on SQLite."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        """The type of the database."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(sa.Numeric(PRECISION, SCALE))
        return dialect.type_descriptor(sa.Text())

    def process_bind_param(self, value: Decimal | None, dialect: sa.Dialect) -> Any:
        """To the database."""
        if value is None or dialect.name == "postgresql":
            return value
        return number_text(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Decimal | None:
        """From the database."""
        if value is None or isinstance(value, Decimal):
            return value
        if not isinstance(value, str) or not _NUMBER.fullmatch(value):
            raise ValueError(f"{value!r} is not a number as the ledger writes it.")
        return Decimal(value)


class UtcTime(sa.types.TypeDecorator[datetime]):
    """A time in UTC to the millisecond: TIMESTAMPTZ on PostgreSQL, `YYYY-MM-DDTHH:MM:SS.mmmZ` on SQLite."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        """The type of the database."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True, precision=3))
        return dialect.type_descriptor(sa.Text())

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        """To the database."""
        if value is None or dialect.name == "postgresql":
            return value
        return text_of(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        """From the database."""
        return None if value is None else time_from(value)


def time_from(value: object) -> datetime:
    """A time as a database gives it. Raises ValueError for another form of text than the ledger writes."""
    if isinstance(value, datetime) and value.microsecond % 1000 == 0:
        return value.astimezone(UTC)
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise ValueError(f"{value!r} is not a time as the ledger writes it.")
    return datetime.fromisoformat(value)


def sql_table(name: str, schema: type[dy.Schema], metadata: sa.MetaData, keys: Iterable[ForeignKey] = ()) -> sa.Table:
    """The table of `schema`: columns, primary key, allowed values as CHECK, references as foreign keys."""
    parts: list[sa.Column[Any] | sa.Constraint] = []
    for column_name, column in schema.columns().items():
        parts.append(sa.Column(column_name, _type(column), primary_key=column.primary_key, nullable=column.nullable))
        if isinstance(column, dy.Enum):
            values = ", ".join(f"'{value}'" for value in column.categories)
            parts.append(sa.CheckConstraint(f"{column_name} IN ({values})", name=f"ck_{name}_{column_name}"))
    for key in keys:
        parts.append(
            sa.ForeignKeyConstraint(
                [key.column],
                [f"{key.target}.{key.target_column}"],
                name=f"fk_{name}_{key.column}",
                deferrable=True,
                initially="DEFERRED",  # rows of one act come in any order
            )
        )
    table = sa.Table(name, metadata, *parts)
    for key in keys:  # asked for by every screen: the rows of one patient, one lot, one bag
        if not table.c[key.column].primary_key:
            sa.Index(f"ix_{name}_{key.column}", table.c[key.column])
    return table


def _type(column: dy.Column) -> sa.types.TypeEngine[Any]:
    match column:
        case dy.Decimal():
            return ExactDecimal()
        case dy.Datetime():
            return UtcTime()
        case dy.Date():
            return sa.Date()
        case dy.Bool():
            return sa.Boolean()
        case dy.Int64():
            return sa.BigInteger()
        case dy.Enum():
            return sa.String(max(len(value) for value in column.categories))
        case dy.String():
            return sa.String(64) if column.regex else sa.Text()
        case _:
            raise TypeError(f"{type(column).__name__}: no SQL type is known for it; texts hold {TEXT_LENGTH}.")
