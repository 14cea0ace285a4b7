"""Lot materials: starting and raw materials, the far end of the trace."""

from onearm.records.columns import Entered, allowed, at, day, identifier, integer, text


class LotMaterials(Entered):
    """One material that went into a lot.

    SDTM: sponsor file · FHIR: BiologicallyDerivedProduct.collection, Substance
    """

    lot_id = identifier("lot it went into", key=True)
    line_no = integer(1, 10_000, "line of the list of the lot", key=True)
    kind = allowed(
        ("donor_tissue", "serum", "medium", "enzyme", "cryoprotectant", "plastic", "other"), "what kind of material"
    )
    name = text("what it is", coded=True)
    supplier = text("who supplied it", coded=True)
    batch = text("batch of the supplier", coded=True)
    expires_at = day("expiry date of that batch", nullable=True)
    used_at = at("when it was used")
