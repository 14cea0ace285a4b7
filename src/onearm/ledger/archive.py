"""The neutral archive of a ledger: every entry as a line, every table as CSV, checksums, and a script that checks both.

It needs nothing of onearm to be read: `python3 verify.py` in the unpacked folder checks it with the standard library.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa

from onearm.ledger.entry import Entry, plain
from onearm.ledger.problems import LedgerRefusal
from onearm.ledger.reading import Head, View, as_frame
from onearm.ledger.snapshot import replayed, values_upto
from onearm.ledger.tables import ENTRIES, SCHEMAS, STATE
from onearm.records.cells import written
from onearm.records.columns import canonical_json

ENTRIES_FILE, SUMS, VERIFIER = "entries.jsonl", "SHA256SUMS", "verify.py"
_BATCH = 5000


def archive_files(view: View, beside: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of an archive by name; `beside` adds others, such as a printed report."""
    files = {ENTRIES_FILE: "".join(line + "\n" for line in _lines(view)).encode()}
    for table in STATE:
        rows = view.connection.execute(STATE[table].select()).fetchall()
        if rows:
            files[f"tables/{table}.csv"] = table_csv(table, as_frame(table, rows))
    files |= beside
    files[VERIFIER] = (Path(__file__).parent / "archive_verify.py").read_bytes()
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items()))
    return {**files, SUMS: sums.encode()}


def table_csv(table: str, frame: pl.DataFrame) -> bytes:
    """Canonical CSV of any table of the ledger: key order, UTF-8, LF."""
    columns = SCHEMAS[table].columns()
    out = io.BytesIO()
    texts = frame.sort(SCHEMAS[table].primary_key()).select(written(name, column) for name, column in columns.items())
    texts.write_csv(out, line_terminator="\n", null_value="")
    return out.getvalue()


def packed(files: Mapping[str, bytes]) -> bytes:
    """The files as one tar; the same files give the same bytes."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in sorted(files):
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(files[name]), 0o644
            tar.addfile(info, io.BytesIO(files[name]))
    return out.getvalue()


def unpacked(data: bytes) -> dict[str, bytes]:
    """The files of a tar in memory, each equal to its checksum. Raises LedgerRefusal otherwise."""
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            files = {m.name: (tar.extractfile(m) or io.BytesIO()).read() for m in tar.getmembers() if m.isfile()}
    except tarfile.TarError as error:
        raise LedgerRefusal(f"This is no archive of a ledger: {error}.") from None
    if ENTRIES_FILE not in files or SUMS not in files:
        raise LedgerRefusal(f"This is no archive of a ledger: {ENTRIES_FILE} or {SUMS} is missing.")
    lines = files[SUMS].decode(errors="replace").splitlines()
    sums = {name: wanted for wanted, _, name in (line.partition("  ") for line in lines)}
    for name in sorted({*files, *sums} - {SUMS}):
        if name not in files or hashlib.sha256(files[name]).hexdigest() != sums.get(name):
            raise LedgerRefusal(f"{name} is not the file that was archived; take another backup.")
    return files


def load(connection: sa.Connection, lines: Iterator[bytes]) -> Head:
    """Write archived entries into an empty ledger and rebuild its rows.

    Raises LedgerRefusal when it is not empty, or a line is no entry.
    """
    if connection.execute(sa.select(sa.func.count()).select_from(ENTRIES)).scalar():
        raise LedgerRefusal("The ledger to restore into is not empty; give an empty database.")
    head = Head(0, "")
    batch: list[dict[str, Any]] = []
    for number, line in enumerate(lines, 1):
        try:
            batch.append(_row(json.loads(line)))
        except (ValueError, KeyError, TypeError):
            raise LedgerRefusal(f"{ENTRIES_FILE}, line {number} is no entry; take another backup.") from None
        head = Head(batch[-1]["seq"], batch[-1]["hash"])
        if len(batch) == _BATCH:
            connection.execute(sa.insert(ENTRIES), batch)
            batch = []
    if batch:
        connection.execute(sa.insert(ENTRIES), batch)
    _rebuild(View(connection), head.seq)
    return head


def _rebuild(view: View, upto: int) -> None:
    """The rows as they stand, from the newest values of their entries."""
    found = replayed(values_upto(view, upto, tuple(SCHEMAS)), tuple(SCHEMAS))
    if found.findings:
        raise LedgerRefusal(f"{found.findings[0].sentence} {found.findings[0].remedy}")
    for table in (t for t in SCHEMAS if t in found.frames and found.frames[t].height):
        view.connection.execute(sa.insert(STATE[table]), found.frames[table].to_dicts())


def _lines(view: View) -> Iterator[str]:
    for entry in view.entries():
        yield canonical_json({name: _cell(getattr(entry, name)) for name in Entry.__slots__})


def _cell(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else plain(value)


def _row(told: Mapping[str, Any]) -> dict[str, Any]:
    times = {name: datetime.fromisoformat(told[name]) for name in ("entered_at", "occurred_at")}
    cells = {name: told[name] for name in Entry.__slots__}
    return {**cells, **times, "salt": None if told["salt"] is None else bytes.fromhex(told["salt"])}
