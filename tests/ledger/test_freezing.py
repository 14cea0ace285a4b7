"""A data lock holds the same bytes whenever it is opened; while it restricts editing nothing is written at a site."""

import pytest
from small_study import COORDINATOR, NURSE, STATISTICIAN, sign, weight

from onearm.ledger.entry import Action
from onearm.ledger.freezing import freeze_row, frozen_records, is_signed_by_all, manifest_of, propose
from onearm.ledger.problems import EditingRestricted
from onearm.ledger.signing import Statement

LOCKED = Statement("locked", "These records are locked.", "en")


def freeze(ledger, name="L1", restricts_editing=True):
    """Proposed and signed by the coordinator, signed by the statistician; the row that stands."""
    with ledger.writing(COORDINATOR) as act:
        told = {"site_id": "S01", "freeze_id": name, "purpose": "interim", "protocol_sha256": "0" * 64}
        told |= {"onearm_version": "0", "restricts_editing": restricts_editing, "made_by": "A-CO"}
        row = freeze_row(propose(act.view, act.moment()), **told)
        sign(act, act.add("freezes", row, action=Action.FREEZE, reason="interim"), COORDINATOR, LOCKED)
    with ledger.writing(STATISTICIAN) as act:
        held = {**row, "state": "frozen"}
        entry = act.correct("freezes", held, read_version=1, reason="interim", action=Action.FREEZE)
        sign(act, entry, STATISTICIAN, LOCKED)
    with ledger.reading() as view:
        return view.row("freezes", name)


def unlock(ledger, row):
    with ledger.writing(STATISTICIAN) as act:
        told = {k: v for k, v in row.items() if k not in ("version", "entered_at")} | {"state": "unlocked"}
        act.correct("freezes", told, read_version=row["version"], reason="new data", action=Action.UNLOCK)


def correct_a_weight(ledger, kg, read_version=1):
    with ledger.writing(NURSE) as act:
        act.correct("weights", weight("W2A", 2, kg), read_version=read_version, reason="weighed again")


def test_a_data_lock_gives_the_same_bytes_whenever_it_is_opened(study):
    row = freeze(study, restricts_editing=False)
    with study.reading() as view:
        first = frozen_records(view, row)
        manifest = manifest_of(first)
    correct_a_weight(study, "99")
    with study.reading() as view:
        again = frozen_records(view, row)
    assert again == first and manifest_of(again).text == manifest.text == row["manifest"]
    assert all(again.csv(name) == first.csv(name) for name in first.tables)
    assert manifest.records_sha256 == row["records_sha256"]


def test_a_correction_afterwards_belongs_to_the_next_data_lock(study):
    first = freeze(study, "L1", restricts_editing=False)
    correct_a_weight(study, "99")
    second = freeze(study, "L2", restricts_editing=False)
    with study.reading() as view:
        old, new = (frozen_records(view, row)["weights"] for row in (first, second))
    kilograms = [dict(zip(f["weight_id"], f["weight_kg"], strict=True))["W2A"] for f in (old, new)]
    assert [str(kg.normalize()) for kg in kilograms] == ["80.5", "99"]
    assert first["records_sha256"] != second["records_sha256"]


def test_two_data_locks_of_unchanged_records_have_one_hash(study):
    first, second = (freeze(study, name, restricts_editing=False) for name in ("L1", "L2"))
    assert first["records_sha256"] == second["records_sha256"] and first["manifest"] == second["manifest"]
    assert first["head_seq"] < second["head_seq"]


@pytest.mark.parametrize("how", ["add", "correct", "withdraw"])
def test_while_a_data_lock_restricts_editing_no_record_is_written(study, how):
    freeze(study)
    with study.reading() as view:
        before = view.head()
    with pytest.raises(EditingRestricted, match="L1"), study.writing(NURSE) as act:
        if how == "add":
            act.add("weights", weight("W9"))
        elif how == "correct":
            act.correct("weights", weight("W2A", 2, "90"), read_version=1, reason="weighed again")
        else:
            act.withdraw("weights", "W2A", read_version=1, reason="of another patient")
    with study.reading() as view:
        assert view.head() == before


def test_queries_signatures_and_notes_are_written_while_editing_is_restricted(study):
    freeze(study)
    with study.writing(COORDINATOR) as act:
        question = {"site_id": "S01", "query_id": "Q1", "table_name": "weights", "record_key": "W2A"}
        question |= {"question": "Is it so?", "state": "open", "opened_by": "A-CO"}
        act.add("queries", question, action=Action.QUERY, reason="asked")
        act.note(Action.EXPORT, {"freeze": "L1"}, reason="for the statistician")
    with study.writing(COORDINATOR) as act:
        sign(act, act.view.history("weights", "W3A")[-1], COORDINATOR, Statement("reviewed", "Seen.", "en"))


def test_after_unlocking_a_record_is_written_again(study):
    unlock(study, freeze(study))
    correct_a_weight(study, "99")
    with study.reading() as view:
        assert view.row("weights", "W2A")["version"] == 2


def test_a_proposed_data_lock_restricts_nobody(study):
    with study.writing(COORDINATOR) as act:
        told = {"site_id": "S01", "freeze_id": "L1", "purpose": "interim", "protocol_sha256": "0" * 64}
        told |= {"onearm_version": "0", "restricts_editing": True, "made_by": "A-CO"}
        row = freeze_row(propose(act.view, act.moment()), **told)
        act.add("freezes", row, action=Action.FREEZE, reason="interim")
    correct_a_weight(study, "99")


def test_a_data_lock_is_signed_when_two_persons_in_both_roles_have_signed_one_version(study):
    freeze(study)
    with study.reading() as view:
        signatures = view.rows("signatures")
    first, second = (s for s in signatures if s["table_name"] == "freezes")
    both = [{**first, "signed_version": 2}, second]
    assert not is_signed_by_all(signatures, "L1", 1) and not is_signed_by_all(signatures, "L1", 2)
    assert is_signed_by_all(both, "L1", 2) and not is_signed_by_all(both, "L2", 2)
    assert not is_signed_by_all([both[0], {**second, "signer": "A-CO"}], "L1", 2)


def test_a_data_lock_says_which_queries_were_open(study):
    with study.writing(COORDINATOR) as act:
        for n, state in enumerate(("open", "closed")):
            question = {"site_id": "S01", "query_id": f"Q{n}", "table_name": "weights", "record_key": "W2A"}
            question |= {"question": "Is it so?", "state": state, "opened_by": "A-CO", "answer": "Yes.",
                         "answered_by": "A-NURSE", "closed_by": "A-DOC" if n else None}  # fmt: skip
            act.add("queries", question, action=Action.QUERY, reason="asked")
    assert freeze(study)["open_queries"] == '["Q0"]'


def test_records_that_a_redaction_changed_are_not_given_out_as_those_that_were_signed(study):
    row = freeze(study, restricts_editing=False)
    with study.reading() as view:
        seq = view.history("weights", "W2A")[-1].seq
    correct_a_weight(study, "99")
    with study.writing(COORDINATOR) as act:
        act.redact(seq, reason="a name had been typed")
    with study.reading() as view, pytest.raises(ValueError, match="L1 are not those that were signed"):
        frozen_records(view, row)
