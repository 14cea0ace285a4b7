"""A folder of similar cases: source.toml, and record tables or a mapping with its raw files, as Records in memory."""

from pathlib import Path

from onearm.records import Records, read_records
from onearm.results.problems import Problem, StudyProblems
from onearm.sources.import_files import SOURCE_FILE, import_records
from onearm.sources.import_report import ImportReport
from onearm.sources.mapping_file import read_mapping

MAPPING_FILE = "mapping.toml"


def read_similar_cases(folder: Path) -> Records:
    """Records of a folder of similar cases; nothing is written.

    `records/` is read where it is, else the raw files are imported by `mapping.toml`. Raises StudyProblems when one row
    is refused, or when the folder does not say who the patients are.
    """
    records, _ = read_source_folder(folder)
    return records


def read_source_folder(folder: Path) -> tuple[Records, ImportReport | None]:
    """The same with the report of the import; None where record tables were read."""
    name = f"{folder.name}/"
    if not (folder / SOURCE_FILE).exists() and not (folder / "records" / "sources.csv").exists():
        told = f"{SOURCE_FILE} is missing: who the patients are, where, when and under which licence."
        raise StudyProblems([Problem(name, told, "Write it; docs/how-to/import.md lists its keys.")], "it was not read")
    if (folder / "records").is_dir():
        return read_records(folder / "records", "file"), None
    mapping = folder / MAPPING_FILE
    if not mapping.exists():
        told = f"neither records/ nor {MAPPING_FILE}."
        raise StudyProblems(
            [Problem(name, told, "`onearm import --suggest FILE` drafts a mapping.")], "it was not read"
        )
    globs = {glob for table in read_mapping(mapping).tables for glob in table.reading.files}
    files = sorted({f for glob in globs for f in folder.glob(glob) if f.is_file() and f.suffix != ".toml"})
    done = import_records(files, mapping)
    if done.report.refusals:
        raise done.report.problems()
    return done.records, done.report
