"""world.toml: a world in a file, read whole or refused with everything that is wrong."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

from onearm.physiology.hospital.record_errors import RecordErrors
from onearm.physiology.hospital.world import World
from onearm.physiology.host.parameters import ParameterProblems, default_parameters
from onearm.physiology.purpose import Efficacy
from onearm.physiology.tables.co_treatment import CoTreatment
from onearm.physiology.tables.measurement_policy import MeasurementPolicy
from onearm.physiology.tables.product_policy import ProductPolicy
from onearm.results.problems import Problem, StudyProblems

SCHEMA = "onearm.world/1"
_POLICIES: Mapping[str, Any] = {
    "co_treatment": CoTreatment,
    "product": ProductPolicy,
    "measurement": MeasurementPolicy,
    "errors": RecordErrors,
}  # settings of their own
_TABLES = ("schema", "world", *_POLICIES, "parameters", "efficacy", "picked")
_OWN_TABLES = ("parameters", "efficacy", *_POLICIES)
_NO_LIMIT = "none"  # of a whole number that may have no limit
_KINDS: Mapping[type, str] = {
    bool: "true or false",
    float: "a number",
    int: "a whole number",
    str: "a text",
    date: "a day, 2020-04-24",
    type(None): f'a whole number or "{_NO_LIMIT}"',
    tuple: "numbers, [0, 3, 7] or [0.2, 0.8]",
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
        policies = {name: policy(**_as_given(told.get(name, {}))) for name, policy in _POLICIES.items()}
        return World(parameters=parameters, efficacy=efficacy, **policies, **_as_given(told.get("world", {})))
    except ParameterProblems as wrong:
        raise StudyProblems([Problem(path.name, f"[parameters] {line}") for line in wrong.lines]) from None
    except ValueError as wrong:
        raise StudyProblems([Problem(path.name, str(wrong))]) from None


def _problems(told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    loose = [name for name in _TABLES[1:] if not isinstance(told.get(name, {}), Mapping)]
    if loose:
        yield f"{', '.join(loose)} must be a table.", f"Write [{loose[0]}] on a line of its own."
        return
    if told.get("schema") != SCHEMA:
        yield f'schema is {told.get("schema", "missing")}; it must be "{SCHEMA}".', "Write it first in the file."
    for name in told:
        if name not in _TABLES:
            yield f"[{name}] is unknown.", f"Tables are: {', '.join(_TABLES[1:])}."
    yield from _setting_problems("world", World, told.get("world", {}))
    if told.get("world", {}).get("severity", "measured") not in ("measured", "hidden"):
        yield f"[world] severity = {told['world']['severity']!r} is unknown.", "Give measured or hidden."
    for name, policy in _POLICIES.items():
        yield from _setting_problems(name, policy, told.get(name, {}))
    for name, value in told.get("parameters", {}).items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield f"[parameters] {name} = {value!r} is no number.", "Give its value in the unit of the registry."
    wanted = ["emax", "source", "rationale"]
    if "efficacy" in told and sorted(told["efficacy"]) != sorted(wanted):
        yield (
            "[efficacy] needs emax, source and rationale, and nothing else.",
            "Say where the effect comes from and why.",
        )


def _setting_problems(table: str, settings: Any, told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    usual = {f.name: f.default for f in fields(settings) if f.name not in _OWN_TABLES}
    may_be_none = {f.name for f in fields(settings) if "None" in str(f.type)}
    for name, value in told.items():
        if name not in usual:
            yield f"[{table}] {name} is unknown.", f"Settings are: {', '.join(usual)}."
        elif not _like(value, usual[name], name in may_be_none):
            kind = type(None) if name in may_be_none else type(usual[name])
            yield f"[{table}] {name} = {value!r} is of the wrong kind.", f"Give {_KINDS[kind]}."


def _like(value: Any, usual: Any, may_be_none: bool) -> bool:
    """Whether a value of the file is of the kind of the usual one; a tuple stands in the file as a list."""
    if may_be_none:
        return type(value) is int or value == _NO_LIMIT
    if isinstance(usual, tuple):
        kinds = (int, float) if any(isinstance(x, float) for x in usual) else (int,)
        return isinstance(value, list) and all(type(x) in kinds for x in value)
    return type(value) in ((int, float) if isinstance(usual, float) else (type(usual),))


def _as_given(told: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as the world takes them: lists as tuples, no limit as None."""
    fixed = {name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}
    return {name: None if value == _NO_LIMIT else value for name, value in fixed.items()}
