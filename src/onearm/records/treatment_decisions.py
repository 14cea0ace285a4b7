"""Treatment decisions: the screening log and the clock of the decision. The untreated stay: concurrent controls."""

import dataframely as dy
import polars as pl

from onearm.records.columns import Entered, allowed, at, boolean, identifier, text

DECISIONS = ("treat", "do_not_treat", "defer")
REASONS = (
    "not_eligible",
    "no_product",
    "no_consent",
    "moribund",
    "improving",
    "transferred",
    "other_trial",
    "died_first",
    "clinician",
    "other",
)


class TreatmentDecisions(Entered):
    """One decision about one patient.

    SDTM: DS · FHIR: ServiceRequest, ResearchSubject
    """

    decision_id = identifier("name of the decision", key=True)
    subject_id = identifier("patient")
    decided_at = at("when")
    decision = allowed(DECISIONS, "what was decided")
    decided_by = identifier("doctor who decided")
    reason = allowed(REASONS, "why not, or why later", nullable=True)
    remark = text("in words", nullable=True)
    product_available = boolean("whether a released bag was there", nullable=True)

    @dy.rule()
    def not_treated_or_deferred_has_a_reason(cls) -> pl.Expr:
        return (pl.col("decision") == "treat") | pl.col("reason").is_not_null()
