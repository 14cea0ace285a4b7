"""One `[[table]]` of a mapping applied to its rows: typed rows of a record table, each with the row it came from."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import cast

import polars as pl

from onearm.sources.cell_number import DECIMAL, not_number, numbers, parse_number, split_comparator
from onearm.sources.cell_text import AMBIGUOUS, filled_forward, matched, named, raw_cells, texts
from onearm.sources.cell_time import AT, dates, times
from onearm.sources.mapping import ColumnMapping, PathMapping, TableMapping, WideMarker
from onearm.sources.raw_table import BROKEN
from onearm.sources.sheet import ROW, Sheet, by_unique
from onearm.sources.state_path import Paths, path_episodes, path_outcomes, read_paths
from onearm.sources.table_shape import ColumnShape, TableShape, shape

_TRUTH = MappingProxyType({"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False})
DTYPES: Mapping[str, pl.DataType | type[pl.DataType]] = MappingProxyType(
    {"text": pl.String, "int": pl.Int64, "bool": pl.Boolean, "dec": DECIMAL, "at": AT, "date": pl.Date}
)


def table_rows(sheet: Sheet, table: TableMapping) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(rows of the record table with ROW; ROW and subject_id of the rows of the file that `where` let through)."""
    sheet = filled_forward(sheet, table.columns)
    sheet = sheet.keep(~sheet.frame[BROKEN])
    sheet = sheet.keep(_let_through(sheet, table))
    subject, _ = texts(sheet, table.columns["subject_id"])
    used = pl.DataFrame({ROW: sheet.rows, "subject_id": subject})
    missing = subject.is_null()
    refused = sheet.book.rows()
    blank = missing & ~sheet.rows.is_in(refused.implode())
    sheet.refuse(
        blank, named(table.columns["subject_id"]), "", "the subject is missing", 'Give it, or fill = "forward".'
    )
    sheet, subject = _listed(sheet.keep(~missing), table, subject.filter(~missing))
    columns = _columns(sheet, table, subject)
    if table.path:
        paths = _paths(sheet, table, table.path, subject)
        made = path_episodes(paths, table.path) if table.to == "episodes" else path_outcomes(sheet, paths, table.path)
        columns = made.join(columns, on=ROW, how="left", maintain_order="left")
    elif table.wide:
        columns = _melted(sheet, table, columns)
    elif table.to == "measurements":
        columns = _measured(sheet, table, columns)
    if table.to == "subjects":
        columns = _oldest_joined(sheet, columns)
    return _required(sheet, table, columns), used


def _paths(sheet: Sheet, table: TableMapping, path: PathMapping, subject: pl.Series) -> Paths:
    """The visits; tables that differ only in what the states mean to them share one reading."""
    same = replace(path, kinds={}, take="each", open=None)
    filled = [c for c in table.columns.values() if c.fill]
    key = repr((same, table.reading, filled, table.columns["subject_id"], len(sheet.rows), sheet.rows.sum()))
    if key not in sheet.book.paths:
        sheet.book.paths[key] = read_paths(sheet, path, subject)
    return cast(Paths, sheet.book.paths[key])


def _oldest_joined(sheet: Sheet, columns: pl.DataFrame) -> pl.DataFrame:
    """90 and more is one band, age_low 90 alone; the upper end of a band that reaches beyond it is dropped."""
    types = {"age_years": DTYPES["dec"], "age_low": DTYPES["int"], "age_high": DTYPES["int"]}
    frame = columns.with_columns(pl.lit(None).cast(t).alias(n) for n, t in types.items() if n not in columns.columns)
    lowest = pl.coalesce("age_years", pl.col("age_low").cast(DECIMAL))
    old = lowest.is_between(90, 120).fill_null(False)  # what lies above is left to be refused
    beyond = pl.col("age_high").is_between(92, 121).fill_null(False)
    sheet.book.joined += frame.filter(old | beyond).height
    return frame.with_columns(
        pl.when(~old).then("age_years").alias("age_years"),
        pl.when(old).then(90).otherwise("age_low").alias("age_low"),
        pl.when(~old & ~beyond).then("age_high").alias("age_high"),
    )


def _listed(sheet: Sheet, table: TableMapping, subject: pl.Series) -> tuple[Sheet, pl.Series]:
    """Without the rows that `unmapped = "list"` leaves out of a required column; they are counted, not judged."""
    for name, column in table.columns.items():
        if column.unmapped == "list" and shape(table.to).columns[name].required:
            _, unlisted = texts(sheet, column)
            sheet, subject = sheet.keep(~unlisted), subject.filter(~unlisted)
    return sheet, subject


def _let_through(sheet: Sheet, table: TableMapping) -> pl.Series:
    mask = pl.Series([True]).new_from_index(0, sheet.frame.height)
    for name, allowed in table.where.items():
        if isinstance(allowed, bool):
            mask = mask & (raw_cells(sheet, name).is_not_null() == allowed)
        else:
            mask = mask & sheet.frame[name].fill_null("").is_in(list(allowed))
    return mask


def _columns(sheet: Sheet, table: TableMapping, subject: pl.Series) -> pl.DataFrame:
    """ROW, the subject, what is mapped, the constants and the defaults, typed."""
    found = shape(table.to)
    data: dict[str, pl.Series] = {ROW: sheet.rows, "subject_id": subject}
    for name, column in table.columns.items():
        if name == "subject_id":
            continue
        column_shape = found.columns[name]
        if column_shape.kind == "at":
            data[name], precision = times(sheet, column)
            _companion(found, name, precision, data)
        elif column_shape.kind == "date":
            data[name] = dates(sheet, column)
        elif name == "raw_value":
            data[name], data["comparator"] = _results(sheet, column)
        else:
            value, _ = texts(sheet, column)
            data[name] = _typed(sheet, named(column), value, column, column_shape)
    for name, text in table.constants.items():
        data[name] = _constant(sheet, found, name, text, data)
    made = {name: series.alias(name) for name, series in data.items()}
    frame = pl.DataFrame(list(made.values()))
    defaults = [
        pl.lit(c.default).cast(DTYPES[c.kind]).alias(n)
        for n, c in found.columns.items()
        if c.default is not None and n not in data
    ]
    return frame.with_columns(*defaults)


def _companion(found: TableShape, name: str, precision: pl.Series, data: dict[str, pl.Series]) -> None:
    companion = found.precision_of(name)
    if companion is not None:
        data[companion] = precision


def _constant(sheet: Sheet, found: TableShape, name: str, text: str, data: dict[str, pl.Series]) -> pl.Series:
    value = pl.Series([text]).new_from_index(0, sheet.frame.height)
    kind = found.columns[name].kind
    if kind == "at":
        fixed = value.str.to_date("%Y-%m-%d", strict=False).cast(AT) + pl.duration(hours=12)
        _companion(found, name, pl.Series(["day"]).new_from_index(0, len(value)), data)
        return pl.select(fixed).to_series()
    if kind == "date":
        return value.str.to_date("%Y-%m-%d", strict=False)
    return _typed(sheet, name, value, ColumnMapping(), found.columns[name])


def _typed(sheet: Sheet, name: str, value: pl.Series, column: ColumnMapping, found: ColumnShape) -> pl.Series:
    """A text as the kind its column holds; what is not of that kind is refused."""
    if found.kind in ("dec", "int"):
        made = numbers(sheet, name, value, column.factor)
        if found.kind == "dec":
            return made
        whole = made.cast(pl.Float64)
        broken = (whole != whole.round(0)).fill_null(False)
        sheet.refuse(broken, name, value, "is not a whole number", "Correct the cell, or use another column.")
        return whole.set(broken, None).cast(pl.Int64)
    if found.kind == "bool":
        truth = value.str.to_lowercase().replace_strict(dict(_TRUTH), default=None, return_dtype=pl.Boolean)
        wrong = value.is_not_null() & truth.is_null()
        sheet.refuse(wrong, name, value, "is neither true nor false", "Use map = { YES = true, NO = false }.")
        return truth
    if found.allowed:
        blank = value.is_null()
        wrong = ~blank & ~value.is_in(list(found.allowed)).fill_null(True)
        told = "is not one of " + ", ".join(found.allowed)
        sheet.refuse(wrong, name, value, told, "Add it to `map`.")
        value = value.set(wrong, None)
        return value.set(blank, "unknown") if found.may_be_unknown else value
    return value


def _results(sheet: Sheet, column: ColumnMapping) -> tuple[pl.Series, pl.Series]:
    """(number as text with a decimal point, comparator) of measured values."""
    value, _ = texts(sheet, column)
    return read_results(sheet, named(column), value, compared=column.comparator)


def read_results(sheet: Sheet, name: str, value: pl.Series, *, compared: bool) -> tuple[pl.Series, pl.Series]:
    """`<0,3` is "0.3" and `<`; without `compared` a limit is refused."""
    decimal, thousands = sheet.reading.decimal, sheet.reading.thousands

    def number(text: str) -> str | None:
        sign, rest = split_comparator(text)
        found = parse_number(rest, decimal, thousands)
        return None if found is None or (sign != "=" and not compared) else format(found, "f")

    made = by_unique(value, number, pl.String)
    not_number(sheet, name, value, value.is_not_null() & made.is_null())
    signs = by_unique(value, lambda text: split_comparator(text)[0], pl.String)
    return made, signs.set(made.is_null(), None)


def _melted(sheet: Sheet, table: TableMapping, columns: pl.DataFrame) -> pl.DataFrame:
    """One row per marker and row of the file; a blank cell makes none."""
    parts = []
    for wide in table.wide:
        raw = raw_cells(sheet, wide.source)
        value, sign = read_results(sheet, wide.source, raw, compared=True)
        unit = _unit(sheet, wide, raw)
        made = pl.DataFrame({ROW: sheet.rows, "raw_value": value, "comparator": sign, "raw_unit": unit})
        made = made.with_columns(pl.lit(wide.marker).alias("marker"), pl.lit(wide.source).alias("\x01from"))
        unclear = unit.is_null() if wide.match else pl.Series([False])
        parts.append(made.filter(value.is_not_null() & ~unclear))
    rows = pl.concat(parts).join(columns.drop("comparator"), on=ROW, how="left", maintain_order="left")
    return _canonical(sheet, rows, pl.col("\x01from")).drop("\x01from")


def _unit(sheet: Sheet, wide: WideMarker, raw: pl.Series) -> pl.Series:
    """The unit of each cell: fixed, from another column, or by the look of the value."""
    if wide.unit_from:
        return raw_cells(sheet, wide.unit_from)
    if not wide.match:
        return pl.Series([wide.unit], dtype=pl.String).new_from_index(0, len(raw))
    unit = matched(raw, wide.match)
    unclear = raw.is_not_null() & (unit.is_null() | (unit == AMBIGUOUS))
    sheet.refuse(unclear, wide.source, raw, "fits no unit, or two", "Correct the expressions of `unit`.")
    return unit.set(unclear.fill_null(False), None)


def _measured(sheet: Sheet, table: TableMapping, columns: pl.DataFrame) -> pl.DataFrame:
    source = table.columns.get("raw_value")
    return _canonical(sheet, columns, pl.lit(named(source) if source else "raw_value"))


def _canonical(sheet: Sheet, rows: pl.DataFrame, source: pl.Expr) -> pl.DataFrame:
    """Add `value` in the canonical unit; a wrong unit and a value outside hard limits are refused."""
    from onearm.vocabulary.markers import MARKERS, Standing, convert

    def canonical(joined: str) -> Mapping[str, object]:
        marker, raw, unit = joined.split("\x1f")
        try:
            value = convert(marker, Decimal(raw), unit)
        except (ValueError, KeyError) as error:
            return {"value": None, "why": str(error).rstrip(".")}
        if MARKERS[marker].standing(value) is Standing.REFUSED:
            low, high = MARKERS[marker].hard
            limits = f"{value:f} {MARKERS[marker].unit} of {marker} is outside {low:f} to {high:f}"
            return {"value": None, "why": limits}
        return {"value": value, "why": None}

    keyed = rows.select(pl.concat_str(["marker", "raw_value", pl.col("raw_unit").fill_null("")], separator="\x1f"))
    made = by_unique(keyed.to_series(), canonical, pl.Struct({"value": DECIMAL, "why": pl.String})).struct.unnest()
    rows = rows.with_columns(made["value"], made["why"].alias("\x01why"), source.alias("\x01source"))
    for part in rows.filter(pl.col("\x01why").is_not_null()).partition_by("\x01source"):
        shown = part.select(pl.concat_str(["raw_value", pl.col("raw_unit").fill_null("")], separator=" ")).to_series()
        remedy = "Correct the cell, the unit, or the map of raw_unit."
        sheet.book.refuse(part[ROW], part["\x01source"][0], shown, part["\x01why"], remedy)
    return rows.drop("\x01why", "\x01source")


def _required(sheet: Sheet, table: TableMapping, rows: pl.DataFrame) -> pl.DataFrame:
    """All columns of the record table; a required one that is blank refuses its row."""
    found = shape(table.to)
    absent = [
        (pl.lit("unknown") if c.may_be_unknown else pl.lit(None)).cast(DTYPES[c.kind]).alias(n)
        for n, c in found.columns.items()
        if n not in rows.columns
    ]
    rows = rows.with_columns(*absent)
    known = sheet.book.rows()
    for name, column in table.columns.items():
        if found.columns[name].required and name in rows.columns:
            blank = rows.filter(pl.col(name).is_null() & ~pl.col(ROW).is_in(known.implode()))
            told, remedy = f"{table.to}.{name} is required", "Fill the cell, or leave such rows out with `where`."
            sheet.book.refuse(blank[ROW], named(column), "", told, remedy)
    return rows.select(ROW, *found.columns)
