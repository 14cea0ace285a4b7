"""Screening: each criterion judged on what is known, the unknown told as unknown, and only the eligible treated."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from onearm.physiology.hospital.draw import draw_hospital
from onearm.physiology.hospital.screening import MET, eligible, screened
from onearm.physiology.hospital.world import World
from onearm.physiology.purpose import Purpose
from onearm.product.checks import check_product
from onearm.protocol.rulebook import default_rulebook
from onearm.protocol.study import Population, Protocol, Rule, Study
from onearm.records import check_records

WORLD = World(patients=200, most_treated=None, treat_per_day=0.15)
PEOPLE = pl.DataFrame(
    {"sex": ["female", "male", "male"], "age_years": ["40", "65", "80"], "diabetes": ["yes", "no", "no"]}
)
PF = np.array([90.0, 150.4, np.nan])
RULES = (
    Rule("I1", "age", "between", [18, 70], "years"),
    Rule("I2", "pf_ratio", "<=", 150, "mmHg"),
    Rule("E1", "ecmo", "==", True),
    Rule("E2", "diabetes", "==", "yes"),
    Rule("I3", "crp", ">=", 100, "mg/L", missing="include_flag"),
)


def protocol(*rules):
    return Protocol(Study("made-up", "Made up", virtual=True), population=Population(rules))


def drawn(*rules, world=WORLD, **changes):
    asked = protocol(*rules) if rules else None
    return draw_hospital(replace(world, **changes), seed=5, purpose=Purpose.METHOD_VALIDATION, protocol=asked)


def answers(*rules):
    return [[MET[m] for m in one.met] for one in screened(rules, PEOPLE, PF)]


@pytest.fixture(scope="module")
def trial():
    return drawn(*RULES)


@pytest.fixture(scope="module")
def everybody():
    return drawn()


# criteria


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (Rule("I1", "age", ">=", 65, "years"), ["no", "yes", "yes"]),
        (Rule("I1", "age", "between", [40, 65], "years"), ["yes", "yes", "no"]),
        (Rule("I1", "age", "in", [40, 80], "years"), ["yes", "no", "yes"]),
        (Rule("I1", "age", "not_in", [40, 80], "years"), ["no", "yes", "no"]),
        (Rule("I1", "sex", "==", "male"), ["no", "yes", "yes"]),
        (Rule("I1", "sex", "!=", "male"), ["yes", "no", "no"]),
        (Rule("E1", "diabetes", "in", ["yes"]), ["yes", "no", "no"]),
        (Rule("I1", "pf_ratio", "<", 100, "mmHg"), ["yes", "no", "unknown"]),
        (Rule("I1", "pf_ratio", "<=", 20, "kPa"), ["yes", "yes", "unknown"]),
        (Rule("I1", "invasive_ventilation", "==", True), ["yes"] * 3),
        (Rule("I1", "invasive_ventilation", "!=", True), ["no"] * 3),
        (Rule("E1", "ecmo", "==", True), ["no"] * 3),
        (Rule("I1", "ecmo", "==", False), ["yes"] * 3),
        (Rule("E1", "corticosteroid", "==", True), ["unknown"] * 3),
        (Rule("I1", "crp", ">=", 100, "mg/L"), ["unknown"] * 3),
        (Rule("I1", "apache2", ">=", 20), ["unknown"] * 3),
    ],
    ids=lambda x: f"{x.marker_or_state} {x.op}" if isinstance(x, Rule) else "",
)
def test_a_criterion_is_judged_on_what_is_known(rule, told):
    assert answers(rule) == [told]


def test_a_value_is_judged_as_it_is_written():
    """150.4 is written as 150: the row that says 150 cannot say that 150 is not met."""
    (one,) = screened((Rule("I1", "pf_ratio", "<=", 150, "mmHg"),), PEOPLE, PF)
    assert one.value.to_list() == ["90", "150", None] and [MET[m] for m in one.met] == ["yes", "yes", "unknown"]


def test_who_fulfils_each_inclusion_and_no_exclusion_is_eligible_the_unknown_as_the_rule_says():
    def fit(*rules):
        return eligible(screened(rules, PEOPLE, PF), 3).tolist()

    assert fit() == [True] * 3
    assert fit(Rule("I1", "sex", "==", "male")) == [False, True, True]
    assert fit(Rule("E1", "sex", "==", "male")) == [True, False, False]
    assert fit(Rule("I1", "pf_ratio", ">", 0, "mmHg")) == [True, True, False]
    assert fit(Rule("E1", "pf_ratio", "<", 0, "mmHg")) == [True, True, False]
    assert fit(Rule("I1", "pf_ratio", ">", 0, "mmHg", missing="include_flag")) == [True] * 3
    assert fit(Rule("I1", "sex", "==", "male"), Rule("E1", "age", ">", 70, "years")) == [False, True, False]


# rows


def test_the_rows_keep_every_rule_and_are_there_for_whoever_was_ventilated_that_morning(trial):
    records, _ = trial
    assert check_records(records) == ()
    assert not [f for f in check_product(records, default_rulebook()) if f.severity != "inform"]
    checks = records["eligibility_checks"].join(records["subjects"], on="subject_id")
    assert set(checks.group_by("subject_id").len()["len"]) == {len(RULES)}
    assert checks["subject_id"].n_unique() > 190
    assert (checks["assessed_at"] >= checks["ventilated_at"]).all()
    ends = records["outcomes"].filter(pl.col("kind").is_in(["died", "extubated"]))
    ends = ends.group_by("subject_id").agg(end=pl.col("occurred_at").min())
    late = checks.join(ends, on="subject_id").filter(pl.col("assessed_at") >= pl.col("end"))
    assert late.is_empty()
    treat = records["treatment_decisions"].filter(decision="treat").select("subject_id", "decided_at")
    assert (checks.join(treat, on="subject_id").select(pl.col("assessed_at") < pl.col("decided_at"))).to_series().all()


def test_the_answer_of_a_row_follows_from_its_value(trial):
    checks = trial[0]["eligibility_checks"].with_columns(pl.col("met").cast(pl.String))
    of = {one[0]: rows for one, rows in checks.group_by("criterion_id")}
    age, pf = (of[name].with_columns(number=pl.col("value").cast(pl.Float64)) for name in ("I1", "I2"))
    assert ((age["number"].is_between(18, 70)) == (age["met"] == "yes")).all() and set(age["unit"]) == {"years"}
    assert ((pf["number"] <= 150) == (pf["met"] == "yes")).all() and set(pf["evidence"].cast(pl.String)) == {"measured"}
    told = of["E2"].join(trial[0]["subjects"], on="subject_id")
    assert (told["value"] == told["diabetes"].cast(pl.String)).all()
    assert set(of["I3"]["met"]) == {"unknown"} and of["I3"]["value"].is_null().all()
    assert set(of["E1"]["met"]) == {"no"}


# who is treated


def test_nobody_who_is_not_eligible_is_treated_and_the_log_says_why(trial):
    records, truth = trial
    checks = records["eligibility_checks"].with_columns(pl.col("met").cast(pl.String))
    is_exclusion = pl.col("criterion_id").str.starts_with("E")
    wrong = (is_exclusion & (pl.col("met") == "yes")) | (~is_exclusion & (pl.col("met") == "no"))
    barred = set(checks.filter(wrong)["subject_id"])
    assert 30 < len(barred) < 190
    assert not barred & set(truth.people.filter(pl.col("infused_day").is_not_null())["subject_id"])
    for table in ("consents", "dose_orders", "infusions"):
        assert not barred & set(records[table]["subject_id"])
    log = records["treatment_decisions"].filter(pl.col("subject_id").is_in(list(barred)))
    assert log.height == len(barred)
    assert set(log["reason"].cast(pl.String)) == {"not_eligible"} and set(log["decision"]) == {"do_not_treat"}
    others = records["treatment_decisions"].filter(~pl.col("subject_id").is_in(list(barred)))
    assert "not_eligible" not in set(others["reason"].cast(pl.String))


def test_the_eligible_are_treated_as_they_would_be_without_a_protocol(trial, everybody):
    treated = [set(t.people.filter(pl.col("infused_day").is_not_null())["subject_id"]) for _, t in (trial, everybody)]
    barred = set(trial[0]["treatment_decisions"].filter(reason="not_eligible")["subject_id"])
    assert treated[0] == treated[1] - barred and len(treated[0]) > 15
    for table in ("measurements", "outcomes", "episodes", "subjects"):
        rows = [r[table].drop("cohort", strict=False) for r, _ in (trial, everybody)]
        assert rows[0].equals(rows[1], null_equal=True), table


def test_a_protocol_that_asks_for_what_the_model_does_not_know_lets_in_nobody_or_everybody(everybody):
    rule = Rule("I1", "crp", ">=", 100, "mg/L")
    records, truth = drawn(rule)
    assert truth.people["infused_day"].null_count() == WORLD.patients and records["infusions"].is_empty()
    let_in = drawn(replace(rule, missing="include_flag"))[1]
    assert let_in.people.equals(everybody[1].people, null_equal=True)


def test_without_criteria_there_is_no_check(everybody):
    assert everybody[0]["eligibility_checks"].is_empty()
    draws = [draw_hospital(WORLD, seed=5, purpose=Purpose.DESIGN, protocol=p)[0] for p in (None, protocol())]
    assert draws[0].sha256() == draws[1].sha256()
