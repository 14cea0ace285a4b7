"""Results to page, figures and JSON. No arithmetic on estimates: rounding and words only."""

from onearm.report.writing import Written, write

__all__ = ["Written", "write"]
