"""The pages of docs/reference that describe tables and markers, rendered from the schemas themselves.

`python -m onearm.records.reference [FOLDER]` writes them (default: docs/reference of the working folder).
"""

import inspect
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import dataframely as dy

from onearm.records.custody import TRANSITIONS
from onearm.records.tables import FOREIGN_KEYS, SCHEMA_VERSION, TABLES
from onearm.vocabulary.identifiers import ID_PATTERN
from onearm.vocabulary.markers import MARKERS, Conversion

_MADE = "Made by `python -m onearm.records.reference` from the schemas; do not edit.\n"


def records_page() -> str:
    """docs/reference/records.md: every table, column, rule and key."""
    lines = ["# Record tables", "", _MADE, f"Schema version: `{SCHEMA_VERSION}`.", "", *_NOTATION, ""]
    for name, schema in TABLES.items():
        lines += [*_table(name, schema), ""]
    lines += ["## Keys between tables", "", "| column | names a row of |", "|---|---|"]
    lines += [f"| {key.table}.{key.column} | {key.target} |" for key in FOREIGN_KEYS]
    lines += [
        "",
        "## States of a container",
        "",
        "The state is the replay of the events; any other pair is refused.",
        "",
    ]
    lines += ["| event | from | to | needs |", "|---|---|---|---|"]
    lines += [
        f"| {t.event} | {', '.join(t.from_states) or 'none'} | {t.to_state} | {t.needs} |" for t in TRANSITIONS.values()
    ]
    return "\n".join(lines) + "\n"


def markers_page() -> str:
    """docs/reference/markers.md: every marker with its units and limits."""
    lines = ["# Markers", "", _MADE]
    lines += [
        "A value is converted exactly and rounded once, half-even, to 10 significant digits; the raw text is kept.",
        "Outside the hard limits it is refused, between usual and hard limits it is asked twice. LOINC codes are to be",
        "checked against a LOINC release: `seen` in third-party lists, `field` from use only.",
        "",
        "| marker | meaning | canonical unit | accepted units | usual | hard | LOINC |",
        "|---|---|---|---|---|---|---|",
    ]
    for marker in MARKERS.values():
        units = ", ".join(_unit(unit, how) for unit, how in marker.units.items() if unit and unit != marker.unit)
        usual, hard = (f"{low} to {high}" for low, high in (marker.usual, marker.hard))
        loinc = f"{marker.loinc} ({marker.loinc_status})" if marker.loinc else marker.loinc_status
        whole = ", whole numbers" if marker.integer else ""
        cells = (marker.name, marker.title_en, marker.unit + whole, units or "none", usual, hard, loinc)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


PAGES = MappingProxyType({"records.md": records_page, "markers.md": markers_page})

_NOTATION = (
    "Kinds: *id* ASCII `[A-Z0-9-]`, 1 to 64 characters · *text* trimmed, not empty, Unicode NFC, at most 2,000",
    "characters, without phone, national id or e-mail · *decimal* exact, 12 digits after the point · *time* UTC,",
    "milliseconds, in CSV `2020-04-11T09:00:00.000Z` · *date* `2020-04-11` · *bool* `true` or `false` · empty = null.",
    "",
    "Every table also has `site_id` (id), `version` (integer, 1 or more) and `entered_at` (time).",
)


def _table(name: str, schema: type[dy.Schema]) -> Iterator[str]:
    yield f"## {name}"
    yield ""
    yield inspect.getdoc(schema) or ""
    yield ""
    yield "| column | kind | allowed | meaning |"
    yield "|---|---|---|---|"
    common = ("site_id", "version", "entered_at")
    for column_name, column in schema.columns().items():
        if column_name in common:
            continue
        mark = " (key)" if column.primary_key else " (may be empty)" if column.nullable else ""
        yield f"| {column_name}{mark} | {_kind(column)} | {_allowed(column)} | {column.description} |"
    rules = [rule.replace("_", " ") for rule in schema._schema_validation_rules()]
    if rules:
        yield ""
        yield "Must hold: " + " · ".join(rules) + "."


def _kind(column: dy.Column) -> str:
    kinds: Mapping[type, str] = {
        dy.Datetime: "time",
        dy.Date: "date",
        dy.Decimal: "decimal",
        dy.Int64: "integer",
        dy.Bool: "bool",
        dy.Enum: "text",
    }
    found = next((kind for cls, kind in kinds.items() if isinstance(column, cls)), "text")
    return "id" if isinstance(column, dy.String) and column.regex == ID_PATTERN else found


def _allowed(column: dy.Column) -> str:
    if isinstance(column, dy.Enum):
        return ", ".join(column.categories) if len(column.categories) < len(MARKERS) else "a marker"
    if isinstance(column, dy.Decimal | dy.Int64):
        low = f"more than {column.min_exclusive:f}" if column.min_exclusive is not None else f"{column.min:f}"
        return f"{low} to {column.max:f}".replace(".000000", "")
    if isinstance(column, dy.String) and column.regex and column.regex != ID_PATTERN:
        return f"`{column.regex}`".replace("|", "\\|")
    return ", ".join((column.metadata or {}).get("values", ()))


def _unit(unit: str, how: Conversion) -> str:
    times = "" if how.factor == 1 else f" × {how.text}"
    add = f" ({'+' if how.add_first > 0 else '-'} {abs(how.add_first)} first)" if how.add_first else ""
    return f"{unit}{add}{times}{' ÷ weight in kg' if how.per_kg else ''}"


def write_pages(folder: Path) -> None:
    """Write every page into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (folder / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write_pages(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/reference"))
