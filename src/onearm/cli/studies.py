"""Commands on study folders: appraise, analyse, lock, check, new, import, calibrate."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onearm import __version__
from onearm.cli.app import app
from onearm.results.problems import Problem, StudyProblems

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from onearm.protocol.inputs import StudyInputs
    from onearm.protocol.locks import Act
    from onearm.results.study_result import StudyResult
    from onearm.sources.import_report import ImportReport

_WIDTH = 100  # columns where the output is no terminal
_NOTHING = "nothing was imported"


class Lang(StrEnum):
    """Languages of page and terminal."""

    EN = "en"
    ES = "es"


Study = Annotated[Path, typer.Argument(metavar="STUDY", help="Study folder, with study.toml.")]
Out = Annotated[
    Path, typer.Option("--out", help="Folder for results.json, verdict.html, verdict.pdf and reporting.html.")
]
Language = Annotated[Lang, typer.Option("--lang", help="Language of page and terminal.")]
Db = Annotated[
    str | None, typer.Option("--db", metavar="URL", help="PostgreSQL with the ledger; else that of the folder, if any.")
]
Pdf = Annotated[bool, typer.Option("--pdf/--no-pdf", help="Write verdict.pdf too.")]


@app.command()
def appraise(folder: Study, out: Out, lang: Language = Lang.EN, pdf: Pdf = True) -> None:
    """Say what a published claim is worth: numbers of a publication against similar cases.

    Example:  onearm appraise examples/balmys19 --out build/demo
    """
    from onearm.sources.study_folder import read_study
    from onearm.study.appraise import appraise as run

    _run(lambda: run(read_study(folder)), out, lang, pdf)


@app.command()
def analyse(folder: Study, out: Out, lang: Language = Lang.EN, pdf: Pdf = True, db: Db = None) -> None:
    """Analyse a study with records of its own: treated patients against similar ones on the same day.

    Example:  onearm analyse examples/stanford-heart --out build/heart
    """
    from onearm.cli.study_ledger import as_files
    from onearm.study.analyse import analyse as run

    with as_files(folder, db) as files:
        _run(lambda: run(_opened(files, folder, db)), out, lang, pdf)


@app.command()
def lock(folder: Study, db: Db = None) -> None:
    """Freeze protocol and matching under a hash, before outcomes are looked at.

    Example:  onearm lock my-study
    """
    from onearm.cli.study_ledger import as_files
    from onearm.protocol.locks import Act
    from onearm.sources.study_folder import read_study
    from onearm.study.locking import frozen

    with as_files(folder, db) as files:
        inputs = read_study(files)
        values = frozen(inputs)
    when = _noted(folder, db, Act.FREEZE, values)
    for name in ("protocol_sha256", "matching_sha256"):
        print(f"{name.removesuffix('_sha256')} {values[name]}")
    opened = next((e for e in inputs.locks if e.action is Act.OPEN_OUTCOMES), None)
    told = (
        f"outcomes were read before, on {opened.entered_at}: exploratory" if opened else "before any outcome was read"
    )
    print(f"{folder}: locked {when}, {told}.")


@app.command()
def check(folder: Study, db: Db = None) -> None:
    """Tell every problem of a study folder at once, without running it; exit code 1 if there is any.

    Example:  onearm check examples/balmys19
    """
    from onearm.cli.study_ledger import as_files
    from onearm.sources.rulebook_file import read_rulebook
    from onearm.sources.study_folder import read_study
    from onearm.study.checks import check_inputs

    problems: list[Problem] = []
    with as_files(folder, db) as files:
        inputs, rulebook = read_study(files), read_rulebook(files, problems)
        if problems:
            raise StudyProblems(problems)
        notes = check_inputs(inputs, rulebook)
    print(f"{folder}: no problems found.")
    for note in notes:
        print(f"  note: {note}")


@app.command()
def new(folder: Study) -> None:
    """Write a study folder to start from, with comments. An existing folder is left alone.

    Example:  onearm new my-study
    """
    from onearm.sources.new_study import write_new_study

    written = write_new_study(folder)
    print(f"{folder}: {len(written)} files to start from.")
    for name in written:
        print(f"  {name}")
    print(f"Fill in reported.toml, or import records, then run: onearm check {folder}")


@app.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Foreign files.")],
    mapping: Annotated[Path | None, typer.Option("--mapping", help="Mapping file; see docs/how-to/import.md.")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="STUDY", help="Folder that gets records/.")] = None,
    source: Annotated[Path | None, typer.Option("--source", help="source.toml, if not beside the mapping.")] = None,
    accept_partial: Annotated[bool, typer.Option("--accept-partial", help="Store the good rows all the same.")] = False,
    suggest: Annotated[bool, typer.Option("--suggest", help="Print a draft mapping for the first file.")] = False,
) -> None:
    """Bring foreign files into record tables by a mapping: rows in = rows stored + rows refused.

    Example:  onearm import raw.csv --mapping mapping.toml --out my-study
    """
    if not suggest and (mapping is None or out is None):
        raise typer.BadParameter("give --mapping and --out, or --suggest to draft a mapping")
    _require_files(files)
    if suggest or mapping is None or out is None:
        from onearm.sources.mapping_suggestion import suggest as draft

        print(draft(files[0]))
        return
    report = _imported(files, mapping, out, accept_partial, source)
    print(report)
    if report.refusals and not report.partial:
        raise typer.Exit(1)


def _opened(files: Path, folder: Path, db: str | None) -> "StudyInputs":
    """The study, after its first reading of outcomes was written down; without records nothing is."""
    from onearm.protocol.locks import Act
    from onearm.sources.study_folder import read_study

    inputs = read_study(files)
    if inputs.records is None or any(e.action is Act.OPEN_OUTCOMES for e in inputs.locks):
        return inputs
    try:
        _noted(folder, db, Act.OPEN_OUTCOMES, {"protocol_sha256": inputs.protocol.sha256, "onearm": __version__})
    except OSError as error:
        print(f"note: that outcomes were read could not be written to {folder}: {error.strerror}.", file=sys.stderr)
    return inputs


def _noted(folder: Path, db: str | None, act: "Act", values: "Mapping[str, str]") -> str:
    """Write down a lock or a reading where the study keeps them: in its ledger, or in locks.jsonl. Gives the time."""
    from onearm.cli.study_ledger import has_ledger, note, open_ledger
    from onearm.sources.locks import append_lock

    if not has_ledger(folder, db):
        return append_lock(folder, act, values).entered_at
    ledger = open_ledger(folder, db)
    try:
        return note(ledger, act, values)
    finally:
        ledger.close()


def _require_files(files: list[Path]) -> None:
    missing = [f for f in files if not f.is_file()]
    if missing:
        raise StudyProblems((Problem(str(f), "the file is not there.", "Check its name.") for f in missing), _NOTHING)


@app.command()
def calibrate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where finished blocks are kept, one line each.")],
    cells: Annotated[list[str] | None, typer.Option("--cells", help='World or cell, as "S0" or "S2.*/13/*".')] = None,
    trials: Annotated[int | None, typer.Option("--trials", min=1, help="Per cell; else as the targets ask.")] = None,
    levels: Annotated[bool, typer.Option("--levels", help="The level each trial would get, instead of tests.")] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of all that is drawn.")] = 20201125,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Processes; else one per core.")] = None,
    markdown: Annotated[Path | None, typer.Option("--markdown", help="Write the table there too.")] = None,
) -> None:
    """How often our own answers are wrong, in virtual trials whose truth is known. Goes on where FILE stops.

    Example:  onearm calibrate build/calibration.jsonl --cells S0 --trials 200
    """
    import os

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    from onearm.design.calibration_file import CalibrationProblem
    from onearm.design.calibration_run import run

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("trials", total=None)
        try:
            text = run(
                file,
                patterns=cells or (),
                trials=trials,
                levels=levels,
                seed=seed,
                workers=workers or len(os.sched_getaffinity(0)),
                markdown=markdown,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
        except (CalibrationProblem, ValueError) as problem:
            print(f"{problem}", file=sys.stderr)
            raise typer.Exit(1) from None
    print(text, end="")


def _imported(files: list[Path], mapping: Path, out: Path, partial: bool, source: Path | None) -> "ImportReport":
    """Import, with the rows read so far on standard error while it lasts."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from onearm.sources.import_files import import_files

    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} rows read"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("rows", total=None)
        return import_files(
            files,
            mapping,
            out,
            accept_partial=partial,
            source_toml=source,
            progress=lambda rows: bar.update(task, completed=rows),
        )


def _run(answer: "Callable[[], StudyResult]", out: Path, lang: Lang, pdf: bool) -> None:
    """Compute, write the files, print the verdict and where the page is."""
    from rich.console import Console

    from onearm.report.terminal import print_verdict
    from onearm.report.writing import write

    waiting = Console(stderr=True)
    with waiting.status("reading and computing"):
        result = answer()
    with waiting.status("writing the page"):
        written = write(result, out, lang.value, pdf)
    console = Console() if sys.stdout.isatty() else Console(width=_WIDTH)
    print_verdict(result, console, lang.value, written.html)
    for note in written.notes:
        waiting.print(note)
