"""What happened: one schema per table, the Records they form, rules across tables, version."""

from onearm.records.collection import Provenance, Records
from onearm.records.files import read_records, write_records
from onearm.records.rules import check_records
from onearm.records.tables import FOREIGN_KEYS, SCHEMA_VERSION, TABLES, ForeignKey

__all__ = [
    "FOREIGN_KEYS",
    "SCHEMA_VERSION",
    "TABLES",
    "ForeignKey",
    "Provenance",
    "Records",
    "check_records",
    "read_records",
    "write_records",
]
