"""Cells to exact numbers: the decimal sign and digit groups of the file, comparators, factors, one rounding."""

import re
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

import polars as pl

from onearm.sources.sheet import Sheet, by_unique
from onearm.vocabulary.markers import SIGNIFICANT_DIGITS, round_once

DECIMAL = pl.Decimal(38, 12)
_CONTEXT = Context(prec=SIGNIFICANT_DIGITS, rounding=ROUND_HALF_EVEN)
_SMALLEST = Decimal("1e-12")
_LARGEST = Decimal("1e26")
_COMPARED = re.compile(r"^(<=|>=|=<|=>|<|>|≤|≥|=)?\s*(.*)$", re.DOTALL)
_SIGNS = {"≤": "<=", "≥": ">=", "=<": "<=", "=>": ">=", None: "="}


def parse_number(text: str, decimal: str = ".", thousands: str = "") -> Decimal | None:
    """The number a cell holds, exactly; None when it is none in that notation."""
    text = text.replace("\u2212", "-")
    if thousands and thousands in text:
        whole = re.match(r"[+-]?[^" + re.escape(decimal) + "]*", text)
        grouped = re.fullmatch(r"[+-]?\d{1,3}(?:" + re.escape(thousands) + r"\d{3})+", whole[0] if whole else "")
        if not grouped:
            return None
        text = grouped[0].replace(thousands, "") + text[len(grouped[0]) :]
    found = re.fullmatch(
        r"([+-]?(?:[0-9]+" + re.escape(decimal) + r"?[0-9]*|" + re.escape(decimal) + r"[0-9]+))([eE][+-]?[0-9]{1,2})?",
        text,
    )
    return Decimal(found[1].replace(decimal, ".") + (found[2] or "")) if found else None


def split_comparator(text: str) -> tuple[str, str]:
    """`<0,3` is ("<", "0,3"); a bare number has "="."""
    found = _COMPARED.match(text)
    assert found is not None  # both parts may be empty
    return _SIGNS.get(found[1], found[1]), found[2]


def fitted(value: Decimal) -> Decimal | None:
    """As stored: 10 significant digits half-even, 12 decimals; None when too large to be kept."""
    rounded = _CONTEXT.plus(value)
    if abs(rounded) >= _LARGEST:
        return None
    return rounded.quantize(_SMALLEST, ROUND_HALF_EVEN, Context(prec=60))


def numbers(sheet: Sheet, name: str, value: pl.Series, factor: Fraction | None = None) -> pl.Series:
    """Texts as decimals; each that is no number is refused."""
    decimal, thousands = sheet.reading.decimal, sheet.reading.thousands

    def number(text: str) -> Decimal | None:
        found = parse_number(text, decimal, thousands)
        if found is None:
            return None
        return fitted(found if factor is None else round_once(Fraction(found) * factor))

    made = by_unique(value, number, DECIMAL)
    not_number(sheet, name, value, value.is_not_null() & made.is_null())
    return made


def not_number(sheet: Sheet, name: str, value: pl.Series, wrong: pl.Series) -> None:
    """Refuse cells that are no numbers, with the likely reason."""
    decimal = sheet.reading.decimal
    other = "," if decimal == "." else "."
    compared = value.str.contains(r"^\s*[<>≤≥]")
    foreign = value.str.contains(r"^[+-]?\d*[.,]\d+$|^\d{1,3}([., ']\d{3})+") & ~compared
    told = f'is not a number (decimal = "{decimal}", thousands = "{sheet.reading.thousands}")'
    sheet.refuse(wrong & compared, name, value, "is a limit, not a number", "Set comparator = true on raw_value.")
    remedy = f'If the file writes numbers so, set decimal = "{other}" or `thousands`.'
    sheet.refuse(wrong & foreign, name, value, told, remedy)
    sheet.refuse(
        wrong & ~compared & ~foreign, name, value, "is not a number", "Correct the cell, or add it to `missing`."
    )
