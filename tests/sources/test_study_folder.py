"""Study folders that read, the shipped ones first; awkward files that are legal read the same."""

import hashlib
from datetime import date

import pytest
from study_copies import EXAMPLES, copy, edit, read

from onearm.protocol.reported import ReadingStatus
from onearm.records import Provenance
from onearm.sources.study_folder import read_study
from onearm.study.checks import check_inputs


@pytest.mark.parametrize("example", ["balmys19", "remestemcel", "stanford-heart", "virtual-balmys"])
def test_every_shipped_example_reads_without_problems_or_notes(example):
    assert check_inputs(read_study(EXAMPLES / example)) == ()


def test_the_first_case_holds_a_series_similar_cases_cohorts_and_sentences():
    inputs = read_study(EXAMPLES / "balmys19")
    assert [inputs.series.count(k) for k in ("n", "dead", "open", "extubated")] == [13, 2, 4, 7]
    assert inputs.records is None and len(inputs.cohorts) == 22 and len(inputs.sentences) == 38
    assert [(s.name, s.source_id, s.clock, s.country) for s in inputs.similar] == [
        ("israel", "ISRAEL-2020", "severe_state", "IL")
    ]
    assert inputs.similar[0].dates == "2020-03 to 2020-05"


def test_a_trial_stands_beside_a_series():
    inputs = read_study(EXAMPLES / "remestemcel")
    assert [(t.report, t.control_n, t.control_open) for t in inputs.trials] == [("bowdish2023", 110, None)]


def test_records_carry_where_they_come_from():
    assert read_study(EXAMPLES / "stanford-heart").records.provenance is Provenance.FILE
    assert read_study(EXAMPLES / "virtual-balmys").records.provenance is Provenance.VIRTUAL


def test_the_protocol_has_the_hash_of_its_file_and_the_inputs_that_of_every_file_read():
    folder = EXAMPLES / "balmys19"
    inputs = read_study(folder)
    assert inputs.protocol.sha256 == hashlib.sha256((folder / "study.toml").read_bytes()).hexdigest()
    assert list(inputs.files) == [
        "study.toml",
        "reported.toml",
        "claims.csv",
        "comparators/published.csv",
        "comparators/israel/israel_covid_hospitalised.csv",
        "comparators/israel/mapping.toml",
        "comparators/israel/source.toml",
    ]
    assert all(inputs.files[n] == hashlib.sha256((folder / n).read_bytes()).hexdigest() for n in inputs.files)


def test_a_rule_is_read_as_it_stands():
    rules = {r.id: r for r in read_study(EXAMPLES / "balmys19").protocol.population.rules}
    assert (rules["I4"].marker_or_state, rules["I4"].op, rules["I4"].value, rules["I4"].unit) == (
        "pf_ratio",
        "<",
        200,
        "mmHg",
    )
    assert rules["E4"].value is True and rules["E4"].missing == "include_flag"


def test_dates_of_the_protocol_are_dates():
    protocol = read_study(EXAMPLES / "stanford-heart").protocol
    assert protocol.study.data_lock == date(1974, 4, 1) and protocol.time_zero.landmark_days == (30,)


def test_what_was_not_reported_stays_unknown():
    series = read_study(EXAMPLES / "balmys19").series
    assert series.safety["assessed_patients"].value is None
    assert series.safety["assessed_patients"].status is ReadingStatus.UNKNOWN
    assert "ever_extubated" not in series.treated


# awkward and legal


def same(folder, example):
    """Whether a folder reads as an example does, but for the hashes of its files."""
    a, b = read(folder), read_study(EXAMPLES / example)
    assert (a.series, a.cohorts, a.trials, a.sentences, a.records) == (
        b.series,
        b.cohorts,
        b.trials,
        b.sentences,
        b.records,
    )
    assert a.protocol.population == b.protocol.population and a.protocol.study == b.protocol.study
    return True


@pytest.mark.parametrize("example", ["balmys19", "stanford-heart", "remestemcel"])
@pytest.mark.parametrize("awkward", ["byte-order mark", "CRLF", "both"])
def test_a_byte_order_mark_and_windows_lines_change_nothing(tmp_path, example, awkward):
    folder = copy(tmp_path, example)
    for path in [p for p in folder.rglob("*") if p.suffix in (".csv", ".toml")]:
        data = path.read_bytes()
        data = data.replace(b"\n", b"\r\n") if awkward != "byte-order mark" else data
        path.write_bytes(b"\xef\xbb\xbf" + data if awkward != "CRLF" else data)
    assert same(folder, example)


def test_spaces_in_the_cells_of_publications_and_blank_lines_change_nothing(tmp_path):
    def spaced(text):
        head, first, *rest = text.splitlines()
        return "\n".join([head.replace(",", " , "), "", first.replace(",868,356,", ", 868 ,356 , "), *rest, ",,,", ""])

    assert same(copy(tmp_path, "balmys19", **{"comparators/published.csv": spaced}), "balmys19")


def test_a_quoted_cell_after_a_space_is_one_cell(tmp_path):
    folder = copy(tmp_path, "balmys19", **{"comparators/published.csv": (',"16 ICUs, Spain"', ', "16 ICUs, Spain"')})
    assert same(folder, "balmys19")


def test_cells_beyond_the_header_may_be_empty(tmp_path):
    folder = copy(tmp_path, "remestemcel", **{"comparators/trials.csv": ("for futility", "for futility,,")})
    assert "for futility,," in (folder / "comparators/trials.csv").read_text()
    assert read(folder).trials[0].control_n == 110


@pytest.mark.parametrize(("name", "field"), [("claims.csv", "sentences"), ("comparators/published.csv", "cohorts")])
def test_a_header_alone_is_no_rows(tmp_path, name, field):
    folder = copy(tmp_path, "balmys19", **{name: lambda text: text.splitlines()[0] + "\n"})
    assert getattr(read(folder), field) == ()


def test_an_empty_published_csv_and_no_comparators_at_all_read(tmp_path):
    folder = copy(tmp_path, "remestemcel", comparators=None)
    assert read(folder).cohorts == read(folder).trials == ()


def test_a_column_that_is_not_asked_for_is_ignored(tmp_path):
    folder = copy(tmp_path, "remestemcel", **{"comparators/published.csv": ("dead_pct", "what_i_think")})
    assert read(folder).cohorts[0].dead == 356


def test_optional_columns_may_be_given(tmp_path):
    def with_open(text):
        head, row = text.splitlines()
        return f"{head},control_open,treated_open\n{row},3,\n"

    folder = copy(tmp_path, "remestemcel", **{"comparators/trials.csv": with_open})
    assert (read(folder).trials[0].control_open, read(folder).trials[0].treated_open) == (3, None)


def test_a_trial_alone_is_enough(tmp_path):
    assert read(copy(tmp_path, "remestemcel", **{"reported.toml": None})).series is None


def test_folders_that_tools_leave_under_comparators_are_passed_over(tmp_path):
    folder = copy(tmp_path, "balmys19", **{"comparators/.git/HEAD": "x", "comparators/__pycache__/x.pyc": b"\x00"})
    assert [s.name for s in read(folder).similar] == ["israel"]


def test_similar_cases_may_come_as_records(tmp_path):
    folder = copy(tmp_path, "remestemcel")
    for path in (EXAMPLES / "stanford-heart" / "records").iterdir():
        edit(folder, {f"comparators/heart/records/{path.name}": path.read_bytes()})
    edit(folder, {"study.toml": lambda t: t + '[[comparator]]\nname = "heart"\n'})
    inputs = read(folder)
    assert [(s.name, s.clock, s.dates) for s in inputs.similar] == [("heart", "listing", "1967-09 to 1974-04")]
    assert "comparators/heart/records/subjects.csv" in inputs.files


def test_nothing_reported_yet_reads_and_says_what_is_missing(tmp_path):
    folder = copy(tmp_path, "remestemcel", **{"reported.toml": '[treated]\nn = { status = "unknown" }\n'})
    assert check_inputs(read_study(folder)) == (
        "reported.toml: level L0 for want of n, dead, open, horizon_days or follow_up_after_first_dose_median.",
    )


# what only shows when protocol and records meet


def test_a_confounder_that_no_record_can_hold_is_told(tmp_path):
    folder = copy(tmp_path, "virtual-balmys", **{"study.toml": ('name = "pf_ratio"', 'name = "frailty"')})
    assert check_inputs(read_study(folder)) == (
        "study.toml: no record can hold the confounder frailty: it counts as never known.",
    )


@pytest.mark.parametrize(("written", "meant"), [("sofa", "sofa_total"), ("pf_ration", "pf_ratio")])
def test_a_misspelt_confounder_is_told_with_the_one_that_was_meant(tmp_path, written, meant):
    folder = copy(tmp_path, "virtual-balmys", **{"study.toml": ('name = "pf_ratio"', f'name = "{written}"')})
    (note,) = check_inputs(read_study(folder))
    assert note.endswith(f"Did you mean {meant}?")


def test_a_confounder_without_a_number_is_told(tmp_path):
    folder = copy(tmp_path, "virtual-balmys", **{"study.toml": ('name = "pf_ratio"', 'name = "site"')})
    assert check_inputs(read_study(folder)) == (
        "study.toml: the confounder site has no number and is not in the score: match on it, in [matching] same.",
    )


def test_a_patient_treated_without_a_day_zero_is_told(tmp_path):
    folder = copy(tmp_path, "stanford-heart", **{"records/subjects.csv": ("1968-08-11T12:00:00.000Z,day", ",")})
    assert check_inputs(read_study(folder)) == (
        "records/: treated without a day zero (listing), and not analysed: SH-10.",
    )


def test_what_is_possible_but_rare_is_told_with_its_line(tmp_path):
    def still_open(text):
        row = next(line for line in text.splitlines() if ",invasive_ventilation," in line)
        start = row[: row.index(",minute,")]
        return text.replace(row, f"{start},minute,,,true,")

    folder = copy(tmp_path, "virtual-balmys", **{"records/episodes.csv": still_open})
    (note,) = check_inputs(read_study(folder))
    assert note == (
        "records/episodes.csv line 6: Episode V01-005-VENT1 (invasive_ventilation) of V01-005 is still open; "
        "outcome: died on 2020-04-21 17:05. Close it at that time."
    )
