"""The prognostic score against R, by hand, and in what it must not see."""

from dataclasses import replace

import numpy as np
import pytest
from analysis_worlds import patient, read_reference, world
from prognosis_worlds import reference_ward, severity_ward, with_covariates

from onearm.cohort.analysis_set import NEVER
from onearm.estimators.prognosis import RIDGES, fitted, prognosis
from onearm.estimators.untreated_days import untreated_days
from onearm.results.status import Status
from onearm.vocabulary.scales import DayState

REFERENCE = read_reference("prognosis.csv")
CASES = ((60, 0, 0, 28), (80, 1.5, 7, 28), (45, -1, 12, 9))  # age, lab, day, h of the reference script


@pytest.mark.parametrize(("fit", "ridge"), [("plain", 0.0), ("ridge20", 20.0)])
def test_coefficients_and_chained_risks_are_those_of_r(fit, ridge):
    score = prognosis(reference_ward(), ridge=ridge)
    for k, outcome in enumerate(("death", "off")):
        told = [
            float(r["value"]) for r in REFERENCE if (r["what"], r["fit"], r["outcome"]) == ("coefficient", fit, outcome)
        ]
        assert score.coefficients[k] == pytest.approx(told, abs=2e-4)  # nnet stops early
    told = [float(r["value"]) for r in REFERENCE if (r["what"], r["fit"]) == ("risk", fit)]
    age, lab, day, h = (np.array(c) for c in zip(*CASES, strict=True))
    assert score.risk(np.column_stack([age, lab]), day, h) == pytest.approx(told, abs=2e-5)
    assert score.off_hazards == pytest.approx((3 / 353, 60 / 353, 5 / 353), rel=0.02)


def test_untreated_days_by_hand():
    # A: V V then dead on day 1; B: treated on day 2, gives days 0 and 1; C: off on day 0, back on day 1, home on day 2
    people = (
        patient("C", end=2, event=2),
        patient("A", end=1, event=1),
        patient("B", end=9, event=1, start=2),
    )
    v, e, h, d = DayState.V, DayState.E, DayState.H, DayState.D
    states = np.array([[v, e, v, h, h], [v, v, d, d, d], [v, v, v, v, v]], dtype=np.int8)
    days = untreated_days(with_covariates(world(*people), states, np.zeros((3, 5, 1)), ("x",)))
    assert list(zip(days.person.tolist(), days.day.tolist(), strict=True)) == [
        (0, 0),
        (0, 2),
        (1, 0),
        (1, 1),
        (2, 0),
        (2, 1),
    ]
    assert days.died.tolist() == [False, False, False, True, False, False]
    assert days.off.tolist() == [True, True, False, False, False, False]
    assert (days.off_days, days.off_died, days.off_home, days.off_back, days.straight_home) == (1, 0, 0, 1, 1)


def test_nothing_that_happens_under_treatment_moves_the_score():
    data = severity_ward(3)
    treated = data.column("start_day") < NEVER
    states = data.states.copy()
    for row in np.flatnonzero(treated):
        states[row, data.column("start_day")[row] + 1 :] = DayState.D
    event = np.where(treated, 1, data.column("event"))
    other = replace(data, states=states, people=data.people.with_columns(event=event.astype(np.int8)))
    assert prognosis(data) == prognosis(other)


def test_the_ridge_is_one_of_thirteen_and_the_deaths_carry_its_degrees():
    score = prognosis(reference_ward())
    assert score.ridge in RIDGES and score.degrees <= score.deaths / 10
    assert score.deaths == 29 and score.persons == 120


def test_risk_grows_with_the_days_and_stays_a_probability():
    score = prognosis(severity_ward(5))
    x, day = np.array([[2.5]] * 40), np.full(40, 3)
    risk = score.risk(x, day, np.arange(40))
    assert (np.diff(risk) > 0).all() and risk[0] > 0 and risk[-1] < 1
    assert score.risk(np.array([[-1.0], [0.0], [1.0]]), day[:3], np.full(3, 28)).tolist() == sorted(
        score.risk(np.array([[-1.0], [0.0], [1.0]]), day[:3], np.full(3, 28)).tolist()
    )


def test_a_value_not_known_is_read_as_the_mean():
    score = prognosis(reference_ward())
    day, h = np.array([0]), np.array([28])
    at_mean = score.risk(np.array([score.mean]), day, h)
    assert score.risk(np.array([[np.nan, np.nan]]), day, h) == pytest.approx(at_mean)


def test_the_score_finds_the_risk_that_was_put_in():
    rng_free = severity_ward(1, treated=1, untreated=3000)
    score = prognosis(rng_free)
    expected = []
    for u in (-1.0, 0.0, 1.0):  # 29 days of .0185 exp(.8u) against .042
        death = 0.0185 * np.exp(0.8 * u)
        expected.append(death / (death + 0.042) * (1 - (1 - death - 0.042) ** 29))
    found = score.risk(np.array([[-1.0], [0.0], [1.0]]), np.zeros(3, dtype=int), np.full(3, 28))
    assert found == pytest.approx(expected, abs=0.025)


def test_of_very_many_a_fixed_draw_is_fitted_and_said(monkeypatch):
    data = severity_ward(1, treated=3, untreated=400)
    whole = prognosis(data, ridge=1.0)
    monkeypatch.setattr("onearm.estimators.prognosis.MOST_PERSONS", 200)
    part, again = prognosis(data, ridge=1.0), prognosis(data, ridge=1.0)
    assert part == again != whole and "200 of 40" in part.method
    assert part.coefficients[0][3] == pytest.approx(whole.coefficients[0][3], abs=0.5)


def test_refusals_say_what_is_missing():
    few = severity_ward(2, treated=2, untreated=30)
    assert prognosis(few).status is Status.TOO_FEW and "needs 50 and 10" in prognosis(few).remedy
    without = replace(few, x=None, covariates=())
    score, frame = fitted(without)
    assert score.status is Status.REFUSED and "[[confounder]]" in score.remedy and frame is None
