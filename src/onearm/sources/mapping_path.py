"""The `path` of a mapping file: its three forms and their keys."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from onearm.sources.mapping import ColumnMapping, PathMapping
from onearm.sources.mapping_column import column_mapping
from onearm.sources.mapping_toml import Place, cell_text, cell_texts, formats, known_keys, one_or_many
from onearm.sources.time_units import TIME_UNITS

_TEXTS = (str, list)
_PATH: dict[str, Any] = {
    "start": dict,
    "times_are": str,
    "time_unit": str,
    "states": _TEXTS,
    "times": _TEXTS,
    "pad": (str, list, int),
    "until": (str, dict),
    "moves": dict,
    "daily": dict,
    "censored": str,
    "codes": list,
    "map": dict,
    "take": str,
    "open": str,
    "fill": str,
}
_MOVES: dict[str, Any] = {"from": str, "to": str, "at": str, "format": _TEXTS}
_DAILY: dict[str, Any] = {"state": str, "at": str, "format": _TEXTS, "fill": str}


def path_mapping(given: Mapping[str, Any], place: Place, top: Place) -> PathMapping | None:
    """A path: what the table says over what the top says. None when its form is not clear."""
    g = known_keys(given, _PATH, place)
    forms = [f for f in ("states", "moves", "daily") if f in g]
    if len(forms) != 1:
        told = " and ".join(forms) or "none of them"
        place.wrong(f"one of `states`, `moves`, `daily` is needed, {told} given.", "Describe one form only.")
        return None
    form: Literal["wide", "moves", "daily"] = "wide" if "states" in g else "moves" if "moves" in g else "daily"
    shape = {"wide": _wide, "moves": _moves, "daily": _daily}[form](g, place)
    if "times_are" not in g and form == "wide":
        place.wrong("`times_are` is missing.", 'Write times_are = "in_previous_state" or "since_start".')
    if g.get("times_are", "since_start") not in ("in_previous_state", "since_start"):
        place.at("times_are").wrong(f"{g['times_are']!r} is not known.", 'Use "in_previous_state" or "since_start".')
    if form != "wide" and g.get("times_are") == "in_previous_state":
        place.at("times_are").wrong("only a wide path counts in the previous state.", 'Write "since_start".')
    time_unit = g.get("time_unit", "days")
    if time_unit not in TIME_UNITS:
        place.at("time_unit").wrong(f"{time_unit!r} is not a unit of time.", "Use " + ", ".join(TIME_UNITS) + ".")
        time_unit = "days"
    if "start" not in g and not shape.get("formats"):
        place.wrong("`start` is missing.", 'Write start = { from = "COLUMN", format = "%Y-%m-%d" } or { day = 0 }.')
    if form == "wide" and len(shape["times"]) != len(shape["states"]) - 1:
        told = f"{len(shape['states'])} states and {len(shape['times'])} times."
        place.at("times").wrong(told, "Each state after the first has one time.")
    return PathMapping(
        form=form,
        start=column_mapping(g["start"], place.at("start")) if "start" in g else None,
        times_are=g.get("times_are", "since_start"),
        time_unit=time_unit,
        pad=frozenset(cell_text(v) for v in (g["pad"] if isinstance(g["pad"], list) else [g["pad"]]))
        if "pad" in g
        else frozenset(),
        until=_until(g.get("until"), place.at("until")),
        censored=g.get("censored"),
        codes=frozenset(cell_text(c) for c in g["codes"]) if "codes" in g else None,
        **_uses(g, place),
        **shape,
    )


def _uses(g: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """`map`, `take`, `open`, and whether they agree with `codes`."""
    kinds = cell_texts(g.get("map", {}))
    if not kinds:
        place.wrong("`map` is missing: no state would make a row.", 'Write map = { 4 = "severe_state" }.')
    if "codes" in g:
        codes = {cell_text(c) for c in g["codes"]}
        for state in sorted(set(kinds) - codes):
            place.at("map", state).wrong("the state is not among `codes`.", "Add it to codes, or correct it.")
        for word in sorted(({cell_text(g["pad"])} if isinstance(g.get("pad"), str | int) else set()) & codes):
            place.at("pad").wrong(f"{word!r} is among `codes` too.", "A pad is no state; remove it from one of them.")
    if g.get("take", "each") not in ("each", "last"):
        place.at("take").wrong(f"{g['take']!r} is neither each nor last.", 'Write take = "last".')
    return {"kinds": MappingProxyType(kinds), "take": g.get("take", "each"), "open": g.get("open")}


def _wide(g: Mapping[str, Any], place: Place) -> dict[str, Any]:
    _only(g, place, "wide", "pad", "until")
    if "times" not in g:
        place.wrong("`times` is missing.", "Name the columns with the times, one fewer than states.")
    return {
        "states": one_or_many(g["states"], place.at("states")),
        "times": one_or_many(g["times"], place.at("times")) if "times" in g else (),
    }


def _moves(g: Mapping[str, Any], place: Place) -> dict[str, Any]:
    _only(g, place, "moves", "censored", "until")
    m = _all_of(g["moves"], _MOVES, ("from", "to", "at"), place.at("moves"))
    return {
        "move_from": m.get("from", ""),
        "state": m.get("to", ""),
        "at": m.get("at", ""),
        "formats": formats(m.get("format"), place.at("moves", "format")),
    }


def _daily(g: Mapping[str, Any], place: Place) -> dict[str, Any]:
    _only(g, place, "daily", "fill", "until")
    d = _all_of(g["daily"], _DAILY, ("state", "at"), place.at("daily"))
    for word in (g.get("fill", "forward"), d.get("fill", "forward")):
        if word != "forward":
            place.at("fill").wrong(f"{word!r} is not forward.", 'Write fill = "forward", or leave it out.')
    return {
        "state": d.get("state", ""),
        "at": d.get("at", ""),
        "formats": formats(d.get("format"), place.at("daily", "format")),
        "fill": "fill" in g or "fill" in d,
    }


def _all_of(given: Any, known: dict[str, Any], needed: tuple[str, ...], place: Place) -> dict[str, Any]:
    found = known_keys(given, known, place)
    for key in needed:
        if key not in found:
            place.wrong(f"`{key}` is missing.", "Name the column.")
    return found


def _only(g: Mapping[str, Any], place: Place, form: str, *allowed: str) -> None:
    for key in {"pad", "until", "times", "censored", "fill"} & set(g) - {
        *allowed,
        *(("times",) if form == "wide" else ()),
    }:
        place.at(key).wrong(f"`{key}` has no meaning in the form {form}.", "Remove it.")


def _until(given: Any, place: Place) -> ColumnMapping | None:
    if given is None:
        return None
    return ColumnMapping(sources=(given,)) if isinstance(given, str) else column_mapping(given, place)
