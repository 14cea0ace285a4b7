"""The fast path against hand-made trials, against records told the long way, and against the estimators."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from onearm.cohort.analysis_set import NEVER
from onearm.cohort.build import build, build_cohort
from onearm.design.cells import POPULATIONS, Cell
from onearm.design.day_sets import day_sets, day_test, randomised_p
from onearm.design.exact_tests import by_day, lone_source
from onearm.design.one_trial import analysis_set_of, averted, one_trial, saved
from onearm.design.scenarios import SCENARIO
from onearm.design.trials import Batch, draw_batch, treated_places
from onearm.design.virtual_arm import NEVER_DAY
from onearm.estimators.attributable import attributable
from onearm.estimators.risk_set_test import risk_set_test
from onearm.physiology.purpose import Purpose
from onearm.physiology.simple.multistate import draw_multistate
from onearm.protocol.study import Endpoint, Protocol, Study
from onearm.records import Records

CELL = Cell(SCENARIO["S0"], "same_cohort", 13, 150)


def batch_of(start, spell, end, event, potential=60, moribund=None, improved=None, measured=None, own=None):
    """One trial, persons given as lists; None is never."""
    days = [np.array([[NEVER_DAY if d is None else d for d in v]], dtype=np.int16) for v in (start, spell, end)]
    n = len(start)
    never = np.full((1, n), NEVER_DAY, dtype=np.int16)
    zero = np.zeros((1, n))
    died = np.where(np.array([event]) == 1, days[2], NEVER_DAY).astype(np.int16)
    return Batch(
        cell=CELL, seed=1, trial=np.zeros(1, dtype=np.uint64), patient=np.arange(n)[None, :],
        start=days[0], spell=days[1], end=days[2], event=np.array([event], dtype=np.int8),
        potential=np.broadcast_to(np.asarray(potential, dtype=np.int16), (1, n)),
        moribund=never if moribund is None else np.array([[NEVER_DAY if d is None else d for d in moribund]], np.int16),
        improved=never if improved is None else np.array([[NEVER_DAY if d is None else d for d in improved]], np.int16),
        measured=zero if measured is None else np.array([measured], dtype=float), severity=zero, died=died,
        untreated_died=died, treated=treated_places(days[0]), own=n if own is None else own,
    )  # fmt: skip


# by hand


def test_who_is_in_a_set_on_the_day():
    batch = batch_of(
        # treated; dies on the day; extubated before; treated the day after, then dies; still there
        start=[5, None, None, 6, None],
        spell=[9, 5, 4, 20, None],
        end=[9, 5, 30, 20, 60],
        event=[1, 1, 2, 1, 0],
    )
    sets = day_sets(batch)
    assert sets.controls.tolist() == [[3, 1]]  # of the second treated only the last is there, untreated
    assert sets.control_deaths.tolist() == [[2, 0]]
    assert sets.deaths.tolist() == [[3, 1]]
    assert sets.t.tolist() == [2]
    assert day_sets(batch, never_treated_only=True).controls.tolist() == [[2, 1]]
    assert day_test(sets).p[0] == pytest.approx(1.0)
    assert day_test(sets).p_harm[0] == pytest.approx(3 / 4 * 1 / 2)
    assert day_test(sets).mid_p[0] == pytest.approx(1 - 3 / 16)
    assert day_test(sets).expected[0] == pytest.approx(3 / 4 + 1 / 2)


def test_a_control_needs_as_much_room_until_the_lock_as_the_treated():
    case = {"start": [5, None], "spell": [None, None], "end": [40, 30], "event": [0, 0]}
    assert day_sets(batch_of(**case, potential=[[33, 33]])).controls.tolist() == [[1]]
    assert day_sets(batch_of(**case, potential=[[33, 32]])).controls.tolist() == [[0]]
    assert day_sets(batch_of(**case, potential=[[20, 20]])).controls.tolist() == [[1]]


def test_a_lost_treated_patient_counts_dead_and_a_lost_control_alive():
    sets = day_sets(batch_of(start=[5, None], spell=[None, None], end=[10, 10], event=[0, 0]))
    assert (sets.died.tolist(), sets.control_deaths.tolist()) == ([[True]], [[0]])


def test_who_is_seen_to_be_dying_is_no_control_unless_asked():
    case = batch_of(start=[5, None], spell=[None, 7], end=[60, 7], event=[0, 1], moribund=[None, 4])
    assert day_sets(case).unmatched.tolist() == [[True]]
    assert day_sets(case, dying_are_controls=True).controls.tolist() == [[1]]


def test_the_caliper_is_a_share_of_the_spread_over_control_person_days():
    # control days: persons 2, 3, 4 on day 5; the two treated share the day, so each counts once
    measured = [0.0, 0.0, -1.0, 0.0, 1.0]
    case = batch_of(start=[5, 5, None, None, None], spell=[None] * 5, end=[60] * 5, event=[0] * 5, measured=measured)
    assert day_sets(case, caliper_sd=0.99).controls.tolist() == [[1, 1]]  # SD is exactly 1
    assert day_sets(case, caliper_sd=1.01).controls.tolist() == [[3, 3]]


def test_the_caliper_asks_for_the_same_state_on_the_day():
    case = batch_of(
        start=[5, None, None, None],
        spell=[None] * 4,
        end=[60] * 4,
        event=[0] * 4,
        improved=[4, 4, 5, None],  # on day 5 is after the start of day 5
        measured=[0.0, 0.0, 0.0, 0.1],
    )
    assert day_sets(case, caliper_sd=100.0).controls.tolist() == [[1]]
    assert day_sets(case).controls.tolist() == [[3]]
    data = analysis_set_of(case, 0)
    assert data.covariates == ("severity", "improved")
    assert data.x[:, 5, 1].tolist() == [1, 1, 0, 0]


def test_without_controls_there_is_no_p():
    sets = day_sets(batch_of(start=[5], spell=[None], end=[60], event=[0]))
    assert np.isnan(day_test(sets).p).all()
    assert np.isnan(randomised_p(sets, np.array([0.5]))).all()
    values = by_day(batch_of(start=[5], spell=[None], end=[60], event=[0]))
    assert values["refused"].tolist() == [True]
    assert values["p_bin"].tolist() == [-1]


def test_a_randomised_p_lies_between_those_of_fewer_and_at_most():
    sets = day_sets(draw_batch(CELL, seed=2, first=0, count=20))
    test = day_test(sets)
    assert randomised_p(sets, np.full(20, 0.5)) == pytest.approx(test.mid_p)
    assert randomised_p(sets, np.ones(20)) == pytest.approx(test.p)


# against records


def protocol(settings):
    study = Study("virtual", "virtual", data_lock=settings.data_lock, virtual=True)
    return Protocol(study, endpoint=(Endpoint("in_hospital_death", horizon_days=28),))


def told_long(batch, k, *, trial):
    """Trial `k` as records, built into an AnalysisSet."""
    cell = batch.cell
    drawn = {"seed": batch.seed, "trial": trial, "purpose": Purpose.METHOD_VALIDATION}
    if cell.similar is None:
        records, _ = draw_multistate(cell.treated, **drawn)
        return build(protocol(cell.treated), build_cohort(protocol(cell.treated), records)).data
    numbers = batch.patient[k, : batch.own]
    records, _ = draw_multistate(replace(cell.treated, patients=int(numbers.max()) + 1), **drawn)
    kept = [i for i in records["subjects"]["subject_id"] if int(i[4:]) - 1 in set(numbers.tolist())]
    tables = {name: t.filter(pl.col("subject_id").is_in(kept)) for name, t in _of_persons(records)}
    own = Records.of({**tables, "sources": records["sources"]}, provenance=records.provenance)
    others, _ = draw_multistate(replace(cell.similar, source_id="VIRTUAL-C"), **drawn)
    return build(protocol(cell.treated), build_cohort(protocol(cell.treated), own, [others])).data


def _of_persons(records):
    names = ("subjects", "episodes", "outcomes", "infusions")
    return [(name, records[name]) for name in names]


def counts(test):
    """m_i and D_i in order of neither name nor place."""
    return sorted(zip(test.counts.controls, test.counts.deaths, test.counts.treated_died, strict=True))


@pytest.mark.parametrize("population", POPULATIONS)
@pytest.mark.parametrize("scenario", ["S0", "S9", "E.hr35", "S6.lag3", "S10"])
def test_days_sets_and_p_are_those_of_the_records(scenario, population):
    cell = Cell(SCENARIO[scenario], population, 13, 60)
    batch = draw_batch(cell, seed=9, first=4, count=4)
    potential = batch.potential.copy()
    potential[:, batch.own :] = NEVER_DAY  # `cohort` knows no lock of another source
    batch = replace(batch, potential=potential)
    sets = day_sets(batch, dying_are_controls=True)  # records do not say who is seen to be dying
    test, hidden = day_test(sets), day_test(sets, gamma=1.5)
    for k in range(batch.trials):
        data = told_long(batch, k, trial=4 + k)
        slow = risk_set_test(data, gammas=(1.5,))
        where = sets.there[k]
        fast = zip(sets.controls[k, where], sets.deaths[k, where], sets.died[k, where], strict=True)
        assert sorted((int(m), int(d), bool(t)) for m, d, t in fast) == counts(slow)
        assert (int(sets.t[k]), len(slow.counts.unmatched)) == (slow.observed, int(sets.unmatched[k].sum()))
        assert test.p[k] == pytest.approx(slow.p, abs=1e-12)
        assert test.mid_p[k] == pytest.approx(slow.mid_p, abs=1e-12)
        assert test.p_harm[k] == pytest.approx(slow.p_harm, abs=1e-12)
        assert hidden.p[k] == pytest.approx(slow.p_worst_case[0][1], abs=1e-12)
        own = analysis_set_of(batch, k).people.with_columns(number=pl.col("person").str.slice(1).cast(pl.Int64))
        theirs = data.people.with_columns(number=pl.col("person").str.slice(4).cast(pl.Int64) - 1)
        days = ["number", "start_day", "spell_days", "end_day", "event", "potential_days"]
        assert own.select(days).sort("number").equals(theirs.select(days).sort("number"))


def test_a_trial_is_the_same_whatever_is_drawn_beside_it():
    for population in POPULATIONS:
        cell = Cell(SCENARIO["S5"], population, 13, 40)
        many, one = draw_batch(cell, seed=9, first=0, count=40), draw_batch(cell, seed=9, first=31, count=1)
        for name in ("patient", "start", "spell", "end", "event", "potential", "measured", "died"):
            assert np.array_equal(getattr(many, name)[31:32], getattr(one, name)), name


def test_who_is_short_of_treated_patients_is_drawn_again_with_more():
    cell = Cell(SCENARIO["S0"], "separate", 3, 5)
    batch = draw_batch(cell, seed=1, first=0, count=400)
    assert (batch.has_treated.sum(axis=1) == 3).all()


# against the estimators, one trial at a time


@pytest.mark.parametrize(
    "id", ["S0/separate", "E.hr20/same_cohort", "S6.lag1/same_cohort", "S5/separate", "S14/separate"]
)
def test_an_analysis_set_of_one_trial_gives_the_same_test_and_interval(id):
    scenario, population = id.split("/")
    batch = draw_batch(Cell(SCENARIO[scenario], population, 13, 80), seed=3, first=0, count=6)
    sets, values = day_sets(batch), by_day(batch)
    test = day_test(sets)
    for k in range(batch.trials):
        trial = one_trial(batch, k)
        slow, interval = risk_set_test(trial.data), attributable(trial.data)
        assert slow.counts.controls == tuple(sets.controls[k, sets.there[k]])
        assert slow.counts.deaths == tuple(sets.deaths[k, sets.there[k]])
        assert slow.p == pytest.approx(test.p[k], abs=1e-12)
        assert slow.expected - slow.observed == pytest.approx(values["averted"][k], abs=1e-12)
        truth = int(values["truly_averted"][k])
        assert bool(values["covered"][k]) == (interval.lower <= truth <= interval.upper)
        assert np.array_equal(trial.measured, batch.measured[k])
        assert trial.data.x.shape == (*trial.data.states.shape, 1)


def test_the_interval_of_more_than_twenty_treated_is_the_ranked_one():
    batch = draw_batch(Cell(SCENARIO["E.hr50"], "separate", 25, 80), seed=3, first=0, count=5)
    values = by_day(batch)
    for k in range(batch.trials):
        interval = attributable(one_trial(batch, k).data)
        assert bool(values["covered"][k]) == (interval.lower <= int(values["truly_averted"][k]) <= interval.upper)


def test_states_of_an_analysis_set_follow_the_days():
    batch = batch_of(start=[2, None, None], spell=[4, 3, None], end=[4, 9, 60], event=[1, 2, 0])
    states = analysis_set_of(batch, 0).states
    assert states[:, :11].tolist() == [
        [0, 0, 0, 0, 0, 3, 3, 3, 3, 3, 3],
        [0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2],
        [0] * 11,
    ]
    people = analysis_set_of(batch, 0).people
    assert people["start_day"].to_list() == [2, NEVER, NEVER]
    assert people["spell_days"].to_list() == [4, 3, NEVER]


def test_deaths_averted_are_those_of_the_same_patients_without_the_treatment():
    batch = batch_of(start=[2, 2, None], spell=[None] * 3, end=[60, 60, 60], event=[0, 0, 0])
    twin = replace(batch, untreated_died=np.array([[30, 31, 30]], dtype=np.int16))
    assert saved(twin).tolist() == [[1, 0]]  # by Z + 28; the untreated is nobody's death averted
    assert averted(twin).tolist() == [1]
    assert averted(batch).tolist() == [0]


def test_a_source_that_holds_the_treated_alone_gives_no_controls():
    case = batch_of(start=[5, 9, None], spell=[None] * 3, end=[60] * 3, event=[0] * 3, own=2)
    assert day_sets(case).controls.tolist() == [[1, 1]]
    assert day_sets(case, lone_source=True).controls.tolist() == [[2, 1]]
    assert lone_source(draw_batch(CELL, seed=1, first=0, count=2)) == {}
