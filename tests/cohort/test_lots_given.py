"""Which lots each patient received, by the bags of the infusions."""

from pathlib import Path

import polars as pl
import pytest

from onearm.cohort.lots_given import lots_given
from onearm.sources.study_folder import read_study

VIRTUAL = Path(__file__).parents[2] / "examples" / "virtual-balmys"


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
    bags = records["infusion_containers"].filter(pl.col("infusion_id").str.starts_with("V01-422-I"))["container_id"]
    assert bags.to_list() == ["V000000017L", "V000000018J"]  # of two infusions
    assert {lot for lot, who in lots_given(records)["lot"].items() if "V01-422" in who} == {lot_of[b] for b in bags}


def test_a_lot_that_was_made_and_rejected_reached_nobody(records):
    rejected = records["release_decisions"].filter(pl.col("decision") == "reject")["lot_id"].to_list()
    assert rejected == ["VLOT-04"]
    assert set(records["lots"]["lot_id"]) - set(lots_given(records)["lot"]) == set(rejected)
