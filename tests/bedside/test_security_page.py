"""The page of security lists every requirement of ASVS 5.0.0, levels 1 and 2, once, with a state and what shows it."""

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/security.md").read_text(encoding="utf-8")
STATES = ("met", "not applicable", "open")
#: requirements of levels 1 and 2 by section; in each they are numbered from 1
SECTIONS = """
1.1:2 1.2:9 1.3:11 1.4:3 1.5:2 2.1:3 2.2:3 2.3:4 2.4:1 3.2:2 3.3:4 3.4:6 3.5:5 3.7:2 4.1:3 4.2:1 4.3:2 4.4:4
5.1:1 5.2:3 5.3:2 5.4:3 6.1:3 6.2:12 6.3:4 6.4:4 6.5:5 6.6:3 6.8:4 7.1:3 7.2:4 7.3:2 7.4:5 7.5:2 7.6:2
8.1:2 8.2:3 8.3:1 8.4:1 11.1:2 11.2:3 11.3:3 11.4:4 11.5:1 11.6:1 12.1:3 12.2:2 12.3:4 13.1:1 13.2:5 13.3:2 13.4:5
14.1:2 14.2:4 14.3:3 15.1:3 15.2:3 15.3:7 16.1:1 16.2:5 16.3:4 16.4:3 16.5:3
"""
DUE = [f"v5.0.0-{s}.{n}" for s, last in (x.split(":") for x in SECTIONS.split()) for n in range(1, int(last) + 1)]
WHOLE = {"V9": 7, "V10": 29, "V17": 7}  # chapters told in one line
_PATH = re.compile(
    r"`((?:[\w.-]+/)*[\w.-]+\.(?:py|md|toml|txt|html|js)|(?:[\w.-]+/)+|requirements\.txt|NOTICE|Makefile)`"
)
_NO_PATH = {"people.toml"}  # of a study


def lines(text):
    """The cells of every line of a table that is no head."""
    rows = [[cell.strip() for cell in row.strip("|").split(" | ")] for row in text.splitlines() if row.startswith("|")]
    return [row for row in rows if row[0] not in ("number", "state", "chapter") and not row[0].startswith("---")]


LISTED = [row for row in lines(PAGE) if len(row) == 4 and not re.match(r"V\d+ ", row[0])]


def paths(text):
    return [name for name in _PATH.findall(text) if name not in _NO_PATH]


def test_every_requirement_of_the_two_levels_stands_once_in_order():
    assert [row[0] for row in LISTED] == DUE
    assert len(DUE) + sum(WHOLE.values()) == 253  # 70 of level 1, 183 of level 2


def test_every_line_has_a_state_and_says_why():
    assert [row for row in LISTED if row[2] not in STATES or not row[1] or not row[3]] == []
    assert [row[0] for row in LISTED if row[2] == "met" and not paths(row[3])] == []


def test_every_path_that_is_named_is_there():
    named = paths(PAGE)
    assert len(named) > 150
    assert [p for p in named if not (ROOT / p).exists() and not (ROOT / "src/onearm" / p).exists()] == []


def test_the_counts_of_the_head_are_those_of_the_lines():
    told = {row[0]: int(row[1]) for row in lines(PAGE) if row[0] in STATES}
    assert told == {state: Counter(row[2] for row in LISTED)[state] for state in STATES}
    chapters = {row[0].split()[0]: int(row[1]) for row in lines(PAGE) if re.match(r"V\d+ ", row[0])}
    assert chapters == WHOLE and f"\n{sum(WHOLE.values())} more" in PAGE
