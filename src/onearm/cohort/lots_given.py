"""Which lots, and cells of which donors, each treated patient received."""

from collections.abc import Mapping

import polars as pl

from onearm.records import Records

#: kind of origin ("lot", "donor") -> its name -> patients who received any of it
Origins = Mapping[str, Mapping[str, frozenset[str]]]


def lots_given(records: Records) -> Origins:
    """By infusion, bag and lot; a bag without a lot in the records belongs to none."""
    bags = (
        records["infusion_containers"]
        .select("infusion_id", "container_id")
        .join(records["infusions"].select("infusion_id", "subject_id"), on="infusion_id")
        .join(records["containers"].select("container_id", "lot_id"), on="container_id")
    )
    donors = bags.join(records["lots"].select("lot_id", "donor_id"), on="lot_id")
    return {"lot": _patients_of(bags, "lot_id"), "donor": _patients_of(donors, "donor_id")}


def _patients_of(bags: pl.DataFrame, origin: str) -> dict[str, frozenset[str]]:
    grouped = bags.group_by(origin).agg("subject_id").sort(origin)
    return {name: frozenset(patients) for name, patients in grouped.iter_rows()}
