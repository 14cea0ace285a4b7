"""Does any damaged file crash the import, or lose a row without a word?

Real files (a transplant list, an open hospital cohort) and a laboratory export as a Spanish hospital writes it are
mutated at random: bytes changed, cells emptied, swapped or filled with rubbish, lines doubled, cut or reordered,
delimiters, quotes and encodings broken. Each must end in a report whose rows add up, or in a refusal of the file in
words.
"""

import csv
import io
import random
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from bench.measure import Measure, Reading
from bench.process import ROOT

CASES, SEED, PROCESSES = 10_000, 20_201_125, 2
_RUBBISH = (
    "",
    "NA",
    "-",
    "0",
    "1e999",
    "1.000",
    "1,000",
    "٣",
    "null",
    "=1+1",
    "'",
    '"',
    ";",
    "\x00",
    "ÿ",
    "x" * 3000,
    "2020-02-30",
    "31/02/2020",
    "99:99",
    "-1",
    "NaN",
    "\u202e",
    "true",
    "Male ",
    "<",
    ">5",
    "5 mg",
    " 7 ",
)
_LABS = """PSEUDO;FECHA;HORA;PRUEBA;RESULTADO;UNIDAD;ANULADO
S01-001;08/04/2020;06:10;PCR;12,3;mg/dL;N
;08/04/2020;06:10;LDH;412;U/L;N
;09/04/2020;06:20;Dimero D (FEU);<0,3;mg/L;N
S01-002;08/04/2020;07:00;PCR;98;mg/L;N
;08/04/2020;07:00;Ferritina;1850;ng/mL;S
S01-003;29/03/2020;02:30;PCR;7;mg/L;N
"""
_LABS_MAPPING = """schema = "onearm.mapping/1"
source = "LABS"
site = "S01"
timezone = "Europe/Madrid"
files = "*.csv"
delimiter = ";"
decimal = ","
missing = ["", "NA", "-"]
[[table]]
to = "measurements"
where = { ANULADO = ["N"] }
constants = { specimen = "serum" }
[table.columns]
subject_id = { from = "PSEUDO", pattern = '(S\\d{2}-\\d{3})', fill = "forward" }
collected_at = { from = ["FECHA", "HORA"], format = "%d/%m/%Y %H:%M" }
raw_value = { from = "RESULTADO", comparator = true }
raw_unit = { from = "UNIDAD" }
[table.columns.marker]
from = "PRUEBA"
map = { "PCR" = "crp", "LDH" = "ldh", "Dimero D (FEU)" = "d_dimer_feu" }
unmapped = "refuse"
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the mutated files."""

    cases: int
    stored: int  # files of which every row was stored
    partly: int  # files with refused rows, all told
    refused: int  # files refused as a whole, in words
    faults: tuple[str, ...]  # crashes, and rows that do not add up


def fuzz(cases: int, seed: int, folder: Path) -> Counts:
    """Mutate and import `cases` files; nothing is written outside of `folder`."""
    from onearm.results.problems import StudyProblems
    from onearm.sources.import_files import import_records

    draw, seeds = random.Random(seed), list(_seeds(folder))
    stored = partly = refused = 0
    faults: list[str] = []
    for case in range(cases):
        name, text, mapping, delimiter = draw.choice(seeds)
        data = mutated(text, delimiter, draw)
        path = folder / name
        path.write_bytes(data)
        try:
            report = import_records([path], mapping, accept_partial=True).report
        except StudyProblems as problems:
            refused += 1
            if not str(problems).strip():
                faults.append(f"case {case} of seed {seed}, {name}: refused without a word")
            continue
        except Exception as error:  # whatever it is: a user would see a trace
            faults.append(f"case {case} of seed {seed}, {name}: {error!r}")
            continue
        stored, partly = stored + (not report.rows_refused), partly + bool(report.rows_refused)
        faults += [f"case {case} of seed {seed}, {name}: {told}" for told in _sums(report, data, delimiter)]
    return Counts(cases, stored, partly, refused, tuple(faults))


def mutated(text: str, delimiter: str, draw: random.Random) -> bytes:
    """One to four mutations."""
    lines = text.splitlines()
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(lines))
        cells = lines[at].split(delimiter)
        match draw.randrange(11):
            case 0 | 1 | 2:
                cells[draw.randrange(len(cells))] = draw.choice(_RUBBISH)
            case 3:
                draw.shuffle(cells)
            case 4:
                cells.insert(draw.randrange(len(cells) + 1), draw.choice(_RUBBISH))
            case 5:
                cells.pop(draw.randrange(len(cells)))
            case 6:
                lines.insert(at, lines[draw.randrange(len(lines))])
                continue
            case 7:
                lines[at] = lines[at][: draw.randrange(len(lines[at]) + 1)]
                continue
            case 8:
                cells = ["", ""] if draw.random() < 0.5 else []
            case 9:
                other = draw.randrange(len(lines))
                lines[at], lines[other] = lines[other], lines[at]
                continue
            case _:
                cells = [c.replace(delimiter, draw.choice("\t,|")) for c in cells]
        lines[at] = delimiter.join(cells)
    data = bytearray(draw.choice(("\n", "\r\n")).join(lines).encode("utf-8", "surrogatepass"))
    if draw.random() < 0.3 and data:
        for _ in range(draw.randint(1, 3)):
            data[draw.randrange(len(data))] = draw.randrange(256)
    return bytes(data)


def _sums(report: "object", data: bytes, delimiter: str) -> Iterator[str]:
    """Rows in = stored + refused; and rows of the file, as another reader counts them, are all accounted for."""
    rows_in, stored, refused = report.rows_in, report.rows_stored, report.rows_refused  # type: ignore[attr-defined]
    if rows_in != stored + refused:
        yield f"{rows_in} rows in, {stored} stored, {refused} refused"
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter))
    except (csv.Error, UnicodeDecodeError):
        return
    blank = next((k for k, row in enumerate(rows) if any(cell.strip() for cell in row)), len(rows))
    rows = rows[blank:]  # lines with nothing in them before the header
    seen = rows_in + report.left_out_by_where + report.blank_lines  # type: ignore[attr-defined]
    if seen != len(rows) - 1:
        yield f"{len(rows) - 1} rows in the file, {seen} accounted for"


def _seeds(folder: Path) -> Iterator[tuple[str, str, Path, str]]:
    """File name, text, mapping, delimiter of each file that is mutated."""
    labs = folder / "labs.toml"
    labs.write_text(_LABS_MAPPING, encoding="utf-8")
    yield "labs_S01.csv", _LABS, labs, ";"
    heart = ROOT / "examples/stanford-heart/raw"
    text = (heart / "stanford_heart_patients.csv").read_text(encoding="utf-8")
    yield "stanford_heart_patients.csv", "\n".join(text.splitlines()[:25]), heart / "mapping.toml", ","
    israel = ROOT / "examples/balmys19/comparators/israel"
    text = (israel / "israel_covid_hospitalised.csv").read_text(encoding="utf-8")
    yield "israel_covid_hospitalised.csv", "\n".join(text.splitlines()[:25]), israel / "mapping.toml", ","


def _part(part: int) -> Counts:
    with tempfile.TemporaryDirectory(prefix="onearm-fuzz-") as folder:
        return fuzz(CASES // (PROCESSES * 10), SEED + part, Path(folder))


def import_fuzz() -> Reading:
    """Crashes and rows lost; 0 is the target."""
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:  # polars has threads: no fork
        parts = list(pool.map(_part, range(PROCESSES * 10)))
    faults = [fault for part in parts for fault in part.faults]
    cases, stored, partly, refused = (
        sum(getattr(p, name) for p in parts) for name in ("cases", "stored", "partly", "refused")
    )
    note = f"{cases:,} files: {stored:,} stored whole, {partly:,} with refused rows, {refused:,} refused whole"
    if faults:
        note += f"; {faults[0]}"
    return Reading(len(faults), len(faults), len(faults), note=note)


MEASURES = (
    Measure("import.fuzz", "10,000 damaged files: crashes, or rows in that are not stored + refused", "faults",
            import_fuzz, target="0"),
)  # fmt: skip
