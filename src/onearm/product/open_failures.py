"""A failed test on a released lot: from its report on, every bag of the lot waits for the recall."""

from collections.abc import Iterator
from datetime import datetime

from onearm.product.history import History, Row
from onearm.product.lot_status import GIVABLE, Change, LotStatus
from onearm.product.specification import line_of


def open_failures(history: History, lot_id: str, at: datetime | None = None) -> Iterator[Row]:
    """Failed tests the release did not know, reported by a time, of a lot that may be given; unverified ones too."""
    course = history.courses[lot_id]
    change = course.last(at)
    if change is None or change.after not in GIVABLE:
        return
    for test in history.tests.get(lot_id, ()):
        reported = test["reported_at"] or test["sampled_at"]
        if test["verdict"] == "fail" and (at is None or reported <= at) and _came_after(test, change):
            line = line_of(test, history.specification_of(course.lot, reported))
            if line is None or line["required_for"] != "information":
                yield test


def _came_after(test: Row, change: Change) -> bool:
    """Reported, entered or changed after the decision. A release out of specification knew its failures."""
    reported = test["reported_at"] or test["sampled_at"]
    if change.after is LotStatus.RELEASED_OUT_OF_SPEC:
        return bool(reported > change.at)
    return bool(reported > change.at or test["entered_at"] > change.decision["entered_at"])
