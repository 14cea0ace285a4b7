"""The registry: what it refuses, what it draws, and that model and registry name the same symbols."""

import dataclasses
import tomllib
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kstest, norm

import onearm.physiology.host.parameters as parameters
from onearm.physiology.host.parameters import (
    Distribution,
    Level,
    Parameter,
    ParameterProblems,
    Standing,
    default_parameters,
    parameters_of,
    quantile,
)
from onearm.physiology.randomness import Key

REGISTRY = default_parameters()
KEY = Key(20261125, 1)
ENTRIES = tomllib.loads(Path(parameters.__file__).with_name("parameters.toml").read_text())["parameter"]


def entries(**changes):
    """The shipped entries, those of some symbols changed; a value of None removes the field."""
    told = [e | changes.get(e["symbol"], {}) for e in ENTRIES]
    return [{k: v for k, v in e.items() if v is not None} for e in told]


def problems_of(told):
    with pytest.raises(ParameterProblems) as caught:
        parameters_of(told)
    return caught.value.lines


def test_the_shipped_registry_loads_and_numbers_are_used_once():
    numbers = [r.number for r in REGISTRY.records]
    assert numbers == sorted(set(numbers))
    assert {r.level for r in REGISTRY.records} <= set(Level)


def test_about_three_quarters_are_assumptions():
    by_hand = sum(e["standing"] == "assumption" for e in ENTRIES) / len(ENTRIES)
    assert REGISTRY.assumption_share == by_hand and 0.7 < by_hand < 0.8


@pytest.mark.parametrize(
    ("symbol", "value"),
    {
        "k_pm": 0.6, "k_mp": 0.01, "s_m": 0.005, "mu_m": 0.002, "k_pg": 0.3, "P_inf": 20, "k_pn": 1.8, "k_np": 0.1,
        "k_nn": 0.01, "s_nr": 0.08, "mu_nr": 0.12, "mu_n": 0.05, "k_nd": 0.02, "k_dn": 0.35, "x_dn": 0.06,
        "mu_d": 0.02, "c_inf": 0.28, "s_c": 0.0125, "k_cn": 0.04, "k_cnd": 48, "mu_c": 0.1,
    }.items(),
)  # fmt: skip
def test_the_values_of_reynolds_are_published_and_as_in_the_design(symbol, value):
    record = REGISTRY.records[REGISTRY.column(symbol)]
    assert record.value == value
    assert record.standing is Standing.PUBLISHED and "10.1016/j.jtbi.2006.02.016" in record.source


def test_the_cells_do_nothing_unless_it_is_said():
    record = REGISTRY.records[REGISTRY.column("emax")]
    assert record.value == 0 and not record.varies


def test_all_problems_are_told_at_once_and_name_parameter_and_remedy():
    told = problems_of(
        entries(tempo={"low": None}, k_pg={"source": "a book"}, l0={"rationale": None}, EC50={"value": 99.0})
    )
    assert len(told) == 5
    assert told[0].startswith("tempo: low and high go together; give both or neither")
    assert any(line.startswith("EC50: 99.0 is outside 0.03 to 3.0; change the value") for line in told)
    assert any(line.startswith("k_pg: published needs a DOI and a place in source; add") for line in told)
    assert any(line.startswith("l0: an assumption needs a rationale; say") for line in told)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"unit": None}, "unit is missing"),
        ({"colour": "red"}, "colour is no field"),
        ({"value": "0.2"}, "value = '0.2' is of the wrong kind"),
        ({"value": True}, "value = True is of the wrong kind"),
        ({"distribution": "gamma"}, "distribution gamma is unknown; use one of fixed"),
        ({"standing": "guess"}, "standing guess is unknown"),
        ({"used_in": []}, "used_in is empty"),
        ({"number": 0}, "number 0 is not positive"),
        ({"number": 2}, "number 2 is given 2 times"),
        ({"spread": 0.0}, "lognormal needs a spread above 0"),
        ({"spread": float("nan")}, "must be finite"),
        ({"distribution": "fixed"}, "fixed, but spread is 0.3"),
        ({"distribution": "logitnormal", "value": 1.0}, "a logitnormal median must lie between 0 and 1"),
        ({"value": 0.0, "low": 0.0}, "a lognormal median must be above 0"),
    ],
)
def test_each_rule_is_checked(change, words):
    assert any(words in line for line in problems_of(entries(tempo=change)))


def test_an_assumption_without_limits_and_a_derived_value_without_source_are_refused():
    assert problems_of(entries(w_v={"low": None, "high": None})) == (
        "w_v: an assumption needs low and high; say how far it may be wrong",
    )
    assert problems_of(entries(k_c={"source": None})) == ("k_c: derived needs a source; say from what",)
    assert "parameters, 1 problem; none was used." in str(ParameterProblems(["x"]))
    assert "no parameter found" in problems_of([])[0]


def test_every_draw_lies_within_its_limits_and_only_patient_values_vary():
    drawn = REGISTRY.draw(KEY, np.arange(4000))
    for place, record in enumerate(REGISTRY.records):
        column = drawn[:, place]
        if record.low is not None:
            assert record.low <= column.min() and column.max() <= record.high, record.symbol
        assert (np.ptp(column) > 0) == (record.varies and record.level is Level.PATIENT), record.symbol


@pytest.mark.parametrize("symbol", ["tempo", "f_L", "z_age", "c0"])
def test_a_draw_has_the_cut_distribution(symbol):
    record = REGISTRY.records[REGISTRY.column(symbol)]
    scale = {"lognormal": np.log, "logitnormal": lambda x: np.log(x / (1 - x)), "normal": np.asarray}
    to_normal = scale[record.distribution]

    def cdf(x):
        low, at, high = (norm.cdf((to_normal(v) - to_normal(record.value)) / record.spread)
                         for v in (record.low, x, record.high))  # fmt: skip
        return (at - low) / (high - low)

    drawn = REGISTRY.draw(KEY, np.arange(20_000))[:, REGISTRY.column(symbol)]
    assert kstest(drawn, cdf).pvalue > 0.01


def test_the_ends_of_a_distribution_are_its_limits():
    record = REGISTRY.records[REGISTRY.column("k_b")]
    ends = quantile(record, np.array([0.0, 1.0]))
    assert ends == pytest.approx([record.low, record.high], rel=1e-12)


def test_another_parameter_patient_or_order_moves_no_number():
    before = REGISTRY.draw(KEY, [3, 7, 11])
    new = Parameter(900, "new", "new", 1.0, "1", Distribution.NORMAL, 1.0, Level.PATIENT, Standing.ASSUMPTION,
                    ("nothing",), ENTRIES[0]["last_reviewed"], 0.0, 2.0, "", "a test")  # fmt: skip
    first = dataclasses.replace(new, number=0, symbol="first", name="first")
    more = dataclasses.replace(REGISTRY, records=(first, *REGISTRY.records, new))
    after = more.draw(KEY, [11, 5, 3])
    assert np.array_equal(after[[2, 0], 1:-1], before[[0, 2]])


def test_lots_and_patients_of_the_same_number_share_no_draw():
    lots = REGISTRY.draw(KEY, np.arange(50), level=Level.LOT)
    moved = {r.symbol for r, varies in zip(REGISTRY.records, np.ptp(lots, axis=0) > 0, strict=True) if varies}
    assert moved == {"q", "k_age", "viability"} - {r.symbol for r in REGISTRY.records if not r.varies}


def test_the_hash_knows_every_field_and_the_set_is_frozen():
    changed = REGISTRY.with_values(l0=3.0)
    assert changed.sha256 != REGISTRY.sha256 == default_parameters().sha256
    assert len(REGISTRY.sha256) == 64
    with pytest.raises(dataclasses.FrozenInstanceError):
        REGISTRY.records = ()


def test_other_values_must_be_known_and_within_their_limits():
    with pytest.raises(ParameterProblems, match=r"2 problems.*\n.*nonsense: not in the registry.*\n.*l0: 300"):
        REGISTRY.with_values(l0=300, nonsense=1)
    with pytest.raises(KeyError, match="nonsense is not in the registry; add it"):
        REGISTRY.column("nonsense")
