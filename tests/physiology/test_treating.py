"""Treating: the rates that were asked for, who agrees, with which bags; nothing is known of who was moved away."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from onearm.physiology.hospital.draw import draw_hospital
from onearm.physiology.hospital.world import World
from onearm.physiology.purpose import Efficacy, Purpose
from onearm.physiology.tables.co_treatment import CoTreatment
from onearm.physiology.tables.measurement_policy import MeasurementPolicy
from onearm.physiology.tables.product_policy import ProductPolicy
from onearm.physiology.tables.supply import NO_BAG, reserve
from onearm.records import check_records

QUICK = MeasurementPolicy(image_days=(), visit_days=())
OPEN = World(patients=300, most_treated=None, refuse_share=0, measured_days=0, measurement=QUICK)
STRONG = Efficacy(5.0, "none: a test", "so that it is seen")
DAY = pl.duration(days=1)


def drawn(world=OPEN, *, seed=3, **changes):
    return draw_hospital(replace(world, **changes), seed=seed, purpose=Purpose.METHOD_VALIDATION)


def last_decisions(records):
    """The one decision of each patient that is no deferral of the first morning, with the start of ventilation."""
    rows = records["treatment_decisions"].filter(pl.col("decision_id").str.ends_with("-D1"))
    return rows.join(records["subjects"].select("subject_id", "ventilated_at"), on="subject_id").sort("subject_id")


def treated(truth):
    return set(truth.people.filter(pl.col("infused_day").is_not_null())["subject_id"])


@pytest.fixture(scope="module")
def usual():
    return drawn()


@pytest.fixture(scope="module")
def moving():
    """Many are moved away, doses are several."""
    policy = ProductPolicy(dose_shares=(0.1, 0.3, 0.6))
    seen = {"measured_days": 14, "measurement": MeasurementPolicy()}
    return drawn(treat_per_day=0.3, transfer_per_day=0.1, product=policy, **seen)


# decisions


def test_on_a_morning_as_many_are_decided_on_as_the_rate_says():
    records, _ = drawn(treat_per_day=0.3)
    waited = records["treatment_decisions"].filter(decision="defer")
    at_once = last_decisions(records).filter(
        pl.col("decision") == "treat", ~pl.col("subject_id").is_in(waited["subject_id"].implode())
    )
    asked = waited.height + at_once.height
    share = 1 - np.exp(-0.3)
    assert asked > 280
    assert abs(at_once.height / asked - share) < 4 * np.sqrt(share * (1 - share) / asked)


def test_who_is_more_ill_is_treated_more_with_a_positive_gamma_and_less_with_a_negative_one():
    def excess(gamma):
        people = drawn(gamma=gamma)[1].people
        chosen = people["infused_day"].is_not_null()
        return people.filter(chosen)["measured"].mean() - people.filter(~chosen)["measured"].mean()

    assert excess(-1.5) < excess(0) - 0.2 < excess(1.5) - 0.4


def test_a_hidden_severity_moves_treating_though_nothing_read_that_morning_does():
    damage = {g: drawn(severity="hidden", gamma=g)[1].people for g in (-3.0, 3.0)}
    means = [p.filter(pl.col("infused_day").is_not_null())["severity"].mean() for p in damage.values()]
    assert means[0] < means[1]
    assert treated(drawn(severity="hidden")[1]) == treated(drawn()[1])  # with gamma 0 it moves nobody


def test_nothing_is_decided_before_the_offer_and_before_there_is_a_product():
    records, truth = drawn(offer_from_days=4, product_from_day=20, lag_days=0)
    assert truth.people["infused_day"].drop_nulls().min() >= 4
    opened = pl.lit(OPEN.first_entry).cast(pl.Datetime("ms", "UTC"))
    chosen = last_decisions(records).filter(decision="treat")
    assert chosen.height > 10 and (chosen["decided_at"] >= chosen.select(opened + 20 * DAY).item(0, 0)).all()


def test_a_deferral_says_whether_there_was_a_product(usual):
    early = drawn(product_from_day=20)[0]
    opened = pl.lit(OPEN.first_entry).cast(pl.Datetime("ms", "UTC")) + 20 * DAY
    rows = early["treatment_decisions"].filter(pl.col("decision_id").str.ends_with("-D0"))
    before = rows.filter(pl.col("decided_at") < opened)
    after = rows.filter(pl.col("decided_at") >= opened)
    assert min(before.height, after.height) > 50
    assert set(before["reason"]) == {"no_product"} and not before["product_available"].any()
    assert set(after["reason"]) == {"clinician"} and after["product_available"].all()
    deferred = usual[0]["treatment_decisions"].filter(decision="defer")
    assert deferred["reason"].is_not_null().all()


def test_everybody_has_one_decision_and_the_untreated_one_its_reason(usual):
    last = last_decisions(usual[0])
    assert last.height == OPEN.patients
    assert last.filter(pl.col("decision") == "do_not_treat")["reason"].is_not_null().all()
    assert last.filter(pl.col("decision") == "treat")["reason"].is_null().all()


def test_hospitals_treat_alike_unless_the_world_says_otherwise():
    def spread(site_treat):
        people = drawn(patients=600, site_treat=site_treat)[1].people
        by = people.group_by(pl.col("subject_id").str.head(3)).agg(pl.col("infused_day").is_not_null().mean())
        return by["infused_day"].std()

    assert spread(0.0) < 0.08 < 0.12 < spread(2.0)


def test_a_measured_day_more_moves_no_decision():
    few, more = (drawn(patients=100, treat_per_day=0.02, measured_days=days) for days in (0, 40))
    assert few[1].people.equals(more[1].people, null_equal=True)
    for table in ("treatment_decisions", "dose_orders", "custody", "outcomes", "episodes"):
        assert few[0][table].equals(more[0][table], null_equal=True), table


# consent


def test_who_does_not_agree_gets_nothing_and_moves_nobody_else(usual):
    records, truth = drawn(refuse_share=0.5)
    refused = last_decisions(records).filter(reason="no_consent")
    asked = last_decisions(records).filter((pl.col("decision") == "treat") | (pl.col("reason") == "no_consent"))
    assert abs(refused.height / asked.height - 0.5) < 4 * 0.5 / np.sqrt(asked.height)
    names = set(refused["subject_id"])
    for table in ("consents", "dose_orders", "infusions", "weights"):
        assert not names & set(records[table]["subject_id"]), table
    assert treated(truth) == treated(usual[1]) - names
    would = last_decisions(usual[0]).filter(decision="treat").select("subject_id", "decided_at")
    assert asked.select("subject_id", "decided_at").equals(would)


# bags and places


def test_no_more_are_treated_than_the_study_has_places_and_the_first_decided_come_first(usual):
    records, truth = drawn(most_treated=10)
    assert len(treated(truth)) == 10
    full = last_decisions(records).filter(reason="no_product")
    assert full.height > 10 and not full["product_available"].any()
    asked = last_decisions(usual[0]).filter(decision="treat").sort("decided_at")["subject_id"].to_list()
    assert set(asked[:10]) <= set(last_decisions(records).filter(decision="treat")["subject_id"])
    assert treated(drawn(most_treated=0)[1]) == set()


def test_a_cancelled_patient_leaves_the_place_to_another():
    records, truth = drawn(lag_days=5, treat_per_day=0.2, most_treated=10)
    cancelled = records["dose_orders"].filter(status="cancelled")["subject_id"].n_unique()
    assert cancelled > 3 and len(treated(truth)) == 10


def test_a_bag_that_was_sent_does_not_come_back_and_one_that_was_not_does():
    reused = {}
    for lag in (0.35, 3.0):  # within eight hours nothing is sent
        records, truth = drawn(lag_days=lag, treat_per_day=0.3, containers=60)
        custody = records["custody"].sort("occurred_at")
        returned = custody.filter(event="returned").select("container_id", back="occurred_at")
        later = custody.join(returned, on="container_id").filter(pl.col("occurred_at") > pl.col("back"))
        assert later.is_empty()
        given = custody.filter(event="started")
        assert given["container_id"].is_unique().all()
        assert len(treated(truth)) == 60 - returned.height
        allocated = custody.filter(event="allocated").group_by("container_id").agg(pl.col("subject_id").n_unique())
        reused[lag] = (allocated["subject_id"] > 1).sum()
        assert returned.height == (0 if lag < 1 else 60 - given.height)
    assert reused[0.35] > 0


def test_all_bags_of_a_patient_are_reserved_or_none():
    decided, freed, used = np.array([1, 2, 3, 9]), np.array([0, 5, 0, 0]), np.array([True, False, True, True])
    needed = np.array([2, 2, 3, 2])
    got = reserve(decided, freed, used, 5, needed=needed)
    assert got.tolist() == [[0, 1, NO_BAG], [2, 3, NO_BAG], [NO_BAG] * 3, [2, 3, NO_BAG]]
    spent = reserve(decided, freed, used, 5, needed=needed, spent=np.array([False, True, False, False]))
    assert spent[3].tolist() == [3, 4, NO_BAG]  # the first of the second patient was sent
    assert reserve(decided, freed, used, None, needed=needed, most=1)[:, 0].tolist() == [0, NO_BAG, NO_BAG, NO_BAG]
    assert reserve(decided, freed, used, None, needed=needed, most=2)[:, 0].tolist() == [0, 2, NO_BAG, 2]


@pytest.mark.parametrize(("bags", "most"), [(0, 0), (2, 0), (3, 1), (7, 2)])
def test_with_few_bags_and_three_doses_each_hardly_anybody_is_treated(bags, most):
    policy = ProductPolicy(dose_shares=(0.0, 0.0, 1.0), transport=False)
    records, truth = drawn(patients=40, treat_per_day=1.0, containers=bags, product=policy)
    assert len(treated(truth)) == most and check_records(records) == ()
    released = records["release_decisions"].filter(decision="release")
    kept = records["containers"].join(released, on="lot_id", how="semi")
    assert kept.height == bags


# edges


@pytest.mark.parametrize(
    "change",
    [
        {"patients": 1},
        {"hospitals": 1, "treat_per_day": 1.0},
        {"treat_per_day": 0.0},
        {"lag_days": 0, "treat_per_day": 1.0},
        {"entry_days": 1, "data_lock": OPEN.first_entry.replace(day=13), "treat_per_day": 1.0},
    ],
    ids=str,
)
def test_the_smallest_worlds_are_sound(change):
    records, truth = drawn(**{"patients": 30} | change)
    assert check_records(records) == ()
    assert records["subjects"].height == truth.people.height == change.get("patients", 30)
    if change.get("treat_per_day") == 0:
        assert treated(truth) == set() and "lots" not in [name for name, t in records.tables.items() if t.height]


def test_the_effect_by_day_28_does_not_hang_on_the_lock():
    late = drawn(patients=60, entry_days=1, treat_per_day=0.5)[1]
    early = drawn(patients=60, entry_days=1, treat_per_day=0.5, data_lock=OPEN.first_entry.replace(day=14))[1]
    for name in ("death_day", "untreated_death_day"):
        by_28 = [t.people[name].fill_null(99) <= 28 for t in (late, early)]
        assert by_28[0].equals(by_28[1])
    assert early.people["ventilator_free_days"].equals(late.people["ventilator_free_days"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"containers": -1}, "containers"),
        ({"most_treated": -1}, "most_treated"),
        ({"m_per_kg": 0}, "m_per_kg"),
        ({"m_per_kg": 3.0}, "m_per_kg"),
        ({"gamma": float("nan")}, "finite"),
        ({"treat_per_day": -0.1}, "rates"),
        ({"drift": 0}, "drift"),
        ({"refuse_share": 1.5}, "refuse_share"),
    ],
    ids=str,
)
def test_a_world_that_makes_no_sense_is_refused_in_a_sentence(change, said):
    with pytest.raises(ValueError, match=said) as told:
        replace(OPEN, **change)
    assert len(str(told.value)) < 200


# transfers


def test_nothing_is_known_of_a_patient_after_the_transfer(moving):
    records, _ = moving
    moved = records["outcomes"].filter(kind="transferred").select("subject_id", moved_at="occurred_at")
    assert moved.height > 50 and moved["subject_id"].is_unique().all()
    times = {
        "outcomes": ("occurred_at",), "episodes": ("started_at", "ended_at"), "measurements": ("collected_at",),
        "visits": ("occurred_at",), "image_reads": ("taken_at",), "infusions": ("started_at", "stopped_at"),
        "weights": ("measured_at",), "dose_orders": ("ordered_at", "verified_at"), "consents": ("given_at",),
        "treatment_decisions": ("decided_at",), "adverse_events": ("started_at", "ended_at"),
    }  # fmt: skip
    for table, columns in times.items():
        rows = records[table].join(moved, on="subject_id")
        for column in columns:
            late = rows.filter(pl.col(column) > pl.col("moved_at"))
            assert late.is_empty(), (table, column)


def test_the_moved_have_their_outcome_no_death_and_the_day_of_the_truth(moving):
    records, truth = moving
    kinds = records["outcomes"].group_by("subject_id").agg(pl.col("kind").cast(pl.String))
    moved = kinds.filter(pl.col("kind").list.contains("transferred"))["kind"].explode()
    assert not set(moved) & {"died", "left_hospital_alive", "seen_alive", "extubated"}
    rows = records["outcomes"].filter(kind="transferred").join(records["subjects"], on="subject_id")
    rows = rows.join(truth.people, on="subject_id")
    days = (rows["occurred_at"] - rows["ventilated_at"]).dt.total_minutes() // 1440
    assert days.cast(pl.Int32).equals(rows["lost_day"].rename("occurred_at"))
    assert truth.people["lost_day"].is_not_null().sum() == rows.height


def test_the_moved_keep_no_later_dose_and_a_first_one_is_cancelled_for_it(moving):
    records, truth = moving
    orders = records["dose_orders"].with_columns(pl.col("cancel_reason").cast(pl.String))
    moved = set(records["outcomes"].filter(kind="transferred")["subject_id"])
    cancelled = orders.filter(cancel_reason="transferred")
    assert {1, 2} <= set(cancelled["dose_no"]) and set(cancelled["subject_id"]) <= moved
    people = truth.people.filter(pl.col("lost_day").is_not_null(), pl.col("infused_day").is_not_null())
    assert (people["doses"] < 3).any()
    given = records["infusions"].group_by("subject_id").len("given")
    told = people.join(given, on="subject_id")
    assert (told["doses"] == told["given"]).all()


def test_who_is_off_the_ventilator_is_not_moved_and_keeps_the_later_doses():
    """With an effect, a patient may be off the ventilator when the untreated twin is moved away."""
    policy = ProductPolicy(dose_shares=(0.0, 0.0, 1.0), dose_gap_days=1.0)
    records, truth = drawn(treat_per_day=1.0, transfer_per_day=0.15, efficacy=STRONG, lag_days=0, product=policy)
    wanted = records["dose_orders"].filter(
        pl.col("requested_for") < pl.lit(OPEN.data_lock).cast(pl.Datetime("ms", "UTC"))
    )
    assert set(wanted["status"].cast(pl.String)) == {"completed", "cancelled"}
    waited = wanted.filter(pl.col("cancelled_at") > pl.col("requested_for"))
    assert waited.is_empty()
    moved = truth.people.filter(pl.col("lost_day").is_not_null())
    assert moved.height > 20
    assert (moved["extubation_day"].fill_null(999) >= moved["lost_day"]).all()


def test_moving_away_is_informative_only_when_the_world_says_so():
    def of_the_more_ill(gamma):
        people = drawn(patients=500, treat_per_day=0, transfer_per_day=0.1, transfer_gamma=gamma)[1].people
        early = people.filter(pl.col("lost_day") <= 1)
        return early.height, (early["measured"] > people["measured"].median()).mean()

    (some, plain), (more, ill) = of_the_more_ill(0.0), of_the_more_ill(2.0)
    assert min(some, more) > 40
    assert abs(plain - 0.5) < 4 * 0.5 / np.sqrt(some) and ill > 0.75


# drift


def test_with_a_drift_the_early_ones_die_more_and_the_late_ones_hardly():
    still, moved = (drawn(treat_per_day=0, drift=drift) for drift in (1.0, 5.0))
    entered = still[0]["subjects"].sort("subject_id")["ventilated_at"].rank() / OPEN.patients
    day = [t.people.sort("subject_id")["death_day"].fill_null(10**6) for _, t in (still, moved)]
    assert (day[1] <= day[0]).all()  # the same thresholds, a higher hazard
    more = (day[1] <= 28).cast(int) - (day[0] <= 28).cast(int)
    assert more.filter(entered < 1 / 3).mean() > 0.1 > more.filter(entered > 0.9).mean()


def test_hospitals_treats_and_drugs_leave_the_untreated_course_alone():
    changes = {"treat_per_day": 0.2, "site_treat": 1.0, "transfer_per_day": 0.1, "refuse_share": 0.2, "lag_days": 3}
    plain, busy = (drawn(patients=100, **more)[1].people for more in ({}, changes))
    for name in ("severity", "untreated_death_day", "untreated_extubation_day", "untreated_leaving_day"):
        assert plain[name].equals(busy[name], null_equal=True)
    drugged = drawn(patients=100, co_treatment=CoTreatment(steroid_share=1.0))[1].people
    assert not drugged["untreated_death_day"].equals(plain["untreated_death_day"], null_equal=True)
