"""Infusion reactions over those somebody looked for: not recorded is not zero."""

from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from onearm.records import Records

WINDOW = timedelta(hours=6)  # watched at least this long, as in NCT02097641, or dead before


@dataclass(frozen=True, slots=True)
class Reactions:
    """Counts of infusions and of patients: started, assessed, with a reaction."""

    infusions: int
    infusions_assessed: int
    infusions_with: int
    patients: int
    patients_assessed: int  # every infusion assessed, or a reaction seen
    patients_with: int


def infusion_reactions(records: Records, *, window: timedelta = WINDOW) -> Reactions | None:
    """Counts over all infusions; None when there are none."""
    infusions = records["infusions"]
    if infusions.is_empty():
        return None
    died = records["outcomes"].filter(pl.col("kind") == "died").select("subject_id", died_at="occurred_at")
    rows = infusions.join(died, on="subject_id", how="left")
    watched = pl.col("assessed_until_at") - pl.col("started_at") >= window
    dead_before = (pl.col("died_at") - pl.col("started_at") < window).fill_null(False)
    seen = pl.col("reaction_assessment") == "reaction"
    looked = (pl.col("reaction_assessment") != "not_assessed") & (watched | dead_before).fill_null(False)
    rows = rows.with_columns(seen=seen, assessed=looked | seen)
    patients = rows.group_by("subject_id").agg(pl.col("seen").any(), pl.col("assessed").all())
    return Reactions(
        infusions=rows.height,
        infusions_assessed=int(rows["assessed"].sum()),
        infusions_with=int(rows["seen"].sum()),
        patients=patients.height,
        patients_assessed=int((patients["assessed"] | patients["seen"]).sum()),
        patients_with=int(patients["seen"].sum()),
    )
