"""What an import refuses: with file, line, subject, value, rule and remedy, all at once, and nothing dangling."""

from pathlib import Path

import pytest
from import_worlds import SUBJECTS, read, rows, write

from onearm.results.problems import StudyProblems
from onearm.sources.import_files import import_records

COURSE = (
    SUBJECTS.replace('files = "*.csv"', 'files = "patients.csv"')
    + """
[[table]]
to = "episodes"
files = "stays.csv"
constants = { kind = "invasive_ventilation", ongoing = false }
[table.columns]
started_at = { from = "from", format = "%Y-%m-%d" }
ended_at = { from = "to", format = "%Y-%m-%d" }
"""
)
PATIENTS = "id,age,icu\nA,60,2020-03-01\nB,sixty,2020-03-01\nC,130,2020-03-01\nD,50,2020-13-01\n"
STAYS = "id,from,to\nA,2020-03-01,2020-03-09\nB,2020-03-01,2020-03-04\nE,2020-03-01,2020-03-04\nA,2020-03-01\n"


def test_a_refusal_names_file_line_subject_value_rule_and_remedy(tmp_path: Path):
    report = read(tmp_path, COURSE, patients_csv=PATIENTS, stays_csv=STAYS).report
    assert str(report.problems()) == (
        "patients.csv, 3 problems; nothing was imported.\n"
        '  line 3  B: age "sixty" is not a number.\n'
        "          Correct the cell, or add it to `missing`.\n"
        '  line 4  C: subjects.age_years "130" is above 120.\n'
        "          Correct the row, or how it is mapped.\n"
        '  line 5  D: icu "2020-13-01" is not a time of the form %Y-%m-%d.\n'
        "          Correct the cell, or add its form to `format`.\n"
        "stays.csv, 3 problems; nothing was imported.\n"
        "  line 3  B: belongs to a subject refused at patients.csv line 3.\n"
        "          Correct that line, or give the subject.\n"
        "  line 4  E: no row of `subjects` has this subject.\n"
        "          Correct that line, or give the subject.\n"
        "  line 5  the row has 2 cells, the header 3.\n"
        "          Quote cells that hold the delimiter; keep one row on one line."
    )
    assert "REG: 8 rows in, 6 refused; nothing was stored." in str(report)


def test_nothing_is_stored_beside_a_refusal_unless_it_is_accepted(tmp_path: Path):
    refused = read(tmp_path, COURSE, patients_csv=PATIENTS, stays_csv=STAYS)
    assert not refused.report.written and refused.records.tables == {}
    partial = read(tmp_path, COURSE, partial=True, patients_csv=PATIENTS, stays_csv=STAYS)
    assert partial.report.written
    assert (partial.report.rows_in, partial.report.rows_stored, partial.report.rows_refused) == (8, 2, 6)
    assert rows(partial, "subjects", "subject_id") == [("A",)]
    assert rows(partial, "episodes", "subject_id") == [("A",)]


def refusals(folder: Path, text: str, mapping: str = SUBJECTS) -> list[tuple[int, str, str, str]]:
    report = read(folder, mapping, patients_csv=text).report
    assert report.rows_in == report.rows_stored + report.rows_refused
    return [(r.line, r.column, r.value, r.rule) for r in report.refusals]


def test_one_key_with_two_contents_is_refused_with_both_lines(tmp_path: Path):
    told = "one key of subjects has two contents: patients.csv line 2, patients.csv line 4"
    assert refusals(tmp_path, "id,age,icu\nA,60,2020-03-01\nB,61,2020-03-01\nA,62,2020-03-01\n") == [
        (2, "subject_id", "A", told),
        (4, "subject_id", "A", told),
    ]


def test_equal_rows_are_folded_and_counted(tmp_path: Path):
    report = read(
        tmp_path,
        SUBJECTS.replace("distinct = true\n", ""),
        patients_csv="id,age,icu\nA,60,2020-03-01\nA,60,2020-03-01\n",
    ).report
    assert (report.rows_stored, report.folded, report.distinct, report.tables["subjects"]) == (2, 1, 0, 1)


def test_blanks_byte_order_mark_and_line_ends_do_no_harm(tmp_path: Path):
    text = "\ufeff id ,age\u00a0,icu\r\n A\u00a0, 60 ,2020-03-01 \r\n\r\n,,\r\nB,61,2020-03-02,,\r\n"
    assert refusals(tmp_path, text) == []


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("id,age,icu\n,60,2020-03-01\n", "the subject is missing"),
        ("id,age,icu\nA,60,01.03.2020\n", "is not a time of the form %Y-%m-%d"),
        ("id,age,icu\nA,60,20-03-01\n", "has no plausible year"),
        ('id,age,icu\nA,"60,5",2020-03-01\n', 'is not a number (decimal = ".", thousands = "")'),
        ("id,age,icu\nA,<60,2020-03-01\n", "is a limit, not a number"),
        ("id,age,icu\nA,60\n", "has 2 cells, the header 3"),
        ("id,age,icu\nA,60,2020-03-01,1\n", "has 4 cells, the header 3"),
    ],
)
def test_a_bad_row_is_refused_with_its_rule(tmp_path: Path, text: str, rule: str):
    assert [r[3] for r in refusals(tmp_path, text)] == [rule]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "the file is empty."),
        (b"id,age,icu\n", "the header has no row below it."),
        (
            "id,age,icu,sexo\nA,60,2020-03-01,Niña\n".encode("cp1252"),
            'byte 35 (0xf1) is not utf-8.\n          Set encoding = "cp1252"',
        ),
        (
            "id,age,icu\nA,60,2020-03-01\n".encode("utf-16"),
            'byte 1 (0xff) is not utf-8.\n          Set encoding = "utf-16"',
        ),
        (b"id;age;icu\nA;60;2020-03-01\n", 'The header is one cell: set delimiter = ";".'),
        (b"id,Age,icu\nA,60,2020-03-01\n", "Is 'Age' meant? Correct the mapping."),
        (b"id,age,age,icu\nA,60,61,2020-03-01\n", "column 'age' stands 2 times in the header."),
        (b'id,age,icu\nA,60,"2020-03-01\nB,61,2020-03-01\n', "line 2  a quoted cell is not closed as it should be"),
    ],
)
def test_a_file_that_cannot_be_read_as_a_whole_says_why(tmp_path: Path, data: bytes, told: str):
    with pytest.raises(StudyProblems) as raised:
        read(tmp_path, SUBJECTS, patients_csv=data)
    assert told in str(raised.value)


def test_utf8_read_as_one_byte_per_letter_is_refused(tmp_path: Path):
    with pytest.raises(StudyProblems, match=r"byte 35 \(0xc3\) begins a UTF-8 letter"):
        read(tmp_path, 'encoding = "cp1252"\n' + SUBJECTS, patients_csv="id,age,icu,name\nA,60,2020-03-01,Niña\n")


def test_the_skipped_and_the_doubled_hour_of_summer_time_are_refused_without_fold(tmp_path: Path):
    local = 'timezone = "Europe/Madrid"\n' + SUBJECTS.replace('"%Y-%m-%d"', '"%Y-%m-%d %H:%M"')
    text = "id,age,icu\nA,60,2020-03-29 02:30\nB,60,2020-10-25 02:30\nC,60,2020-10-25 03:30\n"
    told = "falls in the hour that summer time skips or doubles in Europe/Madrid"
    assert [(line, rule) for line, _, _, rule in refusals(tmp_path, text, local)] == [(2, told), (3, told)]
    done = read(tmp_path, 'fold = "second"\n' + local, patients_csv=text)
    assert rows(done, "subjects", "icu_at") == [("2020-03-29 00:30",), ("2020-10-25 01:30",), ("2020-10-25 02:30",)]


def test_after_a_broken_row_a_blank_is_not_filled_with_the_patient_before_it(tmp_path: Path):
    filled = SUBJECTS.replace('from = "id"', 'from = "id", fill = "forward"').replace("distinct = true\n", "")
    text = "id,age,icu\nA,60,2020-03-01\nB,61\n,61,2020-03-02\n"
    assert [(line, rule) for line, _, _, rule in refusals(tmp_path, text, filled)] == [
        (3, "has 2 cells, the header 3"),
        (4, "is blank, and the row above could not be read"),
    ]


PATH = (
    SUBJECTS.replace("distinct = true", "distinct = true\nwhere = { s0 = true }")
    + """
[[table]]
to = "episodes"
path = { map = { V = "invasive_ventilation" } }
[[table]]
to = "outcomes"
path = { map = { D = "died" }, take = "last", open = "seen_alive" }
"""
).replace(
    "[[table]]",
    """
[path]
start = { from = "icu", format = "%Y-%m-%d" }
states = "s{0..2}"
times = "t{1..2}"
times_are = "in_previous_state"
pad = "0"
codes = ["W", "V", "D"]
until = "seen"
[[table]]""",
    1,
)
HEAD = "id,age,icu,s0,t1,s1,t2,s2,seen\n"


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("A,60,2020-03-01,W,2,X,0,0,5", "is not a state of this file (`codes`: D, V, W)"),
        ("A,60,2020-03-01,W,-2,V,0,0,5", "is negative"),
        ("A,60,2020-03-01,W,0,0,1,V,5", "follows the end of the path"),
        ("A,60,2020-03-01,W,2,V,3,0,5", "a time without a state"),
        ("A,60,2020-03-01,W,,V,0,0,5", "the state has no time"),
        ("A,60,2020-03-01,W,2,V,4,D,5", "the last look is before the last change of state"),
        ("A,60,2020-03-01,W,2,V,0,0,", "ends in a state that is not in `map`, and the last look (seen) is missing"),
        ("A,60,,W,2,V,0,0,5", "the path has no start"),
    ],
)
def test_a_path_that_contradicts_itself_is_refused(tmp_path: Path, row: str, rule: str):
    assert rule in {r[3] for r in refusals(tmp_path, HEAD + row + "\n", PATH)}


def test_day_zero_events_ties_and_half_days_keep_their_spell(tmp_path: Path):
    text = HEAD + "A,60,2020-03-01,V,0,D,0,0,0\nB,60,2020-03-01,V,1.5,W,0,V,9\n"
    done = read(tmp_path, PATH, patients_csv=text)
    assert done.report.refusals == ()
    assert rows(done, "episodes", "subject_id", "started_at", "ended_at", "ongoing") == [
        ("A", "2020-03-01 12:00", "2020-03-01 12:00", False),
        ("B", "2020-03-01 12:00", "2020-03-03 00:00", False),
        ("B", "2020-03-03 00:00", None, True),
    ]
    assert rows(done, "outcomes", "kind", "occurred_at") == [
        ("died", "2020-03-01 12:00"),
        ("seen_alive", "2020-03-10 12:00"),
    ]


def test_two_units_in_one_column_are_told_apart_by_the_look_of_the_value(tmp_path: Path):
    mapping = (
        SUBJECTS
        + """
[[table]]
to = "measurements"
columns = { collected_at = { from = "icu", format = "%Y-%m-%d" } }
[table.wide]
"D-dimer" = { marker = "d_dimer_feu", unit = { '\\d\\.\\d+' = "mg/L", '\\d{3,}' = "ng/mL" } }
"""
    )
    text = "id,age,icu,D-dimer\nA,60,2020-03-01,1.25\nB,60,2020-03-01,1250\nC,60,2020-03-01,\nD,60,2020-03-01,12\n"
    report = read(tmp_path, mapping, patients_csv=text, partial=True)
    assert rows(report, "measurements", "subject_id", "raw_unit", "value") == [
        ("A", "mg/L", 1250),
        ("B", "ng/mL", 1250),
    ]
    assert [(r.line, r.value, r.rule) for r in report.report.refusals] == [(5, "12", "fits no unit, or two")]


def test_without_source_toml_the_report_says_so_loudly(tmp_path: Path):
    files = write(tmp_path, source=None, patients_csv="id,age,icu\nA,60,2020-03-01\n")
    (tmp_path / "mapping.toml").write_text(SUBJECTS)
    done = import_records(files, tmp_path / "mapping.toml")
    assert str(done.report).startswith("note: no source.toml lies beside the mapping")
    assert done.records["sources"]["licence"].to_list() == ["not stated"]
