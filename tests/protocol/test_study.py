"""The protocol: defaults that hold where study.toml is silent, and small properties."""

from dataclasses import FrozenInstanceError

import pytest

from onearm.protocol.study import Comparator, Endpoint, Matching, Protocol, Rule, Sap, Stopping, Strategies, Study

STUDY = Study("one", "One")


def test_the_defaults_are_those_of_the_design():
    plan = Protocol(STUDY)
    assert (plan.clock.starts, plan.strategies.treat, plan.time_zero.index) == (
        "ventilation",
        "infusions",
        "first_infusion",
    )
    assert plan.horizon_days == 28 and plan.time_zero.landmark_days == ()
    assert plan.population.rules == () and plan.comparator == () and plan.confounder == ()
    assert plan.sap == Sap("risk_set_test", (), 0.05, 1.5, 20200710, 2000)
    assert plan.stopping == Stopping((0.5, 4.5), 0.15, 0.8) and plan.matching == Matching()
    assert not plan.study.virtual and plan.study.data_lock is None and plan.sha256 == ""


def test_an_unknown_is_excluded_and_a_day_looked_back_unless_the_rule_says_otherwise():
    rule = Rule("I1", "age", ">=", 18)
    assert (rule.missing, rule.window_days, rule.unit) == ("exclude", 1, "")


@pytest.mark.parametrize(
    ("treat", "kind", "agent"),
    [
        ("infusions", "infusions", None),
        ("tocilizumab", "tocilizumab", None),
        ("other_treatment heart_transplant", "other_treatment", "heart_transplant"),
        ("other_treatment  heart transplant", "other_treatment", "heart transplant"),
    ],
)
def test_the_treatment_is_a_kind_and_perhaps_an_agent(treat, kind, agent):
    assert (Strategies(treat).kind, Strategies(treat).agent) == (kind, agent)


def test_the_horizon_is_that_of_the_endpoint_of_the_first_rank():
    endpoints = (Endpoint("b", horizon_days=60, rank=2), Endpoint("a", horizon_days=14, rank=1))
    assert Protocol(STUDY, endpoint=endpoints).horizon_days == 14


def test_a_comparator_is_of_patients_unless_told():
    assert Comparator("own records").kind == "patients"


def test_a_protocol_is_frozen():
    with pytest.raises(FrozenInstanceError):
        Protocol(STUDY).sha256 = "1"
