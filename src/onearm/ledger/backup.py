"""Backup and restore: the neutral archive and the native copy, both encrypted to two recipients."""

import os
import sqlite3
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyrage
import sqlalchemy as sa

from onearm.ledger.archive import ENTRIES_FILE, archive_files, load, packed, unpacked
from onearm.ledger.ledger import Ledger
from onearm.ledger.problems import LedgerRefusal
from onearm.ledger.reading import Head, View
from onearm.ledger.store import write_transaction
from onearm.ledger.verification import Verification, verify

RECIPIENTS = 2  # one key lost must not lose the study


def write_archive(
    ledger: Ledger, path: Path, recipients: Sequence[str], beside: Mapping[str, bytes] | None = None
) -> Head:
    """The neutral archive of everything, encrypted (age) into `path`; gives the head it ends with."""
    keys = _keys(recipients)
    with ledger.reading() as view:
        head, files = view.head(), archive_files(view, beside or {})
    _write(path, pyrage.encrypt(packed(files), keys))
    return head


def write_native(ledger: Ledger, path: Path, recipients: Sequence[str]) -> None:
    """A copy in the form of the database itself, sign-in included: SQLite's backup, or pg_dump -Fc."""
    keys = _keys(recipients)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        copy = Path(folder) / "copy"
        if ledger.engine.dialect.name == "sqlite":
            source, target = sqlite3.connect(str(ledger.engine.url.database)), sqlite3.connect(copy)
            with target:
                source.backup(target)
            source.close()
            target.close()
        else:
            _pg_dump(ledger.engine.url, copy)
        _write(path, pyrage.encrypt(copy.read_bytes(), keys))


def restore(path: Path, engine: sa.Engine, identity: str, *, anchors: Sequence[Head] = ()) -> Verification:
    """A neutral archive into an empty, migrated database of either kind; replayed and verified before it stays.

    Raises LedgerRefusal when the key does not fit, the archive is damaged, or the replay finds a fault.
    """
    try:
        data = pyrage.decrypt(path.read_bytes(), [pyrage.x25519.Identity.from_str(identity.strip())])
    except (pyrage.DecryptError, pyrage.IdentityError) as error:
        raise LedgerRefusal(f"The key does not open {path.name}: {error}.") from None
    files = unpacked(data)
    try:
        with write_transaction(engine) as connection:
            load(connection, iter(files[ENTRIES_FILE].splitlines()))
            found = verify(View(connection), anchors=anchors)
            if not found.is_sound:
                raise LedgerRefusal(f"{path.name} was not restored: {found.faults[0].sentence}")
    except sa.exc.DatabaseError as error:
        raise LedgerRefusal(f"{path.name} was not restored: {error.orig}") from None
    return found


def _keys(recipients: Sequence[str]) -> list[pyrage.x25519.Recipient]:
    if len(set(recipients)) < RECIPIENTS:
        raise LedgerRefusal(f"Give {RECIPIENTS} different recipients, so that one lost key loses nothing.")
    try:
        return [pyrage.x25519.Recipient.from_str(one) for one in recipients]
    except pyrage.RecipientError as error:
        raise LedgerRefusal(f"A recipient is no age public key (age1...): {error}.") from None


def _pg_dump(url: sa.URL, copy: Path) -> None:
    environment = {**os.environ, "PGPASSWORD": str(url.password or "")}
    command = ["pg_dump", "-Fc", "-h", str(url.host), "-p", str(url.port or 5432), "-U", str(url.username)]
    try:
        subprocess.run(
            [*command, "-f", str(copy), str(url.database)], check=True, env=environment, capture_output=True, text=True
        )
    except FileNotFoundError:
        raise LedgerRefusal("pg_dump is not installed here; install the client of PostgreSQL.") from None
    except subprocess.CalledProcessError as error:
        raise LedgerRefusal(f"pg_dump failed: {error.stderr.strip()}") from None


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
