"""Which lots each patient received, by the bags of the infusions."""

from pathlib import Path

import polars as pl
import pytest

from onearm.cohort.lots_given import lots_given
from onearm.sources.study_folder import read_study

VIRTUAL = Path(__file__).parents[2] / "examples" / "virtual-13"


@pytest.fixture(scope="module")
def records():
    return read_study(VIRTUAL).records


def test_every_infused_patient_of_the_virtual_ward_is_traced(records):
    found = lots_given(records)
    patients = set(records["infusions"]["subject_id"])
    for kind in ("lot", "donor"):
        assert frozenset().union(*found[kind].values()) == patients
    assert set(found["lot"]) <= set(records["lots"]["lot_id"])


def test_bag_by_bag_as_a_pharmacist_would_look_it_up(records):
    lot_of = dict(records["containers"].select("container_id", "lot_id").iter_rows())
    bags = records["infusion_containers"].filter(pl.col("infusion_id") == "V01-040-I1")["container_id"]
    assert {lot for lot, who in lots_given(records)["lot"].items() if "V01-040" in who} == {lot_of[b] for b in bags}
