"""Every word of the page and the terminal, in English and Spanish, from one catalogue (`words.toml`)."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from onearm.report import numbers

Language = Literal["en", "es"]
LANGUAGES: tuple[Language, ...] = ("en", "es")


@cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """Key ("table.word") to the sentence in each language."""
    tables = tomllib.loads(files("onearm.report").joinpath("words.toml").read_text(encoding="utf-8"))
    return {f"{table}.{key}": said for table, words in tables.items() for key, said in words.items()}


@dataclass(frozen=True, slots=True)
class Words:
    """The catalogue in one language, and the numbers as that language prints them."""

    language: Language

    def __call__(self, key: str, **values: object) -> str:
        """The sentence of that key with its blanks filled. Raises KeyError for an unknown key or blank."""
        return catalogue()[key][self.language].format(**values)

    def has(self, key: str) -> bool:
        """Whether the catalogue knows the key."""
        return key in catalogue()

    def counted(self, key: str, count: int, **values: object) -> str:
        """`key.one` for one, `key.many` else, with {count} filled."""
        return self(f"{key}_{'one' if count == 1 else 'many'}", count=self.whole(count), **values)

    def of(self, thing: object, field: str) -> str:
        """A field that stands in both languages (`label`, `label_es`); English where the Spanish one is empty."""
        said = getattr(thing, f"{field}_es") if self.language == "es" else ""
        return str(said or getattr(thing, field))

    def whole(self, value: float) -> str:
        """A count."""
        return numbers.whole(value, self.language)

    def plain(self, value: float) -> str:
        """At most two decimals."""
        return numbers.plain(value, self.language)

    def fixed(self, value: float, digits: int) -> str:
        """So many decimals."""
        return numbers.fixed(value, digits, self.language)

    def percent(self, share: float, digits: int = 1) -> str:
        """A share of one as percent."""
        return numbers.percent(share, self.language, digits)

    def probability(self, p: float) -> str:
        """A probability."""
        return numbers.probability(p, self.language)

    def ratio(self, value: float) -> str:
        """A ratio."""
        return numbers.ratio(value, self.language)

    def of_100(self, share: float) -> str:
        """ "29", or "fewer than 1"."""
        x = numbers.of_100(share)
        return self("word.fewer_than_one") if x is None else str(x)

    def span(self, lower: float, upper: float, digits: int = 1) -> str:
        """Two shares of one as "1.9 to 45.4 %"."""
        return self("word.span", low=self.fixed(100 * lower, digits), high=self.percent(upper, digits))
