"""Making and upgrading the tables of a ledger, and what the app's login may do on PostgreSQL."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from onearm.ledger.problems import LedgerRefusal
from onearm.ledger.store import write_transaction

_SCRIPTS = Path(__file__).parent / "migrations"


def migrate(engine: sa.Engine) -> None:
    """Bring the tables to the newest revision; nothing happens when they are there. The login must own them."""
    config = _config()
    with write_transaction(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def revision(engine: sa.Engine) -> tuple[str | None, str]:
    """The revision of the tables, and the newest there is."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision(), str(newest)


def require_current(engine: sa.Engine) -> None:
    """Raises LedgerRefusal when the tables are missing or of another version."""
    found, newest = revision(engine)
    if found != newest:
        told = "has no tables yet" if found is None else f"has tables of revision {found}, this onearm needs {newest}"
        raise LedgerRefusal(f"The database {told}; run `onearm prepare` with the login that owns it.")


def grant_app(engine: sa.Engine, login: str) -> None:
    """PostgreSQL: give `login` what the app needs, and no right to change an entry. `login` must exist."""
    who = engine.dialect.identifier_preparer.quote(login)
    with engine.begin() as connection:
        for statement in (
            f"GRANT USAGE ON SCHEMA public TO {who}",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {who}",
            f"REVOKE UPDATE, DELETE, TRUNCATE ON entries FROM {who}",
            f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {who}",
            f"GRANT EXECUTE ON FUNCTION entries_redact(bigint) TO {who}",
        ):
            connection.execute(sa.text(statement))


def owns_entries(engine: sa.Engine) -> bool:
    """PostgreSQL: whether the login could take the guards of the entries away. On SQLite whoever owns the file can."""
    if engine.dialect.name != "postgresql":
        return False
    query = """SELECT pg_has_role(current_user, tableowner, 'MEMBER')
               OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
               FROM pg_tables WHERE tablename = 'entries' AND schemaname = current_schema()"""
    with engine.connect() as connection:
        return bool(connection.execute(sa.text(query)).scalar())


def _config() -> Config:
    config = Config()
    options: dict[str, Any] = {"script_location": _SCRIPTS.as_posix().replace("%", "%%")}
    for name, value in options.items():
        config.set_main_option(name, value)
    return config
