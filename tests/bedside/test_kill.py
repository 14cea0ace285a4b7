"""kill -9 of the app and of a database process: nothing acknowledged is lost, no act is torn. `make bench` does 500."""

import os
import sys
from pathlib import Path

import postgresql
import pytest
from journey import enrol
from ward import sqlite_ward

sys.path.insert(0, str(Path(__file__).parents[2]))

from bench.app_kill import Checker, halves, run


@pytest.mark.parametrize(("database", "what", "kills"), [("sqlite", "app", 3), ("postgresql", "backend", 2)])
def test_nothing_acknowledged_is_lost_and_no_act_is_torn(database, what, kills):
    if database == "postgresql" and postgresql.programs() is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("PostgreSQL is not installed")
    (tally,) = run(database, {what: kills}, bags=4)
    assert (tally.kills, tally.lost, tally.torn, tally.faults) == (kills, 0, [], []), str(tally)
    assert tally.acknowledged


@pytest.fixture
def study(tmp_path):
    """A ward on SQLite, and what looks after it."""
    ward, folder = sqlite_ward(tmp_path)
    checker = Checker(f"sqlite:///{folder / 'ledger.sqlite'}")
    yield ward, checker
    checker.ledger.close()
    ward.ledger.close()


def test_what_was_acknowledged_and_is_not_there_is_lost(study):
    ward, checker = study
    enrol(ward)
    seq = checker.first + 2
    checker.tail({})
    assert (checker.lost, checker.torn, checker.faults) == (set(), [], [])
    there = {seq: checker.hashes[seq]}
    for look in (checker.tail, checker.whole):
        checker.lost = set()
        look({**there, 999: "0" * 64})
        assert checker.lost == {999}
        look({seq: "0" * 64})
        assert checker.lost == {999, seq}


def test_a_row_without_the_rest_of_its_act_is_found(study):
    ward, checker = study
    subject = enrol(ward)
    row = {
        "site_id": "S01",
        "subject_id": subject,
        "decision_id": "D1",
        "decided_at": ward.clock(),
        "decision": "treat",
    }
    with ward.ledger.writing(actor_of(ward)) as act:
        act.add("treatment_decisions", {**row, "decided_by": "IN1"})
    with ward.ledger.reading() as view:
        (found,) = halves(list(view.entries(after=checker.first)))
    assert found[2] == "treatment_decisions"


def test_a_row_that_stands_in_an_older_version_is_found(study):
    import sqlalchemy as sa

    from onearm.ledger.store import write_transaction
    from onearm.ledger.tables import STATE

    ward, checker = study
    subject = enrol(ward)
    with write_transaction(ward.ledger.engine) as connection:
        connection.execute(sa.delete(STATE["consents"]).where(STATE["consents"].c.subject_id == subject))
    checker.tail({})
    (told,) = checker.faults
    assert "consents" in told


def actor_of(ward):
    """The doctor of hospital one."""
    from onearm.ledger.entry import Actor

    return Actor("IN1", "IN", "S01")
