"""All SQL tables of the ledger: the entries, and the current state of every record and system table (a cache)."""

from collections.abc import Mapping
from types import MappingProxyType

import dataframely as dy
import sqlalchemy as sa

from onearm.ledger.columns import UtcTime, sql_table
from onearm.ledger.entry import Action
from onearm.ledger.system_tables import SYSTEM_TABLES
from onearm.records.tables import FOREIGN_KEYS, TABLES, ForeignKey

METADATA = sa.MetaData()
_ACTIONS = ", ".join(f"'{action.value}'" for action in Action)

ENTRIES = sa.Table(
    "entries",
    METADATA,
    sa.Column("seq", sa.BigInteger(), primary_key=True, autoincrement=False),
    sa.Column("entered_at", UtcTime(), nullable=False),
    sa.Column("occurred_at", UtcTime(), nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("role", sa.String(64), nullable=False),
    sa.Column("site", sa.String(64), nullable=False),
    sa.Column("action", sa.String(32), nullable=False),
    sa.Column("table_name", sa.String(64), nullable=False),
    sa.Column("record_key", sa.Text(), nullable=False),
    sa.Column("version", sa.BigInteger(), nullable=False),
    sa.Column("values_json", sa.Text()),
    sa.Column("salt", sa.LargeBinary()),
    sa.Column("values_sha256", sa.String(64), nullable=False),
    sa.Column("reason", sa.Text(), nullable=False),
    sa.Column("prev_hash", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.UniqueConstraint("table_name", "record_key", "version", name="uq_entries_version"),
    sa.CheckConstraint(f"action IN ({_ACTIONS})", name="ck_entries_action"),
)

SCHEMAS: Mapping[str, type[dy.Schema]] = MappingProxyType({**SYSTEM_TABLES, **TABLES})
"""Every table whose rows are entries: system tables first."""


def _keys(name: str) -> list[ForeignKey]:
    keys = [key for key in FOREIGN_KEYS if key.table == name and key.target != "specifications"]
    columns = SCHEMAS[name].columns()
    ours = {"site_id": "sites", "account_id": "accounts", "import_id": "imports"}
    ours |= {"subject_id": "subjects", "infusion_id": "infusions"} if name in SYSTEM_TABLES else {}
    return keys + [
        ForeignKey(name, column, target, column)
        for column, target in ours.items()
        if column in columns and target != name
    ]


STATE: Mapping[str, sa.Table] = MappingProxyType(
    {name: sql_table(name, schema, METADATA, _keys(name)) for name, schema in SCHEMAS.items()}
)
"""The rows as they stand now, by table; rebuilt from the entries they must be the same."""


def record_key(table: str, values: Mapping[str, object]) -> str:
    """Key of a row as the ledger names it: its key columns joined by `/`."""
    return "/".join(str(values[column]) for column in SCHEMAS[table].primary_key())
