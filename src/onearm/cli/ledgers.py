"""Commands on the ledger: serve, prepare, people, verify, backup, restore, export."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onearm.cli.app import app
from onearm.cli.study_ledger import open_ledger, write_study
from onearm.results.problems import Problem, StudyProblems

if TYPE_CHECKING:
    from onearm.ledger.reading import Head

Study = Annotated[Path, typer.Argument(metavar="STUDY", help="Study folder, with study.toml.")]
Db = Annotated[str | None, typer.Option("--db", metavar="URL", help="PostgreSQL; else SQLite in the study folder.")]
Anchors = Annotated[
    list[str] | None, typer.Option("--anchor", metavar="SEQ:HASH", help="Head noted elsewhere: shows a cut tail.")
]


@app.command()
def serve(
    folder: Study,
    db: Db = None,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; others than loopback need --behind-tls.")
    ] = "localhost",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to listen on.")] = 8000,
    behind_tls: Annotated[bool, typer.Option("--behind-tls", help="A proxy in front speaks TLS.")] = False,
    demo: Annotated[bool, typer.Option("--demo", help="Play every role of a virtual study; nothing is kept.")] = False,
) -> None:
    """Run the bedside app.

    Example:  onearm serve examples/virtual-ward --demo
    """
    from onearm.bedside.serving import run

    run(folder, db=db, host=host, port=port, behind_tls=behind_tls, demo=demo)


@app.command()
def prepare(
    db: Annotated[str, typer.Option("--db", metavar="URL", help="PostgreSQL, with the login that owns the database.")],
    login: Annotated[str, typer.Option("--app", metavar="LOGIN", help="Login the app will use; must exist.")],
) -> None:
    """Make or upgrade the tables in PostgreSQL, and give the app's login what it needs and no more.

    Example:  onearm prepare --db postgresql://owner@localhost/study --app onearm_app
    """
    from onearm.ledger.migration import grant_app, migrate
    from onearm.ledger.store import open_engine

    engine = open_engine(db)
    migrate(engine)
    grant_app(engine, login)
    print(f"The tables are there; {login} may write entries and never change one.")


@app.command()
def people(
    folder: Study,
    file: Annotated[Path | None, typer.Argument(metavar="PEOPLE", help="First sites, accounts, delegations.")] = None,
    db: Db = None,
    again: Annotated[
        list[str] | None, typer.Option("--again", metavar="ACCOUNT", help="A new link, as after a restore; or all.")
    ] = None,
    address: Annotated[str, typer.Option("--address", help="Where the app will be reached.")] = "http://localhost:8000",
) -> None:
    """Name the first people of a study; prints one link each to choose a password and set up the second factor.

    Example:  onearm people my-study my-study/people.toml
    """
    from onearm.bedside.first_people import enrol_first_people, invite_again
    from onearm.bedside.serving import running_on

    if (file is None) == (again is None):
        raise typer.BadParameter("give a file of the first people, or --again ACCOUNT")
    running = running_on(folder, db)
    if file is not None:
        invited = enrol_first_people(running.ledger, file, running.promise.protocol.study.version)
    else:
        invited = invite_again(running.ledger, again or [])
    for account, title, token in invited:
        print(f"{account}  {title}\n  {address}/enrol/{token}")
    print("Each link works once, for three days.")


@app.command()
def verify(folder: Study, db: Db = None, anchor: Anchors = None) -> None:
    """Replay the ledger: chain, tail, current state, signatures, custody, rules; exit code 1 if anything is wrong.

    Example:  onearm verify my-study --anchor 812:9f0c...
    """
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn

    from onearm.bedside.verifying import checks_of
    from onearm.ledger.verification import verify as replay

    ledger = open_ledger(folder, db)
    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} entries"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar, ledger.reading() as view:
        task = bar.add_task("entries", total=None)
        found = replay(
            view,
            anchors=_heads(anchor),
            checks=checks_of(folder),
            progress=lambda done: bar.update(task, completed=done),
        )
    for fault in found.faults:
        where = f"entry {fault.seq}" if fault.seq else "current state"
        print(f"{fault.kind}, {where}: {fault.sentence}")
    print(f"{found.entries:,} entries, head {found.head.seq}:{found.head.hash}")
    print("sound" if found.is_sound else f"{len(found.faults)} faults")
    raise typer.Exit(0 if found.is_sound else 1)


@app.command()
def backup(
    folder: Study,
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where the backup is written.")],
    recipient: Annotated[list[str], typer.Option("--recipient", metavar="AGE1...", help="Public key; give two.")],
    db: Db = None,
    native: Annotated[bool, typer.Option("--native", help="A copy of the database itself, sign-in included.")] = False,
) -> None:
    """Write an encrypted backup: every entry as a line, every table as CSV, checksums, and a script that checks them.

    Example:  onearm backup my-study --out backups --recipient age1... --recipient age1...
    """
    from datetime import UTC, datetime

    from onearm.bedside.printed_ledger import printed_ledger
    from onearm.ledger.backup import write_archive, write_native
    from onearm.ledger.problems import LedgerRefusal

    ledger = open_ledger(folder, db)
    out.mkdir(parents=True, exist_ok=True)
    stem = f"{folder.resolve().name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    try:
        if native:
            path = out / f"{stem}.native.age"
            write_native(ledger, path, recipient)
            print(f"{path}: {path.stat().st_size:,} bytes")
            return
        path = out / f"{stem}.tar.age"
        head = write_archive(ledger, path, recipient, printed_ledger(ledger, folder))
    except LedgerRefusal as refused:
        raise StudyProblems(
            [Problem("backup", str(refused), "See docs/how-to/backup.md.")], "nothing was written"
        ) from None
    print(f"{path}: {path.stat().st_size:,} bytes, head {head.seq}:{head.hash}")
    print("Note the head elsewhere: with it a later restore or verify shows a cut tail.")


@app.command()
def restore(
    archive: Annotated[Path, typer.Argument(metavar="ARCHIVE", help="A backup in the neutral form (.tar.age).")],
    folder: Study,
    identity: Annotated[Path, typer.Option("--identity", metavar="FILE", help="The private key (AGE-SECRET-KEY-...).")],
    db: Annotated[
        str | None, typer.Option("--db", metavar="URL", help="Empty PostgreSQL, with its owner's login.")
    ] = None,
    anchor: Anchors = None,
) -> None:
    """Bring a backup back into an empty ledger of either kind; it is replayed and verified before it stays.

    Everybody then enrols anew: a backup in the neutral form holds no password and no second factor.

    Example:  onearm restore backups/study.tar.age my-study --identity key.txt
    """
    from onearm.ledger.backup import restore as bring_back
    from onearm.ledger.migration import migrate
    from onearm.ledger.problems import LedgerRefusal
    from onearm.ledger.store import FILE, open_engine, sqlite_url

    folder.mkdir(parents=True, exist_ok=True)
    engine = open_engine(db or sqlite_url(folder / FILE))
    migrate(engine)
    try:
        found = bring_back(archive, engine, identity.read_text(encoding="utf-8"), anchors=_heads(anchor))
    except LedgerRefusal as refused:
        raise StudyProblems(
            [Problem(str(archive), str(refused), "See docs/how-to/backup.md.")], "nothing was restored"
        ) from None
    print(f"{found.entries:,} entries restored and verified, head {found.head.seq}:{found.head.hash}")


@app.command()
def export(
    folder: Study,
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="A new study folder of plain files.")],
    db: Db = None,
    lock: Annotated[str | None, typer.Option("--lock", metavar="NAME", help="A data lock; else the last one.")] = None,
) -> None:
    """Write the study out as plain files: protocol, records of the data lock, locks. `onearm analyse` reads both alike.

    Example:  onearm export my-study --out my-study-files
    """
    ledger = open_ledger(folder, db)
    records, which = write_study(ledger, folder, out, lock)
    rows = sum(frame.height for frame in records.tables.values())
    print(f"{out}: {rows:,} rows in {len(records.tables)} tables, {which}.")
    print("Real patients can be known by site and date: keep the folder as you keep the ledger.", file=sys.stderr)


def _heads(anchors: list[str] | None) -> "list[Head]":
    from onearm.ledger.reading import Head

    heads = []
    for told in anchors or []:
        seq, _, digest = told.partition(":")
        if not (seq.isascii() and seq.isdigit()) or len(digest) != 64:
            raise typer.BadParameter(f"{told}: write SEQ:HASH as `onearm verify` prints it", param_hint="--anchor")
        heads.append(Head(int(seq), digest))
    return heads
