"""The sentence moves with the evidence: changed copies of the shipped case."""

from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from onearm.protocol.reported import ReadingStatus, Reported, ReportedSeries
from onearm.protocol.study import Population, Rule
from onearm.results.problems import StudyProblems
from onearm.sources.study_folder import read_study
from onearm.study.appraise import appraise

EXAMPLES = Path(__file__).parents[2] / "examples"


@cache
def balmys19():
    return read_study(EXAMPLES / "balmys19")


def told(**counts):
    """The shipped case with other counts, and no doses, safety or improvement."""
    inputs = balmys19()
    treated = {k: Reported(v, status=ReadingStatus.VERIFIED, source="made up") for k, v in counts.items()}
    series = ReportedSeries(
        study=inputs.series.study, treated=treated, time=inputs.series.time, product=inputs.series.product
    )
    return replace(inputs, series=series, sentences=())


def test_0_of_40_all_resolved_reads_differently_from_the_13():
    v = appraise(told(n=40, dead=0, open=0, extubated=40)).verdict
    assert (v.level, v.variant) == ("L1", "c")
    assert v.variant_sentence == "Fewer deaths than chance explains; selection is not excluded."
    assert v.lead.startswith("None of 40 had died and all outcomes were known")


def test_2_of_40_with_14_open_hangs_on_the_open():
    v = appraise(told(n=40, dead=2, open=14)).verdict
    assert (v.level, v.variant) == ("L1", "b")
    assert v.variant_sentence == "The result hangs on the 14 patients whose outcome is not known."


def test_what_is_missing_forbids_an_assessment():
    inputs = balmys19()
    treated = {k: v for k, v in inputs.series.treated.items() if k != "open"}
    result = appraise(replace(inputs, series=replace(inputs.series, treated=treated)))
    assert result.verdict.level == "L0" and "unresolved" in result.verdict.lead
    figures = {e.id: e for e in result.estimates}
    assert figures["treated.death.so_far"].value == pytest.approx(2 / 13)
    assert (
        figures["treated.death.worst_case"].value is None
        and "treated.open" in figures["treated.death.worst_case"].remedy
    )
    assert figures["null_predictive.p"].status.value == "not_reported"


def test_a_horizon_beyond_60_days_is_cut_there_and_said_so():
    inputs = told(n=13, dead=2, open=0)
    start = inputs.series.time["first_dose_after_ventilation_median"]

    def p(days):
        horizon = Reported(days, status=ReadingStatus.VERIFIED, source="made up")
        time = {"first_dose_after_ventilation_median": start, "horizon_days": horizon}
        found = appraise(replace(inputs, series=replace(inputs.series, time=time)))
        return found.estimate("null_predictive.p")

    assert p(90).value == p(60).value
    assert "60 only" in p(90).assumptions[-1] and not any("60 only" in a for a in p(60).assumptions)


def test_without_comparators_nothing_was_given_to_compare_with():
    v = appraise(replace(balmys19(), similar=(), cohorts=(), sentences=())).verdict
    assert v.level == "L1" and v.variant == "" and v.variant_sentence == "Nothing was given to compare with."


@pytest.mark.parametrize(
    ("rule", "n"),
    [
        (Rule("I1", "sex", "==", "female"), 146),
        (Rule("I1", "age", ">=", 60, "years"), 340),
        (Rule("I1", "calendar", "<=", date(2020, 4, 1)), None),
        (Rule("I1", "site", "==", "IL"), 437),
        (Rule("E1", "site", "==", "IL"), 0),
    ],
)
def test_any_eligibility_expression_restricts_the_similar_cases(rule, n):
    inputs = balmys19()
    protocol = replace(inputs.protocol, population=Population((rule,)))
    result = appraise(replace(inputs, protocol=protocol, sentences=()))
    figures = {e.id: e for e in result.estimates}
    entry = figures["similar.death.from_entry.day28"]
    if n is None:
        assert 0 < entry.n < 437
    else:
        assert entry.n == n
    assert (entry.value is None) == (entry.n == 0)
    steps = {a.rule: (a.n_before, a.n_after) for a in result.attrition}
    assert steps["israel: clock"] == (2675, 437) and steps[f"israel: {rule.id}"] == (437, entry.n)


def test_the_drug_that_met_its_trial():
    result = appraise(read_study(EXAMPLES / "remestemcel"))
    figures = {e.id: e for e in result.estimates}
    assert result.verdict.level == "L1" and result.verdict.variant == "a"
    series = figures["treated.death.so_far"]
    assert (series.events, series.n) == (2, 11)
    assert (series.lower, series.upper) == pytest.approx((0.0228, 0.5178), abs=5e-5)
    ratio = figures["trial.bowdish2023.risk_ratio"]
    assert (ratio.value, ratio.lower, ratio.upper) == pytest.approx((0.878, 0.636, 1.212), abs=5e-4)
    difference = figures["trial.bowdish2023.risk_difference"]
    assert (difference.value, difference.lower, difference.upper) == pytest.approx((-0.0523, -0.1779, 0.0756), abs=5e-5)
    assert figures["trial.bowdish2023.fisher.p"].value == pytest.approx(0.4938, abs=5e-5)
    (trial,) = result.trials
    assert (trial.level, trial.sentence) == ("randomised", "no difference shown")


def test_a_randomised_report_alone_is_level_4_whatever_it_found():
    inputs = read_study(EXAMPLES / "remestemcel")
    v = appraise(replace(inputs, series=None)).verdict
    assert v.level == "L4" and v.lead == "Randomised: 42 of 112 against 47 of 110 had died; no difference shown."


def test_a_report_that_was_not_randomised_is_not_level_4():
    inputs = read_study(EXAMPLES / "remestemcel")
    trial = replace(inputs.trials[0], design="not randomised")
    assert appraise(replace(inputs, series=None, trials=(trial,))).verdict.level == "L1"


def test_a_trial_beside_a_series_never_moves_its_level():
    inputs = balmys19()
    trial = read_study(EXAMPLES / "remestemcel").trials[0]
    without, beside = appraise(inputs), appraise(replace(inputs, trials=(trial,)))
    assert without.verdict == beside.verdict


def test_a_folder_without_a_series_says_what_to_run_instead():
    with pytest.raises(StudyProblems, match="onearm analyse"):
        appraise(read_study(EXAMPLES / "stanford-heart"))
