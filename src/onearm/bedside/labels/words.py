"""Every word of the labels, in English and Spanish, from one catalogue (`words.toml`)."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files

from onearm.report import numbers
from onearm.report.words import Language


@cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """Key ("table.word") to the sentence in each language."""
    tables = tomllib.loads(files("onearm.bedside.labels").joinpath("words.toml").read_text(encoding="utf-8"))
    return {f"{table}.{key}": said for table, words in tables.items() for key, said in words.items()}


@dataclass(frozen=True, slots=True)
class LabelWords:
    """The catalogue in one language, and the numbers and dates as that language prints them."""

    language: Language

    def __call__(self, key: str, **values: object) -> str:
        """The sentence of that key with its blanks filled. Raises KeyError for an unknown key or blank."""
        return catalogue()[key][self.language].format(**values)

    def number(self, value: Decimal) -> str:
        """At most two decimals, with the decimal sign of the language."""
        return numbers.plain(float(value), self.language)

    def moment(self, at: datetime) -> str:
        """ "11 Apr 2020 09:40 CEST": local time with its zone. Raises ValueError for a time without one."""
        if at.tzinfo is None:
            raise ValueError(f"{at} has no time zone; give one.")
        return f"{at.day} {self(f'month.{at.month}')} {at.year} {at:%H:%M %Z}"
