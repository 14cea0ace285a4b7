"""Values in a sentence."""

from datetime import datetime
from decimal import Decimal


def shown(value: object) -> str:
    """Times to the minute, decimals without exponent or trailing zeros."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return str(value)
