from fractions import Fraction

import numpy as np
import pytest
from analysis_worlds import patient, shuffled, stanford, world
from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.cohort.analysis_set import NEVER
from onearm.estimators.untreated_hazard import UntreatedHazard, untreated_counts, untreated_hazard
from onearm.results.encoding import from_json, to_json
from onearm.results.status import Status

SMALL = world(
    patient("D", end=3, event=1),
    patient("A", end=2, event=1),
    patient("T", end=2, event=1, start=2),  # days 0 and 1; the death is a treated one
    patient("C", end=2, event=2),
    patient("B", end=0, event=1),
    patient("S", end=4, event=0, start=0),  # no untreated day
    patient("E", end=3, event=0),
)

persons = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 2), st.one_of(st.just(NEVER), st.integers(0, 9))), min_size=1
)


def people(rows):
    """Whoever would be treated after their last day is never treated."""
    return [
        patient(f"P{k:02d}", end=end, event=event, start=start if start <= end else NEVER)
        for k, (end, event, start) in enumerate(rows)
    ]


def test_everybody_gives_the_days_before_their_own_treatment():
    result = untreated_hazard(SMALL)
    assert result.at_risk == (6, 5, 4, 2) and result.deaths == (1, 0, 1, 1) and result.exits == (0, 0, 1, 0)
    assert result.death_hazard == (float(Fraction(1, 6)), 0.0, 0.25, 0.5)
    assert result.exit_hazard == (0.0, 0.0, 0.25, 0.0)
    assert (result.n, result.person_days, result.last_day) == (6, 17, 3)
    assert result.estimate == float(Fraction(3, 17))


def test_a_death_on_the_day_of_treatment_is_no_untreated_death():
    there = patient("C", end=0, event=0)
    assert untreated_hazard(world(patient("T", end=5, event=1, start=5), there)).deaths == (0,) * 5


def test_a_source_in_which_everybody_was_treated_has_no_untreated_days():
    treated = [patient(f"T{k}", end=9, event=1, start=5) for k in range(3)]
    other = {**patient("C", end=2, event=1), "source": "elsewhere"}
    assert untreated_hazard(world(*treated)).status is Status.ONE_ARM
    assert untreated_hazard(world(*treated, other)).at_risk == (1, 1, 1)


def test_thin_days_are_pooled_and_others_left_alone():
    result = untreated_hazard(SMALL, window=3)
    day2, day3 = Fraction(0 + 1 + 1, 5 + 4 + 2), Fraction(1 + 1, 4 + 2)
    assert result.death_hazard == (float(Fraction(1, 6)), 0.0, float(day2), float(day3))
    assert result.exit_hazard == (0.0, 0.0, float(Fraction(1, 11)), float(Fraction(1, 6)))
    assert "3 days" in result.method and result.deaths == untreated_hazard(SMALL).deaths


@pytest.mark.parametrize("window", [1, 2, 4, 0, -3])
def test_a_window_without_a_middle_is_an_error(window):
    with pytest.raises(ValueError, match="odd"):
        untreated_hazard(SMALL, window=window)


@pytest.mark.parametrize(
    ("data", "status", "word"),
    [
        (world(), Status.NO_PATIENTS, "Nobody"),
        (world(patient("A", end=3, event=1, start=0)), Status.ONE_ARM, "untreated day"),
        (world(patient("A", end=3, event=1, start=5), pairs=[]), Status.REFUSED, "A"),
    ],
)
def test_it_refuses_in_words(data, status, word):
    result = untreated_hazard(data)
    assert result.status is status and word in result.remedy and result.estimate is None
    assert from_json(to_json(result), UntreatedHazard) == result


@given(persons, st.sampled_from([None, 3, 7]), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_row_order_never_matters_and_counts_are_those_of_a_plain_loop(rows, window, seed):
    data = world(*people(rows), pairs=[])
    result = untreated_hazard(data, window=window)
    assert result == untreated_hazard(shuffled(data, seed), window=window)
    assert from_json(to_json(result), UntreatedHazard) == result
    for d, (at_risk, deaths, exits) in enumerate(zip(*untreated_counts(data), strict=True)):
        there = [p for p in people(rows) if p["end_day"] >= d and p["start_day"] > d]
        assert at_risk == len(there) > 0
        assert (deaths, exits) == tuple(sum(p["end_day"] == d and p["event"] == e for p in there) for e in (1, 2))


@given(persons, st.sampled_from([None, 3, 7]), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_death_weights_give_the_same_sum_as_the_hazards(rows, window, seed):
    result = untreated_hazard(world(*people(rows), pairs=[]), window=window)
    if result.status is Status.OK:
        times = np.random.default_rng(seed).integers(0, 5, len(result.at_risk))
        expected = times @ np.array(result.death_hazard)
        assert result.death_weights(times) @ np.array(result.deaths) == pytest.approx(expected, abs=1e-12)


def test_stanford_waits_as_counted_in_its_own_file():
    result = untreated_hazard(stanford())
    assert sum(result.deaths) == 30  # 75 deaths, 45 of them after the transplant
    assert result.n == 101  # two of 103 transplanted on day 0
    assert result.last_day == 1400
