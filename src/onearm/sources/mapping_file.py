"""Read a mapping file; every unknown key, table and column, bad expression and missing key is told at once."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from onearm.results.problems import StudyProblems
from onearm.sources.mapping import (
    PATH_TABLES,
    SCHEMA,
    ImportMapping,
    Reading,
    TableMapping,
    WideMarker,
)
from onearm.sources.mapping_checks import check_table
from onearm.sources.mapping_column import column_mapping, patterns
from onearm.sources.mapping_path import path_mapping
from onearm.sources.mapping_toml import (
    Place,
    cell_text,
    cell_texts,
    known_keys,
    one_or_many,
)
from onearm.sources.table_shape import shape, table_names
from onearm.sources.typed_file import read_text, read_toml

_TEXTS = (str, list)
_DEFAULTS: dict[str, Any] = {
    "source": str,
    "site": str,
    "timezone": str,
    "fold": str,
    "files": _TEXTS,
    "encoding": str,
    "delimiter": str,
    "decimal": str,
    "thousands": str,
    "missing": _TEXTS,
    "columns": dict,
    "constants": dict,
    "path": dict,
}
_TOP: dict[str, Any] = {"schema": str, **_DEFAULTS, "table": list}
_TABLE: dict[str, Any] = {"to": str, **_DEFAULTS, "where": dict, "wide": dict, "distinct": bool}
_WIDE: dict[str, Any] = {"marker": str, "unit": (str, dict), "unit_from": str}


def read_mapping(path: Path) -> ImportMapping:
    """The mapping in a file. Raises StudyProblems with all that is wrong."""
    place = Place(path.name, ())
    text = read_text(path, path.name, place.problems) or ""
    place = Place(path.name, text.splitlines(), place.problems)
    given = None if place.problems else read_toml(path, path.name, place.problems)
    mapping = None if given is None else _mapping(given, place, hashlib.sha256(path.read_bytes()).hexdigest())
    if place.problems or mapping is None:
        raise StudyProblems(place.problems, "nothing was imported")
    return mapping


def _mapping(given: dict[str, Any], place: Place, sha256: str) -> ImportMapping | None:
    top = known_keys(given, _TOP, place)
    if top.get("schema") != SCHEMA:
        place.at("schema").wrong(f"{top.get('schema')!r} is not {SCHEMA!r}.", f'Write schema = "{SCHEMA}".')
    tables = top.get("table") or []
    if not tables:
        place.wrong("no [[table]].", 'Write [[table]] and to = "subjects", and its columns.')
    found = []
    for number, raw in enumerate(tables, 1):
        spot = Place(place.file, place.lines, place.problems, number)
        table = _table(top, known_keys(raw, _TABLE, spot), spot, place)
        if table is not None:
            found.append(table)
    _unused_defaults(top, found, place)
    return ImportMapping(place.file, sha256, str(top.get("source", "")), tuple(found))


def _table(top: Mapping[str, Any], own: dict[str, Any], spot: Place, place: Place) -> TableMapping | None:
    to = own.get("to")
    if to not in table_names():
        told = f"{to!r} is not a record table." if to else "`to` is missing."
        spot.at("to").wrong(told, "Tables that can be imported: " + ", ".join(table_names()) + ".")
        return None
    both = {**top, **own}
    for key in ("source", "site"):
        if not both.get(key):
            spot.wrong(f"`{key}` is missing, here and at the top.", f'Write {key} = "NAME" at the top.')
    shared_columns = {k: v for k, v in top.get("columns", {}).items() if k in shape(to).columns}
    shared_constants = {k: v for k, v in top.get("constants", {}).items() if k in shape(to).columns}
    columns = {n: column_mapping(c, spot.at("columns", n)) for n, c in own.get("columns", {}).items()}
    columns |= {n: column_mapping(c, place.at("columns", n)) for n, c in shared_columns.items() if n not in columns}
    constants = cell_texts(shared_constants | own.get("constants", {}))
    path = None
    if "path" in own and to not in PATH_TABLES:
        spot.at("path").wrong(f"{to} cannot be made from a path.", "Use it for " + " and ".join(PATH_TABLES) + ".")
    elif "path" in own:
        path = path_mapping(top.get("path", {}) | own["path"], spot.at("path"), place.at("path"))
    table = TableMapping(
        to=to,
        number=spot.table,
        reading=_reading(both, lambda key: (spot if key in own else place).at(key)),
        site=str(both.get("site", "")),
        source=str(both.get("source", "")),
        columns=MappingProxyType(columns),
        constants=MappingProxyType({k: v for k, v in constants.items() if k not in own.get("columns", {})}),
        where=MappingProxyType(_where(own.get("where", {}), spot.at("where"))),
        distinct=own.get("distinct", False),
        wide=_wide(own.get("wide", {}), spot.at("wide")),
        path=path,
    )
    check_table(table, spot)
    return table


def _reading(both: Mapping[str, Any], where: Callable[[str], Place]) -> Reading:
    """How the cells are written; `where` tells in which table a key stands."""
    reading = Reading()
    given: dict[str, Any] = {k: both[k] for k in ("encoding", "delimiter", "decimal", "thousands") if k in both}
    if "files" in both:
        given["files"] = one_or_many(both["files"], where("files"))
        for glob in given["files"]:
            if not glob or glob.startswith(("/", "~")) or ".." in glob.split("/"):
                where("files").wrong(f"{glob!r} is no file of this folder.", 'Write a name or "labs_*.csv".')
    if "missing" in both:
        words = both["missing"] if isinstance(both["missing"], list) else [both["missing"]]
        given["missing"] = frozenset({"", *(cell_text(w).strip() for w in words)})
    if both.get("fold") not in (None, "first", "second"):
        where("fold").wrong(f"{both['fold']!r} is neither first nor second.", 'Write fold = "first" or "second".')
    elif "fold" in both:
        given["fold"] = both["fold"]
    if "timezone" in both:
        try:
            given["timezone"] = ZoneInfo(both["timezone"]).key
        except (KeyError, ValueError, OSError):
            where("timezone").wrong(f"{both['timezone']!r} is not a time zone.", 'Write for example "Europe/Madrid".')
    reading = replace(reading, **given)
    try:
        "".encode(reading.encoding)
    except LookupError:
        where("encoding").wrong(f"{reading.encoding!r} is not an encoding.", "Write utf-8, cp1252 or utf-16.")
    if len(reading.delimiter) != 1 or reading.delimiter in '"\r\n':
        where("delimiter").wrong(f"{reading.delimiter!r} is not one character.", r'Write ",", ";", "|" or "\t".')
    if reading.decimal not in (".", ","):
        where("decimal").wrong(f"{reading.decimal!r} is neither . nor ,", 'Write decimal = "," or ".".')
    if reading.thousands not in ("", ".", ",", " ", "'") or reading.thousands == reading.decimal:
        where("thousands").wrong(f"{reading.thousands!r} cannot group digits here.", 'Write ".", ",", " " or "\'".')
    return reading


def _where(given: Mapping[str, Any], place: Place) -> dict[str, tuple[str, ...] | bool]:
    found: dict[str, tuple[str, ...] | bool] = {}
    for name, allowed in given.items():
        if isinstance(allowed, bool):
            found[name] = allowed
        else:
            found[name] = tuple(cell_text(v) for v in (allowed if isinstance(allowed, list) else [allowed]))
            if not found[name]:
                place.at(name).wrong("the list is empty: no row would be left.", 'Write ["VALUE"], true or false.')
    return found


def _wide(given: Mapping[str, Any], place: Place) -> tuple[WideMarker, ...]:
    from onearm.vocabulary.markers import MARKERS

    found = []
    for source, raw in given.items():
        spot = place.at(source)
        g = known_keys(raw, _WIDE, spot)
        marker, unit = g.get("marker", ""), g.get("unit")
        if marker not in MARKERS:
            spot.wrong(f"{marker!r} is not a marker.", "Markers: " + ", ".join(MARKERS) + ".")
            continue
        if (unit is None) == ("unit_from" not in g):
            spot.wrong("give `unit` or `unit_from`, one of them.", f'Write unit = "{MARKERS[marker].unit}".')
        match = patterns(unit, spot.at("unit")) if isinstance(unit, dict) else ()
        for name in [u for _, u in match] + ([unit] if isinstance(unit, str) else []):
            try:
                MARKERS[marker].conversion(name)
            except ValueError as error:
                spot.at("unit").wrong(str(error), "Correct the unit.")
        found.append(WideMarker(source, marker, unit if isinstance(unit, str) else None, g.get("unit_from"), match))
    return tuple(found)


def _unused_defaults(top: Mapping[str, Any], tables: list[TableMapping], place: Place) -> None:
    for key in ("columns", "constants"):
        for name in top.get(key, {}):
            if tables and not any(name in shape(t.to).columns for t in tables):
                place.at(key, name).wrong(
                    "no table of this mapping has that column.", "Remove it, or correct the name."
                )
    if "path" in top and tables and not any(t.path for t in tables):
        place.at("path").wrong("no table uses it.", "Give a table its own path = { map = {...} }.")
