"""Infusions: what entered a patient. What was ordered is in `dose_orders`, which bags in `infusion_containers`."""

import dataframely as dy
import polars as pl

from onearm.records.columns import Entered, allowed, at, identifier, in_order, integer, json_text, text


class Infusions(Entered):
    """One dose as given. A reaction that nobody looked for is `not_assessed`, never `none`.

    SDTM: EX · FHIR: MedicationAdministration, Procedure
    """

    infusion_id = identifier("name of the infusion", key=True)
    dose_order_id = identifier("order it follows")
    subject_id = identifier("patient")
    dose_no = integer(1, 20, "first, second, ... dose of the patient")
    status = allowed(("started", "completed", "stopped_early"), "how far it went")
    route = allowed(("central_venous", "peripheral_venous", "other"), "where it went in")
    premedication = text("drugs given before it; the word none when none was given", nullable=True)
    started_at = at("first drop")
    stopped_at = at("last drop", nullable=True)
    interruptions = json_text("pauses: list of objects with from, to and reason; [] when there was none")
    checked_by_1 = identifier("first person at the bed")
    checked_by_2 = identifier("second person at the bed")
    identity_checked_at = at("when patient and bag were matched")
    reaction_assessment = allowed(
        ("none", "reaction", "not_assessed"), "none: somebody looked and found none; not_assessed: nobody looked"
    )
    assessed_until_at = at("end of the time watched for a reaction", nullable=True)
    assessed_by = identifier("who watched", nullable=True)
    stop_reason = text("why it was stopped early", nullable=True)

    @dy.rule()
    def stops_after_it_starts(cls) -> pl.Expr:
        return in_order("started_at", "stopped_at")

    @dy.rule()
    def identity_is_checked_before_the_start(cls) -> pl.Expr:
        return pl.col("identity_checked_at") <= pl.col("started_at")

    @dy.rule()
    def two_different_persons_check(cls) -> pl.Expr:
        return pl.col("checked_by_1") != pl.col("checked_by_2")

    @dy.rule()
    def completed_or_stopped_has_its_end(cls) -> pl.Expr:
        return (pl.col("status") == "started") == pl.col("stopped_at").is_null()

    @dy.rule()
    def stopped_early_has_its_reason(cls) -> pl.Expr:
        return (pl.col("status") != "stopped_early") | pl.col("stop_reason").is_not_null()

    @dy.rule()
    def assessed_reaction_says_by_whom_and_until_when(cls) -> pl.Expr:
        known = pl.col("assessed_until_at").is_not_null() & pl.col("assessed_by").is_not_null()
        return (pl.col("reaction_assessment") == "not_assessed") | known

    @dy.rule()
    def watched_until_after_the_start(cls) -> pl.Expr:
        return in_order("started_at", "assessed_until_at")

    @dy.rule()
    def dose_number_is_given_once_per_patient(cls) -> pl.Expr:
        return pl.struct("subject_id", "dose_no").is_unique()
