import numpy as np
import pytest
from analysis_worlds import read_reference
from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.estimators.robust_map import robust_map
from onearm.results.encoding import from_json, to_json
from onearm.results.status import Status

ARMS = read_reference("as_historical_arms.csv")
EVENTS, N = (tuple(int(r[k]) for r in ARMS) for k in ("responders", "n"))


@pytest.fixture(scope="module")
def spondylitis():
    treated = {"treated_events": 14, "treated_n": 24, "treated_beta": (0.5, 1.0)}
    return robust_map(EVENTS, N, new_events=1, new_n=6, s_mu=2, s_tau=1, **treated)


def test_eight_historical_arms(spondylitis):
    prior, tau = spondylitis.prior, spondylitis.tau
    assert (tau.mean, tau.median, tau.lower, tau.upper) == pytest.approx((0.378, 0.35, 0.04, 0.87), abs=0.01)
    assert (prior.mean, prior.sd, prior.median) == pytest.approx((0.2582, 0.0872, 0.2486), abs=3e-4)
    assert (prior.lower, prior.upper) == pytest.approx((0.111, 0.471), abs=0.003)
    assert spondylitis.effective_n == pytest.approx(24.2, abs=0.3)


def test_after_one_of_six_controls(spondylitis):
    plain, robust = spondylitis.posterior, spondylitis.robust_posterior
    assert (plain.mean, plain.lower, plain.upper) == pytest.approx((0.2406, 0.112, 0.393), abs=0.002)
    assert (robust.mean, robust.lower, robust.upper) == pytest.approx((0.2416, 0.095, 0.423), abs=0.002)
    assert (1 - spondylitis.p_fewer, 1 - spondylitis.robust_p_fewer) == pytest.approx((0.9954, 0.9914), abs=2e-4)
    assert spondylitis.estimate == robust.mean


def plain_quadrature(events, n, s_mu, s_tau):
    """Moments of the predictive risk by three nested sums: slow, and sharing nothing with the module."""
    tau, tau_weight = np.polynomial.legendre.leggauss(40)
    tau, tau_weight = (tau + 1) * 2.5 * s_tau, tau_weight * np.exp(-((2.5 * (tau + 1)) ** 2) / 2)
    mu = np.linspace(-6 * s_mu, 6 * s_mu, 241)
    z = np.linspace(-7, 7, 141)
    normal = np.exp(-(z**2) / 2)
    normal /= normal.sum()
    risk = 1 / (1 + np.exp(-(mu[:, None, None] + tau[None, :, None] * z)))
    joint = np.exp(-((mu / s_mu) ** 2) / 2)[:, None] * tau_weight
    for x, k in zip(events, n, strict=True):
        joint = joint * (risk**x * (1 - risk) ** (k - x) @ normal)
    joint /= joint.sum()
    mean, square = np.sum(joint * (risk @ normal)), np.sum(joint * (risk**2 @ normal))
    return mean, np.sqrt(square - mean**2), np.sum(joint.sum(0) * tau)


@pytest.mark.parametrize(
    ("events", "n", "s_mu", "s_tau"),
    [((2, 4), (13, 20), 1.5, 0.5), ((0, 1, 3), (8, 9, 10), 1.5, 0.25), ((5, 30), (20, 60), 2.0, 1.0)],
)
def test_moments_agree_with_plain_nested_sums(events, n, s_mu, s_tau):
    result = robust_map(events, n, s_mu=s_mu, s_tau=s_tau)
    found = (result.prior.mean, result.prior.sd, result.tau.mean)
    assert found == pytest.approx(plain_quadrature(events, n, s_mu, s_tau), abs=1e-5)


def test_without_weight_on_the_cohorts_it_is_a_uniform_prior():
    result = robust_map((2, 4), (13, 20), new_events=3, new_n=10, weight=1.0)
    assert result.robust_posterior.mean == pytest.approx(4 / 12, abs=1e-9) and result.weight_after == pytest.approx(1)


def test_conflict_moves_the_weight_to_the_vague_part():
    agree, conflict = (robust_map(EVENTS, N, new_events=x, new_n=20).weight_after for x in (5, 18))
    assert agree < 0.2 < conflict


def test_one_cohort_is_refused_with_the_method_to_use():
    result = robust_map((47,), (110,))
    assert result.status is Status.TOO_FEW and "power_prior" in result.remedy and result.estimate is None
    assert from_json(to_json(result), type(result)) == result


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((3, 4), (2, 9)), "3/2"),
        (((3,), (2, 9)), "1 event counts for 2 cohorts"),
        (((0, 0), (0, 9)), "n = 0"),
    ],
)
def test_impossible_counts_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        robust_map(*arguments)


arms = st.lists(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=2, max_size=6)


@settings(deadline=None, max_examples=30)
@given(arms, st.randoms())
def test_order_never_matters_swapping_mirrors_and_the_interval_holds_the_median(pairs, random):
    base = robust_map(*zip(*pairs, strict=True), treated_events=2, treated_n=13)
    assert 0 < base.prior.lower < base.prior.median < base.prior.upper < 1
    random.shuffle(pairs)
    again = robust_map(*zip(*pairs, strict=True), treated_events=2, treated_n=13)
    assert again.prior.mean == pytest.approx(base.prior.mean, abs=1e-10)
    mirror = robust_map(tuple(n - x for x, n in pairs), tuple(n for _, n in pairs), treated_events=11, treated_n=13)
    # cohorts that contradict each other outright (0 of 400 beside 400 of 400) leave rounding of the FFT: 2e-4 at worst
    assert mirror.prior.mean == pytest.approx(1 - base.prior.mean, abs=5e-4)
    assert mirror.p_fewer == pytest.approx(1 - base.p_fewer, abs=5e-4)
