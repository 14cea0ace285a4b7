"""Dose orders: what was asked for, on which weight, and who verified it. What was given is in `infusions`."""

import dataframely as dy
import polars as pl

from onearm.records.columns import Entered, allowed, at, decimal, identifier, in_order, integer, together

CANCEL_REASONS = (
    "died",
    "extubated",
    "worse",
    "transferred",
    "consent_withdrawn",
    "product_failed",
    "thaw_failed",
    "expired",
    "clinician",
    "other",
)


class DoseOrders(Entered):
    """One dose ordered.

    SDTM: EC · FHIR: MedicationRequest
    """

    dose_order_id = identifier("name of the order", key=True)
    subject_id = identifier("patient")
    dose_no = integer(1, 20, "first, second, ... dose of the patient")
    planned_m_per_kg = decimal("0", "1000", "planned dose, 10^6 viable cells per kg of dosing weight", above_low=True)
    weight_basis = allowed(("actual", "predicted", "adjusted", "flat"), "which weight the dose rests on")
    dosing_weight_kg = decimal("1", "500", "weight the dose was computed with, kg")
    weight_id = identifier("weight it rests on", nullable=True)
    target_m = decimal("0", "100000", "dose ordered, 10^6 viable cells", above_low=True)
    requested_for = at("when it is wanted")
    ordered_at = at("when it was ordered")
    ordered_by = identifier("doctor who ordered")
    verified_at = at("when the pharmacist verified", nullable=True)
    verified_by = identifier("pharmacist who verified", nullable=True)
    status = allowed(("ordered", "verified", "cancelled", "completed"), "where it stands")
    cancelled_at = at("when it was cancelled", nullable=True)
    cancel_reason = allowed(CANCEL_REASONS, "why it was cancelled", nullable=True)

    @dy.rule()
    def verified_after_it_is_ordered(cls) -> pl.Expr:
        return in_order("ordered_at", "verified_at")

    @dy.rule()
    def cancelled_after_it_is_ordered(cls) -> pl.Expr:
        return in_order("ordered_at", "cancelled_at")

    @dy.rule()
    def verification_has_person_and_time(cls) -> pl.Expr:
        return together("verified_at", "verified_by")

    @dy.rule()
    def verifier_is_not_the_orderer(cls) -> pl.Expr:
        return pl.col("verified_by").is_null() | (pl.col("verified_by") != pl.col("ordered_by"))

    @dy.rule()
    def verified_or_completed_order_was_verified(cls) -> pl.Expr:
        return ~pl.col("status").is_in(["verified", "completed"]) | pl.col("verified_at").is_not_null()

    @dy.rule()
    def cancelled_order_has_time_and_reason(cls) -> pl.Expr:
        cancelled = pl.col("status") == "cancelled"
        return (pl.col("cancelled_at").is_not_null() == cancelled) & (
            pl.col("cancel_reason").is_not_null() == cancelled
        )
