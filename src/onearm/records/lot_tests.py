"""Lot tests: what a lot showed."""

import dataframely as dy
import polars as pl

from onearm.records.columns import Entered, allowed, at, decimal, identifier, in_order, integer, text
from onearm.records.measurements import COMPARATORS
from onearm.records.specifications import STAGES, TESTS


class LotTests(Entered):
    """One result of one test of a lot.

    SDTM: sponsor file · FHIR: Observation on the product
    """

    lot_test_id = identifier("name of the result", key=True)
    lot_id = identifier("lot tested")
    test = allowed(TESTS, "what was tested")
    stage = allowed(STAGES, "when it was tested")
    replicate = integer(1, 100, "1, or 2 and more for a repeat")
    method = text("how it was tested")
    raw_value = text("the result as it stood on the report", coded=True)
    comparator = allowed(COMPARATORS, "= for a number, else the sign of a censored value")
    raw_unit = text("its unit; 1 for none", coded=True)
    value = decimal("-1000000", "1000000000", "the result as a number, in the unit of the specification", nullable=True)
    result_text = text("the result in words, e.g. negative", nullable=True, coded=True)
    verdict = allowed(("pending", "pass", "fail", "not_done"), "against the specification")
    sampled_at = at("when the sample was taken")
    reported_at = at("when the result was given out", nullable=True)
    analyst_id = identifier("who tested")
    verifier_id = identifier("who verified", nullable=True)

    @dy.rule()
    def reported_after_it_is_sampled(cls) -> pl.Expr:
        return in_order("sampled_at", "reported_at")

    @dy.rule()
    def verifier_is_not_the_analyst(cls) -> pl.Expr:
        return pl.col("verifier_id").is_null() | (pl.col("verifier_id") != pl.col("analyst_id"))

    @dy.rule()
    def pass_or_fail_has_a_result(cls) -> pl.Expr:
        told = pl.col("value").is_not_null() | pl.col("result_text").is_not_null()
        return ~pl.col("verdict").is_in(["pass", "fail"]) | told
