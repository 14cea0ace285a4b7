"""world.toml: a world in a file, read whole or refused with everything that is wrong."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

from onearm.physiology.parameters import ParameterProblems, default_parameters
from onearm.physiology.purpose import Efficacy
from onearm.physiology.world import World
from onearm.results.problems import Problem, StudyProblems

SCHEMA = "onearm.world/1"
_TABLES = ("schema", "world", "parameters", "efficacy")
_KINDS: Mapping[str, tuple[type, ...]] = {
    "efficacy": (),
    "parameters": (),
    "first_entry": (date,),
    "data_lock": (date,),
    "severity": (str,),
    "source_id": (str,),
    "treat_per_day": (int, float),
    "gamma": (int, float),
    "lag_days": (int, float),
    "m_per_kg": (int, float),
    "steroid_share": (int, float),
}


def read_world(path: Path) -> World:
    """The world of a file. Raises StudyProblems with all that is wrong."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StudyProblems([Problem(path.name, f"is no TOML: {error}.", "Mend it there.")]) from None
    problems = [Problem(path.name, sentence, remedy) for sentence, remedy in _problems(told)]
    if problems:
        raise StudyProblems(problems)
    try:
        parameters = default_parameters().with_values(**told.get("parameters", {}))
        efficacy = Efficacy(**told["efficacy"]) if "efficacy" in told else None
        return World(parameters=parameters, efficacy=efficacy, **told.get("world", {}))
    except ParameterProblems as wrong:
        raise StudyProblems([Problem(path.name, f"[parameters] {line}") for line in wrong.lines]) from None
    except ValueError as wrong:
        raise StudyProblems([Problem(path.name, str(wrong))]) from None


def _problems(told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if told.get("schema") != SCHEMA:
        yield f'schema is {told.get("schema", "missing")}; it must be "{SCHEMA}".', "Write it first in the file."
    for name in told:
        if name not in _TABLES:
            yield f"[{name}] is unknown.", f"Tables are: {', '.join(_TABLES[1:])}."
    known = [f.name for f in fields(World) if _KINDS.get(f.name) != ()]
    for name, value in told.get("world", {}).items():
        kinds = _KINDS.get(name, (int,))
        if name not in known:
            yield f"[world] {name} is unknown.", f"Settings are: {', '.join(known)}."
        elif isinstance(value, bool) or not isinstance(value, kinds):
            yield f"[world] {name} = {value!r} is of the wrong kind.", f"Give {_words(kinds)}."
    if told.get("world", {}).get("severity", "measured") not in ("measured", "hidden"):
        yield f"[world] severity = {told['world']['severity']!r} is unknown.", "Give measured or hidden."
    for name, value in told.get("parameters", {}).items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield f"[parameters] {name} = {value!r} is no number.", "Give its value in the unit of the registry."
    wanted = ["emax", "source", "rationale"]
    if "efficacy" in told and sorted(told["efficacy"]) != sorted(wanted):
        yield (
            "[efficacy] needs emax, source and rationale, and nothing else.",
            "Say where the effect comes from and why.",
        )


def _words(kinds: tuple[type, ...]) -> str:
    return (
        {date: "a day, 2020-04-24", str: "a text", int: "a whole number"}.get(kinds[0], "a number")
        if len(kinds) == 1
        else "a number"
    )
