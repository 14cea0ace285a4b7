"""Drugs beside the cells: given in the shares asked for, leaning where the world leans, and never to the twin alone."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from onearm.physiology.hospital.draw import draw_courses, draw_hospital
from onearm.physiology.hospital.world import World
from onearm.physiology.host.parameters import default_parameters
from onearm.physiology.purpose import Purpose
from onearm.physiology.randomness import Key
from onearm.physiology.tables.co_treatment import CoTreatment, drug_days, steroid_days
from onearm.physiology.tables.product_policy import ProductPolicy
from onearm.records import check_records

KEY, N = Key(20200710, 0), 4000
PATIENT, HOSPITAL = np.arange(N), 1 + np.arange(N) % 8
SEVERITY = np.where(PATIENT % 2 == 0, 1.0, -1.0)
DRUGS = ("steroid", "tocilizumab", "anticoagulant")
ONLY_CRP = World(
    patients=120,
    most_treated=None,
    treat_per_day=0.2,
    parameters=default_parameters().with_values(b2=0.0),
    co_treatment=CoTreatment(tocilizumab_share=0.0, tocilizumab_with_cells=1.0),
    product=ProductPolicy(dose_shares=(0.3, 0.7)),
)


def given(**policy):
    """Who gets each drug."""
    days = drug_days(CoTreatment(**policy), KEY, PATIENT, HOSPITAL, SEVERITY)
    return {name: np.isfinite(getattr(days, name)[0]) for name in DRUGS}


def near(share, wanted, n):
    return abs(share - wanted) < 4 * np.sqrt(wanted * (1 - wanted) / n)


@pytest.fixture(scope="module")
def courses():
    """Records, courses as they went and untreated; everybody infused gets tocilizumab with the first dose."""
    drawn = draw_courses(ONLY_CRP, seed=3, purpose=Purpose.TEACHING)
    return drawn.records, drawn.given, drawn.untreated


# who


def test_each_drug_is_given_to_its_share_and_one_says_nothing_of_another():
    who = given(steroid_share=0.6, tocilizumab_share=0.2, anticoagulant_share=0.8)
    for name, share in zip(DRUGS, (0.6, 0.2, 0.8), strict=True):
        assert near(who[name].mean(), share, N), name
    assert near((who["steroid"] & who["tocilizumab"]).mean(), 0.12, N)


def test_a_drug_starts_within_its_days_and_lasts():
    days = drug_days(CoTreatment(), KEY, PATIENT, HOSPITAL, SEVERITY)
    for name, latest, long in zip(DRUGS, (2, 1, 1), (10, 10, 28), strict=True):
        start, end = (x[np.isfinite(x)] for x in getattr(days, name))
        assert start.min() >= 0 and latest * 0.99 < start.max() < latest
        assert end - start == pytest.approx(np.full(start.size, long))


def test_the_more_ill_get_more_when_the_policy_leans_by_so_much_on_the_log_odds():
    who = given(per_severity=0.5)
    for name, share in (("steroid", 0.6), ("tocilizumab", 0.2)):
        for z in (1.0, -1.0):
            odds = share / (1 - share) * np.exp(0.5 * z)
            assert near(who[name][z == SEVERITY].mean(), odds / (1 + odds), N / 2), name
    assert near(who["anticoagulant"][SEVERITY > 0].mean(), 0.8, N / 2)


def test_hospitals_differ_in_the_drugs_that_act_when_the_policy_says_so():
    def spread(who):
        return np.std([who[h == HOSPITAL].mean() for h in range(1, 9)])

    plain, differ = given(), given(between_hospitals=1.0)
    for name in ("steroid", "tocilizumab"):
        assert spread(plain[name]) < 0.04 < 0.06 < spread(differ[name]), name
    assert (plain["anticoagulant"] == differ["anticoagulant"]).all()


def test_none_and_everybody_stay_none_and_everybody():
    who = given(steroid_share=0.0, tocilizumab_share=1.0, per_severity=2.0, between_hospitals=2.0)
    assert not who["steroid"].any() and who["tocilizumab"].all()


def test_a_larger_share_is_given_to_the_same_and_more():
    few, more = (np.isfinite(steroid_days(KEY, PATIENT, share)[0]) for share in (0.3, 0.6))
    assert (more | ~few).all() and more.sum() > few.sum()


@pytest.mark.parametrize(
    "wrong", [{"steroid_share": 1.1}, {"tocilizumab_with_cells": -0.1}, {"between_hospitals": -1}], ids=str
)
def test_shares_beyond_all_and_spreads_below_none_are_refused(wrong):
    with pytest.raises(ValueError, match="must"):
        CoTreatment(**wrong)


# in the records


def test_a_drug_is_an_episode_within_the_stay(courses):
    records = courses[0]
    assert check_records(records) == ()
    episodes = records["episodes"].with_columns(pl.col("kind").cast(pl.String))
    stay = episodes.filter(kind="hospital").select("subject_id", since="started_at", until="ended_at")
    drugs = episodes.filter(pl.col("kind").is_in(["corticosteroid", "tocilizumab", "anticoagulant"]))
    drugs = drugs.join(stay, on="subject_id")
    assert set(drugs["kind"]) == {"corticosteroid", "tocilizumab", "anticoagulant"}
    assert (drugs["started_at"] >= drugs["since"]).all()
    ended = drugs.filter(pl.col("until").is_not_null())
    assert ended["ended_at"].is_not_null().all() and (ended["ended_at"] <= ended["until"]).all()


def test_with_cells_tocilizumab_begins_with_the_first_dose_of_everybody_infused(courses):
    records = courses[0]
    first = records["infusions"].filter(dose_no=1).select("subject_id", "started_at").sort("subject_id")
    drug = records["episodes"].filter(pl.col("kind") == "tocilizumab").select("subject_id", "started_at")
    assert first.height > 40
    assert drug.sort("subject_id").equals(first)


def test_with_cells_a_share_gets_it_and_who_had_it_before_keeps_the_start():
    policy = CoTreatment(tocilizumab_share=0.5, tocilizumab_with_cells=0.5)
    before = drug_days(policy, KEY, PATIENT, HOSPITAL, SEVERITY)
    infused = np.where(PATIENT % 4 == 0, np.inf, 3.0)
    after = before.with_cells(policy, KEY, PATIENT, infused)
    had = np.isfinite(before.tocilizumab[0])
    assert (after.tocilizumab[0][had] == before.tocilizumab[0][had]).all()  # all of them began in the first day
    new = ~had & np.isfinite(infused)
    assert near(np.isfinite(after.tocilizumab[0][new]).mean(), 0.5, new.sum())
    assert not np.isfinite(after.tocilizumab[0][~had & ~np.isfinite(infused)]).any()
    assert after.steroid is before.steroid


# what it does


def test_tocilizumab_with_cells_moves_crp_and_nothing_else(courses):
    _, went, untreated = courses
    day = went.schedule.doses[:, 0, 0]
    infused = went.schedule.doses[:, 0, 2] > 0
    assert infused.sum() > 40
    for name in ("il6", "ferritin", "ldh", "d_dimer", "t_cd3", "pf"):
        assert np.allclose(went.marker(name), untreated.marker(name), rtol=1e-5, equal_nan=True), name
    crp, twin = went.marker("crp"), untreated.marker("crp")
    later = (went.days[None, :] > day[:, None] + 1) & (went.days[None, :] < day[:, None] + 9)
    acts = later & infused[:, None] & np.isfinite(crp) & np.isfinite(twin)
    assert (crp[acts] < twin[acts]).all() and np.median(crp[acts] / twin[acts]) < 0.7
    assert np.allclose(crp[~infused], twin[~infused], rtol=0, equal_nan=True)
    for name in ("death_day", "discharge_day", "ventilation_changes"):
        assert np.allclose(getattr(went, name), getattr(untreated, name), rtol=1e-6, equal_nan=True), name


def test_the_untreated_twin_has_no_drug_that_comes_with_cells(courses):
    _, went, untreated = courses
    infused = went.schedule.doses[:, 0, 2] > 0
    assert not np.isfinite(untreated.schedule.drugs[:, 2]).any()
    assert np.isfinite(went.schedule.drugs[infused, 2]).all()
    assert not np.isfinite(went.schedule.drugs[~infused, 2]).any()
    assert np.array_equal(went.schedule.drugs[:, :2], untreated.schedule.drugs[:, :2])


def test_drugs_beside_the_cells_make_the_twins_differ_though_the_cells_do_nothing():
    """With extubation led by CRP, a drug that comes with the cells confounds: the truth shows it."""
    led = replace(ONLY_CRP, parameters=default_parameters().with_values(b2=-1.0))
    people = draw_hospital(led, seed=3, purpose=Purpose.METHOD_VALIDATION)[1].people
    infused = people["infused_day"].is_not_null()
    same = people["extubation_day"].eq_missing(people["untreated_extubation_day"])
    assert same.filter(~infused).all() and not same.filter(infused).all()
