"""What a finding advises, in the reader's language: the rules speak English, the Spanish stands in remedies_es.toml."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path


def remedy_in(language: str, remedy: str) -> str:
    """The advice; English where no Spanish is known."""
    if language != "es":
        return remedy
    for pattern, spanish in _patterns().items():
        if found := pattern.fullmatch(remedy):
            return spanish.format_map(found.groupdict())
    return remedy


@cache
def spanish_remedies() -> Mapping[str, str]:
    """English -> Spanish, with the names in braces that both hold."""
    text = (Path(__file__).parent / "remedies_es.toml").read_text(encoding="utf-8")
    return {english: str(spanish) for english, spanish in tomllib.loads(text).items()}


@cache
def _patterns() -> Mapping[re.Pattern[str], str]:
    """Each English text as a pattern that catches what a rule put in."""
    return {
        re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(english))): spanish
        for english, spanish in spanish_remedies().items()
    }
