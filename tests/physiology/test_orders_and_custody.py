"""Orders, bags and doses: planned as asked, cancelled for their reason, carried and given in a legal order."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.physiology.hospital.draw import draw_hospital
from onearm.physiology.hospital.world import World
from onearm.physiology.host.parameters import default_parameters
from onearm.physiology.purpose import Purpose
from onearm.physiology.tables.measurement_policy import MeasurementPolicy
from onearm.physiology.tables.product_policy import ProductPolicy
from onearm.product.checks import check_product
from onearm.product.container_state import replay
from onearm.protocol.rulebook import default_rulebook
from onearm.records import check_records

BOOK = default_rulebook()
QUICK = MeasurementPolicy(image_days=(), visit_days=())
SHARES = (0.2, 0.5, 0.3)
ROUGH = ProductPolicy(
    dose_shares=SHARES, lots_rejected=2, excursions=0.4, interrupted=0.4, reactions=0.3, icu_events_per_day=0.2
)
WORLD = World(patients=250, most_treated=None, treat_per_day=0.15, measured_days=0, measurement=QUICK, product=ROUGH)
ONE_DOSE = replace(WORLD, product=ProductPolicy.plain())


def drawn(world=WORLD, *, seed=3, **changes):
    return draw_hospital(replace(world, **changes), seed=seed, purpose=Purpose.METHOD_VALIDATION)


def problems(records):
    """What the records' rules and the product rules find, beside mere information."""
    product = [f for f in check_product(records, BOOK) if f.severity != "inform"]
    return [f"{f.rule} {f.key}: {f.sentence}" for f in (*check_records(records), *product)]


def lives(records):
    """The steps of every bag."""
    events = records["custody"].to_dicts()
    bags = records["containers"]["container_id"].to_list()
    own = {bag: [] for bag in bags}
    for event in events:
        own[event["container_id"]].append(event)
    return {bag: replay(bag, rows) for bag, rows in own.items()}


def told_m(records):
    """Of each bag given: viable cells of the drops as told, 10^6, and what its order asked for."""
    infusions = records["infusions"].select("infusion_id", "dose_order_id", "subject_id", "status")
    orders = records["dose_orders"].select("dose_order_id", "target_m", "dosing_weight_kg", "planned_m_per_kg")
    rows = records["infusion_containers"].join(infusions, on="infusion_id").join(orders, on="dose_order_id")
    cells = pl.col("counted_m") * pl.col("viability_percent") / 100 * pl.col("given_volume_ml")
    return rows.with_columns(pl.selectors.decimal().cast(pl.Float64)).with_columns(
        told=cells.cast(pl.Float64) / pl.col("total_volume_ml").cast(pl.Float64)
    )


@pytest.fixture(scope="module")
def trial():
    return drawn()


# doses


def test_as_many_have_one_two_and_three_doses_as_asked_among_those_who_stayed(trial):
    people = trial[1].people
    ends = people.select(pl.min_horizontal("death_day", "leaving_day").fill_null(999)).to_series()
    stayed = people.filter(pl.col("infused_day").is_not_null() & (ends > pl.col("infused_day") + 9))["doses"]
    assert len(stayed) > 60
    for doses, share in enumerate(SHARES, 1):
        assert abs((stayed == doses).mean() - share) < 4 * np.sqrt(share * (1 - share) / len(stayed))


def test_doses_lie_three_days_apart_give_or_take_half_a_day(trial):
    starts = trial[0]["infusions"].sort("subject_id", "dose_no")
    gaps = starts.select((pl.col("started_at") - pl.col("started_at").shift(1).over("subject_id")).drop_nulls())
    days = gaps.to_series().dt.total_minutes() / 1440
    assert len(days) > 60 and days.min() >= 2.5 - 1 / 1440 and days.max() <= 3.5 + 1 / 1440
    assert days.mean() == pytest.approx(3.0, abs=0.15)


def test_a_later_dose_is_cancelled_for_the_dead_and_the_discharged_and_given_to_the_extubated():
    records, _ = drawn(patients=400, treat_per_day=0.5, product=replace(ROUGH, dose_gap_days=6.0))
    orders = records["dose_orders"].with_columns(pl.col("cancel_reason").cast(pl.String))
    first, later = orders.filter(dose_no=1, status="cancelled"), orders.filter(pl.col("dose_no") > 1)
    assert set(first["cancel_reason"]) == {"died", "extubated"}
    cancelled = later.filter(status="cancelled")
    assert set(cancelled["cancel_reason"]) == {"died", "clinician"}
    kinds = {"died": "died", "clinician": "left_hospital_alive"}
    ends = records["outcomes"].with_columns(pl.col("kind").cast(pl.String))
    for reason, kind in kinds.items():
        rows = cancelled.filter(cancel_reason=reason).join(ends.filter(kind=kind), on="subject_id", how="left")
        assert (rows["cancelled_at"] == rows["occurred_at"]).all()
    off = ends.filter(kind="extubated").group_by("subject_id").agg(off=pl.col("occurred_at").min())
    given = records["infusions"].filter(pl.col("dose_no") > 1).join(off, on="subject_id")
    assert (given["started_at"] > given["off"]).sum() > 5


def test_every_order_wanted_before_the_lock_is_given_or_cancelled(trial):
    due = trial[0]["dose_orders"].filter(pl.col("requested_for").dt.date() < WORLD.data_lock)
    assert set(due["status"].cast(pl.String)) == {"completed", "cancelled"}
    assert due["verified_at"].filter(due["status"] == "completed").is_not_null().all()
    assert (due.filter(status="cancelled").select(pl.col("cancelled_at") <= pl.col("requested_for"))).to_series().all()


def test_the_doses_of_the_truth_are_those_of_the_records_when_no_lock_cuts_them(trial):
    records, truth = trial
    given = records["infusions"].group_by("subject_id").agg(pl.len().cast(pl.Int64).alias("given"))
    people = truth.people.join(given, on="subject_id", how="left")
    assert (people["doses"] == people["given"].fill_null(0)).all()
    first = records["infusions"].filter(dose_no=1).join(records["subjects"], on="subject_id")
    day = first.with_columns(day=(pl.col("started_at") - pl.col("ventilated_at")).dt.total_days().cast(pl.Int32))
    assert day.join(people, on="subject_id").select(pl.col("day") == pl.col("infused_day")).to_series().all()


# what was in them


def test_the_dose_told_is_the_dose_ordered_within_rounding(trial):
    rows = told_m(trial[0]).filter(pl.col("status").cast(pl.String) == "completed")
    assert rows.height > 100
    assert np.abs(rows["told"] / rows["target_m"] - 1).max() < 0.005
    assert np.abs(rows["target_m"] / (rows["dosing_weight_kg"] * rows["planned_m_per_kg"]) - 1).max() < 0.002


@pytest.mark.parametrize("m_per_kg", [0.5, 2.0, 2.5])
def test_another_dose_is_in_the_bag_too(m_per_kg):
    records, truth = drawn(ONE_DOSE, patients=60, treat_per_day=0.5, m_per_kg=m_per_kg)
    assert problems(records) == []
    rows = told_m(records).filter(pl.col("status").cast(pl.String) == "completed")
    assert np.abs(rows["told"] / rows["dosing_weight_kg"] / m_per_kg - 1).max() < 0.005
    true = truth.people["true_m_per_kg"].filter(truth.people["doses"] > 0)
    assert true.mean() == pytest.approx(m_per_kg, rel=0.05)


def test_the_true_dose_differs_by_the_error_of_the_count_and_what_died_after_it():
    """Half an hour passes between the count and the vein."""
    means = {}
    for k_age in (0.01, 0.3):
        known = default_parameters().with_values(k_age=k_age)
        people = drawn(ONE_DOSE, treat_per_day=0.5, parameters=known)[1].people
        share = people.filter(pl.col("doses") == 1)["true_m_per_kg"]
        assert 0.01 < share.std() / share.mean() < 0.035 and len(share) > 150
        means[k_age] = share.mean()
        assert share.mean() == pytest.approx(np.exp(-k_age * 0.5), abs=4 * 0.025 / np.sqrt(len(share)))
    assert means[0.3] < means[0.01] - 0.1


def test_who_is_not_treated_got_no_cells(trial):
    people = trial[1].people
    assert (people["true_m_per_kg"].filter(people["doses"] == 0) == 0).all()
    got = people.filter(pl.col("doses") > 0)
    assert (got["true_m_per_kg"] / got["doses"]).is_between(0.85, 1.12).all()


# custody


def test_every_bag_lives_a_legal_life_and_is_accounted_for(trial):
    steps = lives(trial[0])
    assert len(steps) > 100
    assert all(step.is_legal for own in steps.values() for step in own)
    ends = {own[-1].after.state for own in steps.values()}
    assert {"infused", "returned", "destroyed", "stock"} >= ends
    assert sum(own[-1].after.state == "infused" for own in steps.values()) == trial[0]["infusions"].height


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("lag_days", [0, 0.35, 1, 4])
def test_the_rules_find_nothing_with_much_going_wrong(seed, lag_days):
    world = replace(WORLD, patients=60, transfer_per_day=0.05, treat_per_day=0.3)
    records, _ = drawn(world, seed=seed, lag_days=lag_days)
    assert problems(records) == []
    assert all(step.is_legal for own in lives(records).values() for step in own)


shares = st.floats(0, 1)
policies = st.builds(
    ProductPolicy,
    dose_shares=st.sampled_from([(1.0,), (0.5, 0.5), SHARES, (0.0, 0.0, 1.0)]),
    dose_gap_days=st.floats(1, 7),
    lots_rejected=st.integers(0, 9),
    transport=st.booleans(),
    excursions=shares,
    interrupted=shares,
    reactions=shares,
    icu_events_per_day=shares,
)


@settings(max_examples=12, deadline=None)
@given(
    policy=policies, lag_days=st.floats(0, 5), containers=st.none() | st.integers(0, 25), seed=st.integers(0, 2**32 - 1)
)
def test_whatever_the_policy_and_the_lag_the_rules_find_nothing(policy, lag_days, containers, seed):
    changes = {"patients": 12, "treat_per_day": 1.0, "product": policy, "lag_days": lag_days, "containers": containers}
    records, _ = drawn(seed=seed, **changes)
    assert problems(records) == []
    assert all(step.is_legal for own in lives(records).values() for step in own)


def test_bags_travel_to_the_hospital_of_the_patient_and_come_cold_unless_there_was_an_excursion(trial):
    records, _ = trial
    custody = records["custody"].with_columns(pl.col("event").cast(pl.String))
    received = custody.filter(event="received")
    warm = received["container_id"].is_in(custody.filter(event="excursion_opened")["container_id"].implode())
    assert abs(warm.mean() - 0.4) < 4 * np.sqrt(0.24 / received.height)
    assert (received.filter(~warm)["max_c"].cast(float) < -140).all()
    assert (received.filter(warm)["max_c"].cast(float) >= -125).all()
    assert (received["to_place"] == received["subject_id"].str.head(3)).all()
    opened = custody.filter(event="excursion_opened")
    cleared = custody.filter(event="excursion_cleared").select("container_id", clear="occurred_at", by="actor_id")
    both = opened.join(cleared, on="container_id")
    assert both.height == opened.height and both["by"].str.ends_with("-QP").all()
    thawed = custody.filter(event="thaw_started").join(cleared, on="container_id")
    assert (thawed["occurred_at"] > thawed["clear"]).all()


def test_nothing_is_sent_without_transport_or_when_there_is_no_time():
    for change in ({"product": replace(ROUGH, transport=False)}, {"lag_days": 0.3, "product": ProductPolicy()}):
        records, _ = drawn(patients=60, treat_per_day=0.5, **change)
        events = set(records["custody"]["event"].cast(pl.String))
        assert "started" in events and not events & {"packed", "shipped", "received", "returned", "excursion_opened"}


def test_a_sent_bag_goes_back_when_the_order_is_cancelled_after_it_has_come():
    records, _ = drawn(lag_days=3, treat_per_day=0.5)
    custody = records["custody"].with_columns(pl.col("event").cast(pl.String))
    back = custody.filter(event="returned")
    assert back.height > 10 and back["remark"].is_not_null().all()
    rows = back.join(records["dose_orders"], on="dose_order_id")
    assert set(rows["status"].cast(pl.String)) == {"cancelled"}
    assert (rows["occurred_at"] >= rows["cancelled_at"]).all()
    received = custody.filter(event="received").select("container_id", came="occurred_at")
    rows = back.join(received, on="container_id", how="left")
    assert (rows["occurred_at"] > rows["came"]).all()


def test_rejected_lots_are_never_given_and_their_bags_are_destroyed(trial):
    records, _ = trial
    decided = records["release_decisions"].with_columns(pl.col("decision").cast(pl.String))
    rejected = decided.filter(decision="reject")
    assert rejected.height == 2
    bags = records["containers"].join(rejected, on="lot_id", how="semi")
    assert bags.height == 20
    custody = records["custody"].join(bags, on="container_id", how="semi")
    of_each = custody.sort("occurred_at").group_by("container_id").agg(pl.col("event").cast(pl.String))
    assert {tuple(e) for e in of_each["event"].to_list()} == {("made", "destroyed")}
    assert records["infusion_containers"].join(bags, on="container_id", how="semi").is_empty()
    failed = records["lot_tests"].filter(pl.col("verdict").cast(pl.String) == "fail")
    assert set(failed["lot_id"]) == set(rejected["lot_id"])


def test_a_bag_is_given_once_and_to_one_patient(trial):
    records, _ = trial
    assert records["infusion_containers"]["container_id"].is_unique().all()
    started = records["custody"].filter(event="started")
    assert started.height == records["infusions"].height
    assert (started["subject_id"] == started["dose_order_id"].str.head(-3)).all()


# at the bed


def test_a_pause_lies_within_its_infusion_and_makes_it_longer(trial):
    rows = trial[0]["infusions"].to_dicts()
    paused = [(r["started_at"], r["stopped_at"], json.loads(r["interruptions"])) for r in rows]
    with_pause = [p for p in paused if p[2]]
    assert abs(len(with_pause) / len(paused) - 0.4) < 4 * np.sqrt(0.24 / len(paused))
    for start, stop, (pause,) in with_pause:
        since, until = (datetime.fromisoformat(pause[name]) for name in ("from", "to"))
        assert start < since < until < stop
        assert stop - start == timedelta(minutes=20) + (until - since)
    assert {stop - start for start, stop, pause in paused if not pause} <= {timedelta(minutes=m) for m in range(21)}


def test_reactions_come_at_their_rate_within_the_hours_watched_and_each_infusion_was_watched(trial):
    records, _ = trial
    told = records["infusions"]["reaction_assessment"].cast(pl.String)
    assert set(told) == {"none", "reaction"} and abs((told == "reaction").mean() - 0.3) < 4 * np.sqrt(0.21 / len(told))
    events = records["adverse_events"].filter(relation="possible")
    assert events.height == (told == "reaction").sum()
    infusions = records["infusions"].filter(reaction_assessment="reaction").sort("infusion_id")
    started = events.sort("event_id")["started_at"]
    assert ((started >= infusions["started_at"]) & (started <= infusions["assessed_until_at"])).all()


def test_the_background_of_intensive_care_is_there_while_ventilated_and_has_nothing_to_do_with_the_cells(trial):
    records, _ = trial
    unrelated = records["adverse_events"].filter(pl.col("relation") == "not", pl.col("grade") < 5)
    spells = (
        records["episodes"].filter(kind="invasive_ventilation").select("subject_id", on="started_at", off="ended_at")
    )
    inside = unrelated.join(spells, on="subject_id").filter(
        pl.col("started_at").is_between("on", pl.col("off").fill_null(pl.col("started_at")))
    )
    assert set(unrelated["event_id"]) == set(inside["event_id"]) and unrelated.height > 100
    first = records["infusions"].filter(dose_no=1)
    assert set(unrelated["subject_id"]) <= set(first["subject_id"])


def test_an_infusion_is_cut_short_when_the_patient_is_moved_away_during_it():
    """Decided two hours after the morning's sample, infused after 110 minutes more, moved away ten minutes into it."""
    world = replace(ONE_DOSE, treat_per_day=0.5, transfer_per_day=0.3, product=ROUGH)
    records, truth = drawn(world, lag_days=110 / 1440)
    cut = records["infusions"].filter(status="stopped_early")
    assert cut.height > 5 and problems(records) == []
    assert cut["stop_reason"].is_not_null().all()
    minutes = (cut["stopped_at"] - cut["started_at"]).dt.total_minutes()
    assert minutes.is_between(9, 11).all()
    rows = told_m(records)
    part = rows.filter(pl.col("status").cast(pl.String) == "stopped_early")
    assert ((part["told"] / part["target_m"]).is_between(0.44, 0.56)).all()
    moved = set(truth.people.filter(pl.col("lost_day").is_not_null())["subject_id"])
    assert set(cut["subject_id"]) <= moved


@pytest.mark.parametrize("lag_days", [0, 0.5, 0.6, 0.62, 0.65])
def test_the_lock_leaves_no_infusion_half_told(lag_days):
    """An infusion that had not ended by the lock is an order that still waits."""
    lock = WORLD.first_entry.replace(day=24)
    records, _ = drawn(patients=120, entry_days=12, data_lock=lock, treat_per_day=1.0, lag_days=lag_days)
    assert problems(records) == []
    end = pl.lit(datetime.combine(lock + timedelta(days=1), datetime.min.time())).dt.replace_time_zone("UTC")
    assert records["infusions"].filter(pl.col("stopped_at") >= end).is_empty()
    assert records["custody"].filter(pl.col("occurred_at") >= end).is_empty()
    waiting = records["dose_orders"].filter(pl.col("status").cast(pl.String).is_in(["ordered", "verified"]))
    assert waiting.join(records["infusions"], on="dose_order_id").is_empty()
    thawed = records["custody"].filter(event="thaw_started")["dose_order_id"]
    assert set(thawed) == set(records["infusions"]["dose_order_id"])


# by whom nobody is moved


@pytest.mark.parametrize(
    "change",
    [
        {"product": replace(ROUGH, excursions=0.0)},
        {"product": replace(ROUGH, interrupted=0.0)},
        {"product": replace(ROUGH, reactions=1.0)},
        {"product": replace(ROUGH, icu_events_per_day=0.0)},
        {"product": replace(ROUGH, lots_rejected=0)},
    ],
    ids=lambda c: str(c["product"]),
)
def test_a_setting_of_the_product_moves_no_patient_and_no_dose(trial, change):
    records, truth = drawn(**change)
    assert truth.people.equals(trial[1].people, null_equal=True)
    for table in ("dose_orders", "episodes", "outcomes", "treatment_decisions", "infusion_containers"):
        if table == "infusion_containers" and change["product"].interrupted == 0:
            continue
        assert records[table].equals(trial[0][table], null_equal=True), table
