from dataclasses import replace
from fractions import Fraction
from importlib import import_module

import numpy as np
import pytest
from analysis_worlds import NEVER, patient, read_reference, stanford, world
from effectless_worlds import daily, late_start_by_hour, mean_and_error, people_set
from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.estimators.clone_weights import CloneWeights, clone_weights
from onearm.estimators.clones import (
    arm_risk,
    arm_sums,
    clones,
    control_weights,
    daily_shares,
    treatment_model,
    treatment_weights,
)
from onearm.estimators.person_covariates import sorted_with
from onearm.estimators.time_dependent_cox import ever_treated_cox
from onearm.results.encoding import from_json, to_json
from onearm.results.status import Role, Status
from onearm.vocabulary.scales import DayState

SEVEN = (
    patient("D", end=1, event=1),
    patient("A", end=2, event=1, start=0),
    patient("G", end=3, event=1, start=3),  # treated after the grace period: stays "never by g"
    patient("C", end=0, event=1),
    patient("F", end=1, event=1, start=1),  # dies on the day of treatment: not the control clone's
    patient("E", end=3, event=2),
    patient("B", end=3, event=0, start=1),
)


def seven(*, grace=1, states=None):
    data, _ = sorted_with(replace(world(*SEVEN, pairs=[]), states=states), None)
    who = clones(data, grace=grace, horizon=3)
    return who, daily_shares(who, np.ones(7))


def fractions(values):
    return [Fraction(float(v)).limit_denominator(100) for v in values]


def test_weights_and_risks_by_hand():
    who, share = seven()  # A, B, ... G
    assert fractions(share[0]) == [Fraction(1, 6), Fraction(1, 3)]  # A of all but C; B of B, E and G
    control, treated = control_weights(who, share), treatment_weights(who, share)
    assert fractions(treated) == [1, 3, 1, 1, 0, 1, 0]  # B stands for E and G, who waited
    assert fractions(control[:, 1]) == [Fraction(6, 5)] * 2 + [1] + [Fraction(6, 5)] * 4
    assert fractions(control[who.stays, 2]) == [1, Fraction(6, 5), Fraction(9, 5), Fraction(9, 5)]
    with_it, without = arm_sums(who, control, treated, np.ones(7))
    assert fractions(with_it.at_risk) == [7, 6, 4, 3] and fractions(with_it.died) == [1, 2, 1, 0]
    assert fractions(without.at_risk) == [7, 6, Fraction(18, 5), Fraction(18, 5)]
    assert fractions(without.died) == [1, Fraction(6, 5), 0, Fraction(9, 5)]
    assert fractions(without.left) == [0, 0, 0, Fraction(9, 5)]
    assert fractions([arm_risk(with_it)[0], arm_risk(without)[0]]) == [Fraction(4, 7), Fraction(23, 35)]


def test_who_is_off_the_ventilator_on_the_last_day_of_grace_has_not_deviated():
    states = np.full((7, 4), DayState.V, dtype=np.int8)
    states[5, 1:] = DayState.E  # E of SEVEN
    who, share = seven(states=states)
    assert fractions(share[0]) == [Fraction(1, 6), Fraction(1, 2)]  # B of B and G
    assert fractions(treatment_weights(who, share)) == [1, 2, 1, 1, 1, 1, 0]
    assert fractions(control_weights(who, share)[4]) == [1, Fraction(6, 5), Fraction(6, 5)]
    states[0, 0] = DayState.E  # D of SEVEN is not on the ventilator at entry: no clones of it
    who, _ = seven(states=states)
    assert who.entered.tolist() == [True, True, True, False, True, True, True]


def test_times_are_copies_of_a_person():
    times = np.array([2, 1, 0, 1, 3, 1, 2.0])
    who, _ = seven()
    names = ["A", "B", "C", "D", "E", "F", "G"]
    copies = [{**p, "person": f"{p['person']}{k}"} for p in SEVEN for k in range(int(times[names.index(p["person"])]))]
    data, _ = sorted_with(world(*copies, pairs=[]), None)
    long = clones(data, grace=1, horizon=3)
    found = []
    for w, t in ((who, times), (long, np.ones(10))):
        share = daily_shares(w, t)
        found.append(arm_sums(w, control_weights(w, share), treatment_weights(w, share), t))
    for one, other in zip(*found, strict=True):
        assert one.at_risk == pytest.approx(other.at_risk) and one.died == pytest.approx(other.died)


def reference_patients():
    rows = read_reference("clone_weights_patients.csv")
    start = [int(r["start_day"]) if r["start_day"] else NEVER for r in rows]
    data = people_set(start=start, end=[int(r["end_day"]) for r in rows], event=[int(r["event"]) for r in rows])
    return data, np.array([[float(r["age"])] for r in rows])


@pytest.mark.parametrize("case", ["clones_by_day", "clones_logistic"])
def test_weighted_survival_and_cox_match_r(case):
    data, age = reference_patients()
    result = clone_weights(data, grace=4, x=age if case == "clones_logistic" else None, bootstraps=0)
    expected = {r["name"]: float(r["value"]) for r in read_reference("trials_and_weights.csv") if r["case"] == case}
    shown = result.uncapped
    assert (shown.risk_treated, shown.risk_untreated) == pytest.approx(
        (expected["risk_treated"], expected["risk_untreated"]), abs=1e-9
    )
    assert np.log(shown.hazard_ratio) == pytest.approx(expected["log_hazard_ratio"], abs=1e-8)
    assert np.log(result.capped.hazard_ratio) == pytest.approx(expected["capped_log_hazard_ratio"], abs=1e-8)
    assert (result.largest_weight, result.cap) == pytest.approx((expected["largest_weight"], expected["cap"]), rel=1e-8)


def good(seed=1, n=500, **more):
    """A world in which the weights are accepted: early treatment, many who wait."""
    return daily(np.random.default_rng(seed), n, first="event", **{"treat": 1 / 10, "last": 1, **more})


def test_an_accepted_result_has_intervals_that_hold_it_and_survives_json():
    data, x = good()
    order = np.random.default_rng(2).permutation(500)
    mixed = replace(data, people=data.people[order.tolist()])
    for more, again in (({}, {}), ({"x": x}, {"x": x[order]})):
        result = clone_weights(data, grace=1, bootstraps=60, **more)
        assert result.status is Status.OK and result.role is Role.SENSITIVITY and result.bootstraps == 60
        assert result.lower < result.estimate < result.upper and result.se > 0
        assert result.ratio_lower < result.uncapped.hazard_ratio < result.ratio_upper
        assert clone_weights(mixed, grace=1, bootstraps=60, **again) == result
        assert from_json(to_json(result), CloneWeights) == result
        other = clone_weights(data, grace=1, bootstraps=60, seed=2, **more)
        assert other.uncapped == result.uncapped and other.lower != result.lower


def test_without_columns_the_chance_of_treatment_is_a_line_in_the_day():
    data, _ = good()
    result = clone_weights(data, grace=1, x=np.empty((500, 0)), bootstraps=0)
    assert result.weight_parameters == 2
    assert result.estimate == pytest.approx(clone_weights(data, grace=1, bootstraps=0).estimate, abs=1e-9)


def test_the_model_of_treatment_gives_every_day_its_own_covariate():
    data, x = good()
    by_day = np.repeat(x[:, None, :], 2, axis=1)
    same = clone_weights(data, grace=1, x=by_day, bootstraps=0)
    assert same == clone_weights(data, grace=1, x=x, bootstraps=0)
    by_day[:, 1] *= -1
    assert clone_weights(data, grace=1, x=by_day, bootstraps=0).uncapped != same.uncapped
    _, given = sorted_with(data, x)
    model = treatment_model(clones(data, grace=1, horizon=28), given)
    assert model.x[:, 1:].mean(axis=0) == pytest.approx([0, 0], abs=1e-12)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 2)), min_size=10, max_size=20))
def test_equal_groups_differ_by_nothing(rows):
    rows = [*rows, (9, 0), (5, 1)]
    people = [
        patient(f"{a}{k:02d}", end=e, event=v, start=z)
        for a, z in (("T", 0), ("C", NEVER))
        for k, (e, v) in enumerate(rows)
    ]
    shown = clone_weights(world(*people, pairs=[]), grace=0, horizon=6, bootstraps=0)
    assert shown.uncapped.risk_difference == pytest.approx(0, abs=1e-12)
    assert shown.uncapped.hazard_ratio == pytest.approx(1, abs=1e-9)
    assert shown.capped == shown.uncapped and shown.largest_weight == 2


def test_refusals_say_what_to_do():
    data, x = good()
    assert "15 starts for 8 weight parameters: they need 80; shorten" in clone_weights(stanford()).remedy
    many = np.random.default_rng(1).normal(size=(500, 12))
    assert "weight parameters: they need 140" in clone_weights(data, grace=1, x=many).remedy
    nobody_last = clone_weights(data, grace=3, x=x[:, :0])
    assert nobody_last.status is Status.REFUSED and "day 3, the last of grace" in nobody_last.remedy
    rare, _ = good(n=900, treat=1 / 30)
    heavy = clone_weights(rare, grace=1)
    assert heavy.status is Status.REFUSED and "more than 20" in heavy.remedy and heavy.estimate is None
    assert heavy.uncapped is not None and heavy.lower is None  # the number stays, without an interval
    common, _ = good(treat=1 / 2)
    assert "add similar cases until there are 3 for each" in clone_weights(common, grace=1).remedy
    living = [patient(f"T{k:02d}", end=40, event=0, start=0) for k in range(20)]
    living += [patient(f"C{k:02d}", end=30 if k < 70 else 9, event=int(k >= 70)) for k in range(90)]
    alive = clone_weights(world(*living, pairs=[]), grace=0)
    assert alive.status is Status.TOO_FEW and "exact test" in alive.remedy and alive.uncapped.risk_treated == 0
    alone = world(*(patient(f"T{k:02d}", end=9, event=1, start=1) for k in range(30)), pairs=[])
    assert clone_weights(alone).status is Status.ONE_ARM
    for case, parts in (
        ({"grace": 28}, "grace 28"),
        ({"bootstraps": -1}, "bootstraps -1"),
        ({"grace": -1}, "grace -1"),
    ):
        with pytest.raises(ValueError, match=parts):
            clone_weights(data, **case)


def test_few_deaths_leave_no_interval_of_the_ratio():
    people = [patient(f"T{k:02d}", end=3 + k % 20 if k < 3 else 40, event=k < 3, start=0) for k in range(40)]
    people += [patient(f"C{k:03d}", end=3 + k % 20 if k < 60 else 40, event=k < 60) for k in range(200)]
    result = clone_weights(world(*people, pairs=[]), grace=0, bootstraps=50)
    assert result.status is Status.OK and result.lower is not None
    assert result.ratio_lower is None and "risk difference" in result.ratio_remedy


def test_a_clone_nobody_follows_to_the_horizon_is_said():
    people = [patient(f"T{k:02d}", end=5, event=k % 2, start=0) for k in range(20)]
    people += [patient(f"C{k:03d}", end=40 if k % 2 else 3, event=1) for k in range(100)]
    assert "beyond day 5" in clone_weights(world(*people, pairs=[]), grace=0).remedy


# --- worlds without an effect -------------------------------------------------------------------------------------


def test_late_start_holds_the_null_and_the_naive_ratio_does_not():
    # exponential death, mean 30 days; treatment, mean 20, counted if alive and before day 14; days by floor
    found = []
    for seed in range(200):
        data = late_start_by_hour(np.random.default_rng([41, seed]), 600)
        shown = clone_weights(data, bootstraps=0)  # its weights are refused (1 / .049): the numbers stay
        naive = np.log(ever_treated_cox(data).hazard_ratio) if seed < 40 else np.nan
        found.append([shown.uncapped.risk_difference, np.log(shown.uncapped.hazard_ratio), naive])
    mean, error = mean_and_error(found)
    assert error[0] < 0.01 and (abs(mean[:2]) < 3 * error[:2]).all()
    naive = np.array(found)[:40, 2]
    assert naive.mean() == pytest.approx(np.log(0.73), abs=3 * naive.std(ddof=1) / np.sqrt(40))


WORLDS = {"none": {"treat": 1 / 20, "last": 59}, "competing exit": {"leave": 1 / 20}, "late start": {}}


@pytest.mark.parametrize("name", WORLDS)
def test_without_an_effect_none_is_found(name):
    found = []
    for seed in range(120):
        data, _ = daily(np.random.default_rng([42, seed]), 600, first="event", **WORLDS[name])
        shown = clone_weights(data, bootstraps=0).uncapped
        found.append([shown.risk_difference, np.log(shown.hazard_ratio)])
    mean, error = mean_and_error(found)
    assert (abs(mean) < 3 * error).all()


def test_measured_severity_holds_the_null_only_uncapped():
    # severity speeds death and delays treatment: who starts on the last day stands for many and is sicker
    found = []
    for seed in range(40):
        rng = np.random.default_rng([43, seed])
        # many: with 1,000 patients weights of 30 and more leave -.011 +- .003, and are refused
        data, severity = daily(rng, 4000, first="event", treat=1 / 10, on_death=0.8, on_treatment=-0.7)
        right = clone_weights(data, x=severity, bootstraps=0)
        blind = clone_weights(data, bootstraps=0)
        found.append([np.log(c.hazard_ratio) for c in (right.uncapped, right.capped, blind.uncapped)])
    mean, error = mean_and_error(found)
    assert abs(mean[0]) < 3 * error[0]
    assert mean[1] + 3 * error[1] < 0  # the cap alone makes a treatment of nothing look good
    shift, noise = mean_and_error([[c - u] for u, c, _ in found])
    assert shift[0] + 3 * noise[0] < -0.03
    assert mean[2] + 3 * error[2] < mean[1]  # and leaving severity out is worse


def test_the_bootstrap_error_is_that_of_repeated_studies(monkeypatch):
    module = import_module("onearm.estimators.clone_weights")
    monkeypatch.setattr(module, "EFFECTIVE_PER_TREATED", 0)
    monkeypatch.setattr(module, "LARGEST_WEIGHT", 1e9)
    runs = [clone_weights(good(seed)[0], grace=1, bootstraps=80) for seed in range(60)]
    differences, errors = np.array([r.uncapped.risk_difference for r in runs]), np.array([r.se for r in runs])
    assert errors.mean() == pytest.approx(differences.std(ddof=1), rel=0.3)  # 60 runs: SD known to 9 %
    assert np.mean([r.lower <= 0 <= r.upper for r in runs]) >= 0.85
