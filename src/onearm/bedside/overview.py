"""Records of a whole ward for lists of it: everything but the measurements, which are nearly all there is to read."""

from collections.abc import Collection

import polars as pl

from onearm.ledger.reading import View, as_frame, sorted_frame
from onearm.records import Records


def overview(view: View, subjects: Collection[str], markers: Collection[str] = ()) -> Records:
    """All rows of these patients; of the measurements the last one of everybody treated, and theirs of `markers`."""
    known = view.near(subjects=subjects, without=("measurements",))
    treated = known["infusions"]["subject_id"].unique().to_list()
    values = view.last("measurements", "collected_at", treated)
    if markers and treated:
        asked = view.rows("measurements", subject_id=treated, marker=markers)
        values = pl.concat([values, as_frame("measurements", [tuple(row.values()) for row in asked])])
    return Records(known.provenance, {**known.tables, "measurements": sorted_frame("measurements", values)})
