"""`onearm import`: foreign files and a mapping to record tables. All or nothing, unless told otherwise."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from onearm.records import Records
from onearm.results.problems import Problem, StudyProblems
from onearm.sources.completeness import completeness
from onearm.sources.import_checks import Rules, check_rows
from onearm.sources.import_report import ImportReport, Refusal
from onearm.sources.import_rows import Stamp, Workbench, apply_mapping, files_of
from onearm.sources.mapping import ImportMapping, TableMapping
from onearm.sources.mapping_file import read_mapping
from onearm.sources.raw_table import LINE, RawTable, read_raw
from onearm.sources.sheet import ROW
from onearm.sources.source_description import SourceDescription, not_stated, read_source, source_row
from onearm.sources.stored_tables import as_text_values, read_stored, write_tables
from onearm.sources.table_shape import shape

SOURCE_FILE = "source.toml"
REFUSED_FILE = "refused.csv"
_LOUD = (
    "no source.toml lies beside the mapping: who these patients are, where and when they were collected and under "
    'which licence is "not stated" in the records. Write one before these rows are compared with anybody.'
)


@dataclass(frozen=True)
class Imported:
    """Records of the rows that may be stored (with those already in the folder), and what happened to all others.

    `fresh` are the rows of each table that are not there yet, in the order they are named; `lines_stored` counts the
    rows of the files they come from.
    """

    records: Records
    report: ImportReport
    fresh: Mapping[str, pl.DataFrame]
    lines_stored: int


def import_files(
    files: Sequence[Path],
    mapping: Path,
    out: Path | None = None,
    *,
    accept_partial: bool = False,
    source_toml: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> ImportReport:
    """Read foreign files by a mapping and write `out`/records/*.csv (nothing without `out`).

    One refused row writes nothing, unless `accept_partial`: then the good rows are stored and `out`/refused.csv tells
    the others. Rows that are there already are not written again. Raises StudyProblems when the mapping, its
    source.toml or a file as a whole cannot be read.
    """
    done = import_records(
        files, mapping, out=out, accept_partial=accept_partial, source_toml=source_toml, progress=progress
    )
    if out is not None and done.report.written:
        refused = {REFUSED_FILE: done.report.refused_csv()} if done.report.refusals else {}
        write_tables(out, done.records, refused)
    return done.report


def import_records(
    files: Sequence[Path],
    mapping: Path,
    *,
    out: Path | None = None,
    accept_partial: bool = False,
    source_toml: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> Imported:
    """The same in memory: `out` is only read, for the rows that are there already."""
    mapped = read_mapping(mapping)
    problems: list[Problem] = []
    source = _source(source_toml, mapping, mapped, problems)
    raws = _read_all(files, mapped, problems, progress)
    if problems or source is None:
        raise StudyProblems(problems, "nothing was imported")
    stored = read_stored(out) if out is not None else {}
    sources = _sources(mapped, source, raws, stored)
    return _import(mapped, raws, source, stored, sources, None, accept_partial)


def import_rows(
    files: Sequence[Path],
    mapped: ImportMapping,
    stored: Mapping[str, pl.DataFrame],
    rules: Rules,
    *,
    accept_partial: bool = False,
) -> Imported:
    """Rows of files for patients who are there already, such as those of a ledger; nothing is written.

    `stored` are their tables as they stand; no source is added. A row is refused by what `rules` find to block.
    Raises StudyProblems when a file as a whole cannot be read.
    """
    problems: list[Problem] = []
    raws = _read_all(files, mapped, problems, None)
    if problems:
        raise StudyProblems(problems, "nothing was imported")
    source = not_stated(False, datetime.now(UTC).replace(microsecond=0))
    texts = {name: as_text_values(frame) for name, frame in stored.items()}
    return _import(mapped, raws, source, texts, frame_of("sources", []), rules, accept_partial)


def _import(
    mapped: ImportMapping,
    raws: Sequence[RawTable],
    source: SourceDescription,
    stored: Mapping[str, pl.DataFrame],
    sources: pl.DataFrame,
    rules: Rules | None,
    partial: bool,
) -> Imported:
    stamp = Stamp(source.retrieved(), "IMP-" + _sha256_of(raws, mapped)[:12].upper())
    bench = apply_mapping(mapped, raws, stamp)
    fresh, records = check_rows(bench, stored, sources, rules)
    refusals = _refusals(bench)
    written = partial or not refusals
    report = _report(bench, mapped, raws, source, fresh, refusals, written=written, partial=partial)
    lines = pl.concat([pl.Series([], dtype=pl.UInt32), *(f[ROW] for f in fresh.values())]).n_unique()
    plain = {table: frame.drop(ROW) for table, frame in fresh.items()}
    return Imported(records if written else Records.of(stored, provenance="file"), report, plain, lines)


def _source(
    given: Path | None, mapping: Path, mapped: ImportMapping, problems: list[Problem]
) -> SourceDescription | None:
    path = given or mapping.with_name(SOURCE_FILE)
    if given is None and not path.exists():
        starts = [t.path.start for t in mapped.tables if t.path and t.path.start]
        days_only = any(c.day is not None for c in [*starts, *(c for t in mapped.tables for c in t.columns.values())])
        return not_stated(days_only, datetime.now(UTC).replace(microsecond=0))
    return read_source(path, problems)


def _read_all(
    files: Sequence[Path], mapped: ImportMapping, problems: list[Problem], progress: Callable[[int], None] | None
) -> list[RawTable]:
    names = [f.name for f in files]
    raws = []
    for number, path in enumerate(files):
        tables = [t for t in mapped.tables if number in files_of(t, names)]
        if names.index(path.name) != number:
            problems.append(Problem(path.name, "two files have this name.", "Rename one: messages name the file."))
        elif not tables:
            globs = sorted({g for t in mapped.tables for g in t.reading.files})
            told = "`files` of the mapping: " + ", ".join(globs) + "."
            problems.append(Problem(path.name, "no table of the mapping reads this file.", told))
        elif len({(t.reading.encoding, t.reading.delimiter) for t in tables}) > 1:
            told = "tables of the mapping read this file with two encodings or delimiters."
            problems.append(Problem(path.name, told, "Give one."))
        else:
            needed = list(dict.fromkeys(c for t in tables for c in t.named_columns()))
            raw = read_raw(path, tables[0].reading, needed, problems, progress)
            raws += [raw] if raw else []
    for table in mapped.tables:
        if files and not files_of(table, names):
            told = f"[[table]] {table.number} ({table.to}): none of the files fits {', '.join(table.reading.files)}."
            problems.append(Problem(mapped.file, told, "Give the file, or correct `files`."))
    if not files:
        problems.append(Problem(mapped.file, "no file was given.", "Name the files to import."))
    return raws


def _sha256_of(raws: Sequence[RawTable], mapped: ImportMapping) -> str:
    return hashlib.sha256("\n".join([mapped.sha256, *(r.sha256 for r in raws)]).encode()).hexdigest()


def missing_fields(mapped: ImportMapping) -> tuple[str, ...]:
    """Required yes/no/unknown columns that no table of the mapping fills: `table.column`."""
    given: dict[str, set[str]] = {}
    for table in mapped.tables:
        given.setdefault(table.to, set()).update(table.columns, table.constants)
    return tuple(
        f"{to}.{name}"
        for to, names in given.items()
        for name, column in shape(to).columns.items()
        if column.may_be_unknown and name not in names
    )


def _sources(
    mapped: ImportMapping, source: SourceDescription, raws: Sequence[RawTable], stored: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """Rows of `sources` for the sources of the mapping that are not stored yet."""
    have = set(stored["sources"]["source_id"]) if "sources" in stored else set()
    sites: dict[str, TableMapping] = {}
    for table in mapped.tables:
        sites.setdefault(table.source, table)
    sha256 = raws[0].sha256 if len(raws) == 1 else _joined_sha256(raws)
    fields = json.dumps(sorted(missing_fields(mapped)), separators=(",", ":"), ensure_ascii=False)
    rows = [source_row(source, name, t.site, fields, sha256) for name, t in sites.items() if name not in have]
    return frame_of("sources", rows)


def _joined_sha256(raws: Sequence[RawTable]) -> str:
    return hashlib.sha256("".join(sorted(r.sha256 for r in raws)).encode()).hexdigest()


def frame_of(table: str, rows: Sequence[Mapping[str, object]]) -> pl.DataFrame:
    """Plain rows as a frame with the columns of a record table."""
    from onearm.sources.table_rows import DTYPES

    types = {n: DTYPES[c.kind] for n, c in shape(table).columns.items()}
    return pl.DataFrame([{n: row.get(n) for n in types} for row in rows], schema=types, orient="row")


def _refusals(bench: Workbench) -> tuple[Refusal, ...]:
    """Every refusal with its place, in the order of the files."""
    book = bench.book.all()
    if not book.height:
        return ()
    who = bench.used.select(ROW, "subject_id").drop_nulls().unique(ROW, keep="first")
    told = book.join(bench.places, on=ROW, how="left").join(who, on=ROW, how="left").sort(ROW, "column", "rule")
    columns = ("file", LINE, "subject_id", "column", "value", "rule", "remedy")
    return tuple(
        Refusal(file, line, subject or "", column, value or "", rule, remedy)
        for file, line, subject, column, value, rule, remedy in told.select(columns).iter_rows()
    )


def _notes(source: SourceDescription, bench: Workbench) -> tuple[str, ...]:
    notes = [] if source.stated else [_LOUD]
    if bench.book.joined:
        told = f"{bench.book.joined:,} ages reach 90 and more: stored as one band, its upper end left out."
        notes.append(told)
    return tuple(notes)


def _report(
    bench: Workbench,
    mapped: ImportMapping,
    raws: Sequence[RawTable],
    source: SourceDescription,
    fresh: Mapping[str, pl.DataFrame],
    refusals: tuple[Refusal, ...],
    *,
    written: bool,
    partial: bool,
) -> ImportReport:
    refused = bench.refused()[ROW]
    taken = pl.concat([bench.used[ROW], refused]).unique()
    made = {t: bench.kept(t).height - bench.folded.get(t, 0) for t in bench.rows}
    folded = sum(n for t, n in bench.folded.items() if t not in bench.distinct)
    return ImportReport(
        source=mapped.source,
        rows_in=len(taken),
        rows_stored=len(taken) - len(refused),
        rows_refused=len(refused),
        left_out_by_where=bench.places.height - len(taken),
        blank_lines=sum(r.blank for r in raws),
        folded=folded,
        distinct=sum(bench.folded.values()) - folded,
        filled=bench.book.filled,
        tables=made,
        new={t: f.height for t, f in fresh.items()},
        unmapped=tuple((c, v, n) for (c, v), n in sorted(bench.book.unmapped.items())),
        missing_fields=missing_fields(mapped),
        completeness=completeness({t: bench.kept(t) for t in bench.rows}, source.clock_start),
        refusals=refusals,
        files=tuple((r.file, r.sha256) for r in raws),
        mapping=(mapped.file, mapped.sha256),
        notes=_notes(source, bench),
        written=written,
        partial=partial,
    )
