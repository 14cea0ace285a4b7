"""Eligibility checks: each criterion of the protocol, with the value it was judged on."""

import dataframely as dy
import polars as pl

from onearm.records.columns import Entered, allowed, at, identifier, text


class EligibilityChecks(Entered):
    """One criterion at one time. Not known is `unknown`, never `yes`.

    SDTM: IE · FHIR: Group, EligibilityCriteria extension
    """

    check_id = identifier("name of the check", key=True)
    subject_id = identifier("patient")
    criterion_id = identifier("criterion of study.toml, e.g. I1")
    assessed_at = at("when")
    value = text("value it was judged on", nullable=True)
    unit = text("its unit; 1 for none", nullable=True, coded=True)
    met = allowed(("yes", "no", "unknown"), "whether the criterion holds")
    evidence = allowed(("measured", "chart", "statement", "source_file"), "what it was judged on")
    assessed_by = identifier("who judged")

    @dy.rule()
    def unit_stands_with_its_value(cls) -> pl.Expr:
        return pl.col("unit").is_null() | pl.col("value").is_not_null()
