"""A draft mapping is a start: it says what it guessed, and what a human must fill in."""

from pathlib import Path

import pytest

from onearm.results.problems import StudyProblems
from onearm.sources.import_files import import_records
from onearm.sources.mapping_suggestion import suggest

STANFORD = Path(__file__).parents[2] / "examples" / "stanford-heart" / "raw" / "stanford_heart_patients.csv"


def test_a_draft_completed_by_hand_imports(tmp_path: Path):
    draft = suggest(STANFORD).replace("FILL-IN", "X1", 2)
    done = draft.replace('cohort = "individual_external"', 'cohort = "individual_external", sex = "unknown"')
    (tmp_path / "mapping.toml").write_text(done, encoding="utf-8")
    report = import_records([STANFORD], tmp_path / "mapping.toml").report
    assert (report.rows_stored, report.rows_refused) == (103, 0)


def test_a_draft_of_a_spanish_export_knows_its_notation_and_asks_what_is_doubtful(tmp_path: Path):
    path = tmp_path / "lab.csv"
    path.write_bytes("Paciente;Sexo;Fecha ingreso UCI;PCR\n1;V;01/02/2020;1,5\n1;M;03/04/2020;2,5\n".encode("cp1252"))
    draft = suggest(path)
    for line in (
        'delimiter = ";"',
        'decimal = ","',
        'subject_id = { from = "Paciente" }',
        "distinct = true                     # a subject has several rows",
        'sex = { from = "Sexo", map = { "M" = "FILL-IN", "V" = "male" } }',
        'icu_at = { from = "Fecha ingreso UCI", format = "%d/%m/%Y" }   # or %m/%d/%Y: which?',
        "#   PCR: 1,5, 2,5",
    ):
        assert line in draft


def test_a_file_without_rows_has_no_draft(tmp_path: Path):
    (tmp_path / "empty.csv").write_text("id,age\n")
    with pytest.raises(StudyProblems, match="no header with a row below it"):
        suggest(tmp_path / "empty.csv")
