"""Studies with records of their own: the classic late treatment, and a virtual ward where nothing works."""

from dataclasses import replace
from datetime import timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from onearm.protocol.study import Clock, Matching
from onearm.records import Records
from onearm.results.problems import StudyProblems
from onearm.sources.study_folder import read_study
from onearm.study.analyse import analyse

EXAMPLES = Path(__file__).parents[2] / "examples"


@cache
def result(name):
    return analyse(read_study(EXAMPLES / name))


def figures(name):
    return {e.id: e for e in result(name).estimates}


@pytest.mark.parametrize(
    ("id", "p"),
    [
        ("primary.exact.p", 0.503053),
        ("primary.exact.midp", 0.436230),
        ("primary.exact.p.same_day_after", 0.578084),
        ("primary.exact.p.no_calendar_rule", 0.524821),
        ("naive.never_treated.exact.p", 0.000061),
    ],
)
def test_stanford_exact_tests(id, p):
    assert figures("stanford-heart")[id].value == pytest.approx(p, abs=5e-7)


def test_stanford_deaths_observed_and_expected():
    f = figures("stanford-heart")
    assert f["primary.exact.observed"].value == 10
    assert f["primary.exact.expected"].value == pytest.approx(10.5900, abs=5e-5)
    assert f["naive.never_treated.exact.p"].role.value == "refused"


@pytest.mark.parametrize(
    ("id", "ratio", "lower", "upper", "n"),
    [
        ("naive.ever_treated.hazard_ratio", 0.266, 0.165, 0.429, 103),
        ("time_dependent.hazard_ratio", 1.136, 0.629, 2.049, 103),
        ("landmark30.hazard_ratio", 0.915, 0.527, 1.589, 79),
    ],
)
def test_stanford_hazard_ratios(id, ratio, lower, upper, n):
    e = figures("stanford-heart")[id]
    assert (e.value, e.lower, e.upper) == pytest.approx((ratio, lower, upper), abs=5e-4)
    assert e.n == n


def test_stanford_reads_as_a_treatment_and_not_as_cells():
    v = result("stanford-heart").verdict
    assert v.level == "L1" and "the treatment" in v.lead and "cells" not in v.sentence
    assert figures("stanford-heart")["naive.ever_treated.hazard_ratio"].role.value == "refused"


def test_a_virtual_study_gets_no_level_and_says_so_everywhere():
    r = result("virtual-balmys")
    assert r.virtual and r.verdict.level == "" and r.about.provenance == "virtual" and r.about.n == 13
    assert len(r.charts.strips) == 13 and all(s.states[0] == "V" for s in r.charts.strips)
    assert {m.marker for m in r.charts.markers} >= {"crp", "ferritin", "d_dimer_feu", "ldh", "lymphocytes"}


def test_the_page_tells_how_often_it_would_be_wrong_and_would_see_an_effect():
    f = figures("virtual-balmys")
    wrong, half, fifth = (f[k] for k in ("false_positive.this_design", "power.exact.hr50", "power.exact.hr20"))
    assert wrong.value <= 0.05 and wrong.value < half.value < fifth.value
    assert all(e.lower <= e.value < e.upper for e in (wrong, half, fifth))


def test_no_hidden_cause_is_needed_where_the_interval_holds_1():
    assert figures("stanford-heart")["time_dependent.evalue"].value == 1.0


def test_leaving_one_out_brackets_the_p_of_all_and_names_whom():
    f = figures("virtual-balmys")
    for part in ("patient", "lot", "centre"):
        low, high = (f[f"leave_one_out.{part}.p.{end}"] for end in ("lowest", "highest"))
        assert low.value < high.value and f"without {part} " in low.label and "sin " in high.label_es
    assert "leave_one_out.donor.p.lowest" not in f  # one donor for each lot: the same parts
    assert "leave_one_out.source.p.lowest" not in f


def test_the_open_completed_lie_between_so_far_and_worst_case():
    f = figures("stanford-heart")
    so_far, worst = f["treated.death.so_far"].events, f["treated.death.worst_case"].events
    less, same, more = (f[f"completion.hr{r}.deaths"] for r in (50, 100, 125))
    assert so_far <= less.value < same.value < more.value <= worst
    assert so_far <= same.lower <= same.upper <= worst


def leavers_by(inputs, day):
    """The same study without the never treated who were in hospital after `day` of the clock."""
    records = inputs.records
    stays = records["episodes"].filter(pl.col("kind") == "hospital").join(records["subjects"], on="subject_id")
    late = pl.col("ended_at").is_null() | (pl.col("ended_at") > pl.col("ventilated_at") + timedelta(days=day))
    gone = set(stays.filter(late)["subject_id"]) - set(records["infusions"]["subject_id"])
    kept = ~pl.col("subject_id").is_in(gone).fill_null(False)
    tables = {t: f.filter(kept) if "subject_id" in f.columns else f for t, f in records.tables.items()}
    return replace(inputs, records=Records.of(tables, provenance="virtual"))


def test_the_open_are_not_completed_where_nobody_untreated_stayed_so_long():
    f = figures("virtual-balmys")
    so_far, worst = f["treated.death.so_far"].events, f["treated.death.worst_case"].events
    assert so_far <= f["completion.hr100.deaths"].value <= worst
    alone = {e.id: e for e in analyse(leavers_by(read_study(EXAMPLES / "virtual-balmys"), 30)).estimates}
    told = alone["completion.hr100.deaths"]
    assert told.value is None and "worst case" in told.remedy
    assert "after day 28" in told.remedy and "completed to day 40" in told.remedy


def test_attrition_leads_from_every_subject_to_the_matched():
    for name in ("stanford-heart", "virtual-balmys"):
        steps = result(name).attrition
        assert all(a.n_after == b.n_before for a, b in pairwise(steps))
        assert figures(name)["primary.exact.p"].n == steps[-1].n_after


def test_similar_cases_of_another_source_join_the_sets():
    inputs = read_study(EXAMPLES / "virtual-balmys")
    similar = replace(read_study(EXAMPLES / "balmys19").similar[0], name="israel")
    with_them = analyse(replace(inputs, similar=(similar,), protocol=replace(inputs.protocol, matching=Matching())))
    gates = {g.id: g.passed for g in with_them.gates}
    assert not gates["G5"] and with_them.comparators[1].name == "israel"


def test_a_clock_that_fits_nobody_is_told_before_anything_is_computed():
    inputs = read_study(EXAMPLES / "stanford-heart")
    with pytest.raises(StudyProblems, match="no patient has a day zero"):
        analyse(replace(inputs, protocol=replace(inputs.protocol, clock=Clock("ventilation"))))


def test_a_folder_without_records_says_what_to_run_instead():
    with pytest.raises(StudyProblems, match="onearm appraise"):
        analyse(read_study(EXAMPLES / "balmys19"))


def test_the_dates_of_treatment_are_those_of_the_calendar():
    """A first infusion at an earlier hour than the intubation is a day number short of its date."""
    records = read_study(EXAMPLES / "virtual-balmys").records
    first = records["infusions"].group_by("subject_id").agg(pl.col("started_at").min())["started_at"].dt.date()
    about = result("virtual-balmys").about
    assert (about.treated_from, about.treated_to) == (str(first.min()), str(first.max()))
