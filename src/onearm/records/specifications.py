"""Specifications: what a lot must show, test by test."""

import dataframely as dy
import polars as pl

from onearm.records.columns import Entered, allowed, decimal, identifier, integer, text

TESTS = (
    "viability",
    "count",
    "cd73",
    "cd90",
    "cd105",
    "negative_panel",
    "hla_dr",
    "sterility",
    "mycoplasma",
    "endotoxin",
    "karyotype",
    "potency",
    "adventitious_virus",
    "appearance",
)
STAGES = ("in_process", "before_freezing", "final", "after_thaw")


class Specifications(Entered):
    """One test of one version of a specification, with its limits.

    SDTM: sponsor file · FHIR: ObservationDefinition
    """

    specification_id = identifier("name of the specification", key=True)
    specification_version = integer(1, 10_000, "version of the specification (not of this row)", key=True)
    test = allowed(TESTS, "what is tested", key=True)
    stage = allowed(STAGES, "when it is tested", key=True)
    method = text("how it is tested")
    unit = text("unit of the limits; 1 for none", coded=True)
    low = decimal("-1000000", "1000000000", "lowest value that passes, in unit", nullable=True)
    high = decimal("-1000000", "1000000000", "highest value that passes, in unit", nullable=True)
    expected_text = text("text that passes, e.g. negative", nullable=True, coded=True)
    required_for = allowed(("release", "second_step", "information"), "what may not happen without it")

    @dy.rule()
    def low_is_not_above_high(cls) -> pl.Expr:
        return pl.col("low").is_null() | pl.col("high").is_null() | (pl.col("low") <= pl.col("high"))

    @dy.rule()
    def required_test_says_what_passes(cls) -> pl.Expr:
        told = pl.any_horizontal(pl.col("low", "high", "expected_text").is_not_null())
        return (pl.col("required_for") == "information") | told
