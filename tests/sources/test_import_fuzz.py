"""Files damaged at random: an import never crashes and loses no row without a word."""

import random
from pathlib import Path

import pytest
from import_worlds import read, write
from test_import_refusals import COURSE, PATH
from test_import_registries import AMERICAN, LAB, PATIENTS, SPANISH

from onearm.results.problems import StudyProblems
from onearm.sources.import_files import import_records

DATA = Path(__file__).parent / "data" / "icu_ventilation"
PIECES = [
    '"',
    ",",
    ";",
    "\n",
    "\r\n",
    "\x00",
    "\ufeff",
    "\u00a0",
    "-1",
    "1e9",
    "NaN",
    "NA",
    "99999999999999999999",
    "ñ",
    "'",
    "<",
]
WORLDS = {
    "spanish": (SPANISH, {"pacientes_csv": PATIENTS, "labs_csv": LAB}, "cp1252"),
    "american": (
        AMERICAN,
        {
            "pts_csv": "pt,gender,age_months,icu_hour\n7,M,780,5.5\n8,F,900,0\n",
            "daily_csv": "pt,hour,support\n7,0,MV\n7,24,EXP\n8,0,RA\n8,48,DC\n",
        },
        "utf-8",
    ),
    "wide": (
        PATH,
        {"patients_csv": "id,age,icu,s0,t1,s1,t2,s2,seen\nA,60,2020-03-01,W,2,V,3,D,5\nB,61,2020-03-02,V,0,0,0,0,9\n"},
        "utf-8",
    ),
    "course": (
        COURSE,
        {
            "patients_csv": "id,age,icu\nA,60,2020-03-01\nB,61,2020-03-01\n",
            "stays_csv": "id,from,to\nA,2020-03-01,2020-03-09\nB,2020-03-01,2020-03-04\n",
        },
        "utf-8",
    ),
}


def damaged(text: str, rng: random.Random) -> str:
    """The text with up to four cuts, insertions, swaps of lines or doubled lines."""
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(text) + 1)
        lines = text.splitlines(keepends=True) or [""]
        line = rng.randrange(len(lines))
        text = rng.choice(
            [
                text[:at] + rng.choice(PIECES) + text[at:],
                text[:at] + text[at + rng.randint(1, 3) :],
                "".join(lines[:line] + lines[line + 1 :]),
                "".join([*lines, lines[line]]),
                "".join(
                    [
                        *lines[:line],
                        lines[line].replace(rng.choice(",;0123"), rng.choice(PIECES), 1),
                        *lines[line + 1 :],
                    ]
                ),
            ]
        )
    return text


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("seed", range(40))
def test_damage_is_refused_or_read_but_never_lost(tmp_path: Path, world: str, seed: int):
    mapping, files, encoding = WORLDS[world]
    rng = random.Random(f"{world}{seed}")
    broken = {name: damaged(text, rng).encode(encoding, "replace") for name, text in files.items()}
    try:
        report = read(tmp_path, mapping, partial=True, **broken).report
    except StudyProblems as told:
        assert told.problems
        return
    assert report.rows_in == report.rows_stored + report.rows_refused
    assert report.rows_refused == len({(r.file, r.line) for r in report.refusals})


@pytest.mark.parametrize("seed", range(10))
def test_damaged_moves_lose_the_subject_and_nobody_else(tmp_path: Path, seed: int):
    rng = random.Random(seed)
    text = (DATA / "icu_ventilation_transitions.csv").read_text().splitlines(keepends=True)
    for _ in range(5):
        line = rng.randrange(1, len(text))
        cells = text[line].split(",")
        cells[rng.randrange(4)] = rng.choice(["", "9", "-1", "x"])
        text[line] = ",".join(cells)
    files = write(tmp_path, icu_csv="".join(text))
    mapping = (DATA / "mapping.toml").read_text().replace("icu_ventilation_transitions.csv", "icu.csv")
    (tmp_path / "mapping.toml").write_text(mapping)
    done = import_records(files, tmp_path / "mapping.toml", accept_partial=True)
    assert done.report.rows_in == 1141 == done.report.rows_stored + done.report.rows_refused
    subjects = set(done.records["subjects"]["subject_id"])
    assert len(subjects) >= 747 - 10
    assert set(done.records["episodes"]["subject_id"]) <= subjects
    assert set(done.records["outcomes"]["subject_id"]) == subjects
