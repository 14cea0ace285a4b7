from dataclasses import replace

import pytest
from evidence_examples import FULL, SERIES, evidence, full, series
from hypothesis import given, settings
from spanish import english_words

from onearm.verdict.flags import FLAGS, raise_flags

ALL = [f"F{k}" for k in range(1, 15)]
# flag -> what raises it when hardly anything else is raised
RAISED = [
    ("F1", {"aligned": False}),
    ("F1", {"aligned": False, "start_median": None}),
    ("F2", {"screened_share": None}),
    ("F2", {"screened_share": 0.89}),
    ("F2", {"exclusions": ("ECMO",)}),
    ("F3", {"unresolved": 1}),
    ("F3", {"unresolved": None}),
    ("F4", {"claim_admitted": None}),
    ("F4", {"claim_admitted": False}),
    ("F4", {"foreign_comparator": True}),
    ("F4", {"resolved_only_comparator": True}),
    ("F5", {"cotreatment_imbalance": 0.251}),
    ("F5", {"cotreatment_imbalance": None}),
    ("F6", {"n": 19}),
    ("F7", {"locked_before": None}),
    ("F7", {"locked_before": False}),
    ("F8", {"doses": {1: 10, 2: 30}}),
    ("F9", {"markers_reported": True}),
    ("F10", {"improved": 30}),
    ("F11", {"centres": 2}),
    ("F11", {"centres": None}),
    ("F12", {"dead": 1}),
    ("F13", {"n": 49}),
    ("F14", {}),
]
QUIET = full(n=50, dead=0, improved=None)  # raises F14 alone: nothing tells whether the outcome was judged blind


def raised(e):
    return {f.id for f in raise_flags(e) if f.raised}


def text(e, id):
    return next(f.text for f in raise_flags(e) if f.id == id)


def test_the_published_series_raises_every_flag():
    assert [f.id for f in raise_flags(SERIES)] == ALL == [rule.id for rule in FLAGS]
    assert raised(SERIES) == set(ALL)


def test_a_careful_study_raises_hardly_any():
    assert raised(QUIET) == {"F14"}


@pytest.mark.parametrize(("flag", "changes"), RAISED, ids=str)
def test_each_flag_is_raised_by_its_own_weakness(flag, changes):
    more = {"F13"} if flag == "F6" else set()
    assert raised(replace(QUIET, **changes)) == {flag, "F14"} | more


def test_every_flag_has_a_case_that_raises_it():
    assert {flag for flag, _ in RAISED} == set(ALL)


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("F1", "treatment began later than the comparator's clock (median day 7)"),
        (
            "F2",
            "selected for treatment, no screening log; registered exclusions: more than three organs failing, ECMO",
        ),
        ("F3", "open outcomes (4/13)"),
        ("F5", "other treatments given: steroids, tocilizumab"),
        ("F6", "fewer than 20 treated: one death is 7.7 percentage points"),
        ("F7", "no prior plan (not located)"),
        (
            "F8",
            "doses differ (1/2/3 in 2/10/1 patients): later doses only reach survivors; no dose-response can be read",
        ),
        ("F10", '"improved" (9) includes 2 still ventilated: not compared'),
        ("F11", "patients share centres and lots (4 centres)"),
        ("F12", "deaths may have been attributed elsewhere (not verified): all deaths count"),
    ],
)
def test_what_a_clinician_reads_about_the_published_series(flag, said):
    assert text(SERIES, flag) == said


def test_improved_without_the_number_extubated_is_not_called_ventilated():
    assert text(series(extubated=None), "F10") == '"improved" (9) is not defined: not compared'
    assert text(series(extubated=9), "F10") == '"improved" (9) is not defined: not compared'


def test_texts_follow_what_is_known():
    assert text(series(locked_before=False), "F7") == "outcomes were read before a plan was locked"
    assert text(series(screened_share=0.5), "F2").startswith("selected for treatment, 50 % of eligible accounted for")
    assert text(series(cotreatment=None), "F5") == "other treatments given: not reported"
    assert text(full(cotreatment_imbalance=0.614), "F5") == (
        "other treatments differ, largest standardised difference 0.61"
    )
    assert "cells" in text(SERIES, "F13") and text(full(cells=False), "F13") == (
        "small series are selected for publication"
    )


def test_spanish_writes_a_decimal_comma_and_quotes_the_source():
    spanish = {f.id: f.text_es for f in raise_flags(SERIES)}
    assert "7,7 puntos" in spanish["F6"]
    assert "«steroids, tocilizumab»" in spanish["F5"] and "«ECMO»" in spanish["F2"]


@settings(deadline=None)
@given(evidence())
def test_every_raised_flag_says_something_whole_in_both_languages(e):
    for flag in raise_flags(e):
        assert flag.text and flag.text_es
        if flag.raised:
            assert "None" not in flag.text + flag.text_es
            assert not english_words(flag.text_es)


def test_a_full_study_with_its_own_controls_keeps_only_what_is_true_of_it():
    assert raised(FULL) == {"F10", "F12", "F13", "F14"}
