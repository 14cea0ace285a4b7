"""Writing: all or nothing, in one step, and the same file twice adds nothing."""

from pathlib import Path

import pytest
from import_worlds import SUBJECTS, write
from test_import_refusals import COURSE, PATIENTS, STAYS

from onearm.records import Records, read_records
from onearm.results.encoding import from_json, to_json
from onearm.results.finding import Finding, Severity
from onearm.results.problems import StudyProblems
from onearm.sources import import_checks
from onearm.sources.import_files import import_files
from onearm.sources.import_report import ImportReport
from onearm.sources.similar_cases import read_similar_cases

GOOD = "id,age,icu\nA,60,2020-03-01\nB,61,2020-03-01\n"
STAY = "id,from,to\nA,2020-03-01,2020-03-09\n"


def run(folder: Path, mapping: str, *, partial: bool = False, **files: str) -> ImportReport:
    (folder / "mapping.toml").write_text(mapping, encoding="utf-8")
    paths = write(folder, **files)
    return import_files(paths, folder / "mapping.toml", folder / "study", accept_partial=partial)


def test_a_refused_row_writes_nothing(tmp_path: Path):
    report = run(tmp_path, COURSE, patients_csv=PATIENTS, stays_csv=STAYS)
    assert not report.written and not (tmp_path / "study").exists()


def test_on_request_the_good_rows_are_stored_and_the_others_told(tmp_path: Path):
    report = run(tmp_path, COURSE, partial=True, patients_csv=PATIENTS, stays_csv=STAYS)
    assert read_records(tmp_path / "study" / "records", "file")["subjects"]["subject_id"].to_list() == ["A"]
    told = (tmp_path / "study" / "refused.csv").read_text().splitlines()
    assert told[0] == "file,line,column,value,rule,remedy"
    assert told[1] == 'patients.csv,3,age,sixty,is not a number,"Correct the cell, or add it to `missing`."'
    assert len(told) == 1 + len(report.refusals) == 7


def test_a_cell_that_a_spreadsheet_would_run_is_quoted_in_refused_csv(tmp_path: Path):
    run(tmp_path, SUBJECTS, partial=True, patients_csv=GOOD + "C,=1+1,2020-03-01\n")
    assert "'=1+1" in (tmp_path / "study" / "refused.csv").read_text()


def test_the_same_file_twice_adds_nothing(tmp_path: Path):
    first = run(tmp_path, COURSE, patients_csv=GOOD, stays_csv=STAY)
    before = {p.name: p.read_bytes() for p in (tmp_path / "study" / "records").iterdir()}
    second = run(tmp_path, COURSE, patients_csv=GOOD, stays_csv=STAY)
    assert first.new == {"subjects": 2, "episodes": 1}
    assert second.new == {"subjects": 0, "episodes": 0}
    assert {p.name: p.read_bytes() for p in (tmp_path / "study" / "records").iterdir()} == before


def test_a_second_file_adds_its_rows_and_counts_ids_on(tmp_path: Path):
    run(tmp_path, COURSE, patients_csv=GOOD, stays_csv=STAY)
    report = run(tmp_path, COURSE, patients_csv=GOOD, stays_csv="id,from,to\nA,2020-03-12,2020-03-14\n")
    assert report.new == {"subjects": 0, "episodes": 1}
    episodes = read_records(tmp_path / "study" / "records", "file")["episodes"]
    assert episodes.select("episode_id", "started_at").rows()[0][0] == "A-E1"
    assert episodes["episode_id"].to_list() == ["A-E1", "A-E2"]


def test_a_key_that_is_stored_with_another_content_is_refused(tmp_path: Path):
    run(tmp_path, SUBJECTS, patients_csv=GOOD)
    report = run(tmp_path, SUBJECTS, patients_csv="id,age,icu\nA,77,2020-03-01\n")
    assert [r.rule for r in report.refusals] == [
        "one key of subjects has two contents: patients.csv line 2, what is stored"
    ]


def test_results_of_patients_who_are_stored_already_need_no_subjects_table(tmp_path: Path):
    run(tmp_path, SUBJECTS, patients_csv=GOOD)
    stays = "[[table]]\nto = " + COURSE.split("[[table]]\nto = ")[2]
    report = run(tmp_path, SUBJECTS.split("[[table]]")[0] + stays, stays_csv=STAY)
    assert report.new == {"episodes": 1}


def test_an_event_before_and_a_value_after_death_refuse_the_subject(tmp_path: Path):
    mapping = (
        COURSE
        + """
[[table]]
to = "outcomes"
files = "ends.csv"
constants = { kind = "died" }
columns = { occurred_at = { from = "died", format = "%Y-%m-%d" } }
"""
    )
    stays = "id,from,to\nA,2020-03-01,2020-03-09\nB,2020-03-01,2020-03-20\n"
    report = run(
        tmp_path, mapping, partial=True, patients_csv=GOOD, stays_csv=stays, ends_csv="id,died\nB,2020-03-10\n"
    )
    assert {r.subject for r in report.refusals} == {"B"}
    assert report.rows_refused == 3 and report.rows_stored == 2
    assert read_records(tmp_path / "study" / "records", "file")["subjects"]["subject_id"].to_list() == ["A"]


def test_a_finding_that_blocks_refuses_the_whole_subject_and_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def one_finding(records: Records) -> tuple[Finding, ...]:
        if "B" not in records["subjects"]["subject_id"]:
            return ()
        told = "episode of B lies after death"
        return (Finding("R9", Severity.BLOCK, "episodes", "B-E1", "", "", told, told, "Check the dates."),)

    monkeypatch.setattr(import_checks, "check_records", one_finding)
    stays = STAY + "B,2020-03-01,2020-03-20\n"
    report = run(tmp_path, COURSE, partial=True, patients_csv=GOOD, stays_csv=stays)
    assert [(r.file, r.line, r.rule, r.remedy) for r in report.refusals] == [
        (
            "patients.csv",
            3,
            "belongs to a subject refused at stays.csv line 3",
            "Correct that line, or give the subject.",
        ),
        ("stays.csv", 3, "episode of B lies after death", "Check the dates."),
    ]


def test_a_finding_on_what_is_stored_is_never_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    run(tmp_path, COURSE, patients_csv=GOOD, stays_csv=STAY)
    finding = Finding("R9", Severity.BLOCK, "episodes", "A-E1", "", "", "is wrong", "is wrong", "Check.")
    monkeypatch.setattr(import_checks, "check_records", lambda records: (finding,))
    with pytest.raises(StudyProblems, match="A-E1: is wrong"):
        run(tmp_path, COURSE, patients_csv=GOOD + "C,60,2020-03-01\n", stays_csv="id,from,to\nC,2020-03-01,\n")


def test_a_report_is_json_and_back(tmp_path: Path):
    report = run(tmp_path, COURSE, patients_csv=PATIENTS, stays_csv=STAYS)
    assert from_json(to_json(report), ImportReport) == report


def test_a_folder_of_similar_cases_must_say_who_they_are(tmp_path: Path):
    (tmp_path / "mapping.toml").write_text(SUBJECTS)
    with pytest.raises(StudyProblems, match=r"source\.toml is missing"):
        read_similar_cases(tmp_path)


def test_a_folder_of_similar_cases_is_read_from_tables_or_from_raw_files_alike(tmp_path: Path):
    run(tmp_path, COURSE, patients_csv=GOOD, stays_csv=STAY)
    assert read_similar_cases(tmp_path) == read_similar_cases(tmp_path / "study")
