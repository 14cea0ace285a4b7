"""The page of the reporting tables, and the two diagrams of the annex."""

import io
import re
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from other_examples import EXAMPLES
from page_reading import read_page
from rich.console import Console

from onearm import report
from onearm.report.design_diagram import design_diagram
from onearm.report.drawing import WIDTH
from onearm.report.flow_diagram import flow_diagram
from onearm.report.page import render
from onearm.report.pdf import pdf_of
from onearm.report.reporting_page import REPORTING, filled_text, render_reporting, reporting_tables
from onearm.report.terminal import print_verdict
from onearm.report.words import Words
from onearm.results.attrition import AttritionRow
from onearm.results.encoding import from_json, to_json
from onearm.results.reporting import DesignWindow, RowStatus, StudyDesign
from onearm.results.study_result import StudyResult
from onearm.sources.study_folder import read_study
from onearm.study.analyse import analyse
from onearm.study.appraise import appraise

ROOT = Path(__file__).parents[2] / "examples"
RUNS = {"balmys19": appraise, "virtual-balmys": analyse, "stanford-heart": analyse}
CASES = [(name, language) for name in RUNS for language in ("en", "es")]
DESIGN = StudyDesign(
    "ventilation",
    "first infusion",
    28,
    1,
    4.0,
    13,
    18.0,
    (
        DesignWindow("entry", "untreated until then", "sin tratar hasta entonces", -13, 0),
        DesignWindow("lookback", "age: known on arrival", "edad: conocida al ingreso", None, 0),
        DesignWindow("lookback", "ECMO: within 1 day", "ECMO: en 1 día", -1, 0),
        DesignWindow("index", "first infusion", "primera infusión", 0, 0),
        DesignWindow("follow_up", "follow-up to day 28", "seguimiento hasta el día 28", 0, 28),
    ),
)


@cache
def result(name):
    return RUNS[name](read_study(ROOT / name))


@cache
def page(name, language):
    return render_reporting(result(name), language)


def text_of(html):
    return re.sub(r"\s+", " ", read_page(html).text.replace("\u00a0", " "))


def plain(text):
    return re.sub(r"\s+", " ", text.replace("\u00a0", " "))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_row_stands_on_the_page_with_value_source_and_status(case):
    said, words = text_of(page(*case)), Words(case[1])
    for row in result(case[0]).reporting:
        assert row.id in said and words.of(row, "text") in said, row.id
        assert plain(words.of(row, "value")) in said, row.id
        assert all(p in said for p in row.provenance), row.id
    statuses = {r.status for r in result(case[0]).reporting}
    titles = {t.text for t in read_page(page(*case)).all("title")}
    told = {"missing": words("reporting.missing"), "not applicable": words("reporting.not_applicable")}
    assert all(told[s] in titles for s in statuses - {RowStatus.FILLED})


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_page_carries_everything_and_its_ids_are_unique(case):
    tree = read_page(page(*case))
    assert not tree.all("script", "link", "img", "iframe", "object", "a")
    assert set(re.findall(r"https?://[^\s\"<]+", page(*case))) <= {"http://www.w3.org/2000/svg"}
    ids = re.findall(r'\bid="([^"]+)"', page(*case))
    assert len(ids) == len(set(ids))
    assert tree.all("html")[0].attributes["lang"] == case[1] and len(tree.all("h1")) == 1
    levels = [int(h.tag[1]) for h in tree.all("h1", "h2", "h3")]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(h.attributes.get("scope") in ("col", "row") for h in tree.all("th"))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_nothing_overflows_the_sheet(case):
    from weasyprint import HTML

    document = HTML(string=page(*case)).render()
    for sheet in document.pages:
        boxes = [b for b in sheet._page_box.descendants() if type(b).__name__ == "TextBox"]
        assert boxes
        assert max(b.position_x + b.width for b in boxes) <= sheet.width + 0.5


def test_spanish_has_no_english_word_of_the_catalogue():
    said = text_of(page("balmys19", "es"))
    assert "Tablas de información" in said and "falta:" in said
    assert "missing:" not in said and "not applicable" not in said


def test_neighbours_that_are_not_applicable_for_one_reason_share_a_line():
    tables = reporting_tables(result("balmys19").reporting, Words("en"))
    robins = tables[-1]
    assert [len(line.items) for line in robins.lines] == [1, 7]
    assert sum(len(line.items) for t in tables for line in t.lines) == len(result("balmys19").reporting)


def test_counts_leave_out_what_there_is_none_of():
    row = result("balmys19").reporting[0]
    assert filled_text((row, replace(row, status=RowStatus.MISSING)), Words("en")) == "1 filled, 1 missing"
    assert filled_text((row,), Words("es")) == "rellenos: 1"


def test_the_page_is_drawn_from_results_json_alone():
    again = from_json(to_json(result("virtual-balmys")), StudyResult)
    assert render_reporting(again) == page("virtual-balmys", "en")


def test_a_virtual_study_is_stamped():
    said = read_page(page("virtual-balmys", "en"))
    assert [d for d in said.all("div") if d.attributes.get("class") == "watermark"]
    assert "Nothing here is evidence" in said.text
    assert "VIRTUAL" not in page("stanford-heart", "en")


def test_hostile_text_stays_text():
    hostile = "<script>alert('x')</script> \"&{{ 7 * 7 }}"
    r = result("balmys19")
    changed = replace(r, reporting=tuple(replace(row, value=hostile, provenance=(hostile,)) for row in r.reporting))
    assert not read_page(render_reporting(changed)).all("script")


def test_the_page_can_be_printed():
    assert pdf_of(page("stanford-heart", "en")).startswith(b"%PDF")


def test_the_file_is_written_beside_the_verdict_and_named_in_it_and_in_the_terminal(tmp_path):
    r = result("balmys19")
    written = report.write(r, tmp_path, pdf=False)
    assert written.reporting == tmp_path / REPORTING
    assert written.reporting.read_text(encoding="utf-8") == page("balmys19", "en")
    counts = filled_text(r.reporting, Words("en"))
    assert f"Reporting tables: reporting.html ({counts})." in text_of(written.html.read_text(encoding="utf-8"))
    out = io.StringIO()
    print_verdict(r, Console(file=out, width=200), "en", written.html)
    assert f"Reporting tables: {written.reporting} ({counts})" in out.getvalue()


def test_without_rows_no_file_is_left_or_named(tmp_path):
    (tmp_path / REPORTING).write_text("of another result")
    written = report.write(EXAMPLES["balmys19"](), tmp_path, pdf=False)
    assert written.reporting is None and not (tmp_path / REPORTING).exists()
    assert REPORTING not in written.html.read_text(encoding="utf-8")


STEPS = (
    AttritionRow("clock", 163, 163, "day zero is recorded", "consta el día cero"),
    AttritionRow("treated", 163, 13, "the index treatment was given", "se administró el tratamiento"),
    AttritionRow("I1", 13, 12, "a rule " * 40, "una regla " * 40),
)


def svg(text):
    (figure,) = read_page(text).all("svg")
    return figure


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_flow_has_a_box_for_everybody_left_and_the_rule_on_each_arrow(language):
    figure = svg(flow_diagram(STEPS, Words(language)))
    said = [t.text for t in figure.all("text")]
    assert [s for s in said if s.isdigit()] == ["163", "163", "13", "12"]
    assert [s for s in said if s in ("clock", "treated", "I1")] == ["clock", "treated", "I1"]
    assert len(figure.all("rect")) == 4
    nobody = Words(language)("flow.nobody")
    assert sum(nobody in s for s in said) == 1
    assert "treated: 163 → 13" in figure.all("title")[0].text


def test_the_design_has_a_row_a_window_and_states_them_in_its_title():
    figure = svg(design_diagram(DESIGN, Words("en")))
    said = " ".join(t.text for t in figure.all("text"))
    assert all(day in said.split() for day in ("−13", "0", "7", "28"))
    assert "index day of the treated: 1 to 13, median 4" in said and "median followed 18 days" in said
    title = figure.all("title")[0].text
    assert title.startswith("Study design, day 0 is the day of first infusion, 28 days of follow-up")
    assert "ECMO: within 1 day" in title
    assert len(figure.all("rect")) == 4  # entry, two look-backs, follow-up; the index day is a diamond


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("last", [None, 0, 3, 400])
@pytest.mark.parametrize("horizon", [1, 28, 400])
def test_every_design_stays_inside_its_frame(language, last, horizon):
    windows = (*DESIGN.windows[:-1], replace(DESIGN.windows[-1], last=horizon))
    other = replace(DESIGN, start_last=last, horizon=horizon, windows=windows)
    figure = svg(design_diagram(other, Words(language)))
    for rect in figure.all("rect"):
        x, wide = float(rect.attributes["x"]), float(rect.attributes["width"])
        assert x >= 0 and wide >= 0 and x + wide <= WIDTH
    assert all(0 <= float(t.attributes["x"]) <= WIDTH for t in figure.all("text"))
    labels = [float(t.attributes["x"]) for t in figure.all("text") if re.fullmatch(r"−?\d+", t.text)]
    assert all(b - a >= 12 for a, b in pairwise(sorted(labels)))


def test_diagrams_stand_on_the_page_of_own_records_only():
    analysed = read_page(render(result("stanford-heart")))
    named = {f.attributes["aria-labelledby"] for f in analysed.all("svg")}
    assert {"flow-diagram-title", "design-diagram-title"} <= named
    assert "From screening to the analysis set" in analysed.text
    appraised = read_page(render(result("balmys19")))
    assert not {"flow-diagram-title", "design-diagram-title"} & {
        f.attributes["aria-labelledby"] for f in appraised.all("svg")
    }
    assert "ever in the state" in appraised.text  # its attrition stays a table
