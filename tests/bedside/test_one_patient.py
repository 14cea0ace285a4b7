"""A patient from lot to day 28 through the app, on both databases."""

from journey import whole_course

from onearm.ledger.snapshot import snapshot
from onearm.ledger.verification import verify


def test_one_patient_goes_from_lot_to_day_28(ward):
    subject, bag, infusion = whole_course(ward)
    with ward.ledger.reading() as view:
        known = snapshot(view)
        found = verify(view)
    assert known.findings == () and found.faults == ()
    assert known.records["infusions"]["infusion_id"].to_list() == [infusion]
    assert known.records["infusion_containers"]["container_id"].to_list() == [bag]
    assert known.records["subjects"]["subject_id"].to_list() == [subject]
