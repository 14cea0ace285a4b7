import re
from dataclasses import replace
from importlib.resources import files
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from other_examples import EXAMPLES
from page_reading import read_page

from onearm.report.drawing import BLUE, GREY, INK, LIGHT, PAPER, RED
from onearm.report.page import render
from onearm.report.printed import interval_text, value_text
from onearm.report.words import Words
from onearm.results.charts import Charts
from onearm.results.encoding import from_json, to_json
from onearm.results.study_result import StudyResult

CASES = [(name, language) for name in EXAMPLES for language in ("en", "es")]
PAGES = {(name, language): render(EXAMPLES[name](), language) for name, language in CASES}
BALMYS = PAGES["balmys19", "en"]
CSS = files("onearm.report").joinpath("templates/page.css").read_text(encoding="utf-8")


def text_of(html):
    return re.sub(r"\s+", " ", read_page(html).text.replace("\u00a0", " "))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_page_carries_everything_and_runs_nothing(case):
    page = read_page(PAGES[case])
    assert not page.all("script", "link", "img", "iframe", "object", "a")
    assert not [a for e in page.all("svg", "div", "p") for a in e.attributes if a.startswith("on")]
    assert set(re.findall(r"https?://[^\s\"<]+", PAGES[case])) <= {"http://www.w3.org/2000/svg"}
    assert "url(" not in PAGES[case] and "@import" not in PAGES[case]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_page_names_its_language_and_has_one_title_and_one_first_heading(case):
    page = read_page(PAGES[case])
    assert page.all("html")[0].attributes["lang"] == case[1]
    assert len(page.all("h1")) == 1
    levels = [int(h.tag[1]) for h in page.all("h1", "h2", "h3")]
    assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_figure_is_an_image_with_a_title_and_ids_are_unique(case):
    page = read_page(PAGES[case])
    for figure in page.all("svg"):
        assert figure.attributes["role"] == "img"
        (title,) = figure.all("title")
        assert figure.attributes["aria-labelledby"] == title.attributes["id"]
        assert title.text.strip()
    ids = re.findall(r'\bid="([^"]+)"', PAGES[case])
    assert len(ids) == len(set(ids))


def test_the_figures_state_their_numbers_in_words():
    titles = {
        f.attributes["aria-labelledby"]: f.all("title")[0].text.replace("\u00a0", " ")
        for f in read_page(BALMYS).all("svg")
    }
    assert (
        titles["icons-title"] == "13 treated patients: 2 dead; 7 extubated; 4 still ventilated when the report closed"
    )
    assert "2/13, 15.4 %, 1.9 to 45.4 %" in titles["death-0-title"]
    assert "Seen: 2; worst case: 6" in titles["null-histogram-title"]
    assert "156 of 437 open" in titles["incidence-from-entry-title"]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_header_cell_has_a_scope(case):
    assert all(h.attributes.get("scope") in ("col", "row", "rowgroup") for h in read_page(PAGES[case]).all("th"))


def test_no_type_is_smaller_than_nine_points():
    sizes = [float(s) for page in PAGES.values() for s in re.findall(r'font-size="([\d.]+)"', page)]
    sizes += [float(s) for s in re.findall(r"(?:font-size:|font:)\s*([\d.]+)pt", CSS)]
    assert len(sizes) > 100 and min(sizes) >= 9


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_words_stand_out_from_what_is_behind_them():
    written = set(re.findall(r"(?<![-\w])color:\s*(#[0-9a-f]{6})", CSS)) - {"#8a9199"}  # the watermark
    assert len(written) >= 2
    assert all(contrast(c, PAPER) >= 4.5 for c in (*written, INK, GREY, BLUE, RED))
    assert all(
        contrast(*pair) >= 4.5
        for pair in ((INK, LIGHT), (PAPER, INK), (PAPER, BLUE), (INK, "#f1f4f7"), (GREY, "#f1f4f7"))
    )


def test_the_verdict_comes_first_and_the_slots_keep_their_order():
    said = text_of(BALMYS)
    order = [
        "Two of 13 had died and four were unresolved",
        "expected in 29 of 100",
        "In plain words",
        "The 13 treated patients",
        "Deaths, beside similar cases",
        "If the treatment did nothing",
        "What would settle it",
        "Similar cases and published cohorts",
        "Trials with two arms",
        "Where it breaks",
        "Public sentences",
        "When treatment began",
        "Safety",
        "0 of 12 met",
        "Flags",
        "Where the numbers come from",
        "Research use. Not a medical device.",
    ]
    assert [said.index(s, said.index("Two of 13")) for s in order] == sorted(
        said.index(s, said.index("Two of 13")) for s in order
    )


def test_deaths_are_told_three_ways_and_similar_cases_beside_them():
    said = text_of(BALMYS)
    for line in (
        "15.4 % (1.9 to 45.4 %)",
        "46.2 % (19.2 to 74.9 %)",
        "22.2 % (2.8 to 60.0 %)",
        "24.1 %",
        "38.0 %",
        "39.3 %",
        "86.7 %",
    ):
        assert line in said
    struck = [r.text for r in read_page(BALMYS).all("tr") if r.attributes.get("class") == "struck"]
    assert len(struck) == 2 and "Dead among resolved" in struck[0] and "ended stays" in struck[1]


def test_similar_cases_that_are_a_proxy_say_so_beside_the_histogram():
    assert "Similar cases are severe, not proven ventilated." in text_of(BALMYS)
    assert "not proven ventilated" not in text_of(PAGES["analysed", "en"])


def test_the_chance_beside_a_cohort_never_stands_without_the_worst_case_and_the_similar_cases():
    (table,) = [t for t in read_page(BALMYS).all("table") if t.attributes.get("class") == "cohorts"]
    rows = [[c.text for c in r.all("td")] for r in table.all("tr") if r.all("td")]
    assert len(rows) == 15
    for counts, seen, worst, similar in rows:
        assert similar == "0.287"
        assert (seen == "–") == (worst == "–"), counts
    usual = next(r for r in table.all("tr") if "recovery2021_usual_care" in r.text)
    assert [c.text.replace("\u00a0", " ") for c in usual.all("td")] == ["283/683 41.4 %", "0.0470", "0.737", "0.287"]


def test_cohorts_that_favour_the_treatment_are_marked_and_refused_ones_hollow_with_their_reason():
    page = read_page(BALMYS)
    assert "recovery2021_usual_care†" in page.text and "† favours the treatment" in page.text
    hollow = [r for r in page.all("tr") if r.attributes.get("class") == "hollow"]
    assert len(hollow) == 6 and all(r.all("svg") for r in hollow)
    assert "831 of 1151 unresolved" in hollow[0].text


def test_every_public_sentence_stands_on_the_page_with_its_answer():
    result, said = EXAMPLES["balmys19"](), text_of(BALMYS)
    assert len(result.public_claims) == 38
    for claim in result.public_claims:
        assert claim.claim_id in said and claim.claim in said
    assert "11 supported, 5 wrong, 22 cannot be assessed" in said


def test_the_trial_says_no_difference_shown():
    row = next(r for r in read_page(BALMYS).all("tr") if "bowdish2023" in r.text and "42/112" in r.text)
    assert "no difference shown" in row.text and "0.88 (0.64 to 1.21)" in row.text and "0.494" in row.text


def test_every_gate_stands_on_one_line_with_its_mark_and_reason():
    result = EXAMPLES["analysed"]()
    rows = {
        r.all("th")[0].text.split()[0]: r
        for r in read_page(PAGES["analysed", "en"]).all("tr")
        if r.all("th") and re.match(r"G\d", r.all("th")[0].text)
    }
    for gate in result.gates:
        assert gate.reason in rows[gate.id].text.replace("\u00a0", " ")
        assert rows[gate.id].all("title")[0].text == ("met" if gate.passed else "not met")


def test_an_analysis_tells_expected_deaths_both_ways_and_the_naive_ratio_struck_through():
    said = text_of(PAGES["analysed", "en"])
    assert "Between 1 more and 7 fewer deaths of 13" in said
    assert "Exact p, one-sided" in said and "0.165" in said and "0.183" in said
    assert "not computed yet" in said
    struck = [r.text for r in read_page(PAGES["analysed", "en"]).all("tr") if r.attributes.get("class") == "struck"]
    assert len(struck) == 1 and "0.27 (0.17 to 0.43)" in struck[0]


def test_an_appraisal_has_no_patient_level_block():
    assert "Against similar patients on the same day" not in text_of(BALMYS)


def test_spanish_prints_a_decimal_comma_and_no_english_sentence_of_the_verdict():
    said = text_of(PAGES["balmys19", "es"])
    assert "15,4 % (1,9 a 45,4 %)" in said and "0,287" in said
    assert "Dos de 13 habían muerto" in said and "Two of 13" not in said


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_virtual_study_is_stamped_on_the_page_and_on_every_figure_and_has_no_level(language):
    html = PAGES["virtual", language]
    page = read_page(html)
    assert [d for d in page.all("div") if d.attributes.get("class") == "watermark" and d.text == "VIRTUAL"]
    figures = [f for f in page.all("svg") if float(f.attributes["width"].removesuffix("pt")) > 10]
    assert len(figures) >= 8
    assert all(any(t.text == "VIRTUAL" for t in f.all("text")) for f in figures)
    assert ("Virtual, no level" if language == "en" else "Virtual, sin nivel") in page.text
    bar = next(f for f in page.all("svg") if f.attributes["aria-labelledby"] == "level-bar-title")
    assert INK not in {r.attributes["fill"] for r in bar.all("rect")}


@pytest.mark.parametrize("name", [n for n in EXAMPLES if n != "virtual"])
def test_a_real_study_carries_no_stamp(name):
    assert "VIRTUAL" not in PAGES[name, "en"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_page_is_drawn_from_results_json_alone(name):
    result = EXAMPLES[name]()
    again = from_json(to_json(result), StudyResult)
    assert again == result
    assert render(again) == PAGES[name, "en"]


@settings(deadline=None, max_examples=30)
@given(data=st.data(), name=st.sampled_from(["balmys19", "analysed"]), language=st.sampled_from(["en", "es"]))
def test_a_missing_estimate_or_figure_never_stops_a_page(data, name, language):
    result = EXAMPLES[name]()
    kept = data.draw(st.sets(st.sampled_from([e.id for e in result.estimates])))
    empty = Charts()
    lost = data.draw(st.sets(st.sampled_from(sorted(Charts.__dataclass_fields__))))
    charts = replace(result.charts, **{f: getattr(empty, f) for f in lost})
    part = replace(result, estimates=tuple(e for e in result.estimates if e.id in kept), charts=charts)
    assert read_page(render(part, language)).all("h1")


@pytest.mark.parametrize("case", [c for c in CASES if c[0] in ("balmys19", "analysed")], ids=str)
def test_every_estimate_with_a_value_is_printed(case):
    said, words = text_of(PAGES[case]), Words(case[1])
    for estimate in EXAMPLES[case[0]]().estimates:
        if estimate.value is None or estimate.id.startswith("claims."):
            continue
        printed = value_text(estimate, words).replace("\u00a0", " ")
        if estimate.id.startswith("null_predictive.mass."):
            printed = words.of_100(estimate.value)
        assert printed in said, estimate.id
        assert interval_text(estimate, words).replace("\u00a0", " ") in said, estimate.id


def test_hostile_text_stays_text():
    hostile = "<script>alert('x')</script> \"&{{ 7 * 7 }}"
    result = EXAMPLES["balmys19"]()
    rows = tuple(replace(c, name=hostile, place=hostile, reasons=(hostile,)) for c in result.comparators)
    changed = replace(
        result,
        study=hostile,
        about=replace(result.about, title=hostile, product=hostile, place=hostile, clock=hostile, index=hostile),
        comparators=rows,
        estimates=tuple(replace(e, label=hostile, source=hostile) for e in result.estimates),
        charts=replace(result.charts, incidence=tuple(replace(c, label=hostile) for c in result.charts.incidence)),
    )
    page = read_page(render(changed))
    assert not page.all("script")
    assert hostile in page.all("h1")[0].text
