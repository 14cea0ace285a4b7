"""`onearm new`: a study folder to start from, every line with a comment."""

import re
from importlib.resources import files
from pathlib import Path

from onearm.results.problems import Problem, StudyProblems

_TEMPLATES = {
    "study.toml": "study.toml",
    "reported.toml": "reported.toml",
    "claims.csv": "claims.csv",
    "comparators/published.csv": "published.csv",
    "comparators/trials.csv": "trials.csv",
    "README.md": "README.md",
}


def write_new_study(folder: Path) -> tuple[str, ...]:
    """Names of the files written into `folder`. Raises StudyProblems when it is not empty or cannot be written."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        told = "is there already and is not empty." if folder.is_dir() else "is a file."
        raise StudyProblems([Problem(str(folder), told, "Give another name; nothing is overwritten.")])
    try:
        for name, template in _TEMPLATES.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_text(template, folder), encoding="utf-8", newline="\n")
    except OSError as error:
        told = f"cannot be written: {error.strerror}."
        raise StudyProblems([Problem(str(folder), told, "Give a place where you may write.")]) from error
    return tuple(_TEMPLATES)


def _text(template: str, folder: Path) -> str:
    text = files("onearm.sources").joinpath("templates", template).read_text(encoding="utf-8")
    name = re.sub(r"[^a-z0-9_-]+", "-", folder.resolve().name.lower()).strip("-")
    return text.replace("STUDY-NAME", name or "study")
