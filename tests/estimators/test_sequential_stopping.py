from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.estimators.sequential_stopping import least_events, operating, probability_above, sequential_stopping
from onearm.results.encoding import from_json, to_json
from onearm.results.status import Status


def test_the_rule_for_13_patients():
    result = sequential_stopping(13, prior=(0.5, 4.5), limit=0.15, certainty=0.8)
    assert result.boundary == (None, 2, 2, 3, 3, 3, 3, 3, 3, 4, 4, 4, 4)
    p_stop = [o.p_stop for o in result.operating]
    assert [o.true_risk for o in result.operating] == [0.05, 0.1, 0.2, 0.3, 0.4]
    assert p_stop == pytest.approx([0.0146, 0.0770, 0.3454, 0.6580, 0.8703], abs=5e-5)
    assert [o.expected_n for o in result.operating] == pytest.approx([12.89, 12.49, 10.87, 8.71, 6.67], abs=5e-3)
    assert 0.0770 < result.estimate < 0.3454 and result.estimate == result.at_limit.p_stop


def test_a_stricter_rule_for_13_patients():
    boundary = least_events(13, prior=(0.2, 1.8), limit=0.2, certainty=0.9)
    assert boundary == (None, 2, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 6)


def test_a_uniform_prior_by_hand():
    """Pr(p > 1/2): 3/4 after 1 of 1; 1/2 after 1 of 2, 7/8 after 2 of 2; 11/16 after 2 of 3, 15/16 after 3 of 3."""
    seen = [probability_above(k, n, (1, 1), 0.5) for k, n in ((1, 1), (1, 2), (2, 2), (2, 3), (3, 3))]
    assert seen == pytest.approx([3 / 4, 1 / 2, 7 / 8, 11 / 16, 15 / 16])
    result = sequential_stopping(3, prior=(1.0, 1.0), limit=0.5, certainty=0.7)
    assert result.boundary == (1, 2, 3)
    assert result.at_limit.stop_at == pytest.approx((1 / 2, 0, 0)) and result.at_limit.expected_n == pytest.approx(2)


def by_enumeration(boundary, p):
    """P(stop) and expected n over every sequence of outcomes, in fractions."""
    n = len(boundary)
    stop, expected = Fraction(0), Fraction(0)
    for outcomes in product((0, 1), repeat=n):
        mass = p ** sum(outcomes) * (1 - p) ** (n - sum(outcomes))
        at = [k for k, least in enumerate(boundary, 1) if least is not None and sum(outcomes[:k]) >= least]
        stop += mass if at else 0
        expected += mass * (at[0] if at else n)
    return float(stop), float(expected)


@pytest.mark.parametrize("p", [Fraction(0), Fraction(1, 10), Fraction(1, 3), Fraction(1)])
@pytest.mark.parametrize("boundary", [(None, 2, 2, 3, 3, 3, 3, 3, 3, 4), (1, 2, 3), (None,), (None, None, 3, 3)])
def test_the_recursion_is_the_sum_over_all_sequences(boundary, p):
    found = operating(boundary, float(p))
    assert (found.p_stop, found.expected_n) == pytest.approx(by_enumeration(boundary, p), abs=1e-12)


rules = st.fixed_dictionaries(
    {
        "n": st.integers(1, 40),
        "prior": st.tuples(st.floats(0.1, 5), st.floats(0.1, 20)),
        "limit": st.floats(0.02, 0.9),
        "certainty": st.floats(0.5, 0.99),
    }
)


@settings(deadline=None)
@given(rules, st.floats(0, 1), st.floats(0, 1))
def test_the_boundary_rises_and_the_probabilities_are_probabilities(rule, one, other):
    low, high = sorted((one, other))
    result = sequential_stopping(**rule, true_risks=(low, high))
    if result.status is not Status.OK:
        assert "prior alone" in result.remedy and result.estimate is None
        return
    known = [k for k in result.boundary if k is not None]
    assert known == sorted(known) and None not in result.boundary[len(result.boundary) - len(known) :]
    for k, least in enumerate(result.boundary, 1):
        assert least is None or probability_above(least, k, rule["prior"], rule["limit"]) > rule["certainty"]
        below = k if least is None else least - 1
        assert below < 0 or probability_above(below, k, rule["prior"], rule["limit"]) <= rule["certainty"]
    safe, harmful = result.operating
    assert 0 <= safe.p_stop <= harmful.p_stop + 1e-12 <= 1 + 2e-12
    assert 1 - 1e-12 <= harmful.expected_n <= safe.expected_n + 1e-9 <= rule["n"] + 2e-9
    assert sum(safe.stop_at) == pytest.approx(safe.p_stop) and len(safe.stop_at) == rule["n"]


def test_a_prior_that_stops_by_itself_is_refused():
    result = sequential_stopping(13, prior=(9.0, 1.0), limit=0.2, certainty=0.8)
    assert result.status is Status.REFUSED and "prior alone" in result.remedy and result.estimate is None
    assert from_json(to_json(result), type(result)) == result


def test_nobody_planned_is_refused_and_results_survive_json():
    empty = sequential_stopping(0, prior=(0.5, 4.5), limit=0.15, certainty=0.8)
    assert empty.status is Status.NO_PATIENTS and empty.remedy and empty.boundary == ()
    result = sequential_stopping(13, prior=(0.5, 4.5), limit=0.15, certainty=0.8)
    assert from_json(to_json(result), type(result)) == result and not result.remedy


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n": -1}, "n -1"),
        ({"limit": 0.0}, "limit 0.0"),
        ({"prior": (0.0, 1.0)}, "prior"),
        ({"true_risks": (2.0,)}, "2"),
    ],
)
def test_impossible_numbers_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        sequential_stopping(**{"n": 13, "prior": (0.5, 4.5), "limit": 0.15, "certainty": 0.8} | change)
