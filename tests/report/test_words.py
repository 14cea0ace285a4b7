import re
from pathlib import Path
from string import Formatter

import pytest

import onearm.report
from onearm.report.words import LANGUAGES, Words, catalogue

HERE = Path(onearm.report.__file__).parent
SOURCES = "".join(p.read_text(encoding="utf-8") for p in sorted(HERE.rglob("*")) if p.suffix in (".py", ".j2"))
#: Tables whose keys are made from a value of the result: icons.dead_one, level.L1_short, clock.listing, ...
MADE = re.compile(
    r"^(level\.L\d_short|icons\.|clock\.|index\.|origin\.|claims\.|terminal\.chance_line|cohort_names\.|marker_names\.|answers\.|strip\.)"
)
MADE_TOO = {
    *(f"cohorts.{role}" for role in ("size", "background", "refused", "dead", "out", "open")),
    *(f"markers.{direction}" for direction in ("rose", "fell", "no_change", "not_reported")),
    *(f"analysis.{id}" for id in ("false_positive_this_design", "power_exact_hr50", "power_exact_hr20")),
    *(
        f"more.{family}"
        for family in (
            "treated",
            "similar",
            "null_predictive",
            "unresolved",
            "completion",
            "drift",
            "leave_one_out",
            "occupancy",
            "balance",
            "cotreatment",
            "placebo",
            "exact",
            "other",
        )
    ),
    *(f"terminal.{column}" for column in ("counts", "value", "interval")),
}


def blanks(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@pytest.mark.parametrize("key", catalogue())
def test_every_sentence_stands_in_both_languages_with_the_same_blanks(key):
    said = catalogue()[key]
    assert set(said) == set(LANGUAGES)
    assert all(text.strip() for text in said.values())
    assert blanks(said["en"]) == blanks(said["es"])


@pytest.mark.parametrize("key", catalogue())
def test_every_sentence_is_used_somewhere(key):
    assert f'"{key}"' in SOURCES or f"'{key}'" in SOURCES or MADE.match(key) or key in MADE_TOO


def test_every_key_a_source_names_is_in_the_catalogue():
    named = set(re.findall(r"""\b(?:w|words)\(\s*["']([a-z_]+\.[A-Za-z0-9_]+)["']""", SOURCES))
    assert len(named) > 100
    assert named <= set(catalogue())


def test_an_unknown_key_is_an_error():
    with pytest.raises(KeyError):
        Words("en")("page.nothing")


def test_a_field_without_spanish_is_told_in_english():
    class Thing:
        label, label_es = "dead", ""

    assert Words("es").of(Thing(), "label") == "dead"
