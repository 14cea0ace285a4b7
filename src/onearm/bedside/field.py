"""A field of a form: its type and limits come from the column it fills; reading what was typed into it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import dataframely as dy

from onearm.bedside.language import NoSuchTime, NotANumber, read_local_time, read_number, say
from onearm.ledger.tables import SCHEMAS
from onearm.records.columns import TEXT_LENGTH, canonical_json
from onearm.vocabulary.clock import as_utc

if TYPE_CHECKING:
    from onearm.bedside.situation import Situation

# control characters, half characters, and marks that turn the direction of reading around
_UNKEPT = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
Kind = Literal["text", "long", "number", "integer", "choice", "several", "time", "date", "yes_no", "scan", "rows"]
Option = tuple[str, str]  # value, label
_UNITS = {
    "_m_per_kg": "10⁶/kg",
    "_kg": "kg",
    "_cm": "cm",
    "_ml": "mL",
    "_percent": "%",
    "_c": "°C",
    "_m": "10⁶",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One question. `options` gives choices that depend on the case, such as the bags that can be allocated."""

    name: str
    kind: Kind
    required: bool
    unit: str = ""
    low: Decimal | None = None
    high: Decimal | None = None
    low_counts: bool = True  # whether the limit itself is allowed
    choices: tuple[str, ...] = ()
    options: "Callable[[Situation], Sequence[Option]] | None" = None
    columns: tuple[str, ...] = ()  # kind rows: the parts of a line
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class FieldFault:
    """Why an answer was not taken: a key of the catalogue and its values."""

    field: str
    key: str
    values: Mapping[str, str]

    def say(self, language: str) -> str:
        """In words."""
        return say(language, self.key, **self.values)


def of(table: str, column: str, **changes: Any) -> Field:
    """The field that fills a column of a table; `changes` override what the column says (required, choices, ...)."""
    found = SCHEMAS[table].columns()[column]
    told: dict[str, Any] = {"name": column, "kind": _kind(found), "required": not found.nullable}
    told["unit"] = next((unit for end, unit in _UNITS.items() if column.endswith(end)), "")
    if isinstance(found, dy.Enum):
        told["choices"] = tuple(found.categories)
    elif isinstance(found, dy.String) and found.metadata and "values" in found.metadata:
        told["choices"], told["kind"] = tuple(found.metadata["values"]), "several"
    if isinstance(found, dy.Decimal | dy.Int64):
        low = found.min if found.min is not None else found.min_exclusive
        told["low"] = None if low is None else Decimal(low)
        told["high"] = None if found.max is None else Decimal(found.max)
        told["low_counts"] = found.min_exclusive is None
    if isinstance(found, dy.String) and isinstance(found.regex, str):
        told["pattern"] = found.regex
    return Field(**{**told, **changes})


def fields_of(table: str, *columns: str, **changes: Any) -> tuple[Field, ...]:
    """Fields of several columns of one table."""
    return tuple(of(table, column, **changes) for column in columns)


def _kind(column: dy.Column) -> Kind:
    match column:
        case dy.Decimal():
            return "number"
        case dy.Int64():
            return "integer"
        case dy.Datetime():
            return "time"
        case dy.Date():
            return "date"
        case dy.Bool():
            return "yes_no"
        case dy.Enum():
            return "choice"
        case _:
            return "text"


def read(
    fields: Sequence[Field], typed: Mapping[str, str], situation: "Situation"
) -> tuple[dict[str, Any], tuple[FieldFault, ...]]:
    """What was typed as values of the columns, and every fault. An empty answer is None, never 0 or no."""
    answers: dict[str, Any] = {}
    faults: list[FieldFault] = []
    for field in fields:
        text = typed.get(field.name, "").strip()
        answers[field.name] = None
        if not text or (field.kind == "several" and text == "[]" and field.required is False):
            if field.required:
                faults.append(FieldFault(field.name, "fault.missing", {}))
            continue
        try:
            answers[field.name] = _value(field, text, situation, typed.get(f"{field.name}_hour", ""))
        except _Fault as fault:
            faults.append(FieldFault(field.name, fault.key, fault.values))
    return answers, tuple(faults)


class _Fault(Exception):
    def __init__(self, key: str, **values: str) -> None:
        self.key, self.values = key, values


def _value(field: Field, text: str, situation: "Situation", hour: str) -> Any:
    match field.kind:
        case "number" | "integer":
            return _number(field, text)
        case "time":
            return _time(text, situation.person.timezone, hour)
        case "date":
            try:
                return date.fromisoformat(text)
            except ValueError:
                raise _Fault("fault.date") from None
        case "yes_no":
            if text not in ("true", "false"):
                raise _Fault("fault.yes_no")
            return text == "true"
        case "choice":
            allowed = field.choices or tuple(v for v, _ in field.options(situation)) if field.options else field.choices
            if text not in allowed:
                raise _Fault("fault.choice", value=text[:40])
            return text
        case "several":
            chosen = sorted({part for part in text.split(",") if part})
            if not set(chosen) <= set(field.choices):
                raise _Fault("fault.choice", value=text[:40])
            return canonical_json(chosen)
        case _:
            if len(text) > TEXT_LENGTH or _UNKEPT.search(text):
                raise _Fault("fault.text")
            return text


def _number(field: Field, text: str) -> Decimal | int:
    try:
        number = read_number(text)
    except NotANumber as fault:
        raise _Fault("fault.ambiguous" if str(fault) == "ambiguous" else "fault.number", value=text[:40]) from None
    if field.kind == "integer" and number != number.to_integral_value():
        raise _Fault("fault.integer", value=text[:40])
    if field.low is not None and (number < field.low or (number == field.low and not field.low_counts)):
        raise _Fault("fault.low" if field.low_counts else "fault.above", value=text[:40], limit=f"{field.low}")
    if field.high is not None and number > field.high:
        raise _Fault("fault.high", value=text[:40], limit=f"{field.high}")
    return int(number) if field.kind == "integer" else number


def _time(text: str, timezone: str, hour: str) -> datetime:
    try:
        return as_utc(read_local_time(text, timezone, hour)).replace(second=0, microsecond=0)
    except NoSuchTime as fault:
        raise _Fault(f"fault.time_{fault}") from None
    except (ValueError, OverflowError):
        raise _Fault("fault.time") from None


def typed(value: object, timezone: str) -> str:
    """A value as it stands in its input: local time, plain digits."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime():
            from zoneinfo import ZoneInfo

            return value.astimezone(ZoneInfo(timezone)).strftime("%Y-%m-%dT%H:%M")
        case Decimal():
            return format(value.normalize(), "f")
        case _:
            return str(value)


def as_text(value: object) -> str:
    """A value of a JSON body as the text the same form would hold."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return ",".join(str(v) for v in value)
        case datetime():
            return value.astimezone(UTC).isoformat()
        case _:
            return str(value)
