"""How often each intercurrent event stands in the records of the treated, after their first treatment."""

from dataclasses import dataclass

import polars as pl

from onearm.cohort.follow_up import first_treatment
from onearm.protocol.study import Strategies
from onearm.records import Records

#: event -> table and kind that record it
RECORDED: dict[str, tuple[str, str]] = {
    "death": ("outcomes", "died"),
    "extubation": ("outcomes", "extubated"),
    "reintubation": ("outcomes", "reintubated"),
    "transfer": ("outcomes", "transferred"),
    "ecmo": ("episodes", "ecmo"),
    "withdrawal_of_care": ("episodes", "treatment_limit"),
    "corticosteroid": ("episodes", "corticosteroid"),
    "tocilizumab": ("episodes", "tocilizumab"),
    "later_dose": ("infusions", ""),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """Treated patients with the event recorded after their first treatment, and the table it stands in."""

    patients: int
    treated: int
    table: str
    ever: bool  # recorded for anybody at all; False: none, or nobody collected it


def seen_after_treatment(records: Records, treat: Strategies, event: str) -> Seen | None:
    """Counts of one event; None where no table records it."""
    if event not in RECORDED:
        return None
    table, kind = RECORDED[event]
    first = first_treatment(records, treat).select("subject_id", first_at="at")
    rows = records[table]
    if table == "infusions":
        later = rows.group_by("subject_id").len().filter(pl.col("len") > 1)
        return Seen(later.height, first.height, table, True)
    at = "occurred_at" if table == "outcomes" else "started_at"
    after = pl.col(at) >= pl.col("first_at") if table == "outcomes" else pl.col(at) > pl.col("first_at")
    of_kind = rows.filter(pl.col("kind") == kind)
    both = of_kind.join(first, on="subject_id").filter(after)
    return Seen(both["subject_id"].n_unique(), first.height, table, not of_kind.is_empty())
