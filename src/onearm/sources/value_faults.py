"""A value of the wrong kind, in words: from the errors of a type to a sentence and what to write instead."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from onearm.protocol.eligibility import in_toml

if TYPE_CHECKING:
    from pydantic import ValidationError

Keys = tuple[str | int, ...]

#: names that pydantic gives to the members of a union, and none of our keys has
_UNION_MEMBERS = {"bool", "int", "float", "str", "date"}
#: type of error -> what the value is not, and what to write
_NOT = {
    "bool": ("neither true nor false", "Write true or false."),
    "int": ("not a whole number", "Write digits only."),
    "float": ("not a number", "Write a number, with a point."),
    "string": ("not a text", "Put it in quotes."),
    "date": ("not a date", "Write it as 2020-04-11."),
    "list": ("not a list", "Put it in square brackets."),
    "tuple": ("not a list", "Put it in square brackets."),
    "dict": ("not a table", "Write { name = value }."),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at one place; `keys` lead there, the last one included where it is missing or unknown."""

    keys: Keys
    sentence: str
    remedy: str


def faults(kind: type, error: "ValidationError") -> Iterator[Fault]:
    """One fault per place, whatever number of types was tried there."""
    found = sorted(((_keys(e["loc"]), e) for e in error.errors(include_url=False)), key=lambda f: tuple(map(str, f[0])))
    for keys, group in groupby(found, key=lambda f: f[0]):
        tried = [e for _, e in group]
        sentence, remedy = _told(kind, keys, tried)
        yield Fault(keys, sentence, remedy)


def where(keys: Keys) -> str:
    """Keys as a person reads them: `sap.alpha`, `endpoint 2: horizon_days`."""
    text = ""
    for key in keys:
        if isinstance(key, int):
            text += f" {key + 1}"
        else:
            text += f"{'' if not text else ': ' if text[-1].isdigit() else '.'}{key}"
    return text


def near(name: str, known: list[str], cutoff: float = 0.6) -> str | None:
    """The known name a misspelt one resembles most; None without resemblance. Capitals do not count."""
    plain = {k.lower(): k for k in known}
    found = difflib.get_close_matches(name.lower(), plain, n=1, cutoff=cutoff)
    return plain[found[0]] if found else None


def _keys(loc: tuple[Any, ...]) -> Keys:
    """Where a person finds it: up to the first member of a union."""
    named = [k if isinstance(k, int) or not ("[" in k or k in _UNION_MEMBERS) else None for k in loc]
    return tuple(named[: named.index(None)] if None in named else named)  # type: ignore[arg-type]  # cut before None


def _told(kind: type, keys: Keys, tried: list[Any]) -> tuple[str, str]:
    error, at = tried[0], where(keys)
    what, value = error["type"], error["input"]
    if what == "missing":
        return f"{at} is missing.", "Give it."
    if what in ("unexpected_keyword_argument", "extra_forbidden"):
        known = _keys_of(kind, keys[:-1])
        close = near(str(keys[-1]), known)
        told = f"Did you mean {close}?" if close else "Remove it; known there: " + ", ".join(known) + "."
        return f"{at} is not known.", told
    if what in ("tuple_type", "list_type", "dataclass_type") and isinstance(value, Mapping):
        return f"{at} is one table.", f"Write [[{'.'.join(map(str, keys))}]], with double brackets, for each."
    if what == "dataclass_type":
        return f"{at} = {in_toml(value)} is not a table.", f"Write [{'.'.join(map(str, keys))}]."
    if len({e["loc"] for e in tried}) > 1:
        return _no_member(at, tried)
    if what in ("literal_error", "enum"):
        return f"{at} = {in_toml(value)} is not known.", f"Write {error['ctx']['expected']}."
    return _no_such_kind(at, what, value, error["msg"])


def _no_member(at: str, tried: list[Any]) -> tuple[str, str]:
    """A union none of whose members fits: the whole value, and what it may be."""
    whole = next((e["input"] for e in tried if not isinstance(e["loc"][-1], int)), tried[0]["input"])
    names = dict.fromkeys("list" if "[" in str(_member(e)) else str(_member(e)) for e in tried)
    words = {"bool": "true or false", "int": "a number", "float": "a number", "str": 'a "text"', "date": "a date"}
    allowed = dict.fromkeys(words.get(n, "a list of one kind") for n in names)
    return f"{at} = {in_toml(whole)} is nothing that can stand here.", "Give " + ", ".join(allowed) + "."


def _member(error: Any) -> object:
    return next((k for k in error["loc"] if isinstance(k, str) and ("[" in k or k in _UNION_MEMBERS)), "")


def _no_such_kind(at: str, what: str, value: object, message: str) -> tuple[str, str]:
    if value is None:
        _, remedy = _NOT.get(what.split("_")[0], ("", "Give it."))
        return f"{at} is empty.", remedy
    fault, remedy = _NOT.get(what.split("_")[0], ("", ""))
    if isinstance(value, str) and "%" in value and remedy:
        remedy = "Give the count, not a percentage." if what.startswith("int") else "Write 0.05 for 5 %."
    if not fault:
        return f"{at} = {in_toml(value)}: {message[0].lower()}{message[1:]}.", "Correct the value."
    return f"{at} = {in_toml(value)} is {fault}.", remedy


def _keys_of(kind: Any, keys: Keys) -> list[str]:
    """Names that may stand under `keys` of a nested type; none where it is no table."""
    for key in keys:
        if isinstance(key, str) and is_dataclass(kind):
            kind = get_type_hints(kind).get(key)
        kind = next((a for a in get_args(kind) if is_dataclass(a)), kind)
    return [f.name for f in fields(kind)] if is_dataclass(kind) else []
