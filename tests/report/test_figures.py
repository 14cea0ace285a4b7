import pytest
from page_reading import read_page

from onearm.report.day_strips import day_strips, strip_legend
from onearm.report.drawing import BLUE, INK, LIGHT, PAPER, point
from onearm.report.icon_array import groups_of, icon_array
from onearm.report.incidence import incidence
from onearm.report.interval import Axis, interval_row
from onearm.report.level_bar import level_bar
from onearm.report.null_histogram import null_histogram
from onearm.report.start_days import start_days
from onearm.report.words import Words
from onearm.results.charts import DayStrip, IconArray, IncidenceCurve, NullHistogram, StartDays

EN = Words("en")
TENTHS = Axis(118.0, ((0.0, "0"), (1.0, "1")))


def shapes(svg, tag):
    return [e.attributes for e in read_page(svg).all(tag)]


@pytest.mark.parametrize(
    "icons", [IconArray(2, 7, 4, 0), IconArray(0, 40, 0, 0), IconArray(30, 30, 5, 4), IconArray(1, 0, 0, 0)]
)
def test_every_patient_is_one_person(icons):
    svg = icon_array(icons, "ventilation", EN)
    heads = [c for c in shapes(svg, "circle") if float(c["r"]) > 1.6]  # the legend's are smaller
    count = {fill: sum(c["fill"] == fill for c in heads) for fill in (INK, LIGHT)}
    assert len(heads) == icons.dead + icons.out + icons.open + icons.other
    assert count == {INK: icons.dead, LIGHT: icons.out}


def test_the_open_are_dashed_and_named_by_the_clock():
    svg = icon_array(IconArray(0, 0, 3, 0), "ventilation", EN)
    assert all("stroke-dasharray" in c for c in shapes(svg, "circle"))
    assert groups_of(IconArray(0, 0, 3, 0), "ventilation", EN)[0].label == "3 still ventilated when the report closed"
    assert groups_of(IconArray(0, 0, 1, 0), "listing", EN)[0].label == "1 outcome not known when follow-up closed"


def test_too_many_patients_are_told_in_words_alone():
    assert icon_array(IconArray(200, 200, 1, 0), "ventilation", EN) == ""
    assert icon_array(IconArray(0, 0, 0, 0), "ventilation", EN) == ""


@pytest.mark.parametrize("level", ["L0", "L1", "L2", "L3", "L4"])
def test_exactly_the_step_reached_is_filled(level):
    rects = shapes(level_bar(level, EN), "rect")
    assert [r["fill"] == INK for r in rects] == [name == level for name in ("L0", "L1", "L2", "L3", "L4")]


def test_an_interval_lies_where_its_numbers_say():
    svg = interval_row(TENTHS, "x", "x", 0.5, 0.25, 0.75, "treated")
    bar = next(line for line in shapes(svg, "line") if line["y1"] == line["y2"])
    assert (float(bar["x1"]), float(bar["x2"])) == (34.0, 84.0)
    (square,) = shapes(svg, "rect")
    assert float(square["x"]) + float(square["width"]) / 2 == 59.0


def test_a_logarithmic_axis_puts_its_middle_in_the_middle():
    axis = Axis(118.0, ((0.1, ""), (10.0, "")), logarithmic=True)
    assert axis.x(1.0) == pytest.approx(59.0)
    assert axis.x(0.0) == axis.x(0.1) == 9.0


def test_a_refused_form_is_hollow_and_dashed():
    svg = interval_row(TENTHS, "x", "x", 0.5, 0.25, 0.75, "refused")
    assert shapes(svg, "circle")[0]["fill"] == PAPER
    assert any("stroke-dasharray" in line for line in shapes(svg, "line"))


def test_bars_up_to_the_seen_count_are_dark_and_up_to_the_worst_case_tinted():
    bars = shapes(null_histogram(NullHistogram((0.1, 0.2, 0.3, 0.2, 0.1, 0.1), 1, 3), 5, EN), "rect")
    assert [b["fill"] for b in bars] == [INK, INK, LIGHT, LIGHT, PAPER, PAPER]
    heights = [float(b["height"]) for b in bars]
    assert heights[2] == max(heights) and heights[1] == pytest.approx(heights[3])


def test_a_histogram_with_nobody_open_has_one_pointer():
    svg = null_histogram(NullHistogram((0.5, 0.5), 0, 0), 1, EN)
    assert ">0 seen<" in svg and len(shapes(svg, "path")) == 1


def test_a_width_without_ends_is_not_put_on_the_axis():
    reported = start_days(StartDays(7, 12, None, None), EN, 160.0)
    assert not [r for r in shapes(reported, "rect") if r["fill"] == BLUE]
    assert "ends not reported" in reported
    assert [r for r in shapes(start_days(StartDays(7, 12, 2, 14), EN, 160.0), "rect") if r["fill"] == BLUE]


def test_a_strip_draws_each_run_once_and_a_tick_at_the_index_day():
    svg = day_strips((DayStrip("P1", 2, "VVVEED"),), EN)
    assert len(shapes(svg, "rect")) == 3
    assert "P1 from day 2" in svg
    assert (
        strip_legend((DayStrip("P1", 2, "VD"),), EN)
        == "V ventilated · D dead. The red tick is the day treatment began."
    )


def test_a_curve_tells_its_open_patients_and_its_last_day():
    curve = IncidenceCurve("x", "Somebody", "Alguien", (0, 1, 2), (0.0, 0.1, 0.2), (0.0, 0.3, 0.5), (20, 12, 6), 4)
    svg = incidence(curve, EN, 160.0, 1)
    assert "4 of 20 open" in svg
    assert "by day 2, 20.0\u00a0% dead and 50.0\u00a0% out" in svg


def test_coordinates_have_two_decimals_and_no_negative_zero():
    assert [point(v) for v in (1.0, 0.335, 12.346, -0.001, 100.0)] == ["1", "0.34", "12.35", "0", "100"]
