"""Every registered estimator answers every case: in any order, through JSON, and refuses in words."""

import json
import subprocess
import sys
from dataclasses import fields

import pytest
from analysis_worlds import patient, shuffled, stanford, world

from onearm.estimators import ESTIMATORS
from onearm.results.encoding import from_json, to_json
from onearm.results.status import Status


def thirteen(end, event):
    """13 treated and 20 not; `end` and `event` are functions of the number."""
    treated = (patient(f"T{k:02d}", end=end(k), event=event(k), start=k % 6) for k in range(13))
    return world(*treated, *(patient(f"C{k:02d}", end=end(k), event=event(k)) for k in range(20)))


CASES = {
    "EMPTY": world(),
    "ONE_PATIENT": world(patient("A", end=9, event=1, start=2)),
    "NOBODY_TREATED": world(*(patient(f"C{k}", end=k, event=k % 3) for k in range(9))),
    "ALL_DEAD": thirteen(lambda k: 6 + k, lambda k: 1),
    "NOBODY_DEAD": thirteen(lambda k: 40, lambda k: 0),
    "ALL_LEFT": thirteen(lambda k: 7 + k, lambda k: 2),
    "ALL_UNRESOLVED": thirteen(lambda k: 7 + k % 4, lambda k: 0),
    "ONE_ARM": world(*(patient(f"T{k:02d}", end=9 + k, event=k % 3, start=3) for k in range(13))),
    "MISALIGNED": world(*(patient(f"T{k:02d}", end=2, event=1, start=3) for k in range(13)), pairs=[]),
    "SOME_DEAD": thirteen(lambda k: 8 + 3 * k, lambda k: k % 3),
    "STANFORD": stanford(),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda f: f.__name__)
def test_every_estimator_answers_every_case(estimator, case):
    result = estimator(case)
    assert result == estimator(case)
    for seed in (1, 2):
        assert result == estimator(shuffled(case, seed))
    text = to_json(result)
    assert from_json(text, type(result)) == result
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in a result"))
    assert "NaN" not in text and "Infinity" not in text
    assert (result.estimate is None) == (result.status is not Status.OK)
    assert bool(result.remedy) == (result.status is not Status.OK)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda f: f.__name__)
def test_every_estimator_refuses_the_empty_and_the_impossible(estimator):
    assert estimator(CASES["EMPTY"]).status is Status.NO_PATIENTS
    assert estimator(CASES["MISALIGNED"]).status is Status.REFUSED


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda f: f.__name__)
def test_every_result_is_frozen_and_says_method_and_assumptions(estimator):
    result = estimator(CASES["SOME_DEAD"])
    assert {"status", "remedy", "assumptions", "method"} <= {f.name for f in fields(result)} and result.method
    assert result.assumptions or result.status is Status.REFUSED
    with pytest.raises(AttributeError):
        result.status = Status.OK


def test_the_registry_loads_without_scipy():
    code = (
        "import sys, onearm.estimators; print([m for m in sys.modules if m.split('.')[0] in ('scipy', 'matplotlib')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
