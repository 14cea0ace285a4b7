import re
from dataclasses import replace

import pytest
from evidence_examples import FULL, SERIES, evidence, full, series
from hypothesis import given, settings
from hypothesis import strategies as st
from spanish import english_words

from onearm.results.study_result import ClaimState
from onearm.verdict.gates import judge
from onearm.verdict.level import Said, decide, in_words, level_of, of_100

SETTLE = Said("A randomised trial.", "Un ensayo aleatorizado.")
LEAD = (
    "Two of 13 had died and four were unresolved; these reports describe the patients and cannot show whether the "
    "cells changed the outcome."
)


def verdict(e):
    return decide(e, judge(e), SETTLE)


def sentences(text):
    return [s for s in re.split(r"(?<=\.)\s+", text) if s]


def test_the_published_series_is_level_1_variant_a_with_its_lead():
    said = verdict(SERIES)
    assert (said.level, said.variant, said.lead) == ("L1", "a", LEAD)
    assert said.variant_sentence == "A result like this is expected in 37 of 100 studies of cells that do nothing."
    assert said.sentence == f"{said.lead} {said.variant_sentence}"
    assert said.caps == ("G1", "G2", "G4", "G10")
    assert said.lead_es == (
        "Dos de 13 habían muerto y cuatro seguían sin resolver; estos datos describen a los pacientes y no muestran "
        "si las células cambiaron el desenlace."
    )
    assert said.variant_sentence_es == (
        "Un resultado así se espera en 37 de cada 100 estudios de células que no hacen nada."
    )


def test_none_of_40_dead_and_none_open_is_variant_c():
    said = verdict(series(n=40, dead=0, unresolved=0, null_p=(1e-4, 1e-4), chance=(("similar cases", 1e-4, 1e-4),)))
    assert (said.level, said.variant) == ("L1", "c")
    assert said.lead.startswith("None of 40 had died and all outcomes were known; these reports")
    assert said.lead_es.startswith("Ninguno de 40 había muerto y constan todos los desenlaces; estos datos")
    assert said.variant_sentence == "Fewer deaths than chance explains; selection is not excluded."


def test_two_of_40_dead_and_14_open_is_variant_b():
    said = verdict(series(n=40, dead=2, unresolved=14, null_p=(1e-3, 0.9), chance=(("similar cases", 1e-3, 0.9),)))
    assert (said.level, said.variant) == ("L1", "b")
    assert said.variant_sentence == "The result hangs on the 14 patients whose outcome is not known."
    assert said.variant_sentence_es == "El resultado depende de los 14 pacientes cuyo desenlace no se conoce."


def test_one_open_patient_is_one_patient():
    said = verdict(series(dead=1, unresolved=1, null_p=None, chance=(("penuelas2021", 0.04, 0.06),)))
    assert said.variant_sentence == "The result hangs on the one patient whose outcome is not known."
    assert said.lead.startswith("One of 13 had died and one was unresolved;")
    assert said.lead_es.startswith("Uno de 13 había muerto y uno seguía sin resolver;")


def test_nothing_to_compare_with_is_said():
    said = verdict(series(null_p=None, chance=(), drift={}))
    assert (said.level, said.variant) == ("L1", "")
    assert said.variant_sentence == "Nothing was given to compare with."


def test_a_cohort_speaks_where_the_similar_cases_do_not_decide():
    told = (("similar cases", 0.04, 0.9), ("libassi2021", 0.0869, 0.834), ("penuelas2021", 0.06, 0.7))
    said = verdict(series(null_p=(0.04, 0.9), chance=told))
    assert said.variant == "a"
    assert said.variant_sentence == (
        "Beside libassi2021, a result like this is expected in 9 of 100 studies of cells that do nothing."
    )


def test_a_treatment_that_is_no_cell_product_is_called_the_treatment():
    said = verdict(series(cells=False))
    assert "whether the treatment changed the outcome" in said.lead
    assert "si el tratamiento cambió el desenlace" in said.lead_es
    assert "studies of a treatment that does nothing" in said.variant_sentence
    assert "estudios de un tratamiento que no hace nada" in said.variant_sentence_es
    assert "cell" not in said.sentence + said.lay and "célula" not in said.sentence_es + said.lay_es


@pytest.mark.parametrize(
    ("changes", "lacking"),
    [
        ({"missing": ("n", "dead", "open")}, "number treated, deaths, number unresolved"),
        ({"missing": ("horizon_days or follow_up_after_first_dose_median",)}, "length of follow-up"),
        ({"dead": None}, "deaths"),
        ({"unresolved": None}, "number unresolved"),
        ({"n": None}, "number treated"),
        ({"n": 0, "dead": 0, "unresolved": 0}, "number treated"),
    ],
)
def test_a_missing_count_or_horizon_cannot_be_assessed(changes, lacking):
    said = verdict(series(**changes))
    assert (said.level, said.variant, said.caps) == ("L0", "", ())
    assert said.sentence == f"This claim cannot be assessed; not reported: {lacking}."
    assert not english_words(said.sentence_es)


def test_every_gate_passed_is_a_signal_and_no_proof():
    said = verdict(FULL)
    assert (said.level, said.variant, said.caps) == ("L3", "", ())
    assert "signal worth a randomised trial, not proof" in said.sentence


@pytest.mark.parametrize(
    ("changes", "level", "caps"),
    [
        ({"screened_share": 0.5}, "L2", ("G8",)),
        ({"screened_share": 0.5, "locked_before": None}, "L2", ("G8", "G12")),
        ({"screened_share": 0.5, "design_size": 0.2}, "L1", ("G10",)),
        ({"lag_logged": False, "p_value": 0.3}, "L1", ("G2",)),
    ],
)
def test_the_level_is_the_lowest_cap_among_failed_gates(changes, level, caps):
    said = verdict(full(**changes))
    assert (said.level, said.caps) == (level, caps)


def test_a_published_series_never_exceeds_level_1_whatever_else_holds():
    assert verdict(full(patients=False)).level == "L1"


def test_a_series_of_2_of_11_with_everything_else_met_is_no_signal():
    assert verdict(full(patients=False, n=11, dead=2, chance=(("company", 1e-6, 1e-6),))).level == "L1"


def test_a_virtual_study_keeps_its_sentences_and_has_no_level():
    said = verdict(series(virtual=True))
    assert (said.level, said.variant, said.lead) == ("", "", LEAD)


@pytest.mark.parametrize(
    ("p", "x"),
    [(0.0, "fewer than 1"), (0.0049, "fewer than 1"), (0.005, "1"), (0.125, "13"), (0.366, "37"), (1, "100")],
)
def test_x_of_100_is_rounded_half_up(p, x):
    assert of_100(p) == x


@pytest.mark.parametrize(("k", "en", "es"), [(0, "None", "Ninguno"), (12, "Twelve", "Doce"), (13, "13", "13")])
def test_small_numbers_are_words_at_the_start_of_a_sentence(k, en, es):
    assert (in_words(k, "en", start=True), in_words(k, "es", start=True)) == (en, es)


def all_sentences(said):
    for text in (said.sentence, said.sentence_es, said.lay, said.lay_es):
        yield from sentences(text)


@pytest.mark.parametrize("cells", [True, False])
@pytest.mark.parametrize("patients", [True, False])
@settings(deadline=None, max_examples=150)
@given(e=evidence())
def test_every_sentence_is_short_and_whole_in_both_languages(cells, patients, e):
    said = verdict(replace(e, cells=cells, patients=patients, virtual=False))
    for sentence in all_sentences(said):
        assert len(sentence.split()) <= 25
        assert sentence[0] == sentence[0].upper() and sentence.endswith(".")
        assert not re.search(r"  |None\b(?! of)|\{|\}", sentence)
    assert len(sentences(said.sentence)) == len(sentences(said.sentence_es))
    assert not english_words(said.sentence_es + said.lay_es)


@settings(deadline=None, max_examples=200)
@given(e=evidence())
def test_the_level_follows_the_gates_and_is_never_4(e):
    gates = judge(e)
    level, caps = level_of(e, gates)
    assert level in ("L0", "L1", "L2", "L3")
    assert (level == "L0") == (bool(e.missing) or not e.n or e.dead is None or e.unresolved is None)
    if level != "L0":
        assert level == min([g.cap for g in gates if not g.passed] or ["L3"])
        assert caps == tuple(g.id for g in gates if not g.passed and g.cap == level)
    if not e.patients:
        assert level in ("L0", "L1")
    said = verdict(e)
    assert (said.claims["C4"].state is ClaimState.SHOWN) == (level == "L3")
    assert said.claims["C5"].state is ClaimState.CANNOT


@settings(deadline=None, max_examples=150)
@given(st.integers(1, 300), st.data())
def test_the_numbers_of_a_sentence_are_those_of_the_evidence(n, data):
    dead = data.draw(st.integers(0, n))
    still = data.draw(st.integers(0, n - dead))
    seen = data.draw(st.floats(0.0501, 1))
    said = verdict(series(n=n, dead=dead, unresolved=still, null_p=(seen, 1.0), chance=(("similar cases", seen, 1.0),)))
    for lead, language in ((said.lead, "en"), (said.lead_es, "es")):
        words = lead.split()
        assert words[0] == in_words(dead, language, start=True) and words[2] == str(n)
        assert bool(still) == bool(re.search(rf"(and|y) {in_words(still, language)} (was|were|seguía|seguían) ", lead))
    for text in (said.variant_sentence, said.variant_sentence_es):
        assert re.findall(r"\d+", text) == [of_100(seen), "100"]
