"""`onearm import --suggest`: a draft of a mapping from the header and the first rows of a file, for a human to finish.

Nothing is decided: every guess is a line to confirm, what is not recognised stands as a comment with its first values.
"""

import csv
import io
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from onearm.results.problems import Problem, StudyProblems
from onearm.sources.mapping import SCHEMA

_ROWS = 200
_SHOWN = 5
_FORMATS = (
    "%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d-%b-%Y", "%Y%m%d", "%d/%m/%y", "%m/%d/%y",
    "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M",
)  # fmt: skip
_NAMES = (
    (
        "subject_id",
        r"(^|_)(id|subject|patient|pt|pseudo\w*|case|row|nhc|usubjid)$|^(id|subject|patient|paciente|pseudo)",
    ),
    ("sex", r"^(sex|sexo|gender|genero|género|geschlecht)"),
    ("age_years", r"^(age|edad|alter)"),
    ("icu_at", r"(icu|uci)"),
    ("hospital_at", r"(admission|hospital|ingreso|admit|first_date)"),
    ("listed_at", r"(accept|listed|listing)"),
    ("ventilated_at", r"(intub|ventil)"),
)
# M is male in English and mujer in Spanish: left to be filled in, unless F stands beside it
_SEXES = {"male": "male", "v": "male", "h": "male", "hombre": "male", "varon": "male", "varón": "male",
          "f": "female", "female": "female", "w": "female", "mujer": "female"}  # fmt: skip


def suggest(file: Path) -> str:
    """A mapping in TOML to be finished by hand. Raises StudyProblems when the file has no header and no row."""
    data = file.read_bytes()
    encoding = _encoding(data)
    lines = data.decode(encoding, "replace").lstrip("\ufeff")
    delimiter = max(",;\t|", key=lines.partition("\n")[0].count)
    table = [row for row, _ in zip(csv.reader(io.StringIO(lines), delimiter=delimiter), range(_ROWS + 1), strict=False)]
    table = [[" ".join(cell.split()) for cell in row] for row in table if any(row)]
    if len(table) < 2:
        raise StudyProblems([Problem(file.name, "no header with a row below it.", "Export it again.")], "no draft")
    header = table[0]
    columns = {name: [row[i] for row in table[1:] if i < len(row) and row[i]] for i, name in enumerate(header)}
    decimal = "," if any(re.fullmatch(r"\d+,\d+", v) for values in columns.values() for v in values) else "."
    return "\n".join(
        [*_top(file, encoding, delimiter, decimal, columns), *_subjects(columns, decimal), *_rest(columns)]
    )


def _encoding(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _top(file: Path, encoding: str, delimiter: str, decimal: str, columns: dict[str, list[str]]) -> list[str]:
    timed = any("%H" in form for values in columns.values() for form in date_forms(values))
    zone = 'timezone = "Europe/Madrid"          # of the clock times: correct it' if timed else ""
    shown = delimiter.replace("\t", "\\t")
    return [
        f"# A draft made from the header and the first rows of {file.name}. Confirm every line: it is a guess.",
        f'schema = "{SCHEMA}"',
        'source = "FILL-IN"                  # name of the source; describe it in source.toml beside this file',
        'site = "FILL-IN"                    # for example S01, or the country',
        f"files = {quoted(file.name)}",
        f'encoding = "{encoding}"',
        f'delimiter = "{shown}"',
        f'decimal = "{decimal}"',
        'missing = ["", "NA"]                # what else stands for "not known" here?',
        *([zone] if zone else []),
    ]


def _subjects(columns: dict[str, list[str]], decimal: str) -> list[str]:
    guessed = _guessed(columns)
    key = guessed.get("subject_id")
    lines = ["", "[columns]"]
    if key is None:
        lines.append('# subject_id = { from = "FILL-IN" }   # no column looks like a pseudonym')
    else:
        odd = any(not re.fullmatch(r"[A-Z0-9-]+", v) for v in columns[key])
        note = "   # an id is A-Z, 0-9 and - only: cut it out with pattern" if odd else ""
        lines.append(f"subject_id = {{ from = {quoted(key)} }}{note}")
    lines += ["", "[[table]]", 'to = "subjects"']
    if key is not None and len(set(columns[key])) < len(columns[key]):
        lines.append("distinct = true                     # a subject has several rows")
    lines += ['constants = { cohort = "individual_external" }', "[table.columns]"]
    for target, name in guessed.items():
        if target != "subject_id":
            lines.append(_line(target, name, columns[name], decimal))
    if "sex" not in guessed:
        lines.append('# sex = { from = "FILL-IN", map = { } }   # or constants = { sex = "unknown" }')
    if "age_years" not in guessed:
        lines.append('# age_years = { from = "FILL-IN" }   # or age_low and age_high')
    return lines


def _guessed(columns: dict[str, list[str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for target, expression in _NAMES:
        for name, values in columns.items():
            fits = re.search(expression, name.casefold()) and name not in found.values()
            if fits and (not target.endswith("_at") or date_forms(values)) and target not in found:
                found[target] = name
    return found


def _line(target: str, name: str, values: Sequence[str], decimal: str) -> str:
    column = quoted(name)
    if target == "sex":
        sexes = _SEXES | ({"m": "male"} if {"f", "w"} & {v.casefold() for v in values} else {})
        pairs = ", ".join(f'{quoted(v)} = "{sexes.get(v.casefold(), "FILL-IN")}"' for v in sorted(set(values))[:10])
        return f"sex = {{ from = {column}, map = {{ {pairs} }} }}"
    if target.endswith("_at"):
        forms = date_forms(values)
        doubt = f"   # or {', '.join(forms[1:])}: which?" if len(forms) > 1 else ""
        return f'{target} = {{ from = {column}, format = "{forms[0]}" }}{doubt}'
    numeric = all(re.fullmatch(r"\d+" + re.escape(decimal) + r"?\d*", v) for v in values)
    comment = "" if numeric else f"   # not numbers: {shown(values)}; use age_low and age_high with pattern"
    return f"{'' if numeric else '# '}{target} = {{ from = {column} }}{comment}"


def _rest(columns: dict[str, list[str]]) -> list[str]:
    taken = set(_guessed(columns).values())
    lines = ["", "# Columns not placed yet, with their first values:"]
    for name, values in columns.items():
        if name not in taken:
            forms = date_forms(values)
            lines.append(f"#   {name}: {shown(values)}" + (f"   (a date: {' or '.join(forms)})" if forms else ""))
    return [
        *lines,
        "",
        '# What happened to them: [[table]] to = "episodes" or "outcomes", by columns or by a path of states.',
        '# What was measured: [[table]] to = "measurements". See docs/how-to/import.md.',
        "",
    ]


def date_forms(values: Sequence[str]) -> list[str]:
    """The forms that read every value as a date."""
    return [form for form in _FORMATS if values and all(_reads(v, form) for v in values)]


def _reads(value: str, form: str) -> bool:
    try:
        return 1900 <= datetime.strptime(value, form).year <= 2100
    except ValueError:
        return False


def quoted(text: str) -> str:
    """A TOML string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def shown(values: Sequence[str]) -> str:
    """The first different values."""
    return ", ".join(list(dict.fromkeys(v[:40] for v in values))[:_SHOWN]) or "always blank"
