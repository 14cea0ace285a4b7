"""Measurements: laboratory values, vital signs, ventilator settings and scores, raw and canonical side by side."""

from decimal import Decimal

import dataframely as dy
import polars as pl

from onearm.records.columns import (
    DECIMAL,
    Entered,
    allowed,
    at,
    decimal,
    identifier,
    integer,
    precision,
    precision_rule,
    text,
)
from onearm.vocabulary.markers import MARKERS

COMPARATORS = ("=", "<", ">", "<=", ">=")
SPECIMENS = ("arterial", "venous", "capillary", "serum", "plasma", "urine", "none")
_HIGHEST = "1000000"


class Measurements(Entered):
    """One value of one marker at one time.

    `value` is in the canonical unit of the marker (marker dictionary); a censored value keeps the limit in `value` and
    its sign in `comparator`. Empty `value`: the sample was taken and gave no number; `raw_value` says what it gave.

    SDTM: LB, VS, RE, RS, QS · FHIR: Observation
    """

    measurement_id = identifier("name of the measurement", key=True)
    subject_id = identifier("patient")
    marker = allowed(tuple(MARKERS), "what was measured")
    collected_at = at("when the sample was taken or the reading made")
    collected_at_precision = precision("collected_at")
    reported_at = at("when the result was given out", nullable=True)
    raw_value = text("the value as it stood in the source", coded=True)
    comparator = allowed(COMPARATORS, "= for a number, else the sign of a censored value")
    raw_unit = text("the unit as it stood in the source; 1 for a number without unit", coded=True)
    value = decimal("0", _HIGHEST, "value in the canonical unit of the marker", nullable=True)
    specimen = allowed(SPECIMENS, "what was sampled", nullable=True)
    reference_low = decimal(
        "0", _HIGHEST, "lower end of the laboratory's reference range, canonical unit", nullable=True
    )
    reference_high = decimal(
        "0", _HIGHEST, "upper end of the laboratory's reference range, canonical unit", nullable=True
    )
    infusion_id = identifier("infusion it belongs to, for values around one", nullable=True)
    relative_minute = integer(-1440, 10080, "planned minute from the start of that infusion", nullable=True)
    origin = allowed(("typed", "file", "device"), "how it came in")
    import_id = identifier("import that brought it", nullable=True)
    replicate = integer(1, 100, "1, or 2 and more for a repeat of the same sample")
    quality = allowed(("ok", "haemolysed", "confirmed_extreme", "doubtful"), "what is said of the sample or the value")

    collected_at_goes_with_its_precision = precision_rule("collected_at")

    @dy.rule()
    def value_lies_within_the_hard_limits_of_its_marker(cls) -> pl.Expr:
        value = pl.col("value")
        return value.is_null() | ((value >= limit_of("low")) & (value <= limit_of("high")))

    @dy.rule()
    def score_is_a_whole_number(cls) -> pl.Expr:
        scores = [name for name, marker in MARKERS.items() if marker.integer]
        return (
            pl.col("value").is_null() | ~pl.col("marker").is_in(scores) | (pl.col("value") == pl.col("value").floor())
        )

    @dy.rule()
    def reference_low_is_not_above_reference_high(cls) -> pl.Expr:
        low, high = pl.col("reference_low"), pl.col("reference_high")
        return low.is_null() | high.is_null() | (low <= high)

    @dy.rule()
    def minute_is_told_only_of_an_infusion(cls) -> pl.Expr:
        return pl.col("relative_minute").is_null() | pl.col("infusion_id").is_not_null()

    @dy.rule()
    def measured_once_per_sample_and_replicate(cls) -> pl.Expr:
        return pl.struct("subject_id", "marker", "collected_at", "specimen", "replicate").is_unique()


def limit_of(end: str) -> pl.Expr:
    """The hard limit ("low" or "high") of the marker of each row, canonical unit."""
    limits: list[Decimal] = [marker.hard[0 if end == "low" else 1] for marker in MARKERS.values()]
    return pl.col("marker").replace_strict(list(MARKERS), pl.Series(limits, dtype=DECIMAL), return_dtype=DECIMAL)
