"""`rulebook.toml` of a study: lines that replace those of the default rule book, each with its own source."""

from pathlib import Path

from onearm.protocol.rulebook import NAMES, SCHEMA, Line, Rulebook, default_rulebook, misfits, rulebook_of
from onearm.results.problems import Problem
from onearm.sources.typed_file import build, line_of, read_toml
from onearm.sources.value_faults import near

NAME = "rulebook.toml"


def read_rulebook(folder: Path, problems: list[Problem]) -> Rulebook | None:
    """The rule book in force for a study; the default when it has none. None after adding every problem of its file."""
    path = folder / NAME
    if not path.exists():
        return default_rulebook()
    raw = read_toml(path, NAME, problems)
    if raw is None:
        return None
    before, lines = len(problems), dict[str, Line]()
    if raw.get("schema", SCHEMA) != SCHEMA:
        told = f"schema = {raw['schema']!r} is not known."
        problems.append(Problem(NAME, told, f'Write schema = "{SCHEMA}".', line_of(path, ("schema",))))
    for name, table in raw.items():
        if name == "schema":
            continue
        if name not in NAMES:
            close = near(name, list(NAMES))
            told = f"Did you mean {close}?" if close else "The default rulebook.toml lists the rules."
            problems.append(Problem(NAME, f"{name} is no rule.", told, line_of(path, (name,))))
        elif not isinstance(table, dict):
            remedy = f"Write [{name}] with value, unit, source and status."
            problems.append(Problem(NAME, f"{name} is not a table.", remedy, line_of(path, (name,))))
        elif (line := build(Line, table, path, NAME, problems, (name,))) is not None:
            lines[name] = line
    for wrong in misfits(lines):
        keys = (wrong.name, wrong.key) if wrong.key else (wrong.name,)
        problems.append(Problem(NAME, f"{wrong.name} {wrong.sentence}", wrong.remedy, line_of(path, keys)))
    return rulebook_of(lines) if len(problems) == before else None
