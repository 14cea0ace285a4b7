"""The shipped case: every figure that was asked of it, from the study folder to the result."""

from functools import cache
from pathlib import Path

import pytest

from onearm.results.study_result import Answer
from onearm.sources.study_folder import read_study
from onearm.study.appraise import appraise

EXAMPLES = Path(__file__).parents[2] / "examples"


@cache
def result():
    return appraise(read_study(EXAMPLES / "balmys19"))


def figures():
    return {e.id: e for e in result().estimates}


@pytest.mark.parametrize(
    ("id", "value", "lower", "upper", "events", "n"),
    [
        ("treated.death.so_far", 0.1538, 0.0192, 0.4545, 2, 13),
        ("treated.death.worst_case", 0.4615, 0.1922, 0.7487, 6, 13),
        ("treated.death.resolved_only", 0.2222, 0.0281, 0.6001, 2, 9),
        ("treated.unresolved", 0.3077, 0.0909, 0.6143, 4, 13),
        ("treated.extubated", 0.5385, 0.2513, 0.8078, 7, 13),
        ("treated.improved", 0.6923, 0.3857, 0.9091, 9, 13),
    ],
)
def test_treated_counts_have_their_exact_intervals(id, value, lower, upper, events, n):
    e = figures()[id]
    assert (e.events, e.n, e.sides) == (events, n, 2)
    assert (e.value, e.lower, e.upper) == pytest.approx((value, lower, upper), abs=5e-5)


@pytest.mark.parametrize(
    ("id", "n", "one_sided", "two_sided"),
    [("treated.infusion_reaction", 13, 0.2058, 0.2471), ("treated.infusion_reaction.per_infusion", 25, 0.1129, 0.1372)],
)
def test_no_reaction_seen_is_told_with_both_bounds_and_the_assumption(id, n, one_sided, two_sided):
    one, two = figures()[id], figures()[f"{id}.two_sided"]
    assert (one.events, one.n, one.sides, one.lower) == (0, n, 1, None)
    assert one.upper == pytest.approx(one_sided, abs=5e-5)
    assert (two.sides, two.upper) == (2, pytest.approx(two_sided, abs=5e-5))
    assert f"all {n}" in one.assumptions[0] and "not reported" in one.assumptions[0]


@pytest.mark.parametrize(
    ("id", "value", "n"),
    [
        ("similar.death.from_entry.day28", 0.380, 437),
        ("similar.death.from_entry.day40", 0.393, 437),
        ("similar.death.landmark7.day16", 0.241, 211),
        ("similar.death.resolved_only.2020-04-01", 26 / 30, 30),
    ],
)
def test_similar_cases_give_the_published_shares(id, value, n):
    e = figures()[id]
    assert e.n == n and e.value == pytest.approx(value, abs=5e-4)
    assert e.lower < e.value < e.upper


def test_similar_cases_are_told_from_every_landmark_day():
    for day in range(22):
        for horizon in (16, 28):
            e = figures()[f"similar.death.landmark{day}.day{horizon}"]
            assert e.value is not None and e.n >= 10


def test_the_similar_source_counts_its_ends():
    (row,) = [c for c in result().comparators if c.kind == "patients"]
    assert (row.n, row.dead, row.out, row.open) == (437, 154, 127, 156)
    assert "3 kept" in row.note  # age band [0, 20) does not say whether 18 or more


def test_the_null_predictive_probability_agrees_with_its_plug_in_and_the_fixed_landmark():
    assert figures()["null_predictive.fixed_landmark"].value == pytest.approx(0.360, abs=5e-4)
    p, plug_in = (figures()[f"null_predictive.{k}"].value for k in ("p", "plug_in"))
    assert p == pytest.approx(plug_in, abs=0.01)
    mass = [figures()[f"null_predictive.mass.{k}"].value for k in range(14)]
    assert sum(mass) == pytest.approx(1)
    assert sum(mass[:3]) == pytest.approx(p)
    assert sum(mass[:7]) == pytest.approx(figures()["null_predictive.p_worst_case"].value)


@pytest.mark.parametrize(
    ("cohort", "role", "seen", "worst"),
    [
        ("recovery2021_dexamethasone", "size", 0.218, 0.944),
        ("recovery2021_usual_care", "size", 0.0470, 0.737),
        ("penuelas2021", "size", 0.04997, 0.747),
        ("libassi2021", "size", 0.0869, 0.834),
        ("bowdish_control", "size", 0.0386, 0.705),
        ("singapore2020", "background", 0.703, 0.999),
        ("provent_subset", "background", 0.221, 0.946),
        ("zhao2020", "background", 0.00166, 0.251),
        ("tu2021", "background", 5.9e-7, 0.0051),
        ("claimed_low", "refused", 7.3e-5, 0.062),
        ("claimed_high", "refused", 5.0e-8, 0.00127),
    ],
)
def test_every_cohort_has_its_role_and_its_chance_beside_the_worst_case(cohort, role, seen, worst):
    (row,) = [c for c in result().comparators if c.name == cohort]
    assert row.role.value == role
    assert figures()[f"comparator.{cohort}.p_at_most_observed"].value == pytest.approx(seen, rel=0.01)
    assert figures()[f"comparator.{cohort}.p_at_most_worst_case"].value == pytest.approx(worst, rel=0.01)


@pytest.mark.parametrize(
    "cohort", ["richardson2020", "barrasa2020", "cummings2020", "ferrando2020_redar", "karagiannidis2020"]
)
def test_incomplete_cohorts_are_refused_with_what_to_do(cohort):
    (row,) = [c for c in result().comparators if c.name == cohort]
    e = figures()[f"comparator.{cohort}.p_at_most_observed"]
    assert row.role.value == "refused" and e.value is None and "still in hospital" in e.remedy


def test_every_published_cohort_of_the_file_stands_in_the_result():
    assert len([c for c in result().comparators if c.kind not in ("patients", "claim")]) == 22


@pytest.mark.parametrize(
    ("name", "tipping", "delta"),
    [
        ("similar", 0, -0.78),
        ("recovery2021_dexamethasone", 0, -0.52),
        ("libassi2021", 0, -0.17),
        ("penuelas2021", 1, 0.0002),
        ("recovery2021_usual_care", 1, 0.02),
        ("bowdish_control", 1, 0.07),
    ],
)
def test_tipping_numbers_and_drift(name, tipping, delta):
    assert figures()[f"unresolved.tipping.{name}"].value == tipping
    assert figures()[f"drift.delta_star.{name}"].value == pytest.approx(delta, abs=0.005)


def test_the_break_even_risks():
    assert figures()["drift.theta0"].value == pytest.approx(0.410, abs=5e-4)
    assert figures()["drift.theta0_worst_case"].value == pytest.approx(0.713, abs=5e-4)


def test_the_verdict_is_level_1_variant_a_with_its_sentence():
    v = result().verdict
    assert (v.level, v.variant) == ("L1", "a")
    assert v.lead == (
        "Two of 13 had died and four were unresolved; these reports describe the patients "
        "and cannot show whether the cells changed the outcome."
    )
    x = round(100 * figures()["null_predictive.p"].value)
    assert v.variant_sentence == f"A result like this is expected in {x} of 100 studies of cells that do nothing."
    assert not any(g.passed for g in result().gates) and len(result().gates) == 12
    assert all(f.raised for f in result().flags) and len(result().flags) == 14


def test_public_sentences_get_the_answers_of_the_record():
    found = {a: {c.claim_id for c in result().public_claims if c.answer is a} for a in Answer}
    assert found[Answer.SUPPORTED] == {"c03", "c10", "n04", "n10", "n15", "n16", "n18", "n22", "n23", "n26", "n27"}
    assert found[Answer.WRONG] == {"c04", "c05", "c06", "c09", "n06"}
    assert [figures()[f"claims.{k}"].value for k in ("supported", "wrong", "cannot_be_assessed")] == [11, 5, 22]
    (arithmetic,) = [c for c in result().public_claims if c.claim_id == "n06"]
    assert arithmetic.reason.startswith("70 points; 82 % relative; not a contrast of like with like")


def test_every_figure_a_public_sentence_rests_on_is_an_estimate():
    for claim in result().public_claims:
        assert set(claim.figures) <= set(figures())


def test_every_estimate_has_one_id_and_a_refused_one_its_remedy():
    ids = [e.id for e in result().estimates]
    assert len(ids) == len(set(ids)) and all(id == id.lower() for id in ids)
    for e in result().estimates:
        assert (e.value is None) == (e.status.value != "ok")
        assert bool(e.remedy) == (e.value is None)
        assert e.label and e.label_es


def test_every_input_file_is_hashed():
    assert set(result().inputs) == {
        "study.toml",
        "reported.toml",
        "claims.csv",
        "comparators/published.csv",
        "comparators/israel/israel_covid_hospitalised.csv",
        "comparators/israel/mapping.toml",
        "comparators/israel/source.toml",
    }
    assert all(len(sha) == 64 for sha in result().inputs.values())
