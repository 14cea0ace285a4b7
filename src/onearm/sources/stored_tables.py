"""The record tables of a study folder: read before an import, replaced as a whole after it."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from onearm.records import Records, read_records, write_records

RECORDS = "records"


def read_stored(study: Path) -> dict[str, pl.DataFrame]:
    """The tables of `study`/records, none without that folder. Raises StudyProblems when they are not sound."""
    folder = study / RECORDS
    if not folder.is_dir():
        return {}
    return {name: as_text_values(frame) for name, frame in read_records(folder, "file").tables.items()}


def as_text_values(frame: pl.DataFrame) -> pl.DataFrame:
    """Allowed values as text, as an import makes them."""
    return frame.with_columns(pl.col(n).cast(pl.String) for n, t in frame.schema.items() if isinstance(t, pl.Enum))


def write_tables(study: Path, records: Records, beside: Mapping[str, str]) -> None:
    """Write `study`/records in one step, and the texts `beside` it: a reader sees the old tables or the new ones."""
    study.mkdir(parents=True, exist_ok=True)
    folder = study / RECORDS
    new = Path(tempfile.mkdtemp(prefix=".records-", dir=study))
    old = new.with_name(new.name + ".old")
    try:
        new.chmod(0o755)
        write_records(records, new)
        for extra in _foreign(folder, new):
            shutil.copy2(extra, new / extra.name)
        if folder.exists():
            os.replace(folder, old)
        os.replace(new, folder)
    finally:
        if old.exists() and not folder.exists():
            os.replace(old, folder)
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    for name, text in beside.items():
        _replace(study / name, text)


def _foreign(folder: Path, new: Path) -> list[Path]:
    """Files of the old folder that are no tables written now."""
    written = {p.stem for p in new.iterdir()}
    return [p for p in folder.iterdir() if p.is_file() and p.stem not in written] if folder.exists() else []


def _replace(path: Path, text: str) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)
