"""A mapping file tells everything that is wrong with it, each with its line."""

from fractions import Fraction
from pathlib import Path

import pytest
from import_worlds import SUBJECTS

from onearm.results.problems import StudyProblems
from onearm.sources import mapping_column, mapping_file, mapping_path
from onearm.sources.mapping_file import read_mapping

WRONG = """schema = "onearm.mapping/1"
source = "REG"
site = "S01"
timezone = "Europe/Madird"
decimal = ";"
filez = "*.csv"
columns = { subject_id = { from = "id" } }
[[table]]
to = "subjects"
constants = { cohort = "individual", age = 3 }
[table.columns]
sex = { from = "sex", map = { V = "man" } }
icu_at = { from = "icu" }
hospital_at = { from = "hosp", format = "%d/%q/%Y" }
age_years = { from = "age", pattern = '(\\d+' }
height_cm = { from = "h", unit = "ft" }
[[table]]
to = "episode"
[[table]]
to = "outcomes"
path = { states = "s{0..2}", times = "t{1..3}", start = { day = 0 }, map = { 9 = "died" }, codes = ["1"] }
[[table]]
to = "measurements"
columns = { raw_value = { from = "crp", fill = "forward" }, marker = { from = "t", map = { PCR = "CRP" } } }
"""


def problems(folder: Path, text: str) -> dict[str, tuple[int | None, str]]:
    (folder / "mapping.toml").write_text(text, encoding="utf-8")
    with pytest.raises(StudyProblems) as raised:
        read_mapping(folder / "mapping.toml")
    return {p.sentence: (p.line, p.remedy) for p in raised.value.problems}


def test_every_problem_of_a_mapping_is_told_at_once_with_its_line(tmp_path: Path):
    found = problems(tmp_path, WRONG)
    assert [(line, sentence) for sentence, (line, _) in found.items()] == [
        (6, "top: filez: unknown key."),
        (14, "[[table]] 1: columns.hospital_at.format: '%d/%q/%Y': %q is not known."),
        (
            15,
            "[[table]] 1: columns.age_years.pattern: '(\\\\d+' is not a regular expression: "
            "missing ), unterminated subpattern at position 0.",
        ),
        (16, "[[table]] 1: columns.height_cm.unit: 'ft' is not a unit of height_cm."),
        (4, "top: timezone: 'Europe/Madird' is not a time zone."),
        (5, "top: decimal: ';' is neither . nor ,"),
        (12, "[[table]] 1: columns.sex: 'man' is not allowed."),
        (13, "[[table]] 1: columns.icu_at: a time needs `format`."),
        (10, "[[table]] 1: constants.cohort: 'individual' is not allowed."),
        (10, "[[table]] 1: constants.age: subjects has no column 'age'."),
        (18, "[[table]] 2: to: 'episode' is not a record table."),
        (21, "[[table]] 3: path: `times_are` is missing."),
        (21, "[[table]] 3: path.times: 3 states and 3 times."),
        (21, "[[table]] 3: path.map.9: the state is not among `codes`."),
        (24, "[[table]] 4: columns.raw_value: a measured value is never filled."),
        (24, "[[table]] 4: columns.marker: 'CRP' is not allowed."),
        (22, "[[table]] 4: measurements.collected_at is required and not mapped."),
        (22, "[[table]] 4: measurements.raw_unit is required and not mapped."),
    ]
    assert found["[[table]] 1: columns.sex: 'man' is not allowed."] == (12, "Allowed: female, male, unknown.")
    assert found["top: filez: unknown key."] == (6, "Did you mean files?")


def test_a_sound_mapping_is_frozen_values(tmp_path: Path):
    (tmp_path / "mapping.toml").write_text(SUBJECTS.replace('from = "age"', 'from = "age", unit = "months"'))
    mapping = read_mapping(tmp_path / "mapping.toml")
    (table,) = mapping.tables
    assert table.columns["age_years"].factor == Fraction(1, 12)
    assert table.named_columns() == ("age", "icu", "id")
    with pytest.raises(AttributeError):
        mapping.source = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("schema = 3", "schema: 3 is not text."),
        ("", "None is not 'onearm.mapping/1'"),
        ("= 3", "not valid TOML"),
        (SUBJECTS.replace("subject_id = ", "subject = "), "subject_id has no column."),
        (SUBJECTS + "[table.wide]\nCRP = { marker = 'crp', unit = 'mg/L' }\n", "subjects is not wide."),
        (SUBJECTS.replace('to = "subjects"', 'to = "subjects"\npath = {}'), "subjects cannot be made from a path."),
        (SUBJECTS.replace('"%Y-%m-%d"', '"%Y-%m-%d %H:%M"'), "clock times need `timezone`."),
    ],
)
def test_a_mapping_that_cannot_work_is_refused(tmp_path: Path, text: str, told: str):
    assert told in "\n".join(problems(tmp_path, text))


def test_the_mapping_of_the_guide_is_sound(tmp_path: Path):
    guide = (Path(__file__).parents[2] / "docs" / "how-to" / "import.md").read_text(encoding="utf-8")
    whole = [block.split("```")[0] for block in guide.split("```toml\n")[1:] if block.startswith("schema = ")]
    assert whole
    for text in whole:
        (tmp_path / "mapping.toml").write_text(text, encoding="utf-8")
        assert read_mapping(tmp_path / "mapping.toml").tables


def test_every_key_of_the_language_stands_in_the_guide():
    guide = (Path(__file__).parents[2] / "docs" / "how-to" / "import.md").read_text(encoding="utf-8")
    keys = {*mapping_file._TOP, *mapping_file._TABLE, *mapping_file._WIDE, *mapping_column._COLUMN, *mapping_path._PATH}
    assert {key for key in keys if not any(told in guide for told in (f"`{key}", f"{key} =", f"{key}]"))} == set()
