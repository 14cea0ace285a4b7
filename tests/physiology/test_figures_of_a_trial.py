"""Figure values: what a reader sees on a chart stands in the records or in the courses, and nowhere else."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from drawn_trial import SMALL, WORKS, trial
from scipy.linalg import expm

from onearm.physiology.figures.figure_values import (
    cell_places,
    first_infusion,
    outcome_stacks,
    phase_picture,
    population_bands,
)
from onearm.physiology.figures.tornado import tornado
from onearm.physiology.figures.virtual_figures import draw_figures
from onearm.physiology.figures.ward_charts import ward_charts
from onearm.physiology.hospital.draw import DrawnTrial, draw_courses
from onearm.physiology.host.cells import CellRates, cell_amounts, cell_label
from onearm.physiology.host.parameters import Standing, default_parameters
from onearm.physiology.host.patient import Courses
from onearm.physiology.host.phase import attractors, boundary
from onearm.physiology.purpose import Purpose
from onearm.records import Records

REGISTRY = default_parameters()


def charts(world=SMALL, purpose=Purpose.TEACHING, **changed):
    """Ward charts of the small trial, some tables changed."""
    records, given, untreated = trial(world)
    if changed:
        records = Records.of(dict(records.tables) | changed, provenance="virtual")
    return ward_charts(DrawnTrial(records, replace(given, purpose=purpose), untreated))


def markers(chart):
    return {m.name: m for s in chart.strips for m in s.markers}


def test_the_treated_are_drawn_and_at_most_so_many():
    records, *_ = trial(SMALL)
    treated = records["infusions"]["subject_id"].unique().sort().to_list()
    assert [c.person for c in charts()] == treated and treated
    assert ward_charts(draw_courses(SMALL, seed=7, purpose=Purpose.TEACHING), most=2) == charts()[:2]


def test_every_recorded_number_is_a_point_at_its_day():
    records, *_ = trial(SMALL)
    chart = charts()[0]
    rows = records["measurements"].filter(subject_id=chart.person, marker="crp").sort("collected_at")
    zero = records["subjects"].filter(subject_id=chart.person)["ventilated_at"][0]
    points = markers(chart)["CRP"].points
    assert [p.value for p in points] == [float(v) for v in rows["value"]]
    assert [p.day for p in points] == [(t - zero) / timedelta(days=1) for t in rows["collected_at"]]


def test_a_value_beyond_a_limit_keeps_its_sign_and_a_sample_without_number_is_no_point():
    records, *_ = trial(SMALL)
    who = charts()[0].person
    mine = (pl.col("subject_id") == who) & (pl.col("marker") == "il6")
    first = records["measurements"].filter(mine).sort("collected_at")["measurement_id"][:2].to_list()
    beyond, empty = (pl.col("measurement_id") == i for i in first)
    changed = records["measurements"].with_columns(
        comparator=pl.when(beyond).then(pl.lit("<")).otherwise(pl.col("comparator").cast(pl.String)),
        value=pl.when(empty).then(None).otherwise(pl.col("value")),
    )
    before, after = (markers(c[0])["IL-6"].points for c in (charts(), charts(measurements=changed)))
    assert after[0].comparator == "<" and {p.comparator for p in after[1:]} == {"="}
    assert len(after) == len(before) - 1


@pytest.mark.parametrize("purpose", Purpose)
def test_truth_and_twin_are_drawn_for_teaching_and_design_only(purpose):
    shown = purpose in (Purpose.TEACHING, Purpose.DESIGN)
    for chart in charts(purpose=purpose):
        assert all((m.truth is not None) == (m.twin is not None) == shown for m in markers(chart).values())
        assert (chart.twin_end is not None) == shown


def test_cells_without_effect_leave_the_twin_where_it_was_and_with_one_they_do_not():
    assert all(c.twin_is_the_same for c in charts())
    different = [c for c in charts(WORKS) if not c.twin_is_the_same]
    assert different
    pf = markers(different[0])["P/F"]
    dose = different[0].infusions[0].day
    for day, value, twin in zip(pf.truth.day, pf.truth.value, pf.twin.value, strict=False):
        assert (value == pytest.approx(twin, rel=1e-9)) or day > dose


def test_several_infusions_of_one_patient_are_numbered_and_name_their_lots():
    records, *_ = trial(SMALL)
    one = records["infusions"].sort("subject_id").head(1)
    later = [pl.col(c) + pl.duration(days=3) for c in ("started_at", "stopped_at", "assessed_until_at")]
    second = one.with_columns(*later, infusion_id=pl.lit("X-I2"), dose_no=pl.lit(2, pl.Int64))
    doses = charts(infusions=pl.concat([records["infusions"], second]))[0].infusions
    assert [d.dose_no for d in doses] == [1, 2]
    assert doses[1].day == pytest.approx(doses[0].day + 3)
    assert doses[0].lot.startswith("VLOT-") and doses[1].lot == "?"  # no bag is recorded for it


def test_the_band_of_breathing_has_no_hole_and_ends_with_the_follow_up():
    for chart in charts():
        spans = chart.breathing
        assert spans[0].kind == "ventilated" and spans[0].start == 0
        for a, b in pairwise(spans):
            assert a.end == b.start and a.kind != b.kind
        last = spans[-1]
        assert last.end == pytest.approx(chart.end.day) or (last.end is None and last.ongoing)


def test_somebody_transferred_ends_there():
    records, *_ = trial(SMALL)
    who = charts()[0].person
    mine = pl.col("subject_id") == who
    row = records["outcomes"].filter(mine).head(1).with_columns(kind=pl.lit("transferred"))
    others = records["outcomes"].filter(~mine)
    changed = pl.concat([others.with_columns(pl.col("kind").cast(pl.String)), row])
    assert charts(outcomes=changed)[0].end.state == "transferred, not followed further"


def test_the_places_of_the_cells_add_to_the_dose_and_the_label_outlives_them():
    cells = cell_places(REGISTRY)
    total = np.sum([cells.lung, cells.organs, cells.blood, cells.dead], axis=0)
    assert total == pytest.approx(np.ones(total.size), abs=1e-12)
    assert cells.minute[0] == pytest.approx(1) and cells.minute[-1] == pytest.approx(14 * 1440)
    assert (np.array(cells.label_lung) >= np.array(cells.lung)).all()


def label_matrix(rates, c_l, c_o):
    """Mb, ML, MO, BL, BO as a linear system."""
    k_b, f_l, f_o, d_l, d_o, r_l, r_o = rates
    return np.array(
        [
            [-k_b, r_l, r_o, 0, 0],
            [f_l * k_b, -(r_l + d_l), 0, 0, 0],
            [f_o * k_b, 0, -(r_o + d_o), 0, 0],
            [0, d_l, 0, -c_l, 0],
            [(1 - f_l - f_o) * k_b, 0, d_o, c_l, -c_o],
        ]
    )


@pytest.mark.parametrize("c_o", [0.08, 0.21, 0.21 + 1e-9, 0.2101, 1.7])
def test_the_label_is_that_of_the_matrix_exponential_for_near_equal_rates_too(c_o):
    rates = CellRates(500.0, 0.6, 0.25, 1.0, 0.7, 0.8, 0.2)
    days = np.array([0.001, 0.1, 1.0, 4.0, 14.0])
    ours = cell_label(rates, 0.21, c_o, [[0.0, 0.0, 2.0, 1.0]], days)
    theirs = np.array([2 * expm(label_matrix(rates, 0.21, c_o) * d)[3:, 0] for d in days])
    assert np.abs(ours - theirs).max() < 1e-11


def test_label_and_cells_of_a_later_dose_add_and_nothing_is_there_before_it():
    rates = CellRates(500.0, 0.6, 0.25, 1.0, 0.7, 0.8, 0.2)
    one = cell_label(rates, 0.21, 0.08, [[0.0, 0.0, 1.0, 1.0]], [2.0, 5.0])
    two = cell_label(rates, 0.21, 0.08, [[0.0, 0.0, 1.0, 1.0], [3.0, 0.0, 1.0, 1.0]], [2.0, 5.0])
    assert two[0] == pytest.approx(one[0]) and two[1] == pytest.approx(one[1] + one[0], abs=1e-12)
    with pytest.raises(ValueError, match="at most an hour"):
        cell_label(rates, 0.21, 0.08, [[0.0, 0.5, 1.0, 1.0]], [1.0])


def test_the_label_leaves_the_lung_at_the_rate_read_in_people():
    value = dict(zip(REGISTRY.symbols, REGISTRY.medians, strict=True))
    rates = CellRates(value["k_b"], value["f_L"], (1 - value["f_L"]) * value["phi_O"],
                      *(value[s] for s in ("d_L", "d_O", "r_L", "r_O")))  # fmt: skip
    dose, days = [[0.0, 0.0, 1.0, 1.0]], [0.02, 10.0]
    seen = cell_amounts(rates, 2.0, dose, days)[:, 1] + cell_label(rates, value["c_L"], value["c_O"], dose, days)[:, 0]
    assert np.log(seen[0] / seen[1]) / 10 == pytest.approx(0.21, abs=0.01)
    organs = cell_places(REGISTRY)
    at_10_d = np.interp(14_400, organs.minute, organs.label_organs)
    assert 0.43 < at_10_d < 0.60


def test_the_model_rests_where_the_published_one_does():
    recovery, persistent, septic = attractors(REGISTRY)
    assert (recovery.n, recovery.d) == (0, 0)
    assert (persistent.n, persistent.d) == pytest.approx((0.635014057, 17.398955856), rel=1e-7)
    assert (septic.n, septic.d) == pytest.approx((0.980965625, 17.492523268), rel=1e-7)


def test_the_border_falls_with_the_phagocytes():
    border = boundary(REGISTRY, np.array([0.0, 0.1, 0.2, 0.5]))
    assert (np.diff(border[:3]) < 0).all() and border[3] == pytest.approx(0, abs=1e-3)


def test_states_add_to_one_and_the_infused_are_compared_with_themselves():
    _, given, untreated = trial(SMALL)
    everyone, infused, twins = outcome_stacks(given, untreated)
    for stack in (everyone, infused, twins):
        sums = np.sum([stack.ventilated, stack.off, stack.dead], axis=0)
        assert sums == pytest.approx(np.ones(29), abs=1e-12)
        assert stack.dead == tuple(sorted(stack.dead)) and stack.ventilated[0] == 1
    assert everyone.n == 30 and infused.n == twins.n == np.isfinite(first_infusion(given)).sum()
    assert infused.dead == twins.dead  # the cells do nothing here


def test_bands_count_the_ventilated_then_everyone_and_the_dead_stand_at_the_worse_end():
    _, given, _ = trial(SMALL)
    pf = population_bands(given)[0]
    seen, everyone, infused = pf.panels
    assert seen.n[0] == 30 and seen.n[-1] < 30
    assert set(everyone.n) == {30}
    assert everyone.dead[-1] == pytest.approx((given.death_day <= 28).mean())
    assert everyone.quantiles[0][-1] is None  # more than 5 % are dead: the lowest value is death
    assert infused.day[0] < 0 and infused.n[infused.day.index(0)] == np.isfinite(first_infusion(given)).sum()
    for panel in pf.panels:
        for k in range(len(panel.day)):
            known = [q[k] for q in panel.quantiles if q[k] is not None]
            assert known == sorted(known)


def test_a_path_ends_with_its_patient():
    _, given, _ = trial(SMALL)
    picture = phase_picture(given)
    assert len(picture.paths) == 30
    assert sum(p.outcome == "dead" for p in picture.paths) == (given.death_day <= 28).sum()
    assert max(len(p.n) for p in picture.paths if p.outcome == "dead") <= 29


@pytest.fixture(scope="module")
def figures():
    return draw_figures(SMALL, seed=7, purpose=Purpose.TEACHING)


def test_the_tornado_names_assumptions_only_the_widest_first(figures):
    rows, base = figures.tornado.rows, figures.tornado.risk
    standing = {r.symbol: r.standing for r in REGISTRY.records}
    assert rows and all(standing[r.symbol] is Standing.ASSUMPTION for r in rows)
    ends = [[base, *(e for e in (r.risk_low, r.risk_high) if e is not None)] for r in rows]
    widths = [max(e) - min(e) for e in ends]
    assert widths == sorted(widths, reverse=True) and 0 < base < 1
    assert not {r.symbol for r in rows} & {"EC50", "k_E", "d_L", "q", "z_age"}  # nothing acts here


def test_the_tornado_has_the_same_people_whatever_the_threads(figures):
    assert tornado(SMALL, seed=7, purpose=Purpose.TEACHING, threads=2) == figures.tornado


def test_the_figures_say_what_was_drawn_and_hold_no_courses(figures):
    about = figures.about
    assert (about.purpose, about.patients, about.emax) == ("teaching", 30, 0.0)
    assert about.treated == len(figures.wards) == figures.outcomes[1].n
    assert "assumptions" in about.assumptions and len(about.allowed) == len(Purpose)
    assert sum((figures.bar.published, figures.bar.derived, figures.bar.assumed)) == len(REGISTRY.records)
    assert not any(isinstance(getattr(figures, f), Courses) for f in figures.__slots__)


def test_figures_need_a_purpose():
    with pytest.raises(TypeError):
        draw_figures(SMALL, seed=7)
    with pytest.raises(TypeError, match="no Purpose"):
        draw_figures(SMALL, seed=7, purpose="teaching")


def test_nobody_infused_leaves_no_chart_and_no_panel_of_the_infused():
    figures = draw_figures(
        type(SMALL)(patients=12, hospitals=1, treat_per_day=0.0), seed=3, purpose=Purpose.METHOD_VALIDATION
    )
    assert figures.wards == () and len(figures.outcomes) == 1 and len(figures.bands[0].panels) == 2
    assert figures.about.treated == 0


def test_amounts_are_told_in_the_unit_of_the_records():
    records, *_ = trial(SMALL)
    chart = charts()[0]
    assert markers(chart)["D-dimer"].unit == "ug/L FEU" and markers(chart)["T cells"].unit == "cells/uL"
    truth = markers(chart)["T cells"].truth.value
    read = [float(v) for v in records["measurements"].filter(subject_id=chart.person, marker="t_cd3")["value"]]
    assert 0.3 < np.median(truth) / np.median(read) < 3
    assert isinstance(records["measurements"]["value"][0], Decimal)
