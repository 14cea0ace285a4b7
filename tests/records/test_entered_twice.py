"""K3: two subjects that look like one person are asked about, and only where times are known to the minute."""

from decimal import Decimal

import polars as pl
import pytest
from planted_breaks import EXTERNAL, MINUTE, WORLD, add, change, is_, only

from onearm.records import Records, check_records
from onearm.records.key_rules import nobody_is_entered_twice
from onearm.results.finding import Severity

#: sex and age of S01-003, who is entered again
AGAIN = {"sex": "male", "age_years": Decimal("63.5")}


def entered_again(name="S02-009", **values):
    """WORLD with the subject S01-003, its course left out, under a second pseudonym."""
    world = change(WORLD, "subjects", is_("subject_id", "S01-003"), **AGAIN)
    return add(world, "subjects", is_("subject_id", "S01-003"), subject_id=name, site_id=name[:3], **values)


@pytest.mark.parametrize("name", ["S02-009", "S01-009"])
def test_a_person_entered_twice_is_asked_at_whatever_site(name):
    finding = only("K3", Severity.CONFIRM, entered_again(name))
    assert finding.key == name and finding.sentence == (
        f"Subjects S01-003 and {name} look like one person: sex male, of one age, ventilated 2020-04-02 10:00, "
        "hospital_at 2020-04-01 10:00."
    )
    assert "S01-003" in finding.sentence_es and name in finding.sentence_es


def test_symptoms_in_one_minute_are_enough_beside_the_ventilation():
    other_arrival = {"hospital_at": pl.col("hospital_at") + MINUTE}
    assert "symptoms_at 2020-03-26 10:00" in only("K3", Severity.CONFIRM, entered_again(**other_arrival)).sentence
    unknown = {"hospital_at": None, "hospital_at_precision": None}
    assert only("K3", Severity.CONFIRM, entered_again(**unknown)).key == "S02-009"


@pytest.mark.parametrize(
    "values",
    [
        {"sex": "female"},
        {"age_years": Decimal("64.5")},
        {"age_years": None},
        {"ventilated_at": pl.col("ventilated_at") + MINUTE},
        {"ventilated_at": None, "ventilated_at_precision": None},
        {c: pl.col(c) + MINUTE for c in ("hospital_at", "symptoms_at")},
    ],
    ids=" ".join,
)
def test_two_who_differ_in_what_counts_are_two(values):
    assert check_records(entered_again(**values)) == ()


@pytest.mark.parametrize("dated", [("ventilated_at",), ("hospital_at", "symptoms_at")], ids=" ".join)
def test_times_that_both_know_by_date_are_no_minute(dated):
    both = pl.col("subject_id").is_in(["S01-003", "S02-009"])
    noon = {c: pl.col(c).dt.truncate("1d") + 12 * 60 * MINUTE for c in dated}
    world = change(entered_again(), "subjects", both, **noon, **{f"{c}_precision": "day" for c in dated})
    assert nobody_is_entered_twice(world) == ()


def test_a_person_entered_three_times_is_asked_of_each_after_the_first():
    world = add(entered_again(), "subjects", is_("subject_id", "S02-009"), subject_id="S03-001")
    assert [(f.rule, f.key) for f in check_records(world)] == [("K3", "S02-009"), ("K3", "S03-001")]
    assert all("S01-003 and" in f.sentence for f in check_records(world))


def test_similar_cases_known_by_date_are_never_one_person():
    rows = [EXTERNAL["subjects"].head(1).with_columns(subject_id=pl.lit(f"EX-{n}")) for n in range(50)]
    assert set(rows[0]["ventilated_at_precision"]) == {"day"}
    world = Records.of({"sources": EXTERNAL["sources"], "subjects": pl.concat(rows)}, provenance="file")
    assert check_records(world) == ()
