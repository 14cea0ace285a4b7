"""Visits: which planned days were kept."""

import dataframely as dy
import polars as pl

from onearm.records.columns import Entered, allowed, at, identifier, integer, text


class Visits(Entered):
    """One planned day of one patient. A day that nobody kept is `missed`, with its reason.

    SDTM: SV · FHIR: Encounter
    """

    subject_id = identifier("patient", key=True)
    planned_day = integer(-30, 5500, "day of the protocol, from day zero", key=True)
    status = allowed(("done", "partly", "missed", "not_applicable"), "whether it was kept")
    reason = text("why not, or why in part", nullable=True)
    occurred_at = at("when it took place", nullable=True)

    @dy.rule()
    def kept_visit_has_its_time_and_a_missed_one_none(cls) -> pl.Expr:
        return pl.col("status").is_in(["done", "partly"]) == pl.col("occurred_at").is_not_null()

    @dy.rule()
    def visit_missed_or_in_part_has_a_reason(cls) -> pl.Expr:
        return ~pl.col("status").is_in(["partly", "missed"]) | pl.col("reason").is_not_null()
