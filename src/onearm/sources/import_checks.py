"""The rules of the record tables, of keys and across tables, applied to imported rows until nothing more falls."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from types import new_class

import dataframely as dy
import polars as pl

from onearm.records import TABLES, Records, check_records
from onearm.results.finding import Finding, Severity
from onearm.results.problems import Problem, StudyProblems
from onearm.sources.import_rows import Workbench, assembled, refuse_dangling, refuse_double_keys
from onearm.sources.sheet import ROW
from onearm.sources.table_shape import shape

_CORRECT = "Correct the row, or how it is mapped."


Rules = Callable[[Records], Iterable[Finding]]


def check_rows(
    bench: Workbench, stored: Mapping[str, pl.DataFrame], sources: pl.DataFrame, rules: Rules | None = None
) -> tuple[dict[str, pl.DataFrame], Records]:
    """(new rows of every table, with ROW, that break no rule; the Records they form with what is stored).

    Each other row is refused in the book: by its schema, or by what `rules` (those across tables) find to block.
    """
    subjects = (
        stored["subjects"]["subject_id"] if "subjects" in stored else pl.Series("subject_id", [], dtype=pl.String)
    )
    while True:
        refused = refuse_dangling(bench, subjects)
        tables = assembled(bench, stored)
        refused += refuse_double_keys(bench, tables, stored)
        if refused:
            continue
        try:
            records = Records.of(_together(tables, stored, sources), provenance="file")
        except StudyProblems:
            if not sum(_refuse_by_schema(bench, table, rows) for table, rows in tables.items()):
                raise  # not of a row of the files: the source, or what is stored
            continue
        if not _refuse_by_rules(bench, tables, records, rules):
            return tables, records


@cache
def _with_row(table: str) -> type[dy.Schema]:
    """The schema of a table that keeps the number of the row of the file."""
    schema = TABLES[table]
    more = {"import_row": dy.UInt32(nullable=False)}
    made: type[dy.Schema] = new_class(
        f"Imported{schema.__name__}", (schema,), exec_body=lambda space: space.update(more)
    )
    return made


def _refuse_by_schema(bench: Workbench, table: str, rows: pl.DataFrame) -> int:
    if not rows.height:
        return 0
    _, failed = _with_row(table).filter(rows.rename({ROW: "import_row"}), cast=True)
    if not failed.counts():
        return 0
    details = failed.details()
    told_already = pl.Series([], dtype=pl.UInt32)
    for rule in sorted(failed.counts(), key=lambda rule: "|" not in rule):  # of a cell first, then of the row
        broken = details.filter(pl.col(rule).cast(pl.String) == "invalid")
        column, _, name = rule.partition("|")
        if name:
            told_already = pl.concat([told_already, broken["import_row"]])
        else:
            broken = broken.filter(~pl.col("import_row").is_in(told_already.implode()))
        shown = _shown(broken[column]) if name else ""
        told = _told(TABLES[table].columns().get(column), name or column)
        bench.book.refuse(broken["import_row"], f"{table}.{column}" if name else table, shown, told, _CORRECT)
    return int(details["import_row"].n_unique())


def _shown(values: pl.Series) -> pl.Series:
    text = values.cast(pl.String).fill_null("")
    if not values.dtype.is_decimal():
        return text
    return text.str.replace(r"(\.\d*?)0+$", "$1").str.strip_suffix(".")


def _told(column: dy.Column | None, rule: str) -> str:
    """A rule of a schema in words."""
    limit = getattr(column, rule, None)
    forms = {
        "nullability": "is required",
        "min": f"is below {limit}",
        "min_exclusive": f"is not above {limit}",
        "max": f"is above {limit}",
        "regex": f"does not have the form {limit}",
        "max_length": f"is longer than {limit} characters",
    }
    return forms.get(rule, f"breaks the rule: {rule.replace('_', ' ')}")


def _together(
    tables: Mapping[str, pl.DataFrame], stored: Mapping[str, pl.DataFrame], sources: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    """What is stored and the new rows, by table."""
    together = dict(stored)
    for table, rows in {"sources": sources, **{t: f.drop(ROW) for t, f in tables.items()}}.items():
        if table in stored:
            schema = stored[table].schema
            together[table] = pl.concat([stored[table], rows.select(pl.col(n).cast(t) for n, t in schema.items())])
        else:
            together[table] = rows
    return together


def _refuse_by_rules(
    bench: Workbench, tables: Mapping[str, pl.DataFrame], records: Records, rules: Rules | None
) -> int:
    """Findings that block refuse their subject. Raises StudyProblems where no row of the files is to blame."""
    by_table: dict[str, list[Finding]] = {}
    for finding in (rules or check_records)(records):
        if finding.severity is Severity.BLOCK:
            by_table.setdefault(finding.table, []).append(finding)
    before, elsewhere = len(bench.lost), list[Problem]()
    for table, found in by_table.items():
        for row, subject, key, sentence, remedy in _placed(bench, table, found, tables.get(table), records).iter_rows():
            if row is None:
                elsewhere.append(Problem(table, f"{key}: {sentence}", remedy))
            else:
                bench.book.refuse(pl.Series([row]), "", key, sentence, remedy)
                bench.lost.add(subject)
    if elsewhere:
        raise StudyProblems(elsewhere, "nothing was imported")
    return len(bench.lost) - before


def _placed(
    bench: Workbench, table: str, findings: Sequence[Finding], fresh: pl.DataFrame | None, records: Records
) -> pl.DataFrame:
    """ROW, subject, key, sentence, remedy of findings: the row they speak of, else the first new row of its subject."""
    told = pl.DataFrame(
        [(f.key, f.sentence, f.remedy) for f in findings], schema=["key", "sentence", "remedy"], orient="row"
    )
    if "subject_id" not in shape(table).columns:
        return told.select(pl.lit(None).alias(ROW), pl.lit("").alias("subject_id"), "key", "sentence", "remedy")
    key = pl.concat_str([pl.col(c).cast(pl.String) for c in shape(table).key], separator="/").alias("key")
    placed = told.join(records[table].select(key, "subject_id"), on="key", how="left", maintain_order="left")
    here = pl.DataFrame(schema={"key": pl.String, ROW: pl.UInt32}) if fresh is None else fresh.select(key, ROW)
    some = (
        bench.used.join(bench.refused(), on=ROW, how="anti")
        .group_by("subject_id")
        .agg(pl.col(ROW).min().alias("\x01some"))
    )
    placed = placed.join(here, on="key", how="left", maintain_order="left")
    placed = placed.join(some, on="subject_id", how="left", maintain_order="left")
    return placed.select(pl.coalesce(ROW, "\x01some"), "subject_id", "key", "sentence", "remedy")
