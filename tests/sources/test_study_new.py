"""A study folder to start from: it reads as it is, and nothing that is there is overwritten."""

from pathlib import Path

import pytest
from study_copies import edit, read

from onearm.results.problems import StudyProblems
from onearm.sources.new_study import write_new_study
from onearm.sources.study_folder import read_study
from onearm.study.checks import check_inputs

FILES = (
    "study.toml",
    "reported.toml",
    "claims.csv",
    "comparators/published.csv",
    "comparators/trials.csv",
    "README.md",
)


def refused(folder):
    with pytest.raises(StudyProblems) as problems:
        write_new_study(folder)
    return str(problems.value)


@pytest.mark.parametrize("name", ["my-study", "My Study (2nd)", 'a "quoted" \\ name', "2021", "ñandú", "日本"])
def test_a_new_folder_reads_without_problems_whatever_its_name(tmp_path, name):
    assert write_new_study(tmp_path / name) == FILES
    inputs = read_study(tmp_path / name)
    assert check_inputs(inputs) == (
        "reported.toml: level L0 for want of n, dead, open, horizon_days or follow_up_after_first_dose_median.",
    )
    assert inputs.cohorts == inputs.trials == inputs.sentences == () and inputs.series.count("n") is None


@pytest.mark.parametrize(
    ("name", "id"),
    [("my-study", "my-study"), ("My Study (2nd)", "my-study-2nd"), ("日本", "study"), ("cells_2", "cells_2")],
)
def test_the_id_is_the_name_of_the_folder_in_small_letters(tmp_path, name, id):
    write_new_study(tmp_path / name)
    assert read_study(tmp_path / name).protocol.study.id == id


def test_the_folder_one_stands_in_may_be_filled(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    write_new_study(Path())
    assert read_study(Path()).protocol.study.id == "here"


def test_folders_above_it_are_made(tmp_path):
    write_new_study(tmp_path / "a" / "b" / "c")
    assert read(tmp_path / "a" / "b" / "c").protocol.study.id == "c"


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path):
    folder = edit(tmp_path / "mine", {"notes.txt": "do not touch"})
    assert refused(folder) == (
        f"{folder}, 1 problem; nothing was written.\n"
        "  is there already and is not empty.\n  Give another name; nothing is overwritten."
    )
    assert [p.name for p in folder.iterdir()] == ["notes.txt"]


def test_a_second_time_changes_nothing(tmp_path):
    write_new_study(tmp_path / "one")
    edit(tmp_path / "one", {"reported.toml": ("[study]", "[study] # mine")})
    assert "is not empty" in refused(tmp_path / "one")
    assert "# mine" in (tmp_path / "one" / "reported.toml").read_text(encoding="utf-8")


def test_a_file_is_no_folder(tmp_path):
    file = tmp_path / "file"
    file.write_text("x", encoding="utf-8")
    assert "  is a file.\n" in refused(file)
    assert "cannot be written: Not a directory." in refused(file / "below")
    assert file.read_text(encoding="utf-8") == "x"


def test_the_examples_in_the_comments_of_the_template_read_too(tmp_path):
    """With the comment sign of every example taken away, all that is missing is the records."""
    folder = tmp_path / "one"
    write_new_study(folder)
    lines = (folder / "study.toml").read_text(encoding="utf-8").splitlines()
    starts = (
        "# data_lock",
        "# [",
        "# name",
        "# kind",
        "# admitted",
        "# same",
        "# age",
        "# calendar",
        "# markers",
        "# {",
    )
    shown = [line.replace("# ", "", 1) if line.strip().startswith(starts) else line for line in lines]
    edit(folder, {"study.toml": "\n".join(shown)})
    with pytest.raises(StudyProblems) as problems:
        read(folder)
    assert [p.sentence for p in problems.value.problems] == ['[[comparator]] "own records": there is no records/.']
