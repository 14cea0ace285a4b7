"""A foreign CSV file as text cells, each row with its line; what cannot be a row is refused, never guessed."""

import csv
import difflib
import hashlib
import io
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from onearm.results.problems import Problem
from onearm.sources.mapping import Reading

LINE = "\x01line"  # no file has a column of this name
BROKEN = "\x01broken"  # the row could not be cut into cells
_CHUNK = 50_000
_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2007": " ", "\u200b": None, "\ufeff": None, "\x00": None})
csv.field_size_limit(10_000_000)


@dataclass(frozen=True, slots=True)
class RawTable:
    """One file as it was read."""

    file: str
    sha256: str
    header: tuple[str, ...]
    frame: pl.DataFrame  # the needed columns as trimmed text (a blank is null), LINE (uint32), BROKEN (bool)
    broken: tuple[tuple[int, int], ...]  # (line, number of cells) of rows shorter or longer than the header
    blank: int  # lines without any cell


def read_raw(
    path: Path,
    reading: Reading,
    needed: Sequence[str],
    problems: list[Problem],
    progress: Callable[[int], None] | None = None,
) -> RawTable | None:
    """The file, or None with its problems: not there, wrong encoding, empty, an open quote, a missing column."""
    try:
        data = path.read_bytes()
    except OSError as error:
        problems.append(Problem(path.name, f"cannot be read: {error.strerror}.", "Check the path."))
        return None
    text = decode(data, reading.encoding, path.name, problems)
    if text is None:
        return None
    sha256 = hashlib.sha256(data).hexdigest()
    del data
    rows = _rows(text, reading.delimiter)
    try:
        header = _header(next(rows)[1])
        positions = _positions(header, needed, reading, path.name, problems)
        if positions is None:
            return None
        return _cut(rows, path.name, sha256, header, positions, problems, progress)
    except StopIteration:
        problems.append(Problem(path.name, "the file is empty.", "Export it again, with its header line."))
    except csv.Error as error:
        line = _open_quote(text, reading.delimiter)
        problems.append(
            Problem(
                path.name,
                f"a quoted cell is not closed as it should be ({error}).",
                'Close it, or double a " inside.',
                line,
            )
        )
    return None


def decode(data: bytes, encoding: str, name: str, problems: list[Problem]) -> str | None:
    """The text without byte-order mark, odd blanks as spaces; a problem names the byte that is wrong."""
    plain = "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding
    bom = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        text = data.decode(plain)
    except UnicodeError as error:
        at = getattr(error, "start", 0)
        byte = f"byte {at + 1} ({data[at]:#04x})" if at < len(data) else "the end"
        line = data.count(b"\n", 0, at) + 1
        likely = "utf-16" if bom else "cp1252" if plain == "utf-8-sig" else "utf-8"
        problems.append(
            Problem(name, f"{byte} is not {encoding}.", f'Set encoding = "{likely}" and look at the accents.', line)
        )
        return None
    other = _really_utf8(data, plain)
    if other is not None:
        told = f"byte {other + 1} ({data[other]:#04x}) begins a UTF-8 letter, but encoding is {encoding}."
        problems.append(Problem(name, told, 'Set encoding = "utf-8".', data.count(b"\n", 0, other) + 1))
        return None
    return text if text.isascii() and "\x00" not in text else unicodedata.normalize("NFC", text.translate(_SPACES))


def _really_utf8(data: bytes, encoding: str) -> int | None:
    """Place of the first non-ASCII byte where a file declared as one byte per letter is UTF-8 all through."""
    if encoding.lower().startswith(("utf", "u8")) or data.isascii():
        return None
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return next(i for i, byte in enumerate(data) if byte > 127)


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """(first line, cells) of every row that has a cell; a blank line gives no cells."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    last, begun = 0, False
    for cells in reader:
        line, last = last + 1, reader.line_num
        filled = bool("".join(cells).strip())
        if filled or begun:
            yield line, cells if filled else []
        begun = begun or filled


def _open_quote(text: str, delimiter: str) -> int | None:
    """Line on which the row begins that the reader could not end."""
    last = 0
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for _ in reader:
            last = reader.line_num
    except csv.Error:
        return last + 1
    return None


def _header(cells: list[str]) -> tuple[str, ...]:
    return tuple(" ".join(c.split()) for c in cells)


def _positions(
    header: tuple[str, ...], needed: Sequence[str], reading: Reading, name: str, problems: list[Problem]
) -> dict[str, int] | None:
    count = len(problems)
    for column in needed:
        if column not in header:
            problems.append(Problem(name, f"column {column!r} is missing.", _nearest(column, header, reading), 1))
        elif header.count(column) > 1:
            told = f"column {column!r} stands {header.count(column)} times in the header."
            problems.append(Problem(name, told, "Rename all but one.", 1))
    return None if len(problems) > count else {c: header.index(c) for c in needed}


def _nearest(column: str, header: tuple[str, ...], reading: Reading) -> str:
    near = difflib.get_close_matches(column, header, n=1, cutoff=0.6)
    same = [h for h in header if h.casefold() == column.casefold()]
    if same or near:
        return f"Is {(same or near)[0]!r} meant? Correct the mapping."
    other = next((d for d in ";,\t|" if len(header) == 1 and d != reading.delimiter and d in header[0]), None)
    if other:
        shown = r"\t" if other == "\t" else other
        return f'The header is one cell: set delimiter = "{shown}".'
    return "The file has: " + ", ".join(header[:30]) + (" ..." if len(header) > 30 else ".")


def _cut(
    rows: Iterator[tuple[int, list[str]]],
    name: str,
    sha256: str,
    header: tuple[str, ...],
    positions: dict[str, int],
    problems: list[Problem],
    progress: Callable[[int], None] | None,
) -> RawTable | None:
    """Rows into columns, in chunks so that a long file does not stand in memory as Python texts."""
    width, blank, read = len(header), 0, 0
    broken: list[tuple[int, int]] = []
    chunks: list[pl.DataFrame] = []
    cells: list[list[str]] = []
    lines: list[int] = []
    bad: list[bool] = []

    def flush() -> None:
        chunks.append(_chunk(cells, lines, bad, positions))
        cells.clear()
        lines.clear()
        bad.clear()

    for line, row in rows:
        if not row:
            blank += 1
            continue
        if len(row) > width and not "".join(row[width:]).strip():
            row = row[:width]
        wrong = len(row) != width
        if wrong:
            broken.append((line, len(row)))
            row = [""] * width
        cells.append(row)
        lines.append(line)
        bad.append(wrong)
        if len(cells) == _CHUNK:
            read += _CHUNK
            flush()
            if progress:
                progress(read)
    flush()
    frame = pl.concat(chunks)
    if not frame.height:
        problems.append(Problem(name, "the header has no row below it.", "Export it again, or leave the file out.", 1))
        return None
    return RawTable(name, sha256, header, frame, tuple(broken), blank)


def _chunk(cells: list[list[str]], lines: list[int], bad: list[bool], positions: dict[str, int]) -> pl.DataFrame:
    columns = list(zip(*cells, strict=True)) if cells else []
    data = {c: pl.Series(c, columns[i] if columns else [], dtype=pl.String) for c, i in positions.items()}
    place = {LINE: pl.Series(lines, dtype=pl.UInt32), BROKEN: pl.Series(bad, dtype=pl.Boolean)}
    return pl.DataFrame({**data, **place}).with_columns(pl.col(c).str.strip_chars() for c in positions)
