"""States over time (`path` of a mapping) to spells: when a subject entered which kind of state, and when it ended.

Three ways to write a path (wide, moves, daily) become one list of visits; runs of one kind among them are the spells.
"""

from dataclasses import dataclass

import polars as pl

from onearm.sources.cell_text import raw_cells, texts
from onearm.sources.cell_time import AT, coarser, durations_ms, settled, times
from onearm.sources.mapping import ColumnMapping, PathMapping
from onearm.sources.raw_table import LINE
from onearm.sources.sheet import FILE, ROW, Sheet
from onearm.sources.time_units import DAY_MS, TIME_UNITS, precision_of

_VISITS = ("path", "off", ROW, "state")  # path: number of the path; off: ms since its start


@dataclass(frozen=True)
class Paths:
    """Visits in order of path and time, and one row per path with its start and last look."""

    visits: pl.DataFrame  # path, off, ROW, state (null: between spells)
    starts: pl.DataFrame  # path, subject, zero (UTC), precision, last (ms since start), last_precision


def read_paths(sheet: Sheet, path: PathMapping, subject: pl.Series) -> Paths:
    """The visits of every subject. What contradicts itself is refused."""
    form = {"wide": wide_visits, "moves": moved_visits, "daily": daily_visits}[path.form]
    return form(sheet, path, subject)


def spells(paths: Paths, path: PathMapping) -> pl.DataFrame:
    """Runs of one kind: ROW of entry, kind, is_last, started_at, ended_at (null in the last), last_look, precisions."""
    kind = pl.col("state").replace_strict(dict(path.kinds), default=None, return_dtype=pl.String)
    same_path = pl.col("path") == pl.col("path").shift(1)
    runs = (
        paths.visits.with_columns(kind.alias("kind"))
        .filter(~(same_path & pl.col("kind").eq_missing(pl.col("kind").shift(1))).fill_null(False))
        .with_columns((pl.col("path") != pl.col("path").shift(-1)).fill_null(True).alias("is_last"))
        .with_columns(pl.when(~pl.col("is_last")).then(pl.col("off").shift(-1)).alias("end"))
        .join(paths.starts, on="path", how="left", maintain_order="left")
    )
    moments = {
        "started_at": ("off", "precision"),
        "ended_at": ("end", "precision"),
        "last_look": ("last", "last_precision"),
    }
    for name, (length, known) in moments.items():
        at, precision = settled(pl.col("zero"), pl.col(known), pl.col(length))
        runs = runs.with_columns(at.alias(name), precision.alias(f"{name}_precision"))
    return runs


def path_episodes(paths: Paths, path: PathMapping) -> pl.DataFrame:
    """Rows of `episodes`: ROW, kind, started_at, ended_at with their precisions, ongoing."""
    runs = spells(paths, path).filter(pl.col("kind").is_not_null())
    return runs.select(
        ROW,
        "kind",
        "started_at",
        "started_at_precision",
        "ended_at",
        "ended_at_precision",
        pl.col("is_last").alias("ongoing"),
    )


def path_outcomes(sheet: Sheet, paths: Paths, path: PathMapping) -> pl.DataFrame:
    """Rows of `outcomes`: ROW, kind, occurred_at and its precision."""
    runs = spells(paths, path)
    wanted = pl.col("kind").is_not_null() & (pl.col("is_last") if path.take == "last" else pl.lit(True))
    entered = runs.filter(wanted).select(
        ROW,
        "kind",
        pl.col("started_at").alias("occurred_at"),
        pl.col("started_at_precision").alias("occurred_at_precision"),
    )
    if path.open is not None:
        still = runs.filter(pl.col("is_last") & pl.col("kind").is_null())
        unseen = still.filter(pl.col("last").is_null())[ROW]
        told = f"ends in a state that is not in `map`, and the last look ({_last_look(path)}) is missing"
        sheet.book.refuse(unseen, _last_look(path), "", told, "Give the last look, or map the state.")
        seen = still.filter(pl.col("last").is_not_null())
        looked = seen.select(
            ROW,
            pl.lit(path.open).alias("kind"),
            pl.col("last_look").alias("occurred_at"),
            pl.col("last_look_precision").alias("occurred_at_precision"),
        )
        entered = pl.concat([entered, looked])
    return entered


def _last_look(path: PathMapping) -> str:
    return " + ".join(path.until.sources) if path.until else path.at


def wide_visits(sheet: Sheet, path: PathMapping, subject: pl.Series) -> Paths:
    """One row per subject: states and the times of their entry, side by side."""
    _one_row_each(sheet, path, subject)
    zero, precision = _start(sheet, path, subject)
    size = sheet.frame.height
    off = pl.Series([0], dtype=pl.Int64).new_from_index(0, size)
    ended = pl.Series([False]).new_from_index(0, size)
    number = pl.Series("path", range(size), dtype=pl.UInt32)
    parts = []
    for k, name in enumerate(path.states):
        state = raw_cells(sheet, name)
        empty = state.is_null() | state.is_in(list(path.pad)).fill_null(False)
        _check_state(sheet, path, name, state.set(empty, None))
        if k == 0:
            sheet.refuse(empty, name, state, "the path has no first state", "Give the state at the start.")
        else:
            late = ended & ~empty
            sheet.refuse(late, name, state, "follows the end of the path", "Correct the states, or `pad`.")
            off = _next_off(sheet, path, path.times[k - 1], off, empty)
        ended = ended | empty
        entered = ~empty & off.is_not_null()
        parts.append(pl.DataFrame({"path": number, "off": off, ROW: sheet.rows, "state": state}).filter(entered))
    visits = pl.concat(parts).sort("path", maintain_order=True)
    last, seen = _until(sheet, path, zero, coarser(precision, _counts(path)))
    early = (last < off).fill_null(False)
    told = "the last look is before the last change of state"
    sheet.refuse(early, _last_look(path), _shown(sheet, path), told, "Correct the times, or the last look.")
    starts = pl.DataFrame(
        {"path": number, "subject": subject, "zero": zero, "precision": coarser(precision, _counts(path))}
    ).with_columns(last.alias("last"), seen.alias("last_precision"))
    return Paths(visits.select(_VISITS), starts)


def _one_row_each(sheet: Sheet, path: PathMapping, subject: pl.Series) -> None:
    """A subject has one path: equal rows are folded later, two different ones are refused."""
    twice = subject.is_duplicated()
    if not twice.any():
        return
    cells = sheet.frame.select(c for c in sheet.frame.columns if c not in (ROW, FILE, LINE))
    told = "the subject has two different rows of states"
    sheet.refuse(twice & ~cells.is_duplicated(), "subject_id", subject, told, "Keep one of them.")


def _next_off(sheet: Sheet, path: PathMapping, name: str, off: pl.Series, empty: pl.Series) -> pl.Series:
    """Time of the next entry; it stays where the path has ended."""
    cells = raw_cells(sheet, name)
    length = durations_ms(sheet, name, cells, path.time_unit)
    sheet.refuse(~empty & cells.is_null(), name, "", "the state has no time", "Give the time, or remove the state.")
    stray = empty & (length != 0).fill_null(False)
    sheet.refuse(stray, name, cells, "a time without a state", "Give the state, or remove the time.")
    if path.times_are == "in_previous_state":
        return off.zip_with(empty, off + length)
    back = (~empty & (length < off)).fill_null(False)
    sheet.refuse(
        back, name, cells, "is before the state that precedes it", "Times count from the start; correct the order."
    )
    return off.zip_with(empty, length)


def moved_visits(sheet: Sheet, path: PathMapping, subject: pl.Series) -> Paths:
    """One row per change of state: from, to, at."""
    frame = _long(sheet, path, subject).with_columns(raw_cells(sheet, path.move_from).alias("from"))
    _check_state(sheet, path, path.move_from, frame["from"])
    lacking = frame["from"].is_null()
    sheet.refuse(lacking, path.move_from, "", "the state left is missing", "Give it.")
    cut = pl.lit(path.censored)
    _check_state(sheet, path, path.state, frame.select(pl.when(pl.col("state").ne_missing(cut)).then("state"))["state"])
    sheet.refuse(frame["state"].is_null(), path.state, "", "the state entered is missing", "Give it.")
    frame = frame.drop_nulls(["off", "path", "zero"]).sort("path", "off", ROW)
    same = pl.col("path") == pl.col("path").shift(1)
    checked = frame.with_columns(same.fill_null(False).alias("same"), pl.col("state").shift(1).alias("before"))
    after = checked.filter(pl.col("same") & (pl.col("before") == cut))
    sheet.book.refuse(
        after[ROW], path.state, after["state"], "follows the end of follow-up", "Correct the order of the rows."
    )
    broken = checked.filter(pl.col("same") & (pl.col("before") != cut) & pl.col("from").ne_missing(pl.col("before")))
    told = broken.select(
        "leaves a state other than the one entered before (" + pl.col("before").fill_null("none") + ")"
    ).to_series()
    sheet.book.refuse(broken[ROW], path.move_from, broken["from"], told, "Add the missing move, or correct the times.")
    first = checked.filter(~pl.col("same")).select(
        "path", pl.lit(0, dtype=pl.Int64).alias("off"), ROW, pl.col("from").alias("state")
    )
    moved = frame.filter(pl.col("state").ne_missing(cut)).select(_VISITS)
    visits = pl.concat([first.with_columns(pl.lit(0).alias("turn")), moved.with_columns(pl.lit(1).alias("turn"))])
    ordered = visits.sort("path", "turn", "off", ROW, maintain_order=True).select(_VISITS)
    return Paths(ordered, _starts(path, frame))


def daily_visits(sheet: Sheet, path: PathMapping, subject: pl.Series) -> Paths:
    """One row per day; a day without a row ends the spell unless `fill`."""
    frame = _long(sheet, path, subject)
    _check_state(sheet, path, path.state, frame["state"])
    frame = frame.drop_nulls(["off", "path", "zero"]).sort("path", "off", ROW)
    starts = _starts(path, frame)
    given = frame.drop_nulls("state")
    double = given.filter(pl.col("state").n_unique().over("path", "off") > 1)
    sheet.book.refuse(
        double[ROW], path.state, double["state"], "is one of two states of that day", "Keep one row per day."
    )
    visits = given.unique(["path", "off"], keep="first", maintain_order=True).select(_VISITS)
    if not path.fill:
        step = max(DAY_MS, int(TIME_UNITS[path.time_unit] * DAY_MS) if not path.formats else DAY_MS)
        follows = pl.col("path") == pl.col("path").shift(-1)
        gap = follows & (pl.col("off").shift(-1) - pl.col("off") > step)
        holes = visits.filter(gap.fill_null(False)).with_columns(
            pl.col("off") + step, pl.lit(None, pl.String).alias("state")
        )
        visits = pl.concat([visits, holes]).sort("path", "off", maintain_order=True)
    return Paths(visits, starts)


def _long(sheet: Sheet, path: PathMapping, subject: pl.Series) -> pl.DataFrame:
    """path, subject, zero, precision, off, ROW, state of a file with several rows per subject."""
    zero, precision = _start(sheet, path, subject)
    if path.formats:
        at, known = times(sheet, ColumnMapping(sources=(path.at,), formats=path.formats))
        if path.start is None:
            zero, precision = _first(at, subject), known
        off = at.cast(pl.Int64) - zero.cast(pl.Int64)
        precision = coarser(precision, known)
        early = (off < 0).fill_null(False)
        sheet.refuse(
            early, path.at, raw_cells(sheet, path.at), "is before the start", "Correct the date, or the start."
        )
    else:
        off = durations_ms(sheet, path.at, raw_cells(sheet, path.at), path.time_unit)
        precision = coarser(precision, precision_of(path.time_unit))
    sheet.refuse(raw_cells(sheet, path.at).is_null(), path.at, "", "the time is missing", "Give it.")
    frame = pl.DataFrame({"subject": subject, "zero": zero, "precision": precision, "off": off, ROW: sheet.rows})
    until, seen = _until(sheet, path, zero, precision)
    frame = frame.with_columns(until.alias("until"), seen.alias("last_precision"))
    late = frame.filter((pl.col("until") < pl.col("off")).fill_null(False))
    told = "the last look is before this row"
    sheet.book.refuse(late[ROW], _last_look(path), "", told, "Correct the last look, or the time.")
    several = frame.select((pl.col("zero").n_unique().over("subject") > 1) & pl.col("zero").is_not_null()).to_series()
    sheet.refuse(several, "start", zero.dt.to_string("%Y-%m-%d"), "the subject has two starts", "Keep one.")
    state = raw_cells(sheet, path.state)
    return frame.with_columns(state.alias("state"), pl.col("subject").rank("dense").cast(pl.UInt32).alias("path"))


def _first(at: pl.Series, subject: pl.Series) -> pl.Series:
    return pl.DataFrame({"at": at, "s": subject}).select(pl.col("at").min().over("s"))["at"]


def _starts(path: PathMapping, frame: pl.DataFrame) -> pl.DataFrame:
    """One row per path. The last look is `until`, else the last row."""
    last = (pl.col("until") if path.until else pl.col("off")).max().alias("last")
    firsts = [pl.col(c).first() for c in ("subject", "zero", "precision", "last_precision")]
    return frame.group_by("path", maintain_order=True).agg(*firsts, last)


def _start(sheet: Sheet, path: PathMapping, subject: pl.Series) -> tuple[pl.Series, pl.Series]:
    size = sheet.frame.height
    if path.start is None:
        return pl.Series([None], dtype=AT).new_from_index(0, size), pl.Series(["minute"]).new_from_index(0, size)
    zero, precision = times(sheet, path.start)
    sheet.refuse(
        zero.is_null(), " + ".join(path.start.sources) or "start", "", "the path has no start", "Give the date."
    )
    return zero, precision


def _until(sheet: Sheet, path: PathMapping, zero: pl.Series, precision: pl.Series) -> tuple[pl.Series, pl.Series]:
    """(last look in ms since the start, null where none is given; how well it is known)."""
    if path.until is None:
        return pl.Series([None], dtype=pl.Int64).new_from_index(0, sheet.frame.height), precision
    if path.until.formats:
        at, known = times(sheet, path.until)
        return at.cast(pl.Int64) - zero.cast(pl.Int64), known
    value, _ = texts(sheet, path.until)
    unit = path.until.time_unit or path.time_unit
    return durations_ms(sheet, _last_look(path), value, unit), coarser(precision, precision_of(unit))


def _shown(sheet: Sheet, path: PathMapping) -> pl.Series | str:
    return raw_cells(sheet, path.until.sources[0]) if path.until else ""


def _counts(path: PathMapping) -> str:
    return precision_of(path.time_unit)


def _check_state(sheet: Sheet, path: PathMapping, name: str, state: pl.Series) -> None:
    if path.codes is not None:
        unknown = state.is_not_null() & ~state.is_in(list(path.codes)).fill_null(False)
        told = "is not a state of this file (`codes`: " + ", ".join(sorted(path.codes)) + ")"
        sheet.refuse(unknown, name, state, told, "Correct the cell, or add it to `codes`.")
