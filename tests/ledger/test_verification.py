"""A sound ledger has no fault; whatever is done to it behind its back is found, and where."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa
import tampering
from small_study import DOCTOR, NURSE, START, fill, open_study, sign, subject, weight
from tampering import COLUMNS, Tampering, tamper, without_guards

from onearm.ledger.entry import Actor
from onearm.ledger.ledger import Ledger
from onearm.ledger.reading import Head, View
from onearm.ledger.verification import Fault, verify
from onearm.results.finding import Finding, Severity

SQLITE_ONLY = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def faults_of(ledger, **told):
    with ledger.reading() as view:
        return verify(view, **told).faults


def after(owner, change):
    """Faults of a replay after `change(connection)`, which nothing refused."""
    with tampering.owner(owner) as connection:
        with without_guards(connection):
            change(connection)
        return verify(View(connection)).faults


def test_a_sound_ledger_has_no_fault_and_tells_its_head(study):
    told = []
    with study.reading() as view:
        found = verify(view, anchors=[Head(1, next(view.entries()).hash), view.head()], progress=told.append)
        assert found.is_sound and found.faults == ()
        assert found.head == view.head() and found.entries == view.head().seq == told[-1]


def test_an_empty_ledger_is_sound(ledger):
    assert faults_of(ledger) == ()


def test_a_changed_cell_of_any_column_is_found_at_its_entry(owner):
    rng = random.Random(1)
    for column in COLUMNS:

        def change(connection, column=column):
            entry = tampering.entries_of(connection)[11]
            value = tampering.changed(owner.dialect.name, column, getattr(entry, column), rng)
            tampering.write(connection, entry.seq, **{column: value})

        assert any(f.seq == 12 or (column == "seq" and f.seq == 13) for f in after(owner, change)), column


def test_sixty_random_tamperings_are_all_found_and_located(owner):
    for seed in range(60):
        done, found = tamper(owner, seed)
        assert found and done.is_located_by(found), (seed, done, found)


KINDS = [k for k in dict.fromkeys(tampering.KINDS) if k is not tampering.cell]


def test_each_kind_of_tampering_is_found_and_located(owner):
    for kind in KINDS:
        with tampering.owner(owner) as connection:
            with without_guards(connection):
                done = kind(connection, random.Random(7))
            found = verify(View(connection), anchors=done.anchors).faults
        assert done.is_located_by(found), (done, found)


@pytest.mark.parametrize("kind", [tampering.cut, tampering.replaced], ids=["cut", "replaced"])
def test_a_tail_that_was_cut_or_written_anew_is_not_found_without_a_head_noted_elsewhere(owner, kind):
    with tampering.owner(owner) as connection:
        head = View(connection).head()
        with without_guards(connection):
            kind(connection, random.Random(7), anchors=False)
        if kind is tampering.cut:  # an erased value may lose the entry that says why: that alone shows
            assert not [f for f in verify(View(connection)).faults if f.kind in ("chain", "gap", "tail")]
        else:
            assert verify(View(connection)).is_sound
        assert {f.kind for f in verify(View(connection), anchors=[head]).faults} >= {"tail"}


def test_a_head_noted_in_the_ledger_itself_shows_a_tail_written_anew(study, owner):
    with study.writing(DOCTOR) as act:
        head = act.view.head()
        told = {"site_id": "S01", "anchor_id": "ANCHOR-1", "went_to": "printed in the pharmacy"}
        act.add("anchors", {**told, "head_seq": head.seq, "head_hash": head.hash})
    with tampering.owner(owner) as connection:
        with without_guards(connection):
            tampering.replaced(connection, random.Random(7), anchors=False)
        assert ("tail", head.seq) in {(f.kind, f.seq) for f in verify(View(connection)).faults}


def test_values_erased_by_a_redaction_are_no_fault_and_erased_without_one_are(study, owner):
    with study.reading() as view:
        gone = [e.seq for e in view.entries() if e.values_json is None]
    assert gone and faults_of(study) == ()
    found = after(owner, lambda c: tampering.write(c, 2, values_json=None, salt=None))
    assert ("values", 2) in {(f.kind, f.seq) for f in found}


def test_guards_taken_away_are_found_before_anything_was_changed(owner):
    with tampering.owner(owner) as connection:
        name = "entries_no_update" if owner.dialect.name == "sqlite" else "entries_no_change"
        statement = f"DROP TRIGGER {name}" + ("" if owner.dialect.name == "sqlite" else " ON entries")
        connection.exec_driver_sql(statement)
        (fault,) = verify(View(connection)).faults
    assert fault.kind == "guard" and name in fault.sentence


def test_a_broken_signature_is_told_with_who_signed_what(study):
    with study.writing(DOCTOR) as act:
        entry = act.add("weights", weight("W9"))
        sign(act, entry, signed_sha256="0" * 64)
    (fault,) = faults_of(study)
    assert (fault.kind, fault.seq) == ("signature", entry.seq)
    assert "by A-DOC on weights W9" in fault.sentence


def test_a_superseded_signature_is_no_fault(study):
    with study.writing(NURSE) as act:
        act.correct("weights", weight("W2A", 2, "77"), read_version=1, reason="weighed again")
    assert faults_of(study) == ()


def test_who_wrote_without_a_delegation_is_told_with_the_entry(study):
    with study.writing(Actor("A-NURSE", "IN", "S01")) as act:
        entry = act.add("weights", weight("W9"))
    (fault,) = faults_of(study)
    assert (fault.kind, fault.seq) == ("delegation", entry.seq) and "A-NURSE" in fault.sentence


def test_who_signed_without_a_delegation_is_told_though_another_wrote_the_entry(study):
    with study.writing(DOCTOR) as act:
        signed = sign(act, act.add("weights", weight("W9")), by=Actor("A-NURSE", "QP", "S01"))
    (fault,) = faults_of(study)
    assert (fault.kind, fault.seq) == ("delegation", signed.seq) and "A-NURSE signed" in fault.sentence


@pytest.mark.parametrize(
    ("hour", "minute", "allowed"),
    [(21, 59, False), (22, 0, True)],  # 22:00Z of 31 March is midnight of 1 April in Madrid
)
def test_the_day_of_a_delegation_begins_by_the_clock_of_the_site(ledger, clock, hour, minute, allowed):
    clock.now = datetime(2020, 3, 31, hour, minute, tzinfo=UTC)
    open_study(ledger, first_day=date(2020, 4, 1))
    with ledger.writing(NURSE) as act:
        act.add("subjects", subject(1))
    assert [f.kind for f in faults_of(ledger)] == ([] if allowed else ["delegation"])


def test_a_delegation_that_ended_covers_its_last_day_and_no_more(study, clock):
    with study.writing(DOCTOR) as act:
        row = act.view.row("delegations", "D-A-NURSE")
        ended = {k: v for k, v in row.items() if k not in ("version", "entered_at")} | {"valid_to": date(2020, 4, 2)}
        act.correct("delegations", ended, read_version=1, reason="leaves")
    clock.now = datetime(2020, 4, 2, 20, tzinfo=UTC)
    with study.writing(NURSE) as act:
        act.add("weights", weight("W8"))
    assert faults_of(study) == ()
    clock.now = datetime(2020, 4, 2, 22, tzinfo=UTC)  # 3 April in Madrid
    with study.writing(NURSE) as act:
        entry = act.add("weights", weight("W9"))
    assert [(f.kind, f.seq) for f in faults_of(study)] == [("delegation", entry.seq)]


def test_checks_handed_in_are_made_on_the_records_and_only_what_blocks_is_a_fault(study):
    def check(view, records):
        assert view.row("weights", "W1A")["weight_kg"] == 82
        said = Finding("W", Severity.BLOCK, "weights", "W1A", "82", "", "a sentence", "una frase", "")
        return [said, replace(said, severity=Severity.INFORM, key="W1B")] if records["weights"].height else []

    (fault,) = faults_of(study, checks=[check])
    with study.reading() as view:
        seq = view.history("weights", "W1A")[-1].seq
    assert (fault.kind, fault.seq, fault.sentence) == ("rule", seq, "W: a sentence")


def test_a_version_that_is_left_out_is_found(owner):
    def change(connection):
        entries = tampering.entries_of(connection)
        place = next(i for i, e in enumerate(entries) if e.version == 2)
        tampering.write(connection, place + 1, version=3)
        entries[place] = replace(entries[place], version=3)
        tampering.rehash(connection, entries, place)

    assert {f.kind for f in after(owner, change)} >= {"version"}


def test_a_time_before_the_entry_before_it_is_found(owner):
    def change(connection):
        entries = tampering.entries_of(connection)
        entries[14] = replace(entries[14], entered_at=START.replace(year=2019))
        stored = entries[14].entered_at
        value = tampering.text_of(stored) if owner.dialect.name == "sqlite" else stored
        tampering.write(connection, 15, entered_at=value)
        tampering.rehash(connection, entries, 14)

    assert ("time", 15) in {(f.kind, f.seq) for f in after(owner, change)}


def test_a_read_stream_of_entries_leaves_the_transaction_able_to_write(study):
    with study.writing(NURSE) as act:
        assert list(act.view.entries())
        act.add("weights", weight("W9"))
    assert faults_of(study) == ()


@SQLITE_ONLY
def test_a_byte_changed_in_the_file_is_found_or_changes_nothing_that_is_read(study, tmp_path):
    fill_up_to_now = everything(study)
    study.close()
    data = bytearray((tmp_path / "ledger.sqlite").read_bytes())
    rng = random.Random(3)
    for _ in range(60):
        place, bit = rng.randrange(len(data)), 1 << rng.randrange(8)
        data[place] ^= bit
        (tmp_path / "damaged.sqlite").write_bytes(data)
        data[place] ^= bit
        found, read = replay_of_file(tmp_path / "damaged.sqlite")
        assert found or read == fill_up_to_now, place


def replay_of_file(path):
    """Whether a fault was found, or the file was refused; what can be read."""
    damaged = Ledger.at(f"sqlite:///{path}")
    try:
        if faults_of(damaged):
            return True, None
        return False, everything(damaged)
    except sa.exc.DatabaseError:
        return True, None
    finally:
        damaged.close()


def everything(ledger):
    """All entries and all rows."""
    with ledger.reading() as view:
        return list(view.entries()), {name: view.rows(name) for name in tampering.STATE}


def test_a_located_fault_names_the_entry_or_the_row():
    assert Tampering("x", frozenset({3})).is_located_by([Fault("chain", 3, "")])
    assert not Tampering("x", row="weights W1 ").is_located_by([Fault("state", None, "weights W10 stands")])


def test_a_study_of_many_patients_is_sound(ledger):
    open_study(ledger)
    fill(ledger, patients=12)
    assert faults_of(ledger) == ()
