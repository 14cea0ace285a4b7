"""Copies of the shipped examples with mistakes in them, and what reading them says."""

import shutil
from pathlib import Path

import pytest

from onearm.results.problems import StudyProblems
from onearm.sources.study_folder import read_study
from onearm.study.checks import check_inputs

EXAMPLES = Path(__file__).parents[2] / "examples"


def copy(tmp_path, example, **edits):
    """A copy of an example. Keys are edited files (see `edit`); a folder or file is removed with None."""
    folder = tmp_path / example
    shutil.copytree(EXAMPLES / example, folder)
    return edit(folder, edits)


def edit(folder, edits):
    """Files by name: (old, new) or a list of them, the whole text or bytes, a function of the text, None to remove."""
    for name, what in edits.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if what is None:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        elif isinstance(what, bytes):
            path.write_bytes(what)
        elif isinstance(what, str):
            path.write_text(what, encoding="utf-8")
        elif callable(what):
            path.write_text(what(path.read_text(encoding="utf-8")), encoding="utf-8")
        else:
            text = path.read_text(encoding="utf-8")
            for old, new in what if isinstance(what, list) else [what]:
                assert old in text, f"{old!r} is not in {name}"
                text = text.replace(old, new, 1)
            path.write_text(text, encoding="utf-8")
    return folder


def read(folder):
    """What `onearm check` does: the inputs, after the checks that need protocol and records together."""
    inputs = read_study(folder)
    check_inputs(inputs)
    return inputs


def told(folder):
    """The whole message, after making sure that nothing was written."""
    before = {p: p.stat().st_mtime_ns for p in sorted(folder.rglob("*"))} if folder.is_dir() else {}
    with pytest.raises(StudyProblems) as problems:
        read(folder)
    after = {p: p.stat().st_mtime_ns for p in sorted(folder.rglob("*"))} if folder.is_dir() else {}
    assert before == after
    return str(problems.value)
