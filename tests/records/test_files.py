import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from linked_records import Patient, own_world

from onearm.records import Records, read_records, write_records
from onearm.records.cells import parsed, written
from onearm.records.columns import at, decimal
from onearm.results.problems import StudyProblems

WORLD = own_world([Patient(1, False, False), Patient(1, True, False)]).records(seed=9)

HEADER = "site_id,version,entered_at,weight_id,subject_id,measured_at,weight_kg,method"
GOOD = "S01,1,2020-05-01T00:00:00.000Z,W1,S01-001,2020-04-01T10:00:00.000Z,80.5,scale"


def read_weights(folder, *rows: str, header: str = HEADER, end: str = "\n") -> Records:
    (folder / "weights.csv").write_bytes(end.join([header, *rows, ""]).encode())
    return read_records(folder, "file")


def told(folder, *rows: str, **kwargs: str) -> str:
    with pytest.raises(StudyProblems) as problems:
        read_weights(folder, *rows, **kwargs)
    return str(problems.value)


def test_canonical_csv_is_written_as_the_design_says(tmp_path):
    read_weights(tmp_path, GOOD.replace("W1", "W2").replace("80.5", "100.0"), GOOD)
    records = read_records(tmp_path, "file")
    assert records.csv("weights").decode() == "\n".join(
        [HEADER, GOOD, GOOD.replace("W1", "W2").replace("80.5", "100"), ""]
    )


def test_file_with_byte_order_mark_and_windows_line_ends_is_read(tmp_path):
    assert read_weights(tmp_path, GOOD, header="\ufeff" + HEADER, end="\r\n")["weights"].height == 1


def test_columns_in_another_order_are_read(tmp_path):
    cells = dict(zip(HEADER.split(","), GOOD.split(","), strict=True))
    names = sorted(cells)
    got = read_weights(tmp_path, ",".join(cells[n] for n in names), header=",".join(names))
    assert got.csv("weights").decode() == f"{HEADER}\n{GOOD}\n"


TIME = "2020-04-01T10:00:00.000Z"
BAD_CELLS = [
    ("80.5", "700", "weight_kg 700 of subject S01-001: at most 500 is allowed."),
    ("80.5", "8e1", 'weight_kg "8e1" of subject S01-001 is not a number.'),
    ("80.5", "80,5", None),
    ("80.5", "1.1234567890123", 'weight_kg "1.1234567890123" of subject S01-001 is not a number.'),
    ("80.5", "", "weight_kg of subject S01-001 is missing."),
    ("scale", "steelyard", 'method "steelyard" of subject S01-001 is not allowed.'),
    (
        "2020-04-01T10:00:00.000Z",
        "2020-04-31T10:00:00.000Z",
        'measured_at "2020-04-31T10:00:00.000Z" of subject S01-001 is not a time.',
    ),
    (
        "2020-04-01T10:00:00.000Z",
        "01/04/2020 10:00",
        'measured_at "01/04/2020 10:00" of subject S01-001 is not a time.',
    ),
    ("2020-04-01T10:00:00.000Z", "1820-04-01T10:00:00.000Z", "at least 1900-01-01T00:00Z is allowed"),
    (",1,2020-05", ",1.0,2020-05", 'version "1.0" of subject S01-001 is not a whole number.'),
    (",1,2020-05", ",0,2020-05", "version 0 of subject S01-001: at least 1 is allowed."),
    ("S01-001", "s01-001", 'subject_id "s01-001" of weight W1 is not of the form'),
]


@pytest.mark.parametrize(("good", "bad", "sentence"), BAD_CELLS)
def test_bad_cell_is_told_with_its_line(tmp_path, good, bad, sentence):
    text = told(tmp_path, GOOD.replace("W1", "W0"), GOOD.replace(good, bad, 1))
    assert text.startswith("weights.csv, 1 problem; nothing was read.\n  line 3  ")
    assert (sentence or "9 cells, the header has 8.") in text


def test_key_twice_is_told_with_both_lines(tmp_path):
    text = told(tmp_path, GOOD, GOOD.replace("W1", "W2"), GOOD)
    assert "line 4  weight_id W1 stands already in line 2." in text


def test_line_is_that_of_the_file_when_a_text_has_two_lines(tmp_path):
    write_records(WORLD, tmp_path)
    events = WORLD["adverse_events"].with_columns(term=pl.lit("two\nlines"))
    world = Records.of({**WORLD.tables, "adverse_events": events}, provenance="bedside")
    write_records(world, tmp_path)
    assert read_records(tmp_path, "bedside") == world
    path = tmp_path / "adverse_events.csv"
    lines = path.read_text().split("\n")
    lines[3] = lines[3].replace("S01-002", "s01-002")
    path.write_text("\n".join(lines))
    with pytest.raises(StudyProblems, match="line 4  subject_id"):
        read_records(tmp_path, "bedside")


def test_unknown_and_missing_columns_are_told(tmp_path):
    text = told(tmp_path, GOOD, header=HEADER.replace("method", "metod"))
    assert "column metod is unknown." in text and "column method is missing." in text


def test_column_twice_is_told(tmp_path):
    assert "column method stands in the header twice." in told(tmp_path, GOOD + ",scale", header=HEADER + ",method")


@pytest.mark.parametrize("row", [GOOD + ",extra", GOOD.rsplit(",", 1)[0], "", '"' + GOOD])
def test_row_of_another_width_is_told(tmp_path, row):
    text = told(tmp_path, GOOD, row, GOOD.replace("W1", "W3"))
    assert "line 3  " in text


def test_problems_of_all_files_are_told_at_once(tmp_path):
    (tmp_path / "wards.csv").write_text("a\n1\n")
    (tmp_path / "visits.csv").write_bytes(b"subject_id\n\xff\n")
    (tmp_path / "outcomes.csv").write_bytes(b"")
    (tmp_path / "subjects.parquet").write_bytes(b"no")
    (tmp_path / "notes.txt").write_text("not read")
    text = told(tmp_path, GOOD.replace("scale", "x"))
    assert "wards.csv, 1 problem" in text and "is no record table." in text
    assert "line 2  byte 0xff is not UTF-8." in text
    assert "the file is empty." in text and "is no Parquet file" in text and 'method "x"' in text


def test_table_in_two_forms_is_refused(tmp_path):
    write_records(WORLD, tmp_path)
    (tmp_path / "visits.parquet").write_bytes(b"")
    with pytest.raises(StudyProblems, match="visits stands here twice"):
        read_records(tmp_path, "bedside")


def test_writing_does_not_leave_an_old_table_beside(tmp_path):
    write_records(WORLD, tmp_path, "parquet")
    with pytest.raises(StudyProblems, match="stands in the folder already"):
        write_records(WORLD, tmp_path, "csv")


def test_absent_folder_is_told(tmp_path):
    with pytest.raises(StudyProblems, match="the folder is not there"):
        read_records(tmp_path / "none", "file")


def test_quoted_empty_cell_is_null(tmp_path):
    assert "weight_kg of subject S01-001 is missing" in told(tmp_path, GOOD.replace("80.5", '""'))


@settings(deadline=None)
@given(st.lists(st.decimals(-(10**20), 10**20, places=12), min_size=1))
def test_decimal_keeps_every_digit(values):
    column = decimal("0", "1", "x")
    frame = pl.DataFrame({"v": values}, schema={"v": pl.Decimal(38, 12)})
    text = frame.select(written("v", column))
    assert not text["v"].str.contains(r"[eE]|\.\d*0$|\.$|^-0$").any()
    assert text.select(parsed("v", column)).equals(frame)


@given(
    st.datetimes(
        min_value=__import__("datetime").datetime(1900, 1, 1), max_value=__import__("datetime").datetime(2199, 1, 1)
    )
)
def test_time_keeps_its_milliseconds(moment):
    frame = pl.DataFrame({"t": [moment]}, schema={"t": pl.Datetime("ms")}).with_columns(
        pl.col("t").dt.replace_time_zone("UTC")
    )
    assert frame.select(written("t", at("x"))).select(parsed("t", at("x"))).equals(frame)


@settings(deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12), min_size=1, max_size=5))
def test_any_text_that_is_admitted_survives_csv(tmp_path_factory, texts):
    events = WORLD["adverse_events"].head(1)
    rows = [events.with_columns(term=pl.lit(text), event_id=pl.lit(f"E{i}")) for i, text in enumerate(texts)]
    try:
        records = Records.of({"adverse_events": pl.concat(rows)}, provenance="file")
    except StudyProblems:
        return
    folder = tmp_path_factory.mktemp("text")
    write_records(records, folder)
    assert read_records(folder, "file") == records
