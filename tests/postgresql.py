"""A PostgreSQL server of one's own on loopback, for tests and benchmarks: made, used, removed."""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

APP = "app_login"


@dataclass(frozen=True)
class Server:
    """Where it runs. `owner` is the superuser made by initdb."""

    folder: Path
    port: int
    password: str
    programs: Path

    def url(self, database, login="postgres"):
        """URL for SQLAlchemy."""
        return f"postgresql+psycopg://{login}:{self.password}@127.0.0.1:{self.port}/{database}"

    def run(self, *words, database="postgres"):
        """Statements outside of a transaction, as the owner."""
        engine = sa.create_engine(self.url(database), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            for word in words:
                connection.exec_driver_sql(word)

    def control(self, *words):
        """pg_ctl."""
        command = [str(self.programs / "pg_ctl"), "-D", str(self.folder / "data"), "-w", *words]
        subprocess.run(as_postgres(command), check=True, stdout=subprocess.DEVNULL, cwd=self.folder)

    def start(self):
        """fsync stays on: a server that is killed must lose nothing."""
        options = f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories={self.folder}"
        self.control("-l", str(self.folder / "log"), "-o", options, "start")


def programs():
    """Folder of initdb and pg_ctl, or None where PostgreSQL is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def as_postgres(command):
    """The programs refuse root."""
    if os.geteuid() != 0:
        return command
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]


@contextmanager
def server():
    """A running server with an app login; stopped and removed at the end."""
    where = programs()
    folder = Path(tempfile.mkdtemp(prefix="onearm-pg-"))
    password = secrets.token_urlsafe(12)
    (folder / "password").write_text(password)
    if os.geteuid() == 0:
        for path in (folder, folder / "password"):
            shutil.chown(path, "postgres", "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    one = Server(folder, port, password, where)
    words = [
        "-A",
        "scram-sha-256",
        f"--pwfile={folder / 'password'}",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
        "-U",
        "postgres",
    ]
    command = [str(where / "initdb"), "-D", str(folder / "data"), *words]
    try:
        subprocess.run(as_postgres(command), check=True, stdout=subprocess.DEVNULL, cwd=folder)
        one.start()
        one.run(f"CREATE ROLE {APP} LOGIN PASSWORD '{password}'")
        yield one
    finally:
        with suppress(subprocess.CalledProcessError):  # a test had stopped it
            one.control("-m", "immediate", "stop")  # nothing of it is kept: no last checkpoint
        shutil.rmtree(folder, ignore_errors=True)
