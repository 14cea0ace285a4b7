"""Where a key of a TOML file stands: the line a person has to go to."""

import pytest

from onearm.protocol.study import Protocol
from onearm.sources.typed_file import build, line_of, read_toml

TEXT = """schema = "x"

[study] # who
title = "one"
"quoted" = 1
[population]
rules = [
    # { id = "I0" }
    { id = "I1", op = ">=" },
    { id = "I2", op = "<" },
]
[[endpoint]]
id = "first"
[[endpoint]]
id = "second"
horizon_days = 28
[matching]
markers = { crp = 5 }
[product.cells]
route = "x"
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (("schema",), 1),
        (("study",), 3),
        (("study", "title"), 4),
        (("study", "quoted"), 5),
        (("study", "id"), 3),  # missing: the table, and not the id of something else
        (("population", "rules"), 7),
        (("population", "rules", 0, "op"), 9),
        (("population", "rules", 1), 10),
        (("population", "rules", 1, "value"), 10),
        (("endpoint", 0, "id"), 13),
        (("endpoint", 0, "horizon_days"), 12),
        (("endpoint", 1, "horizon_days"), 16),
        (("endpoint", 7), 12),
        (("matching", "markers", "crp"), 18),
        (("product", "cells", "route"), 20),
        (("nowhere",), None),
        ((), None),
    ],
)
def test_the_line_of_a_key_or_of_the_last_part_that_is_there(file, keys, line):
    assert line_of(file, keys) == line


def problems_of(path, text):
    path.write_text(text, encoding="utf-8")
    found = []
    build(Protocol, read_toml(path, "study.toml", found), path, "study.toml", found)
    return sorted((p.line, p.sentence) for p in found)


def test_each_problem_has_the_line_of_its_own_table(tmp_path):
    text = '[study]\ntitle = "one"\n[[endpoint]]\nid = "a"\n[[endpoint]]\nid = "b"\nhorizon_days = "x"\n'
    assert problems_of(tmp_path / "study.toml", text) == [
        (1, "study.id is missing."),
        (7, 'endpoint 2: horizon_days = "x" is not a whole number.'),
    ]


def test_a_value_that_fits_no_kind_is_one_problem(tmp_path):
    head = '[study]\nid = "a"\ntitle = "b"\n[population]\n'
    text = head + 'rules = [{ id = "I1", marker_or_state = "age", op = ">=", value = { a = 1 } }]\n'
    assert problems_of(tmp_path / "study.toml", text) == [
        (5, "population.rules 1: value = {a = 1} is nothing that can stand here.")
    ]
