"""Release decisions: what the qualified person decided about a lot."""

import dataframely as dy
import polars as pl

from onearm.records.columns import Entered, allowed, at, identifier, text


class ReleaseDecisions(Entered):
    """One decision about one lot.

    SDTM: sponsor file · FHIR: BiologicallyDerivedProduct.processing, Provenance
    """

    decision_id = identifier("name of the decision", key=True)
    lot_id = identifier("lot decided on")
    decision = allowed(
        ("release", "release_first_step", "confirm_second_step", "release_out_of_spec", "reject", "recall"),
        "what was decided",
    )
    decided_at = at("when")
    decided_by = identifier("qualified person")
    risk_assessment = text("written risk assessment; required out of specification", nullable=True)
    reason = text("why")

    @dy.rule()
    def release_out_of_specification_has_its_risk_assessment(cls) -> pl.Expr:
        return (pl.col("decision") != "release_out_of_spec") | pl.col("risk_assessment").is_not_null()
