"""The specification of a lot: its version in force, and what a result is worth by it. Nobody types a pass."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

Row = Mapping[str, Any]


def in_force(specification: Iterable[Row], at: datetime | None = None) -> tuple[Row, ...]:
    """Lines of the version in force: the latest entered up to a time, else the one entered first; the latest of a file.

    `specification`: rows of `specifications` of one specification, all versions.
    """
    entered: dict[int, datetime] = {}
    rows = list(specification)
    for row in rows:
        version = row["specification_version"]
        entered[version] = min(row["entered_at"], entered.get(version, row["entered_at"]))
    if not entered:
        return ()
    known = [v for v, e in entered.items() if at is None or e <= at]
    first = min(entered.values())
    chosen = max(known or [v for v, e in entered.items() if e == first])
    return tuple(row for row in rows if row["specification_version"] == chosen)


def verdict_of(test_row: Row, specification_rows: Sequence[Row]) -> str:
    """`pass`, `fail` or, without a result that the limits can judge, `pending`.

    A censored value passes when every value it may stand for does: "<0.5" passes at most 5, ">98" at least 95. A test
    the specification does not name, or names without a limit, cannot fail.
    """
    limits = line_of(test_row, specification_rows)
    value, text = test_row["value"], test_row["result_text"]
    if value is None and text is None:
        return "pending"
    if limits is None:
        return "pass"
    expected, has_limits = limits["expected_text"], limits["low"] is not None or limits["high"] is not None
    if (expected is not None and text is None) or (has_limits and value is None):
        return "pending"
    agrees = expected is None or _plain(text) == _plain(expected)
    return "pass" if agrees and (not has_limits or _within(test_row, limits)) else "fail"


def line_of(test_row: Row, specification_rows: Sequence[Row]) -> Row | None:
    """The line of the latest version given that names this test at this stage."""
    lines = [s for s in specification_rows if (s["test"], s["stage"]) == (test_row["test"], test_row["stage"])]
    latest = max((s["specification_version"] for s in specification_rows), default=None)
    return next((s for s in lines if s["specification_version"] == latest), None)


def _within(test_row: Row, limits: Row) -> bool:
    """Whether every value that the result may stand for lies within the limits."""
    value, comparator = test_row["value"], test_row["comparator"] or "="
    lowest: Decimal | None = value
    highest: Decimal | None = value
    if comparator in ("<", "<="):
        lowest = min(value, Decimal(0))  # what is counted or measured of a lot is never negative
    if comparator in (">", ">="):
        highest = max(value, Decimal(100)) if limits["unit"] == "%" else None
    above = limits["low"] is None or lowest >= limits["low"]
    below = limits["high"] is None or (highest is not None and highest <= limits["high"])
    return above and below


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
