"""English and Spanish from one catalogue, and numbers and times as people read and write them."""

import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from onearm.vocabulary.markers import MARKERS

LANGUAGES = ("en", "es")
_MONTHS = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "es": ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"),
}
_NUMBER = re.compile(r"-?[0-9]{1,26}([.,][0-9]{1,12})?")
_THOUSANDS = re.compile(r"-?[1-9][0-9]{0,2}([.,][0-9]{3})+")


@cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """Every text by key, in every language. Raises ValueError for a key that stands twice or lacks a language."""
    found: dict[str, Mapping[str, str]] = {}
    for path in sorted((Path(__file__).parent / "words").glob("*.toml")):
        for key, texts in _flat(tomllib.loads(path.read_text(encoding="utf-8"))):
            if key in found or set(texts) != set(LANGUAGES):
                raise ValueError(f"{path.name}, {key}: stands twice, or not in {' and '.join(LANGUAGES)}.")
            found[key] = texts
    return found


def _flat(table: Mapping[str, object], above: str = "") -> list[tuple[str, Mapping[str, str]]]:
    """`[act.order] en es` as ("act.order", {...})."""
    rows: list[tuple[str, Mapping[str, str]]] = []
    for name, value in table.items():
        if isinstance(value, Mapping):
            key = f"{above}.{name}" if above else name
            if all(isinstance(v, str) for v in value.values()):
                rows.append((key, {k: str(v) for k, v in value.items()}))
            else:
                rows += _flat(value, key)
    return rows


#: values of sentences that are stored codes -> family of their words
_CODES = {
    "status": "choice",
    "state": "choice",
    "role": "role",
    "table": "choice",
    "basis": "choice",
    "decision": "choice",
}
_CODES |= dict.fromkeys(("milestone", "reason", "relation", "test", "verdict"), "choice")


def say_in_words(language: str, key: str, values: Mapping[str, object]) -> str:
    """A sentence whose stored codes are put into words. Raises KeyError when a value is missing."""
    told = {name: word(language, _CODES[name], v) if name in _CODES else v for name, v in values.items()}
    return catalogue()[key][language].format(**told)


def say(language: str, key: str, /, **values: object) -> str:
    """A text of the catalogue with its values. Raises KeyError for a key that is not there."""
    text = catalogue()[key][language]
    return text.format(**values) if values else text


def word(language: str, kind: str, value: object) -> str:
    """The word of a stored value ("choice.male"), or the value itself where the catalogue has none."""
    if kind in ("marker", "choice") and value in MARKERS:
        marker = MARKERS[str(value)]
        return marker.title_es if language == "es" else marker.title_en
    texts: Mapping[str, str] | None = catalogue().get(f"{kind}.{value}")
    return str(value) if texts is None else texts[language]


class NotANumber(ValueError):
    """The text is no number, or could be two."""


def read_number(text: str) -> Decimal:
    """`0,98` and `0.98` are 0.98. Raises NotANumber; `1.000` and `1,000` could be a thousand or one and are asked."""
    text = text.strip()
    if _THOUSANDS.fullmatch(text):
        raise NotANumber("ambiguous")
    if not _NUMBER.fullmatch(text):
        raise NotANumber("no number")
    return Decimal(text.replace(",", "."))


class NoSuchTime(ValueError):
    """The local time does not exist, or twice, at a change of the clock."""


def read_local_time(text: str, timezone: str, hour: str = "") -> datetime:
    """`2020-04-11T09:40` at the site as UTC; `hour` is first or second where the clock goes back and it comes twice.

    Raises NoSuchTime at a change of the clock, ValueError for no time.
    """
    local = datetime.fromisoformat(text.strip())
    if local.tzinfo is not None:
        return local.astimezone(UTC)
    zone = ZoneInfo(timezone)
    first, second = local.replace(tzinfo=zone), local.replace(tzinfo=zone, fold=1)
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local:
        raise NoSuchTime("skipped")
    if first.utcoffset() != second.utcoffset() and hour not in ("first", "second"):
        raise NoSuchTime("twice")
    return (second if hour == "second" else first).astimezone(UTC)


def shown_time(moment: datetime, timezone: str, language: str) -> str:
    """`11 Apr 2020, 11:40 CEST`: local, with its zone."""
    local = moment.astimezone(ZoneInfo(timezone))
    return f"{shown_date(local.date(), language)}, {local:%H:%M} {local.tzname()}"


def shown_date(day: date, language: str) -> str:
    """`11 Apr 2020` or `11 abr 2020`."""
    return f"{day.day} {_MONTHS[language][day.month - 1]} {day.year}"


def shown_number(value: Decimal, language: str) -> str:
    """Without zeros at its end; a comma in Spanish."""
    text = format(value.normalize(), "f")
    return text.replace(".", ",") if language == "es" else text
