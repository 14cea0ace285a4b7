"""Figures of virtual trials: what a reader sees, and that nobody can take them for patients."""

import re

import pytest
from page_reading import read_page
from virtual_example import CELLS, PHASE, RIDGE, STACKS, TORNADO, bands, chart, dose, figures

from onearm.report.assumption_bar import assumption_bar, tornado
from onearm.report.cell_places import cell_places
from onearm.report.drawing import INK, PAPER, WIDTH
from onearm.report.outcome_stack import outcome_stack
from onearm.report.phase_picture import phase_picture
from onearm.report.population_bands import population_bands
from onearm.report.ridge import ridge
from onearm.report.scale import Scale
from onearm.report.virtual_page import render_virtual
from onearm.report.ward_chart import ward_chart
from onearm.results.virtual_figures import AssumptionBar
from onearm.results.ward_chart import ChartEnd, ChartPoint, ChartSpan

ALL = {
    "ward chart": lambda: ward_chart(chart()),
    "bands": lambda: population_bands(bands()),
    "cells": lambda: cell_places(CELLS),
    "phase": lambda: phase_picture(PHASE),
    "outcomes": lambda: outcome_stack(STACKS),
    "ridge": lambda: ridge(RIDGE),
    "assumption bar": lambda: assumption_bar(AssumptionBar(20, 2, 62)),
    "tornado": lambda: tornado(TORNADO),
}


def shapes(svg, tag):
    return [e.attributes for e in read_page(svg).all(tag)]


def said(svg):
    return [e.text for e in read_page(svg).all("text")]


@pytest.mark.parametrize("name", ALL)
def test_every_figure_says_virtual_across_it_and_in_its_title(name):
    svg = ALL[name]()
    stamps = [e for e in read_page(svg).all("text") if e.text == "VIRTUAL"]
    assert len(stamps) == 1 and float(stamps[0].attributes["font-size"]) >= 20
    (title,) = read_page(svg).all("title")
    assert "VIRTUAL" in title.text and read_page(svg).all("svg")[0].attributes["role"] == "img"
    assert svg == ALL[name]()


@pytest.mark.parametrize("name", ALL)
def test_no_word_is_smaller_than_the_page_allows_or_starts_outside(name):
    for text in read_page(ALL[name]()).all("text"):
        assert float(text.attributes["font-size"]) >= 9
        assert 0 <= float(text.attributes["x"]) <= WIDTH


@pytest.mark.parametrize(("comparator", "is_open"), [("=", False), ("<", True), (">", True), ("<=", True)])
def test_a_value_beyond_the_limit_of_the_assay_is_open(comparator, is_open):
    svg = ward_chart(chart(points=(ChartPoint(3.0, 99.0, comparator),), lines=False))
    drawn = [c for c in shapes(svg, "circle") if float(c["r"]) == 2.2]
    assert [c["fill"] for c in drawn] == [PAPER if is_open else INK]
    assert f"{'' if comparator == '=' else comparator}99 on day 3.0" in read_page(svg).all("desc")[0].text


def test_an_arrow_points_where_the_true_value_lies():
    def tips(comparator, value=99.0):
        svg = ward_chart(chart(points=(ChartPoint(3.0, value, comparator),), lines=False))
        found = [re.match(r"M\S+ (\S+) V(\S+)", p["d"]) for p in shapes(svg, "path")]
        return [float(m[1]) > float(m[2]) for m in found if m][1:]  # the first is the key's; True: upwards

    assert tips(">") == [True] and tips("<") == [False] and tips("=") == []
    assert tips("=", 900.0) == [True]  # beyond the axis, though a number


def test_lines_of_truth_and_twin_stand_only_where_they_are_known():
    with_lines, without = said(ward_chart(chart())), said(ward_chart(chart(lines=False)))
    assert "true course" in with_lines and "the same patient untreated" in with_lines
    assert "Untreated twin: died, day 5.4" in with_lines
    assert not any("twin" in t or "true course" in t or "untreated" in t for t in without)


def test_a_twin_that_is_the_same_is_said_and_not_drawn():
    other, same = ward_chart(chart()), ward_chart(chart(same=True))
    assert "untreated twin: the same line" in said(same)
    assert len(shapes(same, "path")) == len(shapes(other, "path")) - 1


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_every_infusion_is_a_tick_with_its_dose_and_lot(count):
    svg = ward_chart(chart(infusions=tuple(dose(2.0 + 3 * k, k + 1, f"LOT-{k}") for k in range(count))))
    assert [t for t in said(svg) if t.startswith("dose ")] == [f"dose {k + 1}: LOT-{k}" for k in range(count)]
    assert ("no infusion" in read_page(svg).all("title")[0].text) == (count == 0)


def test_labels_of_close_infusions_stand_in_rows_of_their_own():
    svg = ward_chart(chart(infusions=(dose(2.0, 1), dose(3.0, 2), dose(28.9, 3, whole=False))))
    rows = {e.text: float(e.attributes["y"]) for e in read_page(svg).all("text") if e.text.startswith("dose ")}
    assert rows["dose 1: VLOT-01"] < rows["dose 2: VLOT-01"]  # above it: no tick runs through its words
    assert "dose 3: VLOT-01, not whole" in rows


def test_the_end_is_told_in_words_wherever_the_axis_ends():
    svg = ward_chart(chart(end=ChartEnd("died", 70.5), breathing=(ChartSpan("ventilated", 0.0, 70.5, False),)))
    assert "End: died, day 70.5" in said(svg)
    assert all(float(r["x"]) + float(r["width"]) <= WIDTH for r in shapes(svg, "rect"))


def test_a_real_patient_carries_no_stamp():
    svg = ward_chart(chart(virtual=False, lines=False))
    assert "VIRTUAL" not in svg


def test_a_drug_that_is_not_recorded_is_said():
    assert said(ward_chart(chart())).count("none recorded") == 2


def test_the_dead_grow_below_the_middle_panel_only():
    texts = said(population_bands(bands()))
    assert "dead 30%" in texts and sum(t.startswith("dead ") for t in texts) == 1
    assert "among the dead (n 20)" in population_bands(bands())


def test_stacked_areas_of_the_cells_fill_the_panel():
    areas = [p["d"] for p in shapes(cell_places(CELLS), "path") if p["d"].endswith("Z") and "fill" in p][-4:]
    tops = [re.findall(r"(\S+) (\S+?)(?= L| Z)", d.removeprefix("M"))[:4] for d in areas]
    highest = {y for _, y in tops[-1]}
    assert len(highest) == 1  # lung, organs, blood and the lost add to the whole dose at every time


def test_areas_bars_and_lines_differ_without_colour():
    cells = cell_places(CELLS)
    assert cells.count("<pattern ") == 2 and cells.count("stroke-dasharray") >= 3
    assert outcome_stack(STACKS).count("<pattern ") == 1
    phase = shapes(phase_picture(PHASE), "path")
    assert len({p.get("stroke-dasharray") for p in phase if p.get("fill") == "none"}) >= 3


def test_outcomes_tell_all_three_shares():
    assert "20% dead, 50% ventilated, 30% off the ventilator" in outcome_stack(STACKS)
    assert {"dead 20%", "ventilated 50%", "off 30%"} <= set(said(outcome_stack(STACKS)))


def test_a_ridge_is_darkest_where_the_belief_is():
    svg = ridge(RIDGE)
    cells = [r["fill"] for r in shapes(svg, "rect") if r["fill"].startswith("#")]
    assert cells.count("#3c4650") == 6 and cells.count("#a9b6c1") == 2  # 4 of the prior, 1 of the posterior, the key
    assert {"emax", "EC50, million cells per kg", "before the data", "after the data"} <= set(said(svg))


def test_a_tornado_says_where_nobody_comes_to_ventilation():
    texts = said(tornado(TORNADO))
    assert {"0: 10%", "8: 90%", "0.2: nobody", "3: 60%"} <= set(texts)


@pytest.mark.parametrize(
    ("scale", "most", "ticks"),
    [
        (Scale(0, 400, 0, 1), 5, (0, 100, 200, 300, 400)),
        (Scale(1, 3000, 0, 1, logarithmic=True), 5, (1, 10, 100, 1000)),
        (Scale(45, 500, 0, 1, logarithmic=True), 6, (50, 100, 200, 500)),
    ],
)
def test_ticks_are_round(scale, most, ticks):
    assert scale.ticks(most) == pytest.approx(ticks)
    assert scale.at(scale.low) == 0 and scale.at(scale.high) == 1
    assert scale.at(1e9) == 1 and scale.beyond(1e9) == 1 and scale.at(-5) == 0 and scale.beyond(-5) == -1


def test_the_page_opens_with_what_it_is_and_what_it_is_not_for():
    page = read_page(render_virtual(figures()))
    (head,) = page.all("h1")
    assert head.text == "VIRTUAL - nobody on this page exists"
    text = page.text
    for told in ("it predicts no patient", "62 of 84", "Not modelled", "gives no level", "the choice of a dose"):
        assert told in text
    assert text.index("the choice of a dose") < text.index("How much of this is assumed")
    assert "In this world the cells do nothing." in text
    assert not re.search(r"\bL[0-4]\b", text)


def test_every_figure_has_its_sentence_and_every_name_is_used_once():
    html = render_virtual(figures(wards=(chart(),)))
    page = read_page(html)
    sections = [s for s in page.all("section") if s.all("figure")]
    assert len(sections) == 7 and all(s.text.count("How to read it:") == 1 for s in sections)
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert not re.search(r'(src|href)="', html)


def test_a_trial_without_infused_and_without_ridge_has_no_such_section():
    page = render_virtual(figures(wards=(), ridge=None))
    assert "One patient at a time" not in page and 'id="ridge"' not in page


def test_an_effect_that_was_put_in_is_called_that():
    from dataclasses import replace

    given = figures()
    assert "was put in; it was not found" in render_virtual(replace(given, about=replace(given.about, emax=2.0)))
