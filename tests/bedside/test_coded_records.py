"""Records for an export: days between dates of a patient stay, dates and names do not."""

from datetime import UTC, datetime, timedelta

import polars as pl

from onearm.bedside.coded_records import coded
from onearm.records import Records

SECRET = b"a secret of the study"
AT = datetime(2020, 4, 1, 9, tzinfo=UTC)
OWN = {"site_id": "S01", "version": 1, "entered_at": AT}


def weight(subject, number, day):
    """A weight on a day."""
    told = {"weight_id": f"{subject}-W{number}", "subject_id": subject, "measured_at": AT + timedelta(days=day)}
    return {**OWN, **told, "weight_kg": "80", "method": "bed"}


def subject(name, **told):
    """A patient."""
    ills = ("hypertension", "diabetes", "copd", "chronic_kidney", "heart_failure", "active_cancer", "immunosuppressed",
            "obesity", "liver", "smoker")  # fmt: skip
    own = {**OWN, "site_id": name[:3], "subject_id": name, "source_id": "WARD", "cohort": "treated_path", "sex": "male"}
    return {**own, "age_years": "60", **dict.fromkeys(ills, "no"), **told}


def records():
    """Two patients of two sites, one with an onset known to the month."""
    onset = {"symptoms_at": datetime(2020, 3, 15, 12, tzinfo=UTC), "symptoms_at_precision": "month"}
    people = [subject("S01-001", calendar_month="2020-04", **onset), subject("S02-001")]
    weights = [weight("S01-001", 1, 0), weight("S01-001", 2, 6), weight("S02-001", 1, 0)]
    columns = {name: [p.get(name) for p in people] for name in dict.fromkeys(c for p in people for c in p)}
    return Records.of({"subjects": pl.DataFrame(columns), "weights": pl.DataFrame(weights)}, provenance="bedside")


def test_days_between_dates_of_a_patient_stay_and_dates_do_not():
    before, after = records()["weights"], coded(records(), SECRET)["weights"]
    gaps = [b - a for a, b in zip(before["measured_at"][:1], before["measured_at"][1:2], strict=True)]
    assert [after["measured_at"][1] - after["measured_at"][0]] == gaps
    moved = [(b - a) for a, b in zip(before["measured_at"], after["measured_at"], strict=True)]
    assert moved[0] == moved[1] != moved[2] and all(m and m % timedelta(days=1) == timedelta() for m in moved)
    assert all(abs(m) <= timedelta(days=364) for m in moved)


def test_names_of_patients_and_sites_are_codes_that_still_join():
    tables = coded(records(), SECRET)
    assert set(tables["weights"]["subject_id"]) == set(tables["subjects"]["subject_id"])
    assert all(w.startswith(s + "-W") for w, s in tables["weights"].select("weight_id", "subject_id").iter_rows())
    text = "".join(frame.write_csv() for frame in tables.values())
    assert "S01" not in text and "S02" not in text and "2020-04" not in str(tables["subjects"]["calendar_month"][0])


def test_a_month_stays_in_its_middle_and_the_records_are_still_sound():
    tables = coded(records(), SECRET)
    onset = tables["subjects"]["symptoms_at"].drop_nulls()[0]
    assert (onset.day, onset.hour) == (15, 12)
    assert Records.of(tables, provenance="file")["weights"].height == 3


def test_the_same_secret_gives_the_same_codes_and_another_one_others():
    assert all(a.equals(coded(records(), SECRET)[n]) for n, a in coded(records(), SECRET).items())
    assert not coded(records(), SECRET)["weights"].equals(coded(records(), b"another")["weights"])
