"""Small foreign registries, written into a folder as a hospital would send them."""

from pathlib import Path

from onearm.sources.import_files import Imported, import_records

SOURCE = """
title = "A registry"
kind = "individual_external"
population = "ventilated adults"
setting = "one hospital"
country = "ES"
entry_rule = "everyone ventilated"
time_zero_rule = "start of ventilation"
time_basis = "calendar"
clock_start = "icu"
licence = "with permission"
retrieved_at = 2026-10-01
how_read = "written for a test"
"""

SUBJECTS = """
schema = "onearm.mapping/1"
source = "REG"
site = "S01"
files = "*.csv"
columns = { subject_id = { from = "id" } }
[[table]]
to = "subjects"
distinct = true
constants = { cohort = "individual_external", sex = "unknown" }
columns = { age_years = { from = "age" }, icu_at = { from = "icu", format = "%Y-%m-%d" } }
"""


def write(folder: Path, *, source: str | None = SOURCE, **files: str | bytes) -> list[Path]:
    """Files `name_csv = text` of a registry; the paths of the csv files."""
    for name, text in files.items():
        path = folder / name.replace("_", ".")
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    if source is not None:
        (folder / "source.toml").write_text(source, encoding="utf-8")
    return [folder / n.replace("_", ".") for n in files if n.endswith("csv")]


def read(folder: Path, mapping: str, *, partial: bool = False, **files: str | bytes) -> Imported:
    """The registry, imported by that mapping."""
    (folder / "mapping.toml").write_text(mapping, encoding="utf-8")
    return import_records(write(folder, **files), folder / "mapping.toml", accept_partial=partial)


def rows(done: Imported, table: str, *columns: str) -> list[tuple[object, ...]]:
    """Chosen columns of a table that was made, times as text."""
    frame = done.records[table]
    return [tuple(_plain(v) for v in row) for row in frame.sort(*frame.columns[:2]).select(columns).iter_rows()]


def _plain(value: object) -> object:
    return value.strftime("%Y-%m-%d %H:%M") if hasattr(value, "strftime") else value
