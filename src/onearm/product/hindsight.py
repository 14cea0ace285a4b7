"""What came to light afterwards: news of the past must be recordable, however bad.

A rule that judges an event by rows entered after it would refuse the news: a failed test, a withdrawal, a corrected
weight. So such a finding is confirmed, not refused; what was known when the event was entered stays a block.
"""

from collections.abc import Mapping
from typing import Any

from onearm.results.finding import Severity


def severity_of(judged: Mapping[str, Any], *evidence: Mapping[str, Any] | None) -> Severity:
    """BLOCK, or CONFIRM where evidence was entered after the judged row. Rows of one file are entered together."""
    later = any(row["entered_at"] > judged["entered_at"] for row in evidence if row is not None)
    return Severity.CONFIRM if later else Severity.BLOCK
