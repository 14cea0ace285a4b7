from dataclasses import replace
from importlib import import_module
from math import sqrt

import numpy as np
import pytest
from analysis_worlds import NEVER, patient, read_reference, shuffled, stanford, world
from effectless_worlds import daily, late_start_by_hour, mean_and_error
from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.estimators.person_trials import person_trials
from onearm.estimators.sequential_trials import SequentialTrials, sequential_trials
from onearm.estimators.time_dependent_cox import ever_treated_cox
from onearm.results.encoding import from_json, to_json
from onearm.results.status import Role, Status
from onearm.vocabulary.scales import DayState

NAMES = {
    "constant": "(Intercept)",
    "treatment": "arm",
    "trial day": "m",
    "days since the start": "k",
    "days since the start, squared": "I(k^2)",
}


def reference(case):
    return {r["name"]: float(r["value"]) for r in read_reference("trials_and_weights.csv") if r["case"] == case}


def stanford_covariates():
    rows = read_reference("stanford_heart_patients.csv")
    return np.array([[float(r["age"]), float(r["surgery"])] for r in rows])


@pytest.mark.parametrize("case", ["trials", "trials_covariates"])
def test_stanford_matches_glm_with_errors_clustered_by_person(case, monkeypatch):
    monkeypatch.setattr(import_module("onearm.estimators.sequential_trials"), "DEATHS_PER_PARAMETER", 5)
    x = stanford_covariates() if case == "trials_covariates" else None
    result = sequential_trials(stanford(), x=x, names=("age", "surgery") if x is not None else ())
    expected = reference(case)
    for c in result.coefficients[1:]:  # the constant is at the mean of the covariates
        name = NAMES.get(c.name, c.name)
        assert (c.value, c.se) == pytest.approx((expected[name], expected[f"{name}.se"]), abs=1e-8)
    found = (result.risk_treated, result.risk_untreated, result.se)
    assert found == pytest.approx([expected[k] for k in ("risk_treated", "risk_untreated", "se")], abs=1e-8)
    assert (result.n, result.n_treated, result.role) == (103, 69, Role.SENSITIVITY)
    assert result.odds_ratio_lower < result.odds_ratio < result.odds_ratio_upper and not result.ratio_remedy


def ward(**more):
    """Two treated on day 2 and one on day 1, ties, unsorted; horizon 3."""
    return world(
        patient("E", end=2, event=1, start=2),  # dies on the day of treatment
        patient("B", end=5, event=1, start=1),  # dies the day after the horizon of its trial
        patient("D", end=1, event=2),  # leaves on day 1
        patient("A", end=2, event=1),  # never treated, dies on day 2
        patient("C", end=3, event=0, start=2),  # lost
        patient("F", end=9, event=0),
        horizon=3,
        **more,
    )


def entered(data, horizon=3):
    rows = person_trials(data, horizon)
    names = data.people["person"].to_list()
    columns = zip(rows.person, rows.day, rows.treated, rows.last, rows.died, rows.lost, strict=True)
    return sorted((names[p], int(m), bool(a), int(k), bool(d), bool(c)) for p, m, a, k, d, c in columns)


def test_who_enters_which_trial_by_hand():
    assert entered(ward()) == [
        ("A", 0, False, 2, True, False),
        ("A", 1, False, 1, True, False),
        ("A", 2, False, 0, True, False),
        ("B", 0, False, 3, False, False),  # treated tomorrow: still "not today"
        ("B", 1, True, 3, False, False),
        ("C", 0, False, 3, False, False),
        ("C", 1, False, 2, False, True),
        ("C", 2, True, 1, False, True),
        ("D", 0, False, 3, False, False),  # left alive: stays, event-free
        ("D", 1, False, 3, False, False),
        ("E", 0, False, 2, True, False),
        ("E", 1, False, 1, True, False),
        ("E", 2, True, 0, True, False),
        ("F", 0, False, 3, False, False),
        ("F", 1, False, 3, False, False),
        ("F", 2, False, 3, False, False),
    ]


def test_the_other_rule_for_the_same_day_asks_controls_to_be_there_tomorrow():
    gone = set(entered(ward())) - set(entered(ward(same_day="after")))
    assert gone == {("A", 2, False, 0, True, False), ("D", 1, False, 3, False, False)}


def test_state_and_lock_decide_who_is_eligible():
    states = np.full((6, 4), DayState.V, dtype=np.int8)
    states[0, 2] = DayState.E  # E is off the ventilator on its day of treatment
    with_states = entered(replace(ward(), states=states))
    assert not [r for r in with_states if r[:2] == ("E", 2)] and [r for r in with_states if r[:2] == ("C", 2)]
    short = world(
        patient("T", end=9, event=0, start=0, potential=2),
        patient("N", end=9, event=0, potential=1),
        patient("M", end=9, event=0),
    )
    # the trial lasts as long as the lock of its treated allows; who has less enters none
    assert [(r[0], r[3]) for r in entered(short)] == [("M", 2), ("T", 2)]


def test_a_single_trial_of_one_day_is_two_proportions():
    treated = [patient(f"T{k}", end=0 if k < 2 else 5, event=1, start=0) for k in range(8)]
    others = [patient(f"C{k:02d}", end=0 if k < 5 else 5, event=k % 2 if k >= 5 else 1) for k in range(12)]
    result = sequential_trials(world(*others, *treated), horizon=0)
    assert (result.risk_treated, result.risk_untreated) == pytest.approx((2 / 8, 5 / 12))
    assert result.estimate == pytest.approx(-1 / 6)
    assert result.se == pytest.approx(sqrt((2 / 8 * 6 / 8 / 8 + 5 / 12 * 7 / 12 / 12) * 20 / 19))
    assert result.odds_ratio == pytest.approx(2 / 6 / (5 / 7))
    assert result.odds_ratio_lower is None and "risk difference" in result.ratio_remedy


ends = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2)), min_size=14, max_size=20)


@settings(deadline=None, max_examples=20)
@given(ends)
def test_equal_groups_differ_by_nothing(rows):
    rows = [*rows, *[(day, 1) for day in range(7)] * 3, (9, 0)]
    people = [patient(f"{a}{k:02d}", end=e, event=v, start=z) for a, z in (("T", 0), ("C", NEVER))
              for k, (e, v) in enumerate(rows)]  # fmt: skip
    result = sequential_trials(world(*people, pairs=[]), horizon=6)
    assert result.estimate == pytest.approx(0, abs=1e-9) and result.odds_ratio == pytest.approx(1, abs=1e-8)
    firth = sequential_trials(world(*people, pairs=[]), horizon=6, firth=True)
    assert firth.estimate == pytest.approx(0, abs=1e-6) and firth.se > 0


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 10**6))
def test_row_order_never_matters_with_covariates_either(seed):
    data, x = daily(np.random.default_rng(seed), 150, first="treatment")
    order = np.random.default_rng(seed).permutation(len(x))
    result = sequential_trials(data, x=x)
    assert sequential_trials(replace(data, people=data.people[order.tolist()]), x=x[order]) == result
    assert result.status is Status.OK and [c.name for c in result.coefficients][-1] == "covariate 1"


def test_a_covariate_may_change_with_the_day():
    data, fixed = daily(np.random.default_rng(3), 200, first="treatment")
    by_day = np.repeat(fixed[:, None, :], 14, axis=1)
    assert sequential_trials(data, x=by_day) == sequential_trials(data, x=fixed)
    by_day[:, 3:] += 1
    assert sequential_trials(data, x=by_day) != sequential_trials(data, x=fixed)
    with pytest.raises(ValueError, match="end on day 8, day 13 is needed"):
        sequential_trials(data, x=by_day[:, :9])


def test_the_result_survives_json_and_ignores_the_order_of_rows():
    result = sequential_trials(stanford())
    assert from_json(to_json(result), SequentialTrials) == result == sequential_trials(shuffled(stanford(), 5))


def test_refusals_say_what_to_do():
    few = world(*(patient(f"T{k}", end=9, event=1, start=1) for k in range(7)),
                *(patient(f"C{k}", end=k % 9, event=1) for k in range(40)), pairs=[])  # fmt: skip
    assert "the model needs 8" in sequential_trials(few).remedy
    assert "38 deaths without treatment: the model needs 50" in sequential_trials(
        stanford(), x=stanford_covariates()
    ).remedy  # fmt: skip
    many = np.random.default_rng(1).normal(size=(103, 13))
    assert "69 treated in a trial: the model needs 70" in sequential_trials(stanford(), x=many).remedy
    alive = world(*(patient(f"T{k}", end=20, event=0, start=1) for k in range(9)),
                  *(patient(f"C{k:02d}", end=k % 9, event=1) for k in range(40)), horizon=10, pairs=[])  # fmt: skip
    refused = sequential_trials(alive)
    assert refused.status is Status.TOO_FEW and "firth=True" in refused.remedy and refused.estimate is None
    firth = sequential_trials(alive, firth=True)
    assert firth.status is Status.TOO_FEW and firth.lower is None and firth.risk_difference < 0
    thin = world(*(patient(f"T{k}", end=3, event=k % 2, start=1) for k in range(9)),
                 *(patient(f"C{k:02d}", end=k % 9, event=1) for k in range(40)), horizon=10, pairs=[])  # fmt: skip
    assert "followed beyond 2 days" in sequential_trials(thin).remedy
    assert "the model needs 30; add similar cases" in sequential_trials(
        world(*(patient(f"T{k}", end=3 + k, event=1, start=1) for k in range(9)), patient("C", end=9, event=1))
    ).remedy  # fmt: skip


def test_what_cannot_be_meant_is_raised():
    with pytest.raises(ValueError, match="horizon -1"):
        sequential_trials(stanford(), horizon=-1)
    with pytest.raises(ValueError, match=r"x of shape \(5, 1\)"):
        sequential_trials(stanford(), x=np.zeros((5, 1)))
    with pytest.raises(ValueError, match="age is missing for 1 persons"):
        sequential_trials(stanford(), x=np.where(np.arange(103) == 3, np.nan, 1.0)[:, None], names=("age",))


WORLDS = {
    "none": {"treat": 1 / 40, "last": 40},
    "late start": {},
    "competing exit": {"leave": 1 / 20},
    "confounded, measured": {"on_death": 0.8, "on_treatment": -0.7},
}


@pytest.mark.parametrize("name", WORLDS)
def test_without_an_effect_none_is_found(name):
    differences, ratios, covered = [], [], []
    for seed in range(40):
        data, severity = daily(np.random.default_rng([31, seed]), 300, first="treatment", **WORLDS[name])
        result = sequential_trials(data, x=severity if "confounded" in name else None)
        differences.append([result.risk_difference])
        ratios.append([np.log(result.odds_ratio)])
        covered.append(result.lower <= 0 <= result.upper)
    for values in (differences, ratios):
        mean, error = mean_and_error(values)
        assert abs(mean[0]) < 3 * error[0]
    assert np.mean(covered) >= 0.84  # 40 runs of 95 %: 3 errors below


def test_late_start_by_the_hour_lies_between_the_two_rules_for_the_same_day_and_the_naive_ratio_does_not():
    found = []
    for seed in range(80):
        data = late_start_by_hour(np.random.default_rng([32, seed]), 300)
        index, after = (sequential_trials(replace(data, same_day=s)).estimate for s in ("index", "after"))
        found.append([index, after, np.log(ever_treated_cox(data).hazard_ratio)])
    mean, error = mean_and_error(found)
    assert mean[0] < 3 * error[0] and mean[1] > -3 * error[1] and mean[0] < mean[1]
    assert abs(mean[0] + mean[1]) / 2 < 3 * error[:2].mean()
    assert mean[2] + 3 * error[2] < np.log(0.85)  # about .73


def test_a_hidden_choice_is_not_repaired():
    found = []
    for seed in range(40):
        data, _ = daily(np.random.default_rng([33, seed]), 300, first="treatment", on_death=0.8, on_treatment=-0.7)
        found.append([sequential_trials(data).estimate])
    mean, error = mean_and_error(found)
    assert mean[0] + 3 * error[0] < 0
