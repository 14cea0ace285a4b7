"""One cell of a record as text and back: the canonical form of CSV files, one form per value.

Times YYYY-MM-DDTHH:MM:SS.mmmZ, dates YYYY-MM-DD, decimals with a point and no exponent or trailing zeros, true and
false, empty for null.
"""

import dataframely as dy
import polars as pl

TIME_FORM = "%Y-%m-%dT%H:%M:%S%.3fZ"
_DECIMAL_TEXT = r"^-?\d{1,26}(\.\d{1,12})?$"
_TIME_TEXT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$"
_DATE_TEXT = r"^\d{4}-\d\d-\d\d$"


def parsed(name: str, column: dy.Column) -> pl.Expr:
    """The text column `name` as the type of `column`; null where the text is empty or not of its form."""
    text = pl.col(name)
    match column:
        case dy.Decimal():
            return pl.when(text.str.contains(_DECIMAL_TEXT)).then(text).cast(column.dtype, strict=False).alias(name)
        case dy.Datetime():
            strict = pl.when(text.str.contains(_TIME_TEXT)).then(text)
            return strict.str.to_datetime(TIME_FORM, time_unit="ms", time_zone="UTC", strict=False).alias(name)
        case dy.Date():
            return pl.when(text.str.contains(_DATE_TEXT)).then(text).str.to_date("%Y-%m-%d", strict=False).alias(name)
        case dy.Bool():
            known = pl.when(text == "true").then(True).when(text == "false").then(False)
            return known.otherwise(None).cast(pl.Boolean).alias(name)
        case dy.String():
            return text
        case _:
            return text.cast(column.dtype, strict=False)


def written(name: str, column: dy.Column) -> pl.Expr:
    """The column `name` as canonical text; null stays null."""
    value = pl.col(name)
    match column:
        case dy.Decimal():  # always 12 digits after the point before the zeros go, so 100 keeps its own
            return value.cast(pl.String).str.strip_chars_end("0").str.strip_chars_end(".")
        case dy.Datetime():
            return value.dt.strftime(TIME_FORM)
        case _:
            return value.cast(pl.String)


def form_of(column: dy.Column) -> tuple[str, str]:
    """What a text that could not be read is not, and what to write: ("is not a number", "Write it as ...")."""
    match column:
        case dy.Decimal():
            return "is not a number", "Write it as 63 or 63.5: a point, no exponent, at most 12 digits after the point."
        case dy.Int64():
            return "is not a whole number", "Write digits only."
        case dy.Datetime():
            return "is not a time", "Write it in UTC as 2020-04-11T09:00:00.000Z."
        case dy.Date():
            return "is not a date", "Write it as 2020-04-11."
        case dy.Bool():
            return "is neither true nor false", "Write true or false."
        case dy.Enum():
            return "is not allowed", f"Give one of: {', '.join(column.categories)}."
        case _:
            return "is not text", "Give it as text."
