import re

import pytest
from evidence_examples import FULL, SERIES, evidence, full, series
from hypothesis import given, settings

from onearm.verdict.gates import GATES, judge

CAPS = {"G1": "L1", "G2": "L1", "G4": "L1", "G10": "L1"}  # every other gate caps at L2
# gate -> inputs with which it fails, when everything else passes
FAILING = [
    ("G1", {"patients": False}),
    ("G1", {"controls_with_days": False}),
    ("G2", {"lag_logged": False}),
    ("G2", {"lag_logged": None}),
    ("G2", {"aligned": False}),
    ("G2", {"aligned": False, "start_median": 0}),
    ("G3", {"unresolved": 5, "chance": (("own records", 0.01, 0.06),)}),
    ("G3", {"unresolved": 5, "chance": ()}),
    ("G4", {"claim_admitted": False}),
    ("G4", {"claim_admitted": None}),
    ("G4", {"claim_comparator": ""}),
    ("G5", {"same_setting": False}),
    ("G5", {"same_setting": False, "drift": {"similar": 0.9, "penuelas2021": 0.4}}),
    ("G5", {"same_setting": None, "drift": {"similar": -0.78}}),
    ("G6", {"confounders_complete": 0.899}),
    ("G7", {"unmatched": 1}),
    ("G7", {"imbalance": 0.251}),
    ("G7", {"imbalance": None}),
    ("G7", {"effective_n": 119.9}),
    ("G7", {"effective_n": None}),
    ("G8", {"screened_share": 0.899}),
    ("G9", {"cotreatment_imbalance": 0.251}),
    ("G10", {"design_size": 0.0701}),
    ("G10", {"design_size": None}),
    ("G10", {"placebo_p": None}),
    ("G10", {"placebo_p": 0.05}),
    ("G11", {"p_value": 0.0501}),
    ("G11", {"gamma_star": 1.49}),
    ("G11", {"gamma_star": None}),
    ("G11", {"pr_benefit": 0.89}),
    ("G11", {"pr_benefit": None}),
    ("G11", {"p_value": None}),
    ("G12", {"locked_before": False}),
    ("G12", {"locked_before": None}),
]
NOT_REPORTED = [
    ("G2", {"aligned": False, "start_median": None}),
    ("G3", {"unresolved": None}),
    ("G3", {"n": None}),
    ("G5", {"same_setting": None}),
    ("G6", {"confounders_complete": None}),
    ("G7", {"unmatched": None}),
    ("G8", {"screened_share": None}),
    ("G9", {"cotreatment_imbalance": None}),
]


def gates(e):
    return {g.id: g for g in judge(e)}


def failed(e):
    return {g.id for g in judge(e) if not g.passed}


def test_twelve_gates_in_order_each_with_its_cap():
    assert [rule.id for rule in GATES] == [f"G{k}" for k in range(1, 13)]
    assert {rule.id: rule.cap for rule in GATES} == {rule.id: CAPS.get(rule.id, "L2") for rule in GATES}


def test_every_gate_passes_at_its_limit():
    assert failed(FULL) == set()


@pytest.mark.parametrize(("gate", "changes"), FAILING, ids=str)
def test_a_gate_fails_alone_beyond_its_limit(gate, changes):
    assert failed(full(**changes)) == {gate}


def test_every_gate_has_a_case_in_which_it_fails():
    assert {gate for gate, _ in FAILING} == {rule.id for rule in GATES}


@pytest.mark.parametrize(("gate", "changes"), NOT_REPORTED, ids=str)
def test_a_gate_whose_input_is_missing_fails_as_not_reported(gate, changes):
    judged = gates(full(**changes))[gate]
    assert not judged.passed and judged.value in ("not reported", "no screening log")
    assert (judged.reason, judged.reason_es) == ("not reported in what was read", "no consta en lo leído")


@pytest.mark.parametrize(
    ("gate", "changes"),
    [
        ("G3", {"unresolved": 4, "chance": ()}),  # exactly 10 %
        ("G3", {"unresolved": 30, "chance": (("own records", 0.01, 0.05),)}),
        ("G5", {"same_setting": False, "drift": {"similar": 0.41, "penuelas2021": 2.0}}),
        ("G11", {"gamma_star": float("inf")}),
    ],
    ids=str,
)
def test_the_other_ways_to_pass(gate, changes):
    assert gates(full(**changes))[gate].passed


def test_the_published_series_passes_no_gate():
    assert failed(SERIES) == {rule.id for rule in GATES}


@pytest.mark.parametrize(
    ("gate", "value", "reason"),
    [
        ("G1", "counts only", "a publication gives counts, not patients"),
        (
            "G2",
            "start median day 7, IQR width 12",
            "the treated had to survive untreated until their first treatment; the patients compared did not",
        ),
        ("G3", "4/13 unresolved", "more than 10 % unresolved; if all of them died, no benefit could be claimed"),
        ("G4", "cohorts of 70-85 %, not named", "the cohorts behind the claim are not named"),
        (
            "G5",
            "least delta* -0.78 (similar)",
            "chance, another time or another place could explain the deaths seen",
        ),
        ("G8", "no screening log", "not reported in what was read"),
        ("G10", "not run", "the analysis was not tried on untreated patients as a placebo"),
        ("G11", "needs patients", "no exact test without patients"),
        ("G12", "none located", "no plan made before the outcomes was located: exploratory"),
    ],
)
def test_what_a_clinician_reads_about_the_published_series(gate, value, reason):
    judged = gates(SERIES)[gate]
    assert (judged.value, judged.reason) == (value, reason)


def test_reasons_follow_what_is_known():
    assert gates(series(claim_comparator=""))["G4"].reason == "no comparator was named"
    assert gates(full(p_value=None))["G11"].reason == "the exact test was not possible"
    part = gates(full(p_value=None, unmatched=2))["G11"]
    assert part.value == "2 without a similar patient" and not part.passed
    assert gates(full(locked_before=False))["G12"].reason.startswith("outcomes were read before")
    assert gates(full(same_setting=False))["G5"].reason == "another time, place or steroid policy"
    assert gates(full(gamma_star=None))["G11"].value == "p 0.05, Gamma* none, Pr(HR < 1) 0.900"
    assert "Gamma* above 20" in gates(full(gamma_star=float("inf")))["G11"].value


@settings(deadline=None)
@given(evidence())
def test_every_gate_answers_any_evidence_in_both_languages(e):
    for gate in judge(e):
        assert all((gate.value, gate.threshold, gate.reason, gate.reason_es, gate.title, gate.title_es))
        assert "None" not in gate.value + gate.reason + gate.reason_es
        assert not re.search(r"[.;,] *$", gate.reason + " " + gate.reason_es)
