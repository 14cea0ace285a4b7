"""Markers as estimates: the contrast may carry a claim, before and after never does."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from onearm.cohort.build import build, build_cohort
from onearm.cohort.marker_courses import marker_courses
from onearm.estimators.marker_course import marker_course
from onearm.results.status import Role, Status
from onearm.sources.study_folder import read_study
from onearm.study.marker_answers import marker_answers
from onearm.study.matching import match

EXAMPLES = Path(__file__).parents[2] / "examples"
EVERY = (
    "contrast.rank_difference",
    "contrast.p",
    "contrast.p_family",
    "contrast.p_harm",
    "contrast.tipping_delta",
    "before.rank_difference",
    "treated.mean",
    "similar.mean",
    "before_after.change",
    "before_after.p",
    "before_after.p_family",
    "background.expected",
    "background.seen",
)


@cache
def study(name):
    inputs = read_study(EXAMPLES / name)
    cohort = build_cohort(inputs.protocol, inputs.records, [s.records for s in inputs.similar])
    return cohort, build(inputs.protocol, cohort)


@cache
def answers(name, **options):
    return {e.id: e for e in marker_answers(*study(name), seed=7, **options)}


def test_every_measured_marker_has_every_figure_once():
    found = answers("virtual-balmys")
    markers = {i.split(".")[1] for i in found}
    assert {"crp", "ferritin", "ldh", "pf_ratio"} <= markers
    assert {i for i in found if ".day" not in i} == {f"marker.{m}.{how}" for m in markers for how in EVERY}
    assert {i for i in found if i.startswith("marker.crp.") and i.endswith(".day3")} == {
        f"marker.crp.{how}.day3" for how in EVERY[:4]
    }
    ids = [e.id for e in marker_answers(*study("virtual-balmys"), seed=7)]
    assert len(ids) == len(set(ids))


def test_the_figures_are_those_of_the_estimator():
    found, result = answers("virtual-balmys"), marker_course(marker_courses(*study("virtual-balmys")), seed=7)
    contrast = next(c for c in result.contrasts if (c.marker, c.offset) == ("ldh", 7))
    change = next(c for c in result.changes if (c.marker, c.offset) == ("ldh", 7))
    assert found["marker.ldh.contrast.p"].value == contrast.p
    assert found["marker.ldh.contrast.p_family"].value == contrast.p_family >= contrast.p
    assert found["marker.ldh.contrast.rank_difference"].value == contrast.rank_difference
    assert found["marker.ldh.similar.mean"].value == contrast.controls.mean
    assert found["marker.ldh.before_after.p"].value == change.p


def test_only_the_contrast_on_the_last_day_is_a_second_figure():
    for e in answers("virtual-balmys").values():
        if e.role is Role.SECOND:
            assert ".contrast." in e.id and not e.id.endswith((".day3", ".p_harm"))
        if ".before_after." in e.id:
            assert e.role is Role.REFUSED and "never an effect" in e.assumptions[0]
        if ".background." in e.id:
            assert e.role is Role.BACKGROUND


def p_of_the_family(found):
    """The known p over all markers and days."""
    return [e.value for e in found.values() if e.id.endswith(".contrast.p_family") and e.value is not None]


@pytest.mark.parametrize(
    ("confounders", "known"), [(("age", "sofa_total"), 7), (("age", "sofa_total", "pf_ratio", "corticosteroid"), 5)]
)
def test_cells_that_do_nothing_move_no_marker_among_the_equally_ill(confounders, known):
    protocol, (cohort, _) = read_study(EXAMPLES / "virtual-balmys").protocol, study("virtual-balmys")
    named = tuple(c for c in protocol.confounder if c.name in confounders)
    matched = match(replace(protocol, confounder=named), cohort)
    found = marker_answers(cohort, replace(matched.built, data=matched.data), seed=7)
    p = p_of_the_family({e.id: e for e in found})
    assert len(p) == known and min(p) > 0.05


def test_on_the_day_alone_who_was_treated_for_being_less_ill_looks_helped():
    """Why the contrast is read among the equally ill: cells that do nothing, given sooner to the less severe."""
    found = answers("virtual-balmys")
    p = p_of_the_family(found)
    assert len(p) >= 6 and min(p) < 0.05
    assert all(found[f"marker.{m}.before.rank_difference"].value > 0.3 for m in ("sofa_total", "ferritin", "ldh"))


def test_lymphocytes_under_steroids_are_told_unreadable():
    e = answers("virtual-balmys")["marker.lymphocytes.contrast.p"]
    assert e.value is None and e.status is Status.TOO_FEW and "Unreadable in 6 treated: corticosteroid" in e.remedy
    assert "another drug hides it: 6" in e.method


def test_with_a_treated_patient_alone_the_matched_part_is_a_sensitivity():
    cohort, built = study("virtual-balmys")
    sets = built.data.sets
    first = sets["set_id"] == 0
    alone = sets.filter(first)[:1].with_columns(pl.lit(None, pl.Int32).alias("control"))
    data = replace(built.data, sets=pl.concat([alone, sets.filter(~first)]))
    found = {e.id: e for e in marker_answers(cohort, replace(built, data=data), seed=7)}
    p = found["marker.ldh.contrast.p"]
    assert p.value is not None and p.n == 12 and p.role is Role.SENSITIVITY and "left out, no control: 1" in p.method
    assert found["marker.lymphocytes.contrast.p"].value is None
    assert not [e.id for e in found.values() if e.role is Role.SECOND and e.value is not None]


def test_labels_stand_in_both_languages_and_name_the_day_and_where_patients_are():
    found = answers("virtual-balmys")
    assert all(e.label and e.label_es and e.label != e.label_es for e in found.values())
    assert "day 3" in found["marker.crp.contrast.p.day3"].label
    assert "día 7" in found["marker.crp.contrast.p"].label_es
    mean = found["marker.crp.treated.mean"]
    assert "ventilated, " in mean.label and "dead" in mean.label and "muertos" in mean.label_es
    assert mean.unit == "mg/L" and "geometric" in mean.label
    assert "geometric" not in found.get("marker.sofa_total.treated.mean", found["marker.crp.contrast.p"]).label


def test_every_refused_figure_says_what_to_do():
    for e in answers("virtual-balmys").values():
        assert (e.value is None) == (e.status is not Status.OK) == bool(e.remedy)


def test_a_study_without_markers_gets_no_figure():
    assert answers("stanford-heart") == {}


def test_one_day_alone_has_bare_ids():
    found = answers("virtual-balmys", offsets=(5,))
    assert not [i for i in found if ".day" in i] and "day 5" in found["marker.crp.contrast.p"].label


def test_without_controls_the_contrast_is_refused_and_the_change_described():
    cohort, built = study("virtual-balmys")
    alone = built.data.sets.unique("set_id", maintain_order=True).with_columns(pl.lit(None, pl.Int32).alias("control"))
    found = {e.id: e for e in marker_answers(cohort, replace(built, data=replace(built.data, sets=alone)), seed=7)}
    p = found["marker.ldh.contrast.p"]
    assert p.value is None and p.status is Status.ONE_ARM and "similar cases" in p.remedy
    assert found["marker.ldh.before_after.p"].value == pytest.approx(
        answers("virtual-balmys")["marker.ldh.before_after.p"].value
    )
