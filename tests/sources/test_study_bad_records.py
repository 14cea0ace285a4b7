"""Mistakes in record tables and in folders of similar cases, and many mistakes in many files at once."""

from pathlib import Path

import pytest
from study_copies import EXAMPLES, copy, edit, told

EPISODES, OUTCOMES, SUBJECTS = (f"records/{table}.csv" for table in ("episodes", "outcomes", "subjects"))
MEASUREMENTS, INFUSIONS, SOURCES = (f"records/{table}.csv" for table in ("measurements", "infusions", "sources"))
APART = "Correct study.toml, or keep virtual and real patients in different folders."
IMPORT = "`onearm import` writes the tables."


def message(file, *problems):
    """What is said of one file: (line, sentence, remedy) each."""
    width = max(len(str(line or "")) for line, _, _ in problems)
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    text = f"{file}, {count}; nothing was written."
    for line, sentence, remedy in problems:
        head = f"  line {line:>{width}}  " if line else "  "
        text += f"\n{head}{sentence}\n{' ' * len(head)}{remedy}"
    return text


def line_with(folder, name, text):
    """Line of a file that holds a text."""
    rows = (folder / name).read_text(encoding="utf-8").splitlines()
    return next(k for k, row in enumerate(rows, 1) if text in row)


RECORDS = {
    "a key twice": (
        "stanford-heart",
        OUTCOMES,
        lambda t: t + next(row for row in t.splitlines() if "SH-1-O1," in row) + "\n",
        104 + 1,
        "outcome_id SH-1-O1 stands already in line 2.",
        "Keep one row per key.",
    ),
    "an end before the start": (
        "virtual-balmys",
        EPISODES,
        ("2020-04-21T17:05:00.000Z", "2020-03-21T17:05:00.000Z"),
        2,
        "episode V01-005-COAG: this must hold: ends after it starts.",
        "Correct the row.",
    ),
    "an unknown unit": (
        "virtual-balmys",
        MEASUREMENTS,
        ("=,mg/L FEU,", "=,mg/L DDU,"),
        4,
        "Measurement V01-005-00-D-DIMER-FEU of V01-005: d_dimer_feu with the unit mg/L DDU.",
        "Name the right marker; nothing converts one into the other.",
    ),
    "an unknown marker": (
        "virtual-balmys",
        MEASUREMENTS,
        (",crp,", ",pcr,"),
        3,
        'marker "pcr" of subject V01-005 is not allowed.',
        None,  # lists them all
    ),
    "an orphan": (
        "virtual-balmys",
        OUTCOMES,
        ("V01-070-HOME,V01-070,", "V01-070-HOME,V01-999,"),
        11,
        "outcomes V01-070-HOME names subject_id V01-999, which is not in subjects.",
        "Add the row to subjects, or correct subject_id.",
    ),
    "a date with slashes": (
        "stanford-heart",
        OUTCOMES,
        ("1968-01-03T12:00:00.000Z", "03/01/1968"),
        2,
        'occurred_at "03/01/1968" of subject SH-1 is not a time.',
        "Write it in UTC as 2020-04-11T09:00:00.000Z.",
    ),
    "a month that never was": (
        "stanford-heart",
        OUTCOMES,
        ("1968-01-03T12:00:00.000Z", "1968-13-03T12:00:00.000Z"),
        2,
        'occurred_at "1968-13-03T12:00:00.000Z" of subject SH-1 is not a time.',
        "Write it in UTC as 2020-04-11T09:00:00.000Z.",
    ),
    "not UTF-8": (
        "stanford-heart",
        SUBJECTS,
        b"site_id,version\nEspa\xf1a,1\n",
        2,
        "byte 0xf1 is not UTF-8.",
        "Save the file as UTF-8.",
    ),
    "no table of ours": ("stanford-heart", "records/patients.csv", "a,b\n1,2\n", None, "is no record table.", None),
}


@pytest.mark.parametrize("what", RECORDS)
def test_records(tmp_path, what):
    example, file, change, line, sentence, remedy = RECORDS[what]
    said = told(copy(tmp_path, example, **{file: change}))
    if remedy is None:
        head = f"  line {line}  " if line else "  "
        assert said.startswith(f"{file}, 1 problem; nothing was written.\n{head}{sentence}\n{' ' * len(head)}")
    else:
        assert said == message(file, (line, sentence, remedy))


def test_an_event_after_death(tmp_path):
    def seen(text):
        died = next(row for row in text.splitlines() if ",died," in row)
        who = died.split(",")[4]
        return text + f"V01,1,2020-04-24T23:59:00.000Z,{who}-LATE,{who},seen_alive,2020-04-24T12:00:00.000Z,minute,,,\n"

    folder = copy(tmp_path, "virtual-balmys", **{OUTCOMES: seen})
    sentence = "outcomes V01-005-LATE: occurred_at of V01-005 is 2020-04-24 12:00, after the death of 2020-04-21 17:05."
    assert told(folder) == message(OUTCOMES, (line_with(folder, OUTCOMES, "-LATE,"), sentence, "Check both times."))


def test_an_infusion_before_ventilation(tmp_path):
    """Ventilated six hours after the first drop: rare, so asked; before day zero of the clock, so it stops."""
    later = ("2020-03-17T12:18:00.000Z", "2020-03-23T14:12:00.000Z")
    folder = copy(tmp_path, "virtual-balmys", **{SUBJECTS: later, EPISODES: later})
    sentence = "first treatment of V01-037 is on day -1, before its day zero (ventilation)."
    assert told(folder) == message(INFUSIONS, (None, sentence, "Check both times, or correct [clock] starts."))


def test_an_episode_before_day_zero_as_treatment(tmp_path):
    folder = copy(tmp_path, "stanford-heart", **{SUBJECTS: ("1968-08-11T12:00:00.000Z", "1968-08-25T12:00:00.000Z")})
    sentence = "first treatment of SH-10 is on day -3, before its day zero (listing)."
    assert told(folder) == message(EPISODES, (None, sentence, "Check both times, or correct [clock] starts."))


def test_a_clock_that_starts_for_nobody(tmp_path):
    folder = copy(tmp_path, "stanford-heart", **{"study.toml": ('starts = "listing"', 'starts = "icu"')})
    sentence = "no patient has a day zero: icu was never recorded, or only after the lock."
    assert told(folder) == message("records/", (None, sentence, "Correct [clock] starts, or record the event."))


@pytest.mark.parametrize(
    ("example", "change", "sentence"),
    [
        (
            "stanford-heart",
            ("data_lock", "virtual = true\ndata_lock"),
            "every source is real, study.toml says virtual = true.",
        ),
        (
            "virtual-balmys",
            ("virtual = true", "virtual = false"),
            "every source is virtual, study.toml says virtual = false.",
        ),
    ],
)
def test_virtual_and_real_are_told_once_and_not_per_patient(tmp_path, example, change, sentence):
    folder = copy(tmp_path, example, **{"study.toml": change})
    assert told(folder) == message(SOURCES, (None, sentence, APART))


def test_a_broken_protocol_does_not_make_virtual_patients_wrong(tmp_path):
    folder = copy(tmp_path, "virtual-balmys", **{"study.toml": ("starts =", "start =")})
    line = line_with(folder, "study.toml", "start =")
    assert told(folder) == message("study.toml", (line, "clock.start is not known.", "Did you mean starts?"))


def test_a_folder_of_records_without_a_table(tmp_path):
    folder = copy(tmp_path, "stanford-heart", records=None)
    edit(folder, {"records/read me.txt": "soon"})
    assert told(folder) == message("records/", (None, "holds no row of any table.", IMPORT))


def test_a_table_as_csv_and_as_parquet(tmp_path):
    folder = copy(tmp_path, "stanford-heart", **{"records/subjects.parquet": b"PAR1"})
    said = told(folder)
    assert said == message(
        "records/subjects.parquet", (None, "subjects stands here twice.", "Keep the CSV or the Parquet file.")
    )


def test_a_parquet_file_that_is_none(tmp_path):
    folder = copy(tmp_path, "stanford-heart", **{"records/visits.parquet": b"not at all"})
    assert told(folder).startswith("records/visits.parquet, 1 problem; nothing was written.\n  is no Parquet file: ")


# similar cases

ISRAEL = "comparators/israel/"
TABLES = (
    "subjects, consents, eligibility_checks, treatment_decisions, weights, dose_orders, infusions, "
    "infusion_containers, measurements, visits, episodes, image_reads, adverse_events, outcomes"
)
SIMILAR = {
    "no source.toml": (
        {ISRAEL + "source.toml": None},
        message(
            ISRAEL,
            (
                None,
                "source.toml is missing: who the patients are, where, when and under which licence.",
                "Write it; docs/how-to/import.md lists its keys.",
            ),
        ),
    ),
    "a folder with nothing of ours": (
        {"comparators/notes/todo.txt": "x"},
        message(
            "comparators/notes/",
            (
                None,
                "source.toml is missing: who the patients are, where, when and under which licence.",
                "Write it; docs/how-to/import.md lists its keys.",
            ),
        ),
    ),
    "no mapping": (
        {ISRAEL + "mapping.toml": None},
        message(
            ISRAEL,
            (None, "neither records/ nor mapping.toml.", "`onearm import --suggest FILE` drafts a mapping."),
        ),
    ),
    "a bad mapping": (
        {ISRAEL + "mapping.toml": ('to = "subjects"', 'to = "subject"')},
        message(
            ISRAEL + "mapping.toml",
            (
                16,
                "[[table]] 1: to: 'subject' is not a record table.",
                f"Tables that can be imported: {TABLES}.",
            ),
        ),
    ),
    "a mapping that is no TOML": (
        {ISRAEL + "mapping.toml": ('source = "ISRAEL-2020"', "source = ISRAEL-2020")},
        message(
            ISRAEL + "mapping.toml",
            (
                2,
                "not valid TOML: Invalid value.",
                "Correct the line, or the one before it; texts stand in quotes, nothing stands twice.",
            ),
        ),
    ),
    "a file that is not there": (
        {ISRAEL + "israel_covid_hospitalised.csv": None},
        message(ISRAEL + "mapping.toml", (None, "no file was given.", "Name the files to import.")),
    ),
    "a refused row": (
        {ISRAEL + "israel_covid_hospitalised.csv": ("\n1,Male,", "\n1,male,")},
        message(
            ISRAEL + "israel_covid_hospitalised.csv",
            (2, 'IL-1: sex "male" is not in `map`.', 'Add it to `map`, or set unmapped = "list".'),
        ),
    ),
    "a folder name that makes no id": (
        {"comparators/Israel 2020/source.toml": "x"},
        message(
            "comparators/Israel 2020/",
            (None, "its name becomes part of an id.", "Use small letters, digits and _ only."),
        ),
    ),
    "a key of the source that is missing": (
        {ISRAEL + "source.toml": ('licence = "MIT', 'note2 = "MIT')},
        None,
    ),
}


@pytest.mark.parametrize("what", SIMILAR)
def test_similar_cases(tmp_path, what):
    edits, expected = SIMILAR[what]
    said = told(copy(tmp_path, "balmys19", **edits))
    if expected is None:
        assert said.startswith(f"{ISRAEL}source.toml, 2 problems; nothing was written.\n  unknown key note2.\n")
        assert said.endswith("\n  licence is missing.\n  Give it.")
    else:
        assert said == expected


def records_of(example, folder, **replaced):
    """The records of an example as similar cases of a study."""
    for path in sorted((EXAMPLES / example / "records").iterdir()):
        edit(folder, {f"comparators/other/records/{path.name}": path.read_bytes()})
    return edit(folder, {f"comparators/other/records/{name}.csv": change for name, change in replaced.items()})


def test_virtual_patients_are_no_comparator_of_real_ones(tmp_path):
    folder = records_of("virtual-balmys", copy(tmp_path, "balmys19"))
    sentence = "every source is virtual, study.toml says virtual = false."
    assert told(folder) == message("comparators/other/records/sources.csv", (None, sentence, APART))


def test_a_virtual_source_behind_a_mapping_is_no_comparator_of_real_patients(tmp_path):
    folder = copy(
        tmp_path, "balmys19", **{ISRAEL + "source.toml": ('kind = "individual_external"', 'kind = "virtual"')}
    )
    said = told(folder)
    assert said.startswith(f"{ISRAEL}source.toml, 1 problem; nothing was written.\n") and "is virtual" in said


def test_real_patients_are_no_comparator_of_virtual_ones(tmp_path):
    folder = copy(tmp_path, "virtual-balmys")
    for path in sorted((EXAMPLES / "stanford-heart" / "raw").iterdir()):
        edit(folder, {f"comparators/heart/{path.name}": path.read_bytes()})
    sentence = "real patients beside a virtual study."
    remedy = "Keep virtual and real patients in different folders."
    assert told(folder) == message("comparators/heart/", (None, sentence, remedy))


def test_two_sources_in_one_folder_of_similar_cases(tmp_path):
    def twice(text):
        head, row = text.splitlines()
        return f"{head}\n{row}\n{row.replace('STANFORD-HEART', 'STANFORD-TWO', 1)}\n"

    folder = records_of("stanford-heart", copy(tmp_path, "remestemcel"), sources=twice)
    sentence = "2 sources in one folder of similar cases."
    assert told(folder) == message(
        "comparators/other/records/sources.csv", (None, sentence, "Keep one source per folder.")
    )


def test_a_problem_in_the_records_of_similar_cases_is_told_with_its_place(tmp_path):
    folder = records_of(
        "stanford-heart", copy(tmp_path, "remestemcel"), outcomes=("1968-01-03T12:00:00.000Z", "3 Jan 1968")
    )
    sentence = 'occurred_at "3 Jan 1968" of subject SH-1 is not a time.'
    remedy = "Write it in UTC as 2020-04-11T09:00:00.000Z."
    assert told(folder) == message("comparators/other/records/outcomes.csv", (2, sentence, remedy))


# all at once


def test_every_problem_of_every_file_is_told_at_once(tmp_path):
    folder = copy(
        tmp_path,
        "balmys19",
        **{
            "study.toml": [('"mmHg"', '"mmol/L"'), ('"ecmo", op = "=="', '"ecmo", op = ">"')],
            "reported.toml": [("dead = { value = 2,", "dead = { value = 2.5,"), ("value = 9, status", "status")],
            "claims.csv": (",mortality,", ",mortalty,"),
            "comparators/published.csv": [("868,356,,,", "868,956,,,"), (",true,end of ICU stay", ",,end of ICU stay")],
            "comparators/trials.csv": "report\n",
            ISRAEL + "mapping.toml": ('to = "subjects"', 'to = "subject"'),
            "comparators/Not Mine/x.txt": "",
            "records/outcomes.csv": b"\xff",
        },
    )
    said = told(folder)
    heads = [line for line in said.splitlines() if not line.startswith(" ")]
    assert heads == [
        "claims.csv, 1 problem; nothing was written.",
        "comparators/Not Mine/, 1 problem; nothing was written.",
        "comparators/israel/mapping.toml, 1 problem; nothing was written.",
        "comparators/published.csv, 2 problems; nothing was written.",
        "comparators/trials.csv, 10 problems; nothing was written.",
        "records/outcomes.csv, 1 problem; nothing was written.",
        "reported.toml, 2 problems; nothing was written.",
        "study.toml, 2 problems; nothing was written.",
    ]


def test_the_problems_of_one_file_come_in_the_order_of_its_lines(tmp_path):
    folder = copy(tmp_path, "stanford-heart", **{OUTCOMES: lambda t: t.replace("T12:00:00.000Z,day", " noon,day")})
    lines = [int(row.split()[1]) for row in told(folder).splitlines() if row.startswith("  line")]
    assert lines == sorted(lines) and len(lines) == 103


def test_nothing_of_a_study_with_problems_reaches_the_working_folder(tmp_path, monkeypatch):
    folder = copy(tmp_path, "balmys19", **{"study.toml": None})
    empty = tmp_path / "here"
    empty.mkdir()
    monkeypatch.chdir(empty)
    told(folder)
    assert list(empty.iterdir()) == [] and Path.cwd() == empty
