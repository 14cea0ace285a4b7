"""All tables of a mapping applied to all files: what is stored, what is refused, and nothing left dangling."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatch

import polars as pl

from onearm.sources.mapping import ImportMapping, TableMapping
from onearm.sources.raw_table import BROKEN, LINE, RawTable
from onearm.sources.sheet import FILE, ROW, Book, Sheet
from onearm.sources.table_rows import table_rows
from onearm.sources.table_shape import TableShape, shape

_NATURAL = {"measurements": ("subject_id", "marker", "collected_at", "specimen", "replicate")}
_NOT_CONTENT = ("entered_at", "import_id", "version")


@dataclass(frozen=True)
class Stamp:
    """What the import itself writes into every row."""

    entered_at: datetime
    import_id: str


@dataclass
class Workbench:
    """Rows of the files on their way into tables."""

    places: pl.DataFrame  # ROW, file (name), LINE
    book: Book
    rows: dict[str, pl.DataFrame]  # table -> rows with ROW
    used: pl.DataFrame  # ROW, subject_id, table number, to, whole (a path over several rows)
    folded: dict[str, int]  # table -> rows equal to another
    distinct: set[str]  # tables where the mapping expects equal rows
    lost: set[str]  # subjects refused by a rule across tables

    def kept(self, table: str) -> pl.DataFrame:
        return self.rows[table].join(self.refused(), on=ROW, how="anti", maintain_order="left")

    def refused(self) -> pl.DataFrame:
        return self.book.rows().to_frame()


def files_of(table: TableMapping, names: Sequence[str]) -> list[int]:
    """Numbers of the files a table reads."""
    return [i for i, name in enumerate(names) if any(fnmatch(name, glob) for glob in table.reading.files)]


def apply_mapping(mapping: ImportMapping, raws: Sequence[RawTable], stamp: Stamp) -> Workbench:
    """Every table of the mapping from the files it names."""
    numbered, start = [], 0
    for number, raw in enumerate(raws):
        count = pl.Series(ROW, range(start, start + raw.frame.height), dtype=pl.UInt32)
        numbered.append(raw.frame.with_columns(count, pl.lit(number, dtype=pl.UInt16).alias(FILE)))
        start += raw.frame.height
    names = [raw.file for raw in raws]
    places = pl.concat([f.select(ROW, LINE, pl.lit(n).alias("file")) for f, n in zip(numbered, names, strict=True)])
    bench = Workbench(places, Book(), {}, pl.DataFrame(), {}, set(), set())
    for raw, lines in zip(raws, numbered, strict=True):
        _refuse_broken(raw, lines, bench.book)
    used = []
    for table in mapping.tables:
        wanted = files_of(table, names)
        if not wanted:
            continue
        columns = [*table.named_columns(), ROW, FILE, LINE, BROKEN]
        sheet = Sheet(pl.concat([numbered[i].select(columns) for i in wanted]), table.reading, bench.book)
        rows, seen = table_rows(sheet, table)
        whole = table.path is not None  # a broken path would look like a patient to whom nothing happened
        used.append(seen.with_columns(pl.lit(table.to).alias("to"), pl.lit(whole).alias("whole")))
        bench.distinct |= {table.to} if table.distinct else set()
        stamped = _stamped(rows, table, stamp)
        bench.rows[table.to] = pl.concat([bench.rows[table.to], stamped]) if table.to in bench.rows else stamped
    bench.used = pl.concat(used)
    return bench


def _refuse_broken(raw: RawTable, frame: pl.DataFrame, book: Book) -> None:
    rows = frame.filter(pl.col(BROKEN))[ROW]
    told = pl.Series([f"has {cells} cells, the header {len(raw.header)}" for _, cells in raw.broken], dtype=pl.String)
    book.refuse(rows, "", "", told, "Quote cells that hold the delimiter; keep one row on one line.")


def _stamped(rows: pl.DataFrame, table: TableMapping, stamp: Stamp) -> pl.DataFrame:
    columns = shape(table.to).columns
    values = {
        "site_id": pl.lit(table.site),
        "version": pl.lit(1, dtype=pl.Int64),
        "entered_at": pl.lit(stamp.entered_at).cast(pl.Datetime("ms", "UTC")),
        "source_id": pl.lit(table.source),
        "import_id": pl.lit(stamp.import_id),
    }
    return rows.with_columns(v.alias(n) for n, v in values.items() if n in columns)


def assembled(bench: Workbench, existing: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Rows kept so far, each once, with their ids, beside those already stored. ROW stays for messages."""
    done = {}
    for table in bench.rows:
        found = shape(table)
        rows = bench.kept(table)
        content = [c for c in rows.columns if c not in (ROW, *_NOT_CONTENT)]
        once = rows.unique(content, keep="first", maintain_order=True)
        bench.folded[table] = rows.height - once.height
        done[table] = numbered(once, found, existing.get(table))
    return done


def numbered(rows: pl.DataFrame, found: TableShape, stored: pl.DataFrame | None) -> pl.DataFrame:
    """New rows only, with made ids `<subject>-<letter><n>` in order of time, counting on from what is stored."""
    key = found.made_key
    made = key is not None and rows[key].is_null().all()
    content = [c for c in found.columns if c not in _NOT_CONTENT and not (made and c == key)]
    if stored is not None and stored.height:
        rows = rows.join(stored.select(content), on=content, how="anti", nulls_equal=True, maintain_order="left")
    if not made or key is None:
        return rows
    order = [c for c in ("subject_id", found.time, "kind", "marker", ROW) if c is not None and c in rows.columns]
    letter = found.name[0].upper()
    rows = rows.sort(order, maintain_order=True)
    number = pl.int_range(1, pl.len() + 1).over("subject_id")
    if stored is not None and stored.height:
        last = stored.group_by("subject_id").agg(
            pl.col(key).str.extract(rf"-{letter}(\d+)$", 1).cast(pl.Int64).max().alias("\x01last")
        )
        rows = rows.join(last, on="subject_id", how="left", maintain_order="left")
        number = number + pl.col("\x01last").fill_null(0)
    text = pl.concat_str("subject_id", pl.lit(f"-{letter}"), number)
    return rows.with_columns(text.alias(key)).select(ROW, *found.columns)


def refuse_double_keys(
    bench: Workbench, tables: Mapping[str, pl.DataFrame], existing: Mapping[str, pl.DataFrame]
) -> int:
    """Refuse every row of a key that has two contents, here or with what is stored; the number refused."""
    count = 0
    for table, rows in tables.items():
        key = [*(_NATURAL.get(table) or shape(table).key)]
        stored = existing.get(table)
        old = [] if stored is None else [stored.select(key).with_columns(pl.lit(None, pl.UInt32).alias(ROW))]
        both = pl.concat([rows.select(*key, ROW), *(o.select(*key, ROW) for o in old)])
        double = both.filter(pl.len().over(key) > 1)
        if not double.height:
            continue
        where = pl.concat_str(pl.col("file"), pl.lit(" line "), pl.col(LINE)).fill_null("what is stored")
        lines = double.join(bench.places, on=ROW, how="left", maintain_order="left").with_columns(
            where.alias("\x01where")
        )
        told = lines.with_columns(pl.col("\x01where").str.join(", ").over(key).alias("told")).drop_nulls(ROW)
        shown = told.select(
            pl.concat_str([pl.col(k).cast(pl.String).fill_null("") for k in key], separator="/")
        ).to_series()
        rule = told.select(pl.lit(f"one key of {table} has two contents: ") + pl.col("told")).to_series()
        bench.book.refuse(told[ROW], "+".join(key), shown, rule, "Keep the right row, or map what tells them apart.")
        count += told.height
    return count


def refuse_dangling(bench: Workbench, stored_subjects: pl.Series) -> int:
    """Refuse all rows of a subject that lost its row of `subjects` or a part of its path; the number refused."""
    refused = bench.refused()
    marked = bench.used.drop_nulls("subject_id").join(
        refused.with_columns(pl.lit(True).alias("\x01refused")), on=ROW, how="left", maintain_order="left"
    )
    open_rows = marked.filter(pl.col("\x01refused").is_null())
    known = open_rows.filter(pl.col("to") == "subjects")["subject_id"].unique()
    orphans = open_rows.filter(~pl.col("subject_id").is_in(pl.concat([known, stored_subjects]).implode()))
    partly = marked.filter(pl.col("\x01refused") & pl.col("whole"))["subject_id"].unique()
    torn = open_rows.filter(pl.col("subject_id").is_in([*partly, *bench.lost]))
    both = pl.concat([orphans, torn]).unique(ROW, maintain_order=True)
    if not both.height:
        return 0
    first = marked.filter(pl.col("\x01refused")).join(bench.places, on=ROW, how="left", maintain_order="left")
    first = first.unique("subject_id", keep="first", maintain_order=True).select(
        "subject_id",
        pl.concat_str(pl.lit("belongs to a subject refused at "), "file", pl.lit(" line "), LINE).alias("told"),
    )
    told = both.join(first, on="subject_id", how="left", maintain_order="left")
    rule = told["told"].fill_null("no row of `subjects` has this subject")
    bench.book.refuse(told[ROW], "subject_id", told["subject_id"], rule, "Correct that line, or give the subject.")
    return both.height
