"""Containers: each bag or vial of a lot. Its state is the replay of its custody, never typed."""

import dataframely as dy
import polars as pl

from onearm.records.columns import Entered, decimal, identifier, integer
from onearm.vocabulary.identifiers import has_check_character


class Containers(Entered):
    """One container; its id ends in an ISO 7064 MOD 37,36 check character.

    SDTM: DA · FHIR: BiologicallyDerivedProduct (part), identifier
    """

    container_id = dy.String(
        primary_key=True, regex="^[A-Z0-9]{11}$", description="10 characters and their check character, as on the label"
    )
    lot_id = identifier("lot it was filled from")
    container_no = integer(1, 10_000, "number within the lot, 1 to containers_made")
    nominal_viable_m = decimal("0", "100000", "viable cells by the label, 10^6", above_low=True)
    volume_ml = decimal("0", "5000", "volume, mL", above_low=True)

    @dy.rule()
    def container_id_ends_in_its_check_character(cls) -> pl.Expr:
        return pl.col("container_id").map_batches(_checked, return_dtype=pl.Boolean)

    @dy.rule()
    def container_number_is_given_once_per_lot(cls) -> pl.Expr:
        return pl.struct("lot_id", "container_no").is_unique()


def _checked(ids: pl.Series) -> pl.Series:
    return pl.Series([None if i is None else has_check_character(i) for i in ids], dtype=pl.Boolean)
