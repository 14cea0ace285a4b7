"""Occupancy of five states: by hand with somebody lost and somebody ventilated again, and beside deaths alone."""

from fractions import Fraction

import numpy as np
import pytest
from prognosis_worlds import severity_ward

from onearm.estimators.aalen_johansen import aalen_johansen
from onearm.estimators.state_occupancy import STATES, occupancy, state_occupancy
from onearm.results.status import Status


def test_four_patients_by_hand():
    # V off again dead | V V lost | V dead | V off left left
    path = np.array([[0, 1, 2, 4], [0, 0, -1, -1], [0, 4, 4, 4], [0, 1, 3, 3]])
    p = occupancy(path, np.ones(4))
    assert p[1].tolist() == [1 / 4, 2 / 4, 0, 0, 1 / 4]
    # the lost one holds 1/4 ventilated, where nobody is followed any more; of two off one goes back and one home
    assert p[2].tolist() == [1 / 4, 0, 1 / 4, 1 / 4, 1 / 4]
    assert p[3].tolist() == [1 / 4, 0, 0, 1 / 4, 1 / 2]


def test_weights_count_as_patients():
    path = np.array([[0, 4], [0, 0]])
    assert occupancy(path, np.array([1.0, 2.0]))[1] == pytest.approx(
        [float(Fraction(2, 3)), 0, 0, 0, float(Fraction(1, 3))]
    )


def test_the_dead_are_those_of_aalen_johansen_and_all_states_add_to_one():
    data = severity_ward(21, treated=20, untreated=120)
    found, deaths = state_occupancy(data), aalen_johansen(data)
    assert sum(found.treated) == pytest.approx(1) and sum(found.controls) == pytest.approx(1)
    assert found.treated[STATES.index("dead")] == pytest.approx(deaths.treated.risk, abs=1e-9)
    assert found.controls[STATES.index("dead")] == pytest.approx(deaths.controls.risk, abs=1e-9)
    assert sum(found.treated_days) == pytest.approx(29)


def test_without_states_or_treated_it_says_so():
    data = severity_ward(2, treated=0, untreated=20)
    assert state_occupancy(data).status is Status.NO_PATIENTS
