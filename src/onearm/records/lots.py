"""Lots: what one manufacture gave. Status of a lot is derived from its release decisions, never typed."""

import dataframely as dy
import polars as pl

from onearm.records.columns import Entered, allowed, at, decimal, identifier, in_order, integer, pattern, text


class Lots(Entered):
    """One lot of a living medicine.

    SDTM: EX.EXLOT, SUPPEX · FHIR: BiologicallyDerivedProduct, Substance
    """

    lot_id = identifier("name of the lot", key=True)
    product_code = text("code of the product", coded=True)
    cell_source = allowed(("adipose", "bone_marrow", "umbilical_cord", "other"), "tissue the cells come from")
    donor_id = identifier("pseudonym of the donor")
    donor_kind = allowed(("allogeneic", "autologous"), "another person's cells or the patient's own")
    donation_code = pattern(
        "^[A-Z]{2}[A-Z0-9]{6}[A-Z0-9]{13}$",
        "first 21 characters of the Single European Code: 2 country, 6 establishment, 13 donation",
        nullable=True,
    )
    passage = integer(0, 20, "passage at harvest")
    population_doublings = decimal("0", "200", "cumulative population doublings", nullable=True)
    form = allowed(("cryopreserved", "fresh"), "how it leaves the production unit")
    harvested_at = at("end of harvest of the cells")
    frozen_at = at("when it was frozen", nullable=True)
    freezing_medium = text("medium it is frozen in", nullable=True)
    dmso_percent = decimal("0", "20", "dimethyl sulfoxide, % v/v; 0 if none")
    nominal_viable_m = decimal("0", "100000", "viable cells per container by the label, 10^6", above_low=True)
    product_volume_ml = decimal("0", "5000", "volume per container, mL", above_low=True)
    containers_made = integer(1, 10_000, "containers filled")
    storage_c = decimal("-200", "40", "storage temperature, Cel")
    expires_at = at("expiry")
    specification_id = identifier("specification it is tested against")

    @dy.rule()
    def cryopreserved_has_its_time_of_freezing_and_medium(cls) -> pl.Expr:
        told = pl.col("frozen_at").is_not_null() & pl.col("freezing_medium").is_not_null()
        return (pl.col("form") == "fresh") | told

    @dy.rule()
    def fresh_is_not_frozen(cls) -> pl.Expr:
        return (pl.col("form") != "fresh") | pl.col("frozen_at").is_null()

    @dy.rule()
    def harvested_then_frozen_then_expired(cls) -> pl.Expr:
        return in_order("harvested_at", "frozen_at", "expires_at")
