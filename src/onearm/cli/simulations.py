"""The command that draws virtual hospitals: simulate."""

import os
import shutil
import sys
from dataclasses import dataclass, replace
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
    picked: Annotated[
        bool,
        typer.Option("--picked", help="The one trial the scenario picked, with its seed, and what must be said of it."),
    ] = False,
    ledger: Annotated[
        bool, typer.Option("--ledger", help="Write each trial as entries too, for `onearm serve TRIAL --demo`.")
    ] = False,
    figures: Annotated[
        bool,
        typer.Option("--figures", help="Write virtual.html, the figures of the first trial drawn, beside them."),
    ] = False,
    parameters: Annotated[bool, typer.Option("--parameters", help="Print every parameter, and draw nothing.")] = False,
    sbml: Annotated[
        Path | None, typer.Option("--sbml", help="Write the model as SBML there, and draw nothing.")
    ] = None,
) -> None:
    """Virtual hospitals whose truth is known. They test methods and designs; they predict no patient.

    Example:  onearm simulate examples/virtual-hospital --purpose teaching --trials 2 --seed 1 --out build/virtual
    """
    from onearm.physiology.host.registry_table import registry_table

    if parameters:
        print(registry_table(), end="")
        return
    if sbml is not None:
        _export(sbml)
        return
    missing = [name for name, given in (("SCENARIO", folder), ("--purpose", purpose), ("--out", out)) if given is None]
    if folder is None or purpose is None or out is None:
        raise typer.BadParameter(f"give {', '.join(missing)}; see the example in onearm simulate --help")
    from onearm.physiology.purpose import Purpose

    if purpose not in [p.value for p in Purpose]:
        raise typer.BadParameter(f"--purpose {purpose}: give one of {', '.join(Purpose)}")
    if picked and trials != 1:
        raise typer.BadParameter("--picked shows the one trial that the scenario names; leave out --trials")
    cores = threads or len(os.sched_getaffinity(0))
    asked = _Asked(folder, purpose, seed, tuple(range(trials)), out, cores, ledger)
    if picked:
        asked = _picked(asked)
    _draw(asked)
    if figures:
        _figures(asked)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be drawn, and where it goes."""

    folder: Path
    purpose: str
    seed: int
    trials: tuple[int, ...]  # from 0
    out: Path
    threads: int
    ledger: bool  # entries too
    picked: str = ""  # what must be said of a trial that was picked


def _picked(asked: _Asked) -> _Asked:
    """The trial that the scenario shows."""
    from onearm.physiology.hospital.picked import read_picked

    found = read_picked(_file(asked.folder, "world.toml"))
    if found is None:
        problem = Problem(str(asked.folder / "world.toml"), "it picks no trial.", "Leave out --picked.")
        raise StudyProblems([problem])
    return replace(asked, seed=found.seed, trials=(found.trial,), picked=found.sentence)


def _file(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        raise StudyProblems([Problem(str(path), "the file is not there.", "A scenario has world.toml and study.toml.")])
    return path


def _export(path: Path) -> None:
    from onearm.physiology.host.parameters import default_parameters
    from onearm.physiology.host.registry_table import share_of_assumptions
    from onearm.physiology.host.sbml import to_antimony, to_sbml

    try:
        text = to_sbml(to_antimony(default_parameters()))
    except ModuleNotFoundError:
        raise StudyProblems([Problem(str(path), "SBML needs the package antimony.", "Install antimony.")]) from None
    path.write_text(text, encoding="utf-8")
    print(f"{path}: the model as SBML. {share_of_assumptions()}")


def _figures(asked: _Asked) -> None:
    from rich.console import Console

    from onearm.physiology.figures.virtual_figures import draw_figures
    from onearm.physiology.hospital.world_file import read_world
    from onearm.physiology.purpose import Purpose
    from onearm.report.virtual_page import PAGE, render_virtual
    from onearm.sources.protocol_file import read_protocol

    with Console(stderr=True).status("drawing the figures"):
        drawn = draw_figures(
            read_world(asked.folder / "world.toml"),
            seed=asked.seed,
            trial=asked.trials[0],
            purpose=Purpose(asked.purpose),
            threads=asked.threads,
            protocol=read_protocol(asked.folder, []),
            picked=asked.picked,
        )
    (asked.out / PAGE).write_text(render_virtual(drawn), encoding="utf-8", newline="\n")
    print(f"{asked.out / PAGE}: the figures of trial {asked.trials[0] + 1}. VIRTUAL: no level, no evidence.")


def _draw(asked: _Asked) -> None:
    from rich.console import Console
    from rich.progress import track

    from onearm.bedside.virtual_ledger import write_virtual_ledger
    from onearm.physiology.hospital.draw import draw_records
    from onearm.physiology.hospital.world_file import read_world
    from onearm.physiology.host.registry_table import NOT_MODELLED, STATEMENT, share_of_assumptions
    from onearm.records import write_records
    from onearm.sources.protocol_file import read_protocol

    world = read_world(_file(asked.folder, "world.toml"))
    study = _file(asked.folder, "study.toml")
    problems: list[Problem] = []
    protocol = read_protocol(asked.folder, problems)
    if problems:
        raise StudyProblems(problems)
    console = Console(stderr=True)
    for trial in track(
        asked.trials, "virtual trials", console=console, transient=True, disable=not sys.stderr.isatty()
    ):
        records = draw_records(
            world,
            seed=asked.seed,
            trial=trial,
            purpose=asked.purpose,
            threads=asked.threads,
            protocol=protocol,
        )
        place = asked.out / f"trial-{trial + 1:04}"
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(study, place / "study.toml")
        write_records(records, place / "records")
        if asked.ledger:
            write_virtual_ledger(place, records)
    print(f"VIRTUAL: nobody in {asked.out} exists. Drawn for {asked.purpose}, seed {asked.seed}.")
    if asked.picked:
        print(asked.picked)
    print(f"{STATEMENT}\n{share_of_assumptions()} {NOT_MODELLED}")
