"""What a rule has to say about a row."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """What a finding asks for."""

    BLOCK = "block"  # nothing is written
    CONFIRM = "confirm"  # a person must say it is so
    INFORM = "inform"


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken or noteworthy rule: who, the value, the rule, what to do."""

    rule: str  # id of the rule, e.g. "S2"
    severity: Severity
    table: str
    key: str  # key of the row, parts joined by "/"
    value: str
    limit: str
    sentence: str  # English
    sentence_es: str
    remedy: str
