from dataclasses import replace
from math import exp, log

import numpy as np
import polars as pl
import pytest
from analysis_worlds import NEVER, patient, read_reference, shuffled, stanford, world
from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.estimators.cox_fit import NoMaximum, PartialLikelihood, cox_fit, profile_interval
from onearm.estimators.time_dependent_cox import day_rows, ever_treated_cox, time_dependent_cox
from onearm.results.status import Role, Status

REFERENCE = read_reference("survival_cox.csv")  # made by survival.R


def reference(case, ties):
    return [r for r in REFERENCE if (r["case"], r["ties"]) == (case, ties)]


def intervals():
    rows = read_reference("stanford_heart_intervals.csv")
    return {k: np.array([float(r[k]) for r in rows]) for k in rows[0]}


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("case", ["intervals", "intervals_covariates"])
def test_fits_match_coxph(case, ties):
    d = intervals()
    age, surgery, transplant = d["age"], d["surgery"], d["transplant"]
    columns = (
        [transplant] if case == "intervals" else [age, surgery, transplant, age * transplant, surgery * transplant]
    )
    fit, _ = cox_fit(d["start"], d["stop"], d["event"] == 1, np.column_stack(columns), ties=ties)
    rows = reference(case, ties)
    assert fit.beta == pytest.approx([float(r["beta"]) for r in rows], abs=1e-9)
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx([float(r["se"]) for r in rows], abs=1e-9)
    assert (fit.log_likelihood_null, fit.log_likelihood) == pytest.approx(
        (float(rows[0]["loglik_null"]), float(rows[0]["loglik"])), abs=1e-6
    )


def test_stanford_printed_digits():
    right, wrong = time_dependent_cox(stanford()), ever_treated_cox(stanford())
    digits = [[round(v, 3) for v in (r.hazard_ratio, r.lower, r.upper)] for r in (right, wrong)]
    assert digits == [[1.136, 0.629, 2.049], [0.266, 0.165, 0.429]]
    assert (right.n, right.n_treated, right.deaths_treated, right.deaths_untreated) == (103, 69, 45, 30)


def test_ever_treated_is_refused_as_a_comparison_and_still_shown():
    result = ever_treated_cox(stanford())
    assert result.status is Status.REFUSED and result.role is Role.REFUSED and result.estimate is None
    assert result.hazard_ratio is not None and "immortal" in result.remedy


def test_day_rows_of_whole_days_are_the_published_intervals():
    d = intervals()
    start, stop, event, _, treated = day_rows(stanford())
    ours = sorted(zip(start / 2, stop / 2, event, treated, strict=True))
    theirs = sorted(zip(d["start"], d["stop"], d["event"] == 1, d["transplant"], strict=True))
    assert ours == theirs


def test_the_whole_index_day_can_be_treated_time():
    ward = world(
        patient("A", end=5, event=1, start=5), patient("B", end=9, event=0, start=3), patient("C", end=3, event=1)
    )
    rows = {name: day_rows(ward, index_day=name) for name in ("split", "treated")}
    # A dies on its index day: untreated to tick 11, the death on treated time; C dies on B's index day
    assert sorted(zip(*(rows["split"][k] for k in (3, 0, 1, 4)), strict=True)) == [
        (0, 0, 11, 0), (0, 11, 12, 1), (1, 0, 8, 0), (1, 8, 20, 1), (2, 0, 8, 0),
    ]  # fmt: skip
    assert sorted(zip(*(rows["treated"][k] for k in (3, 0, 1, 4)), strict=True)) == [
        (0, 0, 10, 0), (0, 10, 12, 1), (1, 0, 6, 0), (1, 6, 20, 1), (2, 0, 8, 0),
    ]  # fmt: skip


def test_treated_from_day_zero_has_no_untreated_time_under_either_rule():
    ward = world(patient("A", end=0, event=1, start=0), patient("B", end=2, event=0, start=0))
    start, stop, event, person, treated = day_rows(ward, index_day="treated")
    assert list(zip(person, start, stop, event, treated, strict=True)) == [(0, 0, 2, True, 1), (1, 0, 6, False, 1)]


ZERO_EVENTS = (np.zeros(8), np.arange(1.0, 9), np.array([1, 1, 0, 1, 1, 0, 1, 0]) == 1)
SIXTH_AND_EIGHTH = np.isin(np.arange(1, 9), (6, 8)).astype(float)[:, None]


def test_firth_gives_a_finite_ratio_where_nobody_treated_died():
    fit, likelihood = cox_fit(*ZERO_EVENTS, SIXTH_AND_EIGHTH, firth=True)
    assert (fit.beta[0], fit.log_likelihood) == pytest.approx((-2.0228, -6.11912), abs=5e-5)
    assert profile_interval(fit, likelihood, 0) == pytest.approx((-6.909, 0.197), abs=5e-4)


def test_without_the_penalty_there_is_no_maximum():
    with pytest.raises(NoMaximum):
        cox_fit(*ZERO_EVENTS, SIXTH_AND_EIGHTH)


def test_four_deaths_of_five_by_hand():
    # deaths at 1 (x=1), 2 and 2 (x=0, x=1 tied), 4 (x=0); one open at 3 (x=0)
    stop, event, x = np.array([2, 1, 4, 2, 3.0]), np.array([1, 1, 1, 1, 0]) == 1, np.array([0, 1, 0, 1, 0.0])[:, None]
    b = 0.3
    w = exp(b)
    first = b - log(3 + 2 * w)
    efron = b - log(3 + w) - log(3 + w - (1 + w) / 2)
    breslow = b - 2 * log(3 + w)
    for ties, second in (("efron", efron), ("breslow", breslow)):
        value = PartialLikelihood(np.zeros(5), stop, event, x, ties).value(np.array([b]))[0]
        assert value == pytest.approx(first + second + 0, abs=1e-14)


rows = st.lists(
    st.tuples(st.integers(0, 3), st.integers(1, 4), st.booleans(), st.integers(0, 1), st.integers(-2, 2)),
    min_size=6,
    max_size=14,
)


@settings(deadline=None)
@given(rows, st.floats(-1, 1), st.floats(-1, 1), st.sampled_from(["efron", "breslow"]), st.booleans())
def test_score_and_information_are_the_derivatives(rows, b1, b2, ties, firth):
    start, length, event, x1, x2 = (np.array(c, dtype=float) for c in zip(*rows, strict=True))
    likelihood = PartialLikelihood(start, start + length, event == 1, np.column_stack([x1, x2]), ties, firth)
    beta, h = np.array([b1, b2]), 1e-5
    if not event.any():
        return
    plain = replace(likelihood, firth=False)
    information = plain.value(beta)[2]
    if np.linalg.eigvalsh(information)[0] < 1e-3:
        return
    score = likelihood.value(beta)[1]
    for k, e in enumerate(np.eye(2) * h):
        up, down = likelihood.value(beta + e), likelihood.value(beta - e)
        assert (up[0] - down[0]) / 2 / h == pytest.approx(score[k], abs=1e-5)
        slope = (plain.value(beta + e)[1] - plain.value(beta - e)[1]) / 2 / h
        assert slope == pytest.approx(-information[:, k], abs=1e-5)


def test_row_order_never_matters_and_labels_mirror():
    for firth in (False, True):
        assert time_dependent_cox(shuffled(stanford(), 1), firth=firth) == time_dependent_cox(stanford(), firth=firth)
    d = intervals()
    one, other = (
        cox_fit(d["start"], d["stop"], d["event"] == 1, x[:, None])[0] for x in (d["transplant"], 1 - d["transplant"])
    )
    assert one.beta[0] == pytest.approx(-other.beta[0], abs=1e-9)


def test_firth_profile_holds_the_estimate():
    result = time_dependent_cox(stanford(), firth=True)
    assert result.lower < result.hazard_ratio < result.upper and result.estimate == result.hazard_ratio


def test_covariates_are_columns_of_people():
    data = stanford()
    ages = [float(r["age"]) for r in read_reference("stanford_heart_patients.csv")]
    with_age = replace(data, people=data.people.with_columns(pl.Series("x_age", ages)))
    result = time_dependent_cox(with_age, covariates=("x_age",))
    assert [c.name for c in result.coefficients] == ["treatment", "x_age"] and result.status is Status.OK
    with pytest.raises(ValueError, match="'x_sofa' is no column"):
        time_dependent_cox(with_age, covariates=("x_sofa",))


def ward(treated_deaths, treated=10):
    return world(
        *(patient(f"T{k}", end=20 + k, event=int(k < treated_deaths), start=k % 5) for k in range(treated)),
        *(patient(f"C{k}", end=3 + 2 * k, event=k % 2, start=NEVER) for k in range(20)),
    )


def test_too_few_treated_deaths_ask_for_firth():
    refused = time_dependent_cox(ward(1))
    assert refused.status is Status.TOO_FEW and "firth=True" in refused.remedy and refused.estimate is None
    assert time_dependent_cox(ward(0), firth=True).status is Status.OK


def test_too_few_treated_for_the_parameters_is_refused():
    assert time_dependent_cox(ward(4, treated=7)).status is Status.TOO_FEW
    data = ward(4)
    data = replace(
        data, people=data.people.with_columns(x_a=pl.int_range(pl.len()) % 3, x_b=pl.int_range(pl.len()) % 4)
    )
    result = time_dependent_cox(data, covariates=("x_a", "x_b"))
    assert result.status is Status.TOO_FEW and "10 treated for 3 parameters: the model needs 15" in result.remedy
