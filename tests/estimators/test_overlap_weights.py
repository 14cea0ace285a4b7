from dataclasses import replace

import numpy as np
import pytest
from analysis_worlds import NEVER, patient, read_reference, shuffled, stanford, world
from effectless_worlds import mean_and_error
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from onearm.estimators.overlap_weights import OverlapWeights, overlap_weights
from onearm.results.encoding import from_json, to_json
from onearm.results.status import Role, Status


def stanford_covariates():
    rows = read_reference("stanford_heart_patients.csv")
    return np.array([[float(r["age"]), float(r["surgery"])] for r in rows])


def test_stanford_matches_the_stacked_equations_of_r():
    result = overlap_weights(stanford(), x=stanford_covariates(), names=("age", "surgery"))
    expected = {
        r["name"]: float(r["value"]) for r in read_reference("trials_and_weights.csv") if r["case"] == "overlap"
    }
    for name, value in expected.items():
        assert getattr(result, name) == pytest.approx(value, rel=1e-8), name
    assert (result.n_treated, result.deaths_treated, result.treated_lost) == (69, 12, 2)  # 10 and the two lost
    assert result.role is Role.SENSITIVITY and result.lower < result.estimate < result.upper


def two_strata(same=()):
    """8 treated and 12 controls on one day; x=1 in 6 of 8 and 4 of 12; deaths 2 + 1 and 1 + 2, unsorted."""
    died = {"T1": 2, "T0": 1, "C1": 1, "C0": 2}
    people, x = [], []
    for group, n, value, start in (("C1", 4, 1, NEVER), ("T0", 2, 0, 3), ("T1", 6, 1, 3), ("C0", 8, 0, NEVER)):
        for k in range(n):
            people.append(
                patient(f"{group}{k}", end=10 if k < died[group] else 40, event=int(k < died[group]), start=start)
            )
            x.append([value])
    return world(*people), np.array(x, dtype=float)


def test_two_strata_by_hand():
    data, x = two_strata()
    result = overlap_weights(data, x=x, names=("sicker",))
    # e = 6/10 where x = 1, 2/10 where x = 0: treated weigh 4/10 and 8/10, controls 6/10 and 2/10
    assert result.risk_treated == pytest.approx((2 * 0.4 + 1 * 0.8) / (6 * 0.4 + 2 * 0.8))
    assert result.risk_controls == pytest.approx((1 * 0.6 + 2 * 0.2) / (4 * 0.6 + 8 * 0.2))
    assert result.estimate == pytest.approx(2 / 5 - 1 / 4)
    row = result.balance[0]
    assert (row.treated_before, row.controls_before) == pytest.approx((6 / 8, 4 / 12))
    assert (row.treated_after, row.controls_after, row.difference_after) == pytest.approx((3 / 5, 3 / 5, 0))
    assert result.effective_treated == pytest.approx(4**2 / (6 * 0.16 + 2 * 0.64))
    assert result.effective_controls == pytest.approx(4**2 / (4 * 0.36 + 8 * 0.04))
    assert result.largest_propensity == pytest.approx(6 / 10)


def test_days_of_the_controls_are_those_of_the_treated():
    # 6 treated on day 0 and 2 on day 5; nobody's covariate matters, controls on day 5 are the healthier days
    people = [patient(f"T{k}", end=40, event=0, start=0 if k < 6 else 5) for k in range(8)]
    people += [patient(f"C{k}", end=3 if k < 3 else 40, event=int(k < 3)) for k in range(10)]
    result = overlap_weights(world(*people), x=np.empty((18, 0)))
    # day 0: 3 of 12 controls (2 treated later), six sets; day 5: 0 of 7, two sets
    assert result.risk_controls == pytest.approx((6 * 3 / 12 + 2 * 0) / 8)
    assert (result.n_controls, result.control_rows) == (12, 19)


strata = st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5), st.integers(0, 40)), min_size=30, max_size=45)


def ward(rows, treated=12):
    people = [
        patient(f"P{k:02d}", end=end, event=end % 3, start=end % 4 if k < treated and end >= end % 4 else NEVER)
        for k, (_, _, end) in enumerate(rows)
    ]
    return world(*people, horizon=20), np.array([r[:2] for r in rows], dtype=float)


@settings(deadline=None, max_examples=60)
@given(strata)
def test_unpenalised_weights_balance_the_means_exactly(rows):
    data, x = ward(rows)
    result = overlap_weights(data, x=x)
    assume(result.balance)
    for row in result.balance:
        assert row.treated_after == pytest.approx(row.controls_after, abs=1e-7)
    assert result.effective_treated <= result.n_treated + 1e-9 and 0 < result.largest_propensity < 1


@settings(deadline=None, max_examples=30)
@given(strata, st.floats(-50, 50), st.floats(0.1, 50))
def test_neither_row_order_nor_another_unit_of_a_covariate_matters(rows, shift, unit):
    data, x = ward(rows)
    result = overlap_weights(data, x=x, ridge=1.0)
    order = np.random.default_rng(1).permutation(len(x))
    place = np.argsort(order)
    sets = data.sets.with_columns(
        treated=place[data.sets["treated"].to_numpy()].astype(np.int32),
        control=np.array([-1 if v is None else place[v] for v in data.sets["control"]], dtype=np.int32),
    )
    assume(data.sets["control"].null_count() == 0)
    mixed = replace(data, people=data.people[order.tolist()], sets=sets)
    assert overlap_weights(mixed, x=x[order], ridge=1.0) == result
    other = overlap_weights(data, x=x * unit + shift, ridge=1.0)
    if result.status is Status.OK:
        assert (other.estimate, other.se) == pytest.approx((result.estimate, result.se), abs=1e-7)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 20), st.integers(0, 2)), min_size=9, max_size=15))
def test_equal_groups_differ_by_nothing(rows):
    rows = [*rows, (1, 3, 1), (0, 30, 2)]
    people = [
        patient(f"{a}{k:02d}", end=e, event=v if v else 2, start=z)
        for a, z in (("T", 0), ("C", NEVER))
        for k, (_, e, v) in enumerate(rows)
    ]
    result = overlap_weights(world(*people, horizon=10), x=np.array([[r[0]] for r in rows * 2]), firth=True)
    assert result.risk_difference == pytest.approx(0, abs=1e-9)


def test_penalties_rescue_a_separated_propensity_and_balance_less():
    data, x = two_strata()
    apart = np.where(data.column("start_day") < NEVER, 2.0, x[:, 0])[:, None]
    refused = overlap_weights(data, x=apart)
    assert refused.status is Status.REFUSED and "ridge" in refused.remedy and refused.estimate is None
    for more in ({"firth": True}, {"ridge": 0.5}):
        result = overlap_weights(data, x=apart, **more)
        assert result.status is Status.OK and abs(result.balance[0].difference_after) > 1e-3
    firm = overlap_weights(data, x=x, ridge=1e9)
    assert firm.estimate == pytest.approx(3 / 8 - 3 / 12)  # the ridge flattens the propensity: plain risks


def test_refusals_say_what_to_do():
    data, x = two_strata()
    assert "8 treated carry 1 covariates, not 2" in overlap_weights(data, x=np.column_stack([x, x])).remedy
    lonely = replace(data, sets=data.sets.filter(data.sets["set_id"] > 0))
    assert "No control for T00" in overlap_weights(lonely, x=x).remedy
    few = world(*(patient(f"T{k}", end=9, event=1, start=0) for k in range(7)), patient("C", end=9, event=1))
    assert "weighting needs 8" in overlap_weights(few, x=np.zeros((8, 1))).remedy
    alone = world(*(patient(f"T{k}", end=9, event=1, start=0) for k in range(9)))
    assert overlap_weights(alone, x=np.zeros((9, 1))).status is Status.ONE_ARM
    assert overlap_weights(world(), x=np.zeros((0, 1))).status is Status.NO_PATIENTS
    wrong = world(*(patient(f"T{k}", end=2, event=1, start=3) for k in range(9)), pairs=[])
    assert overlap_weights(wrong, x=np.zeros((9, 1))).status is Status.REFUSED
    same = world(*(patient(f"P{k:02d}", end=50, event=0, start=0 if k < 9 else NEVER) for k in range(30)))
    assert overlap_weights(same, x=np.arange(30.0)[:, None] % 7).status is Status.NO_EVENTS
    alive = [patient(f"P{k:02d}", end=50, event=int(k >= 9), start=0 if k < 9 else NEVER) for k in range(30)]
    alive[20:] = [patient(f"Q{k}", end=3, event=1) for k in range(10)]
    shown = overlap_weights(world(*alive), x=np.arange(30.0)[:, None] % 7)
    assert shown.status is Status.TOO_FEW and shown.risk_treated == 0 and shown.lower is None
    with pytest.raises(ValueError, match="ridge -1"):
        overlap_weights(data, x=x, ridge=-1)
    with pytest.raises(ValueError, match="sofa is missing for 1 persons"):
        overlap_weights(data, x=np.where(np.arange(20) == 2, np.nan, 1.0)[:, None], names=("sofa",))


def test_a_covariate_is_read_on_the_index_day():
    data, x = two_strata()
    by_day = np.full((20, 4, 1), 7.0)
    by_day[:, 3] = x
    assert overlap_weights(data, x=by_day, names=("sicker",)) == overlap_weights(data, x=x, names=("sicker",))


def test_the_result_survives_json_and_ignores_the_order_of_sets():
    x = stanford_covariates()
    result = overlap_weights(stanford(), x=x)
    data = shuffled(stanford(), 4)
    rank = {name: k for k, name in enumerate(stanford().people["person"].to_list())}
    order = [rank[name] for name in data.people["person"].to_list()]
    assert from_json(to_json(result), OverlapWeights) == result == overlap_weights(data, x=x[order])


def test_measured_severity_is_removed_and_the_interval_covers():
    found, covered = [], []
    for seed in range(250):
        rng = np.random.default_rng([51, seed])
        severity = rng.normal(size=160)
        treated = rng.random(160) < 1 / (1 + np.exp(1.4 + 0.8 * severity))
        dead = rng.random(160) < 1 / (1 + np.exp(0.7 - 0.9 * severity))
        people = [
            patient(f"P{k:03d}", end=9 if d else 40, event=int(d), start=0 if t else NEVER)
            for k, (t, d) in enumerate(zip(treated, dead, strict=True))
        ]
        result = overlap_weights(world(*people), x=severity[:, None])
        plain = dead[treated].mean() - dead[~treated].mean()
        found.append([result.risk_difference, plain])
        covered.append(result.lower <= 0 <= result.upper)
    mean, error = mean_and_error(found)
    assert abs(mean[0]) < 3 * error[0] and mean[1] + 3 * error[1] < -0.05
    assert np.mean(covered) >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 250)
