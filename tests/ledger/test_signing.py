"""A signature is of exact bytes: valid while they stand, superseded by a newer version, broken by one other byte."""

import pytest
from small_study import COORDINATOR, DOCTOR, NURSE, STATEMENT, sign, weight

from onearm.ledger.signing import SignatureState, Statement, signature_of, signed_hash, state_of

TEXT = '{"value":"1.5","weight_id":"W1"}'
SIGNED = {
    "table_name": "weights", "record_key": "W1", "signed_version": 1, "meaning": "verified",
    "statement": "As seen.", "language": "en",
    "signed_sha256": signed_hash("weights", "W1", 1, TEXT, Statement("verified", "As seen.", "en")),
}  # fmt: skip


def state(ledger, signature_id=None):
    """State of the signature on W2A."""
    with ledger.reading() as view:
        (signature,) = (s for s in view.rows("signatures") if s["record_key"] == "W2A")
        versions = {e.version: e.values_json for e in view.history("weights", "W2A")}
    return state_of(signature, versions)


def correct(ledger):
    with ledger.writing(NURSE) as act:
        act.correct("weights", weight("W2A", 2, "77"), read_version=1, reason="weighed again")


def test_a_signature_is_valid_while_what_was_signed_stands(study):
    assert state(study) is SignatureState.VALID


def test_a_newer_version_supersedes_it(study):
    correct(study)
    assert state(study) is SignatureState.SUPERSEDED


def test_a_withdrawn_row_supersedes_it(study):
    with study.writing(NURSE) as act:
        act.withdraw("weights", "W2A", read_version=1, reason="of another patient")
    assert state(study) is SignatureState.SUPERSEDED


def test_an_erased_version_leaves_it_superseded_not_broken(study):
    with study.reading() as view:
        seq = view.history("weights", "W2A")[-1].seq
    correct(study)
    with study.writing(COORDINATOR) as act:
        act.redact(seq, reason="a name had been typed")
    assert state(study) is SignatureState.SUPERSEDED


def test_two_signatures_of_two_versions_have_each_their_state(study):
    correct(study)
    with study.writing(DOCTOR) as act:
        sign(act, act.view.history("weights", "W2A")[-1])
    with study.reading() as view:
        versions = {e.version: e.values_json for e in view.history("weights", "W2A")}
        states = [state_of(s, versions) for s in view.rows("signatures") if s["record_key"] == "W2A"]
    assert sorted(states) == [SignatureState.SUPERSEDED, SignatureState.VALID]


@pytest.mark.parametrize("place", range(len(TEXT)))
def test_one_changed_byte_breaks_it(place):
    assert state_of(SIGNED, {1: TEXT}) is SignatureState.VALID
    changed = TEXT[:place] + ("x" if TEXT[place] != "x" else "y") + TEXT[place + 1 :]
    assert state_of(SIGNED, {1: changed}) is SignatureState.BROKEN


@pytest.mark.parametrize(
    "change", [{"meaning": "released"}, {"statement": "As seen!"}, {"record_key": "W2"}, {"table_name": "lots"}]
)
def test_other_words_another_meaning_or_another_row_break_it(change):
    assert state_of({**SIGNED, **change}, {1: TEXT}) is SignatureState.BROKEN


@pytest.mark.parametrize("versions", [{}, {1: None}, {1: "null"}, {2: TEXT}], ids=["none", "erased", "gone", "other"])
def test_a_signature_on_nothing_is_broken(versions):
    assert state_of(SIGNED, versions) is SignatureState.BROKEN


def test_a_signature_names_the_bytes_the_version_the_words_and_the_time(study):
    with study.writing(DOCTOR) as act:
        entry = act.add("weights", weight("W9"))
        row = signature_of(entry, STATEMENT)
    assert row["signed_sha256"] == signed_hash("weights", "W9", 1, entry.values_json, STATEMENT)
    assert (row["statement"], row["language"], row["signed_version"]) == (STATEMENT.text, "en", 1)
    assert row["signed_at"] == entry.entered_at


def test_erased_values_cannot_be_signed(study):
    with study.reading() as view:
        erased = next(e for e in view.entries() if e.values_json is None)
    with pytest.raises(ValueError, match="nothing is left to sign"):
        signature_of(erased, STATEMENT)
