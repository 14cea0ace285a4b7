"""Cells to UTC times with the precision they are known with: dates, local times, Excel serials, counted time."""

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import polars as pl

from onearm.sources.cell_number import numbers
from onearm.sources.cell_text import named, raw_cells, texts
from onearm.sources.mapping import ColumnMapping
from onearm.sources.sheet import Sheet, by_unique
from onearm.sources.time_units import DAY_MS, TIME_UNITS, precision_of
from onearm.vocabulary.clock import Precision, at_day_count

AT = pl.Datetime("ms", "UTC")
_NOON_MS = DAY_MS // 2
_CLOCK = re.compile(r"%[HIMSp]")
_MONTH_DAY = 15
_EXCEL_ZERO = date(1899, 12, 30)  # serial 0 of the 1900 date system, its leap-year slip included
_YEARS = (1900, 2200)
_LONGEST_DAYS = 60_000


def times(sheet: Sheet, column: ColumnMapping) -> tuple[pl.Series, pl.Series]:
    """(UTC time, precision) of each row; what cannot be read is refused and null."""
    size = sheet.frame.height
    if column.day is not None:
        at = at_day_count(0).timestamp() * 1000 + int(column.day * DAY_MS)
        moment = pl.Series([int(at)], dtype=pl.Int64).cast(AT).new_from_index(0, size)
        whole = column.day.denominator == 1 and not column.exact
        precision = Precision.DAY if whole else Precision.MINUTE
        return moment, pl.Series([precision.value]).new_from_index(0, size)
    if column.time_unit is not None:
        return _counted(sheet, column, column.time_unit)
    value, _ = texts(sheet, column)
    return _written(sheet, column, value, column.formats)


def dates(sheet: Sheet, column: ColumnMapping) -> pl.Series:
    """Calendar dates; the clock time of a cell, if any, is dropped."""
    at, _ = times(sheet, column)
    return at.dt.date()


def durations_ms(sheet: Sheet, name: str, value: pl.Series, time_unit: str) -> pl.Series:
    """Lengths of time as whole milliseconds (int64); a negative or absurd one is refused."""
    count = numbers(sheet, name, value)
    per_unit = TIME_UNITS[time_unit]
    days = count.cast(pl.Float64) * float(per_unit)
    negative, absurd = days < 0, days > _LONGEST_DAYS
    sheet.refuse(negative, name, value, "is negative", "A duration is never below 0; correct the cell.")
    told = f"is more than {_LONGEST_DAYS:,} days"
    sheet.refuse(absurd, name, value, told, "Correct the cell, or `time_unit`.")
    good = ~(negative | absurd).fill_null(True)
    return (days.set(~good, None) * DAY_MS).round(0).cast(pl.Int64)


def coarser(first: pl.Series, second: pl.Series | str) -> pl.Series:
    """The less precise of two precisions, row by row."""
    rank = {"minute": 0, "day": 1, "month": 2}
    frame = pl.DataFrame({"a": first}).with_columns(
        pl.lit(second).alias("b") if isinstance(second, str) else second.alias("b")
    )
    ranks = [pl.col(c).replace_strict(rank, default=None, return_dtype=pl.Int8) for c in ("a", "b")]
    top = frame.select(pl.max_horizontal(ranks).alias("rank"))["rank"]
    return top.replace_strict([0, 1, 2], list(rank), default=None, return_dtype=pl.String)


def settled(zero: pl.Expr, known: pl.Expr, length: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """(zero + length in ms, its precision), stored as the clock wants it.

    Known to the month: 12:00Z of the 15th, but never before zero. Known to the day: at noon; a half day falls between
    two noons and is kept as it is, to the minute, and so are whole days after a clock time.
    """
    exact = (zero.cast(pl.Int64) + length).cast(AT)
    middle = exact.dt.truncate("1mo").dt.offset_by("14d12h")
    at = pl.when(known != Precision.MONTH.value).then(exact).otherwise(pl.max_horizontal(zero, middle))
    noon = at.dt.truncate("1d").dt.offset_by("12h") == at
    monthly = (known == Precision.MONTH.value) & (at == middle)
    precision = (
        pl.when(at.is_null())
        .then(None)
        .when(monthly)
        .then(pl.lit(Precision.MONTH.value))
        .when((known != Precision.MINUTE.value) & noon)
        .then(pl.lit(Precision.DAY.value))
        .otherwise(pl.lit(Precision.MINUTE.value))
    )
    return at, precision


def _counted(sheet: Sheet, column: ColumnMapping, unit: str) -> tuple[pl.Series, pl.Series]:
    """A length of time after `after` (without it: after day 0 of a source without dates)."""
    value, _ = texts(sheet, column)
    length = durations_ms(sheet, named(column), value, unit)
    hours = precision_of(unit) == Precision.MINUTE.value
    start = column.after or ColumnMapping(day=TIME_UNITS["days"] * 0, exact=hours)
    zero, known = times(sheet, start)
    sheet.refuse(
        length.is_not_null() & zero.is_null(),
        named(column),
        value,
        "has no time to count from",
        "Give the time it starts at.",
    )
    frame = pl.DataFrame({"zero": zero, "known": coarser(known, precision_of(unit)), "length": length})
    at, precision = settled(pl.col("zero"), pl.col("known"), pl.col("length"))
    made = frame.select(at.alias("at"), precision.alias("precision"))
    return made["at"], made["precision"]


def _written(
    sheet: Sheet, column: ColumnMapping, value: pl.Series, formats: tuple[str, ...]
) -> tuple[pl.Series, pl.Series]:
    """Every form is tried; two that read one cell differently refuse it."""
    name = named(column)
    at = pl.Series([None], dtype=AT).new_from_index(0, len(value))
    precision = pl.Series([None], dtype=pl.String).new_from_index(0, len(value))
    partial = _partial(sheet, column)
    local_failed = pl.Series([False]).new_from_index(0, len(value))
    clash = local_failed
    for form in formats:
        found, known, unlocal = _one_form(sheet, value, form)
        if partial is not None and _CLOCK.search(form):
            short, short_known, _ = _one_form(sheet, value, form[: _CLOCK.search(form).start()].rstrip(" T"))  # type: ignore[union-attr]
            found = found.zip_with(~partial, short)
            known = known.zip_with(~partial, short_known)
        clash = clash | (at.is_not_null() & found.is_not_null() & (at != found)).fill_null(False)
        fresh = at.is_null() & found.is_not_null()
        at, precision = at.zip_with(~fresh, found), precision.zip_with(~fresh, known)
        local_failed = local_failed | unlocal
    sheet.refuse(clash, name, value, "reads as two dates", "Keep one of the forms in `format`.")
    zone = sheet.reading.timezone
    told = f"falls in the hour that summer time skips or doubles in {zone}"
    sheet.refuse(local_failed & at.is_null(), name, value, told, 'Set fold = "first" or "second", or correct it.')
    unread = value.is_not_null() & at.is_null() & ~local_failed
    forms = " or ".join(formats)
    sheet.refuse(
        unread, name, value, f"is not a time of the form {forms}", "Correct the cell, or add its form to `format`."
    )
    year = at.dt.year()
    odd = ((year < _YEARS[0]) | (year > _YEARS[1])).fill_null(False)
    sheet.refuse(odd, name, value, "has no plausible year", "Write the year with four digits, or %y in `format`.")
    lost = odd | clash
    return at.set(lost, None), precision.set(lost, None)


def _partial(sheet: Sheet, column: ColumnMapping) -> pl.Series | None:
    """Rows where the later of several cells is blank: the date without its hour."""
    if len(column.sources) < 2:
        return None
    blank = raw_cells(sheet, column.sources[-1]).is_null()
    return blank if blank.any() else None


def _one_form(sheet: Sheet, value: pl.Series, form: str) -> tuple[pl.Series, pl.Series, pl.Series]:
    """(UTC, precision, not a local time that exists once) by one form."""
    if form == "excel":
        return _excel(sheet, value)
    none = pl.Series([False]).new_from_index(0, len(value))
    if _CLOCK.search(form):
        local = value.str.strptime(pl.Datetime("ms"), form.replace(".%f", "%.f"), strict=False)
        return _to_utc(sheet, local)
    if re.search(r"%[dj]", form):
        day, precision = value.str.to_date(form, strict=False), Precision.DAY
    else:
        day, precision = (value + f"\x1f{_MONTH_DAY}").str.to_date(form + "\x1f%d", strict=False), Precision.MONTH
    at = (day.cast(pl.Int64) * DAY_MS + _NOON_MS).cast(AT)
    return at, _known(at, precision), none


def _known(at: pl.Series, precision: Precision) -> pl.Series:
    filled = pl.Series([precision.value]).new_from_index(0, len(at))
    return filled.set(at.is_null(), None)


def _to_utc(sheet: Sheet, local: pl.Series) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Local wall clock to UTC. A skipped or doubled hour is null, unless the mapping says which one is meant."""
    zone, fold = sheet.reading.timezone or "UTC", sheet.reading.fold
    at = local.dt.replace_time_zone(zone, ambiguous="null", non_existent="null").dt.convert_time_zone("UTC").cast(AT)
    failed = (local.is_not_null() & at.is_null()).fill_null(False)
    if fold is not None and failed.any():
        which = 0 if fold == "first" else 1

        def utc(text: str) -> datetime:
            return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=which).astimezone(UTC)

        made = by_unique(local.dt.to_string("%Y-%m-%dT%H:%M:%S%.3f").set(~failed, None), utc, AT)
        at, failed = at.zip_with(~failed, made), failed & made.is_null()
    return at, _known(at, Precision.MINUTE), failed


def _excel(sheet: Sheet, value: pl.Series) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Serial days of a spreadsheet: 43924 is 2020-04-03; a fraction is a clock time."""
    serial = value.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    serial = serial.set(((serial < 1) | (serial > 110_000)).fill_null(False), None)
    whole = (serial == serial.floor()).fill_null(False)
    base = (_EXCEL_ZERO - date(1970, 1, 1)).days
    local = ((serial + base) * 1440).round(0).cast(pl.Int64) * 60_000  # to the minute
    clock, _, failed = _to_utc(sheet, local.cast(pl.Datetime("ms")))
    day = (local + _NOON_MS).cast(AT)
    at = day.zip_with(
        whole, clock if sheet.reading.timezone else pl.Series([None], dtype=AT).new_from_index(0, len(day))
    )
    precision = _known(at, Precision.DAY).zip_with(whole, _known(at, Precision.MINUTE))
    return at, precision, failed & ~whole
