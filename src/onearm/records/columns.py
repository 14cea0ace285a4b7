"""The kinds of column every table is built from: identifier, text, exact decimal, UTC time, allowed value, JSON text.

Limits stand on every number. A text is trimmed, not empty, Unicode NFC, at most 2,000 characters and holds no phone,
national id or e-mail; null is "not there", so an empty cell of a file has one meaning.
"""

import json
import unicodedata
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import combinations
from typing import Any

import dataframely as dy
import polars as pl
from dataframely.random import Generator

from onearm.vocabulary.clock import Precision
from onearm.vocabulary.identifiers import ID_PATTERN, MAY_HOLD_PERSONAL_DATA, personal_data

PRECISION, SCALE = 38, 12
DECIMAL = pl.Decimal(PRECISION, SCALE)
TIME = pl.Datetime("ms", "UTC")
TEXT_LENGTH = 2000
FIRST_TIME, LAST_TIME = datetime(1900, 1, 1, tzinfo=UTC), datetime(2199, 12, 31, tzinfo=UTC)
FIRST_DATE, LAST_DATE = date(1900, 1, 1), date(2199, 12, 31)


def identifier(description: str, *, key: bool = False, nullable: bool = False) -> dy.String:
    """ASCII `[A-Z0-9-]`, 1 to 64 characters."""
    return dy.String(primary_key=key, nullable=nullable, regex=ID_PATTERN, description=description)


def text(description: str, *, nullable: bool = False, key: bool = False, coded: bool = False) -> dy.String:
    """Free text. `coded`: comes from a machine or a code list, not searched for personal data."""
    checks: dict[str, Callable[[pl.Expr], pl.Expr]] = {
        "trimmed": lambda e: e.str.strip_chars() == e,
        "not_empty": lambda e: e != "",
        "not_too_long": lambda e: e.str.len_chars() <= TEXT_LENGTH,
        "without_control_characters": lambda e: ~e.str.contains(r"[\x00-\x08\x0b-\x1f\x7f]"),
        "unicode_nfc": lambda e: e.map_batches(_is_nfc, return_dtype=pl.Boolean),
    }
    if not coded:
        checks["without_personal_data"] = lambda e: e.map_batches(_has_no_personal_data, return_dtype=pl.Boolean)
    return _Text(primary_key=key, nullable=nullable, check=checks, description=description)


def allowed(values: Sequence[str], description: str, *, nullable: bool = False, key: bool = False) -> dy.Enum:
    """One of `values`."""
    return dy.Enum(values, primary_key=key, nullable=nullable, description=description)


def pattern(regex: str, description: str, *, nullable: bool = False) -> dy.String:
    """Text of one fixed form, e.g. a hash or a month."""
    return dy.String(nullable=nullable, regex=regex, description=description)


def decimal(low: str, high: str, description: str, *, nullable: bool = False, above_low: bool = False) -> dy.Decimal:
    """Exact decimal with 12 digits after the point, between `low` and `high` (`low` itself not, if `above_low`)."""
    lower: dict[str, Any] = {"min_exclusive" if above_low else "min": Decimal(low)}
    return dy.Decimal(PRECISION, SCALE, nullable=nullable, max=Decimal(high), description=description, **lower)


def integer(low: int, high: int, description: str, *, nullable: bool = False, key: bool = False) -> dy.Int64:
    """Whole number between `low` and `high`."""
    return dy.Int64(primary_key=key, nullable=nullable, min=low, max=high, description=description)


def boolean(description: str, *, nullable: bool = False) -> dy.Bool:
    """true or false."""
    return dy.Bool(nullable=nullable, description=description)


def at(description: str, *, nullable: bool = False) -> dy.Datetime:
    """A time, UTC, milliseconds."""
    return _Time(
        nullable=nullable, time_zone="UTC", time_unit="ms", min=FIRST_TIME, max=LAST_TIME, description=description
    )


def day(description: str, *, nullable: bool = False) -> dy.Date:
    """A calendar date."""
    return dy.Date(nullable=nullable, min=FIRST_DATE, max=LAST_DATE, description=description)


def precision(of: str, *, nullable: bool = False) -> dy.Enum:
    """Companion of a time: how well it is known."""
    return dy.Enum(
        [p.value for p in Precision],
        nullable=nullable,
        description=f"how well `{of}` is known; day: stored at 12:00Z of that date, month: at 12:00Z of its 15th",
    )


def precision_rule(of: str) -> Any:
    """Row rule: the precision stands exactly where its time stands, and a date alone is stored at 12:00Z."""
    time, known = pl.col(of), pl.col(f"{of}_precision")
    noon = time.dt.truncate("1d").dt.offset_by("12h") == time

    def rule(cls: type[dy.Schema]) -> pl.Expr:
        at_noon = known.is_null() | (known == Precision.MINUTE.value) | noon
        mid_month = known.is_null() | (known != Precision.MONTH.value) | (time.dt.day() == 15)
        return (time.is_null() == known.is_null()) & at_noon & mid_month

    return dy.rule()(rule)


def in_order(*columns: str) -> pl.Expr:
    """Times that stand are in this order (equal is allowed); a null is skipped only between its own neighbours."""
    pairs = [(a, b) for a, b in combinations(columns, 2)]
    return pl.all_horizontal(pl.col(a).is_null() | pl.col(b).is_null() | (pl.col(a) <= pl.col(b)) for a, b in pairs)


def together(a: str, b: str) -> pl.Expr:
    """Both stand or neither."""
    return pl.col(a).is_null() == pl.col(b).is_null()


def json_set(values: Sequence[str], description: str) -> dy.String:
    """A list of allowed values as canonical JSON text: sorted, no value twice, no spaces; `[]` when none applies."""
    members = sorted(values)
    texts = [canonical_json(chosen) for size in range(len(values) + 1) for chosen in combinations(members, size)]
    column = _Choice(
        check={"list_of_allowed_values": lambda e: e.is_in(texts)}, description=description, nullable=False
    )
    column.choices = texts
    column.metadata = {"values": tuple(values)}
    return column


def json_text(description: str, *, nullable: bool = False) -> dy.String:
    """Canonical JSON text: keys sorted, no spaces, NFC, no floats (a decimal is a string)."""
    checks: dict[str, Callable[[pl.Expr], pl.Expr]] = {
        "canonical_json": lambda e: e.map_batches(_is_canonical_json, return_dtype=pl.Boolean),
        "without_personal_data": lambda e: e.map_batches(_has_no_personal_data, return_dtype=pl.Boolean),
    }
    column = _Choice(check=checks, description=description, nullable=nullable)
    column.choices = ["[]"]
    return column


def canonical_json(value: object) -> str:
    """JSON text with sorted keys and no spaces. Equal values have equal texts."""
    return unicodedata.normalize(
        "NFC", json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    )


class _Text(dy.String):
    """Samples short words: random text of 2,000 characters shows nobody anything."""

    def sample(self, generator: Generator, n: int = 1) -> pl.Series:
        return generator.sample_string(n, regex="[a-z]{2,9}( [a-z]{2,9}){0,2}", null_probability=self._null_probability)


class _Choice(dy.String):
    """Samples from `choices`."""

    choices: Sequence[str] = ()

    def sample(self, generator: Generator, n: int = 1) -> pl.Series:
        sampled = generator.sample_choice(n, choices=list(self.choices), null_probability=self._null_probability)
        return sampled.cast(pl.String)


class _Time(dy.Datetime):
    """Samples 2020 to 2029 (dataframely 3.1 reads its limits in microseconds where the column is in milliseconds)."""

    def _sample_unchecked(self, generator: Generator, n: int) -> pl.Series:
        low, high = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp() * 1000) for year in (2020, 2030))
        return generator.sample_int(n, min=low, max=high, null_probability=self._null_probability).cast(TIME)


def _is_nfc(texts: pl.Series) -> pl.Series:
    return texts.str.normalize("NFC") == texts


def _has_no_personal_data(texts: pl.Series) -> pl.Series:
    suspects = texts.filter(texts.str.contains(MAY_HOLD_PERSONAL_DATA).fill_null(False)).unique()
    found = [t for t in suspects if personal_data(t) is not None]
    return ~texts.is_in(found)


def _is_canonical_json(texts: pl.Series) -> pl.Series:
    found = [t for t in texts.unique().drop_nulls() if not _canonical(t)]
    return ~texts.is_in(found)


def _canonical(text_: str) -> bool:
    try:
        value = json.loads(text_, parse_float=_no_float, parse_constant=_no_float)
        return canonical_json(value) == text_
    except ValueError:
        return False


def _no_float(text_: str) -> float:
    raise ValueError(f"{text_}: a float has no place in a record; write it as a string")


class Entered(dy.Schema):
    """What every table has beside its own columns."""

    site_id = identifier("hospital or production unit that recorded the row")
    version = integer(1, 1_000_000, "1 when entered, one more with each correction; 1 in a source of others")
    entered_at = at("when it was recorded; for a source of others: when the source was retrieved")
