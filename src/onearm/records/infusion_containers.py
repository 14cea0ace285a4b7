"""Infusion containers: which bags an infusion used, thawed and diluted how, and how much of each went in."""

import dataframely as dy
import polars as pl

from onearm.records.columns import Entered, allowed, at, decimal, identifier, in_order
from onearm.records.custody import DILUENTS


class InfusionContainers(Entered):
    """One bag of one infusion. Delivered cells are computed by `product`, never typed.

    SDTM: SUPPEX · FHIR: MedicationAdministration (part)
    """

    infusion_id = identifier("infusion", key=True)
    container_id = identifier("bag", key=True)
    thaw_started_at = at("thaw began", nullable=True)
    thaw_ended_at = at("thaw ended: the thaw clock starts", nullable=True)
    diluent = allowed(DILUENTS, "what it was diluted with")
    total_volume_ml = decimal("0", "5000", "volume after dilution, mL", above_low=True)
    given_volume_ml = decimal("0", "5000", "volume that went in, mL")
    counted_m = decimal("0", "100000", "all cells counted, living and dead, 10^6", nullable=True)
    viability_percent = decimal("0", "100", "viable share of the cells counted, %", nullable=True)
    counted_at = at("when they were counted", nullable=True)
    first_drop_at = at("first drop of this bag")
    last_drop_at = at("last drop of this bag")
    remainder = allowed(("destroyed", "returned", "none"), "what became of the rest")

    @dy.rule()
    def given_volume_is_not_above_total_volume(cls) -> pl.Expr:
        return pl.col("given_volume_ml") <= pl.col("total_volume_ml")

    @dy.rule()
    def thaw_then_first_then_last_drop(cls) -> pl.Expr:
        return in_order("thaw_started_at", "thaw_ended_at", "first_drop_at", "last_drop_at")

    @dy.rule()
    def count_has_its_time(cls) -> pl.Expr:
        return pl.col("counted_m").is_null() | pl.col("counted_at").is_not_null()

    @dy.rule()
    def rest_of_a_bag_given_in_part_is_told(cls) -> pl.Expr:
        whole = pl.col("given_volume_ml") == pl.col("total_volume_ml")
        return whole | (pl.col("remainder") != "none")
