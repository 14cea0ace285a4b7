"""The command that draws virtual hospitals: simulate."""

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from onearm.cli.app import app
from onearm.results.problems import Problem, StudyProblems


@app.command()
def simulate(
    folder: Annotated[
        Path | None, typer.Argument(metavar="SCENARIO", help="Folder with world.toml and study.toml.")
    ] = None,
    purpose: Annotated[
        str | None,
        typer.Option(
            "--purpose",
            help="method_validation, design, sampling_plan, teaching or sensitivity; it stands in the records.",
        ),
    ] = None,
    trials: Annotated[int, typer.Option("--trials", min=1, help="Virtual trials.")] = 1,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of all that is drawn.")] = 20200710,
    out: Annotated[Path | None, typer.Option("--out", help="A study folder per trial is written there.")] = None,
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="Else one per core; changes no byte.")] = None,
    parameters: Annotated[bool, typer.Option("--parameters", help="Print every parameter, and draw nothing.")] = False,
    sbml: Annotated[
        Path | None, typer.Option("--sbml", help="Write the model as SBML there, and draw nothing.")
    ] = None,
) -> None:
    """Virtual hospitals whose truth is known. They test methods and designs; they predict no patient.

    Example:  onearm simulate examples/virtual-hospital --purpose teaching --trials 2 --seed 1 --out build/virtual
    """
    from onearm.physiology.registry_table import registry_table

    if parameters:
        print(registry_table(), end="")
        return
    if sbml is not None:
        _export(sbml)
        return
    missing = [name for name, given in (("SCENARIO", folder), ("--purpose", purpose), ("--out", out)) if given is None]
    if folder is None or purpose is None or out is None:
        raise typer.BadParameter(f"give {', '.join(missing)}; see the example in onearm simulate --help")
    _draw(folder, purpose, trials, seed, out, threads)


def _export(path: Path) -> None:
    from onearm.physiology.parameters import default_parameters
    from onearm.physiology.registry_table import share_of_assumptions
    from onearm.physiology.sbml import to_antimony, to_sbml

    try:
        text = to_sbml(to_antimony(default_parameters()))
    except ModuleNotFoundError:
        raise StudyProblems([Problem(str(path), "SBML needs the package antimony.", "Install antimony.")]) from None
    path.write_text(text, encoding="utf-8")
    print(f"{path}: the model as SBML. {share_of_assumptions()}")


def _draw(folder: Path, purpose: str, trials: int, seed: int, out: Path, threads: int | None) -> None:
    import os

    from rich.console import Console
    from rich.progress import track

    from onearm.physiology.hospital import draw_records
    from onearm.physiology.purpose import Purpose
    from onearm.physiology.registry_table import NOT_MODELLED, STATEMENT, share_of_assumptions
    from onearm.physiology.world_file import read_world
    from onearm.records import write_records

    if purpose not in [p.value for p in Purpose]:
        raise typer.BadParameter(f"--purpose {purpose}: give one of {', '.join(Purpose)}")
    for name in ("world.toml", "study.toml"):
        if not (folder / name).is_file():
            raise StudyProblems([Problem(str(folder / name), "the file is not there.", "A scenario has both.")])
    world = read_world(folder / "world.toml")
    console = Console(stderr=True)
    for trial in track(
        range(trials), "virtual trials", console=console, transient=True, disable=not sys.stderr.isatty()
    ):
        records = draw_records(
            world, seed=seed, trial=trial, purpose=purpose, threads=threads or len(os.sched_getaffinity(0))
        )
        place = out / f"trial-{trial + 1:04}"
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / "study.toml", place / "study.toml")
        write_records(records, place / "records")
    print(f"VIRTUAL: nobody in {out} exists. Drawn for {purpose}, seed {seed}, {trials} trials.")
    print(f"{STATEMENT}\n{share_of_assumptions()} {NOT_MODELLED}")
