from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from other_examples import EXAMPLES
from rich.console import Console

from onearm.report.terminal import print_verdict


def said(name, width=80, language="en", change=lambda r: r):
    out = StringIO()
    print_verdict(change(EXAMPLES[name]()), Console(file=out, width=width), language, Path("build/demo/verdict.html"))
    return out.getvalue()


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("width", [80, 140])
def test_no_line_is_wider_than_the_terminal_and_no_column_is_cut(name, language, width):
    lines = said(name, width, language).splitlines()
    assert max(map(len, lines)) <= width
    assert "…" not in "".join(lines)


def test_the_terminal_tells_level_sentences_figures_and_the_page():
    text = " ".join(said("balmys19").replace("\u00a0", " ").split())
    for part in (
        "Level L1 of L0 to L4: describes, no more",
        "cannot show whether the cells changed the outcome.",
        "expected in 29 of 100",
        "2/13 15.4 % 1.9 to 45.4 %",
        "dead among resolved (not a risk)",
        "at most 2 deaths of 13 0.287",
        "at most 6 deaths of 13 0.871",
        "at most 20.6 %",
        "11 supported, 5 wrong, 22 cannot be assessed",
        "bowdish2023 (randomised): 42/112 v 47/110, no difference shown",
        "Page: build/demo/verdict.html",
        "Research use. Not a medical device.",
    ):
        assert part in text


def test_every_wrong_sentence_is_printed_and_no_other():
    text = said("balmys19")
    assert [id for id in ("c04", "c05", "c06", "c09", "n06") if f"wrong {id}:" in text] == [
        "c04",
        "c05",
        "c06",
        "c09",
        "n06",
    ]
    assert text.count("wrong ") == 5 and "n05" not in text


def test_a_virtual_study_says_so_instead_of_a_level():
    text = said("virtual")
    assert "Virtual, no level" in text and "simulated" in text and "Level L" not in text


def test_square_brackets_of_a_study_are_no_markup():
    text = said("balmys19", change=lambda r: replace(r, trials=(replace(r.trials[0], report="[red]x[/red]"),)))
    assert "[red]x[/red]" in text
