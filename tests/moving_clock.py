"""A clock for tests."""

from datetime import UTC, datetime, timedelta


class Clock:
    """A clock that a test moves; every reading is a millisecond later."""

    def __init__(self):
        self.now = datetime(2020, 4, 1, 8, tzinfo=UTC)

    def __call__(self):
        self.now += timedelta(milliseconds=1)
        return self.now
