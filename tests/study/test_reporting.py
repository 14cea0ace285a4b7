"""Reporting tables: every item of every checklist, each with its value, its source and its status."""

import re
from collections import Counter
from dataclasses import fields, replace
from functools import cache
from pathlib import Path

import pytest

from onearm.protocol.intercurrent import EVENTS
from onearm.protocol.locks import Act, LockEntry
from onearm.protocol.study import Intercurrent, Matching, Protocol, RobinsJudgement
from onearm.records import TABLES
from onearm.results.encoding import from_json, to_json
from onearm.results.reporting import RowStatus
from onearm.results.study_result import StudyResult
from onearm.sources.study_folder import read_study
from onearm.study.analyse import analyse
from onearm.study.appraise import appraise
from onearm.study.reporting.figure_words import comma, plain, span, three_digits
from onearm.study.reporting.tables import CHECKLISTS, with_reporting

ROOT = Path(__file__).parents[2] / "examples"
RUNS = {"balmys19": appraise, "remestemcel": appraise, "virtual-balmys": analyse, "stanford-heart": analyse}
ITEMS = [f"{name}: {item.id}" for name, items in CHECKLISTS.items() for item in items]
SPECIFIED = {
    "target": [f"target.{k}{letter}" for k in (6, 7) for letter in "abcdefgh"]
    + [f"target.{name}" for name in ("flow", "estimate", "further", "funding", "access")],
    "e9": ["e9.population", "e9.treatment", "e9.endpoint"]
    + [f"e9.intercurrent.{e.id}" for e in EVENTS]
    + ["e9.summary", "e9.sensitivity"],
    "harper": [
        f"harper.{name}"
        for name in [
            "setting",
            "time0",
            "inclusion_windows",
            "exclusion_windows",
            "exposure",
            "outcome",
            "followup",
            "covariate_windows",
            "sensitivity",
            "sources",
            "software",
            "amendments",
        ]
    ],
    "msc": [
        f"msc.{name}"
        for name in [
            "tissue",
            "donor",
            "relation",
            "passage",
            "markers",
            "viability",
            "potency",
            "vehicle",
            "fresh_or_thawed",
            "dose_per_kg",
            "number_of_doses",
            "route",
            "release",
            "immune_match",
            "control_product",
        ]
    ],
    "robins": [f"robins.{name}" for name in ["b2", "b3", "d1", "d2", "d3", "d4", "d5", "d6"]],
}


@cache
def inputs(name):
    return read_study(ROOT / name)


@cache
def result(name):
    return RUNS[name](inputs(name))


def rows(name):
    return {r.id: r for r in result(name).reporting}


def changed(name, **protocol):
    """Rows by id of the same run with a protocol changed where only the tables read it."""
    read = inputs(name)
    other = replace(read, protocol=replace(read.protocol, **protocol))
    return {r.id: r for r in with_reporting(other, result(name)).reporting}


@pytest.mark.parametrize("name", RUNS)
def test_every_item_stands_once_in_order(name):
    found = [(r.checklist, r.id) for r in result(name).reporting]
    assert found == [(checklist, id) for checklist, ids in SPECIFIED.items() for id in ids]


@pytest.mark.parametrize("name", RUNS)
def test_every_row_is_told_in_both_languages_and_names_its_source(name):
    for row in result(name).reporting:
        assert all((row.text, row.text_es, row.value.strip(), row.value_es.strip())), row.id
        assert row.text != row.text_es, row.id
        assert row.provenance and isinstance(row.status, RowStatus), row.id


def exists(source, r, read):
    """Whether a provenance id leads somewhere."""
    if source in {e.id for e in r.estimates} | {g.id for g in r.gates} | {f.id for f in r.flags}:
        return True
    if found := re.fullmatch(r"study\.toml \[+(\w+)\]+", source):
        return found.group(1) in {f.name for f in fields(Protocol)}
    if found := re.fullmatch(r"reported\.toml \[(\w+)\]", source):
        return read.series is not None and hasattr(read.series, found.group(1))
    if source.startswith("records/"):
        return read.records is not None and source.removeprefix("records/") in TABLES
    if source.startswith("results.json "):
        return source.removeprefix("results.json ") in {f.name for f in fields(StudyResult)}
    return source == "locks.jsonl"


@pytest.mark.parametrize("name", RUNS)
def test_every_source_of_a_row_exists(name):
    lost = [
        (r.id, p) for r in result(name).reporting for p in r.provenance if not exists(p, result(name), inputs(name))
    ]
    assert lost == []


@pytest.mark.parametrize("name", RUNS)
def test_a_filled_row_that_names_an_estimate_has_its_value(name):
    figures = {e.id: e for e in result(name).estimates}
    for row in result(name).reporting:
        if row.status is RowStatus.FILLED:
            assert all(figures[p].value is not None for p in row.provenance if p in figures), row.id


@pytest.mark.parametrize("name", RUNS)
def test_rows_and_design_survive_json(name):
    r = result(name)
    again = from_json(to_json(r), StudyResult)
    assert again.reporting == r.reporting and again.design == r.design


def test_balmys19_stops_at_the_second_question():
    found = rows("balmys19")
    assert found["robins.b2"].status is RowStatus.FILLED
    assert found["robins.b2"].value.startswith("critical") and found["robins.b2"].value_es.startswith("crítico")
    rest = [r for id, r in found.items() if id.startswith("robins.") and id != "robins.b2"]
    assert len(rest) == 7
    assert all(r.status is RowStatus.NOT_APPLICABLE and "robins.b2" in r.value for r in rest)


def test_patients_matched_on_more_than_the_day_are_judged_to_the_end():
    found = rows("virtual-balmys")
    judged = [r for id, r in found.items() if id.startswith("robins.")]
    assert all(r.status is RowStatus.FILLED for r in judged)
    assert found["robins.d6"].value.startswith("serious") and found["robins.d6"].provenance == ("G12",)


def test_the_day_alone_is_no_control_of_confounding():
    assert rows("stanford-heart")["robins.b2"].value.startswith("critical")
    alone = changed("virtual-balmys", matching=Matching(), confounder=())
    assert alone["robins.b2"].value.startswith("critical")
    assert alone["robins.d1"].status is RowStatus.NOT_APPLICABLE


def test_a_person_may_judge_otherwise_and_both_judgements_stand():
    mine = RobinsJudgement("robins.b2", "serious", "M. Ruiz", "the reports give prognosis")
    found = changed("balmys19", robins=(mine,))
    told = found["robins.b2"]
    assert told.value.startswith("serious, judged by M. Ruiz: the reports give prognosis")
    assert "the rule table said critical" in told.value and "la tabla decía crítico" in told.value_es
    assert told.provenance[0] == "study.toml [[robins]]"
    assert found["robins.b3"].status is RowStatus.FILLED
    assert found["robins.d1"].value.startswith("critical")  # severity neither recorded nor compared


def test_a_person_may_stop_where_the_table_goes_on():
    found = changed(
        "virtual-balmys", robins=(RobinsJudgement("robins.b3", "critical", "M. Ruiz", "two hospitals guessed"),)
    )
    assert found["robins.b2"].status is RowStatus.FILLED and "stops here" in found["robins.b3"].value
    assert found["robins.d5"].status is RowStatus.NOT_APPLICABLE


@pytest.mark.parametrize("name", RUNS)
def test_where_the_study_is_silent_the_default_strategy_is_printed_as_one(name):
    for id, row in rows(name).items():
        if id.startswith("e9.intercurrent.") and row.status is RowStatus.FILLED:
            assert "(default)" in row.value and "(por defecto)" in row.value_es


def test_what_the_study_says_of_an_event_is_no_default():
    stated = Intercurrent("ecmo", "treatment_policy")
    more = Intercurrent("ecmo", "hypothetical", role="sensitivity")
    row = changed("virtual-balmys", intercurrent=(stated, more))["e9.intercurrent.ecmo"]
    assert row.value.startswith("treatment policy: ") and "sensitivity: hypothetical, planned" in row.value


def test_events_are_counted_in_the_treated_after_their_first_treatment():
    found = {event: rows("virtual-balmys")[f"e9.intercurrent.{event}"].value for event in ("death", "extubation")}
    assert "recorded in 2 of 13" in found["death"] and "recorded in 7 of 13" in found["extubation"]
    assert "recorded in 10 of 13" in rows("virtual-balmys")["e9.intercurrent.later_dose"].value
    assert "recorded in 45 of 69" in rows("stanford-heart")["e9.intercurrent.death"].value
    assert "never recorded" in rows("stanford-heart")["e9.intercurrent.ecmo"].value
    assert rows("stanford-heart")["e9.intercurrent.extubation"].status is RowStatus.NOT_APPLICABLE
    assert "reported in 11 of 13" in rows("balmys19")["e9.intercurrent.later_dose"].value
    assert "reported in 2 of 13" in rows("balmys19")["e9.intercurrent.death"].value


def test_the_product_is_told_from_its_lots_tests_and_infusions():
    found = rows("virtual-balmys")
    assert found["msc.tissue"].value == "adipose in 3 of 3 lots"  # a fourth was rejected and reached nobody
    assert found["msc.passage"].value == "passage 4"
    assert "88.9 to 93 %" in found["msc.viability"].value and "88,9 a 93 %" in found["msc.viability"].value_es
    assert "at the bed 86.3 to 93.7 % in 23 bags" in found["msc.viability"].value
    assert found["msc.dose_per_kg"].value.startswith("ordered: 1 million viable cells per kg")
    assert found["msc.number_of_doses"].value == "1 dose in 3; 2 doses in 10 patients"
    assert found["msc.release"].value == "released in 3 of 3 lots"
    assert found["msc.potency"].status is found["msc.immune_match"].status is RowStatus.MISSING
    assert found["msc.control_product"].status is RowStatus.NOT_APPLICABLE


def test_the_product_is_told_from_the_publication_with_the_key_that_would_fill_the_rest():
    found = rows("balmys19")
    assert found["msc.dose_per_kg"].value == "980,000 cells/kg, median (verified)"
    assert found["msc.number_of_doses"].value == "1 dose in 2; 2 doses in 10; 3 doses in 1; 25 infusions"
    assert found["msc.relation"].value_es == "alogénico"
    assert found["msc.passage"].value == "not reported: [product] passage"


def test_a_treatment_that_is_no_cell_product_is_asked_nothing_about_cells():
    found = [r for id, r in rows("stanford-heart").items() if id.startswith("msc.")]
    assert {r.status for r in found} == {RowStatus.NOT_APPLICABLE}


def test_figures_in_a_row_are_those_of_the_page():
    found = rows("balmys19")["target.estimate"]
    assert "2/13, 15.4 % (95 % interval 1.9 to 45.4 %)" in found.value
    assert "2/13, 15,4 % (intervalo 95 %: 1,9 a 45,4 %)" in found.value_es
    assert "fewer deaths: 0.503" in rows("stanford-heart")["target.7f"].value


def test_the_flow_is_that_of_the_attrition():
    r = result("virtual-balmys")
    flow = rows("virtual-balmys")["target.flow"]
    assert [f"{s.n_after} ({s.rule})" for s in r.attrition] == flow.value.split(" > ")[1:]
    assert rows("balmys19")["target.flow"].status is RowStatus.MISSING  # how the 13 were chosen was not read


def test_versions_of_the_plan_are_counted_from_the_locks():
    frozen = tuple(LockEntry(k, f"2020-07-0{k}T00:00:00.000Z", Act.FREEZE) for k in (1, 2))
    told = with_reporting(replace(inputs("virtual-balmys"), locks=frozen), result("virtual-balmys")).reporting
    row = next(r for r in told if r.id == "harper.amendments")
    assert row.value.startswith("2 versions frozen, 1 after the first, the last on 2020-07-02")
    assert row.provenance == ("locks.jsonl", "G12")
    assert rows("virtual-balmys")["harper.amendments"].status is RowStatus.MISSING


def test_the_design_shows_what_was_planned_and_what_happened():
    design = result("virtual-balmys").design
    assert (design.clock, design.index, design.horizon) == ("ventilation", "first infusion", 28)
    starts = [s.index_day for s in result("virtual-balmys").charts.strips]
    assert (design.start_first, design.start_last) == (min(starts), max(starts))
    kinds = Counter(w.kind for w in design.windows)
    assert kinds == {"entry": 1, "lookback": 3, "index": 1, "follow_up": 1}
    ecmo = next(w for w in design.windows if w.label.startswith("E1"))
    assert (ecmo.first, ecmo.last) == (-1, 0)
    assert result("balmys19").design is None


@pytest.mark.parametrize(("value", "said"), [(4.0, "4"), (980000, "980,000"), (0.5, "0.5"), (-3.0, "−3")])
def test_plain_numbers(value, said):
    assert plain(value) == said


@pytest.mark.parametrize(("value", "said"), [(0.8996, "0.900"), (10.59, "10.6"), (123.4, "123"), (-1.687, "−1.69")])
def test_computed_numbers_keep_three_digits(value, said):
    assert three_digits(value) == said


def test_spans_and_the_decimal_comma():
    assert (span([4, 4]), span([5, 4.5])) == ("4", "4.5 to 5")
    assert comma("2,675.5") == "2\u00a0675,5"
