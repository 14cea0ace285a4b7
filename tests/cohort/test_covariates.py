"""Covariates by day, other treatments, and who went without for want of product, from records of a small ward."""

from dataclasses import replace

import numpy as np
import pytest
from small_ward import Ward, cohort, protocol, stay

from onearm.cohort.build import build
from onearm.cohort.cotreatments import cotreatments
from onearm.cohort.covariates import day_covariates, with_covariates
from onearm.protocol.study import Confounder


def small():
    ward = Ward()
    for name, known in (("A", {"age": 70, "sex": "male"}), ("B", {"age": 50, "sex": "female"}), ("C", {"age": 40})):
        stay(ward, name, **known)
    ward.infusion("A", 3.2)
    ward.sample("A", "sofa_total", 8, 1.5).sample("A", "sofa_total", 6, 5.5).sample("B", "sofa_total", 4, 0.5)
    ward.episode("A", "corticosteroid", 4, 6).episode("C", "corticosteroid", 1, 2)
    return ward


def built_with(names, ward=None):
    plan = replace(protocol(), confounder=tuple(Confounder(n) for n in names))
    everybody = cohort(plan, ward or small())
    built = build(plan, everybody)
    found = day_covariates(everybody, plan.confounder, 12)
    return everybody, built, found


def test_values_are_those_known_that_morning():
    _, built, found = built_with(["age", "sex", "sofa_total", "corticosteroid", "site"])
    assert found.names == ("age", "sex", "sofa_total", "corticosteroid")  # a site has no number
    names = built.data.people["person"].to_list()
    x = with_covariates(built, found).data.x
    a, b, c = (x[names.index(n)] for n in "ABC")
    assert a[0].tolist()[:2] == [70, 1] and b[0].tolist()[:2] == [50, 0] and np.isnan(c[0, 1])
    sofa = [None if np.isnan(v) else float(v) for v in a[:, 2]]
    assert sofa[:10] == [None, None, 8, 8, 8, 8, 6, 6, 6, 6]  # a value of day 1.5 is known on the morning of day 2
    assert np.isnan(b[9, 2]) and b[7, 2] == 4  # stands for a week
    assert c[:4, 3].tolist() == [0, 0, 1, 1]  # on day 1 itself it is not known that morning


def test_an_age_band_is_its_middle_and_an_open_one_its_end():
    ward = Ward().person("A", age_low=40, age_high=50, age_years=None).person("B", age_low=80, age_years=None)
    _, built, found = built_with(["age"], ward)
    names = built.data.people["person"].to_list()
    assert found.x[names.index("A"), 0, 0] == pytest.approx(45)
    assert found.x[names.index("B"), 0, 0] == 80


def test_other_treatments_after_the_index_day():
    everybody, built, _ = built_with(["age"])
    (one,) = cotreatments(everybody, built, built.data)
    # A is given a steroid on day 4, in the week after day 3; of B and C only C had one, that ended on day 2
    assert (one.drug, one.treated) == ("corticosteroid", 1.0)
    assert one.similar == pytest.approx(0) and one.difference == np.inf


def test_nobody_given_anything_is_no_record():
    ward = stay(stay(Ward(), "A"), "B").infusion("A", 2.0)
    everybody, built, _ = built_with(["age"], ward)
    assert cotreatments(everybody, built, built.data) == ()
