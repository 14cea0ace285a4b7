"""Cells to the text a column holds: joined, filled, cut out by a pattern, mapped, prefixed."""

from collections.abc import Mapping

import polars as pl

from onearm.sources.mapping import ColumnMapping
from onearm.sources.mapping_toml import whole
from onearm.sources.raw_table import BROKEN
from onearm.sources.sheet import FILE, Sheet

_LOST = "\x01lost"  # what fills from a row that could not be cut into cells


def named(column: ColumnMapping) -> str:
    """The columns of the file, as a message names them."""
    return " + ".join(column.sources)


def raw_cells(sheet: Sheet, source: str) -> pl.Series:
    """The cells of one column; what is listed as missing is null."""
    cells = sheet.frame[source]
    return cells.set(cells.is_in(list(sheet.reading.missing)), None)


def joined(sheet: Sheet, column: ColumnMapping) -> pl.Series:
    """The cells a column comes from, joined with a space; null where all are missing."""
    parts = [raw_cells(sheet, s).rename(str(i)) for i, s in enumerate(column.sources)]
    if len(parts) == 1:
        return parts[0]
    text = pl.DataFrame(parts).select(pl.concat_str(pl.all(), separator=" ", ignore_nulls=True)).to_series()
    return text.set(text == "", None)


def filled_forward(sheet: Sheet, columns: Mapping[str, ColumnMapping]) -> Sheet:
    """Blanks with `fill` take the value above: within the file; other columns than the subject within it only."""
    subject = columns.get("subject_id")
    within = [FILE]
    if subject and subject.fill:
        sheet = _filled(sheet, subject.sources[0], within)
    if subject and subject.sources:
        within = [FILE, subject.sources[0]]
    for name, column in columns.items():
        if column.fill and name != "subject_id":
            sheet = _filled(sheet, column.sources[0], within)
    return sheet


def _filled(sheet: Sheet, source: str, within: list[str]) -> Sheet:
    given = raw_cells(sheet, source)
    broken = sheet.frame[BROKEN]
    frame = sheet.frame.with_columns(given.set(broken, _LOST).alias(source))
    made = frame.select(pl.col(source).forward_fill().over(within))[source]
    lost = (made == _LOST).fill_null(False)
    told = "is blank, and the row above could not be read"
    sheet.refuse(lost & ~broken, source, "", told, "Correct the row above, or write the value.")
    made = made.set(lost, None)
    sheet.book.filled += int((given.is_null() & made.is_not_null()).sum())
    return Sheet(sheet.frame.with_columns(made.alias(source)), sheet.reading, sheet.book)


def texts(sheet: Sheet, column: ColumnMapping) -> tuple[pl.Series, pl.Series]:
    """(text, unlisted): the value of each row, and whether it was left unmapped on purpose (`unmapped = "list"`)."""
    value = joined(sheet, column)
    name = named(column)
    if column.pattern:
        cut = value.str.extract(whole(column.pattern), 1)
        told = f"does not have the form {column.pattern}"
        sheet.refuse(value.is_not_null() & cut.is_null(), name, value, told, "Correct the cell, or the pattern.")
        value = cut
    unlisted = pl.Series([False]).new_from_index(0, len(value))
    if column.values:
        value, unlisted = _mapped(sheet, column, value)
    if column.match:
        value, unlisted = _matched(sheet, column, value)
    if column.prefix:
        value = column.prefix + value
    return value.rename("value"), unlisted


def _mapped(sheet: Sheet, column: ColumnMapping, value: pl.Series) -> tuple[pl.Series, pl.Series]:
    if "" in column.values:
        value = value.fill_null("")
    known = list(column.values)
    made = value.replace_strict(known, [column.values[k] for k in known], default=None, return_dtype=pl.String)
    lacking = (value.is_not_null() & ~value.is_in(known)).fill_null(False)
    return made, _unmapped(sheet, column, value, lacking, "map")


def _matched(sheet: Sheet, column: ColumnMapping, value: pl.Series) -> tuple[pl.Series, pl.Series]:
    made = matched(value, column.match)
    several = made == AMBIGUOUS
    told = "fits two expressions of `match` that give different values"
    sheet.refuse(several, named(column), value, told, "Make the expressions exclude each other.")
    lacking = (value.is_not_null() & made.is_null()).fill_null(False)
    return made.set(several.fill_null(False), None), _unmapped(sheet, column, value, lacking, "match")


AMBIGUOUS = "\x01ambiguous"


def matched(value: pl.Series, patterns: tuple[tuple[str, str], ...]) -> pl.Series:
    """The value whose expression fits the whole cell; null where none does, AMBIGUOUS where two disagree."""
    made = pl.Series([None], dtype=pl.String).new_from_index(0, len(value))
    for expression, meaning in patterns:
        fits = value.str.contains(whole(expression)).fill_null(False)
        clash = fits & made.is_not_null() & (made != meaning)
        made = made.set(fits, meaning).set(clash.fill_null(False), AMBIGUOUS)
    return made


def _unmapped(sheet: Sheet, column: ColumnMapping, value: pl.Series, lacking: pl.Series, key: str) -> pl.Series:
    """Refuse what the map lacks, or count it."""
    if column.unmapped == "refuse":
        sheet.refuse(
            lacking, named(column), value, f"is not in `{key}`", f'Add it to `{key}`, or set unmapped = "list".'
        )
        return pl.Series([False]).new_from_index(0, len(value))
    for cell, count in value.filter(lacking).value_counts().iter_rows():
        sheet.book.unmapped[(named(column), cell)] += count
    return lacking
