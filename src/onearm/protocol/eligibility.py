"""What an eligibility rule may ask of a patient, and whether a rule makes sense before any patient is judged."""

import difflib
import math
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum

from onearm.protocol.study import Rule
from onearm.records.episodes import KINDS as EPISODE_KINDS
from onearm.records.subjects import COMORBIDITIES
from onearm.vocabulary.markers import MARKERS, UnitError, convert


class Asked(StrEnum):
    """Kind of thing a rule asks for; decides which values and operators make sense."""

    NUMBER = "number"  # age, day, apache2, organ_failures, markers
    WORD = "word"  # sex, site, region, comorbidities (yes, no)
    DATE = "date"  # calendar
    STATE = "state"  # an episode kind is going on: true or false


#: At or above this part of the SOFA score an organ counts as failing (Vincent et al. 1998).
FAILING_SOFA_PART = 3

_ASKED: dict[str, Asked] = {
    "age": Asked.NUMBER,
    "day": Asked.NUMBER,
    "apache2": Asked.NUMBER,
    "organ_failures": Asked.NUMBER,
    "sex": Asked.WORD,
    "site": Asked.WORD,
    "region": Asked.WORD,
    "calendar": Asked.DATE,
    **dict.fromkeys(COMORBIDITIES, Asked.WORD),
    **dict.fromkeys(MARKERS, Asked.NUMBER),
    **dict.fromkeys(EPISODE_KINDS, Asked.STATE),
}
#: Names judged by day: the rest is fixed from arrival on.
FIXED = frozenset({"age", "apache2", "sex", "site", "region", *COMORBIDITIES})

#: What `[matching] same` may name.
SAME = (FIXED - {"age", "apache2"}) | frozenset(EPISODE_KINDS)

_ORDERED = (">=", ">", "<=", "<", "between")
_LISTED = ("in", "not_in")
_SINGLE: dict[Asked, tuple[type, ...]] = {
    Asked.NUMBER: (int, float),
    Asked.WORD: (str,),
    Asked.DATE: (date,),
    Asked.STATE: (bool,),
}


def asked(rule: Rule) -> Asked:
    """What the rule asks for. Raises KeyError for a name nobody knows."""
    return _ASKED[rule.marker_or_state]


def asked_name(name: str) -> Asked | None:
    """What a name asks for; None for one nobody knows."""
    return _ASKED.get(name)


def near_name(name: str) -> str | None:
    """The name most like one nobody knows; None when none is near."""
    if f"{name}_total" in _ASKED:
        return f"{name}_total"
    return next(iter(difflib.get_close_matches(name, _ASKED, n=1, cutoff=0.75)), None)


def is_exclusion(rule: Rule) -> bool:
    """E* drops whoever fulfils it; I* keeps only those."""
    return rule.id.startswith("E")


def bounds(rule: Rule) -> tuple[float, ...]:
    """The numbers of a NUMBER or DATE rule in canonical units, a date as its ordinal."""
    given = rule.value if isinstance(rule.value, list) else [rule.value]
    return tuple(_canonical(rule, v) for v in given)


def _canonical(rule: Rule, value: object) -> float:
    if isinstance(value, date):
        return float(value.toordinal())
    if not isinstance(value, int | float):
        raise TypeError(f"rule {rule.id}: {value!r} is no number")
    if rule.marker_or_state in MARKERS and rule.unit:
        return float(convert(rule.marker_or_state, Decimal(str(value)), rule.unit))
    return float(value)


def check_rule(rule: Rule) -> tuple[tuple[str, str], ...]:
    """Sentences with their remedies for what is wrong with a rule; empty when it can be judged."""
    if not re.fullmatch(r"[IE]\d+", rule.id):
        return ((f"rule {rule.id!r}: the id says what it does.", "Name inclusions I1, I2, ..., exclusions E1, ..."),)
    if rule.marker_or_state not in _ASKED:
        near = difflib.get_close_matches(rule.marker_or_state, _ASKED, n=1)
        known = f"Did you mean {near[0]}?" if near else "docs/how-to/study-folder.md lists what a rule may ask."
        return ((f"rule {rule.id}: {rule.marker_or_state!r} is nothing a rule may ask.", known),)
    found = [*_value_problems(rule, _ASKED[rule.marker_or_state]), *_unit_problems(rule)]
    if rule.window_days < 0:
        found.append((f"rule {rule.id}: window_days = {rule.window_days}.", "Give 0 or more days to look back."))
    return tuple(found)


def _value_problems(rule: Rule, kind: Asked) -> list[tuple[str, str]]:
    values = rule.value if isinstance(rule.value, list) else [rule.value]
    many = rule.op in _LISTED or rule.op == "between"
    told = f"rule {rule.id}: {rule.marker_or_state} {rule.op} {in_toml(rule.value)}"
    if kind is Asked.STATE and rule.op not in ("==", "!="):
        return [(f"{told}: it is going on or not.", "Use == true or == false.")]
    if kind is Asked.WORD and rule.op in _ORDERED:
        return [(f"{told}: words have no order.", "Use ==, !=, in or not_in.")]
    if many != isinstance(rule.value, list) or not values:
        return [(f"{told}.", "Give a list." if many else "Give one value, or use in.")]
    wrong = next((v for v in values if not _fits(v, kind)), None)
    if wrong is not None:
        return [(f"{told}: {in_toml(wrong)} is no {kind.value}.", f"Give a {kind.value}, such as {_EXAMPLE[kind]}.")]
    if rule.op == "between" and (len(values) != 2 or values[0] > values[1]):  # type: ignore[operator]  # of one kind
        return [(f"{told}.", "Give two values, the lower first.")]
    known = _WORDS.get(rule.marker_or_state, ())
    never = next((v for v in values if known and v not in known), None)
    if never is not None:
        return [(f"{told}: {in_toml(never)} is never recorded.", f"Words are: {', '.join(known)}.")]
    return []


def _fits(value: object, kind: Asked) -> bool:
    if isinstance(value, bool):
        return kind is Asked.STATE
    return isinstance(value, _SINGLE[kind]) and not (isinstance(value, float) and not math.isfinite(value))


_EXAMPLE = {Asked.NUMBER: "18", Asked.WORD: '"female"', Asked.DATE: "2020-03-08", Asked.STATE: "true"}
#: What may be recorded of a word; "unknown" is no answer. Names that are not here take any word.
_WORDS: dict[str, tuple[str, ...]] = {"sex": ("female", "male"), **dict.fromkeys(COMORBIDITIES, ("yes", "no"))}


def in_toml(value: object) -> str:
    """A value as it stands in a TOML file."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k} = {in_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(in_toml, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _unit_problems(rule: Rule) -> list[tuple[str, str]]:
    marker = MARKERS.get(rule.marker_or_state)
    if marker is None:
        if rule.marker_or_state == "age" and rule.unit not in ("", "years"):
            return [(f"rule {rule.id}: age in {rule.unit}; it counts in years.", 'Write unit = "years".')]
        if rule.unit and rule.marker_or_state != "age":
            return [(f"rule {rule.id}: {rule.marker_or_state} has no unit {rule.unit!r}.", "Leave the unit out.")]
        return []
    if not rule.unit and marker.unit != "1":
        return [(f"rule {rule.id}: {rule.marker_or_state} without a unit.", f'Write unit = "{marker.unit}".')]
    try:
        convert(marker.name, Decimal(1), rule.unit or marker.unit)
    except UnitError as error:
        return [(f"rule {rule.id}: {error}", "Correct the unit.")]
    return []
