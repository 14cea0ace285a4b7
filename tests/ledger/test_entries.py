"""What is written stands: versions, conflicts, the chain, what the database refuses."""

import itertools
from datetime import UTC, date, datetime
from decimal import Decimal

import alembic.autogenerate
import alembic.runtime.migration
import pytest
import sqlalchemy as sa

from onearm.bedside.identity.tables import ACCESS
from onearm.ledger.columns import ExactDecimal
from onearm.ledger.entry import Action, Actor, chain_hash, values_hash, values_text
from onearm.ledger.problems import Conflict, InvalidRow, LedgerRefusal, ReasonMissing
from onearm.ledger.tables import METADATA

NURSE = Actor("A-NURSE", "NU", "S01")
AT = datetime(2020, 4, 11, 8, 55, tzinfo=UTC)
SITE = {"site_id": "S01", "title": "Hospital one", "kind": "hospital", "country": "ES", "timezone": "Europe/Madrid"}
SOURCE = {
    "site_id": "S01", "source_id": "OWN", "title": "own study", "kind": "own_study", "population": "ventilated",
    "setting": "icu", "country": "ES", "entry_rule": "all", "time_zero_rule": "ventilation", "time_basis": "calendar",
    "clock_start": "ventilation", "licence": "none", "retrieved_at": AT, "file_sha256": "0" * 64,
    "missing_fields": "[]",
}  # fmt: skip
ILLS = ("hypertension", "diabetes", "copd", "chronic_kidney", "heart_failure", "active_cancer", "immunosuppressed",
        "obesity", "liver", "smoker")  # fmt: skip
SUBJECT = {
    "site_id": "S01", "subject_id": "S01-001", "source_id": "OWN", "cohort": "treated_path", "sex": "male",
    "age_years": Decimal(63), **dict.fromkeys(ILLS, "unknown"),
}  # fmt: skip
WEIGHT = {
    "site_id": "S01", "weight_id": "W1", "subject_id": "S01-001", "measured_at": AT,
    "weight_kg": Decimal("80.123456789012"), "method": "bed",
}  # fmt: skip


def ward(ledger):
    with ledger.writing(NURSE) as act:
        act.add("sites", SITE)
        act.add("sources", SOURCE)
        act.add("subjects", SUBJECT)
        act.add("weights", WEIGHT, occurred_at=AT)


def test_the_test_vector_of_the_format_holds():
    salt = bytes(range(16))
    text = values_text({"value": Decimal("1.500"), "marker": None, "container_id": "C7Q2M4XK8T"})
    assert text == '{"container_id":"C7Q2M4XK8T","marker":null,"value":"1.5"}'
    sealed = values_hash(salt, text)
    assert sealed == "6c6189d1a22fab6155d6b31cc7cbb8a0b68061096a697f9ec1faaa02899cb338"
    assert (
        chain_hash(
            seq=1,
            entered_at="2020-04-11T09:00:00.000Z",
            occurred_at="2020-04-11T08:55:00.000Z",
            actor="A0001",
            role="coordinator",
            site="S01",
            action="create",
            table_name="lots",
            record_key="L1",
            version=1,
            reason="",
            values_sha256=sealed,
            prev_hash="0" * 64,
        )
        == "da23606647321c5dd3d66fbea39ddf60aad8fcbb2839605cb979e61f2138fcaf"
    )


def test_no_digit_and_no_zone_is_lost(ledger):
    ward(ledger)
    with ledger.reading() as view:
        (row,) = view.rows("weights", subject_id="S01-001")
    assert row["weight_kg"] == Decimal("80.123456789012") and row["measured_at"] == AT
    assert row["version"] == 1 and row["entered_at"].tzinfo is not None


def test_a_correction_is_a_new_version_with_its_reason_and_the_old_one_stays(ledger):
    ward(ledger)
    with ledger.writing(NURSE) as act:
        act.correct("weights", {**WEIGHT, "weight_kg": Decimal(81)}, read_version=1, reason="scale misread")
    with ledger.reading() as view:
        first, second = view.history("weights", "W1")
        assert view.row("weights", "W1")["weight_kg"] == 81
    assert (first.version, second.version, second.reason) == (1, 2, "scale misread")
    assert '"weight_kg":"80.123456789012"' in first.values_json and first.occurred_at == AT


def test_who_read_an_older_version_is_refused_and_shown_what_stands(ledger):
    ward(ledger)
    with ledger.writing(NURSE) as act:
        act.correct("weights", {**WEIGHT, "weight_kg": Decimal(81)}, read_version=1, reason="scale")
    with pytest.raises(Conflict) as refused, ledger.writing(NURSE) as act:
        act.correct("weights", {**WEIGHT, "weight_kg": Decimal(79)}, read_version=1, reason="scale")
    assert refused.value.stands["weight_kg"] == 81
    with pytest.raises(Conflict), ledger.writing(NURSE) as act:
        act.add("weights", WEIGHT)


def test_an_act_is_written_whole_or_not_at_all(ledger):
    ward(ledger)
    with pytest.raises(InvalidRow, match="at most 500"), ledger.writing(NURSE) as act:
        act.add("weights", {**WEIGHT, "weight_id": "W2"})
        act.add("weights", {**WEIGHT, "weight_id": "W3", "weight_kg": Decimal(1000)})
    with ledger.reading() as view:
        assert [w["weight_id"] for w in view.rows("weights")] == ["W1"] and view.head().seq == 4


def test_a_row_entered_in_error_stands_no_more_but_stays_readable(ledger):
    ward(ledger)
    with ledger.writing(NURSE) as act:
        act.withdraw("weights", "W1", read_version=1, reason="another patient's")
    with ledger.reading() as view:
        assert view.row("weights", "W1") is None
        assert [e.values_json == "null" for e in view.history("weights", "W1")] == [False, True]
    with pytest.raises(Conflict), ledger.writing(NURSE) as act:
        act.add("weights", WEIGHT)
    with ledger.writing(NURSE) as act:
        act.correct("weights", WEIGHT, read_version=2, reason="it was his after all")
    with ledger.reading() as view:
        assert view.row("weights", "W1")["version"] == 3


def test_a_row_that_others_rest_on_cannot_be_withdrawn(ledger):
    ward(ledger)
    with pytest.raises(sa.exc.IntegrityError), ledger.writing(NURSE) as act:
        act.withdraw("subjects", "S01-001", read_version=1, reason="never here")


def test_a_reason_is_asked_for_where_one_is_due(ledger):
    ward(ledger)
    with pytest.raises(ReasonMissing), ledger.writing(NURSE) as act:
        act.correct("weights", WEIGHT, read_version=1, reason="  ")


def test_time_of_entry_never_runs_back_and_seq_has_no_gap(ledger, clock):
    ward(ledger)
    clock.now = datetime(2019, 1, 1, tzinfo=UTC)
    with ledger.writing(NURSE) as act:
        act.add("weights", {**WEIGHT, "weight_id": "W2"})
    with ledger.reading() as view:
        entries = list(view.entries())
    assert [e.seq for e in entries] == [1, 2, 3, 4, 5]
    assert entries[-1].entered_at == entries[-2].entered_at
    assert all(b.prev_hash == a.hash == a.expected_hash() for a, b in itertools.pairwise(entries))
    assert all(e.values_agree() for e in entries)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET reason = 'x' WHERE seq = 1",
        "UPDATE entries SET values_json = NULL, salt = NULL WHERE seq = 1",
        "DELETE FROM entries WHERE seq = 4",
        "DELETE FROM entries",
    ],
)
def test_the_database_refuses_to_change_or_remove_an_entry(ledger, statement):
    ward(ledger)
    with pytest.raises(sa.exc.DBAPIError, match=r"append-only|permission denied"), ledger.engine.begin() as connection:
        connection.exec_driver_sql(statement)


def test_insert_or_replace_does_not_write_over_an_entry(ledger):
    ward(ledger)
    if ledger.engine.dialect.name != "sqlite":
        pytest.skip("a statement of SQLite")
    columns = ", ".join(c.name for c in METADATA.tables["entries"].columns if c.name != "reason")
    for seq in ("seq", "seq + 100"):  # the same seq; the same table, key and version
        chosen = columns.replace("seq", seq, 1)
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), ledger.engine.begin() as connection:
            connection.exec_driver_sql(
                f"INSERT OR REPLACE INTO entries ({columns}, reason) SELECT {chosen}, 'x' FROM entries WHERE seq = 1"
            )


def test_the_app_on_postgresql_can_neither_drop_the_guards_nor_change_the_replication_role(ledger):
    if ledger.engine.dialect.name != "postgresql":
        pytest.skip("rights are of PostgreSQL")
    for statement in (
        "ALTER TABLE entries DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
        "DROP TRIGGER entries_no_change ON entries",
        "TRUNCATE entries",
    ):
        with pytest.raises(sa.exc.DBAPIError, match=r"must be owner|permission denied"), ledger.engine.begin() as c:
            c.exec_driver_sql(statement)


def test_redaction_erases_a_superseded_version_and_the_chain_still_verifies(ledger):
    ward(ledger)
    with pytest.raises(LedgerRefusal, match="newest"), ledger.writing(NURSE) as act:
        act.redact(4, reason="name of a person")
    with ledger.writing(NURSE) as act:
        act.correct("weights", {**WEIGHT, "weight_kg": Decimal(81)}, read_version=1, reason="scale")
    with ledger.writing(NURSE) as act:
        act.redact(4, reason="name of a person")
    with ledger.reading() as view:
        entries = list(view.entries())
    assert entries[3].values_json is None and entries[3].salt is None
    assert all(e.hash == e.expected_hash() and e.values_agree() for e in entries)
    assert entries[-1].action == Action.REDACT


def test_the_migrations_make_exactly_the_tables_of_the_schemas(ledger):
    with ledger.engine.connect() as connection:
        context = alembic.runtime.migration.MigrationContext.configure(connection, opts={"compare_type": _same_type})
        differences = alembic.autogenerate.compare_metadata(context, [METADATA, ACCESS])
    assert differences == []


def _same_type(_context, _inspected, _column, inspected_type, ours):
    return None if isinstance(ours, sa.types.TypeDecorator | ExactDecimal) else False


def test_dates_keep_their_day(ledger):
    ward(ledger)
    with ledger.writing(NURSE) as act:
        for name in ("A-NURSE", "A-DOC"):
            account = {"site_id": "S01", "account_id": name, "person_id": name, "title": name, "language": "es"}
            act.add("accounts", {**account, "status": "active"}, action=Action.ACCOUNT, reason="start")
        act.add("delegations", {"site_id": "S01", "delegation_id": "D1", "account_id": "A-NURSE", "role": "NU",
                                "valid_from": date(2020, 3, 1), "valid_to": None, "qualification": "nurse",
                                "training": "[]", "signed_by": "A-DOC"})  # fmt: skip
    with ledger.reading() as view:
        assert view.row("delegations", "D1")["valid_from"] == date(2020, 3, 1)
