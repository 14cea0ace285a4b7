"""The simple generator against its closed forms, its twins, and the rules of the records."""

import math
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from onearm.physiology.purpose import Purpose
from onearm.physiology.randomness import Key
from onearm.physiology.simple.circumstances import death_factor, hospital_of, is_earlier, rate_factor, steroid_given
from onearm.physiology.simple.courses import able_until, courses, decided, draw_persons, draw_trials, follow_up_days
from onearm.physiology.simple.multistate import BASELINES, MultistateSettings, draw_multistate
from onearm.physiology.tables.supply import NO_BAG, reserve
from onearm.records import Provenance, check_records, read_records, write_records
from onearm.records.custody import PREVIOUS, TRANSITIONS
from onearm.results.finding import Severity
from onearm.vocabulary.clock import day_number
from onearm.vocabulary.identifiers import VIRTUAL_SUBJECT

N = 100_000
SMALL = MultistateSettings(patients=60, lag_days=1.0, reintubation_per_day=0.03)
#: 13 bags for 163 patients of six virtual hospitals ventilated within 42 days. Rate of treating and lock were set over
#: seeds 1 to 400: all 13 treated by the lock in 99 %, on average 31 % of them then neither dead nor out of hospital.
THIRTEEN = MultistateSettings(
    patients=163,
    rho=0.8,
    wait_days=65.0,
    lag_days=1.0,
    death_ratio=1.0,
    containers=13,
    first_entry=date(2020, 3, 12),
    entry_days=42,
    data_lock=date(2020, 4, 24),
    source_id="VIRTUAL-13",
)
#: as they were before circumstances could be set: a default that changes nothing leaves it
SETTINGS_OF_THIRTEEN = "04b74d30d619aa85952d4fb91a7ca719fc2e2943ed30710056ed17fd84dd2cce"
#: cd tests/physiology && python -c "import test_multistate_generator as t; print(t.draw_thirteen()[0].sha256())"
SHA256_OF_THIRTEEN = "18cf6515d2c90c3e39ee87835772249cda8279475723f46db845aa4ccd01f695"
# dead by day 28, Gauss-Hermite with 80 nodes (design, physiology 9)
DEAD_BY_28 = {30: 0.29885, 37: 0.37136, 46: 0.45689, 61: 0.61249}
EXTUBATED_BY_28 = {30: 0.55810, 37: 0.48873, 46: 0.42303, 61: 0.29805}


@pytest.fixture(scope="module")
def persons():
    return draw_persons(Key(1, 0), 0, N)


def draw_thirteen():
    """Records and truth: the bags go to the first 13, by calendar, for whom treating is decided and possible."""
    return draw_multistate(THIRTEEN, seed=20200710, purpose=Purpose.TEACHING)


@pytest.fixture(scope="module")
def thirteen():
    return draw_thirteen()


def draw(settings, seed=1, **more):
    return draw_multistate(settings, seed=seed, purpose=Purpose.METHOD_VALIDATION, **more)


def without_infusion(settings, persons):
    return courses(settings, persons, np.full(persons.patient.size, np.inf))


def three_errors(share, n=N):
    return 3 * math.sqrt(share * (1 - share) / n)


def same(records, other, tables):
    return all(records[t].equals(other[t]) for t in tables)


# courses against formulas


@pytest.mark.parametrize("percent", BASELINES)
def test_share_dead_and_extubated_by_day_28_of_the_untreated(persons, percent):
    death, extubation = BASELINES[percent]
    course = without_infusion(MultistateSettings(death_per_day=death, extubation_per_day=extubation), persons)
    dead, out = (course.died < 28).mean(), (course.extubated < 28).mean()
    assert abs(dead - DEAD_BY_28[percent]) < three_errors(DEAD_BY_28[percent])
    assert abs(out - EXTUBATED_BY_28[percent]) < three_errors(EXTUBATED_BY_28[percent])
    assert round(100 * DEAD_BY_28[percent]) == percent


def test_formula_of_the_mixed_hazards_gives_the_same_shares():
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    for percent, (a, b) in BASELINES.items():
        d, e = a * np.exp(0.8 * nodes), b * np.exp(-0.5 * nodes)
        risk = d / (d + e) * -np.expm1(-28 * (d + e))
        assert weights @ risk / weights.sum() == pytest.approx(DEAD_BY_28[percent], abs=5e-6)


@pytest.mark.parametrize("day", [1, 7, 28])
def test_constant_hazards_give_the_closed_form_incidence(persons, day):
    settings = MultistateSettings(death_slope=0, extubation_slope=0)
    course = without_infusion(settings, persons)
    d, e = settings.death_per_day, settings.extubation_per_day
    ended = -math.expm1(-day * (d + e)) / (d + e)
    assert abs((course.died < day).mean() - d * ended) < three_errors(d * ended)
    assert abs((course.extubated < day).mean() - e * ended) < three_errors(e * ended)


def test_constant_hazards_with_an_effect_from_the_infusion_on(persons):
    settings = MultistateSettings(death_slope=0, extubation_slope=0, death_ratio=0.5)
    course = courses(settings, persons, np.full(N, 1e-9))
    d, e = settings.death_per_day / 2, settings.extubation_per_day
    risk = d / (d + e) * -math.expm1(-28 * (d + e))
    assert abs((course.died < 28).mean() - risk) < three_errors(risk)


@pytest.mark.parametrize(
    ("gamma", "lag", "share", "median", "iqr"), [(0.0, 0.0, 0.362, 6.3, 10.1), (-0.7, 2.0, 0.325, 7.5, 9.3)]
)
def test_share_treated_and_start_day(persons, gamma, lag, share, median, iqr):
    settings = MultistateSettings(gamma=gamma, lag_days=lag)
    planned = decided(settings, persons) + lag
    treated = planned < without_infusion(settings, persons).spell_end[:, 0]
    q1, q2, q3 = np.quantile(planned[treated], [0.25, 0.5, 0.75])
    assert treated.mean() == pytest.approx(share, abs=0.0005 + three_errors(share))
    assert q2 == pytest.approx(median, abs=0.2)
    assert q3 - q1 == pytest.approx(iqr, abs=0.3)


@pytest.mark.parametrize(
    ("gamma", "lag", "few_deaths", "many_out", "both"), [(0.0, 0.0, 0.41, 0.28, 0.18), (-0.7, 2.0, 0.61, 0.45, 0.35)]
)
def test_how_often_thirteen_treated_look_like_the_published_ones_without_any_effect(
    persons, gamma, lag, few_deaths, many_out, both
):
    settings = MultistateSettings(gamma=gamma, lag_days=lag)
    planned, course = decided(settings, persons) + lag, without_infusion(settings, persons)
    treated = planned < course.spell_end[:, 0]
    until = planned + follow_up_days(settings, persons)
    dead, out = (course.died <= until)[treated].mean(), (course.extubated <= until)[treated].mean()
    ways = {(k, m): math.comb(13, k) * math.comb(13 - k, m) for k in range(14) for m in range(14 - k)}
    share = {(k, m): n * dead**k * out**m * (1 - dead - out) ** (13 - k - m) for (k, m), n in ways.items()}
    assert sum(p for (k, _), p in share.items() if k <= 2) == pytest.approx(few_deaths, abs=0.02)
    assert sum(p for (_, m), p in share.items() if m >= 7) == pytest.approx(many_out, abs=0.02)
    assert sum(p for (k, m), p in share.items() if k <= 2 and m >= 7) == pytest.approx(both, abs=0.02)


def test_measured_severity_has_the_share_rho_of_true_severity(persons):
    for rho in (1.0, 0.8, 0.5, 0.0):
        measured = persons.measured(rho)
        assert measured.var() == pytest.approx(1, abs=0.02)
        assert np.corrcoef(measured, persons.severity)[0, 1] == pytest.approx(math.sqrt(rho), abs=0.01)


def test_whoever_is_reintubated_can_die_and_leave_later(persons):
    settings = MultistateSettings(reintubation_per_day=0.05)
    course = without_infusion(settings, persons)
    again = np.isfinite(course.spell_start[:, 1])
    assert 0.1 < again.mean() < 0.3
    assert (course.spell_start[again, 1] > course.spell_end[again, 0]).all()
    assert np.isfinite(course.died[again]).any()
    assert (np.isfinite(course.died) != np.isfinite(course.left)).all()
    extubated_once = np.isfinite(course.extubated) & ~again
    assert np.isfinite(course.left[extubated_once]).all()


# circumstances


def test_settings_at_their_defaults_change_no_bit_and_no_hash():
    key = Key(1, 0)
    assert death_factor(SMALL, key, np.arange(5)) == rate_factor(SMALL, key, np.arange(5)) == 1.0
    assert THIRTEEN.sha256() == SETTINGS_OF_THIRTEEN
    assert replace(SMALL, moribund_days=1.0).sha256() != SMALL.sha256()


def test_many_trials_at_once_hold_the_courses_of_each_alone():
    settings = MultistateSettings(centre_death_sd=0.5, steroid_gamma=1.0, effect_in="mild", death_ratio=0.5)
    many = draw_trials(Key.of_trials(3, 0, 3), np.arange(50))
    infused = decided(settings, many)
    together = courses(settings, many, infused)
    for k in range(3):
        alone = draw_persons(Key(3, k), 0, 50)
        assert np.array_equal(infused[k], decided(settings, alone))
        course = courses(settings, alone, infused[k])
        assert np.array_equal(together.died[k], course.died)
        assert np.array_equal(together.left[k], course.left)
        assert np.array_equal(together.first_end[k], course.first_end)


def test_an_offer_begins_late_and_never_in_the_earlier_era(persons):
    settings = MultistateSettings(offer_from_days=7.0, earlier_share=0.4)
    chosen = decided(settings, persons)
    earlier = is_earlier(settings, persons.key, persons.patient)
    assert abs(earlier.mean() - 0.4) < three_errors(0.4)
    assert np.isinf(chosen[earlier]).all()
    assert chosen[~earlier].min() >= 7
    assert chosen[~earlier].mean() == pytest.approx(32, abs=0.4)


def test_who_gets_a_corticosteroid_dies_less_and_is_treated_sooner(persons):
    settings = MultistateSettings(steroid_death_ratio=0.65, steroid_gamma=1.5, steroid_share=0.6)
    given = steroid_given(settings, persons.key, persons.patient)
    dead = without_infusion(settings, persons).died < 28
    assert dead[given].mean() < dead[~given].mean() - 0.05
    ratio = decided(settings, persons)[~given].mean() / decided(settings, persons)[given].mean()
    assert ratio == pytest.approx(math.exp(1.5), rel=0.05)


def test_hospitals_differ_and_those_of_another_trial_differ_otherwise(persons):
    settings = MultistateSettings(centre_death_sd=0.5, centre_rate_sd=0.5)
    factor = death_factor(settings, persons.key, persons.patient)
    hospital = hospital_of(settings, persons.key, persons.patient)
    assert len(np.unique(factor)) == len(np.unique(hospital)) == settings.hospitals
    other = death_factor(settings, Key(1, 1), persons.patient[:100])
    assert not set(np.unique(other)) & set(np.unique(factor))
    spread = [np.log(death_factor(settings, Key(1, t), persons.patient[:100])).std() for t in range(100)]
    assert np.mean(spread) == pytest.approx(0.5, abs=0.1)


def test_who_is_seen_to_be_dying_is_not_treated(persons):
    settings = MultistateSettings(moribund_days=2.0)
    course = without_infusion(settings, persons)
    able = able_until(settings, course)
    dies = np.isfinite(course.died)
    assert np.allclose(course.died[dies] - able[dies], 2)
    assert np.array_equal(able[~dies], course.first_end[~dies])
    assert np.array_equal(able_until(MultistateSettings(), course), course.first_end)


def test_an_effect_may_begin_late_and_concern_some(persons):
    infused = np.full(N, 3.0)
    without = without_infusion(MultistateSettings(), persons)
    late = courses(MultistateSettings(death_ratio=0.5, effect_delay_days=4.0), persons, infused)
    assert without.died[late.died != without.died].min() > 7
    some = courses(MultistateSettings(death_ratio=0.5, effect_in="severe"), persons, infused)
    assert persons.severity[some.died != without.died].min() > 0


def test_who_improves_dies_less_comes_off_sooner_and_is_treated_sooner(persons):
    ratios = {"improved_death_ratio": 0.25, "improved_extubation_ratio": 2.0, "improved_gamma": 1.0}
    settings = MultistateSettings(death_slope=0, extubation_slope=0, improve_per_day=1e9, **ratios)
    course = without_infusion(settings, persons)
    d, e = settings.death_per_day / 4, settings.extubation_per_day * 2
    risk = d / (d + e) * -math.expm1(-28 * (d + e))
    assert abs((course.died < 28).mean() - risk) < three_errors(risk)
    assert decided(settings, persons).mean() == pytest.approx(25 / math.e, abs=0.15)


def test_an_effect_after_an_improvement_multiplies_the_lower_hazard(persons):
    ratios = {"improve_per_day": 0.2, "improved_death_ratio": 0.25, "improved_extubation_ratio": 2.0}
    settings = MultistateSettings(death_slope=0, extubation_slope=0, death_ratio=0.5, **ratios)
    course = courses(settings, persons, np.full(N, 2.0))
    # by small steps: improved or not, before and after day 2
    d, e, c, dead, there, better = settings.death_per_day, settings.extubation_per_day, 0.2, 0.0, 1.0, 0.0
    for k in range(28_000):
        ratio = 0.5 if k >= 2000 else 1.0
        dead += (there * d + better * d / 4) * ratio / 1000
        moved = there * c / 1000
        there -= there * (d * ratio + e) / 1000 + moved
        better += moved - better * (d / 4 * ratio + 2 * e) / 1000
    assert abs((course.died < 28).mean() - dead) < three_errors(dead) + 1e-4


# twins


def test_twins_differ_only_from_the_infusion_on(persons):
    settings = MultistateSettings()
    planned = decided(settings, persons)
    infused = np.where(planned < without_infusion(settings, persons).spell_end[:, 0], planned, np.inf)
    null, effect = courses(settings, persons, infused), courses(replace(settings, death_ratio=0.5), persons, infused)
    other = null.died != effect.died
    assert other.any()
    assert (null.died[other] > infused[other]).all()
    assert (effect.died >= null.died).all()
    assert np.array_equal(null.died, without_infusion(settings, persons).died)


def test_worlds_with_and_without_effect_share_everything_until_the_infusion():
    worlds = [draw(replace(SMALL, patients=200, death_ratio=ratio)) for ratio in (1.0, 0.5)]
    (null, truth), (effect, changed) = worlds
    days = truth.people.join(changed.people, on="subject_id", suffix="_with")
    assert days["infused_day"].equals(days["infused_day_with"])
    other = days.filter(pl.col("death_day").ne_missing(pl.col("death_day_with")))
    assert other.height
    assert other.filter(pl.col("death_day") < pl.col("infused_day")).is_empty()
    assert same(null, effect, ("subjects", "treatment_decisions", "dose_orders", "custody", "infusions"))
    both = null["measurements"].join(effect["measurements"], on="measurement_id", suffix="_with")
    assert both.height == null["measurements"].height  # nobody dies earlier with the effect
    assert both["raw_value"].equals(both["raw_value_with"])  # markers do not depend on the treatment


# the same numbers whatever is drawn beside them


def test_blocks_change_no_byte():
    whole, truth = draw(SMALL)
    for block in (1, 7):
        records, again = draw(SMALL, block=block)
        assert records.sha256() == whole.sha256()
        assert again.people.equals(truth.people)


def test_one_patient_more_changes_nobody_else():
    fewer, _ = draw(replace(SMALL, patients=40))
    more, _ = draw(replace(SMALL, patients=41))
    for table in ("subjects", "episodes", "outcomes", "measurements", "treatment_decisions"):
        last = more["subjects"].filter(pl.col("subject_id").str.ends_with("-041")).select("subject_id")
        assert more[table].join(last, on="subject_id", how="anti").equals(fewer[table])


def test_another_seed_or_trial_is_another_world():
    hashes = {draw(SMALL, seed=s, trial=t)[0].sha256() for s, t in ((1, 0), (2, 0), (1, 1))}
    assert len(hashes) == 3


# records


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "settings",
    [
        SMALL,
        replace(SMALL, follow_up="from_infusion", lag_days=0.0),
        replace(SMALL, containers=5, lag_days=3.0),
        replace(SMALL, wait_days=math.inf, measured_days=-1),
        replace(SMALL, wait_days=2.0, lag_days=0.01, death_per_day=0.5),
        MultistateSettings(patients=1),
        replace(SMALL, offer_from_days=2.0, moribund_days=1.5, wait_days=8.0, death_per_day=0.1),
        replace(SMALL, earlier_share=0.5, steroid_gamma=1.0, centre_death_sd=0.5, follow_up="from_infusion"),
    ],
)
def test_records_break_no_rule(settings, seed):
    records, _ = draw(settings, seed=seed)
    assert records.provenance is Provenance.VIRTUAL
    assert [f for f in check_records(records) if f.severity in (Severity.BLOCK, Severity.CONFIRM)] == []
    assert records["subjects"]["subject_id"].str.contains(VIRTUAL_SUBJECT).all()
    assert records["subjects"].height == settings.patients
    assert records["treatment_decisions"]["subject_id"].n_unique() == settings.patients


def test_the_infusion_is_given_on_the_ventilator():
    records, _ = draw(replace(SMALL, patients=300))
    spells = records["episodes"].filter(pl.col("kind") == "invasive_ventilation")
    given = records["infusions"].join(spells, on="subject_id", suffix="_spell")
    inside = (pl.col("started_at") >= pl.col("started_at_spell")) & (
        (pl.col("started_at") < pl.col("ended_at")) | pl.col("ended_at").is_null()
    )
    assert given.filter(inside)["subject_id"].n_unique() == records["infusions"].height > 50


def test_days_of_the_records_are_those_of_the_truth():
    records, truth = draw(replace(SMALL, patients=300))
    zero = records["subjects"].select("subject_id", "ventilated_at")
    for table, kind, at, column in (
        ("outcomes", "died", "occurred_at", "death_day"),
        ("outcomes", "left_hospital_alive", "occurred_at", "leaving_day"),
        ("infusions", None, "started_at", "infused_day"),
    ):
        rows = records[table] if kind is None else records[table].filter(pl.col("kind") == kind)
        days = rows.join(zero, on="subject_id").join(truth.people, on="subject_id")
        assert days.height > 50
        assert days.select(day_number(pl.col(at), pl.col("ventilated_at")) == pl.col(column)).to_series().all()


def test_bags_follow_the_states_of_a_container():
    records, _ = draw(replace(SMALL, patients=300, lag_days=3.0))
    events = records["custody"].sort("container_id", "occurred_at", "custody_id")
    cancelled = False
    for _, own in events.group_by("container_id", maintain_order=True):
        order = pl.col("event").cast(pl.String) != "made"
        own = own.with_columns(order=order).sort("order", "occurred_at", "custody_id")
        state, before = None, None
        for event in own["event"].cast(pl.String):
            step = TRANSITIONS[event]
            assert (state in step.from_states) if step.from_states else state is None
            state, before = (before if step.to_state == PREVIOUS else step.to_state), state
            cancelled |= event == "deallocated"
    assert cancelled


def test_the_cells_given_are_those_ordered():
    records, _ = draw(replace(SMALL, patients=300))
    orders = records["infusions"].join(records["dose_orders"], on="dose_order_id").select("infusion_id", "target_m")
    given = records["infusion_containers"].join(orders, on="infusion_id")
    cells = ("counted_m", "viability_percent", "given_volume_ml", "total_volume_ml", "target_m")
    counted, viable, volume, total, target = (given[c].cast(pl.Float64).to_numpy() for c in cells)
    assert np.abs(counted * viable / 100 * volume / total / target - 1).max() < 0.01


def test_follow_up_from_the_infusion_ends_with_the_drawn_days():
    records, _ = draw(MultistateSettings(patients=600, follow_up="from_infusion", measured_days=-1))
    lock = records["outcomes"].filter(pl.col("kind") == "seen_alive")["occurred_at"].max()
    days = (lock - records["infusions"]["started_at"]).dt.total_minutes() / 1440
    assert 2.99 < days.min() < days.max() < 35.01
    assert days.mean() == pytest.approx(16.37, abs=3 * 6.19 / math.sqrt(days.len()))


def test_markers_follow_measured_severity_and_the_ventilator():
    records, truth = draw(MultistateSettings(patients=400, rho=0.5))
    first = records["measurements"].filter(pl.col("measurement_id").str.contains("-00-"))
    joined = first.join(truth.people, on="subject_id").with_columns(pl.col("value").cast(pl.Float64))
    for marker, sign in (("crp", 1), ("sofa_total", 1), ("lymphocytes", -1), ("pf_ratio", -1)):
        of = joined.filter(pl.col("marker") == marker)
        assert sign * np.corrcoef(of["value"], of["measured"])[0, 1] > 0.3
    pf = records["measurements"].filter(pl.col("marker") == "pf_ratio")
    off = records["outcomes"].filter(pl.col("kind") == "extubated").select("subject_id", off="occurred_at")
    pf = pf.join(off, on="subject_id", how="left").with_columns(
        on=pl.col("off").is_null() | (pl.col("collected_at") < pl.col("off"))
    )
    on, out = (pf.filter(pl.col("on") == x)["value"].cast(pl.Float64).median() for x in (True, False))
    assert out > 1.3 * on


def test_virtual_records_say_so():
    records, truth = draw(SMALL)
    source = records["sources"].row(0, named=True)
    assert (source["kind"], source["licence"], source["clock_start"], source["time_basis"]) == (
        "virtual", "virtual", "ventilation", "calendar",
    )  # fmt: skip
    assert SMALL.sha256()[:12] in source["title"]
    assert truth.purpose.value in source["title"]
    assert truth.death_ratio == 1.0


def test_no_purpose_no_records():
    with pytest.raises(TypeError):
        draw_multistate(SMALL, seed=1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"patients": 0}, "above 0"),
        ({"death_ratio": 0.0}, "above 0"),
        ({"rho": 1.2}, "rho"),
        ({"lag_days": -1.0}, "lag_days"),
        ({"entry_days": 400}, "data_lock"),
        ({"hospitals": 100}, "hospitals"),
        ({"first_patient": 999_999}, "first_patient"),
        ({"steroid_death_ratio": 0.0}, "steroid_death_ratio"),
        ({"offer_from_days": -1.0}, "offer_from_days"),
        ({"centre_rate_sd": -0.1}, "centre_rate_sd"),
        ({"earlier_share": 1.1}, "earlier_share"),
    ],
)
def test_settings_that_make_no_sense_are_refused(change, said):
    with pytest.raises(ValueError, match=said):
        replace(SMALL, **change)


# supply


def test_a_bag_goes_to_the_first_order_and_comes_back_from_a_cancelled_one():
    decided_at, freed_at = np.array([5, 1, 2, 9, 12]), np.array([0, 0, 8, 0, 0])
    used = np.array([True, True, False, True, True])
    assert reserve(decided_at, freed_at, used, 2)[:, 0].tolist() == [NO_BAG, 0, 1, 1, NO_BAG]
    assert reserve(decided_at, freed_at, used, None)[:, 0].tolist() == [2, 0, 1, 1, 3]


# thirteen bags


def test_the_same_seed_gives_the_same_bytes(thirteen, tmp_path):
    for name, (records, _) in (("one", thirteen), ("two", draw_thirteen())):
        write_records(records, tmp_path / name)
    names = sorted(p.name for p in (tmp_path / "one").iterdir())
    assert names == sorted(p.name for p in (tmp_path / "two").iterdir()) and len(names) == len(thirteen[0].tables)
    assert all((tmp_path / "one" / n).read_bytes() == (tmp_path / "two" / n).read_bytes() for n in names)
    assert read_records(tmp_path / "one", Provenance.VIRTUAL) == thirteen[0]
    assert thirteen[0].sha256() == SHA256_OF_THIRTEEN


def test_thirteen_bags_treat_13_and_do_nothing(thirteen):
    records, truth = thirteen
    assert records["infusions"]["subject_id"].n_unique() == records["infusions"].height == 13
    assert records["containers"].height == THIRTEEN.containers == 13
    assert records["subjects"].height == 163
    assert records["subjects"]["site_id"].n_unique() == 6
    # 33 between 208 and 208 mg/L: noise here knows nothing of the day before, and a lone dip is asked about
    assert [(f.rule, f.key) for f in check_records(records)] == [("S5", "V06-080-11-CRP")]
    assert truth.death_ratio == 1.0
    assert truth.people["death_day"].equals(truth.people["untreated_death_day"])
