"""Does a `[[table]]` of a mapping fit its record table: names, kinds, allowed values, nothing required left out."""

import difflib

from onearm.sources.mapping import ColumnMapping, TableMapping
from onearm.sources.mapping_toml import Place
from onearm.sources.table_shape import MADE, ColumnShape, TableShape, shape

PATH_MAKES = {
    "episodes": ("kind", "started_at", "ended_at", "ongoing"),
    "outcomes": ("kind", "occurred_at"),
}
WIDE_MAKES = ("marker", "raw_value", "raw_unit", "comparator", "value")


def check_table(table: TableMapping, place: Place) -> None:
    """Problems go to `place`."""
    found = shape(table.to)
    made = PATH_MAKES[table.to] if table.path else ()
    if table.wide:
        if table.to != "measurements":
            place.at("wide").wrong(f"{table.to} is not wide.", "Only measurements can be.")
        made = (*made, *WIDE_MAKES)
    for name, column in table.columns.items():
        _name(name, found, made, place.at("columns", name))
        if name in found.columns:
            _column(name, column, found.columns[name], table, place.at("columns", name))
    for name, value in table.constants.items():
        _name(name, found, made, place.at("constants", name))
        if name in found.columns:
            _allowed(value, found.columns[name], place.at("constants", name))
    _path_kinds(table, found, place)
    _required(table, found, made, place)


def _name(name: str, found: TableShape, made: tuple[str, ...], place: Place) -> None:
    if name not in found.columns:
        near = difflib.get_close_matches(name, found.columns, n=1)
        told = (
            f"Is {near[0]} meant?"
            if near
            else "Columns: "
            + ", ".join(c for c in found.columns if c not in MADE and not c.endswith("_precision"))
            + "."
        )
        place.wrong(f"{found.name} has no column {name!r}.", told)
    elif name in MADE or name.endswith("_precision"):
        place.wrong(f"{name} is written by the import.", "Remove it.")
    elif name in made or (found.name == "measurements" and name == "value"):
        place.wrong(f"{name} is made from the rest of this table.", "Remove it here.")


def _column(name: str, column: ColumnMapping, found: ColumnShape, table: TableMapping, place: Place) -> None:
    for value in (*column.values.values(), *(v for _, v in column.match)):
        _allowed(value, found, place)
    timed = found.kind in ("at", "date")
    if timed:
        _time(column, table, place)
    elif column.day is not None or column.time_unit or column.formats or column.after:
        place.wrong(f"`format`, `day` and `time_unit` are for times, {name} is {found.kind}.", "Remove them.")
    if column.factor is not None and found.kind not in ("dec", "int"):
        place.wrong(f"`unit` and `factor` are for numbers, {name} is {found.kind}.", "Remove them.")
    if column.comparator and name != "raw_value":
        place.wrong("`comparator` is for raw_value.", "Remove it.")
    if column.fill and name in ("raw_value", "value"):
        place.wrong("a measured value is never filled.", "Remove `fill`.")
    if column.fill and len(column.sources) != 1:
        place.wrong("`fill` needs one column.", 'Write from = "COLUMN".')


def _time(column: ColumnMapping, table: TableMapping, place: Place) -> None:
    if column.after is not None:
        _time(column.after, table, place.at("after"))
    if column.sources and not column.formats and column.time_unit is None:
        place.wrong("a time needs `format`.", 'Write format = "%d/%m/%Y", or time_unit = "hours" where it is counted.')
    if any(c in form for form in column.formats for c in ("%H", "%I")) and table.reading.timezone is None:
        place.wrong("clock times need `timezone`.", 'Write timezone = "Europe/Madrid" at the top.')


def _allowed(value: str, found: ColumnShape, place: Place) -> None:
    if found.allowed and value not in found.allowed:
        place.wrong(f"{value!r} is not allowed.", "Allowed: " + ", ".join(found.allowed) + ".")


def _path_kinds(table: TableMapping, found: TableShape, place: Place) -> None:
    if table.path is None:
        return
    opened = () if table.path.open is None else (table.path.open,)
    for kind in (*table.path.kinds.values(), *opened):
        _allowed(kind, found.columns["kind"], place.at("path"))
    if table.to == "episodes" and (table.path.open or table.path.take == "last"):
        place.at("path").wrong("`take` and `open` are for outcomes.", "Remove them.")
    forms = (table.path.formats, *(c.formats for c in (table.path.start, table.path.until) if c))
    if any(c in form for several in forms for form in several for c in ("%H", "%I")) and not table.reading.timezone:
        place.at("path").wrong("clock times need `timezone`.", 'Write timezone = "Europe/Madrid" at the top.')


def _required(table: TableMapping, found: TableShape, made: tuple[str, ...], place: Place) -> None:
    given = {*table.columns, *table.constants, *made, *MADE}
    for name, column in found.columns.items():
        free = not column.required or column.default is not None or column.may_be_unknown
        free = (
            free
            or name.endswith("_precision")
            or name == found.made_key
            or (found.name, name) == ("measurements", "value")
        )
        if name not in given and not free:
            place.wrong(f"{found.name}.{name} is required and not mapped.", f'Write {name} = {{ from = "COLUMN" }}.')
    ages = {"age_years", "age_low", "age_high"}
    if table.to == "subjects" and not ages & given:
        place.wrong("no age: age_years, age_low or age_high is required.", 'Write age_years = { from = "COLUMN" }.')
    if "subject_id" in found.columns and "subject_id" not in table.columns:
        place.wrong("subject_id has no column.", 'Write subject_id = { from = "COLUMN" } in [columns].')
