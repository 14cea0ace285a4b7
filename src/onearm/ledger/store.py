"""The database behind a ledger: where it is, how a connection behaves, who may write at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

FILE = "ledger.sqlite"
_LOCK = 0x6F6E6561726D  # "onearm": one writer per database
_WAIT_S = 30


def sqlite_url(path: Path) -> str:
    """URL of a SQLite file."""
    return f"sqlite:///{path}"


def open_engine(url: str) -> sa.Engine:
    """Engine of a ledger by its URL; `postgresql://` means psycopg 3.

    SQLite: WAL, synchronous=FULL, foreign keys and recursive triggers on, so that what is acknowledged is on the disk.
    """
    parsed = sa.make_url(url)
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite":
        _make_private(parsed.database)
        engine = sa.create_engine(parsed, connect_args={"timeout": _WAIT_S, "check_same_thread": False})
        sa.event.listen(engine, "connect", _on_connect_sqlite)
        sa.event.listen(engine, "begin", _on_begin_sqlite)
        return engine
    # a connection that died with its server is replaced before it is used
    return sa.create_engine(parsed, pool_pre_ping=True, pool_size=10, max_overflow=20)


def _make_private(database: str | None) -> None:
    """A new file is for its owner alone, whatever the umask; SQLite gives its side files the same mode."""
    if database and database != ":memory:" and not Path(database).exists() and Path(database).parent.is_dir():
        Path(database).touch(mode=0o600)


@contextmanager
def write_transaction(engine: sa.Engine) -> Iterator[sa.Connection]:
    """The one writer: the lock comes first, so whoever holds it reads the head that stands."""
    with engine.connect().execution_options(onearm_writes=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        yield connection


@contextmanager
def read_transaction(engine: sa.Engine) -> Iterator[sa.Connection]:
    """One consistent view of all tables."""
    options = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


def _on_connect_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy says BEGIN, see below
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "recursive_triggers=ON",
        f"busy_timeout={_WAIT_S * 1000}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _on_begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("onearm_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
